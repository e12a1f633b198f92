"""Prescribing situations as data, read by the tests and by the bench."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prescriptions.safety import Alert, Chart, ChartAllergy, ChartMedication, ProposedItem, check

RANK = ("nothing", "unchecked", "caution", "serious", "contraindicated")


@dataclass(frozen=True)
class Situation:
    """One line of ``situations.toml``: what is prescribed to whom, and the worst that must be said."""

    group: str
    prescribe: str
    expect: str
    allergic: str = ""
    taking: str = ""
    age: int | None = None
    pregnant: bool | None = None

    @property
    def chart(self) -> Chart:
        """What stands on the chart; without an allergy the patient has said that there is none."""
        allergen, _, reaction = self.allergic.partition(":")
        allergies = [ChartAllergy(allergen.strip(), reaction.strip(), "", "")] if allergen else []
        taken = [ChartMedication(name) for name in self.taking.split(" + ") if name]
        return Chart(allergies=allergies, medications=taken, age=self.age, pregnant=self.pregnant)

    def alerts(self) -> tuple[Alert, ...]:
        """What the check says."""
        return check([ProposedItem(medicine) for medicine in self.prescribe.split(" + ")], self.chart)

    def is_met(self) -> bool:
        """Whether the expected alert is there, as severe or more; for 'nothing': whether nothing is."""
        alerts = self.alerts()
        if self.expect == "nothing":
            return not alerts
        severity, kind = self.expect.split()
        return any(alert.kind == kind and RANK.index(alert.severity) >= RANK.index(severity) for alert in alerts)


def situations() -> list[Situation]:
    """All of them, in the order of the file."""
    found: dict[str, list[dict[str, Any]]] = tomllib.loads(
        Path(__file__).with_name("situations.toml").read_text(encoding="utf-8")
    )
    return [Situation(group, **entry) for group, entries in found.items() for entry in entries]
