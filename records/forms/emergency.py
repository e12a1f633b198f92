"""What a doctor says to open a chart in an emergency."""

from datetime import date

from django import forms

from records.models import EmergencyReason
from records.models.care import SHORTEST_REASON

LONGEST_REASON = 500
LONGEST_NUMBER = 15


class EmergencyAccessForm(forms.Form):
    """Whom it is about, exactly, and why."""

    record_number = forms.RegexField(
        rf"^\s*\d{{1,{LONGEST_NUMBER}}}\s*$",
        label="Record number",
        help_text="It stands on the patient’s prescriptions and letters.",
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "class": "input--short"}),
        error_messages={"required": "Give the record number.", "invalid": "A record number is a whole number."},
    )
    date_of_birth = forms.DateField(
        label="Date of birth",
        widget=forms.DateInput(attrs={"type": "date", "autocomplete": "off"}, format="%Y-%m-%d"),
        error_messages={"required": "Give the date of birth."},
    )
    kind_of_reason = forms.ChoiceField(
        label="Why do you need it now?",
        choices=EmergencyReason.choices,
        widget=forms.RadioSelect,
        help_text="The patient is told which of these it was.",
        error_messages={"required": "Choose why you need it."},
    )
    reason = forms.CharField(
        label="What has happened?",
        min_length=SHORTEST_REASON,
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="An administrator reads this and asks you if it is not clear.",
        error_messages={
            "required": "Say what has happened.",
            "min_length": f"Say a little more: {SHORTEST_REASON} characters at least.",
        },
    )

    def named(self) -> tuple[int, date]:
        """The record number and the date of birth."""
        return int(self.cleaned_data["record_number"]), self.cleaned_data["date_of_birth"]
