"""Heights and weights as people type them. What has no certain unit or value stays text."""

import re
from decimal import ROUND_HALF_UP, Decimal

from medichat.legacy.parse import rules
from medichat.legacy.parse.parsing import Field
from medichat.legacy.parse.values import text

_NUMBER = r"(\d{1,3}(?:[.,]\d{1,2})?)"
_FEET = r"(?:'|’|′|‘|`|ft\.?|foot|feet)"
_INCHES = r"(?:\"|”|″|“|''|’’|′′|in\.?|inch|inches)"
_CENTIMETRES = re.compile(rf"{_NUMBER} ?(?:cm|cms|centimet(?:er|re)s?)\.?", re.ASCII)
_METRES = re.compile(rf"{_NUMBER} ?(?:m|mtrs?|met(?:er|re)s?)\.?", re.ASCII)
_METRES_AND_CENTIMETRES = re.compile(r"([12]) ?m ?(\d{2})(?: ?cm)?", re.ASCII)
_FEET_AND_INCHES = re.compile(rf"([2-8]) ?{_FEET}(?: ?(?:and )?(\d{{1,2}}(?:[.,]\d)?) ?{_INCHES}?)?", re.ASCII)
_ONLY_INCHES = re.compile(rf"{_NUMBER} ?{_INCHES}", re.ASCII)
_KILOGRAMS = re.compile(rf"{_NUMBER} ?(?:kg|kgs|kilos?|kilograms?|kilogrammes?)\.?", re.ASCII)
_POUNDS = re.compile(rf"{_NUMBER} ?(?:lbs?|pounds?)\.?", re.ASCII)
_STONES = re.compile(rf"(\d{{1,2}}) ?(?:st|stones?)\.?(?: ?{_NUMBER} ?(?:lbs?|pounds?)?\.?)?", re.ASCII)
_BARE = re.compile(_NUMBER, re.ASCII)

INCH_CM = Decimal("2.54")
POUND_KG = Decimal("0.45359237")


def _decimal(stated: str) -> Decimal:
    return Decimal(stated.replace(",", "."))


def _rounded(value: Decimal, least: int, most: int) -> Decimal | None:
    """To one decimal; None outside what a person can have (the limits of the columns)."""
    value = value.quantize(Decimal("0.1"), ROUND_HALF_UP)
    return value if least <= value <= most else None


def _normalised(stated: str) -> str:
    return " ".join(stated.lower().split())


def height_in_cm(stated: str) -> Decimal | None:
    """Centimetres, from metres, centimetres, feet and inches; a bare number only where no other unit is possible."""
    stated = _normalised(stated)
    if match := _FEET_AND_INCHES.fullmatch(stated):
        inches = _decimal(match[2] or "0")
        return None if inches >= 12 else _rounded((int(match[1]) * 12 + inches) * INCH_CM, 20, 280)
    if match := _METRES_AND_CENTIMETRES.fullmatch(stated):
        return _rounded(Decimal(match[1]) * 100 + Decimal(match[2]), 20, 280)
    for pattern, unit in ((_CENTIMETRES, Decimal(1)), (_METRES, Decimal(100)), (_ONLY_INCHES, INCH_CM)):
        if match := pattern.fullmatch(stated):
            return _rounded(_decimal(match[1]) * unit, 20, 280)
    if match := _BARE.fullmatch(stated):
        value = _decimal(match[1])
        if 110 < value <= 250:  # nobody is 110 inches tall
            return _rounded(value, 20, 280)
        if Decimal("1.3") <= value <= Decimal("2.3") and len(match[1]) >= 3:
            return _rounded(value * 100, 20, 280)
    return None


def weight_in_kg(stated: str) -> Decimal | None:
    """Kilograms, from kilograms, pounds and stones. A bare number is none: pounds for kilograms is half a dose."""
    stated = _normalised(stated)
    if match := _KILOGRAMS.fullmatch(stated):
        return _positive(_rounded(_decimal(match[1]), 0, 700))
    if match := _POUNDS.fullmatch(stated):
        return _positive(_rounded(_decimal(match[1]) * POUND_KG, 0, 700))
    if match := _STONES.fullmatch(stated):
        pounds = _decimal(match[2] or "0")
        return None if pounds >= 14 else _positive(_rounded((int(match[1]) * 14 + pounds) * POUND_KG, 0, 700))
    return None


def _positive(value: Decimal | None) -> Decimal | None:
    return value or None


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
