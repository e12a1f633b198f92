"""Counting what becomes of documents, elements and rows: for batches, for the report and for the progress shown."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Self

from medichat.legacy.account import ENTITIES
from medichat.legacy.parse.names import shown_id
from medichat.legacy.parse.parsing import Finding
from medichat.legacy.parse.rules import RULES

EXAMPLES = 5
"""Legacy ids that the report names for each rule."""
FATES = ("loaded", "merged", "set_aside")
CHANGES = ("inserted", "updated", "unchanged", "removed", "edited_here")
"""What happened to rows: ``edited_here`` are left as somebody here made them."""


@dataclass
class RuleCount:
    """How often a rule was applied, to what, and in which documents (a few)."""

    entities: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    def add(self, entity: str, legacy_id: str, times: int = 1) -> None:
        """Applied once more."""
        self.entities[entity] += times
        if len(self.examples) < EXAMPLES and legacy_id not in self.examples:
            self.examples.append(legacy_id)


@dataclass
class Counts:
    """Sums over documents. ``source`` comes from the accounting, everything else from the loader."""

    documents: Counter[str] = field(default_factory=Counter)
    source: Counter[str] = field(default_factory=Counter)
    fates: Counter[str] = field(default_factory=Counter)
    changes: Counter[str] = field(default_factory=Counter)
    rules: dict[str, RuleCount] = field(default_factory=dict)
    accounts: Counter[str] = field(default_factory=Counter)
    discrepancies: list[str] = field(default_factory=list)
    discrepancy_count: int = 0

    def fate(self, entity: str, fate: str, times: int = 1) -> None:
        """An element of this entity was loaded, merged or set aside."""
        self.fates[f"{entity}.{fate}"] += times

    def change(self, entity: str, change: str, times: int = 1) -> None:
        """A row of this entity was inserted, updated, ..."""
        self.changes[f"{entity}.{change}"] += times

    def rule(self, code: str, entity: str, legacy_id: str) -> None:
        """A rule was applied."""
        self.rules.setdefault(code, RuleCount()).add(entity, shown_id(legacy_id))

    def discrepancy(self, collection: str, legacy_id: str, sentence: str) -> None:
        """Something does not add up; the first few are named."""
        self.discrepancy_count += 1
        if len(self.discrepancies) < EXAMPLES:
            self.discrepancies.append(f"{collection} {shown_id(legacy_id)}: {sentence}")

    def add(self, other: "Counts") -> None:
        """Take another's sums in."""
        for name in ("documents", "source", "fates", "changes", "accounts"):
            getattr(self, name).update(getattr(other, name))
        for code, count in other.rules.items():
            own = self.rules.setdefault(code, RuleCount())
            own.entities.update(count.entities)
            own.examples += [one for one in count.examples if one not in own.examples][: EXAMPLES - len(own.examples)]
        self.discrepancies += other.discrepancies[: EXAMPLES - len(self.discrepancies)]
        self.discrepancy_count += other.discrepancy_count

    def to_json(self) -> dict[str, Any]:
        """For a batch's row."""
        return {
            **{name: dict(getattr(self, name)) for name in ("documents", "source", "fates", "changes", "accounts")},
            "rules": {code: [dict(count.entities), count.examples] for code, count in self.rules.items()},
            "discrepancies": self.discrepancies,
            "discrepancy_count": self.discrepancy_count,
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        """From a batch's row."""
        counts = cls()
        for name in ("documents", "source", "fates", "changes", "accounts"):
            getattr(counts, name).update(stored[name])
        for code, (entities, examples) in stored["rules"].items():
            counts.rules[code] = RuleCount(Counter(entities), list(examples))
        counts.discrepancies = list(stored["discrepancies"])
        counts.discrepancy_count = stored["discrepancy_count"]
        return counts

    def balances(self, entity: str) -> bool:
        """Whether every element of the source has a fate."""
        return self.source[entity] == sum(self.fates[f"{entity}.{fate}"] for fate in FATES)

    @property
    def adds_up(self) -> bool:
        """Whether the accounting holds for every entity and every document."""
        return not self.discrepancy_count and all(self.balances(entity) for entity in ENTITIES)

    def entities(self) -> dict[str, dict[str, int]]:
        """For the report: the figures of every entity."""
        repaired: Counter[str] = Counter()
        for code, count in self.rules.items():
            if RULES[code].outcome == "repaired":
                repaired.update(count.entities)
        return {
            entity: {
                "source": self.source[entity],
                **{fate: self.fates[f"{entity}.{fate}"] for fate in FATES},
                **{change: self.changes[f"{entity}.{change}"] for change in CHANGES},
                "repaired": repaired[entity],
            }
            for entity in ENTITIES
        }

    def rules_for_report(self) -> dict[str, dict[str, Any]]:
        """For the report: every rule that was applied, by its code."""
        return {
            code: {
                "entity": count.entities.most_common(1)[0][0],
                "outcome": RULES[code].outcome,
                "count": count.entities.total(),
                "entities": dict(sorted(count.entities.items())),
                "examples": count.examples,
            }
            for code, count in sorted(self.rules.items())
        }


_IN_USERS = {
    "allergies": "allergies",
    "currentMedications": "medications",
    "chronicConditions": "medical_history",
    "medicalHistory": "medical_history",
    "surgicalHistory": "surgical_history",
    "familyHistory": "family_history",
    "immunizations": "immunizations",
    "emergencyContacts": "emergency_contacts",
    "emergencyContact": "emergency_contacts",
    "emergencyContactPhone": "emergency_contacts",
    **dict.fromkeys(
        ("gender", "bloodType", "height", "weight", "assignedDoctor", "primaryPhysician", "pharmacyName",
         "pharmacyPhone", "preferredLanguage", "insuranceProvider", "insurancePolicyNumber", "insuranceGroupNumber",
         "smokingStatus", "alcoholConsumption", "exerciseFrequency"),
        "patient_medical_info",
    ),
}  # fmt: skip


_TABLES = frozenset(ENTITIES) - {"allergies", "immunizations", "messages", "symptoms", "attachments", "prescriptions"}


def entity_of(collection: str, path: Iterable[str | int]) -> str:
    """The entity to which a place in a document belongs."""
    steps = [*path, "", ""]
    first = str(steps[0])
    if first in _TABLES:
        return first  # a row, not a place of the document
    if collection == "users":
        return _IN_USERS.get(first, "users")
    if collection == "conversations":
        if first in {"messages", "symptoms", "attachments"}:
            return first
        if first == "doctorResponse":
            return "prescriptions" if steps[1] == "prescriptions" else "doctor_responses"
        return "conversations"
    return collection if collection in ENTITIES else "users"


def count_finding(counts: Counts, collection: str, finding: Finding) -> None:
    """A finding, under the entity where it was made."""
    counts.rule(finding.rule.code, entity_of(collection, finding.path), finding.legacy_id)
