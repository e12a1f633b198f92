"""What happens to a document that the database refuses: the least that lets the rest of it come over.

- An address or a visit number that somebody else holds: if the holder was imported, nobody has edited it since, and the
  source now gives it to this document, the holder lets go of it and gets its own from its own document. Otherwise this
  account gets a placeholder and cannot sign in, this visit the next free number.
- Any other refusal: the one row is set aside with the name of the constraint; the root of a document takes everything
  that belongs to it along.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import psycopg
from psycopg import errors

from medichat.legacy.columns import unusable_password
from medichat.legacy.ledger import unpack
from medichat.legacy.parse import rules
from medichat.legacy.parse.identity import row_id
from medichat.legacy.parse.parsing import Finding
from medichat.legacy.prepare import Prepared
from medichat.legacy.relations import placeholder_address
from medichat.legacy.tables import TABLES, Record, Table, digest_of, in_order
from medichat.legacy.writer import Writer

REFUSALS = (
    psycopg.IntegrityError,
    psycopg.DataError,
    errors.RaiseException,
    errors.ProgramLimitExceeded,
    UnicodeEncodeError,
)
"""What is about the rows. Everything else (a full disk, a lost connection, a lock) is about the run."""

VACATED_NUMBER = 1_000_000_000
VACATED_ADDRESS = "vacated."
_ROOTS = {"users": "users", "conversations": "conversations", "activity_logs": "activity_logs"}
_ADDRESS = {"users_email_key", "users_email_is_lower_case"}
_VISIT = "conversations_visit_number_unique"


class Refusals:
    """Finds out what was refused, and makes the document such that it can be loaded."""

    def __init__(self, connection: psycopg.Connection[Any], writer: Writer) -> None:
        self._connection = connection
        self._writer = writer

    def settled(self, one: Prepared, refusal: Exception) -> Prepared:
        """The document as it can be tried again; every call leaves less that can be refused."""
        constraint = _constraint(refusal)
        by_constraint: dict[str, Callable[[Prepared], Prepared]] = {
            **dict.fromkeys(_ADDRESS, self._other_address),
            _VISIT: self._other_number,
        }
        if constraint in by_constraint:
            return by_constraint[constraint](one)
        culprit = self._culprit(one, _table(refusal))
        if culprit is None or culprit.table.name == _ROOTS[one.collection]:
            return replace(one.set_aside(rules.REFUSED_BY_DATABASE, constraint), look_again=True)
        return one.without(culprit, refused(culprit, one.legacy_id, constraint))

    def as_loaded(self, table: Table, values: Sequence[Any]) -> Sequence[Any]:
        """The values of a row without what letting go of an address or a number did to it."""
        if table.name == "users":
            return _with(table, values, "email", str(_value(table, values, "email")).removeprefix(VACATED_ADDRESS))
        if table.name == "conversations" and _value(table, values, "visit_number") > VACATED_NUMBER:
            return _with(table, values, "visit_number", _value(table, values, "visit_number") - VACATED_NUMBER)
        return values

    def _culprit(self, one: Prepared, table: str | None) -> Record | None:
        """The row that is refused, found by writing one after the other and taking everything back."""
        with self._connection.transaction(force_rollback=True):
            for kind, records in in_order(one.records):
                for record in records:
                    try:
                        with self._connection.transaction():
                            self._writer.insert(kind, [record])
                            if kind.name != "activity_logs":
                                self._writer.update(kind, [record])
                    except REFUSALS:
                        return record
        return None

    def _other_address(self, one: Prepared) -> Prepared:
        (record,) = [record for record in one.records if record.table.name == "users"]
        address = _value(record.table, record.values, "email")
        if self._let_go("users", ("email",), (address,), record.id):
            return one
        values = _with(record.table, record.values, "email", placeholder_address(str(record.legacy_id)))
        values = _with(record.table, values, "password", unusable_password(record.id))
        finding = Finding(rules.EMAIL_DUPLICATE, one.legacy_id, ("email",), address)
        return one.changed(replace(record, values=tuple(values)), finding)

    def _other_number(self, one: Prepared) -> Prepared:
        (record,) = [record for record in one.records if record.table.name == "conversations"]
        patient = _value(record.table, record.values, "patient_id")
        number = _value(record.table, record.values, "visit_number")
        if self._let_go("conversations", ("patient_id", "visit_number"), (patient, number), record.id):
            return one
        row = self._connection.execute(
            "SELECT coalesce(max(visit_number), 0) + 1 FROM conversations WHERE patient_id = %s AND visit_number < %s",
            [patient, VACATED_NUMBER],
        ).fetchone()
        assert row is not None
        finding = Finding(rules.VISIT_RENUMBERED, one.legacy_id, ("visitNumber",), number, "Another visit has it here.")
        values = _with(record.table, record.values, "visit_number", row[0])
        return one.changed(replace(record, values=tuple(values)), finding)

    def _let_go(self, table_name: str, columns: Sequence[str], values: Sequence[Any], own: UUID) -> bool:
        """Take an address or a number from an imported row that nobody has edited; False when that must not be."""
        condition = " AND ".join(f"{column} = %s" for column in columns)
        row = self._connection.execute(
            # Table and columns are constants of this program.
            f"SELECT id, legacy_id FROM {table_name} WHERE {condition} AND id <> %s FOR UPDATE",  # noqa: S608  # nosec B608
            [*values, own],
        ).fetchone()
        if row is None or row[1] is None:
            return False
        holder, legacy_id = row
        table = TABLES[table_name]
        now = self._writer.current(table, [holder], lock=True)[holder]
        if self._as_in_ledger(table_name, legacy_id, holder) != digest_of(table, self.as_loaded(table, now)):
            return False
        if table_name == "users":
            self._connection.execute("UPDATE users SET email = %s || email WHERE id = %s", [VACATED_ADDRESS, holder])
        else:
            self._connection.execute(
                "UPDATE conversations SET visit_number = visit_number + %s WHERE id = %s", [VACATED_NUMBER, holder]
            )
        return True

    def _as_in_ledger(self, collection: str, legacy_id: str, row: UUID) -> bytes | None:
        found = self._connection.execute(
            "SELECT rows FROM import_documents WHERE id = %s", [row_id(f"import_documents.{collection}", legacy_id)]
        ).fetchone()
        return next((loaded.digest for loaded in unpack(bytes(found[0])) if loaded.id == row), None) if found else None


def refused(record: Record, legacy_id: str, constraint: str) -> Finding:
    """What is noted of a row that the database does not take: its values, and the constraint."""
    return Finding(rules.REFUSED_BY_DATABASE, legacy_id, (record.table.name,), stated(record), constraint)


def stated(record: Record) -> dict[str, Any]:
    """The values of a row by their columns, for the encrypted archive; no credentials."""
    named = zip(record.table.columns, record.values, strict=True)
    return {name: _plain(value) for name, value in named if name != "password"}


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)


def _constraint(refusal: Exception) -> str:
    """The constraint's name, or the kind of error; never what the error says, for that may hold values."""
    if isinstance(refusal, psycopg.Error):
        return refusal.diag.constraint_name or refusal.sqlstate or type(refusal).__name__
    return type(refusal).__name__


def _table(refusal: Exception) -> str | None:
    return refusal.diag.table_name if isinstance(refusal, psycopg.Error) else None


def _value(table: Table, values: Sequence[Any], column: str) -> Any:
    return values[table.columns.index(column)]


def _with(table: Table, values: Sequence[Any], column: str, value: Any) -> list[Any]:
    changed = list(values)
    changed[table.columns.index(column)] = value
    return changed
