"""From findings to rows of ``import_items``: what an administrator may look at, without names of unknown fields."""

from collections import defaultdict
from collections.abc import Container, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from medichat.db.base import new_id
from medichat.db.encryption import open_sealed, seal
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


class Judged(NamedTuple):
    """What an administrator has looked at and found to need nothing more."""

    rule: str
    legacy_id: str
    where: str
    raw: str | None


def judged(connection: psycopg.Connection[Any], documents: Sequence[UUID]) -> dict[UUID, set[Judged]]:
    """What of these documents is resolved: it is no news when the document is loaded again."""
    found: dict[UUID, set[Judged]] = defaultdict(set)
    for identity, document, rule, legacy_id, where, raw in connection.execute(
        'SELECT id, document_id, rule, legacy_id, "where", raw FROM import_items '
        "WHERE document_id = ANY(%s) AND state = 'resolved'",
        [documents],
    ):
        opened = None if raw is None else open_sealed("import_items", "raw", identity, bytes(raw))
        found[document].add(Judged(rule, legacy_id, where, opened))
    return found


def items_of(
    findings: Iterable[Finding],
    *,
    run_id: UUID,
    document_id: UUID,
    collection: str,
    found_at: datetime,
    known: Container[Judged] = (),
) -> list[tuple[Any, ...]]:
    """One row for each finding of a document that nobody has judged yet."""
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
        if not known
        or Judged(finding.rule.code, finding.legacy_id, shown_path(finding.where, also=TABLES), finding.raw_text())
        not in known
    ]
