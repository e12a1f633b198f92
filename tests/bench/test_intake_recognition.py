"""How well the intake recognises urgency, on vignettes that nobody may tune on. It reports; it judges no figure."""

from collections import Counter

import pytest
from rich.console import Console
from rich.table import Table

from conversations.intake import Turn, assess
from tests.conversations.intake.vignettes import Vignette, read

pytestmark = pytest.mark.bench

LEVELS = ("emergency", "urgent", "routine", "self_care")


def recognised(vignette: Vignette) -> str:
    """The urgency after all that the vignette says."""
    turns = [Turn("patient", text, reference=str(number)) for number, text in enumerate(vignette.says)]
    return str(assess(turns, age=vignette.age, sex=vignette.sex).urgency)


def test_recognition_of_emergencies_on_held_out_vignettes() -> None:
    vignettes, _ = read("held_out")
    confusion: Counter[tuple[str, str]] = Counter()
    wrong: list[tuple[Vignette, str]] = []
    for vignette in vignettes:
        found = recognised(vignette)
        confusion[vignette.level, found] += 1
        if (vignette.level == "emergency") != (found == "emergency"):
            wrong.append((vignette, found))
    assert confusion.total() == len(vignettes)
    report(confusion, wrong)


def report(confusion: Counter[tuple[str, str]], wrong: list[tuple[Vignette, str]]) -> None:
    """The confusion matrix, sensitivity and specificity for emergencies, and every case that was taken wrongly."""
    console = Console(width=150)
    table = Table("the guideline says", *LEVELS, title="Urgency on held-out vignettes: what the intake says")
    for wanted in LEVELS:
        table.add_row(wanted, *(str(confusion[wanted, found]) for found in LEVELS))
    console.print(table)
    emergencies = sum(count for (wanted, _), count in confusion.items() if wanted == "emergency")
    others = confusion.total() - emergencies
    missed = sum(vignette.level == "emergency" for vignette, _ in wrong)
    console.print(
        f"emergencies recognised: {emergencies - missed} of {emergencies} ({1 - missed / emergencies:.0%}); "
        f"others called an emergency: {len(wrong) - missed} of {others} ({(len(wrong) - missed) / others:.0%})"
    )
    for vignette, found in wrong:
        console.print(f"  {vignette.id}: {vignette.level}, taken as {found}")
