"""Days and instants. A date that can be read in two ways is not guessed: it stays text, or is set aside."""

import re
from datetime import UTC, date, datetime, timedelta, timezone

from bson import Timestamp

from medichat.legacy.parse import rules
from medichat.legacy.parse.parsing import Field, Section
from medichat.legacy.parse.values import plain, text

FIRST_YEAR, LAST_YEAR = 1880, 2200
_MONTHS = {
    name: number
    for number, names in enumerate(
        ("jan january", "feb february", "mar march", "apr april", "may", "jun june", "jul july", "aug august",
         "sep sept september", "oct october", "nov november", "dec december"),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_YEAR_FIRST = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})", re.ASCII)
_YEAR_LAST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})", re.ASCII)
_MONTH_DAY_YEAR = re.compile(r"([A-Za-z]{3,9})\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})", re.ASCII)
_DAY_MONTH_YEAR = re.compile(r"(\d{1,2})(?:st|nd|rd|th|\.)?[ -]([A-Za-z]{3,9})\.?,?[ -](\d{4})", re.ASCII)
_JAVASCRIPT = re.compile(
    r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) (\d{1,2}) (\d{4})(?: (\d\d):(\d\d):(\d\d)(?: (?:GMT|UTC)([+-])(\d\d):?(\d\d))?.*)?",
    re.ASCII | re.DOTALL,
)


def day_in_text(stated: str) -> date | None:
    """The day that a text names with certainty; None for partial dates and those that can be read in two ways.

    With points the day stands first (04.10.2022). With slashes either may, unless one of the two is above twelve.
    """
    stated = " ".join(stated.split())
    if match := _YEAR_FIRST.fullmatch(stated):
        return _day(match[1], match[3], match[4])
    if match := _YEAR_LAST.fullmatch(stated):
        return _day_of_two(match[1], match[3], match[4], day_first=match[2] == ".")
    if match := _MONTH_DAY_YEAR.fullmatch(stated):
        return _day(match[3], _MONTHS.get(match[1].lower()), match[2])
    if match := _DAY_MONTH_YEAR.fullmatch(stated):
        return _day(match[3], _MONTHS.get(match[2].lower()), match[1])
    if match := _JAVASCRIPT.fullmatch(stated):
        return _day(match[3], _MONTHS.get(match[1].lower()), match[2])
    instant_named = instant_in_text(stated)
    if instant_named is None or not _is_plausible(instant_named.year):
        return None
    return meant_day(instant_named)


def _day(year: str, month: str | int | None, day: str) -> date | None:
    if month is None:
        return None
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _day_of_two(first: str, second: str, year: str, *, day_first: bool) -> date | None:
    if day_first or int(first) > 12 or int(first) == int(second):
        return _day(year, second, first)
    if int(second) > 12:
        return _day(year, first, second)
    return None


def instant_in_text(stated: str) -> datetime | None:
    """The instant that a text names with its time zone: ISO 8601 or JavaScript's way; None otherwise."""
    stated = stated.strip()
    try:
        if match := _JAVASCRIPT.fullmatch(stated):
            return _javascript_instant(match)
        found = datetime.fromisoformat(stated)
        return None if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _javascript_instant(match: re.Match[str]) -> datetime | None:
    month = _MONTHS.get(match[1].lower())
    if month is None or match[4] is None or match[7] is None:
        return None
    offset = timedelta(hours=int(match[8]), minutes=int(match[9])) * (-1 if match[7] == "-" else 1)
    clock = (int(match[4]), int(match[5]), int(match[6]))
    return datetime(int(match[3]), month, int(match[2]), *clock, tzinfo=timezone(offset)).astimezone(UTC)


def meant_day(instant_stored: datetime) -> date:
    """The civil day of which this is the midnight somewhere: that of the nearest midnight UTC.

    A form that knows only the day sends midnight where its reader is, between UTC-11 and UTC+12: 22:00 and 23:00 UTC
    mean the next day, 05:00 UTC this one.
    """
    return (instant_stored.astimezone(UTC) + timedelta(hours=12) - timedelta(microseconds=1)).date()


def _looks_like_midnight(instant_stored: datetime) -> bool:
    return instant_stored.minute in {0, 15, 30, 45} and instant_stored.second == 0 and instant_stored.microsecond == 0


def _stored_instant(value: object) -> datetime | None:
    """A date in BSON's own types, in UTC; None for dates outside Python's calendar and for everything else."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC)
    if isinstance(value, Timestamp):
        return value.as_datetime().astimezone(UTC)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 9e11 < value < 7e12:
        return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=int(value))  # what Date.now() gives, since 1998
    return None


def _is_plausible(year: int) -> bool:
    return FIRST_YEAR < year < LAST_YEAR


def instant(field: Field, column: str, *, first_year: int = 1990) -> datetime | None:
    """The field as an instant; text counts when it names its zone. What cannot be true is set aside."""
    if field.is_empty:
        return None
    value = field.value
    found = instant_in_text(value) if isinstance(value, str) else _stored_instant(value)
    if found is None:
        is_a_date = not isinstance(value, str) and type(value).__name__ == "DatetimeMS"
        field.set_aside(rules.DATE_OUT_OF_RANGE if is_a_date else rules.DATE_NOT_UNDERSTOOD)
        return None
    if not first_year <= found.year < LAST_YEAR:
        field.set_aside(rules.DATE_OUT_OF_RANGE)
        return None
    field.claim(column)
    if not isinstance(value, datetime):
        field.note(rules.DATE_TEXT_PARSED)
    return found


def instant_of(section: Section, name: str, column: str) -> datetime | None:
    """``instant`` of the section's field of this name; quick for dates that can be true."""
    value = section.peek(name)
    if type(value) is datetime and 1990 <= value.year < LAST_YEAR:
        section.claim(name, column)
        return value.replace(tzinfo=UTC)
    return instant(section.take(name), column)


def civil_day(field: Field, column: str, *, not_after: datetime | None = None) -> date | None:
    """The field as a day (a birth); what is partial, can be read in two ways or cannot be true is set aside."""
    if field.is_empty:
        return None
    value = field.value
    stored = _stored_instant(value)
    found = meant_day(stored) if stored and _is_plausible(stored.year) else None
    if isinstance(value, str):
        found = day_in_text(value)
    if found is None and (stored is None and type(value).__name__ != "DatetimeMS"):
        field.set_aside(rules.DATE_NOT_UNDERSTOOD)
        return None
    if found is None or not _is_plausible(found.year) or (not_after and found > not_after.date() + timedelta(days=1)):
        field.set_aside(rules.DATE_OUT_OF_RANGE)
        return None
    field.claim(column)
    _say_how(field, stored)
    return found


def _say_how(field: Field, stored: datetime | None) -> None:
    if stored is None or not isinstance(field.value, datetime):
        field.note(rules.DATE_TEXT_PARSED)
    elif stored.time() != stored.time().min:
        field.note(rules.CIVIL_DAY_RESTORED if _looks_like_midnight(stored) else rules.TIME_OF_DAY_DROPPED)


def stated_day(field: Field, column: str, notes: list[str], *, limit: int = 200) -> tuple[date | None, str | None]:
    """The field as a day where it is certain, and as the text that was stated where it was text (or is no day).

    ``column`` is the text's column: it holds everything that the day may not.
    """
    if field.is_empty:
        return None, None
    stored = _stored_instant(field.value)
    if stored and _is_plausible(stored.year):
        field.claim(column)
        _say_how(field, stored)
        return meant_day(stored), None
    if plain(field.value) is None or stored is not None:
        is_a_date = stored is not None or type(field.value).__name__ == "DatetimeMS"
        field.set_aside(rules.DATE_OUT_OF_RANGE if is_a_date else rules.WRONG_TYPE)
        return None, None
    stated = text(field, column, limit=limit, whole_text_goes_to=notes)
    found = day_in_text(stated) if stated else None
    if found and not _is_plausible(found.year):
        found = None
    if stated:
        field.note(rules.DATE_TEXT_PARSED if found else rules.DATE_TEXT_KEPT)
    return found, stated
