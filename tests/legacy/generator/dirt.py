"""Kinds of dirt: what each does to a document, and the rule by which the import must name it."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.legacy.generator.clinic import OldClinic

Fields = dict[str, Any]


@dataclass
class Place:
    """The document that gets dirty, its number, and the clinic around it."""

    clinic: "OldClinic"
    number: int
    chance: random.Random
    fields: Fields


@dataclass(frozen=True)
class Dirt:
    """``rules``: codes that must all be among the findings of such a document; none where the value is valid."""

    name: str
    rules: tuple[str, ...]
    spoil: Callable[[Place], bytes | None]
    """Changes the fields; or returns the document's bytes, where no encoder would write them."""


class Kinds(list[Dirt]):
    """All kinds of dirt of one collection."""

    def kind(self, *rules: str) -> Callable[[Callable[[Place], bytes | None]], Callable[[Place], bytes | None]]:
        """Adds a function that spoils a document, under its own name."""

        def add(spoil: Callable[[Place], bytes | None]) -> Callable[[Place], bytes | None]:
            self.append(Dirt(spoil.__name__.strip("_"), rules, spoil))
            return spoil

        return add

    def values(self, *kinds: tuple[str, str, Any, str]) -> None:
        """Adds kinds that only put a value into a field: name, field (a path with points), value, rule or ''."""
        for name, path, value, rule in kinds:
            self.append(Dirt(name, (rule,) if rule else (), _putting(path, value)))


ABSENT = object()


def _putting(path: str, value: Any) -> Callable[[Place], bytes | None]:
    def put(place: Place) -> None:
        *outer, last = path.split(".")
        inner: Any = place.fields
        for step in outer:
            inner = inner[int(step)] if isinstance(inner, list) else inner[step]
        if value is ABSENT:
            inner.pop(last, None)
        elif isinstance(inner, list):
            inner[int(last)] = value
        else:
            inner[last] = value

    return put
