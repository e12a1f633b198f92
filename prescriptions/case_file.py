"""Everything a doctor needs to see of a case, gathered in a constant number of statements."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from django.db.models import Q
from django.shortcuts import get_object_or_404

from accounts.models import User
from conversations.findings import SummarySection, summary_sections
from conversations.models import Attachment, Conversation, Draft, Message, PrivateNote, RedFlag, Symptom
from conversations.models.drafts import draft_of, has_draft
from prescriptions.models import Prescription
from prescriptions.transcript import Line, marked_lines
from records.models import Allergy, EmergencyAccess, MedicalHistory, MedicalInfo, Medication
from records.models.emergency import access_in_force
from records.people import by_emergency_access_only

Entry = TypeVar("Entry", Allergy, Medication, MedicalHistory)

MESSAGES_SHOWN = 300
EARLIER_VISITS_SHOWN = 10
PRESCRIPTIONS_SHOWN = 50


@dataclass(frozen=True)
class CaseFile:
    """A case with its chart at a glance. Every list is bounded; ``hidden_messages`` says what is not shown."""

    conversation: Conversation
    info: MedicalInfo | None
    lines: Sequence[Line]
    hidden_messages: int
    red_flags: Sequence[RedFlag]
    symptoms: Sequence[Symptom]
    denied: Sequence[Symptom]
    attachments: Sequence[Attachment]
    allergies: Sequence[Allergy]
    medications: Sequence[Medication]
    history: Sequence[MedicalHistory]
    earlier_visits: Sequence[Conversation]
    prescriptions: Sequence[Prescription]
    earlier_prescriptions: Sequence[Prescription]
    notes: Sequence[PrivateNote]
    draft: Draft | None = None
    """What the doctor had begun to write."""
    emergency: EmergencyAccess | None = None
    """The emergency access by which the doctor sees it, when there is no other reason."""

    @property
    def why(self) -> str:
        """Why the doctor sees it, as the record calls it."""
        return "break_glass" if self.emergency else "care"

    @property
    def summary(self) -> list[SummarySection]:
        """The summary by its headings."""
        return summary_sections(self.conversation)

    @property
    def seen(self) -> str:
        """What of the case is on this page: the last message's position and the number of files (see ``respond``)."""
        last = self.lines[-1].message.position if self.lines else -1
        return f"{last}/{len(self.attachments)}"

    @property
    def patient(self) -> User:
        """Whose case it is."""
        return self.conversation.patient

    def may_answer(self, doctor: User) -> bool:
        """Whether this doctor may answer now: it waits, and nobody else has it."""
        return self.conversation.status == Conversation.Status.AWAITING_DOCTOR and self.conversation.doctor_id in {
            None,
            doctor.pk,
        }


def case_file(case_id: uuid.UUID, *, by: User, all_messages: bool = False) -> CaseFile:
    """Gather the case as far as this doctor may see it, with the latest messages unless all are wanted.

    Raises Http404 for a case that is not theirs to see.
    """
    cases = Conversation.objects.visible_to(by)
    conversation = get_object_or_404(
        cases.select_related("patient__medical_info", "doctor").annotate(
            is_break_glass=by_emergency_access_only(by), has_draft=has_draft(by)
        ),
        pk=case_id,
    )
    patient = conversation.patient
    in_emergency = vars(conversation)["is_break_glass"] and conversation.doctor_id != by.pk
    visible_messages = Message.objects.visible_to(by).filter(conversation=conversation)
    latest = visible_messages.order_by("-position")
    messages = list(latest if all_messages else latest[: MESSAGES_SHOWN + 1])
    shown = messages[::-1] if all_messages else messages[:MESSAGES_SHOWN][::-1]
    red_flags = list(RedFlag.objects.visible_to(by).filter(conversation=conversation))
    symptoms = list(Symptom.objects.visible_to(by).filter(conversation=conversation)[:100])
    prescriptions = list(
        Prescription.objects.visible_to(by).filter(patient=patient).newest_first()[:PRESCRIPTIONS_SHOWN]
    )
    visits = cases.filter(patient=patient).exclude(pk=conversation.pk).newest_first()
    notes = PrivateNote.objects.visible_to(by).filter(patient=patient).select_related("author").order_by("-created_at")
    return CaseFile(
        conversation=conversation,
        info=getattr(patient, "medical_info", None),
        lines=marked_lines(shown, red_flags, symptoms),
        hidden_messages=visible_messages.count() - len(shown) if len(messages) > len(shown) else 0,
        red_flags=red_flags,
        symptoms=[symptom for symptom in symptoms if not symptom.is_denied],
        denied=[symptom for symptom in symptoms if symptom.is_denied],
        attachments=list(Attachment.objects.visible_to(by).filter(conversation=conversation)[:100]),
        allergies=_of_chart(Allergy, visible_to=by, patient=patient),
        medications=_of_chart(Medication, ~Q(is_active=False), visible_to=by, patient=patient),
        history=_of_chart(MedicalHistory, visible_to=by, patient=patient),
        earlier_visits=list(visits[:EARLIER_VISITS_SHOWN]),
        prescriptions=[item for item in prescriptions if item.conversation_id == conversation.pk],
        earlier_prescriptions=[item for item in prescriptions if item.conversation_id != conversation.pk],
        notes=list(notes[:20]),
        draft=draft_of(conversation, by) if vars(conversation)["has_draft"] else None,
        emergency=access_in_force(by, patient.pk) if in_emergency else None,
    )


def _of_chart(model: type[Entry], *conditions: Q, visible_to: User, patient: User) -> list[Entry]:
    return list(model.objects.visible_to(visible_to).of_patient(patient).standing().filter(*conditions)[:100])
