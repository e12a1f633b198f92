"""How well the intake recognises urgency, on vignettes that nobody may tune on. It reports; it judges no figure."""

import os
from collections import Counter

import pytest
from rich.console import Console
from rich.table import Table

from conversations.intake import Turn, assess
from tests.conversations.intake.vignettes import Vignette, read

pytestmark = pytest.mark.bench

LEVELS = ("emergency", "urgent", "routine", "self_care")
HALVES = {"tuning": "the rules were improved on these", "held_out": "nobody tunes on these"}


def recognised(vignette: Vignette) -> str:
    """The urgency after all that the vignette says."""
    turns = [Turn("patient", text, reference=str(number)) for number, text in enumerate(vignette.says)]
    return str(assess(turns, age=vignette.age, sex=vignette.sex).urgency)


@pytest.mark.parametrize("half", HALVES)
def test_recognition_of_emergencies_on_vignettes(half: str) -> None:
    vignettes, _ = read(half)
    confusion: Counter[tuple[str, str]] = Counter()
    wrong: list[tuple[Vignette, str]] = []
    for vignette in vignettes:
        found = recognised(vignette)
        confusion[vignette.level, found] += 1
        if (vignette.level == "emergency") != (found == "emergency"):
            wrong.append((vignette, found))
    assert confusion.total() == len(vignettes)
    report(half, confusion, wrong)


def report(half: str, confusion: Counter[tuple[str, str]], wrong: list[tuple[Vignette, str]]) -> None:
    """The confusion matrix, sensitivity and specificity for emergencies.

    The cases taken wrongly are named only for a half that ``INTAKE_SHOW_MISSES`` names: whoever improves the rules
    must not come to know those of the held-out half by running the bench.
    """
    console = Console(width=150)
    title = f"Urgency on the vignettes of {half} ({HALVES[half]}): what the intake says"
    table = Table("the guideline says", *LEVELS, title=title)
    for wanted in LEVELS:
        table.add_row(wanted, *(str(confusion[wanted, found]) for found in LEVELS))
    console.print(table)
    emergencies = sum(count for (wanted, _), count in confusion.items() if wanted == "emergency")
    others = confusion.total() - emergencies
    missed = sum(vignette.level == "emergency" for vignette, _ in wrong)
    called = len(wrong) - missed
    console.print(
        f"emergencies recognised: {emergencies - missed} of {emergencies} (sensitivity "
        f"{1 - missed / emergencies:.0%}); others called an emergency: {called} of {others} (specificity "
        f"{1 - called / others:.0%})"
    )
    if half not in os.environ.get("INTAKE_SHOW_MISSES", "").split(","):
        console.print(f"  INTAKE_SHOW_MISSES={half} names the cases that were taken wrongly")
        return
    for vignette, found in wrong:
        console.print(f"  {vignette.id}: {vignette.level}, taken as {found}")
