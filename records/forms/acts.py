"""The two short questions about an entry that exists: why is it wrong, and since when is it over."""

from datetime import date
from typing import Any

from django import forms
from django.utils import timezone

from records.forms.fields import check_past_day, day_input


def reason_field(help_text: str = "") -> forms.CharField:
    """Why an entry is wrong."""
    return forms.CharField(
        label="What is wrong about it?",
        max_length=300,
        help_text=help_text,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Say what is wrong about it."},
    )


class WrongEntryForm(forms.Form):
    """Why an entry is struck out."""

    reason = reason_field("The entry stays readable, struck out, with this reason.")


class EndForm(forms.Form):
    """Since when a medicine is no longer taken, or a condition over."""

    on = forms.DateField(label="Last day", widget=day_input(), error_messages={"required": "Give the day."})

    def __init__(self, *args: Any, born: date | None, began: date | None, **more: Any) -> None:
        super().__init__(*args, **more)
        self.born, self.began = born, began
        self.initial.setdefault("on", timezone.localdate())

    def clean_on(self) -> date:
        """Today or earlier, and not before it began."""
        day: date = self.cleaned_data["on"]
        check_past_day(day, born=self.born)
        if self.began and day < self.began:
            raise forms.ValidationError("This is before it began.", code="before_begin")
        return day
