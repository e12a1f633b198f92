"""Reference ranges by age, from the reviewed file beside this one, with the source that each rests on."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("ranges.toml")
NO_END = 12 * 200


class RangesError(Exception):
    """The file with the ranges is not as it should be."""


@dataclass(frozen=True)
class Source:
    """What a range rests on."""

    title: str
    version: str
    read_at: str
    is_unreviewed: bool


@dataclass(frozen=True)
class Range:
    """What is usual of a measure at an age (in completed months, ``until`` not included)."""

    measure: str
    begins: int
    until: int
    low: Decimal | None
    high: Decimal | None
    when: str
    sources: tuple[Source, ...]

    @property
    def is_unreviewed(self) -> bool:
        """Whether any part of it rests on something that nobody has reviewed."""
        return any(source.is_unreviewed for source in self.sources)

    def judge(self, value: Decimal | int) -> str:
        """'low', 'high', or nothing for a value within it."""
        if self.low is not None and value < self.low:
            return "low"
        return "high" if self.high is not None and value > self.high else ""

    def __str__(self) -> str:
        if self.low is None or self.high is None:
            return f"{self.low} or more" if self.high is None else f"{self.high} or less"
        return f"{self.low}–{self.high}"


def range_for(measure: str, *, born: date | None, on: date, when: str = "") -> Range | None:
    """The range of a measure for somebody of this age on that day; None where there is none or the age is unknown."""
    if born is None or on < born:
        return None
    months = (on.year - born.year) * 12 + on.month - born.month - (on.day < born.day)
    fitting = (
        one
        for one in ranges()
        if one.measure == measure and one.begins <= months < one.until and one.when in ("", when)
    )
    return next(fitting, None)


@cache
def ranges() -> Sequence[Range]:
    """Every range of the file, in its order."""
    return read(FILE)


def read(file: Path) -> Sequence[Range]:
    """The ranges of a file. Raises RangesError, with the place, for one that cannot be right."""
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"), parse_float=Decimal)
        sources = {name: _source(one) for name, one in content["sources"].items()}
        found = tuple(_range(one, sources) for one in content["ranges"])
    except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError) as error:
        raise RangesError(f"{file.name}: {error!r}") from error
    for one in found:
        if one.low is None and one.high is None:
            raise RangesError(f"{file.name}: a range of {one.measure} has no bounds.")
        if (one.low is not None and one.high is not None and one.low >= one.high) or one.begins >= one.until:
            raise RangesError(f"{file.name}: a range of {one.measure} ends before it begins.")
    return found


def _source(written: dict[str, Any]) -> Source:
    if written["status"] not in {"cited", "unreviewed"} or (written["status"] == "cited" and not written["read_at"]):
        raise KeyError(f"status of {written['title']}")
    return Source(written["title"], written["version"], written["read_at"], written["status"] == "unreviewed")


def _range(written: dict[str, Any], sources: dict[str, Source]) -> Range:
    names = [written["source"], *([written["also"]] if "also" in written else [])]
    low, high = written.get("low"), written.get("high")
    return Range(
        measure=written["measure"],
        begins=written.get("from_months", 0),
        until=written.get("to_months", NO_END),
        low=None if low is None else Decimal(low),
        high=None if high is None else Decimal(high),
        when=written.get("when", ""),
        sources=tuple(sources[name] for name in names),
    )
