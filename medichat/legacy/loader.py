"""Loading one batch of documents in one transaction: what is new, what changed, what somebody edited here.

Run by every worker for its batches, and by a retry for a single document. What the ledger says of a document decides:

- not in the ledger: its rows are inserted;
- the same outcome as before: nothing is written;
- another outcome: rows that the source changed are updated and rows that it dropped are removed, but never one that
  somebody has edited here since: that is reported, and what stands here stays.

A row that the database refuses does not fail the batch: the documents are taken in halves until it is found, and then
it is set aside with the name of the constraint (see ``refusals``).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg

from medichat.db.encryption import seal
from medichat.legacy import derived, items
from medichat.legacy.account import ENTITIES
from medichat.legacy.counts import Counts
from medichat.legacy.ledger import LoadedRow, pack, unpack
from medichat.legacy.parse import rules
from medichat.legacy.parse.parsing import Finding
from medichat.legacy.prepare import Prepared, count
from medichat.legacy.refusals import REFUSALS, Refusals, stated
from medichat.legacy.tables import TABLES, Record, Table, digest_of, in_order
from medichat.legacy.writer import Writer

DOCUMENT_COLUMNS = ("id", "collection", "legacy_id", "digest", "rows", "raw", "first_run_id", "last_run_id")
_REPLACE_DOCUMENT = (
    "ON CONFLICT (id) DO UPDATE SET digest = excluded.digest, rows = excluded.rows, raw = excluded.raw, "
    "last_run_id = excluded.last_run_id, "
    # Whoever brings the first rows of a document answers for it: it was set aside so far, or undone.
    "first_run_id = CASE WHEN import_documents.rows = '' AND import_documents.collection <> 'activity_logs' "
    "THEN excluded.first_run_id ELSE import_documents.first_run_id END"
)
_TAKE_OVER = "UPDATE import_documents SET first_run_id = %s WHERE id = ANY(%s)"
"""Documents of a run that was undone, whose rows stayed: the run that finds them in the source stands by them again."""


@dataclass(frozen=True)
class Known:
    """What the ledger says of a document."""

    digest: bytes
    rows: dict[tuple[str, UUID], LoadedRow]
    is_of_this_run: bool
    was_met_in_this_run: bool
    is_undone: bool = False


@dataclass
class Plan:
    """What is to be done with the rows of several documents."""

    inserts: list[Record] = field(default_factory=list)
    updates: list[tuple[Record, LoadedRow]] = field(default_factory=list)
    touched: list[Record] = field(default_factory=list)
    gone: list[LoadedRow] = field(default_factory=list)


class Loader:
    """Loads documents on one connection as part of one run. With ``is_dry`` everything is decided, nothing written.

    ``each_once``: the source has no document twice; one that comes again with other content is another document with
    the same identity, and is set aside.
    """

    def __init__(
        self,
        connection: psycopg.Connection[Any],
        run_id: UUID | None,
        *,
        is_dry: bool = False,
        each_once: bool = False,
    ) -> None:
        self._connection = connection
        self._run = run_id
        self._is_dry = is_dry
        self._each_once = each_once
        self._writer = Writer(connection)
        self._derived = derived.Derived(self._writer)
        self._refusals = Refusals(connection, self._writer)

    def load(self, prepared: Sequence[Prepared]) -> Counts:
        """Load these documents and count what became of them; the caller has begun the transaction."""
        counts = Counts()
        known = self._known(prepared)
        once, again = self._each_with_its_identity(prepared, known)
        final = self._load_or_halve(once, known, counts)
        if again and not self._is_dry:
            self._add_items(again, items.judged(self._connection, [one.key for one in again]))
        count([*final, *again], counts)
        return counts

    def _each_with_its_identity(
        self, prepared: Sequence[Prepared], known: dict[UUID, Known]
    ) -> tuple[list[Prepared], list[Prepared]]:
        """The documents, and apart from them those whose identity another document has already."""
        once: dict[str, Prepared] = {}
        again = []
        for one in prepared:
            before = known.get(one.key) if known else None
            is_another = before and before.was_met_in_this_run and before.digest and before.digest != one.digest
            if one.legacy_id in once or (self._each_once and is_another):
                again.append(one.set_aside(rules.DOCUMENT_TWICE, ""))
            else:
                once[one.legacy_id] = one
        return list(once.values()), again

    def load_accounts(self, prepared: Sequence[Prepared]) -> None:
        """Only the accounts, so that others can refer to them; what became of the documents comes with ``load``."""
        for one in prepared:
            accounts = replace(one, records=[record for record in one.records if record.table.name == "users"])
            while accounts.records:
                try:
                    with self._connection.transaction():
                        self._writer.insert(TABLES["users"], accounts.records)
                    break
                except REFUSALS as refusal:
                    accounts = self._refusals.settled(accounts, refusal)

    def _known(self, prepared: Sequence[Prepared]) -> dict[UUID, Known]:
        found = self._connection.execute(
            "SELECT d.id, d.digest, d.rows, d.first_run_id, d.last_run_id, r.status = 'undone' FROM import_documents d "
            "JOIN import_runs r ON r.id = d.first_run_id WHERE d.id = ANY(%s)",
            [[one.key for one in prepared]],
        )
        return {
            key: Known(
                bytes(digest),
                {(row.table.name, row.id): row for row in unpack(bytes(rows))},
                first == self._run,
                last == self._run,
                is_undone,
            )
            for key, digest, rows, first, last, is_undone in found
        }

    def _load_or_halve(self, prepared: list[Prepared], known: dict[UUID, Known], counts: Counts) -> list[Prepared]:
        if self._is_dry:
            return self._load(prepared, known, counts)
        attempt = Counts()
        try:
            with self._connection.transaction():
                final = self._load(prepared, known, attempt)
        except REFUSALS as refusal:
            if len(prepared) > 1:
                half = len(prepared) // 2
                return [
                    *self._load_or_halve(prepared[:half], known, counts),
                    *self._load_or_halve(prepared[half:], known, counts),
                ]
            return self._load_or_halve([self._refusals.settled(prepared[0], refusal)], known, counts)
        counts.add(attempt)
        return final

    def _load(self, prepared: list[Prepared], known: dict[UUID, Known], counts: Counts) -> list[Prepared]:
        """Raises what the database refuses."""
        plan = Plan()
        changed, unchanged = [], []
        for one in prepared:
            before = known.get(one.key) if known else None
            if before and before.digest == one.digest:
                self._count_rows(one.records, "inserted" if before.is_of_this_run else "unchanged", counts, one)
                unchanged.append(one)
            else:
                self._plan(one, before, plan, counts)
                changed.append(one)
        edited = self._edited([*(row for _, row in plan.updates), *plan.gone])
        changed = self._apply(plan, changed, edited, counts)
        if changed and not self._is_dry:
            self._remember(changed, known, edited)
        if known and not self._is_dry:
            self._take_over([one.key for one in prepared if one.key in known and known[one.key].is_undone])
        return [*unchanged, *changed]

    def _take_over(self, keys: list[UUID]) -> None:
        if keys:
            self._connection.execute(_TAKE_OVER, [self._run, keys])

    def _plan(self, one: Prepared, before: Known | None, plan: Plan, counts: Counts) -> None:
        if before is None:
            plan.inserts += one.records
            self._count_rows(one.records, "inserted", counts, one)
            return
        loaded = dict(before.rows)
        for record in one.records:
            row = loaded.pop((record.table.name, record.id), None)
            if one.collection == "activity_logs":
                self._count_rows([record], "unchanged", counts, one)
            elif row is None:
                plan.inserts.append(record)
                self._count_rows([record], "inserted", counts, one)
            elif row.digest != record.digest():
                plan.updates.append((record, row))
            else:
                is_root = record is one.records[0]
                if is_root:
                    plan.touched.append(record)
                otherwise = "updated" if is_root else "unchanged"
                self._count_rows([record], "inserted" if before.is_of_this_run else otherwise, counts, one)
        if one.records:  # a document that is set aside now and was loaded before stays as it was loaded
            plan.gone += loaded.values()

    def _edited(self, rows: Iterable[LoadedRow]) -> set[tuple[str, UUID]]:
        """Those of the rows that are not as they were loaded."""
        found: set[tuple[str, UUID]] = set()
        by_table: dict[str, list[LoadedRow]] = {}
        for row in rows:
            by_table.setdefault(row.table.name, []).append(row)
        for same in by_table.values():
            table = same[0].table
            now = self._writer.current(table, [row.id for row in same], lock=not self._is_dry)
            for row in same:
                values = now.get(row.id)
                if values is None or digest_of(table, self._refusals.as_loaded(table, values)) != row.digest:
                    found.add((table.name, row.id))
        return found

    def _apply(
        self, plan: Plan, changed: list[Prepared], edited: set[tuple[str, UUID]], counts: Counts
    ) -> list[Prepared]:
        """Write what is planned, but for what was edited here; returns the documents with what was found about that."""
        noted: dict[UUID, list[Finding]] = {}
        root_of = {}
        if plan.updates:
            root_of = {(record.table.name, record.id): one for one in changed for record in one.records}
        updates = []
        for record, row in plan.updates:
            one = root_of[record.table.name, record.id]
            if (row.table.name, row.id) in edited:
                self._count_rows([record], "edited_here", counts, one)
                noted.setdefault(one.key, []).append(_edited_here(record, one.legacy_id))
            else:
                self._count_rows([record], "updated", counts, one)
                updates.append(record)
        gone = [row for row in plan.gone if (row.table.name, row.id) not in edited]
        for row in gone:
            if row.table.name in ENTITIES:
                counts.change(row.table.name, "removed")
        if not self._is_dry:
            self._write(plan, updates, gone)
        if not noted:
            return changed
        return [one.noting(noted[one.key], look_again=True) if one.key in noted else one for one in changed]

    def _write(self, plan: Plan, updates: list[Record], gone: list[LoadedRow]) -> None:
        ends = self._derived.before_update(updates)
        for table, rows in reversed(list(_by_table(gone))):
            self._writer.delete(table, [row.id for row in rows])
        for table, records in in_order(updates):
            self._writer.update(table, records)
        for table, records in in_order(plan.touched):
            self._writer.update(table, records, only=table.volatile)
        for table, records in in_order(plan.inserts):
            self._writer.insert(table, records)
        self._derived.follow([*plan.inserts, *updates], ends)

    def _remember(self, changed: list[Prepared], known: dict[UUID, Known], edited: set[tuple[str, UUID]]) -> None:
        """Write the ledger and what was found, anew but for what somebody has worked on."""
        again = [one.key for one in changed if one.key in known] if known else []
        if again:
            self._connection.execute("DELETE FROM import_items WHERE document_id = ANY(%s) AND state = 'open'", [again])
        rows = [self._ledger_row(one, known.get(one.key), edited) for one in changed]
        self._writer.add("import_documents", DOCUMENT_COLUMNS, rows, on_conflict=_REPLACE_DOCUMENT)
        self._add_items(changed, items.judged(self._connection, again) if again else {})

    def _add_items(self, found: Iterable[Prepared], judged: Mapping[UUID, set[items.Judged]]) -> None:
        """Write what was found, for administrators."""
        assert self._run is not None
        now = datetime.now(UTC)
        rows = [
            row
            for one in found
            for row in items.items_of(
                one.parsed.findings,
                run_id=self._run,
                document_id=one.key,
                collection=one.collection,
                found_at=now,
                known=judged.get(one.key, ()),
            )
        ]
        self._writer.add("import_items", items.COLUMNS, rows)

    def _ledger_row(self, one: Prepared, before: Known | None, edited: set[tuple[str, UUID]]) -> tuple[Any, ...]:
        rows: list[LoadedRow] = []
        if one.collection != "activity_logs":
            old = before.rows if before else {}
            kept = {key: row for key, row in old.items() if key in edited or not one.records}
            rows += kept.values()
            rows += [
                LoadedRow(record.table, record.id, record.digest())
                for record in one.records
                if not kept or (record.table.name, record.id) not in kept
            ]
        raw = one.kept_raw
        stored = None if raw is None else seal("import_documents", "raw", one.key, raw)
        return (one.key, one.collection, one.legacy_id, one.digest, pack(rows), stored, self._run, self._run)

    @staticmethod
    def _count_rows(records: Iterable[Record], change: str, counts: Counts, one: Prepared) -> None:
        for name, times in Counter([record.table.name for record in records]).items():
            if name in ENTITIES:
                counts.change(name, change, times)
            if name == "conversations" and _has_answer(one):
                counts.change("doctor_responses", change)


def _has_answer(one: Prepared) -> bool:
    return any(tally.entity == "doctor_responses" and tally.fate == "loaded" for tally in one.parsed.tally)


def _by_table(rows: Iterable[LoadedRow]) -> Iterable[tuple[Table, list[LoadedRow]]]:
    found: dict[str, list[LoadedRow]] = {}
    for row in rows:
        found.setdefault(row.table.name, []).append(row)
    return ((same[0].table, same) for same in found.values())


def _edited_here(record: Record, legacy_id: str) -> Finding:
    """The source's version of a row that stays as somebody made it here."""
    return Finding(rules.EDITED_HERE, legacy_id, (record.table.name,), stated(record))
