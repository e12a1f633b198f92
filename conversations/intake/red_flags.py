"""The warning signs: rules kept in `rules/*.toml`, evaluated over what was read.

A rule holds when every item of one of its `when` rows holds:
    chest_pain       the concept is stated           !fever       the concept is not stated
    age>=40  age<5   the age in years fits           sex:female   not known to be male (and the reverse)
    severe:headache  the symptom is severe (7 or more of 10, or in words)
    sudden:headache  it came on suddenly
    worse_than:8:abdominal_pain   its score is at least 8
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import cast

from conversations.intake.concepts import concepts, with_implied
from conversations.intake.context import Context
from conversations.intake.data import load_all
from conversations.intake.findings import Mention, Reading, State
from conversations.intake.model import Quote, RedFlag, Symptom, Urgency

_ADULT_MONTHS = 45 * 12.0
"""An unknown age is read as that of an adult of middle age, so that a chest pain is not taken lightly."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `sticky`: a later denial does not clear it. `crisis`: danger to oneself."""

    code: str
    label: str
    urgency: Urgency
    why: str
    when: tuple[tuple[str, ...], ...]
    version: str
    source: str
    sticky: bool
    crisis: bool


@dataclass(frozen=True, slots=True)
class Person:
    """What is known of who it is about. `months` is the age in months when it was said or given."""

    months: float | None
    sex: str | None


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule; an unknown concept in one is an error at the first use, not a rule that never fires."""
    found: list[Rule] = []
    for domain, entries in load_all("rules").items():
        for code, entry in entries.items():
            rule = Rule(
                code=code,
                label=entry["label"],
                urgency=cast(Urgency, entry["urgency"]),
                why=entry["why"],
                when=tuple(tuple(row) for row in entry["when"]),
                version=entry.get("version", "1"),
                source=entry.get("source", "unreviewed"),
                sticky=entry.get("sticky", False),
                crisis=entry.get("crisis", False),
            )
            for row in rule.when:
                for item in row:
                    _check(f"{domain}.{code}", item)
            found.append(rule)
    return tuple(found)


def _check(where: str, item: str) -> None:
    name = item.removeprefix("!")
    if name.startswith(("age>=", "age<", "sex:")):
        return
    if name.rpartition(":")[2] not in concepts():
        raise ValueError(f"Rule {where} names {item!r}, which the lexicon does not have.")


@dataclass(frozen=True, slots=True)
class _View:
    """What a rule is held against. `states` may be those of an earlier moment, for a sticky rule."""

    states: dict[str, State]
    symptoms: dict[str, Symptom]
    person: Person

    def holds(self, item: str) -> bool:
        if item.startswith("!"):
            return not self._stated(item[1:])
        if item.startswith("age"):
            return self._age(item)
        if item.startswith("sex:"):
            return self.person.sex is None or self.person.sex == item.removeprefix("sex:")
        kind, _, code = item.rpartition(":")
        if not kind:
            return self._stated(code)
        symptom = self.symptoms.get(code)
        if symptom is None or symptom.denied:
            return False
        if kind == "severe":
            return symptom.severity == "severe"
        if kind == "sudden":
            return symptom.onset == "sudden"
        score = int(kind.removeprefix("worse_than:"))
        return symptom.severity_score is not None and symptom.severity_score >= score

    def _stated(self, code: str) -> bool:
        state = self.states.get(code)
        return state is not None and state.is_present

    def _age(self, item: str) -> bool:
        months = _ADULT_MONTHS if self.person.months is None else self.person.months
        if item.startswith("age>="):
            return months >= float(item.removeprefix("age>=")) * 12
        return months < float(item.removeprefix("age<")) * 12


def raised(reading: Reading, symptoms: dict[str, Symptom], person: Person) -> tuple[RedFlag, ...]:
    """The rules that hold, emergencies first, each with the patient's words that raised it."""
    now = _View(reading.states, symptoms, person)
    ever = _View(_ever(reading), symptoms, person)
    found: list[RedFlag] = []
    for rule in rules():
        view = ever if rule.sticky else now
        for row in rule.when:
            if all(view.holds(item) for item in row):
                found.append(_flag(rule, row, view))
                break
    found.sort(key=lambda flag: flag.urgency != "emergency")
    return tuple(found)


def would_raise(reading: Reading, codes: Sequence[str], person: Person, quote: Quote) -> bool:
    """Whether any of these concepts, if it is what a 'yes' meant, would raise a warning sign."""
    for code in codes:
        meant = State((Mention(code, 0, 0, 0, Context(), quote, by_answer=True),))
        view = _View({**reading.states, **dict.fromkeys(with_implied(code), meant)}, {}, person)
        if any(all(view.holds(item) for item in row) for rule in rules() for row in rule.when):
            return True
    return False


def _ever(reading: Reading) -> dict[str, State]:
    """The states as if nothing had been taken back."""
    states = dict(reading.states)
    for read in reading.read:
        for mention in read.mentions:
            context = mention.context
            if context.negated or context.other_person or context.past or context.hypothetical:
                continue
            if not states.get(mention.code, State()).is_present:
                states[mention.code] = State((mention,))
    return states


def _flag(rule: Rule, row: tuple[str, ...], view: _View) -> RedFlag:
    quotes = tuple(_quotes(row, view))
    evidence = " … ".join(quote.text for quote in quotes)
    return RedFlag(
        code=rule.code,
        label=rule.label,
        urgency=rule.urgency,
        evidence=evidence,
        reference=quotes[0].reference if quotes else None,
        quotes=quotes,
        version=rule.version,
        source=rule.source,
        crisis=rule.crisis,
        why=rule.why,
    )


def _quotes(row: tuple[str, ...], view: _View) -> Iterator[Quote]:
    """The words behind each item of the row, each piece once."""
    seen: set[tuple[str, str | None]] = set()
    for item in row:
        if item.startswith(("!", "age", "sex:")):
            continue
        code = item.rpartition(":")[2]
        state = view.states.get(code, State())
        symptom = view.symptoms.get(code)
        quotes = [mention.quote for mention in state.present[:1]]
        if ":" in item and symptom is not None:
            quotes = [*quotes, *symptom.quotes[-1:]]
        for quote in quotes:
            key = (quote.text, quote.reference)
            if key not in seen:
                seen.add(key)
                yield quote
