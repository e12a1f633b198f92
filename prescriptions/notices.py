"""Letters about prescriptions. They say that there is something to read, and never what: mail is not private."""

from typing import Any

from django.dispatch import receiver

from accounts import mail
from accounts.models import User
from prescriptions.models import Prescription, RefillRequest
from prescriptions.signals import cancelled, refill_asked, refill_decided


@receiver(cancelled)
def tell_of_cancelling(sender: Any, *, prescription: Prescription, by: User, **_: Any) -> None:
    """The patient may be about to fetch it, or take it already."""
    patient = prescription.patient
    if patient.is_active and patient.pk != by.pk:
        link = mail.address_of("prescriptions:mine")
        mail.write("prescription_cancelled", patient.email, person=patient, link=link)


@receiver(refill_asked)
def tell_the_prescriber(sender: Any, *, request: RefillRequest, **_: Any) -> None:
    """The doctor who wrote it. Where that is unknown or they have left, the request stands in the others' lists."""
    doctor = request.prescription.doctor
    if doctor is not None and doctor.is_active and doctor.is_approved:
        mail.write("refill_asked", doctor.email, person=doctor, link=mail.address_of("prescriptions:refills"))


@receiver(refill_decided)
def tell_the_patient(sender: Any, *, request: RefillRequest, **_: Any) -> None:
    """Approved or declined: both are worth a look."""
    patient = request.patient
    if patient.is_active:
        mail.write("refill_decided", patient.email, person=patient, link=mail.address_of("prescriptions:mine"))
