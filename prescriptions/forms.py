"""What a doctor fills in to answer a case."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.validators import MinValueValidator
from django.utils import timezone

from conversations.models import Answer
from prescriptions.respond import Proposal
from records.forms.codes import CodeField

MAX_PRESCRIPTIONS = 20
DEFAULT_VALIDITY = timedelta(days=180)
LONG_TEXT = 20_000


def _text(label: str, *, rows: int, required: bool = False, hint: str = "", limit: int = LONG_TEXT) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=required,
        max_length=limit,
        help_text=hint,
        widget=forms.Textarea(attrs={"rows": rows}),
        error_messages={"required": f"Write the {label.lower()}."},
    )


class AnswerForm(forms.Form):
    """The answer to the patient, and a private note that the patient never sees."""

    diagnosis = _text("Diagnosis", rows=2, required=True)
    icd10_code = CodeField()
    recommendations = _text("Recommendations", rows=4, required=True)
    referrals = _text("Referrals", rows=2)
    call_to_office = forms.BooleanField(label="Ask the patient to come to the practice", required=False)
    private_note = _text("Private note", rows=2, hint="For you and colleagues. The patient does not see it.")

    def clean_icd10_code(self) -> str:
        """An answer without a code has an empty one."""
        return self.cleaned_data["icd10_code"] or ""

    def answer(self) -> Answer:
        """The validated answer."""
        return Answer(**self.cleaned_data)


_TYPED = ("medication_name", "dose", "route", "frequency", "duration", "quantity", "instructions")


def _default_expiry() -> date:
    return timezone.localdate() + DEFAULT_VALIDITY


class PrescriptionForm(forms.Form):
    """One medicine. Left wholly empty, the row is no prescription."""

    medication_name = forms.CharField(
        label="Medicine and strength", max_length=200, error_messages={"required": "Name the medicine."}
    )
    dose = forms.CharField(label="Dose", max_length=200, error_messages={"required": "Say how much at a time."})
    route = forms.CharField(label="Route", max_length=100, required=False)
    frequency = forms.CharField(label="Frequency", max_length=200, error_messages={"required": "Say how often."})
    duration = forms.CharField(label="Duration", max_length=200, required=False)
    quantity = forms.DecimalField(
        label="Quantity",
        required=False,
        max_digits=9,
        decimal_places=2,
        validators=[MinValueValidator(0, message="A quantity cannot be negative.")],
    )
    quantity_unit = forms.CharField(label="Unit", max_length=50, required=False)
    refills = forms.IntegerField(
        label="Refills",
        initial=0,
        min_value=0,
        max_value=99,
        error_messages={"min_value": "Refills cannot be negative.", "required": "Say how many refills, 0 for none."},
    )
    expires_on = forms.DateField(
        label="Valid until",
        required=False,
        initial=_default_expiry,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    instructions = _text("Instructions for the patient", rows=2, limit=2000)
    acknowledged = forms.BooleanField(label="I have seen this and prescribe all the same", required=False)
    override_reason = _text("Reason for prescribing all the same", rows=2, limit=2000)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.empty_permitted = True

    def has_changed(self) -> bool:
        """Whether anything was typed; what is filled in beforehand does not make a row a prescription."""
        return any(str(self.data.get(self.add_prefix(name), "")).strip() for name in _TYPED)

    def clean_expires_on(self) -> date | None:
        """The last day of validity is not in the past."""
        day: date | None = self.cleaned_data["expires_on"]
        if day and day < timezone.localdate():
            raise forms.ValidationError("This day is over. Choose today or a later day.")
        return day

    def proposal(self) -> Proposal | None:
        """The validated medicine, or None for an empty row."""
        return Proposal(**self.cleaned_data) if self.has_changed() else None


PrescriptionFormSet = forms.formset_factory(
    PrescriptionForm, extra=0, max_num=MAX_PRESCRIPTIONS, absolute_max=MAX_PRESCRIPTIONS, validate_max=True
)


class CancelForm(forms.Form):
    """Why a prescription is withdrawn."""

    reason = _text("Reason", rows=2, required=True, limit=500)
