"""Heights and weights as people typed them. What has no certain unit or value stays text."""

import re
from decimal import ROUND_HALF_UP, Decimal

from medichat.legacy.parse import rules
from medichat.legacy.parse.parsing import Field
from medichat.legacy.parse.values import text
from medichat.measures import centimetres, decimal_of, kilograms, normalised

_BARE = re.compile(r"(\d{1,3}(?:[.,]\d{1,2})?)", re.ASCII)


def _rounded(value: Decimal | None, least: int, most: int) -> Decimal | None:
    """To one decimal; None outside what a person can have (the limits of the columns)."""
    if value is None:
        return None
    value = value.quantize(Decimal("0.1"), ROUND_HALF_UP)
    return value if least <= value <= most else None


def height_in_cm(stated: str) -> Decimal | None:
    """Centimetres, from metres, centimetres, feet and inches; a bare number only where no other unit is possible."""
    if match := _BARE.fullmatch(normalised(stated)):
        value = decimal_of(match[1])
        if 110 < value <= 250:  # nobody is 110 inches tall
            return _rounded(value, 20, 280)
        if Decimal("1.3") <= value <= Decimal("2.3") and len(match[1]) >= 3:
            return _rounded(value * 100, 20, 280)
    return _rounded(centimetres(stated), 20, 280)


def weight_in_kg(stated: str) -> Decimal | None:
    """Kilograms, from kilograms, pounds and stones. A bare number is none: pounds for kilograms is half a dose."""
    return _rounded(kilograms(stated), 0, 700) or None


def height(field: Field) -> tuple[Decimal | None, str | None]:
    """Centimetres where they are certain, and what was stated."""
    stated = text(field, "patient_medical_info.height_text", limit=100)
    found = height_in_cm(stated) if stated else None
    if stated and found is None:
        field.note(rules.HEIGHT_AS_TEXT)
    return found, stated


def weight(field: Field) -> tuple[Decimal | None, str | None]:
    """Kilograms where they are certain, and what was stated."""
    stated = text(field, "patient_medical_info.weight_text", limit=100)
    found = weight_in_kg(stated) if stated else None
    if stated and found is None:
        field.note(rules.WEIGHT_AS_TEXT)
    return found, stated
