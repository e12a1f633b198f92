"""Prescriptions end with their last day."""

from medichat.periodic import job
from prescriptions.models import Prescription

BATCH = 1000


@job("expire prescriptions")
def expire() -> str:
    """Mark those whose last day is over."""
    total = 0
    while (expired := Prescription.expire_past(limit=BATCH)) > 0:
        total += expired
    return f"{total} expired"
