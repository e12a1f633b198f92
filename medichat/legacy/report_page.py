"""A run's report as an administrator sees it: figures with the lists that show exactly those rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from medichat.legacy.account import ENTITIES
from medichat.legacy.models import ImportRun
from medichat.legacy.parse.rules import RULES

COLUMNS = [
    "source", "loaded", "inserted", "updated", "unchanged", "merged", "repaired", "set_aside", "verified", "mismatched",
]  # fmt: skip


@dataclass(frozen=True)
class EntityRow:
    """One kind of data."""

    name: str
    figures: Sequence[tuple[str, int | None]]
    set_aside_address: str
    is_wrong: bool


@dataclass(frozen=True)
class RuleRow:
    """One rule and how often it was applied."""

    name: str
    sentence: str
    outcome: str
    count: int
    address: str


@dataclass(frozen=True)
class ReportPage:
    """What the page of a run shows below the facts."""

    columns: Sequence[str]
    entities: Sequence[EntityRow]
    rules: Sequence[RuleRow]
    accounts: Sequence[tuple[str, int, str]]
    unknown_collections: Sequence[str]

    @property
    def is_empty(self) -> bool:
        """There is no report yet."""
        return not (self.entities or self.rules)


def page_of(run: ImportRun) -> ReportPage:
    """The report of the run; what an unfinished one does not have yet is left out."""
    report = run.report
    rules = sorted(report.get("rules", {}).items(), key=lambda rule: (rule[1].get("outcome", ""), -rule[1]["count"]))
    return ReportPage(
        columns=[column.replace("_", " ") for column in COLUMNS],
        entities=[_entity(name, figures) for name, figures in sorted(report.get("entities", {}).items(), key=_order)],
        rules=[_rule(code, figures) for code, figures in rules],
        accounts=_accounts(report.get("accounts", {})),
        unknown_collections=report.get("unknown_collections", []),
    )


def items_address(**chosen: str) -> str:
    """The list of items that are chosen so."""
    return f"{reverse('admin:legacy_importitem_changelist')}?{urlencode(chosen)}"


def people_address(attention: str) -> str:
    """The list of imported accounts that need this."""
    return f"{reverse('admin:accounts_user_changelist')}?{urlencode({'imported': attention})}"


def _order(entity: tuple[str, Any]) -> tuple[int, str]:
    """As they are loaded: the database does not keep the order of JSON's names."""
    name = entity[0]
    return (ENTITIES.index(name) if name in ENTITIES else len(ENTITIES), name)


def _entity(name: str, figures: dict[str, Any]) -> EntityRow:
    missing = figures.get("source", 0) - sum(figures.get(fate, 0) for fate in ("loaded", "merged", "set_aside"))
    return EntityRow(
        name=name.replace("_", " "),
        figures=[(column, figures.get(column)) for column in COLUMNS],
        set_aside_address=items_address(entity=name, outcome__exact="set_aside"),
        is_wrong=bool(missing or figures.get("mismatched")),
    )


def _rule(code: str, figures: dict[str, Any]) -> RuleRow:
    known = RULES.get(code)
    return RuleRow(
        name=code.replace("_", " "),
        sentence=known.sentence if known else "",
        outcome=str(figures.get("outcome", "")).replace("_", " "),
        count=figures["count"],
        address=items_address(rule=code),
    )


def _accounts(figures: dict[str, int]) -> list[tuple[str, int, str]]:
    words = {
        "without_sign_in": ("cannot sign in until somebody has helped", people_address("no_sign_in")),
        "deactivated": ("are deactivated, as they were or because their role is unknown", people_address("inactive")),
        "email_conflicts": ("had no address of their own", people_address("no_address")),
    }
    return [(words[name][0], count, words[name][1]) for name, count in figures.items() if name in words]
