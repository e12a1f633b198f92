"""The warning signs: rules kept in `rules/*.toml`, evaluated over what was read.

A rule holds when every item of one of its `when` rows holds:
    chest_pain       the concept is stated           !fever       the concept is not stated
    age>=40  age<5   the age in years fits           sex:female   not known to be male (and the reverse)
    severe:headache  the symptom is severe (7 or more of 10, or in words)
    sudden:headache  it came on suddenly
    worse_than:8:abdominal_pain   its score is at least 8
    recent:confusion    it began within the last three days      long:nosebleed   it has lasted a quarter of an hour
    days>=5:fever       it has lasted that many days
    three_of:danger_signs   three lines of that group of `lexicon/groups.toml` are stated
Nothing that needs a womb holds for somebody known to be male.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import cast

from conversations.intake.attributes import hours_in
from conversations.intake.concepts import concepts, with_implied
from conversations.intake.context import Context, phrase_anywhere
from conversations.intake.data import load, load_all
from conversations.intake.findings import Mention, Reading, State
from conversations.intake.model import Quote, RedFlag, Symptom, Urgency

_ADULT_MONTHS = 45 * 12.0
"""An unknown age is read as that of an adult of middle age, so that a chest pain is not taken lightly."""
_THREE = 3
_RECENT_HOURS = 72.0
_LONG_BLEED_HOURS = 0.25
"""A quarter of an hour: the NHS sends a nosebleed that lasts longer to an emergency department."""


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
    needed: tuple[frozenset[str], ...]
    """For each row the concepts that it cannot hold without."""


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
                needed=tuple(frozenset(filter(None, map(_concept_of, row))) for row in entry["when"]),
            )
            for row in rule.when:
                for item in row:
                    _check(f"{domain}.{code}", item)
            found.append(rule)
    return tuple(found)


def _concept_of(item: str) -> str:
    """The concept that an item needs; '' for one about age, sex, or something not stated."""
    return "" if item.startswith(("!", "age>=", "age<", "sex:", "three_of:")) else item.rpartition(":")[2]


def _check(where: str, item: str) -> None:
    name = item.removeprefix("!")
    if name.startswith(("age>=", "age<", "sex:")):
        return
    if name.startswith("three_of:"):
        lines = load("lexicon/groups.toml")[name.removeprefix("three_of:")]
        for code in (code for line in lines for code in line):
            _check(where, code)
        return
    if name.rpartition(":")[2] not in concepts():
        raise ValueError(f"Rule {where} names {item!r}, which the lexicon does not have.")


@dataclass(frozen=True, slots=True)
class _View:
    """What a rule is held against. `states` may be those of an earlier moment, for a sticky rule."""

    states: dict[str, State]
    symptoms: dict[str, Symptom]
    person: Person
    recent: frozenset[str] = frozenset()
    """What was said in one sentence with 'this morning', 'an hour ago' or the like."""

    def first_that_holds(self, rule: Rule) -> tuple[str, ...] | None:
        """The first row of a rule of which every item holds."""
        for needed, row in zip(rule.needed, rule.when, strict=True):
            # Most rows name something that nobody spoke of: that is found without looking at each item.
            if self.states.keys() >= needed and all(self.holds(item) for item in row):
                return row
        return None

    def holds(self, item: str) -> bool:
        """Whether one item of a row holds."""
        if item.startswith("!"):
            return not self._stated(item[1:])
        if item.startswith("age"):
            return self._age(item)
        if item.startswith("sex:"):
            return self.person.sex is None or self.person.sex == item.removeprefix("sex:")
        kind, _, code = item.rpartition(":")
        if not kind:
            return self._stated(code)
        if kind == "three_of":
            return len(self.stated_of(code)) >= _THREE
        symptom = self.symptoms.get(code)
        if kind == "recent":
            return self._stated(code) and (code in self.recent or _lasted(symptom, at_most=_RECENT_HOURS))
        return symptom is not None and not symptom.denied and _is(symptom, kind)

    def stated_of(self, group: str) -> list[str]:
        """For each line of a group the first concept of it that is stated."""
        lines = load("lexicon/groups.toml")[group]
        return [found[0] for line in lines if (found := [code for code in line if self._stated(code)])]

    def _stated(self, code: str) -> bool:
        state = self.states.get(code)
        only = concepts()[code].only
        return state is not None and state.is_present and (not only or self.person.sex in {None, only})

    def _age(self, item: str) -> bool:
        months = _ADULT_MONTHS if self.person.months is None else self.person.months
        if item.startswith("age>="):
            return months >= float(item.removeprefix("age>=")) * 12
        return months < float(item.removeprefix("age<")) * 12


def _is(symptom: Symptom, kind: str) -> bool:
    """Whether a symptom has the quality that an item asks for."""
    if kind == "severe":
        return symptom.severity == "severe"
    if kind == "sudden":
        return symptom.onset == "sudden"
    if kind == "long":
        return _lasted(symptom, at_least=_LONG_BLEED_HOURS)
    if kind.startswith("days>="):
        return _lasted(symptom, at_least=float(kind.removeprefix("days>=")) * 24)
    return symptom.severity_score is not None and symptom.severity_score >= int(kind.removeprefix("worse_than:"))


def _lasted(symptom: Symptom | None, *, at_least: float = 0.0, at_most: float | None = None) -> bool:
    """Whether it is known how many hours a symptom has lasted, and the figure lies between the two."""
    hours = hours_in(symptom.duration) if symptom is not None and symptom.duration else None
    return hours is not None and at_least <= hours and (at_most is None or hours <= at_most)


def _recent(reading: Reading) -> frozenset[str]:
    """The concepts that a sentence tells of together with a time that is hours or a day ago."""
    found: set[str] = set()
    for read in reading.read:
        lately = [phrase_anywhere(sentence.words(), "recent", "phrases") for sentence in read.sentences]
        for mention in read.mentions:
            if not mention.by_answer and lately[mention.sentence]:
                found.update(with_implied(mention.code))
    return frozenset(found)


def raised(reading: Reading, symptoms: dict[str, Symptom], person: Person) -> tuple[RedFlag, ...]:
    """The rules that hold, emergencies first, each with the patient's words that raised it."""
    recent = _recent(reading)
    now = _View(reading.states, symptoms, person, recent)
    ever = _View(_ever(reading), symptoms, person, recent)
    found: list[RedFlag] = []
    for rule in rules():
        view = ever if rule.sticky else now
        row = view.first_that_holds(rule)
        if row is not None:
            found.append(_flag(rule, row, view))
    found.sort(key=lambda flag: flag.urgency != "emergency")
    return tuple(found)


def would_raise(reading: Reading, codes: Sequence[str], person: Person, quote: Quote) -> bool:
    """Whether any of these concepts, if it is what a 'yes' meant, would raise a warning sign."""
    for code in codes:
        meant = State((Mention(code, 0, 0, 0, Context(), quote, by_answer=True),))
        view = _View({**reading.states, **dict.fromkeys(with_implied(code), meant)}, {}, person)
        if any(view.first_that_holds(rule) is not None for rule in rules()):
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
        if item.startswith("three_of:"):
            yield from (quote for quote in _quotes(tuple(view.stated_of(code)), view))
            continue
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


def reason_of(code: str) -> str:
    """The rule behind a flag in plain words, as the rules are now; '' when they no longer have it."""
    return next((rule.why for rule in rules() if rule.code == code), "")
