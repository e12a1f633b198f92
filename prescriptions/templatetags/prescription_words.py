"""The words of `prescriptions.wording` for templates: `{{ item.frequency|frequency_in_words }}`."""

from decimal import Decimal

from django import template

from medichat.doses import tidy_dose
from prescriptions.wording import (
    LARGEST_QUANTITY_IN_WORDS,
    frequency_in_words,
    plain_figure,
    quantity_in_words,
    route_in_words,
)

register = template.Library()
register.filter("frequency_in_words", frequency_in_words, is_safe=False)
register.filter("route_in_words", route_in_words, is_safe=False)
register.filter("tidy_dose", tidy_dose, is_safe=False)


@register.filter
def figures_and_words(quantity: Decimal | int | None) -> str:
    """`21` -> `21 (twenty-one)`, None -> `not recorded`; above 9999 the figure alone."""
    if quantity is None:
        return "not recorded"
    number = Decimal(quantity)
    if not 0 <= number <= LARGEST_QUANTITY_IN_WORDS:
        return plain_figure(number)
    return f"{plain_figure(number)} ({quantity_in_words(number)})"
