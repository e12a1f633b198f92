"""What the chart knows of the person: medical information and emergency contacts."""

from collections.abc import Callable, Collection
from decimal import Decimal
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import Sex as MedicalInfoSex
from accounts.models import User
from medichat.db.base import ImportableModel, choices_constraint
from medichat.db.encrypted import EncryptedTextField
from medichat.measures import centimetres, is_understood, kilograms
from records.models.care import visible_patients
from records.models.statements import EarlierStatement
from records.models.violations import refusals_named, validate_beside_fields
from records.signals import tell


class PersonQuerySet(models.QuerySet[Any]):
    """Words for queries on medical information and emergency contacts."""

    def visible_to(self, user: User) -> Self:
        """Of the patients whose chart this person may see."""
        return self.filter(visible_patients(user))


class MedicalInfoBloodType(models.TextChoices):
    """What the blood type of a medical info may be."""

    A_POSITIVE = "A+"
    A_NEGATIVE = "A-"
    B_POSITIVE = "B+"
    B_NEGATIVE = "B-"
    AB_POSITIVE = "AB+"
    AB_NEGATIVE = "AB-"
    O_POSITIVE = "O+"
    O_NEGATIVE = "O-"


class MedicalInfoSmoking(models.TextChoices):
    """What the smoking of a medical info may be."""

    NEVER = "never", "Never"
    FORMER = "former", "Former smoker"
    CURRENT = "current", "Smokes"


class MedicalInfoAlcohol(models.TextChoices):
    """What the alcohol of a medical info may be."""

    NONE = "none", "None"
    OCCASIONAL = "occasional", "Occasional"
    MODERATE = "moderate", "Moderate"
    REGULAR = "regular", "Regular"


class MedicalInfoExercise(models.TextChoices):
    """What the exercise of a medical info may be."""

    NONE = "none", "None"
    ONCE_OR_TWICE = "1-2", "Once or twice a week"
    THREE_OR_FOUR = "3-4", "Three or four times a week"
    FIVE_OR_MORE = "5+", "Five times a week or more"
    DAILY = "daily", "Every day"


class MedicalInfo(ImportableModel):
    """One row per patient. NULL means not asked; ``*_stated_on`` are statements such as 'no known allergies'."""

    Sex = MedicalInfoSex
    BloodType = MedicalInfoBloodType
    Smoking = MedicalInfoSmoking
    Alcohol = MedicalInfoAlcohol
    Exercise = MedicalInfoExercise

    patient = models.OneToOneField(settings.AUTH_USER_MODEL, models.PROTECT, related_name="medical_info")
    sex = models.CharField(max_length=20, choices=MedicalInfoSex, null=True, blank=True)
    blood_type = models.CharField(max_length=3, choices=MedicalInfoBloodType, null=True, blank=True)
    height_cm = models.DecimalField("height (cm)", max_digits=5, decimal_places=1, null=True, blank=True)
    height_text = models.CharField(max_length=100, null=True, blank=True, help_text="The height as it was stated.")
    weight_kg = models.DecimalField("weight (kg)", max_digits=5, decimal_places=1, null=True, blank=True)
    weight_text = models.CharField(max_length=100, null=True, blank=True, help_text="The weight as it was stated.")
    assigned_doctor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="assigned_patients"
    )
    no_known_allergies_on = models.DateField(
        null=True, blank=True, help_text="The day on which 'no known allergies' was stated."
    )
    no_medications_on = models.DateField(
        null=True, blank=True, help_text="The day on which 'takes nothing' was stated."
    )
    no_conditions_on = models.DateField(
        null=True, blank=True, help_text="The day on which 'no earlier illnesses' was stated."
    )
    primary_physician = EncryptedTextField(null=True, blank=True)
    pharmacy_name = EncryptedTextField(null=True, blank=True)
    pharmacy_phone = EncryptedTextField(null=True, blank=True)
    preferred_language = models.CharField(max_length=50, null=True, blank=True)
    insurance_provider = EncryptedTextField(null=True, blank=True)
    insurance_policy_number = EncryptedTextField(null=True, blank=True)
    insurance_group_number = EncryptedTextField(null=True, blank=True)
    smoking = models.CharField(max_length=20, choices=MedicalInfoSmoking, null=True, blank=True)
    alcohol = models.CharField(max_length=20, choices=MedicalInfoAlcohol, null=True, blank=True)
    exercise = models.CharField(max_length=20, choices=MedicalInfoExercise, null=True, blank=True)
    lifestyle_text = EncryptedTextField(null=True, blank=True, help_text="Statements that fit none of the choices.")

    objects = PersonQuerySet.as_manager()

    class Meta(ImportableModel.Meta):
        db_table = "patient_medical_info"
        verbose_name_plural = "medical information"
        constraints = [
            *ImportableModel.Meta.constraints,
            choices_constraint("sex", MedicalInfoSex, name="medical_info_sex", null=True),
            choices_constraint("blood_type", MedicalInfoBloodType, name="medical_info_blood_type", null=True),
            choices_constraint("smoking", MedicalInfoSmoking, name="medical_info_smoking", null=True),
            choices_constraint("alcohol", MedicalInfoAlcohol, name="medical_info_alcohol", null=True),
            choices_constraint("exercise", MedicalInfoExercise, name="medical_info_exercise", null=True),
            models.CheckConstraint(
                name="medical_info_height_plausible",
                condition=Q(height_cm__isnull=True) | Q(height_cm__gte=20, height_cm__lte=280),
                violation_error_message="A height is between 20 and 280 cm.",
            ),
            models.CheckConstraint(
                name="medical_info_weight_plausible",
                condition=Q(weight_kg__isnull=True) | Q(weight_kg__gt=0, weight_kg__lte=700),
                violation_error_message="A weight is at most 700 kg.",
            ),
        ]

    def __str__(self) -> str:
        return f"Medical information of {self.patient_id}"

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        """As Django does, with the errors beside their fields (see ``violations``)."""
        validate_beside_fields(self, exclude)

    @property
    def height_words(self) -> str:
        """What was stated of the height and is no figure; '' where a figure says it."""
        return _words(self.height_text, centimetres)

    @property
    def weight_words(self) -> str:
        """What was stated of the weight and is no figure; '' where a figure says it."""
        return _words(self.weight_text, kilograms)

    @classmethod
    def locked(cls, patient: User) -> "MedicalInfo":
        """The patient's row, made when there is none yet, locked until the transaction ends."""
        rows = cls.objects.select_for_update().filter(patient=patient)
        info: MedicalInfo | None = rows.first()
        if info is None:
            # Another transaction may be making it at this moment: then theirs is taken.
            MedicalInfo.objects.bulk_create([MedicalInfo(patient=patient)], ignore_conflicts=True)
            info = cls.objects.select_for_update().get(patient=patient)
        return info

    def save_changes(self, *, by: User, fields: Collection[str], action: str = "corrected") -> None:
        """Save these fields, keep what they said before, and tell it.

        Raises ValidationError, beside the field, for what the database refuses.
        """
        before = type(self).objects.filter(pk=self.pk).first()
        with refusals_named(type(self)):
            self.save(update_fields=list(fields))
        if before is not None:
            EarlierStatement.keep(before, self, by=by, fields=fields)
        tell(self, action, by=by, fields=fields)


def _words(stated: str | None, read: Callable[[str], Decimal | None]) -> str:
    return "" if not stated or is_understood(stated, read) else stated


class EmergencyContact(ImportableModel):
    """Somebody to call; ``position`` is the order of priority."""

    patient = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="emergency_contacts")
    position = models.PositiveSmallIntegerField(default=0)
    name = EncryptedTextField(null=True, blank=True)
    relationship = EncryptedTextField(null=True, blank=True)
    phone = EncryptedTextField(null=True, blank=True)
    email = EncryptedTextField(null=True, blank=True)

    objects = PersonQuerySet.as_manager()

    class Meta(ImportableModel.Meta):
        db_table = "emergency_contacts"
        ordering = ["position", "id"]
        indexes = [models.Index(fields=["patient", "position"], name="emergency_contacts_of_patient")]

    def __str__(self) -> str:
        return f"Emergency contact {self.position + 1} of {self.patient_id}"

    def record(self, *, by: User) -> None:
        """Add the contact after the others."""
        last = type(self).objects.filter(patient=self.patient).aggregate(last=models.Max("position"))["last"]
        self.position = 0 if last is None else last + 1
        self.save(force_insert=True)
        tell(self, "added", by=by, fields=["name", "relationship", "phone", "email"])

    def save_changes(self, *, by: User, fields: Collection[str]) -> None:
        """Save these fields and tell it."""
        self.save(update_fields=list(fields))
        tell(self, "corrected", by=by, fields=fields)

    def remove(self, *, by: User) -> None:
        """Forget somebody who is not to be called any more: no clinical record, and other people's data."""
        removed = self.pk
        self.delete()
        self.pk = removed
        tell(self, "removed", by=by, fields=[])
