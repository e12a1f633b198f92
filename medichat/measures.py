"""Heights and weights as people type them, in any usual unit. Pure: text in, a figure out.

What a figure without a unit means is decided where it was typed; here it means nothing.
"""

import re
from collections.abc import Callable
from decimal import Decimal

_NUMBER = r"(\d{1,4}(?:[.,]\d{1,3})?)"
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

BARE = re.compile(_NUMBER, re.ASCII)

INCH_CM = Decimal("2.54")
POUND_KG = Decimal("0.45359237")


def decimal_of(stated: str) -> Decimal:
    """A figure written with a decimal point or comma."""
    return Decimal(stated.replace(",", "."))


def is_understood(stated: str, read: Callable[[str], Decimal | None]) -> bool:
    """Whether it is a figure, with a unit that ``read`` understands or without one."""
    return BARE.fullmatch(stated.strip()) is not None or read(stated) is not None


def normalised(stated: str) -> str:
    """Lower case, with single blanks."""
    return " ".join(stated.lower().split())


def centimetres(stated: str) -> Decimal | None:
    """From metres, centimetres, feet and inches, not rounded; None without a unit that is understood."""
    stated = normalised(stated)
    if match := _FEET_AND_INCHES.fullmatch(stated):
        inches = decimal_of(match[2] or "0")
        return None if inches >= 12 else (int(match[1]) * 12 + inches) * INCH_CM
    if match := _METRES_AND_CENTIMETRES.fullmatch(stated):
        return Decimal(match[1]) * 100 + Decimal(match[2])
    for pattern, unit in ((_CENTIMETRES, Decimal(1)), (_METRES, Decimal(100)), (_ONLY_INCHES, INCH_CM)):
        if match := pattern.fullmatch(stated):
            return decimal_of(match[1]) * unit
    return None


def kilograms(stated: str) -> Decimal | None:
    """From kilograms, pounds and stones, not rounded; None without a unit that is understood."""
    stated = normalised(stated)
    for pattern, unit in ((_KILOGRAMS, Decimal(1)), (_POUNDS, POUND_KG)):
        if match := pattern.fullmatch(stated):
            return decimal_of(match[1]) * unit
    if match := _STONES.fullmatch(stated):
        pounds = decimal_of(match[2] or "0")
        return None if pounds >= 14 else (int(match[1]) * 14 + pounds) * POUND_KG
    return None
