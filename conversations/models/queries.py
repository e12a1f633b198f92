"""The words for queries on conversations."""

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import User
from conversations.models.archive import Archive
from conversations.models.states import Status, Urgency
from records.models.care import cares_for, waits_for_anybody

if TYPE_CHECKING:
    from conversations.models.conversation import Conversation  # noqa: F401 -- named in the string below

ANSWERED_OR_SENT = Coalesce("responded_at", "submitted_at", "created_at")
"""When it was answered; of imported answers without a time, when it was sent or begun: a place in a list, no fact."""


class ConversationQuerySet(models.QuerySet["Conversation"]):
    """Words for queries on conversations."""

    def visible_to(self, user: User) -> Self:
        """A patient's own; a doctor's own, those of their patients and those that wait; an administrator's all."""
        match user.database_role:
            case "admin":
                return self.all()
            case "patient":
                return self.filter(patient=user)
            case "doctor":
                return self.exclude(status=Status.IN_PROGRESS).filter(
                    Q(doctor=user) | waits_for_anybody(case="pk") | cares_for(user)
                )
            case _:
                return self.none()

    def unfinished(self) -> Self:
        """The patient still talks to the assistant. Imported ones are not continued."""
        return self.filter(status=Status.IN_PROGRESS, legacy_id__isnull=True)

    def waiting(self) -> Self:
        """Those that wait for a doctor's answer, claimed or not."""
        return self.filter(status=Status.AWAITING_DOCTOR)

    def unclaimed(self) -> Self:
        """Nobody has taken them."""
        return self.filter(doctor__isnull=True)

    def unclaimed_emergencies(self) -> Self:
        """Emergencies that wait and that nobody has taken."""
        return self.waiting().unclaimed().filter(urgency=Urgency.EMERGENCY)

    def past_target(self, now: datetime | None = None) -> Self:
        """Those that wait, taken or not, for longer than the target of their own level."""
        now = now or timezone.now()
        late = Q()
        for urgency in Urgency:
            late |= Q(urgency=urgency, submitted_at__lt=now - urgency.target)
        return self.waiting().filter(late)

    def claimed_by(self, doctor: User) -> Self:
        """This doctor has taken or answered them."""
        return self.filter(doctor=doctor)

    def answered(self) -> Self:
        """Answered or closed."""
        return self.filter(status__in=[Status.DOCTOR_RESPONDED, Status.CLOSED])

    def not_open(self) -> Self:
        """Neither waiting nor in progress: answered, closed, or imported in a state that is not known."""
        return self.filter(Q(status__isnull=True) | Q(status__in=[Status.DOCTOR_RESPONDED, Status.CLOSED]))

    def with_place_among_answered(self) -> Self:
        """Each with ``answered_or_sent``, by which lists of answered cases are ordered."""
        return self.annotate(answered_or_sent=ANSWERED_OR_SENT)

    def unread(self) -> Self:
        """Answered, and the patient has not opened the answer."""
        return self.filter(unread_by_patient=True)

    def most_urgent_first(self) -> Self:
        """The order of the queue: level (raised when a case waits past its target), then waiting time."""
        return self.order_by("queue_rank", "submitted_at", "id")

    def newest_first(self) -> Self:
        """Latest first; rows of unknown age last."""
        return self.order_by(F("created_at").desc(nulls_last=True), "-id")

    def not_archived_by(self, person: User) -> Self:
        """Without those that this person has put away."""
        return self.exclude(pk__in=Archive.objects.filter(person=person).values("conversation_id"))

    def archived_by(self, person: User) -> Self:
        """Those that this person has put away."""
        return self.filter(pk__in=Archive.objects.filter(person=person).values("conversation_id"))
