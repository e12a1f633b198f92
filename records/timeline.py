"""Everything of a chart in the order of time.

An app offers its part in a module ``timeline``, which is found by its name:

    @on_timeline
    def consultations(asked: Asked) -> Iterator[Event]:
        for case in asked.latest(Conversation.objects.visible_to(asked.by)..., at=F("created_at")):
            yield Event(...)

Each part gives its latest events before a place, at most ``asked.limit``, in one statement; they are merged here.
"""

import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import nlargest
from typing import Any

from django.db import models
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Cast, Coalesce
from django.utils.module_loading import autodiscover_modules

from accounts.models import User
from medichat.templatetags.clinical import dose
from records.access import OpenChart
from records.kinds import KINDS, Kind
from records.models import ChartEntry, EarlierStatement, MedicalHistory, Medication
from records.sections import name_of, provenance_of

EVENTS_SHOWN = 40
# Imported rows may not know their time. They stand last, and say so.
UNKNOWN = datetime(1900, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Event:
    """Something that happened to the patient, or was written down."""

    at: datetime
    id: uuid.UUID
    what: str
    """'Allergy', 'Consultation'."""
    icon: str
    title: str
    detail: str = ""
    source: str = ""
    url: str = ""
    is_day: bool = False
    """Only the day is known."""

    @property
    def is_unknown(self) -> bool:
        """Nobody knows when it was."""
        return self.at == UNKNOWN


@dataclass(frozen=True)
class Asked:
    """What a part of the timeline is asked for."""

    chart: OpenChart
    limit: int
    before: tuple[datetime, uuid.UUID] | None = None
    """Only what lies before this event."""

    @property
    def by(self) -> User:
        """Who asks."""
        return self.chart.by

    @property
    def patient(self) -> User:
        """Whose timeline it is."""
        return self.chart.patient

    def latest(self, rows: "QuerySet[Any]", *, at: Any) -> Iterator[tuple[datetime, Any]]:
        """The patient's latest rows by the time ``at`` (a day counts as its beginning), with that time."""
        moment = Coalesce(at, Value(UNKNOWN), output_field=models.DateTimeField())
        rows = rows.filter(patient=self.patient).annotate(happened_at=moment)
        if self.before:
            when, key = self.before
            rows = rows.filter(Q(happened_at__lt=when) | Q(happened_at=when, pk__lt=key))
        for row in rows.order_by("-happened_at", "-pk")[: self.limit]:
            yield vars(row)["happened_at"], row


Part = Callable[[Asked], Iterable[Event]]
_parts: list[Part] = []


def on_timeline(part: Part) -> Part:
    """Register a part of the timeline."""
    _parts.append(part)
    return part


def events_of(chart: OpenChart, before: tuple[datetime, uuid.UUID] | None) -> tuple[list[Event], bool]:
    """A page of the timeline, latest first, and whether there is more."""
    autodiscover_modules("timeline")
    asked = Asked(chart, EVENTS_SHOWN + 1, before)
    latest = nlargest(
        asked.limit, (event for part in _parts for event in part(asked)), key=lambda event: (event.at, event.id)
    )
    return latest[:EVENTS_SHOWN], len(latest) > EVENTS_SHOWN


def day(column: str) -> Coalesce:
    """A column with a day as the moment of its beginning; where it is empty, when the row was made."""
    return Coalesce(Cast(column, models.DateTimeField()), F("created_at"))


# Which day of an entry counts, where it says one.
_DAYS = {
    "allergies": "diagnosed_on",
    "medicines": "started_on",
    "conditions": "diagnosed_on",
    "operations": "performed_on",
    "vaccinations": "given_on",
}
_OVER = {"medicines": ("ended_on", "stopped"), "conditions": ("resolved_on", "resolved")}


def _entries(kind: Kind, asked: Asked) -> "QuerySet[Any]":
    entries: QuerySet[Any] = kind.model.objects.visible_to(asked.by).standing().with_people()
    return entries


@on_timeline
def entries(asked: Asked) -> Iterator[Event]:
    """The entries of the chart: on the day that they say, else when they were written down."""
    for kind in KINDS.values():
        column = _DAYS.get(kind.slug, "")
        at = F("measured_at") if kind.slug == "vitals" else day(column) if column else F("created_at")
        for moment, entry in asked.latest(_entries(kind, asked), at=at):
            kind.prepare(entry, asked.chart)
            yield _event(kind, entry, moment, asked, is_day=bool(column and getattr(entry, column)))


@on_timeline
def ends(asked: Asked) -> Iterator[Event]:
    """Medicines that were stopped, conditions that were over."""
    for slug, (column, word) in _OVER.items():
        kind = KINDS[slug]
        ended = _entries(kind, asked).filter(**{f"{column}__isnull": False})
        for moment, entry in asked.latest(ended, at=Cast(column, models.DateTimeField())):
            yield _event(kind, entry, moment, asked, is_day=True, word=word)


def _event(kind: Kind, entry: ChartEntry, moment: datetime, asked: Asked, *, is_day: bool, word: str = "") -> Event:
    (_heading, name), *_rest = cells = [(heading, text_of(entry)) for heading, text_of in kind.columns]
    detail = _said(cells[1:])
    if isinstance(entry, Medication):
        name = dose(entry)
    elif kind.slug == "vitals":
        # A figure without its name could be taken for another one.
        name, detail = kind.title, ", ".join(f"{heading} {text}" for heading, text in cells[1:] if text)
    if word or isinstance(entry, Medication):
        detail = ""
    if isinstance(entry, MedicalHistory) and entry.icd10_code and word:
        detail = entry.icd10_code
    return Event(
        at=moment,
        id=entry.pk,
        what=kind.singular.capitalize() + (f" {word}" if word else ""),
        icon=kind.icon,
        title=name,
        detail=detail,
        source=provenance_of(entry, asked.by),
        url=asked.chart.url() + (f"#{kind.slug}" if asked.chart.is_own else f"?tab={kind.tab}#entry-{entry.pk}"),
        is_day=is_day,
    )


def _said(cells: list[tuple[str, str]]) -> str:
    return ", ".join(text if heading != "Notes" else f"“{text}”" for heading, text in cells if text)


@on_timeline
def statements(asked: Asked) -> Iterator[Event]:
    """What was known of the person until it was changed."""
    earlier = EarlierStatement.objects.visible_to(asked.by).select_related("changed_by")
    for moment, one in asked.latest(earlier, at=F("created_at")):
        yield Event(
            at=moment,
            id=one.pk,
            what="Changed",
            icon="user",
            title=one.label,
            detail=f"before: {one.value}",
            source=name_of(one.changed_by_id, one.changed_by, asked.by),
        )
