"""What happens to the queue while time passes: overdue cases rise, unclaimed emergencies call for a doctor."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from conversations import signals
from conversations.models.conversation import Conversation
from conversations.models.states import Urgency

NOTICE_EVERY = timedelta(minutes=5)


def rank_after(urgency: Urgency, waited: timedelta) -> int:
    """The place in the queue of a case of this urgency after this wait.

    A case that has waited for the target of its level rises one level, and there waits for that level's target. It
    never rises into emergency: that is decided by what the patient says, not by the clock.
    """
    levels, rank, passed = list(Urgency), urgency.rank, timedelta()
    while rank > Urgency.URGENT.rank:
        passed += levels[rank].target
        if waited <= passed:
            break
        rank -= 1
    return rank


@transaction.atomic
def raise_overdue(*, now: datetime | None = None, limit: int = 1000) -> int:
    """Let waiting cases rise that are past their level's target; returns how many. Run as the system.

    ``urgency`` stays what the intake decided; ``queue_rank`` is the place in the queue.
    """
    now = now or timezone.now()
    soonest = min(Urgency.ROUTINE.target, Urgency.SELF_CARE.target)
    overdue = (
        Conversation.objects.waiting()
        .filter(queue_rank__gt=Urgency.URGENT.rank, submitted_at__lt=now - soonest)
        .select_for_update(skip_locked=True, no_key=True)
        .order_by("queue_rank", "submitted_at", "id")
    )
    raised = 0
    for conversation in overdue[:limit]:
        if conversation.urgency is None or conversation.submitted_at is None or conversation.queue_rank is None:
            continue  # only imported rows: a CHECK forbids it for ours
        rank = rank_after(Urgency(conversation.urgency), now - conversation.submitted_at)
        if rank < conversation.queue_rank:
            conversation.queue_rank = rank
            conversation.save(update_fields=["queue_rank"])
            signals.rose_in_queue.send(Conversation, conversation=conversation, by=None)
            raised += 1
    return raised


@transaction.atomic
def emergencies_to_announce(*, now: datetime | None = None) -> list[Conversation]:
    """Emergencies that nobody has claimed and of which no doctor was told in the last five minutes.

    They are marked as announced: call it, commit, and send. ``take_back_announcement`` undoes the mark when sending
    failed. Run as the system.
    """
    now = now or timezone.now()
    unclaimed = (
        Conversation.objects.waiting()
        .unclaimed()
        .filter(queue_rank=Urgency.EMERGENCY.rank)
        .filter(Q(announced_at__isnull=True) | Q(announced_at__lte=now - NOTICE_EVERY))
        .select_for_update(skip_locked=True, no_key=True)
        .order_by("submitted_at", "id")
    )
    emergencies = list(unclaimed)
    for conversation in emergencies:
        conversation.announced_at = now
        conversation.save(update_fields=["announced_at"])
        signals.emergency_announced.send(Conversation, conversation=conversation, by=None)
    return emergencies


def take_back_announcement(emergencies: list[Conversation]) -> None:
    """Nobody could be told: try again at the next run."""
    for conversation in emergencies:
        Conversation.objects.filter(pk=conversation.pk, announced_at=conversation.announced_at).update(
            announced_at=None
        )
