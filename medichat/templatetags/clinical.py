"""Dates, ages, names and doses as clinicians write them, and the icons; loaded for every template.

The conventions are those of the NHS common user interface (dates, names) and of the Institute for Safe Medication
Practices (doses). Nothing here guesses: what is not understood is shown as it was written.
"""

from datetime import date, datetime, timedelta
from typing import Protocol

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from medichat.doses import tidy_dose
from medichat.rich_text import as_html, as_text

register = template.Library()

# Written out here because a record reads the same whatever language the server is set to.
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@register.filter
def clinical_date(value: date | datetime | None) -> str:
    """A day as ``15-Jun-1990``; a moment counts as the day it was at the clinic. Nothing for no value."""
    if value is None or value == "":
        return ""
    day = _at_the_clinic(value) if isinstance(value, datetime) else value
    return f"{day.day:02d}-{MONTHS[day.month - 1]}-{day.year:04d}"


@register.filter
def clinical_time(value: datetime | None) -> str:
    """The time of day at the clinic in 24 hours, ``14:05``."""
    return f"{_at_the_clinic(value):%H:%M}" if value else ""


@register.filter
def clinical_datetime(value: datetime | None) -> str:
    """Day and time at the clinic, ``22-Nov-2026 14:05``."""
    return f"{clinical_date(value)} {clinical_time(value)}" if value else ""


@register.filter
def clinical_datetime_zone(value: datetime | None) -> str:
    """Day and time with the zone's name, ``22-Nov-2026 14:05 UTC``, where readers may be elsewhere."""
    return f"{clinical_datetime(value)} {_at_the_clinic(value).tzname() or ''}".strip() if value else ""


def _at_the_clinic(moment: datetime) -> datetime:
    return timezone.localtime(moment) if timezone.is_aware(moment) else moment


@register.filter
def age(born: date | None, on: date | None = None) -> str:
    """The age in completed years (``36 y``), in months below two years, in days below one month.

    ``on`` is the day it is asked for, today unless given. A birth date after that day is nonsense and gives nothing.
    """
    if not born:
        return ""
    today = on or timezone.localdate()
    if born > today:
        return ""
    months = (today.year - born.year) * 12 + today.month - born.month - (today.day < born.day)
    if months >= 24:
        return f"{months // 12} y"
    if months >= 1:
        return f"{months} mo"
    return f"{(today - born).days} d"


@register.filter
def waiting(since: datetime | None, now: datetime | None = None) -> str:
    """How long ago, as ``2 h 10 min``; whole days and hours from one day on. A moment to come counts as just now."""
    if not since:
        return ""
    return duration((now or timezone.now()) - since)


@register.filter
def duration(length: timedelta | None) -> str:
    """A length of time as ``2 h 10 min`` or ``3 d 4 h``, rounded down: nobody seems to wait longer than they do."""
    if length is None:
        return ""
    minutes = int(length.total_seconds() // 60)
    if minutes < 1:
        return "under 1 min"
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 24 * 60:
        hours, rest = divmod(minutes, 60)
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    days, rest = divmod(minutes // 60, 24)
    return f"{days} d {rest} h" if rest else f"{days} d"


class Named(Protocol):
    """Somebody with a name in two parts."""

    first_name: str
    last_name: str


@register.filter
def person_name(person: Named | None) -> str:
    """``SURNAME, First``: the family name in capitals and first, so that the two are never mistaken for each other."""
    if person is None:
        return ""
    first = (getattr(person, "first_name", "") or "").strip()
    last = (getattr(person, "last_name", "") or "").strip().upper()
    return ", ".join(part for part in (last, first) if part) or "Name not known"


@register.filter
def rich_text(text: str | None) -> SafeString:
    """A doctor's words with their formatting, made safe (``medichat.rich_text``)."""
    return as_html(text)


@register.filter
def plain_line(text: str | None) -> str:
    """The same words on one line, without any formatting, for titles and lists."""
    return " ".join(as_text(text).split())


@register.filter
def dose(text: object) -> str:
    """A dose as it is safe to read (``medichat.doses.tidy_dose``); nothing for no value."""
    return "" if text is None else tidy_dose(str(text))


# The word and the icon of each level; position and colour are the page's. Unknown levels are shown as not assessed.
URGENCIES = {
    "emergency": ("Emergency", "emergency"),
    "urgent": ("Urgent", "urgent"),
    "routine": ("Routine", "routine"),
    "self_care": ("Self-care", "self-care"),
}


@register.filter
def urgency_word(level: str | None) -> str:
    """The word for an urgency: ``Emergency``, ``Urgent``, ``Routine``, ``Self-care`` or ``Not assessed``."""
    return URGENCIES.get(str(level or ""), ("Not assessed", "question"))[0]


@register.filter
def urgency_icon(level: str | None) -> str:
    """The icon whose shape alone tells the urgency apart."""
    return URGENCIES.get(str(level or ""), ("Not assessed", "question"))[1]


@register.filter
def urgency_class(level: str | None) -> str:
    """The badge's class: one of the levels, or ``unknown``."""
    return str(level) if level in URGENCIES else "unknown"


@register.simple_tag
def icon(name: str, label: str = "", large: bool = False) -> SafeString:
    """One symbol of the sprite. Without a label it is decoration; with one, a picture that is read out."""
    css_class = "icon icon--large" if large else "icon"
    reference = f"{static('medichat/icons.svg')}#{name}"
    if label:
        return format_html(
            '<svg class="{}" role="img" aria-label="{}"><use href="{}"></use></svg>', css_class, label, reference
        )
    return format_html(
        '<svg class="{}" aria-hidden="true" focusable="false"><use href="{}"></use></svg>', css_class, reference
    )
