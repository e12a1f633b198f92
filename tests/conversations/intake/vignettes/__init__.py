"""Short cases as patients type them, with the urgency that a guideline asks for; `make bench` measures on them.

``held_out.toml`` is for measuring only: whoever changes the rules of the intake does not read it.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

UNREVIEWED = "unreviewed"
Level = Literal["emergency", "urgent", "routine", "self_care"]


@dataclass(frozen=True)
class Vignette:
    """What somebody says in one or more messages. ``age`` is in completed years, ``pregnant`` None is not stated."""

    id: str
    presentation: str
    age: int
    sex: str
    level: Level
    source: str
    why: str
    says: list[str]
    pregnant: bool | None = None


def read(name: str) -> tuple[list[Vignette], dict[str, str]]:
    """The vignettes of one file and the guidelines they name."""
    found = tomllib.loads(Path(__file__).with_name(f"{name}.toml").read_text(encoding="utf-8"))
    return [Vignette(**entry) for entry in found["vignette"]], found["sources"]
