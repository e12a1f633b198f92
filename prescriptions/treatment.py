"""What was prescribed at a visit, for the return visit that begins from it."""

from typing import Any

from django.dispatch import receiver

from accounts.models import User
from conversations.models import Conversation
from conversations.signals import treatment_asked
from medichat.doses import tidy_dose
from prescriptions.models import Prescription, PrescriptionStatus


@receiver(treatment_asked)
def prescribed_at(conversation: Conversation, by: User, **_rest: Any) -> list[str]:
    """The medicines with their doses, without those that were cancelled."""
    prescriptions = Prescription.objects.visible_to(by).filter(conversation=conversation)
    return [
        f"{prescription.medication_name} {tidy_dose(prescription.dose)}".strip()
        for prescription in prescriptions.exclude(status=PrescriptionStatus.CANCELLED)
    ]
