"""Prescriptions in the words a patient reads."""

from django import template

from prescriptions.issue import Proposal
from prescriptions.models import Prescription
from prescriptions.wording import directions_in_words, plain_figure

register = template.Library()


@register.simple_tag
def directions(item: Prescription | Proposal) -> str:
    """How to take it, ``1 tablet by mouth three times a day for 5 days``; says so when nothing was recorded."""
    return directions_in_words(item.dose, item.route, item.frequency, item.duration) or "directions not recorded"


@register.simple_tag
def quantity(item: Prescription | Proposal) -> str:
    """The quantity with its unit, without trailing zeros; says so when it was not recorded."""
    if item.quantity is None:
        return "not recorded"
    return f"{plain_figure(item.quantity)} {item.quantity_unit}".strip()
