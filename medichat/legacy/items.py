"""From findings to rows of ``import_items``: what an administrator may look at, without names of unknown fields."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from medichat.db.base import new_id
from medichat.db.encryption import seal
from medichat.legacy.counts import entity_of
from medichat.legacy.parse.names import shown_path
from medichat.legacy.parse.parsing import Finding
from medichat.legacy.parse.rules import Rule
from medichat.legacy.tables import TABLES

COLUMNS = (
    "id", "run_id", "document_id", "collection", "legacy_id", "entity", "where", "rule", "outcome", "reason", "raw",
    "state", "found_at",
)  # fmt: skip


def item(
    rule: Rule, *, run_id: UUID, document_id: UUID, collection: str, legacy_id: str, entity: str, where: str,
    reason: str, raw: str | None, found_at: datetime,
) -> tuple[Any, ...]:  # fmt: skip
    """The values of COLUMNS, sealed."""
    identity = new_id()
    sealed = None if raw is None else seal("import_items", "raw", identity, raw)
    return (
        identity, run_id, document_id, collection, legacy_id, entity, where, rule.code, rule.outcome, reason, sealed,
        "open", found_at,
    )  # fmt: skip


def items_of(
    findings: Iterable[Finding], *, run_id: UUID, document_id: UUID, collection: str, found_at: datetime
) -> list[tuple[Any, ...]]:
    """One row for each finding of a document."""
    return [
        item(
            finding.rule,
            run_id=run_id,
            document_id=document_id,
            collection=collection,
            legacy_id=finding.legacy_id,
            entity=entity_of(collection, finding.path),
            where=shown_path(finding.where, also=TABLES),
            reason=finding.reason,
            raw=finding.raw_text(),
            found_at=found_at,
        )
        for finding in findings
    ]
