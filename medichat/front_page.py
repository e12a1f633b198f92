"""The front page of the administration: what needs attention, and figures of the last days.

An app offers its part in a module ``front_page``, which is found by its name:

    @panel
    def prescriptions(period: Period, asker: User) -> Iterator[Part]:
        yield DailyChart("Prescriptions", period.days, [Series("Written", numbers)])

A panel counts, in as many statements for a large clinic as for a small one, and reads no further back than the period.
It names no patient: the lists that its notices lead to do, and say who looked.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import IntEnum
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.module_loading import autodiscover_modules

if TYPE_CHECKING:
    from accounts.models import User

WEEK, MONTH = 7, 30


@dataclass(frozen=True)
class Period:
    """The last thirty days at the clinic, today (as far as it has come) included."""

    now: datetime

    @property
    def days(self) -> list[date]:
        """The days, oldest first."""
        today = timezone.localdate(self.now)
        return [today - timedelta(days=back) for back in reversed(range(MONTH))]

    @property
    def begins(self) -> datetime:
        """Midnight before the first of the thirty days."""
        return _midnight(self.days[0])

    @property
    def week_begins(self) -> datetime:
        """Midnight before the first of the last seven days."""
        return _midnight(self.days[-WEEK])

    @property
    def ends(self) -> datetime:
        """Midnight after today. Queries name it: then the log's months to come are not even opened."""
        return _midnight(self.days[-1] + timedelta(days=1))

    @property
    def day_ago(self) -> datetime:
        """24 hours ago."""
        return self.now - timedelta(hours=24)


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


class Weight(IntEnum):
    """How much a notice weighs; the heaviest come first."""

    DANGER = 0, "Danger", "emergency"
    TROUBLE = 1, "Trouble", "warning"
    TASK = 2, "To do", "bell"
    NOTE = 3, "To know", "info"

    word: str
    icon: str

    def __new__(cls, value: int, word: str, icon: str) -> "Weight":
        """A number with its word and its icon: the weight is never told by colour alone."""
        weight = int.__new__(cls, value)
        weight._value_, weight.word, weight.icon = value, word, icon
        return weight


@dataclass(frozen=True)
class Notice:
    """Something that an administrator should look at, and the address of the list that shows exactly that."""

    weight: Weight
    what: str
    address: str
    more: str = ""


@dataclass(frozen=True)
class Series:
    """How often something happened on each day; days on which it did not may be missing."""

    label: str
    by_day: Mapping[date, int]


@dataclass(frozen=True)
class Bar:
    """One day of a strip, in the units of its picture."""

    day: date
    number: int
    x: int
    y: int
    height: int
    is_of_week: bool


@dataclass(frozen=True)
class Strip:
    """One series as a row of bars."""

    label: str
    week: int
    month: int
    bars: Sequence[Bar]

    @property
    def busiest(self) -> Bar:
        """The (latest) day with the most."""
        return max(self.bars, key=lambda bar: (bar.number, bar.day))


@dataclass(frozen=True)
class DailyChart:
    """Up to a few series day by day, one strip below the other and all in the same scale."""

    title: str
    days: Sequence[date]
    series: Sequence[Series]

    BAR_WIDTH = 10
    HEIGHT = 48

    @property
    def width(self) -> int:
        """Of the picture, in its own units."""
        return len(self.days) * self.BAR_WIDTH

    @property
    def strips(self) -> list[Strip]:
        """The series as they are drawn."""
        most = max((series.by_day.get(day, 0) for series in self.series for day in self.days), default=0)
        return [self._strip(series, most) for series in self.series]

    def _strip(self, series: Series, most: int) -> Strip:
        numbers = [series.by_day.get(day, 0) for day in self.days]
        bars = []
        for place, (day, number) in enumerate(zip(self.days, numbers, strict=True)):
            # A single one beside hundreds is still seen.
            height = max(2, round(self.HEIGHT * number / most)) if number else 0
            of_week = place >= len(self.days) - WEEK
            bars.append(Bar(day, number, place * self.BAR_WIDTH, self.HEIGHT - height, height, of_week))
        return Strip(series.label, sum(numbers[-WEEK:]), sum(numbers), bars)

    @property
    def rows(self) -> list[tuple[date, list[int]]]:
        """The same in figures, latest day first."""
        return [(day, [series.by_day.get(day, 0) for series in self.series]) for day in reversed(self.days)]


@dataclass(frozen=True)
class MeasuredTime:
    """How long something took (None: it never happened), beside the time that it should take at most."""

    label: str
    week: timedelta | None
    month: timedelta | None
    target: timedelta

    WIDTH = 100

    @property
    def length(self) -> int:
        """Of the bar of the month, in units of which 50 are the target; twice the target fills the picture."""
        return 0 if self.month is None else min(self.WIDTH, max(1, round(50 * (self.month / self.target))))

    @property
    def is_late(self) -> bool:
        """Whether the month's time is beyond the target."""
        return self.month is not None and self.month > self.target


@dataclass(frozen=True)
class TimesTable:
    """Times beside their targets."""

    title: str
    times: Sequence[MeasuredTime]


Part = Notice | DailyChart | TimesTable
Panel = Callable[[Period, "User"], Iterable[Part]]


@dataclass(frozen=True)
class FrontPage:
    """Everything the panels gave."""

    notices: list[Notice] = field(default_factory=list)
    charts: list[DailyChart] = field(default_factory=list)
    tables: list[TimesTable] = field(default_factory=list)


_panels: list[Panel] = []


def panel(gives: Panel) -> Panel:
    """Register a part of the front page."""
    _panels.append(gives)
    return gives


def gather(asker: "User", *, now: datetime | None = None) -> FrontPage:
    """Ask every app. Run in the context of the administrator who asks."""
    autodiscover_modules("front_page")
    period, page = Period(now or timezone.now()), FrontPage()
    for gives in _panels:
        for part in gives(period, asker):
            match part:
                case Notice():
                    page.notices.append(part)
                case DailyChart():
                    page.charts.append(part)
                case TimesTable():
                    page.tables.append(part)
    page.notices.sort(key=lambda notice: notice.weight)
    return page


def counted(number: int, one: str, many: str) -> str:
    """``1 doctor waits`` or ``3 doctors wait``."""
    return f"{number} {one if number == 1 else many}"
