"""What the assistant understood, in a few lines that the patient can put right.

A correction is an ordinary message: choosing 'this is wrong' puts words to begin with into the form.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from conversations import intake


@dataclass(frozen=True)
class Understood:
    """One fact as the patient reads it, and the words with which a correction may begin."""

    text: str
    correction: str


def understood(assessment: intake.Assessment) -> list[Understood]:
    """The facts: symptoms that are there, those denied, medicines, allergies, earlier illnesses."""
    present = [symptom for symptom in assessment.symptoms if not symptom.denied]
    denied = [symptom for symptom in assessment.symptoms if symptom.denied]
    facts = [Understood(_described(symptom), f"I do not have {_within(symptom.name)}. ") for symptom in present]
    facts += [Understood(f"No {_within(symptom.name)}", f"I do have {_within(symptom.name)}. ") for symptom in denied]
    facts += _stated(assessment.medications, "Takes", "I do not take", "No medicines", "I do take medicines: ")
    facts += _stated(
        assessment.allergies, "Allergic to", "I am not allergic to", "No allergies", "I do have an allergy: "
    )
    facts += _stated(
        assessment.history, "Earlier illness:", "I have not had", "No earlier illnesses", "I have had an illness: "
    )
    return facts


def _described(symptom: intake.Symptom) -> str:
    score = f"{symptom.severity_score} out of 10" if symptom.severity_score is not None else symptom.severity
    details = (symptom.location, symptom.character, score, symptom.duration or symptom.onset)
    words = ", ".join(detail for detail in details if detail)
    gone = " (has gone)" if symptom.resolved else ""
    return f"{_capital(symptom.name)}: {words}{gone}" if words else f"{_capital(symptom.name)}{gone}"


def _stated(
    stated: Iterable[intake.Stated] | None, has: str, has_not: str, none: str, correction_of_none: str
) -> list[Understood]:
    if stated is None:
        return []
    facts = []
    for item in stated:
        detail = f", {item.detail}" if item.detail else ""
        facts.append(Understood(f"{has} {item.name}{detail}", f"{has_not} {item.name}. "))
    return facts or [Understood(none, correction_of_none)]


def _within(name: str) -> str:
    """The name inside a sentence; abbreviations keep their capitals."""
    return name if name[:2].isupper() else f"{name[:1].lower()}{name[1:]}"


def _capital(name: str) -> str:
    return f"{name[:1].upper()}{name[1:]}"
