"""What goes into a safety check and what comes out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Severity = Literal["contraindicated", "serious", "caution", "unchecked"]
Kind = Literal["allergy", "duplicate", "interaction", "population", "dose", "unknown_drug"]


@dataclass(frozen=True, slots=True)
class ProposedItem:
    """A medicine as the doctor wrote it. Only `medication` is read for the drug; it may hold brand and strength.

    Without a `frequency` how often it is taken is looked for in `medication` and `dose`.
    """

    medication: str
    strength: str = ""
    dose: str = ""
    route: str = ""
    frequency: str = ""


@dataclass(frozen=True, slots=True)
class ChartAllergy:
    """An allergy on the chart. `severity` and `certainty` are the chart's own words, empty when not recorded."""

    allergen: str
    reaction: str = ""
    severity: str = ""
    certainty: str = ""


@dataclass(frozen=True, slots=True)
class ChartMedication:
    """A medicine the patient takes now."""

    name: str
    dose: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """What the check may know about the patient. `allergies` None: nobody asked; empty: asked, and there are none."""

    allergies: Sequence[ChartAllergy] | None = None
    medications: Sequence[ChartMedication] = ()
    age: int | None = None
    sex: str = ""
    pregnant: bool | None = None
    pregnancy_evidence: str = ""
    """Where it stands that she is pregnant, or not, and from when that is."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing the doctor must know before issuing.

    `item` is the index in the proposed items; what concerns all of them, like an allergy that could not be read, stands
    once, at 0. `evidence` says what in the chart or on the prescription led to it, in the words written there, and how
    each was read. `source` is where the rule stands, `unreviewed` when it rests on general knowledge, and empty for
    'unchecked'.
    """

    severity: Severity
    kind: Kind
    item: int
    title: str
    reason: str
    evidence: str
    source: str
