"""What doctors see and do through the API: the queue, their cases, one case, the answer, figures."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from django.db.models import Count, Q
from django.http import Http404, JsonResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from rest_framework.request import Request

from accounts.api.bodies import DoctorBody, DoneBody, PatientBriefBody, doctor, done, patient_brief
from accounts.api.people import DoctorView
from accounts.models import User
from accounts.signals import list_viewed, viewed
from conversations.api import bodies as consultations
from conversations.api.archives import ArchivedToo, wants_archived
from conversations.models import (
    Archive,
    Attachment,
    Conversation,
    ConversationQuerySet,
    Message,
    PrivateNote,
    Status,
    Symptom,
    Urgency,
)
from conversations.models.conversation import refuse_if_taken
from medichat.api.declaring import Answer, asks, refuses, takes
from medichat.api.errors import ErrorBody, refusal
from medichat.api.paging import PaginationBody, Paging, part_of
from medichat.api.shapes import Count as Number
from medichat.api.shapes import Day, OneOf
from medichat.api.values import day
from prescriptions.api import bodies
from prescriptions.api.answering import AnswerSent, proposals_in
from prescriptions.issue import UnsettledAlertsError
from prescriptions.models import Prescription, PrescriptionAlert
from prescriptions.respond import respond
from records.api.bodies import AllergyBody, PatientCardBody, allergy, patient_card, standing_allergies
from records.models import Allergy, Medication
from records.people import by_emergency_access_only, patients_visible_to, why_seen

# Existing clients show the whole queue at once and never ask for a second page.
MOST_WAITING = 2_000
MOST_OWN = 500
MOST_MESSAGES = 2_000
EARLIER_VISITS = 10
NOT_SHOWN = [
    f"patient__{name}"
    for name in (
        "password", "last_login", "legacy_id", "created_at", "updated_at", "record_number", "specialization",
        "licence_number", "approved_at", "approved_by", "on_duty", "deactivated_at", "email_verified", "photo_file",
        "photo_type", "photo_size", "photo_sha256", "photo_path",
    )
]  # fmt: skip


class ChiefBody(TypedDict):
    """The complaint in the patient's words."""

    chiefComplaint: str | None


class ListedCaseBody(consultations.ConversationBody):
    """A case in a list."""

    urgency: Annotated[str, OneOf(Urgency)] | None
    patient: PatientCardBody
    summary: ChiefBody


class CasesBody(TypedDict):
    """Cases; ``count`` is how many this answer holds."""

    status: Literal["success"]
    count: Number
    conversations: list[ListedCaseBody]
    pagination: PaginationBody


class WholeCaseBody(ListedCaseBody):
    """A case with everything that belongs to it, oldest first."""

    doctor: DoctorBody | None
    doctorResponse: bodies.AnswerBody | None
    messages: list[consultations.MessageBody]
    symptoms: list[consultations.SymptomBody]
    prescriptions: list[bodies.PrescriptionBody]
    attachments: list[consultations.AttachmentBody]


class CaseBody(TypedDict):
    """One case."""

    status: Literal["success"]
    conversation: WholeCaseBody


class AnsweredCaseBody(consultations.ConversationBody):
    """A case that was answered just now."""

    patient: PatientBriefBody
    doctor: DoctorBody | None
    prescriptions: list[bodies.PrescriptionBody]


class AnsweredBody(TypedDict):
    """The answer was sent."""

    status: Literal["success"]
    message: str
    conversation: AnsweredCaseBody


class VisitBody(consultations.ConversationBody):
    """An earlier visit."""

    doctor: DoctorBody | None


class HistoryPatientBody(TypedDict):
    """Whose earlier visits these are."""

    firstName: str
    lastName: str
    email: str
    allergies: list[str]
    allergyDetails: list[AllergyBody]
    dateOfBirth: Day | None


class VisitsBody(TypedDict):
    """A patient's answered visits, latest first, ten at most."""

    status: Literal["success"]
    patient: HistoryPatientBody
    history: list[VisitBody]
    count: Number
    truncated: NotRequired[bool]


class StatsBody(TypedDict):
    """Figures of the doctor's day."""

    status: Literal["success"]
    pendingConversations: Number
    totalPatients: Number
    todayResponses: Number


class AlertBody(TypedDict):
    """Why a medicine needs another look; ``prescription`` is its place in what was sent, from 0."""

    prescription: Number
    medication: str
    severity: Annotated[str, OneOf(PrescriptionAlert.Severity)]
    title: str
    reason: str
    source: str


class UnsettledAlertsBody(ErrorBody):
    """The chart speaks against a medicine: change it, or send ``overrideReason`` with it."""

    alerts: list[AlertBody]


class PendingView(DoctorView):
    """The cases that wait for a doctor and those the doctor has taken: most urgent first."""

    @asks(Paging)
    def get(self, request: Request) -> Answer[CasesBody]:
        """As many as a client needs at once."""
        waiting = cases(self.person).waiting().filter(Q(doctor__isnull=True) | Q(doctor=self.person))
        queue = waiting.not_archived_by(self.person).most_urgent_first()
        return Answer(listed(request, queue, self.person, MOST_WAITING))


class OwnCasesView(DoctorView):
    """The doctor's own cases, whatever their state, latest first."""

    @asks(ArchivedToo, Paging)
    def get(self, request: Request) -> Answer[CasesBody]:
        """Without those put away, unless ``includeArchived`` is exactly ``true``."""
        mine = cases(self.person).claimed_by(self.person).newest_first()
        if not wants_archived(self):
            mine = mine.not_archived_by(self.person)
        return Answer(listed(request, mine, self.person, MOST_OWN))


class CaseView(DoctorView):
    """One case: read it, or put it away (``DELETE``; nothing is ever deleted)."""

    def get(self, request: Request, case_id: uuid.UUID) -> Answer[CaseBody]:
        """All of it."""
        seen = cases(self.person).annotate(is_break_glass=by_emergency_access_only(self.person))
        row = get_object_or_404(seen, pk=case_id)
        viewed.send(
            Conversation,
            by=self.person,
            patient_id=row.patient_id,
            resource_type="conversation",
            resource_id=row.pk,
            why="break_glass" if vars(row)["is_break_glass"] else "care",
        )
        return Answer(CaseBody(status="success", conversation=self.whole(row)))

    def delete(self, request: Request, case_id: uuid.UUID) -> Answer[DoneBody]:
        """Put it away, for this doctor only."""
        get_object_or_404(cases(self.person), pk=case_id).archive(by=self.person)
        return Answer(done("The case is put away for you."))

    def whole(self, row: Conversation) -> WholeCaseBody:
        """The case with everything that belongs to it."""
        reader = self.person
        (body,) = in_list([row], reader)
        of_case = {"conversation": row}
        messages = Message.objects.visible_to(reader).filter(**of_case).order_by("position")[:MOST_MESSAGES]
        written = Prescription.objects.visible_to(reader).filter(**of_case).order_by("position", "id")
        prescriptions = [bodies.prescription(item) for item in written]
        symptoms = Symptom.objects.visible_to(reader).filter(**of_case, is_denied=False)
        attachments = Attachment.objects.visible_to(reader).filter(**of_case)
        return WholeCaseBody(
            **body,
            doctor=doctor(row.doctor),
            doctorResponse=bodies.answer(row, body, prescriptions),
            messages=[consultations.message(message) for message in messages],
            symptoms=[consultations.symptom(symptom) for symptom in symptoms],
            prescriptions=prescriptions,
            attachments=[consultations.attachment(file, reader=self.session) for file in attachments],
        )


class ArchiveView(DoctorView):
    """Put a case away or bring it back, for this doctor only; can be repeated."""

    archived = True

    def patch(self, request: Request, case_id: uuid.UUID) -> Answer[DoneBody]:
        """Do it."""
        case = get_object_or_404(cases(self.person), pk=case_id)
        if self.archived:
            case.archive(by=self.person)
            return Answer(done("The case is put away for you."))
        case.unarchive(by=self.person)
        return Answer(done("The case is back among the others."))


class RespondView(DoctorView):
    """Answer a case, taking it in the same act; with prescriptions, all of it or nothing."""

    @takes(AnswerSent)
    @refuses(409, "The case is answered, or taken by somebody else, or does not wait for a doctor yet.")
    @refuses(409, "The chart speaks against a medicine.", body=UnsettledAlertsBody)
    def post(self, request: Request, case_id: uuid.UUID) -> Answer[AnsweredBody] | JsonResponse:
        """Send the answer."""
        sent = self.sent(AnswerSent)
        try:
            case = get_object_or_404(cases(self.person), pk=case_id)
        except Http404:
            refuse_if_taken(case_id)  # it was in the queue a moment ago
            raise
        answer, proposals = proposals_in(sent)
        try:
            prescriptions = respond(case, answer, proposals, by=self.person)
        except UnsettledAlertsError as fault:
            return unsettled(request, fault, [proposal.medication_name for proposal in proposals])
        case.doctor = self.person
        body = consultations.conversation(case, for_doctor=True, notes=answer.private_note or None)
        answered = AnsweredCaseBody(
            **body,
            patient=patient_brief(case.patient),
            doctor=doctor(self.person),
            prescriptions=[bodies.prescription(item) for item in prescriptions],
        )
        return Answer(AnsweredBody(status="success", message="The answer is sent.", conversation=answered))


class VisitsView(DoctorView):
    """The earlier visits of a patient whose chart the doctor may see."""

    def get(self, request: Request, patient_id: uuid.UUID) -> Answer[VisitsBody]:
        """The latest ten that were answered."""
        reader = self.person
        patient = get_object_or_404(patients_visible_to(reader), pk=patient_id)
        viewed.send(
            User,
            by=reader,
            patient_id=patient.pk,
            resource_type="history",
            resource_id=patient.pk,
            why=why_seen(patient),
        )
        rows = list(
            cases(reader).filter(patient=patient, status=Status.DOCTOR_RESPONDED).newest_first()[:EARLIER_VISITS]
        )
        allergies = standing_allergies(Allergy.objects.visible_to(reader).of_patient(patient).standing())
        notes = notes_of(rows, reader)
        history = [
            VisitBody(
                **consultations.conversation(
                    row, archived=vars(row)["archived"], for_doctor=True, notes=notes.get(row.pk)
                ),
                doctor=doctor(row.doctor),
            )
            for row in rows
        ]
        return Answer(
            VisitsBody(
                status="success",
                patient=HistoryPatientBody(
                    firstName=patient.first_name,
                    lastName=patient.last_name,
                    email=patient.email if any(row.doctor_id == reader.pk for row in rows) else "",
                    allergies=[entry.allergen for entry in allergies],
                    allergyDetails=[allergy(entry) for entry in allergies],
                    dateOfBirth=day(patient.date_of_birth),
                ),
                history=history,
                count=len(history),
            )
        )


class StatsView(DoctorView):
    """Figures of the doctor's day. Today begins at midnight where the clinic is."""

    def get(self, request: Request) -> Answer[StatsBody]:
        """How many wait, whom the doctor has seen, what was answered today."""
        midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
        mine = Conversation.objects.visible_to(self.person).claimed_by(self.person)
        figures = mine.aggregate(
            patients=Count("patient", distinct=True), today=Count("pk", filter=Q(responded_at__gte=midnight))
        )
        return Answer(
            StatsBody(
                status="success",
                pendingConversations=Conversation.objects.visible_to(self.person).waiting().unclaimed().count(),
                totalPatients=figures["patients"],
                todayResponses=figures["today"],
            )
        )


def cases(reader: User) -> ConversationQuerySet:
    """The cases that this doctor may see, each with its people and whether the doctor has put it away."""
    return (
        Conversation.objects.visible_to(reader)
        .select_related("patient", "doctor")
        .annotate(archived=Archive.of(reader))
    )


def listed(request: Request, rows: ConversationQuerySet, reader: User, most: int) -> CasesBody:
    """One page of cases; that the list was looked at is on record, for each patient in it."""
    # Of two thousand patients what is not shown is not fetched.
    rows = rows.select_related(None).select_related("patient").defer(*NOT_SHOWN)
    part = part_of(request, rows, usual=most)
    patients = {row.patient_id for row in part.rows}
    list_viewed.send(Conversation, by=reader, patient_ids=patients, resource_type="queue", why="care")
    found = in_list(part.rows, reader)
    return CasesBody(status="success", count=len(found), conversations=found, pagination=part.pagination)


def in_list(rows: Sequence[Conversation], reader: User) -> list[ListedCaseBody]:
    """The bodies of these cases, with their patients' cards, in a constant number of statements."""
    patients = {row.patient_id for row in rows}
    allergies = _by_patient(Allergy.objects.visible_to(reader).filter(patient__in=patients).standing())
    medicines = _by_patient(Medication.objects.visible_to(reader).filter(patient__in=patients).standing())
    notes = notes_of(rows, reader)
    return [
        ListedCaseBody(
            **consultations.conversation(row, archived=vars(row)["archived"], for_doctor=True, notes=notes.get(row.pk)),
            urgency=row.urgency,
            patient=patient_card(
                row.patient,
                allergies=allergies[row.patient_id],
                medications=medicines[row.patient_id],
                # Address and telephone are for who has taken the case.
                show_contact=row.doctor_id == reader.pk,
            ),
            summary=ChiefBody(chiefComplaint=row.complaint),
        )
        for row in rows
    ]


def notes_of(rows: Sequence[Conversation], reader: User) -> dict[uuid.UUID, str]:
    """The private notes of these cases, those of one case as one text, oldest first."""
    answered = [row.pk for row in rows if row.status != Status.AWAITING_DOCTOR]
    if not answered:
        return {}
    found: dict[uuid.UUID, list[str]] = defaultdict(list)
    for note in PrivateNote.objects.visible_to(reader).filter(conversation__in=answered).order_by("created_at", "id"):
        found[note.conversation_id].append(note.text)
    return {case_id: "\n\n".join(texts) for case_id, texts in found.items()}


def _by_patient(entries: Iterable[Any]) -> dict[uuid.UUID, list[Any]]:
    found: dict[uuid.UUID, list[Any]] = defaultdict(list)
    for entry in entries:
        found[entry.patient_id].append(entry)
    return found


def unsettled(request: Request, fault: UnsettledAlertsError, names: Sequence[str]) -> JsonResponse:
    """Status 409 with the alerts, each with the medicine that it is about; nothing was written."""
    alerts = [
        AlertBody(
            prescription=alert.item,
            medication=names[alert.item],
            severity=alert.severity,
            title=alert.title,
            reason=alert.reason,
            source=alert.source,
        )
        for alert in fault.alerts
    ]
    told = " ".join(f"{alert['medication']}: {alert['title']}. {alert['reason']}" for alert in alerts)
    sentence = (
        f"Not sent, because a prescription needs another look. {told} Change it, or say why it is given all the same: "
        "in the field overrideReason of that prescription, or on the case's web page."
    )
    return refusal(request, HTTPStatus.CONFLICT, sentence, code="unsettled_alerts", alerts=alerts)
