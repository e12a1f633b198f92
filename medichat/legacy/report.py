"""What a run did: the report as JSON, and the table at the end. Counts, rules and legacy ids; nobody's data."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from medichat.legacy.account import ENTITIES
from medichat.legacy.counts import Counts
from medichat.legacy.parse.rules import RULES
from medichat.legacy.undo import Undone


@dataclass(frozen=True)
class Verified:
    """What the verification found: rows that agree and rows that differ, by entity."""

    verified: Mapping[str, int]
    mismatched: Mapping[str, int]
    details: Mapping[str, Any]

    @property
    def is_ok(self) -> bool:
        """Whether nothing differs."""
        return not any(self.mismatched.values())


def report_of(
    counts: Counts,
    *,
    run_id: object,
    source: Mapping[str, str],
    is_dry: bool,
    started_at: datetime,
    finished_at: datetime,
    unknown_collections: list[str],
    verified: Verified | None = None,
) -> dict[str, Any]:
    """The report. ``verified`` None: nothing was compared (a dry run), and only the accounting counts."""
    entities = counts.entities()
    for entity, figures in entities.items():
        figures["verified"] = verified.verified.get(entity, 0) if verified else 0
        figures["mismatched"] = verified.mismatched.get(entity, 0) if verified else 0
    return {
        "run": None if run_id is None else str(run_id),
        "source": dict(source),
        "dry_run": is_dry,
        "started_at": started_at.isoformat(),
        "finished_at": finished_at.isoformat(),
        "seconds": round((finished_at - started_at).total_seconds(), 3),
        "entities": entities,
        "rules": counts.rules_for_report(),
        "accounts": {name: counts.accounts[name] for name in ("without_sign_in", "deactivated", "email_conflicts")},
        "unknown_collections": unknown_collections,
        "discrepancies": {"count": counts.discrepancy_count, "examples": counts.discrepancies},
        "verification": dict(verified.details) if verified else None,
        "ok": counts.adds_up and (verified is None or verified.is_ok),
    }


def with_verification(report: Mapping[str, Any], verified: Verified) -> dict[str, Any]:
    """The report of a run with the figures of a later verification."""
    entities = {
        entity: {
            **report["entities"][entity],
            "verified": verified.verified.get(entity, 0),
            "mismatched": verified.mismatched.get(entity, 0),
        }
        for entity in ENTITIES  # in their order, which a stored report has lost
    }
    holds = not report["discrepancies"]["count"] and all(
        figures["source"] == figures["loaded"] + figures["merged"] + figures["set_aside"]
        for figures in entities.values()
    )
    return {
        **report,
        "entities": entities,
        "verification": dict(verified.details),
        "ok": holds and verified.is_ok,
    }


def undo_lines(undone: Undone) -> Iterator[str]:
    """What an undo did, and which rows stay."""
    for table, count in sorted(undone.removed.items()):
        yield f"{count:>11,} removed  {table}"
    for table, count in sorted(undone.kept.items()):
        yield f"{count:>11,} kept     {table}"
    for refusal in undone.refused:
        yield f"  stays: {refusal}"


_SHOWN = 20
COLUMNS = ("source", "loaded", "merged", "set_aside", "inserted", "updated", "unchanged", "repaired", "verified")


def lines(report: Mapping[str, Any]) -> Iterator[str]:
    """The table of entities and the sentences after it, for a console of any width over 120."""
    shown = ["entity", *(name.replace("_", " ") for name in COLUMNS)]
    yield f"{shown[0]:<22}" + "".join(f"{name:>11}" for name in shown[1:])
    for entity, figures in report["entities"].items():
        yield f"{entity:<22}" + "".join(f"{figures[name]:>11,}" for name in COLUMNS)
    yield ""
    yield from conclusion(report)


def conclusion(report: Mapping[str, Any]) -> Iterator[str]:
    """What it comes to."""
    entities: Mapping[str, Mapping[str, int]] = report["entities"]
    source = sum(figures["source"] for figures in entities.values())
    taken = sum(figures["loaded"] + figures["merged"] for figures in entities.values())
    aside = sum(figures["set_aside"] for figures in entities.values())
    if report["dry_run"]:
        yield f"Dry run: nothing was written. {taken:,} of {source:,} would come over, {aside:,} would be set aside."
    elif report["ok"] and not aside:
        yield f"Successfully migrated: {taken:,}/{source:,} (100%)"
    else:
        yield f"Migrated: {taken:,}/{source:,}; {aside:,} were set aside with their values and reasons."
    edited = sum(figures["edited_here"] for figures in entities.values())
    if edited:
        yield f"{edited:,} rows changed in the source and were edited here as well: they stay as they are here."
    accounts = report["accounts"]
    yield (
        f"Accounts: {accounts['without_sign_in']:,} without sign-in, {accounts['deactivated']:,} deactivated, "
        f"{accounts['email_conflicts']:,} with an address that another account has."
    )
    if report["unknown_collections"]:
        yield f"{len(report['unknown_collections'])} collections are unknown and were not read (see the report)."
    if report["discrepancies"]["count"]:
        yield f"The accounting does not hold: {report['discrepancies']['count']:,} discrepancies."
        yield from (f"  {sentence}" for sentence in report["discrepancies"]["examples"])
    mismatched = sum(figures["mismatched"] for figures in entities.values())
    if mismatched:
        yield f"The verification found {mismatched:,} differences:"
        yield from (f"  {sentence}" for sentence in report["verification"]["differences"][:_SHOWN])
    if not report["dry_run"]:
        yield "Where to look next: 'Import from the previous system' in the administration lists every rule's items."


def rule_lines(report: Mapping[str, Any]) -> Iterator[str]:
    """Which rule was applied how often, those that set something aside first."""
    order = {"set_aside": 0, "merged": 1, "repaired": 2}
    found = sorted(report["rules"].items(), key=lambda pair: (order[pair[1]["outcome"]], -pair[1]["count"]))
    for code, figures in found:
        yield f"{figures['count']:>9,}  {figures['outcome'].replace('_', ' '):<10} {code}: {RULES[code].sentence}"
