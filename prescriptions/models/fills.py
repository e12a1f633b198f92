"""That a pharmacy has dispensed a prescription, as the clinic was told."""

from datetime import date, datetime, time
from typing import Any, Self

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from medichat.db.base import BaseModel
from medichat.db.encrypted import EncryptedTextField
from prescriptions import signals
from prescriptions.models.prescription import Prescription
from records.models.care import visible_patients


class PrescriptionFillQuerySet(models.QuerySet[Any]):
    """Words for queries on what was dispensed."""

    def visible_to(self, user: User) -> Self:
        """Of the patients whose prescriptions this person may see."""
        return self.filter(visible_patients(user))


class PrescriptionFill(BaseModel):
    """One supply that a pharmacy gave out: ``number`` 1 is the first, 2 the first refill.

    The clinic has no account for pharmacies: a doctor who cares for the patient writes down what the pharmacy or the
    patient said.
    """

    prescription = models.ForeignKey(Prescription, models.PROTECT, related_name="fills")
    patient = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    number = models.PositiveSmallIntegerField()
    filled_on = models.DateField(help_text="The day on which the pharmacy gave it out.")
    pharmacy = EncryptedTextField(null=True, blank=True)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    objects = PrescriptionFillQuerySet.as_manager()

    class Meta(BaseModel.Meta):
        db_table = "prescription_fills"
        ordering = ["prescription", "number"]
        constraints = [
            models.UniqueConstraint(fields=["prescription", "number"], name="prescription_fills_once"),
            models.CheckConstraint(name="prescription_fills_count_from_one", condition=Q(number__gte=1)),
        ]

    def __str__(self) -> str:
        return f"Supply {self.number}"

    @classmethod
    @transaction.atomic
    def record(cls, prescription: Prescription, *, by: User, on: date, pharmacy: str = "") -> "PrescriptionFill":
        """Write down that a pharmacy dispensed it on this day.

        Raises ValueError for a day before the issue or in the future, ConflictError when it could not be dispensed.
        """
        if on > timezone.localdate():
            raise ValueError("This day is yet to come.")
        if prescription.issued_on and on < prescription.issued_on:
            raise ValueError("The prescription was written after this day.")
        moment = timezone.make_aware(datetime.combine(on, time(12)))
        fill = cls(
            prescription=prescription,
            patient_id=prescription.patient_id,
            number=prescription.count_supply(at=min(moment, timezone.now())),
            filled_on=on,
            pharmacy=pharmacy.strip() or None,
            recorded_by=by,
        )
        fill.save(force_insert=True)
        signals.filled.send(cls, prescription=prescription, by=by, fill=fill)
        return fill
