"""What a doctor fills in to answer a case."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Self

from django import forms
from django.core.validators import MinValueValidator
from django.http import QueryDict
from django.utils import timezone

from conversations.models import Answer
from prescriptions.issue import Proposal
from prescriptions.models import Prescription
from prescriptions.renew import proposal_from
from prescriptions.wording import plain_figure
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
        help_text="Empty: computed.",
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

    @classmethod
    def renewing(cls, prescription: Prescription, data: QueryDict | None = None) -> Self:
        """The form for prescribing the same medicine once more; it is no form that may be left empty."""
        proposal = proposal_from(prescription)
        initial = {
            name: getattr(proposal, name) for name in cls.base_fields if name not in {"acknowledged", "expires_on"}
        }
        quantity: Decimal | None = proposal.quantity
        initial |= {"quantity": None if quantity is None else plain_figure(quantity), "expires_on": _default_expiry()}
        form = cls(data, initial=initial)
        form.empty_permitted = False
        return form

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

    reason = _text("Reason", rows=2, required=True, limit=500, hint="For the record; no page shows it to the patient.")
    notice = _text(
        "What the patient should do",
        rows=2,
        limit=500,
        hint="The patient reads this beside the cancelled prescription, for example: Stop taking it. We will call you.",
    )


class FillForm(forms.Form):
    """That a pharmacy has dispensed it."""

    on = forms.DateField(
        label="Day",
        initial=timezone.localdate,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": "Say on which day."},
    )
    pharmacy = forms.CharField(label="Pharmacy", required=False, max_length=200)


class RefillForm(forms.Form):
    """What a patient says when they ask for more of a medicine."""

    message = _text(
        "Anything the doctor should know?",
        rows=3,
        limit=1000,
        hint="For example: how well it works, side effects, how much is left.",
    )


class DecisionForm(forms.Form):
    """What the doctor says to a request for a refill."""

    answer = _text("Words to the patient", rows=2, limit=1000, hint="Needed when you decline.")


class CodeForm(forms.Form):
    """The code of a sheet, as a pharmacist reads it from the paper. Whether there is such a code is not said here."""

    code = forms.CharField(
        label="Code",
        max_length=60,
        help_text="16 letters and figures. Capitals, blanks and hyphens do not matter.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
        error_messages={"required": "Type the code."},
    )

    def clean_code(self) -> str:
        """Without what would be a part of the address of its own."""
        return "-".join(str(self.cleaned_data["code"]).replace("/", " ").split())


class DayForm(forms.Form):
    """A day of the clinic."""

    on = forms.DateField(
        label="Day",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": "Choose a day.", "invalid": "Choose a day."},
    )


class PeriodForm(forms.Form):
    """From one day to another, both included, and which severity."""

    since = forms.DateField(label="From", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    to = forms.DateField(label="To", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    severity = forms.ChoiceField(
        label="Severity",
        required=False,
        choices=[("", "Both"), ("contraindicated", "Contraindicated"), ("serious", "Serious")],
    )

    def clean(self) -> dict[str, Any]:
        """The last day is not before the first."""
        values = super().clean() or {}
        since, to = values.get("since"), values.get("to")
        if since and to and to < since:
            self.add_error("to", "This day is before the first.")
        return values

    def moments(self) -> tuple[datetime, datetime]:
        """Midnight before the first day and midnight after the last, where the clinic is."""
        first, last = self.cleaned_data["since"], self.cleaned_data["to"] + timedelta(days=1)
        begin, end = (timezone.make_aware(datetime.combine(day, time.min)) for day in (first, last))
        return begin, end
