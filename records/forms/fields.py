"""Form fields of the chart: days, lengths and weights, telephone numbers."""

import re
from collections.abc import Callable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from medichat.measures import BARE, decimal_of

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Any]
else:
    ModelForm = forms.ModelForm  # takes type arguments only in the type checker's view of Django

_PHONE = re.compile(r"\+?[\d\s()./-]+(?:\s*(?:x|ext\.?)\s*\d+)?", re.IGNORECASE)


def day_input() -> forms.DateInput:
    """The browser's own date field, which speaks ISO dates whatever the language."""
    return forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})


def name_empty_choice(field: forms.Field, words: str) -> None:
    """Call the empty choice of a select by what it means."""
    if isinstance(field, forms.TypedChoiceField) and isinstance(field.widget, forms.Select):
        choices = [(value, label) for value, label in field.widget.choices if value != ""]
        field.choices = [("", words), *choices]


def check_past_day(day: date, *, born: date | None) -> None:
    """Raise ValidationError for a day to come, or one before the person was born."""
    if day > timezone.localdate():
        raise ValidationError("This day is in the future. Give today or an earlier day.", code="future")
    if born and day < born:
        raise ValidationError("This day is before the date of birth.", code="before_birth")


class MeasureField(forms.CharField):
    """A figure with its unit, or without it in ``unit``; decimals with point or comma.

    ``read`` understands units (see ``medichat.measures``). Gives a Decimal with one place, or None.
    """

    def __init__(
        self, *, unit: str, read: Callable[[str], Decimal | None], lowest: int, highest: int, example: str, label: str
    ) -> None:
        super().__init__(
            label=label,
            required=False,
            max_length=30,
            widget=forms.TextInput(attrs={"inputmode": "decimal", "class": "input--short", "autocomplete": "off"}),
        )
        self.unit, self.read, self.lowest, self.highest, self.example = unit, read, lowest, highest, example

    def prepare_value(self, value: Any) -> Any:
        """No trailing zero: 172 and not 172.0, which could be read as 1720."""
        return f"{value.normalize():f}" if isinstance(value, Decimal) else value

    def clean(self, value: Any) -> Any:
        """The figure in the field's unit. Raises ValidationError in words that say how it is written."""
        text = super().clean(value)
        if not text:
            return None
        bare = BARE.fullmatch(text.strip())
        figure = decimal_of(bare[1]) if bare else self.read(text)
        if figure is None:
            raise ValidationError(f"Write it as a number, for example {self.example}.", code="not_understood")
        if not self.lowest <= figure <= self.highest:
            raise ValidationError(
                f"This must be between {self.lowest} and {self.highest} {self.unit}, for example {self.example}.",
                code="implausible",
            )
        return figure.quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether it is another figure, however it is written."""
        try:
            return bool(self.clean(data) != initial)
        except ValidationError:
            return True


class PhoneField(forms.CharField):
    """A telephone number as people write it, with at least five digits."""

    def __init__(self, *, label: str, autocomplete: str = "off", help_text: str = "") -> None:
        super().__init__(
            label=label,
            required=False,
            max_length=40,
            empty_value=None,  # nothing was said: NULL in the column
            help_text=help_text,
            widget=forms.TextInput(attrs={"type": "tel", "autocomplete": autocomplete}),
        )

    def clean(self, value: Any) -> Any:
        """The number as it was written. Raises ValidationError when it is none."""
        text = super().clean(value)
        if text and (not _PHONE.fullmatch(text) or sum(character.isdigit() for character in text) < 5):
            raise ValidationError("Write a telephone number, for example 01632 960001.", code="invalid")
        return text
