"""The geometry of a small chart: figures in, coordinates of an SVG out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from records.vitals.ranges import Range

WIDTH, HEIGHT = 320, 120
LEFT, RIGHT, TOP, BOTTOM = 34, 8, 8, 18
LINE_HEIGHT = 12


@dataclass(frozen=True)
class Reading:
    """One figure at one time."""

    at: datetime
    value: Decimal
    judged: str = ""
    """'low', 'high' or nothing."""


@dataclass(frozen=True)
class Point:
    """A reading in the units of the picture."""

    x: float
    y: float
    reading: Reading

    @property
    def square_x(self) -> float:
        """The left side of a square of 6 around it."""
        return round(self.x - 3, 1)

    @property
    def square_y(self) -> float:
        """The upper side of that square."""
        return round(self.y - 3, 1)


@dataclass(frozen=True)
class Line:
    """Readings of one measure, oldest first."""

    label: str
    points: Sequence[Point]
    is_second: bool
    """Drawn dashed and with squares, so that two lines are told apart without colour."""

    @property
    def path(self) -> str:
        """The points of a polyline."""
        return " ".join(f"{point.x},{point.y}" for point in self.points)


@dataclass(frozen=True)
class Band:
    """The usual range in the units of the picture."""

    y: float
    height: float


@dataclass(frozen=True)
class Tick:
    """A figure at the side of the picture."""

    y: float
    label: str


@dataclass(frozen=True)
class Picture:
    """One chart."""

    lines: Sequence[Line]
    bands: Sequence[Band]
    ticks: Sequence[Tick]
    begins: datetime
    ends: datetime

    width, height, left, right = WIDTH, HEIGHT, LEFT, WIDTH - RIGHT
    floor, label_x = HEIGHT - BOTTOM, LEFT - 5
    inner_width = WIDTH - LEFT - RIGHT


def draw(series: Sequence[tuple[str, Sequence[Reading]]], usual: Sequence[Range | None]) -> Picture | None:
    """Draw one or two series (oldest first) with their usual ranges behind them; None without a figure."""
    readings = [reading for _label, some in series for reading in some]
    if not readings:
        return None
    bounds = [bound for one in usual if one for bound in (one.low, one.high) if bound is not None]
    values = [reading.value for reading in readings]
    lowest, highest = min([*values, *bounds]), max([*values, *bounds])
    margin = max((highest - lowest) * Decimal("0.1"), Decimal(1))
    lowest, highest = lowest - margin, highest + margin
    begins, ends = min(reading.at for reading in readings), max(reading.at for reading in readings)
    span = (ends - begins).total_seconds()

    def x_of(at: datetime) -> float:
        inner = WIDTH - LEFT - RIGHT
        share = (at - begins).total_seconds() / span if span else 0.5
        return round(LEFT + inner * share, 1)

    def y_of(value: Decimal) -> float:
        share = float((value - lowest) / (highest - lowest))
        return round(HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * share, 1)

    def band(one: Range) -> Band:
        above = y_of(highest if one.high is None else one.high)
        below = y_of(lowest if one.low is None else one.low)
        return Band(above, round(below - above, 1))

    shown = sorted({min(values), max(values)})
    return Picture(
        lines=[
            Line(label, [Point(x_of(one.at), y_of(one.value), one) for one in some], is_second=number > 0)
            for number, (label, some) in enumerate(series)
            if some
        ],
        bands=[band(one) for one in usual if one],
        ticks=_apart([Tick(y_of(value), f"{value.normalize():f}") for value in shown]),
        begins=begins,
        ends=ends,
    )


def _apart(ticks: list[Tick]) -> list[Tick]:
    """The ticks, of two that would cover each other the upper one."""
    return ticks if len(ticks) < 2 or ticks[0].y - ticks[-1].y >= LINE_HEIGHT else ticks[-1:]
