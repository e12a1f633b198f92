"""Where a conversation stands, and how soon a doctor must look."""

from datetime import timedelta

from django.db import models


class Status(models.TextChoices):
    """Where a conversation stands."""

    IN_PROGRESS = "in_progress", "In progress"
    AWAITING_DOCTOR = "awaiting_doctor", "Waiting for a doctor"
    DOCTOR_RESPONDED = "doctor_responded", "Answered"
    CLOSED = "closed", "Closed"


class Urgency(models.TextChoices):
    """How soon a doctor must look, decided by the intake's rules."""

    EMERGENCY = "emergency", "Emergency"
    URGENT = "urgent", "Urgent"
    ROUTINE = "routine", "Routine"
    SELF_CARE = "self_care", "Self-care possible"

    @property
    def rank(self) -> int:
        """0 for an emergency, 3 for self-care: the order of the queue."""
        return list(Urgency).index(self)

    @property
    def target(self) -> timedelta:
        """How long a case of this level may wait before it rises one level (a clinic's own service target)."""
        return _TARGETS[self]


_TARGETS = {
    Urgency.EMERGENCY: timedelta(minutes=5),
    Urgency.URGENT: timedelta(hours=4),
    Urgency.ROUTINE: timedelta(hours=24),
    Urgency.SELF_CARE: timedelta(hours=72),
}
