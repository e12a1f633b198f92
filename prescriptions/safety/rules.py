"""The rules: each takes what was read and yields alerts. What a rule knows stands in the data files, not here."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from prescriptions.safety.amounts import daily_amount
from prescriptions.safety.knowledge import (
    CrossReaction,
    DoseLimit,
    Interaction,
    Population,
    Substance,
    knowledge,
    words,
)
from prescriptions.safety.recognise import Reading
from prescriptions.safety.types import Alert, Chart, ChartAllergy, ProposedItem, Severity
from prescriptions.wording import plain_figure

RANK: dict[Severity, int] = {"contraindicated": 0, "serious": 1, "caution": 2, "unchecked": 3}

_SEVERE_WORDS = frozenset(
    {
        *("severe", "grave", "critical", "threatening", "fatal", "shock", "collapse", "intubated", "throat"),
        *("anaphylaxis", "anaphylactic", "anaphylactoid", "angioedema", "breathing"),
        *("stevens", "sjs", "necrolysis", "dress", "thrombocytopenia", "hit"),  # HIT: the platelets under heparin
    }
)
CAN_BE_PREGNANT: Final = (12, 55)
"""Ages in completed years between which the intake asks a woman about it as well."""
_NOT_CONFIRMED = frozenset({"refuted", "disproved", "excluded", "ruled out", "delabelled"})
_LOCAL_WORDS = frozenset({"cream", "ointment", "lotion", "shampoo", "eye", "eyes", "ear", "ears", "topical", "skin"})


@dataclass(frozen=True, slots=True)
class Medicine:
    """A medicine that was read: a proposed item (with its index) or one from the chart (index None)."""

    reading: Reading
    item: int | None
    surroundings: str = ""

    @property
    def place(self) -> int:
        """Where an alert about it stands: at its item, and for a medicine of the chart at the first."""
        return self.item or 0

    @property
    def is_local(self) -> bool:
        """Given on the skin, in an eye or an ear, so that little of it reaches the blood."""
        return not _LOCAL_WORDS.isdisjoint(words(f"{self.reading.text} {self.surroundings}"))

    def described(self) -> str:
        """For the evidence: where it stands and how it was read."""
        where = "On the chart" if self.item is None else f"Item {self.item + 1}"
        return f"{where}: {self.reading.explained()}"


@dataclass(frozen=True, slots=True)
class Allergy:
    """An allergy of the chart that was read."""

    entry: ChartAllergy
    reading: Reading

    @property
    def was_severe(self) -> bool:
        return not _SEVERE_WORDS.isdisjoint(words(f"{self.entry.severity} {self.entry.reaction}"))

    @property
    def was_refuted(self) -> bool:
        return " ".join(words(self.entry.certainty)) in _NOT_CONFIRMED

    def described(self) -> str:
        details = [
            f"{name}: {text.strip()}"
            for name, text in (
                ("reaction", self.entry.reaction),
                ("severity", self.entry.severity),
                ("certainty", self.entry.certainty),
            )
            if text.strip()
        ]
        listed = f" ({', '.join(details)})" if details else ""
        return f"Allergy on the chart: {self.reading.explained()}{listed}"


def allergy_alerts(medicine: Medicine, allergy: Allergy) -> Iterator[Alert]:
    """The medicine is what the patient is allergic to, belongs to the group, or cross-reacts with it."""
    found: list[tuple[Severity, str, str, str]] = []
    for substance in medicine.reading.substances:
        for allergen in allergy.reading.substances:
            if allergen.key in substance.groups or substance.key in allergen.groups:
                title = f"Allergy to {allergen.label}"
                reason = (
                    f"The patient is allergic to {allergen.label}."
                    if allergen.key == substance.key
                    else f"{_sentence(substance.label)} belongs to {allergen.label}."
                    if allergen.key in substance.groups
                    else f"{_sentence(allergen.label)} belongs to {substance.label}."
                )
                found.append(("contraindicated", title, reason, "the chart"))
                continue
            for rule in _cross_reactions(allergen, substance):
                severity = rule.severity_after_severe_reaction if allergy.was_severe else rule.severity
                title = f"Allergy to {allergen.label}: {substance.label} may cross-react"
                found.append((severity, title, f"{rule.reason} Evidence: {rule.strength}.", rule.source))
    if not found:
        return
    severity, title, reason, source = min(found, key=lambda finding: RANK[finding[0]])
    if allergy.was_refuted:
        severity, reason = "caution", f"{reason} The allergy is recorded as {allergy.entry.certainty.strip()}."
    yield Alert(
        severity, "allergy", medicine.place, title, reason, f"{allergy.described()}. {medicine.described()}.", source
    )


@cache
def _cross_reactions(allergen: Substance, substance: Substance) -> tuple[CrossReaction, ...]:
    return tuple(
        rule
        for rule in knowledge().cross_reactions
        if rule.from_group in allergen.groups and rule.to_group in substance.groups
    )


def duplicate_alerts(medicine: Medicine, other: Medicine) -> Iterator[Alert]:
    """The same ingredient twice, or two of a class of which one is enough."""
    found: list[tuple[Severity, str, str, str]] = []
    for substance in medicine.reading.substances:
        for present in other.reading.substances:
            if substance.key == present.key:
                reason = f"{_sentence(substance.label)} would be taken twice: the doses add up."
                found.append(
                    ("serious", f"{_sentence(substance.label)} twice", reason, "the chart and the prescription")
                )
                continue
            for rule in knowledge().duplicates:
                if rule.group in substance.groups and rule.group in present.groups:
                    label = knowledge().labels[rule.group]
                    found.append((rule.severity, f"Two of the same class: {label}", rule.reason, rule.source))
    if found:
        severity, title, reason, source = min(found, key=lambda finding: RANK[finding[0]])
        yield _between("duplicate", severity, title, reason, source, medicine, other)


def interaction_alerts(medicine: Medicine, other: Medicine) -> Iterator[Alert]:
    """Two medicines that should not meet, or only with care. One alert for a pair of ingredients: the gravest."""
    for substance in medicine.reading.substances:
        for present in other.reading.substances:
            rules = _interactions(substance, present)
            if rules:
                rule = min(rules, key=lambda rule: RANK[rule.severity])
                title = f"{_sentence(substance.label)} with {present.label}"
                yield _between("interaction", rule.severity, title, rule.reason, rule.source, medicine, other)


@cache
def _interactions(one: Substance, other: Substance) -> tuple[Interaction, ...]:
    if one.key == other.key:
        return ()
    return tuple(
        rule
        for rule in knowledge().interactions
        if (not rule.first.isdisjoint(one.groups) and not rule.second.isdisjoint(other.groups))
        or (not rule.first.isdisjoint(other.groups) and not rule.second.isdisjoint(one.groups))
    )


def _between(
    kind: str, severity: Severity, title: str, reason: str, source: str, medicine: Medicine, other: Medicine
) -> Alert:
    """An alert about two medicines. One that is given locally weighs less, but is still said."""
    if medicine.is_local or other.is_local:
        severity = "serious" if severity == "contraindicated" else "caution"
        reason = f"{reason} Less likely here, because one of the two is given locally."
    evidence = f"{medicine.described()}. {other.described()}."
    return Alert(
        severity, "duplicate" if kind == "duplicate" else "interaction", medicine.place, title, reason, evidence, source
    )


def population_alerts(medicine: Medicine, chart: Chart) -> Iterator[Alert]:
    """Medicines to avoid in pregnancy or at the patient's age."""
    for substance in medicine.reading.substances:
        concerning = [rule for rule in _populations(substance) if _applies(rule, chart)]
        for rule in sorted(concerning, key=lambda rule: RANK[rule.severity])[:2]:
            who = "Pregnancy" if rule.pregnancy else f"Age {chart.age}"
            title = f"{who}: {substance.label}"
            evidence = f"{_pregnant(chart) if rule.pregnancy else f'{who}.'} {medicine.described()}."
            yield Alert(rule.severity, "population", medicine.place, title, rule.reason, evidence, rule.source)
        if _may_be_pregnant(chart):
            yield from _not_asked(medicine, substance)


def _pregnant(chart: Chart) -> str:
    where = chart.pregnancy_evidence
    return f"Pregnant. {where}{'' if where.endswith('.') else '.'}" if where else "Pregnant according to the chart."


def _may_be_pregnant(chart: Chart) -> bool:
    """Nobody has said, and it can be."""
    youngest, oldest = CAN_BE_PREGNANT
    can_be = chart.age is None or youngest <= chart.age <= oldest
    return chart.pregnant is None and chart.sex.casefold() == "female" and can_be


def _not_asked(medicine: Medicine, substance: Substance) -> Iterator[Alert]:
    """What must not be given in pregnancy is not given before it was asked about."""
    forbidden = [rule for rule in _populations(substance) if rule.pregnancy and rule.severity == "contraindicated"]
    for rule in forbidden[:1]:
        title = f"Pregnancy not asked: {substance.label}"
        reason = f"Ask before prescribing. In pregnancy: {rule.reason}"
        evidence = f"Neither the chart nor the latest consultation says. {medicine.described()}."
        yield Alert("caution", "population", medicine.place, title, reason, evidence, rule.source)


@cache
def _populations(substance: Substance) -> tuple[Population, ...]:
    return tuple(rule for rule in knowledge().populations if not rule.members.isdisjoint(substance.groups))


def _applies(rule: Population, chart: Chart) -> bool:
    if rule.pregnancy:
        return chart.pregnant is True
    if chart.age is None:
        return False
    return (rule.under is not None and chart.age < rule.under) or (rule.over is not None and chart.age > rule.over)


def dose_alerts(medicine: Medicine, item: ProposedItem, chart: Chart) -> Iterator[Alert]:
    """More in a day than is usual for an adult, or every day what is taken once a week. Not for combinations."""
    if medicine.is_local or len(medicine.reading.substances) != 1:
        return
    (substance,) = medicine.reading.substances
    limits = [limit for limit in _limits(substance) if limit.over is None or (chart.age or 0) > limit.over]
    amount = daily_amount(item) if limits else None
    if amount is None:
        return
    exceeded = [
        limit
        for limit in limits
        if (limit.daily_mg is not None and amount.milligrams > limit.daily_mg)
        or (limit.not_daily and amount.times >= 1)
    ]
    if not exceeded:
        return
    limit = min(exceeded, key=lambda limit: (RANK[limit.severity], limit.daily_mg or 0))
    read = f"{plain_figure(amount.milligrams)} mg in a day as read"
    if limit.daily_mg is None:
        title = f"{_sentence(substance.label)} every day"
    else:
        title = f"{_sentence(substance.label)}: more than {plain_figure(limit.daily_mg)} mg in a day"
    evidence = f"{medicine.described()}, {read}."
    yield Alert(limit.severity, "dose", medicine.place, title, limit.reason, evidence, limit.source)


@cache
def _limits(substance: Substance) -> tuple[DoseLimit, ...]:
    return tuple(limit for limit in knowledge().dose_limits if limit.ingredient == substance.key)


def unread_alerts(medicine: Medicine) -> Iterator[Alert]:
    """What could not be read of a medicine, and what was read only with a correction."""
    reading, item = medicine.reading, medicine.place
    on_chart = medicine.item is None
    for correction in reading.corrections:
        yield Alert(
            "unchecked",
            "unknown_drug",
            item,
            f"'{correction.written}' was read as {correction.read_as}",
            "This spelling is not known. If another medicine is meant, nothing about it has been checked.",
            medicine.described(),
            "",
        )
    if reading.unread:
        listed = ", ".join(f"'{word}'" for word in reading.unread)
        partly = " The rest of the entry was checked." if reading.substances else ""
        perhaps = f" Perhaps {' or '.join(reading.candidates)}?" if reading.candidates else ""
        yield Alert(
            "unchecked",
            "unknown_drug",
            item,
            f"Not checked against the patient's medicine {listed}" if on_chart else f"Not checked: {listed}",
            f"This name is not in the list of medicines, so that nothing is known about its risks.{perhaps}{partly}",
            medicine.described(),
            "",
        )
    classes = [substance.label for substance in reading.substances if substance.is_class]
    if classes:
        yield Alert(
            "unchecked",
            "unknown_drug",
            item,
            f"'{reading.text}' names a group, not one medicine",
            f"Only what holds for all {classes[0]} has been checked.",
            medicine.described(),
            "",
        )


def unread_allergy_alerts(allergy: Allergy) -> Iterator[Alert]:
    """What could not be read of an allergy, and what was read only with a correction."""
    for correction in allergy.reading.corrections:
        yield Alert(
            "unchecked",
            "allergy",
            0,
            f"The allergy '{correction.written}' was read as {correction.read_as}",
            "This spelling is not known. If something else is meant, nothing has been checked against it.",
            allergy.described(),
            "",
        )
    if allergy.reading.unread:
        listed = ", ".join(f"'{word}'" for word in allergy.reading.unread)
        yield Alert(
            "unchecked",
            "allergy",
            0,
            f"Not checked against the allergy {listed}",
            "This is not in the list of allergens. Compare it yourself with what is prescribed.",
            allergy.described(),
            "",
        )


def _sentence(label: str) -> str:
    return label[:1].upper() + label[1:]
