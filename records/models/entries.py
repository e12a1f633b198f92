"""Entries of the chart: allergies, medications, conditions, operations, family history, immunizations."""

from datetime import date

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Coalesce, Substr
from django.utils import timezone

from accounts.models import User
from medichat.db.base import choices_constraint
from medichat.db.encrypted import EncryptedTextField
from records.models.entry import (
    NOT_IN_ERROR,
    BesideNone,
    ChartEntry,
    index_words,
    normalised_field,
    withdraws_none,
)


class AllergyKind(models.TextChoices):
    """What the kind of a allergy may be."""

    MEDICATION = "medication", "Medicine"
    FOOD = "food", "Food"
    ENVIRONMENTAL = "environmental", "Environment"
    OTHER = "other", "Other"


class AllergySeverity(models.TextChoices):
    """What the severity of a allergy may be."""

    MILD = "mild", "Mild"
    MODERATE = "moderate", "Moderate"
    SEVERE = "severe", "Severe"
    LIFE_THREATENING = "life_threatening", "Life-threatening"


class AllergyCertainty(models.TextChoices):
    """What the certainty of a allergy may be."""

    UNCONFIRMED = "unconfirmed", "Unconfirmed"
    CONFIRMED = "confirmed", "Confirmed"
    REFUTED = "refuted", "Refuted"


# A refuted allergy can stand beside 'no known allergies', a medicine of the past beside 'takes nothing'.
REFUTED = BesideNone("certainty", AllergyCertainty.REFUTED.value)
OF_THE_PAST = BesideNone("is_active", False)


class Allergy(ChartEntry):
    """A substance the patient must not get (FHIR AllergyIntolerance). Unknown severity and type stay unknown."""

    Kind = AllergyKind
    Severity = AllergySeverity
    Certainty = AllergyCertainty

    statement = "no_known_allergies_on"
    beside_none = REFUTED
    name_column = "allergen_normalised"

    allergen = models.CharField(max_length=200)
    allergen_normalised = normalised_field("allergen")
    kind = models.CharField("type", max_length=20, choices=AllergyKind, null=True, blank=True)
    reaction = EncryptedTextField(null=True, blank=True)
    severity = models.CharField(max_length=20, choices=AllergySeverity, null=True, blank=True)
    certainty = models.CharField(max_length=20, choices=AllergyCertainty, null=True, blank=True)
    diagnosed_on = models.DateField(null=True, blank=True)

    class Meta(ChartEntry.Meta):
        db_table = "allergies"
        verbose_name_plural = "allergies"
        ordering = ["allergen_normalised", "id"]
        constraints = [
            *ChartEntry.Meta.constraints,
            choices_constraint("kind", AllergyKind, name="allergies_type", null=True),
            choices_constraint("severity", AllergySeverity, name="allergies_severity", null=True),
            choices_constraint("certainty", AllergyCertainty, name="allergies_certainty", null=True),
            models.CheckConstraint(
                name="allergies_allergen_not_blank",
                condition=~Q(allergen_normalised=""),
                violation_error_message="Say what the allergy is to.",
            ),
            models.UniqueConstraint(
                name="allergies_once_per_patient",
                fields=["patient", "allergen_normalised"],
                condition=NOT_IN_ERROR,
                violation_error_message="This allergy is on the chart already.",
            ),
        ]
        indexes = [models.Index(fields=["allergen_normalised", "patient"], name="allergies_by_allergen")]
        triggers = [
            *ChartEntry.Meta.triggers,
            *index_words("allergen", "allergen"),
            *withdraws_none("no_known_allergies_on", unless=REFUTED),
        ]

    def __str__(self) -> str:
        return self.allergen


class DateRange(Func):
    """PostgreSQL's ``daterange``: a NULL bound is open, both ends are included."""

    function = "daterange"
    output_field = DateRangeField()


class Medication(ChartEntry):
    """A medicine the patient takes or took. ``is_active`` NULL means unknown (imported rows)."""

    statement = "no_medications_on"
    beside_none = OF_THE_PAST
    name_column = "name_normalised"

    medication_name = models.CharField(max_length=200)
    name_normalised = normalised_field("medication_name")
    dosage = models.CharField(max_length=200, null=True, blank=True)
    dosage_normalised = normalised_field("dosage")
    frequency = models.CharField(max_length=200, null=True, blank=True)
    route = models.CharField(max_length=100, null=True, blank=True)
    started_on = models.DateField(null=True, blank=True)
    ended_on = models.DateField(null=True, blank=True)
    is_active = models.BooleanField(null=True, default=True)
    prescribed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta(ChartEntry.Meta):
        db_table = "medications"
        ordering = ["name_normalised", "id"]
        constraints = [
            *ChartEntry.Meta.constraints,
            models.CheckConstraint(
                name="medications_name_not_blank",
                condition=~Q(name_normalised=""),
                violation_error_message="Say which medicine it is.",
            ),
            models.CheckConstraint(
                name="medications_end_not_before_start",
                condition=Q(started_on__isnull=True) | Q(ended_on__isnull=True) | Q(ended_on__gte=F("started_on")),
                violation_error_message="The end is before the start.",
            ),
            models.CheckConstraint(
                name="medications_made_here_know_their_state",
                condition=Q(legacy_id__isnull=False) | Q(is_active__isnull=False),
            ),
            ExclusionConstraint(
                name="medications_no_overlap",
                index_type="gist",
                expressions=[
                    ("patient_id", RangeOperators.EQUAL),
                    ("name_normalised", RangeOperators.EQUAL),
                    (Coalesce("dosage_normalised", Value("")), RangeOperators.EQUAL),
                    (
                        DateRange("started_on", "ended_on", RangeBoundary(inclusive_lower=True, inclusive_upper=True)),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                condition=NOT_IN_ERROR & Q(is_active=True),
                violation_error_message="This medicine at this dose is on the chart for these days already.",
            ),
        ]
        indexes = [
            models.Index(fields=["patient", "name_normalised"], name="medications_of_patient"),
            models.Index(fields=["name_normalised", "patient"], name="medications_by_name"),
        ]
        triggers = [
            *ChartEntry.Meta.triggers,
            *index_words("medication", "medication_name"),
            *withdraws_none("no_medications_on", unless=OF_THE_PAST),
        ]

    def __str__(self) -> str:
        return " ".join(part for part in (self.medication_name, self.dosage, self.frequency) if part)

    @property
    def is_current(self) -> bool:
        """Whether it is taken as far as known: missing an interaction is worse than asking once too often."""
        return self.is_active is not False and (self.ended_on is None or self.ended_on >= timezone.localdate())

    def stop(self, *, on: date, by: User) -> None:
        """It is no longer taken since that day. Raises as ``save_end`` and ``mark_entered_in_error`` do."""
        self.is_active, self.ended_on = False, on
        self.save_end(by=by, fields=["is_active", "ended_on"])


class MedicalHistory(ChartEntry):
    """A condition, present or past (FHIR Condition). ``is_active`` NULL means unknown."""

    statement = "no_conditions_on"
    name_column = "condition_normalised"

    condition = models.CharField(max_length=300)
    condition_normalised = normalised_field("condition")
    icd10_code = models.CharField("ICD-10-CM code", max_length=10, null=True, blank=True)
    # Stored, because under row-level security only a plain comparison may use an index.
    icd10_category = models.GeneratedField(
        expression=Substr("icd10_code", 1, 3), output_field=models.CharField(max_length=3), db_persist=True
    )
    diagnosed_on = models.DateField(null=True, blank=True)
    diagnosed_text = models.CharField(max_length=200, null=True, blank=True, help_text="The date as it was stated.")
    resolved_on = models.DateField(null=True, blank=True)
    is_active = models.BooleanField(null=True, default=True)

    class Meta(ChartEntry.Meta):
        db_table = "medical_history"
        verbose_name = "condition"
        verbose_name_plural = "medical history"
        ordering = ["condition_normalised", "id"]
        constraints = [
            *ChartEntry.Meta.constraints,
            models.CheckConstraint(
                name="medical_history_condition_not_blank",
                condition=~Q(condition_normalised=""),
                violation_error_message="Say which condition it is.",
            ),
            models.CheckConstraint(
                name="medical_history_resolved_not_before_diagnosed",
                condition=Q(diagnosed_on__isnull=True)
                | Q(resolved_on__isnull=True)
                | Q(resolved_on__gte=F("diagnosed_on")),
                violation_error_message="It cannot have been resolved before it was diagnosed.",
            ),
            models.CheckConstraint(
                name="medical_history_made_here_know_their_state",
                condition=Q(legacy_id__isnull=False) | Q(is_active__isnull=False),
            ),
            models.UniqueConstraint(
                name="medical_history_once_per_patient_and_date",
                fields=["patient", "condition_normalised", "diagnosed_on"],
                condition=NOT_IN_ERROR,
                nulls_distinct=False,
                violation_error_message="This condition is on the chart with this date already.",
            ),
        ]
        indexes = [
            models.Index(fields=["condition_normalised", "patient"], name="medical_history_by_condition"),
            models.Index(fields=["icd10_code", "patient"], name="medical_history_by_code"),
            models.Index(fields=["icd10_category", "patient"], name="medical_history_by_category"),
        ]
        triggers = [
            *ChartEntry.Meta.triggers,
            *index_words("condition", "condition"),
            *withdraws_none("no_conditions_on"),
        ]

    def __str__(self) -> str:
        return self.condition

    def resolve(self, *, on: date, by: User) -> None:
        """It is over since that day. Raises as ``save_end`` and ``mark_entered_in_error`` do."""
        self.is_active, self.resolved_on = False, on
        self.save_end(by=by, fields=["is_active", "resolved_on"])


class SurgicalHistory(ChartEntry):
    """An operation. The date may be partial: ``date_text`` keeps what was stated."""

    procedure = models.CharField(max_length=300, blank=True)
    performed_on = models.DateField(null=True, blank=True)
    date_text = models.CharField(max_length=200, null=True, blank=True)

    class Meta(ChartEntry.Meta):
        db_table = "surgical_history"
        verbose_name = "operation"
        verbose_name_plural = "surgical history"
        ordering = ["-performed_on", "id"]
        indexes = [models.Index(fields=["patient"], name="surgical_history_of_patient")]

    def __str__(self) -> str:
        return self.procedure or "Operation"


class FamilyHistory(ChartEntry):
    """A condition of a relative."""

    condition = models.CharField(max_length=300, blank=True)
    relation = models.CharField(max_length=100, blank=True)

    class Meta(ChartEntry.Meta):
        db_table = "family_history"
        verbose_name_plural = "family history"
        ordering = ["relation", "condition", "id"]
        indexes = [models.Index(fields=["patient"], name="family_history_of_patient")]

    def __str__(self) -> str:
        return f"{self.condition} ({self.relation})" if self.relation else self.condition


class Immunization(ChartEntry):
    """A vaccination. The date may be partial: ``date_text`` keeps what was stated."""

    vaccine = models.CharField(max_length=200, blank=True)
    given_on = models.DateField(null=True, blank=True)
    date_text = models.CharField(max_length=200, null=True, blank=True)

    class Meta(ChartEntry.Meta):
        db_table = "immunizations"
        ordering = ["-given_on", "id"]
        indexes = [models.Index(fields=["patient"], name="immunizations_of_patient")]

    def __str__(self) -> str:
        return self.vaccine or "Vaccination"


class SocialTopic(models.TextChoices):
    """What an entry of the social history is about."""

    OCCUPATION = "occupation", "Work"
    HOME = "home", "Home and who lives there"
    SUPPORT = "support", "Family and support"
    TOBACCO = "tobacco", "Tobacco"
    ALCOHOL = "alcohol", "Alcohol"
    DRUGS = "drugs", "Other drugs"
    DIET = "diet", "Food and drink"
    ACTIVITY = "activity", "Sport and movement"
    TRAVEL = "travel", "Travel"
    OTHER = "other", "Other"


class SocialHistory(ChartEntry):
    """What somebody's life is like, as far as it matters for their health (FHIR Observation, social history).

    The short answers about smoking, alcohol and exercise stand with the person (``MedicalInfo``); how much, how long
    and everything else stands here.
    """

    Topic = SocialTopic

    topic = models.CharField(max_length=20, choices=SocialTopic)
    statement_text = EncryptedTextField("what was said")
    since_text = models.CharField("since when", max_length=200, null=True, blank=True)

    class Meta(ChartEntry.Meta):
        db_table = "social_history"
        verbose_name_plural = "social history"
        ordering = ["topic", "-id"]
        constraints = [*ChartEntry.Meta.constraints, choices_constraint("topic", SocialTopic, name="social_topic")]
        indexes = [models.Index(fields=["patient"], name="social_history_of_patient")]

    def __str__(self) -> str:
        return self.get_topic_display()
