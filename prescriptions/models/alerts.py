"""The safety alerts that a doctor saw when prescribing."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from medichat.db.base import BaseModel, choices_constraint
from medichat.db.encrypted import EncryptedTextField
from prescriptions.models.prescription import Prescription
from records.models.care import CarersOnlyQuerySet


class PrescriptionAlertSeverity(models.TextChoices):
    """What the severity of a prescription alert may be."""

    CONTRAINDICATED = "contraindicated", "Contraindicated"
    SERIOUS = "serious", "Serious"
    CAUTION = "caution", "Caution"
    UNCHECKED = "unchecked", "Not checked"


OVERRIDDEN = [PrescriptionAlertSeverity.CONTRAINDICATED.value, PrescriptionAlertSeverity.SERIOUS.value]


class PrescriptionAlertQuerySet(CarersOnlyQuerySet):
    """Words for queries on alerts."""

    def overridden(self) -> Self:
        """Those that ask the doctor for a reason or a choice."""
        return self.filter(severity__in=OVERRIDDEN)


class PrescriptionAlert(BaseModel):
    """A safety alert that the doctor saw when prescribing, and why they went on. Never shown to the patient."""

    Severity = PrescriptionAlertSeverity

    prescription = models.ForeignKey(Prescription, models.PROTECT, related_name="alerts")
    patient = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20)
    severity = models.CharField(max_length=20, choices=PrescriptionAlertSeverity)
    title = models.CharField(max_length=300)
    reason = EncryptedTextField(blank=True)
    evidence = EncryptedTextField(blank=True)
    source = models.CharField(max_length=300, blank=True, help_text="Where the rule stands, or 'unreviewed'.")
    override_reason = EncryptedTextField(null=True, blank=True)
    overridden_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    objects = PrescriptionAlertQuerySet.as_manager()

    class Meta(BaseModel.Meta):
        db_table = "prescription_alerts"
        ordering = ["created_at", "id"]
        constraints = [
            choices_constraint("severity", PrescriptionAlertSeverity, name="prescription_alerts_severity"),
            models.CheckConstraint(
                name="prescription_alerts_contraindicated_needs_a_reason",
                condition=~Q(severity="contraindicated")
                | Q(override_reason__isnull=False, overridden_by__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                fields=["-created_at", "-id"],
                condition=Q(severity__in=OVERRIDDEN),
                name="prescription_alerts_overridden",
            )
        ]

    def __str__(self) -> str:
        return self.title
