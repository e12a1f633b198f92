"""The question plans of `plans/presentations/`: which complaint has which questions, and what may stay at home."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from conversations.intake.attributes import hours_in, raw
from conversations.intake.concepts import concepts
from conversations.intake.context import phrase_at
from conversations.intake.data import load_all
from conversations.intake.findings import ReadTurn
from conversations.intake.model import Quote, Stated, Symptom

_HOURS_IN_DAY = 24
_SELF_CARE_CONDITIONS = frozenset(
    {"hay fever", "migraine", "eczema", "irritable bowel syndrome", "lactose intolerance"}
)
"""Conditions that do not keep a minor complaint from being cared for at home; any other does."""


@dataclass(frozen=True, slots=True)
class SelfCare:
    """When a complaint without warning signs may be cared for at home: nothing else may be there than `only_with`."""

    days: int
    from_age: int
    to_age: int
    only_with: frozenset[str]


@dataclass(frozen=True, slots=True)
class Plan:
    """A complaint and its questions."""

    code: str
    label: str
    weight: int
    matches: frozenset[str]
    vague: frozenset[str]
    main: str
    """The symptom that the details belong to whenever it is stated; '' when it is the one stated first."""
    questions: tuple[str, ...]
    self_care: SelfCare | None
    version: str
    source: str
    """Where the questions and their order come from; 'unreviewed' when from general knowledge."""


@cache
def plans() -> dict[str, Plan]:
    """Every plan by its code."""
    found: dict[str, Plan] = {}
    entries = [item for content in load_all("plans/presentations").values() for item in content.items()]
    for code, entry in entries:
        if code in found:
            raise ValueError(f"Plan {code!r} stands twice.")
        unknown = {*entry["matches"], *([entry["main"]] if "main" in entry else [])} - set(concepts())
        if unknown:
            raise ValueError(f"Plan {code!r} names {sorted(unknown)}, which the lexicon does not have.")
        care = entry.get("self_care")
        found[code] = Plan(
            code=code,
            label=entry["label"],
            weight=entry["weight"],
            matches=frozenset(entry["matches"]),
            vague=frozenset(entry.get("vague", ())),
            main=entry.get("main", ""),
            questions=tuple(entry["questions"]),
            self_care=SelfCare(
                care["days"], care["from"], care["to"], frozenset((*care["only_with"], *entry["matches"]))
            )
            if care
            else None,
            version=entry["version"],
            source=entry["source"],
        )
    return found


def choose(stated_by_turn: Sequence[Sequence[str]]) -> Plan:
    """The plan for what was stated, turn by turn: the first turn that names a complaint decides.

    Within it the weightiest plan wins, and of equals the one mentioned first. Vague complaints (weight 0) give way
    to what a later turn names.
    """
    best = plans()["general"]
    reached = best.weight
    for stated in stated_by_turn:
        for code in stated:
            for plan in plans().values():
                strength = 0 if code in plan.vague else plan.weight
                if code in plan.matches and strength > reached:
                    best, reached = plan, strength
        if reached > 0:
            break
    return best


def can_self_care(
    plan: Plan,
    codes: Iterable[str],
    symptoms: Sequence[Symptom],
    history: tuple[Stated, ...] | None,
    months: float | None,
) -> bool:
    """Whether care at home may do: a minor complaint, short, not severe, at a safe age, no illness that weighs in."""
    care = plan.self_care
    if care is None or months is None or not care.from_age * 12 <= months <= care.to_age * 12:
        return False
    stated = [symptom for symptom in symptoms if not symptom.denied]
    told = {code for code in codes if concepts()[code].kind != "remark"}
    if any(symptom.severity == "severe" for symptom in stated) or not told <= care.only_with:
        return False
    if any(item.name not in _SELF_CARE_CONDITIONS for item in history or ()):
        return False
    hours = [hours_in(symptom.duration) for symptom in stated if symptom.duration]
    known = [value for value in hours if value is not None]
    return bool(known) and max(known) <= care.days * _HOURS_IN_DAY


def worries(read: ReadTurn) -> Iterator[Quote]:
    """The sentences in which the patient says what they fear."""
    for sentence in read.sentences:
        words = sentence.words()
        for position in range(len(words)):
            if phrase_at(words, position, "hypothetical", "concern"):
                yield Quote(raw(read.turn.text, sentence.tokens, 0, len(words) - 1), read.turn.reference)
                break
