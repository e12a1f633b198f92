"""The conversation and its states: in_progress -> awaiting_doctor -> doctor_responded -> closed."""

import uuid

from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import F, Max, Q
from django.utils import timezone

from accounts.models import User
from conversations import signals
from conversations.models.answer import Answer
from conversations.models.archive import Archive
from conversations.models.private_note import PrivateNote
from conversations.models.queries import ANSWERED_OR_SENT, ConversationQuerySet
from conversations.models.states import Status, Urgency
from medichat.db.base import ImportableModel, choices_constraint
from medichat.db.encrypted import EncryptedTextField
from medichat.refusals import ConflictError
from medichat.rich_text import as_text
from records.models.care import (
    give_back_case,
    keep_as_answered,
    open_case,
    take_case,
    who_has_taken,
)


class Conversation(ImportableModel):
    """One visit of one patient, from the first message to the doctor's answer.

    Only the methods below change ``status``; each locks the row, so that two people cannot act on the same state.
    ``queue_rank`` starts as the rank of ``urgency`` and is lowered (raised in the queue) by the periodic work.
    ``unread_by_patient`` is true from the answer until the patient opens it.
    """

    Status = Status

    patient = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="conversations")
    doctor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="cases")
    visit_number = models.PositiveIntegerField()
    status = models.CharField(max_length=20, choices=Status, null=True, default=Status.IN_PROGRESS)
    urgency = models.CharField(max_length=20, choices=Urgency, null=True, blank=True)
    queue_rank = models.PositiveSmallIntegerField(null=True, blank=True, editable=False)
    complaint = EncryptedTextField(null=True, blank=True, help_text="The complaint in the patient's own words.")
    summary = EncryptedTextField(null=True, blank=True)
    summary_sources = models.JSONField(
        default=list, blank=True, editable=False, help_text="For each statement of the summary the ids of its messages."
    )
    questions_asked = models.PositiveSmallIntegerField(default=0, editable=False)
    submitted_at = models.DateTimeField(null=True, blank=True, editable=False)
    intake_ended_at = models.DateTimeField(null=True, blank=True, editable=False)
    announced_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When doctors were last told of this unclaimed emergency."
    )
    claimed_at = models.DateTimeField(null=True, blank=True, editable=False)
    responded_at = models.DateTimeField(null=True, blank=True, editable=False)
    closed_at = models.DateTimeField(null=True, blank=True, editable=False)
    diagnosis = EncryptedTextField(null=True, blank=True)
    icd10_code = models.CharField("ICD-10 code", max_length=10, null=True, blank=True)
    recommendations = EncryptedTextField(null=True, blank=True)
    referrals = EncryptedTextField(null=True, blank=True)
    call_to_office = models.BooleanField(null=True, blank=True)
    unread_by_patient = models.BooleanField(default=False)

    objects = ConversationQuerySet.as_manager()

    class Meta(ImportableModel.Meta):
        db_table = "conversations"
        constraints = [
            *ImportableModel.Meta.constraints,
            choices_constraint("status", Status, name="conversations_status", null=True),
            choices_constraint("urgency", Urgency, name="conversations_urgency", null=True),
            models.CheckConstraint(
                name="conversations_made_here_have_a_status",
                condition=Q(legacy_id__isnull=False) | Q(status__isnull=False),
            ),
            models.UniqueConstraint(name="conversations_visit_number_unique", fields=["patient", "visit_number"]),
            models.CheckConstraint(name="conversations_visits_count_from_one", condition=Q(visit_number__gte=1)),
            models.CheckConstraint(
                name="conversations_answered_is_complete",
                condition=Q(legacy_id__isnull=False)
                | Q(status__in=["in_progress", "awaiting_doctor"])
                | Q(doctor__isnull=False, diagnosis__isnull=False, responded_at__isnull=False),
            ),
            models.CheckConstraint(
                name="conversations_waiting_has_a_place_in_the_queue",
                condition=Q(legacy_id__isnull=False)
                | ~Q(status="awaiting_doctor")
                | Q(submitted_at__isnull=False, urgency__isnull=False, queue_rank__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                fields=["queue_rank", "submitted_at", "id"],
                condition=Q(status="awaiting_doctor"),
                name="conversations_queue",
            ),
            models.Index(fields=["patient", "-created_at"], name="conversations_of_patient"),
            models.Index(fields=["doctor", "status", "-responded_at"], name="conversations_of_doctor"),
            models.Index(F("doctor"), ANSWERED_OR_SENT.desc(), F("id").desc(), name="conversations_answered_by"),
            models.Index(fields=["status", "-created_at"], name="conversations_by_status"),
            # For the figures of the last days.
            models.Index(fields=["submitted_at"], name="conversations_by_submission"),
            models.Index(fields=["responded_at"], name="conversations_by_answer"),
        ]

    def __str__(self) -> str:
        return f"Visit {self.visit_number}"

    @classmethod
    @transaction.atomic
    def start(cls, *, patient: User) -> "Conversation":
        """Begin the patient's next visit; the number is assigned without a race (the patient's row is locked)."""
        User.objects.select_for_update(no_key=True).only("pk").get(pk=patient.pk)
        last = cls.objects.filter(patient=patient).aggregate(last=Max("visit_number"))["last"] or 0
        conversation = cls(patient=patient, visit_number=last + 1)
        conversation.save(force_insert=True)
        signals.started.send(cls, conversation=conversation, by=patient)
        return conversation

    def locked(self) -> "Conversation":
        """This row as it is now, locked until the transaction ends; call it inside ``atomic``."""
        return Conversation.objects.select_for_update(of=("self",), no_key=True).get(pk=self.pk)

    @property
    def is_first_visit(self) -> bool:
        """Whether the patient has not been here before."""
        return self.visit_number == 1

    @property
    def has_risen(self) -> bool:
        """Whether it waits past the target of its level and has risen in the queue for it."""
        if not self.urgency or self.queue_rank is None:
            return False
        return self.queue_rank < Urgency(self.urgency).rank

    @property
    def accepts_messages(self) -> bool:
        """The patient may write until a doctor has answered."""
        return self.status in {Status.IN_PROGRESS, Status.AWAITING_DOCTOR}

    def _take_over(self, current: "Conversation", *fields: str) -> None:
        for field in fields:
            setattr(self, field, getattr(current, field))
        current.save(update_fields=fields)

    @transaction.atomic
    def set_urgency(self, urgency: Urgency) -> bool:
        """Set or raise the urgency; a waiting case never falls. Returns whether it rose while waiting."""
        current = self.locked()
        earlier = Urgency(current.urgency) if current.urgency else None
        waiting = current.status == Status.AWAITING_DOCTOR
        if earlier == urgency or (waiting and earlier is not None and earlier.rank < urgency.rank):
            self.urgency = current.urgency
            return False
        current.urgency = urgency
        current.queue_rank = min(urgency.rank, current.queue_rank) if waiting and current.queue_rank else urgency.rank
        self._take_over(current, "urgency", "queue_rank")
        if waiting:
            signals.urgency_raised.send(type(self), conversation=self, by=None, earlier=earlier)
        return waiting

    @transaction.atomic
    def submit(self, *, urgency: Urgency) -> None:
        """Put the conversation into the queue. Safe to repeat: a waiting case only has its urgency raised.

        Raises ConflictError when it was answered already.
        """
        current = self.locked()
        if current.status == Status.AWAITING_DOCTOR:
            self.set_urgency(urgency)
            self.status = current.status
            return
        if current.status != Status.IN_PROGRESS:
            raise ConflictError("This consultation has been answered already.")
        current.status = Status.AWAITING_DOCTOR
        current.urgency = urgency
        current.queue_rank = urgency.rank
        current.submitted_at = timezone.now()
        self._take_over(current, "status", "urgency", "queue_rank", "submitted_at")
        open_case(patient_id=self.patient_id, case_id=self.pk)
        signals.submitted.send(type(self), conversation=self, by=None, emergency=urgency == Urgency.EMERGENCY)

    @transaction.atomic
    def claim(self, *, by: User) -> None:
        """The doctor takes the case. Repeating it is harmless; ConflictError names who was faster."""
        try:
            current = self.locked()
        except type(self).DoesNotExist:
            # Somebody took it since this doctor saw it, and row-level security does not show it any more.
            refuse_if_taken(self.pk)
            raise
        if current.status != Status.AWAITING_DOCTOR:
            raise ConflictError("This case does not wait for a doctor any more.")
        if current.doctor_id == by.pk:
            self.doctor, self.claimed_at = by, current.claimed_at
            return
        if current.doctor_id is not None:
            other = User.objects.filter(pk=current.doctor_id).first()
            raise ConflictError(f"This case was taken by {(other and other.get_full_name()) or 'another doctor'}.")
        current.doctor = by
        current.claimed_at = timezone.now()
        self._take_over(current, "doctor", "claimed_at")
        take_case(patient_id=self.patient_id, case_id=self.pk, doctor=by)
        signals.claimed.send(type(self), conversation=self, by=by)

    @transaction.atomic
    def release(self, *, by: User | None, reason: str) -> None:
        """The doctor gives the case back, and it keeps its place; an administrator or the system (None) may do it too.

        Why, stands as a private note in the case, for whoever takes it next. ConflictError when it is not theirs to
        give.
        """
        current = self.locked()
        doctor = current.doctor
        theirs = by is None or by.is_administrator or by == doctor
        if current.status != Status.AWAITING_DOCTOR or doctor is None or not theirs:
            raise ConflictError("Only the doctor who has taken a waiting case can give it back.")
        current.doctor = None
        current.claimed_at = None
        if by is not None:  # while the case is still theirs
            self._note(f"Given back to the queue: {reason}", by=by)
        give_back_case(patient_id=self.patient_id, case_id=self.pk, doctor=doctor)
        self._take_over(current, "doctor", "claimed_at")
        signals.released.send(type(self), conversation=self, by=by, reason=reason)

    @transaction.atomic
    def answer(self, answer: Answer, *, by: User) -> None:
        """Record the doctor's answer, claiming the case in the same act. ConflictError when somebody else was faster.

        Raises ValueError without a diagnosis.
        """
        answer = answer.made_safe()
        if not as_text(answer.diagnosis).strip():
            raise ValueError("An answer needs a diagnosis.")
        self.claim(by=by)
        current = self.locked()
        current.status = Status.DOCTOR_RESPONDED
        current.diagnosis = answer.diagnosis
        current.icd10_code = answer.icd10_code or None
        current.recommendations = answer.recommendations
        current.referrals = answer.referrals
        current.call_to_office = answer.call_to_office
        current.responded_at = timezone.now()
        current.unread_by_patient = True
        self._take_over(
            current,
            "status",
            "diagnosis",
            "icd10_code",
            "recommendations",
            "referrals",
            "call_to_office",
            "responded_at",
            "unread_by_patient",
        )
        keep_as_answered(patient_id=self.patient_id, case_id=self.pk, doctor=by)
        if answer.private_note.strip():
            self._note(answer.private_note, by=by)
        signals.answered.send(type(self), conversation=self, by=by)

    def _note(self, text: str, *, by: User) -> None:
        PrivateNote.objects.create(conversation=self, patient_id=self.patient_id, author=by, text=text)
        signals.note_written.send(type(self), conversation=self, by=by)

    @transaction.atomic
    def close(self, *, by: User) -> None:
        """End the visit after the answer. ConflictError before there is one; closing twice is harmless."""
        current = self.locked()
        if current.status == Status.CLOSED:
            self.status = current.status
            return
        if current.status != Status.DOCTOR_RESPONDED:
            raise ConflictError("A consultation can be closed when it has been answered.")
        current.status = Status.CLOSED
        current.closed_at = timezone.now()
        self._take_over(current, "status", "closed_at")
        signals.closed.send(type(self), conversation=self, by=by)

    @transaction.atomic
    def mark_read(self, *, by: User) -> None:
        """The patient has opened the answer."""
        current = self.locked()
        if current.unread_by_patient:
            current.unread_by_patient = False
            self._take_over(current, "unread_by_patient")
            signals.answer_read.send(type(self), conversation=self, by=by)

    @transaction.atomic
    def archive(self, *, by: User) -> None:
        """Put it away for this person only."""
        _, made = Archive.objects.get_or_create(conversation=self, person=by, defaults={"patient_id": self.patient_id})
        if made:
            signals.archived.send(type(self), conversation=self, by=by)

    @transaction.atomic
    def unarchive(self, *, by: User) -> None:
        """Bring it back for this person."""
        removed, _ = Archive.objects.filter(conversation=self, person=by).delete()
        if removed:
            signals.unarchived.send(type(self), conversation=self, by=by)

    def delete_if_unused(self, *, by: User) -> bool:
        """Delete a consultation in which nothing was said; returns whether it did, else nothing has changed.

        The database decides (``delete_unused_consultation``). ``by`` is the administrator in whose context this runs.
        """
        with connection.cursor() as cursor:
            cursor.execute("SELECT delete_unused_consultation(%s)", [self.pk])
            (gone,) = cursor.fetchone()
        if gone:
            signals.deleted.send(type(self), conversation=self, by=by)
        return bool(gone)


def refuse_if_taken(case_id: uuid.UUID) -> None:
    """For a case that a doctor saw waiting and sees no more: ConflictError naming who took it, if somebody did."""
    taken = who_has_taken(case_id)
    if taken:
        raise ConflictError(f"This case does not wait any more. {taken}.")
