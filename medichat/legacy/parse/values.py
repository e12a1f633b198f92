"""Text, numbers, yes or no, choices: each function claims the field and says which rule it needed."""

import math
import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

from bson import Decimal128, Int64, ObjectId

from medichat.legacy.document import UNREADABLE
from medichat.legacy.parse import rules
from medichat.legacy.parse.parsing import Field, Section

_YES = frozenset({"true", "yes", "y", "1", "ja", "oui", "si", "sí", "tak"})
_NO = frozenset({"false", "no", "n", "0", "nein", "non", "nie"})
_DAMAGED = re.compile(rf"{UNREADABLE}(?:[^\w\s]?{UNREADABLE})+")
CUT = "…"
"""Ends a text that was shortened, so that nobody takes it for the whole."""


@lru_cache(maxsize=8192)
def address_of(stated: str) -> IPv4Address | IPv6Address:
    """The address that this is. Raises ValueError. Kept for a batch or two: it is asked for again for the column."""
    return ip_address(stated)


def plain(value: object) -> str | None:
    """A single value as text: 178 and 178.0 are '178'; None for what is no single value (or NaN)."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, (float, Decimal128)):
        number = decimal(value)
        return None if number is None else format(number.normalize() if number % 1 else number.to_integral(), "f")
    if isinstance(value, ObjectId):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat() + "Z"
    return None


def decimal(value: object) -> Decimal | None:
    """A number of any BSON type; None for NaN, infinity, an absurd magnitude and everything that is no number."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        number = Decimal(int(value))
    elif isinstance(value, float):
        if not math.isfinite(value):
            return None
        number = Decimal(repr(value))
    elif isinstance(value, Decimal128):
        number = value.to_decimal()
    else:
        return None
    return number if number.is_finite() and abs(number.adjusted()) <= 20 else None


def text(
    field: Field,
    column: str,
    *,
    limit: int | None = None,
    whole_text_goes_to: list[str] | None = None,
    keep_blank: bool = False,
    strip: bool = True,
) -> str | None:
    """The field as text for this column; None when it is absent or null, and when it is blank unless ``keep_blank``.

    What is longer than ``limit`` is shortened; the whole of it is appended to ``whole_text_goes_to`` with its name.
    """
    value = field.value
    if field.is_empty:
        return value if keep_blank and isinstance(value, str) else None
    stated = plain(value)
    if stated is None:
        field.set_aside(rules.NOT_A_NUMBER if isinstance(value, (float, Decimal128)) else rules.WRONG_TYPE)
        return None
    if not isinstance(value, str):
        field.note(rules.NUMBER_AS_TEXT)
    shown = readable(field, stated, strip=strip)
    if not shown and not keep_blank:
        field.claim(f"rule:{rules.NUL_REMOVED.code}")
        return None
    field.claim(column)
    return shown if limit is None or len(shown) <= limit else _shortened(field, shown, limit, whole_text_goes_to)


def text_of(
    section: Section,
    name: str,
    column: str,
    *,
    limit: int | None = None,
    whole_text_goes_to: list[str] | None = None,
    keep_blank: bool = False,
    strip: bool = True,
) -> str | None:
    """``text`` of the section's field of this name; quick for plain text that needs no rule, as nearly all is."""
    value = section.peek(name)
    if (
        type(value) is str
        and value
        and value.isascii()
        and value[0] > " "
        and value[-1] > " "
        and "\0" not in value
        and (limit is None or len(value) <= limit)
    ):
        section.claim(name, column)
        return value
    if value is None and section.is_whole:
        return None
    return text(
        section.take(name),
        column,
        limit=limit,
        whole_text_goes_to=whole_text_goes_to,
        keep_blank=keep_blank,
        strip=strip,
    )


def are_plain(texts: list[str]) -> bool:
    """Whether no text of these is blank or needs a rule: printable ASCII, no blank at begin or end; all at one look."""
    joined = f"|{'|'.join(texts)}|"
    return (
        joined.isascii() and joined.isprintable() and "||" not in joined and "| " not in joined and " |" not in joined
    )


def readable(field: Field, stated: str, *, strip: bool = True) -> str:
    """The text without NUL characters; says so, and says when it was no UTF-8. Claims nothing."""
    if "\0" in stated:
        field.note(rules.NUL_REMOVED)
        stated = stated.replace("\0", "")
    if UNREADABLE in stated:
        field.note(rules.UNREADABLE_CHARACTERS)
        stated = one_mark_each(stated)
    return stated.strip() if strip else stated


def one_mark_each(stated: str) -> str:
    """One U+FFFD for each damaged stretch: dumps and exports show the same damage with different numbers of them."""
    return _DAMAGED.sub(UNREADABLE, stated)


def _shortened(field: Field, stated: str, limit: int, whole_text_goes_to: list[str] | None) -> str:
    field.note(rules.TEXT_SHORTENED)
    if whole_text_goes_to is not None:
        whole_text_goes_to.append(f"{field.name}: {stated}")
    return stated[: limit - len(CUT)] + CUT


def number(field: Field, column: str, *, least: int, most: int, whole: bool = False) -> Decimal | None:
    """The field as a number within these limits; text of a number counts. ``whole``: a fraction is set aside."""
    if field.is_empty:
        return None
    value = field.value
    found = decimal(value)
    if found is None and isinstance(value, str):
        found = _decimal_of_text(value)
    if found is None:
        is_single = isinstance(value, (str, float, Decimal128)) and not isinstance(value, bool)
        field.set_aside(rules.NOT_A_NUMBER if is_single else rules.WRONG_TYPE)
        return None
    if whole and found % 1:
        field.set_aside(rules.NOT_A_NUMBER, "It has a fraction.")
        return None
    if not least <= found <= most:
        field.set_aside(rules.NUMBER_OUT_OF_RANGE)
        return None
    field.claim(column)
    if isinstance(value, str):
        field.note(rules.NUMBER_FROM_TEXT)
    elif isinstance(value, Decimal128):
        field.note(rules.DECIMAL_NUMBER)
    elif isinstance(value, Int64) and abs(value) < 2**31:
        field.note(rules.WIDE_NUMBER)
    return found


def whole_number(field: Field, column: str, *, least: int, most: int) -> int | None:
    """The field as a whole number within these limits; a fraction is set aside."""
    found = number(field, column, least=least, most=most, whole=True)
    return None if found is None else int(found)


def _decimal_of_text(stated: str) -> Decimal | None:
    try:
        found = Decimal(stated.strip())
    except InvalidOperation:
        return None
    return found if found.is_finite() and abs(found.adjusted()) <= 20 else None


def yes_no(field: Field, column: str) -> bool | None:
    """The field as yes or no; None where the source is silent or not clear."""
    value = field.value
    if field.is_empty:
        return None
    if isinstance(value, bool):
        field.claim(column)
        return value
    stated = (plain(value) or "").strip().lower()
    if stated not in _YES | _NO:
        field.set_aside(rules.CHOICE_UNKNOWN if stated else rules.WRONG_TYPE)
        return None
    field.claim(column)
    field.note(rules.YES_NO_FROM_TEXT)
    return stated in _YES


def known_choice(field: Field, spellings: Mapping[str, str]) -> str | None:
    """The choice that the field states in one of these spellings (keys in lower case); claims nothing."""
    value = field.value
    if isinstance(value, str) and value in spellings:
        return spellings[value]
    stated = plain(value)
    return None if stated is None else spellings.get(" ".join(stated.replace("\0", "").lower().split()))


def choice(field: Field, column: str, spellings: Mapping[str, str]) -> str | None:
    """The field as one of the column's choices; an unknown one is set aside and the column stays unknown."""
    if field.is_empty:
        return None
    found = known_choice(field, spellings)
    if found is None:
        field.set_aside(rules.CHOICE_UNKNOWN if plain(field.value) is not None else rules.WRONG_TYPE)
        return None
    field.claim(column)
    if found != field.value:
        field.note(rules.CHOICE_RESPELLED)
    return found


def choice_of(section: Section, name: str, column: str, spellings: Mapping[str, str]) -> str | None:
    """``choice`` of the section's field of this name; quick where it is spelled as the column spells it."""
    value = section.peek(name)
    if isinstance(value, str) and spellings.get(value) == value:
        section.claim(name, column)
        return value
    return choice(section.take(name), column, spellings)
