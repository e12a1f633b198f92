"""The measures: their names, units and plausible bounds, and how a figure is shown and judged."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from records.vitals.charts import Picture, Reading, draw
from records.vitals.ranges import Range, Source, range_for

ADULT_MONTHS = 216


@dataclass(frozen=True)
class Measure:
    """One measure. What lies outside ``lowest`` and ``highest`` is a slip of the pen and no measurement."""

    slug: str
    label: str
    unit: str
    lowest: Decimal
    highest: Decimal


MEASURES = {
    slug: Measure(slug, label, unit, Decimal(lowest), Decimal(highest))
    for slug, label, unit, lowest, highest in (
        ("systolic", "Systolic", "mmHg", "30", "300"),
        ("diastolic", "Diastolic", "mmHg", "10", "200"),
        ("pulse", "Pulse", "/min", "10", "350"),
        ("temperature_c", "Temperature", "°C", "25", "45"),
        ("respiratory_rate", "Breathing rate", "/min", "2", "150"),
        ("oxygen_saturation", "Oxygen saturation", "%", "30", "100"),
        ("weight_kg", "Weight", "kg", "0.2", "700"),
        ("height_cm", "Height", "cm", "20", "280"),
        ("glucose_mmol_l", "Glucose", "mmol/L", "0.5", "80"),
    )
}
# Cards of the page: title, unit, and the one or two measures that are drawn.
CARDS: Sequence[tuple[str, str, tuple[str, ...]]] = (
    ("Blood pressure", "mmHg", ("systolic", "diastolic")),
    ("Pulse", "/min", ("pulse",)),
    ("Temperature", "°C", ("temperature_c",)),
    ("Breathing rate", "/min", ("respiratory_rate",)),
    ("Oxygen saturation", "%", ("oxygen_saturation",)),
    ("Weight", "kg", ("weight_kg",)),
    ("Height", "cm", ("height_cm",)),
    ("Body mass index", "kg/m²", ("bmi",)),
    ("Glucose", "mmol/L", ("glucose_mmol_l",)),
)
READINGS_DRAWN = 30


class Measured(Protocol):
    """A set of measurements taken at one time."""

    measured_at: datetime
    glucose_when: str | None

    @property
    def day(self) -> date:
        """The day at the clinic."""

    @property
    def bmi(self) -> Decimal | None:
        """Computed from weight and height."""


def figure(value: Decimal | int | None) -> str:
    """A figure as it is safe to read: no trailing zero, which could be read as ten times as much."""
    if value is None:
        return ""
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)


def judged(one: Measured, measure: str, born: date | None) -> str:
    """Whether this figure is 'low' or 'high' for the age at that time; nothing when it is neither or not known."""
    value = getattr(one, measure)
    usual = range_for(measure, born=born, on=one.day, when=one.glucose_when or "")
    return usual.judge(value) if usual and value is not None else ""


def shown(one: Measured, measure: str, born: date | None) -> str:
    """The figure, with a word when it is out of the usual range."""
    mark = judged(one, measure, born)
    return figure(getattr(one, measure)) + (f" ({mark})" if mark else "")


def pressure(one: Measured, born: date | None) -> str:
    """The blood pressure as one writes it, ``152/88 (high)``."""
    systolic, diastolic = getattr(one, "systolic", None), getattr(one, "diastolic", None)
    if systolic is None:
        return ""
    marks = sorted({judged(one, name, born) for name in ("systolic", "diastolic")} - {""})
    return f"{systolic}/{'?' if diastolic is None else diastolic}" + (f" ({' and '.join(marks)})" if marks else "")


@dataclass(frozen=True)
class Card:
    """One measure over time, as a page shows it: the latest figure, what is usual, and the picture."""

    title: str
    unit: str
    latest: str
    latest_at: datetime
    usual: str
    """The usual range in words; nothing where there is none for the age."""
    is_unreviewed: bool
    sources: Sequence[Source]
    picture: Picture
    count: int

    @property
    def summary(self) -> str:
        """What the picture shows, for those who do not see it."""
        return f"{self.title}, {self.count} measured, the latest {self.latest} {self.unit}"


def cards_of(measured: Sequence[Measured], born: date | None) -> list[Card]:
    """A card for every measure of which there is a figure; ``measured`` is in the order of time, oldest first."""
    return [card for title, unit, names in CARDS if (card := _card(title, unit, names, measured, born))]


def _card(
    title: str, unit: str, names: tuple[str, ...], measured: Sequence[Measured], born: date | None
) -> Card | None:
    with_figure = [one for one in measured if getattr(one, names[0]) is not None][-READINGS_DRAWN:]
    if not with_figure:
        return None
    latest = with_figure[-1]
    usual = [range_for(name, born=born, on=latest.day, when=latest.glucose_when or "") for name in names]
    series = [
        (
            MEASURES[name].label if name in MEASURES else title,
            [
                Reading(one.measured_at, Decimal(getattr(one, name)), judged(one, name, born))
                for one in with_figure
                if getattr(one, name) is not None
            ],
        )
        for name in names
    ]
    picture = draw(series, usual)
    assert picture is not None, "the first measure has a figure"
    known = [one for one in usual if one]
    return Card(
        title=title,
        unit=unit,
        latest=pressure(latest, born) if len(names) > 1 else shown(latest, names[0], born),
        latest_at=latest.measured_at,
        usual=_in_words(names, usual),
        is_unreviewed=any(one.is_unreviewed for one in known),
        sources=list(dict.fromkeys(source for one in known for source in one.sources)),
        picture=picture,
        count=len(with_figure),
    )


def _in_words(names: Sequence[str], usual: Sequence[Range | None]) -> str:
    parts = [
        f"{MEASURES[name].label.lower()} {one}" if len(names) > 1 else str(one)
        for name, one in zip(names, usual, strict=True)
        if one
    ]
    return ", ".join(parts)
