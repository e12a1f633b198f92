"""Opening a chart in an emergency, from a page or through the API."""

import uuid
from dataclasses import dataclass
from datetime import date

from accounts.models import User
from accounts.throttle import EMERGENCY_ACCESS, Attempt, begin, not_count
from records import signals
from records.models import EmergencyAccess, EmergencyReason
from records.models.emergency import break_glass, patient_in_emergency
from records.people import patients_visible_to, why_seen

NOBODY = "There is no patient with this record number and this date of birth. Compare both with the patient’s papers."


class NobodyKnown(Exception):  # noqa: N818  # what was found, in the words that are answered
    """No patient has both facts. What was typed is on record nowhere; that it was tried is."""


class TooManyNames(Exception):  # noqa: N818  # what was found, in the words that are answered
    """Too many attempts fitted nobody: ``attempt`` says how long to wait."""

    def __init__(self, attempt: Attempt) -> None:
        super().__init__(f"Too many attempts that fitted nobody. Please wait {attempt.wait_in_words}.")
        self.attempt = attempt


@dataclass(frozen=True)
class Opened:
    """Whose chart is open now; ``access`` is None where the doctor cares for the patient anyway."""

    patient_id: uuid.UUID
    access: EmergencyAccess | None


def open_in_emergency(
    doctor: User, *, number: int, born: date, kind_of_reason: EmergencyReason, reason: str, address: str | None
) -> Opened:
    """Open the chart of the patient whom both facts name exactly, for a while.

    Nobody learns here whether somebody is a patient: whatever is wrong with the two facts is answered alike, every
    attempt is counted for the doctor, and each is on record. Raises NobodyKnown and TooManyNames; what happened until
    then must be kept.
    """
    attempt = begin(EMERGENCY_ACCESS, account=str(doctor.pk), address=address)
    if attempt.wait:
        raise TooManyNames(attempt)
    patient_id = patient_in_emergency(number, born)
    if patient_id is None:
        signals.emergency_access_refused.send(EmergencyAccess, by=doctor)
        raise NobodyKnown(NOBODY)
    not_count(attempt)
    seen = patients_visible_to(doctor).filter(pk=patient_id).first()
    if seen is not None and why_seen(seen) == "care":
        return Opened(patient_id, None)
    access = break_glass(patient_id=patient_id, doctor=doctor, kind_of_reason=kind_of_reason, reason=reason)
    return Opened(patient_id, access)


def end_access(doctor: User, patient_id: uuid.UUID) -> bool:
    """The doctor needs the chart no more: every emergency access to it ends now. Returns whether there was one."""
    accesses = EmergencyAccess.objects.of_doctor(doctor).in_force().filter(patient_id=patient_id)
    ended = [access.end_early(by=doctor) for access in list(accesses)]
    return any(ended)
