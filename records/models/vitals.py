"""Measurements of a patient: blood pressure, pulse, temperature and the others, a set for each time."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from medichat.db.base import choices_constraint
from records.models.entry import ChartEntry
from records.vitals.measures import MEASURES

NAMES = tuple(MEASURES)
# A child grows: a height is of use for the body mass index for so long only.
HEIGHT_OF_A_CHILD_COUNTS = timedelta(days=92)
ADULT_YEARS = 18


class GlucoseWhen(models.TextChoices):
    """When the glucose was measured."""

    FASTING = "fasting", "Fasting"
    BEFORE_MEAL = "before_meal", "Before a meal"
    AFTER_MEAL = "after_meal", "90 min or more after a meal"
    ANY_TIME = "any_time", "At any time"


def _plausible(name: str) -> models.CheckConstraint:
    measure = MEASURES[name]
    within = Q(**{f"{name}__gte": measure.lowest, f"{name}__lte": measure.highest})
    return models.CheckConstraint(
        name=f"vital_signs_{name}_plausible",
        condition=Q(**{f"{name}__isnull": True}) | within,
        violation_error_message=f"{measure.label}: between {measure.lowest} and {measure.highest} {measure.unit}.",
    )


def _something_measured() -> Q:
    measured = Q()
    for name in NAMES:
        measured |= Q(**{f"{name}__isnull": False})
    return measured


class VitalSigns(ChartEntry):
    """What was measured at one time (FHIR Observation, vital signs). What was not measured is NULL."""

    GlucoseWhen = GlucoseWhen

    measured_at = models.DateTimeField(default=timezone.now)
    systolic = models.PositiveSmallIntegerField("systolic (mmHg)", null=True, blank=True)
    diastolic = models.PositiveSmallIntegerField("diastolic (mmHg)", null=True, blank=True)
    pulse = models.PositiveSmallIntegerField("pulse (/min)", null=True, blank=True)
    temperature_c = models.DecimalField("temperature (°C)", max_digits=4, decimal_places=1, null=True, blank=True)
    respiratory_rate = models.PositiveSmallIntegerField("breathing rate (/min)", null=True, blank=True)
    oxygen_saturation = models.PositiveSmallIntegerField("oxygen saturation (%)", null=True, blank=True)
    weight_kg = models.DecimalField("weight (kg)", max_digits=5, decimal_places=2, null=True, blank=True)
    height_cm = models.DecimalField("height (cm)", max_digits=4, decimal_places=1, null=True, blank=True)
    glucose_mmol_l = models.DecimalField("glucose (mmol/L)", max_digits=4, decimal_places=1, null=True, blank=True)
    glucose_when = models.CharField(max_length=20, choices=GlucoseWhen, null=True, blank=True)

    class Meta(ChartEntry.Meta):
        db_table = "vital_signs"
        verbose_name = "measurements"
        verbose_name_plural = "measurements"
        ordering = ["-measured_at", "-id"]
        constraints = [
            *ChartEntry.Meta.constraints,
            *[_plausible(name) for name in NAMES],
            choices_constraint("glucose_when", GlucoseWhen, name="vital_signs_glucose_when", null=True),
            models.CheckConstraint(
                name="vital_signs_something_measured",
                condition=_something_measured(),
                violation_error_message="Write at least one figure.",
            ),
            models.CheckConstraint(
                name="vital_signs_diastolic_below_systolic",
                condition=Q(diastolic__isnull=True) | Q(systolic__isnull=False, diastolic__lt=F("systolic")),
                violation_error_message="The second figure of the blood pressure is below the first.",
            ),
            models.CheckConstraint(
                name="vital_signs_glucose_when_with_glucose",
                condition=Q(glucose_when__isnull=True) | Q(glucose_mmol_l__isnull=False),
                violation_error_message="When it was measured belongs to a glucose.",
            ),
        ]
        indexes = [models.Index(fields=["patient", "-measured_at", "-id"], name="vital_signs_of_patient")]
        triggers = [*ChartEntry.Meta.triggers]

    height_for_bmi: Decimal | None = None
    """The height that counts at this time (see ``heights_known``)."""
    judged_for: date | None = None
    """The date of birth by whose ranges a page judges the figures; None where it does not."""

    def __str__(self) -> str:
        return f"Measurements of {timezone.localtime(self.measured_at):%d-%b-%Y %H:%M}"

    @property
    def day(self) -> date:
        """The day at the clinic."""
        return timezone.localtime(self.measured_at).date()

    @property
    def bmi(self) -> Decimal | None:
        """Weight in kilograms by the square of the height in metres; None without both."""
        height = self.height_cm or self.height_for_bmi
        if not self.weight_kg or not height:
            return None
        return (self.weight_kg / (height / 100) ** 2).quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)


def heights_known(measured: Iterable[VitalSigns], *, born: date | None, stated: Decimal | None) -> list[VitalSigns]:
    """The sets, oldest first, each with the height that counts for its body mass index.

    An adult's latest height before (or the one that was stated), a child's for three months. Without a date of birth
    nobody is taken to be an adult.
    """
    ordered = sorted(measured, key=lambda one: (one.measured_at, one.pk))
    last: VitalSigns | None = None
    for one in ordered:
        if one.entered_in_error_at is not None:
            continue
        if one.height_cm is not None:
            last = one
        if _is_adult(born, one.day):
            one.height_for_bmi = last.height_cm if last else stated
        elif last and one.measured_at - last.measured_at <= HEIGHT_OF_A_CHILD_COUNTS:
            one.height_for_bmi = last.height_cm
    return ordered


def _is_adult(born: date | None, day: date) -> bool:
    if born is None:
        return False
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day)) >= ADULT_YEARS


def latest_of_each(measured: Iterable[Any]) -> dict[str, VitalSigns]:
    """For every measure the latest set in which it stands; ``measured`` is oldest first."""
    return {name: one for one in measured for name in NAMES if getattr(one, name) is not None}
