"""What the intake engine is told of a conversation: what was said, who says it, what the chart has, the visit before.

The engine is pure (``conversations.intake``); this module reads the database for it, in a number of statements that
does not depend on how much was said.
"""

from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import F
from django.utils import timezone

from accounts.models import User
from conversations import intake, signals
from conversations.models import Attachment, Conversation, Message
from medichat.rich_text import as_text
from records.models import Allergy, ChartEntry, MedicalHistory, MedicalInfo, Medication

_ADVICE_CHARACTERS = 200


@dataclass
class Interview:
    """One conversation as the engine sees it. ``messages`` are all of it, in order."""

    conversation: Conversation
    patient: User
    messages: list[Message]

    @classmethod
    def of(cls, conversation: Conversation, patient: User) -> "Interview":
        """Read the conversation's messages."""
        return cls(conversation, patient, list(Message.objects.filter(conversation=conversation).order_by("position")))

    def up_to(self, count: int) -> "Interview":
        """The interview as it was when this many messages had been said."""
        earlier = copy(self)
        earlier.messages = self.messages[:count]
        return earlier

    @property
    def turns(self) -> list[intake.Turn]:
        """The messages as turns; each refers to its message."""
        return [
            intake.Turn(
                speaker="patient" if message.sender == Message.Sender.PATIENT else "assistant",
                text=message.text,
                topic=message.topic or None,
                reference=str(message.pk),
            )
            for message in self.messages
            if message.sender in {Message.Sender.PATIENT, Message.Sender.ASSISTANT}
        ]

    @cached_property
    def age(self) -> int | None:
        """The patient's age in years, when the birth date is known."""
        return self.patient.age()

    @cached_property
    def sex(self) -> str | None:
        """'female' or 'male' as on the chart; None when it says something else or nothing."""
        sex = self._info.sex if self._info else None
        return sex if sex in {MedicalInfo.Sex.FEMALE, MedicalInfo.Sex.MALE} else None

    @cached_property
    def chart(self) -> intake.ChartFacts:
        """What need not be asked because the chart has it, 'none' as stated included."""
        info = self._info
        medicines = (
            Medication.objects.visible_to(self.patient).of_patient(self.patient).standing().exclude(is_active=False)
        )
        allergies = (
            Allergy.objects.visible_to(self.patient)
            .of_patient(self.patient)
            .standing()
            .exclude(certainty=Allergy.Certainty.REFUTED)
        )
        conditions = MedicalHistory.objects.visible_to(self.patient).of_patient(self.patient).standing()
        return intake.ChartFacts(
            medications=_section(medicines, stated_none=bool(info and info.no_medications_on)),
            allergies=_section(allergies, stated_none=bool(info and info.no_known_allergies_on)),
            history=_section(conditions, stated_none=bool(info and info.no_conditions_on)),
        )

    @cached_property
    def last_visit(self) -> intake.LastVisit | None:
        """The latest answered visit before this one; None at a first visit."""
        before = (
            Conversation.objects.visible_to(self.patient)
            .filter(patient=self.patient, visit_number__lt=self.conversation.visit_number)
            .answered()
            .order_by(F("responded_at").desc(nulls_last=True), "-visit_number")
            .first()
        )
        if before is None:
            return None
        answered = before.responded_at or before.created_at
        return intake.LastVisit(
            complaint=_short(before.complaint or as_text(before.diagnosis)),
            treatment=self._treatment(before),
            date=timezone.localdate(answered) if answered else None,
        )

    def _treatment(self, before: Conversation) -> str:
        """What was prescribed at that visit, and the first line of the advice."""
        asked = signals.treatment_asked.send(Conversation, conversation=before, by=self.patient)
        answers: list[tuple[Any, Any]] = asked
        prescribed = [medicine for _receiver, medicines in answers for medicine in medicines]
        advice = _short(as_text(before.recommendations) or ("" if prescribed else as_text(before.diagnosis)))
        return "; ".join([*prescribed, *([advice] if advice else [])])

    @property
    def is_first_visit(self) -> bool:
        """Whether no visit before was answered: then there is nothing to begin from."""
        return self.last_visit is None

    @cached_property
    def file_names(self) -> list[str]:
        """The names of the attached files."""
        files = Attachment.objects.visible_to(self.patient).filter(conversation=self.conversation)
        return [file.original_name or "File without a name" for file in files]

    def next_step(self, questions_asked: int) -> intake.Question | intake.Finished:
        """What the assistant says next when it has asked this many questions, the opening included."""
        return intake.next_step(
            self.turns,
            age=self.age,
            sex=self.sex,
            first_visit=self.is_first_visit,
            on_chart=self.chart,
            last_visit=self.last_visit,
            questions_asked=questions_asked,
        )

    def remaining(self, questions_asked: int) -> int:
        """About how many questions are left, the next one included."""
        return intake.remaining_estimate(
            self.turns,
            age=self.age,
            sex=self.sex,
            first_visit=self.is_first_visit,
            on_chart=self.chart,
            last_visit=self.last_visit,
            questions_asked=questions_asked,
        )

    def summary(self, assessment: intake.Assessment) -> intake.Summary:
        """The structured summary of all that was said."""
        return intake.summarise(assessment, self.turns, files=self.file_names, on_chart=self.chart)

    @cached_property
    def _info(self) -> MedicalInfo | None:
        return MedicalInfo.objects.visible_to(self.patient).filter(patient=self.patient).first()


def _section(entries: Iterable[ChartEntry], *, stated_none: bool) -> intake.ChartSection:
    items = tuple(str(entry) for entry in entries)
    return intake.ChartSection(known=bool(items) or stated_none, items=items)


def _short(text: str) -> str:
    """The first line, cut at a word."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    if len(line) <= _ADVICE_CHARACTERS:
        return line
    return f"{line[:_ADVICE_CHARACTERS].rsplit(' ', 1)[0]} …"
