"""Writing down measurements, in the units in which instruments show them."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from records.forms.entries import EntryForm
from records.models import VitalSigns
from records.vitals.measures import MEASURES, figure

_FIGURE = re.compile(r"(?P<figure>\d{1,4}(?:[.,]\d{1,3})?)\s*°?\s*(?P<unit>[a-zA-Z%/]*)\.?")
_PRESSURE = re.compile(r"(?P<systolic>\d{2,3})\s*(?:/|over|-)\s*(?P<diastolic>\d{2,3})(?:\s*mm\s?hg)?", re.IGNORECASE)
# Clocks differ a little.
SLACK = timedelta(minutes=10)

Conversion = Callable[[Decimal], Decimal]


def _same(value: Decimal) -> Decimal:
    return value


def _times(factor: str) -> Conversion:
    return lambda value: value * Decimal(factor)


TEMPERATURE: Mapping[str, Conversion] = {"c": _same, "f": lambda value: (value - 32) * 5 / 9}
WEIGHT: Mapping[str, Conversion] = {
    "kg": _same, "g": _times("0.001"), "lb": _times("0.45359237"), "lbs": _times("0.45359237"),
}  # fmt: skip
HEIGHT: Mapping[str, Conversion] = {"cm": _same, "m": _times("100"), "in": _times("2.54")}
# One mol of glucose weighs 180.16 g.
GLUCOSE: Mapping[str, Conversion] = {"mmol/l": _same, "mmol": _same, "mg/dl": lambda value: value / Decimal("18.016")}
COUNTED: Mapping[str, Conversion] = {"/min": _same, "bpm": _same}
PERCENT: Mapping[str, Conversion] = {"%": _same}


class FigureField(forms.CharField):
    """A figure of one measure, with or without its unit; gives it in the measure's own unit, or None."""

    def __init__(
        self, measure: str, units: Mapping[str, Conversion], *, example: str, places: int = 0, label: str = ""
    ) -> None:
        self.measure, self.units, self.example = MEASURES[measure], units, example
        self.step = Decimal(1).scaleb(-places)
        super().__init__(
            label=label or f"{self.measure.label} ({self.measure.unit})",
            required=False,
            max_length=20,
            widget=forms.TextInput(attrs={"inputmode": "decimal", "class": "input--short", "autocomplete": "off"}),
        )

    def prepare_value(self, value: Any) -> Any:
        """No trailing zero."""
        return figure(value) if isinstance(value, Decimal) else value

    def clean(self, value: Any) -> Any:
        """The figure in the measure's unit. Raises ValidationError in words that say how it is written."""
        text = super().clean(value)
        if not text:
            return None
        found = _FIGURE.fullmatch(text.strip())
        convert = self.units.get(found["unit"].lower() or next(iter(self.units))) if found else None
        if not found or convert is None:
            raise ValidationError(f"Write it as a number, for example {self.example}.", code="invalid")
        exact = convert(Decimal(found["figure"].replace(",", ".")))
        if not self.measure.lowest <= exact <= self.measure.highest:
            raise ValidationError(
                f"This must be between {self.measure.lowest} and {self.measure.highest} {self.measure.unit}, "
                f"for example {self.example}.",
                code="implausible",
            )
        rounded = exact.quantize(self.step, rounding=ROUND_HALF_UP)
        return int(rounded) if self.step == 1 else rounded


class PressureField(forms.CharField):
    """A blood pressure as one writes it, ``120/80``; gives the two figures, or None."""

    def __init__(self) -> None:
        super().__init__(
            label="Blood pressure (mmHg)",
            required=False,
            max_length=20,
            help_text="For example 120/80.",
            widget=forms.TextInput(attrs={"class": "input--short", "autocomplete": "off"}),
        )

    def clean(self, value: Any) -> Any:
        """Systolic and diastolic. Raises ValidationError in words that say how it is written."""
        text = super().clean(value)
        if not text:
            return None
        found = _PRESSURE.fullmatch(text.strip())
        if not found:
            raise ValidationError("Write it with a stroke, for example 120/80.", code="invalid")
        systolic, diastolic = int(found["systolic"]), int(found["diastolic"])
        for name, written in (("systolic", systolic), ("diastolic", diastolic)):
            measure = MEASURES[name]
            if not measure.lowest <= written <= measure.highest:
                raise ValidationError(
                    f"{measure.label}: between {measure.lowest} and {measure.highest} mmHg.", code="implausible"
                )
        if diastolic >= systolic:
            raise ValidationError("The second figure is below the first, for example 120/80.", code="order")
        return systolic, diastolic


class VitalsForm(EntryForm):
    """A set of measurements of one time; any of them may be left out, not all."""

    measured_at = forms.DateTimeField(
        label="Measured at",
        widget=forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"}),
        error_messages={"required": "Say when it was measured.", "invalid": "Give day and time."},
    )
    blood_pressure = PressureField()
    pulse = FigureField("pulse", COUNTED, example="72")
    temperature_c = FigureField("temperature_c", TEMPERATURE, example="37.2, or 99 F", places=1)
    respiratory_rate = FigureField("respiratory_rate", COUNTED, example="16")
    oxygen_saturation = FigureField("oxygen_saturation", PERCENT, example="97")
    weight_kg = FigureField("weight_kg", WEIGHT, example="68.5, or 151 lb", places=2)
    height_cm = FigureField("height_cm", HEIGHT, example="172, or 1.72 m", places=1)
    glucose_mmol_l = FigureField("glucose_mmol_l", GLUCOSE, example="5.4, or 97 mg/dl", places=1)

    field_order = [
        "measured_at", "blood_pressure", "pulse", "temperature_c", "respiratory_rate", "oxygen_saturation",
        "weight_kg", "height_cm", "glucose_mmol_l", "glucose_when", "notes", "reason",
    ]  # fmt: skip

    class Meta:
        model = VitalSigns
        fields: ClassVar[list[str]] = [
            "measured_at", "pulse", "temperature_c", "respiratory_rate", "oxygen_saturation", "weight_kg",
            "height_cm", "glucose_mmol_l", "glucose_when", "notes",
        ]  # fmt: skip
        labels: ClassVar[dict[str, str]] = {"glucose_when": "When was the glucose measured?"}
        widgets: ClassVar[dict[str, Any]] = {"notes": forms.Textarea(attrs={"rows": 2})}

    def __init__(self, *args: Any, **more: Any) -> None:
        replaced: VitalSigns | None = more.get("replaces")
        super().__init__(*args, **more)
        if replaced is None:
            self.initial["measured_at"] = timezone.localtime().replace(second=0, microsecond=0)
        elif replaced.systolic is not None:
            self.initial["blood_pressure"] = f"{replaced.systolic}/{replaced.diastolic}"
        self.order_fields(self.field_order)

    def clean_measured_at(self) -> datetime:
        """Neither to come nor before the birth."""
        moment: datetime = self.cleaned_data["measured_at"]
        if moment > timezone.now() + SLACK:
            raise ValidationError("This time is to come. Give the time at which it was measured.", code="future")
        born = self.patient.date_of_birth
        if born and timezone.localtime(moment).date() < born:
            raise ValidationError("This day is before the date of birth.", code="before_birth")
        return moment

    def clean(self) -> dict[str, Any]:
        """At least one figure; the blood pressure goes into its two columns."""
        cleaned = super().clean()
        self.instance.systolic, self.instance.diastolic = cleaned.get("blood_pressure") or (None, None)
        figures = [name for name in self.fields if name in MEASURES or name == "blood_pressure"]
        if not any(cleaned.get(name) for name in figures) and not set(figures) & self.errors.keys():
            self.add_error(None, "Write at least one figure.")
        if cleaned.get("glucose_when") and not cleaned.get("glucose_mmol_l") and "glucose_mmol_l" not in self.errors:
            self.add_error("glucose_mmol_l", "Write the figure, or leave out when it was measured.")
        return cleaned


class PatientVitalsForm(VitalsForm):
    """What patients measure themselves."""

    class Meta(VitalsForm.Meta):
        labels: ClassVar[dict[str, str]] = {"glucose_when": "When did you measure your blood sugar?", "notes": "Notes"}

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        for name, label in {
            "measured_at": "When did you measure?",
            "blood_pressure": "Blood pressure",
            "pulse": "Pulse (beats in a minute)",
            "respiratory_rate": "Breaths in a minute",
            "oxygen_saturation": "Oxygen (%)",
            "glucose_mmol_l": "Blood sugar (mmol/L)",
        }.items():
            self.fields[name].label = label
