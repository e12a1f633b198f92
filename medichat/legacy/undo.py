"""Undoing a run: what it loaded goes again, as far as nobody has worked with it since.

Documents go one by one. A row that somebody edited is refused, and with it everything that belongs to it or that it
needs: a case with an edited prescription keeps its messages, and its patient keeps the chart, for half of a record is
worse than none or all. Entries of the activity log stay; that their run was undone says the ledger. Copied files are
left to the periodic work, which removes what no row knows any more.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

import psycopg
from psycopg import errors, sql

from medichat.db.encryption import DecryptionError
from medichat.legacy.ledger import LoadedRow, unpack
from medichat.legacy.load import Shown, Silent, alone, connection_settings
from medichat.legacy.models import ImportRun
from medichat.legacy.parse.names import shown_id
from medichat.legacy.tables import TABLES, Table, digest_of
from medichat.legacy.worker import ImportFailed, in_transaction, said_of
from medichat.legacy.writer import Writer

LISTED = 1000
"""How many refused rows the report lists; all are counted."""
_BATCH = 200
_ORDER = tuple(reversed(TABLES.values()))  # what refers to others goes before what it refers to
_EDITED, _USED, _EARLIER = "edited here", "something that stays refers to it", "loaded by an earlier run"
_IN_USE = (errors.ForeignKeyViolation, errors.RestrictViolation)


@dataclass(frozen=True)
class Refusal:
    """A row, or a document's own row with everything in it, that stays."""

    table: str
    legacy_id: str
    reason: str

    def __str__(self) -> str:
        return f"{self.table} {shown_id(self.legacy_id)}: {self.reason}"


@dataclass
class Undone:
    """What became of a run's rows."""

    removed: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    """Rows that stay, the refused ones among them; of the log, all."""
    refused: list[Refusal] = field(default_factory=list)
    refused_count: int = 0

    def refuse(self, *refusals: Refusal) -> None:
        """These stay."""
        self.refused_count += len(refusals)
        self.refused += refusals[: LISTED - len(self.refused)]

    def for_report(self) -> dict[str, Any]:
        """Counts, and the refused rows by table, legacy id and reason."""
        return {
            "removed": dict(sorted(self.removed.items())),
            "kept": dict(sorted(self.kept.items())),
            "refused": [str(one) for one in self.refused],
            "refused_count": self.refused_count,
        }


@dataclass(frozen=True)
class _Document:
    id: UUID
    collection: str
    legacy_id: str
    rows: Sequence[LoadedRow]
    is_of_this_run: bool


def undo(run: ImportRun, shown: Shown) -> Undone:
    """Remove what the run loaded. Raises ImportFailed; what was removed by then stays removed, and it can go on.

    The run's row is left to the caller.
    """
    with alone():
        try:
            with psycopg.connect(**connection_settings(), autocommit=True) as connection:
                return Undo(connection, run.pk).undo(shown)
        except psycopg.Error as error:
            raise ImportFailed(said_of(error)) from error


class Undo:
    """Removes what one run loaded, on one connection, in transactions of a few documents each."""

    def __init__(self, connection: psycopg.Connection[Any], run: UUID) -> None:
        self._connection = connection
        self._run = run
        self._writer = Writer(connection)
        self._result = Undone()
        self._names: dict[tuple[str, UUID], str] = {}

    def undo(self, shown: Shown) -> Undone:
        """Cases first, then people, then whoever was named by people who have gone.

        Nothing of the run is done from now on: were it resumed after an undo that was killed, it begins anew.
        """
        in_transaction(self._connection, self._forget_batches)
        shown.stage("conversations (undone)", None)
        self._pass("conversations", self._keys("conversations"), shown)
        shown.stage("users (undone)", None)
        waiting = self._pass("users", self._keys("users"), shown)
        while waiting:
            left = self._pass("users", _chunks(waiting), Silent())
            if len(left) == len(waiting):
                break
            waiting = left
        for chunk in _chunks(waiting):
            in_transaction(self._connection, partial(self._refuse_used, chunk))
        in_transaction(self._connection, self._count_log)
        return self._result

    def _forget_batches(self) -> None:
        self._connection.execute("DELETE FROM import_batches WHERE run_id = %s", [self._run])

    def _keys(self, collection: str) -> Iterator[list[UUID]]:
        """The keys of the documents that the run loaded or changed, some at a time."""
        after = UUID(int=0)
        while True:
            found = in_transaction(self._connection, partial(self._keys_behind, collection, after))
            if not found:
                return
            yield found
            after = found[-1]

    def _keys_behind(self, collection: str, after: UUID) -> list[UUID]:
        rows = self._connection.execute(
            "SELECT id FROM import_documents WHERE collection = %s AND id > %s"
            " AND (first_run_id = %s OR last_run_id = %s) ORDER BY id LIMIT %s",
            [collection, after, self._run, self._run, _BATCH],
        )
        return [key for (key,) in rows]

    def _pass(self, collection: str, chunks: Iterable[list[UUID]], shown: Shown) -> list[UUID]:
        """Go through the documents; returns those to which something refers."""
        used: list[UUID] = []
        for chunk in chunks:
            used += in_transaction(self._connection, partial(self._remove_all, chunk))
            shown.advance(len(chunk))
        return used

    def _documents(self, keys: list[UUID]) -> list[_Document]:
        found = self._connection.execute(
            "SELECT id, collection, legacy_id, rows, first_run_id FROM import_documents WHERE id = ANY(%s) ORDER BY id",
            [keys],
        )
        return [
            _Document(key, of, legacy_id, list(unpack(bytes(packed))), first_run == self._run)
            for key, of, legacy_id, packed, first_run in found.fetchall()
        ]

    def _remove_all(self, keys: list[UUID]) -> list[UUID]:
        documents = self._documents(keys)
        edited = self._edited(documents)
        used: list[UUID] = []
        for document in documents:
            if not document.is_of_this_run:
                self._keep(document, [Refusal(document.collection, document.legacy_id, _EARLIER)])
            elif found := [row for row in document.rows if (row.table.name, row.id) in edited]:
                self._keep(document, [Refusal(row.table.name, self._name(document, row), _EDITED) for row in found])
            else:
                try:
                    with self._connection.transaction():
                        self._connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
                        self._remove(document)
                except _IN_USE:
                    if document.collection == "conversations":
                        self._keep(document, [Refusal(document.collection, document.legacy_id, _USED)])
                    else:  # perhaps by people who go as well
                        used.append(document.id)
                else:
                    self._result.removed.update(row.table.name for row in document.rows)
        return used

    def _edited(self, documents: Sequence[_Document]) -> set[tuple[str, UUID]]:
        """The rows that are not as they were loaded, or not there any more."""
        found: set[tuple[str, UUID]] = set()
        by_table: dict[str, list[LoadedRow]] = {}
        for document in documents:
            for row in document.rows:
                by_table.setdefault(row.table.name, []).append(row)
        for name, rows in by_table.items():
            table = TABLES[name]
            now = self._now(table, [row.id for row in rows])
            for row in rows:
                values = now.get(row.id)
                if values is not None and table.has_legacy_id:
                    self._names[name, row.id] = str(values[1])
                if values is None or digest_of(table, values) != row.digest:
                    found.add((name, row.id))
        return found

    def _now(self, table: Table, ids: list[UUID]) -> dict[UUID, tuple[Any, ...]]:
        try:
            return self._writer.current(table, ids, lock=True)
        except DecryptionError:
            if len(ids) == 1:
                return {}  # what cannot be opened is not as it was loaded
            half = len(ids) // 2
            return self._now(table, ids[:half]) | self._now(table, ids[half:])

    def _remove(self, document: _Document) -> None:
        """The rows of a document, and what the import wrote around them. Raises what refers to them."""
        roots = [row.id for row in document.rows if row.table.name == document.collection]
        if document.collection == "conversations":
            self._execute("DELETE FROM conversation_words WHERE conversation_id = ANY(%s)", roots)
            self._execute(_RELATIONS_OF_CASES, roots)
        else:
            self._execute(_ASSIGNED_DOCTORS, roots)
            self._execute("DELETE FROM search_words WHERE entry_id = ANY(%s)", roots)
        for table in _ORDER:
            ids = [row.id for row in document.rows if row.table is table]
            if ids:
                delete = sql.SQL("DELETE FROM {} WHERE id = ANY(%s)").format(sql.Identifier(table.name))
                self._connection.execute(delete, [ids])
        self._execute("DELETE FROM import_items WHERE document_id = ANY(%s) AND state = 'open'", [document.id])
        self._execute(_FORGET, [document.id])
        self._execute(_FORGET_ROWS, [document.id])

    def _execute(self, statement: str, ids: Sequence[UUID]) -> None:
        self._connection.execute(statement, [list(ids)])

    def _keep(self, document: _Document, refusals: Sequence[Refusal]) -> None:
        self._result.kept.update(row.table.name for row in document.rows)
        self._result.refuse(*refusals)

    def _refuse_used(self, keys: list[UUID]) -> None:
        for document in self._documents(keys):
            self._keep(document, [Refusal("users", document.legacy_id, _USED)])

    def _count_log(self) -> None:
        row = self._connection.execute(
            "SELECT count(*) FROM import_documents WHERE collection = 'activity_logs' AND first_run_id = %s",
            [self._run],
        ).fetchone()
        if row and row[0]:
            self._result.kept["activity_logs"] += row[0]

    def _name(self, document: _Document, row: LoadedRow) -> str:
        return self._names.get((row.table.name, row.id), document.legacy_id)


def _chunks(keys: list[UUID]) -> Iterator[list[UUID]]:
    for start in range(0, len(keys), _BATCH):
        yield keys[start : start + _BATCH]


# Only relations that the import wrote: one that began here refers to the person, who therefore stays.
_RELATIONS_OF_CASES = "DELETE FROM care_relations WHERE case_id = ANY(%s) AND reason = 'From the previous system'"
_ASSIGNED_DOCTORS = (
    "DELETE FROM care_relations WHERE patient_id = ANY(%s) AND kind = 'assigned'"
    " AND reason = 'From the previous system'"
)
# What somebody has worked on stays with its document, of which nothing is loaded any more.
_FORGET = (
    "DELETE FROM import_documents d WHERE id = ANY(%s)"
    " AND NOT EXISTS (SELECT FROM import_items i WHERE i.document_id = d.id)"
)
_FORGET_ROWS = "UPDATE import_documents SET rows = '', digest = '' WHERE id = ANY(%s)"
