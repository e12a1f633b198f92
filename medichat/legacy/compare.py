"""Comparing documents of the source with their rows, for ``verify``: row by row and column by column.

The rows are read from their tables and decrypted. A row that is missing, one too many, one that differs or cannot be
opened, and a ledger that says something else are named by table, legacy id and column, never by value. What somebody
edited here and the activity log knows of is listed apart (``edits``).
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self
from uuid import UUID

import psycopg
from psycopg import sql

from medichat.db.encryption import DecryptionError, open_sealed
from medichat.legacy import edits
from medichat.legacy.ledger import LoadedRow, each_packed, pack, unpack
from medichat.legacy.parse.names import shown_id
from medichat.legacy.parse.rules import REFUSED_BY_DATABASE
from medichat.legacy.prepare import Prepared
from medichat.legacy.tables import TABLES, Record, Table, digest_of, written

NAMED = 200
"""How many differences are named; all are counted."""
CHART = (
    "patient_medical_info", "allergies", "medications", "medical_history", "surgical_history", "family_history",
    "immunizations", "emergency_contacts",
)  # fmt: skip
OF_CASE = ("private_notes", "messages", "symptoms", "attachments", "prescriptions", "conversation_archives")
MISSING, SURPLUS, DIFFERENT, UNREADABLE, LEDGER = "missing", "surplus", "different", "unreadable", "ledger"
_UNOPENED = object()
_Wanted = dict[int, tuple[Record, Prepared]]
"""Rows that the source says there are, by the number of their UUID: hashing the UUID itself takes ten times as long."""


@dataclass(frozen=True)
class Difference:
    """One row that is not as the source says. ``columns`` for those that differ; never a value."""

    table: str
    legacy_id: str
    kind: str
    columns: tuple[str, ...] = ()

    def __str__(self) -> str:
        columns = f" ({', '.join(self.columns)})" if self.columns else ""
        return f"{self.table} {shown_id(self.legacy_id)}: {self.kind}{columns}"


@dataclass
class Comparison:
    """What comparing has found so far.

    ``found``: rows of the source that are in the database; ``gone``: documents that came over earlier and that the
    source has dropped since; both by table.
    """

    verified: Counter[str] = field(default_factory=Counter)
    mismatched: Counter[str] = field(default_factory=Counter)
    edited_here: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    gone: Counter[str] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)
    edited: list[Difference] = field(default_factory=list)
    roots: dict[str, list[bytes]] = field(default_factory=dict)
    """The ids of the documents' own rows that were looked at, for finding those that are too many."""

    @property
    def is_clean(self) -> bool:
        """Whether nothing is different but what was edited here on the record."""
        return not self.mismatched.total()

    def differs(self, difference: Difference) -> None:
        """Name a difference that nothing explains."""
        self.mismatched[difference.table] += 1
        if len(self.differences) < NAMED:
            self.differences.append(difference)

    def was_edited(self, difference: Difference) -> None:
        """Name a difference that is an edit on the record."""
        self.edited_here[difference.table] += 1
        if len(self.edited) < NAMED:
            self.edited.append(difference)

    def add(self, other: Self) -> None:
        """Take another's findings in (but for ``roots``, which whoever gathers them keeps elsewhere)."""
        for name in ("verified", "mismatched", "edited_here", "found", "gone"):
            getattr(self, name).update(getattr(other, name))
        self.differences += other.differences[: NAMED - len(self.differences)]
        self.edited += other.edited[: NAMED - len(self.edited)]

    def for_report(self) -> dict[str, Any]:
        """Counts, and what is named, in plain values."""
        return {
            "verified": self.verified.total(),
            "mismatched": self.mismatched.total(),
            "edited_here": self.edited_here.total(),
            "gone_from_source": dict(self.gone),
            "differences": [str(one) for one in self.differences],
            "edited": [str(one) for one in self.edited],
        }

    def of_entity(self, entity: str) -> dict[str, int]:
        """The report's figures of one entity; what has no entity of its own counts as its document's."""
        also = {"conversations": ("private_notes", "conversation_archives", "import_documents")}
        tables = (entity, *also.get(entity, ()))
        return {
            "verified": self.verified[entity],
            "mismatched": sum(self.mismatched[table] for table in tables),
        }


@dataclass(frozen=True)
class _Known:
    """What the ledger says of a document; its rows are unpacked only where one is asked for."""

    digest: bytes
    packed: bytes

    def row(self, table: Table, identity: UUID) -> LoadedRow | None:
        """The row as the ledger knows it."""
        return next((row for row in unpack(self.packed) if row.table is table and row.id == identity), None)


@dataclass
class _Worked:
    """What loading did to documents, by their keys.

    ``refused`` counts the rows that the database did not take; of a document that was set aside whole: very many.
    ``touched``: something of theirs differs and is named, so their ledger may differ as well.
    """

    refused: Counter[UUID]
    touched: set[UUID] = field(default_factory=set)


class Verifier:
    """Compares documents with what stands in the database, on one connection that acts as the system."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def verify(self, prepared: Sequence[Prepared]) -> Comparison:
        """Compare these documents, whose rows nobody else's batch holds."""
        result = Comparison()
        known = self._ledger(prepared)
        worked = self._worked_on(prepared)
        expected: dict[str, _Wanted] = {}
        for one in prepared:
            for record in one.records:
                expected.setdefault(record.table.name, {})[record.id.int] = (record, one)
        for name in _tables_of(prepared):
            table = TABLES[name]
            wanted = expected.get(name, {})
            now = self._current(table, wanted, prepared)
            self._compare(table, wanted, now, known, worked, result)
        for one in prepared:
            self._compare_ledger(one, known.get(one.key), one.key in worked.touched, result)
            if _has_answer(one) and one.key not in worked.touched:
                result.verified["doctor_responses"] += 1
        if prepared:
            root = prepared[0].collection
            result.roots[root] = [one.records[0].id.bytes for one in prepared if one.records]
        return result

    # Reading

    def _ledger(self, prepared: Sequence[Prepared]) -> dict[UUID, _Known]:
        rows = self._connection.execute(
            "SELECT id, digest, rows FROM import_documents WHERE id = ANY(%s)", [[one.key for one in prepared]]
        )
        return {key: _Known(bytes(digest), bytes(packed)) for key, digest, packed in rows}

    def _worked_on(self, prepared: Sequence[Prepared]) -> _Worked:
        rows = self._connection.execute(
            "SELECT document_id, CASE WHEN bool_or(\"where\" = '') THEN 1000000000 ELSE count(*) END FROM import_items"
            " WHERE document_id = ANY(%s) AND rule = %s GROUP BY 1",
            [[one.key for one in prepared], REFUSED_BY_DATABASE.code],
        )
        return _Worked(Counter(dict(rows.fetchall())))

    def _current(self, table: Table, wanted: _Wanted, prepared: Sequence[Prepared]) -> dict[int, tuple[Any, ...]]:
        """The rows that there are: all imported ones of these documents, and those that are wanted."""
        columns = sql.SQL(", ").join(map(sql.Identifier, table.columns))
        select = sql.SQL("SELECT {} FROM {} WHERE ").format(columns, sql.Identifier(table.name))
        if table.name == "activity_logs":
            return dict(self._entries(select, wanted))
        if table.name in CHART or (table.name in OF_CASE and table.has_legacy_id):
            parent = "patient_id" if table.name in CHART else "conversation_id"
            roots = [one.records[0].id for one in prepared if one.records]
            condition = sql.SQL("{} = ANY(%s) AND legacy_id IS NOT NULL").format(sql.Identifier(parent))
            found = self._rows(select + condition, [roots])
            elsewhere = [record.id for key, (record, _) in wanted.items() if key not in found]
            if not elsewhere:
                return found
            return found | self._rows(select + sql.SQL("id = ANY(%s)"), [elsewhere])
        return self._rows(select + sql.SQL("id = ANY(%s)"), [[record.id for record, _ in wanted.values()]])

    def _entries(self, select: sql.Composed, wanted: _Wanted) -> Iterator[tuple[int, tuple[Any, ...]]]:
        """Entries of the log month by month: then only one partition is looked at for each."""
        months: dict[tuple[int, int], list[Record]] = {}
        for record, _ in wanted.values():
            at: datetime = record.values[2]
            months.setdefault((at.year, at.month), []).append(record)
        condition = sql.SQL("occurred_at BETWEEN %s AND %s AND id = ANY(%s)")
        for records in months.values():
            times = [record.values[2] for record in records]
            parameters = [min(times), max(times), [record.id for record in records]]
            yield from self._rows(select + condition, parameters).items()

    def _rows(self, query: sql.Composed, parameters: Sequence[Any]) -> dict[int, tuple[Any, ...]]:
        with self._connection.cursor(binary=True) as cursor:
            return {row[0].int: row for row in cursor.execute(query, parameters)}

    # Comparing

    def _compare(
        self,
        table: Table,
        wanted: _Wanted,
        now: dict[int, tuple[Any, ...]],
        known: dict[UUID, _Known],
        worked: _Worked,
        result: Comparison,
    ) -> None:
        doubtful: list[tuple[Difference, Record, Prepared]] = []
        found = verified = 0
        for key, (record, one) in wanted.items():
            row = now.get(key)
            if row is None:
                if worked.refused[one.key]:
                    worked.refused[one.key] -= 1
                    worked.touched.add(one.key)
                else:
                    doubtful.append((Difference(table.name, _name(record, one), MISSING), record, one))
                continue
            found += 1
            values = _opened(table, row)
            columns = _differing(table, record, values)
            if columns and _was_settled_here(table, columns, values, known.get(one.key), record.id):
                worked.touched.add(one.key)
                columns = ()
            if columns:
                kind = UNREADABLE if any(value is _UNOPENED for value in values) else DIFFERENT
                doubtful.append((Difference(table.name, _name(record, one), kind, columns), record, one))
            else:
                verified += 1
        if found:
            result.found[table.name] += found
        if verified:
            result.verified[table.name] += verified
        for key in now.keys() - wanted.keys():
            result.differs(Difference(table.name, str(now[key][1]), SURPLUS))
        self._judge(table, doubtful, worked, result)

    def _judge(
        self,
        table: Table,
        doubtful: Sequence[tuple[Difference, Record, Prepared]],
        worked: _Worked,
        result: Comparison,
    ) -> None:
        """Which differences are edits on the record."""
        if not doubtful:
            return
        explained = edits.on_record(self._connection, table.name, {_changed_thing(row) for _, row, _ in doubtful})
        for difference, record, one in doubtful:
            may_change = explained.get(_changed_thing(record))
            is_edit = may_change is not None and (
                table.name in edits.REMOVABLE
                if difference.kind == MISSING
                else difference.kind == DIFFERENT and may_change.issuperset(difference.columns)
            )
            worked.touched.add(one.key)
            if is_edit:
                result.was_edited(difference)
            else:
                result.differs(difference)

    @staticmethod
    def _compare_ledger(one: Prepared, known: _Known | None, is_touched: bool, result: Comparison) -> None:
        """What the ledger says of a document must be what the source says; rows that differ are named already."""
        wrong: list[str] = []
        if known is None:
            result.differs(Difference("import_documents", one.legacy_id, MISSING))
            return
        if is_touched:
            return
        expected: Iterable[Record] = () if one.collection == "activity_logs" else one.records
        packed = [pack([LoadedRow(record.table, record.id, record.digest())]) for record in expected]
        if sorted(packed) != sorted(each_packed(known.packed)):
            wrong.append("rows")
        if known.digest and known.digest != one.digest:
            wrong.append("digest")
        if wrong:
            result.differs(Difference("import_documents", one.legacy_id, LEDGER, tuple(wrong)))


def surplus(connection: psycopg.Connection[Any], table: str, seen: Iterable[bytes]) -> Iterator[tuple[str, bool]]:
    """Imported rows of documents' own table that no document of the source stands for; ``seen``: ids in their order.

    Each with its legacy id and whether the ledger knows it: then it came over, and the source has dropped it since.
    """
    expected = iter(seen)
    next_expected = next(expected, None)
    query = sql.SQL(
        "SELECT id, legacy_id, EXISTS (SELECT FROM import_documents d"
        " WHERE d.legacy_id = t.legacy_id AND d.collection = %s) FROM {} t WHERE legacy_id IS NOT NULL ORDER BY id"
    ).format(sql.Identifier(table))
    with connection.cursor(name="surplus") as cursor:
        for identity, legacy_id, is_known in cursor.execute(query, [table]):
            while next_expected is not None and next_expected < identity.bytes:
                next_expected = next(expected, None)
            if next_expected != identity.bytes:
                yield str(legacy_id), bool(is_known)


def _tables_of(prepared: Sequence[Prepared]) -> Sequence[str]:
    collection = prepared[0].collection if prepared else ""
    return {
        "users": ("users", *CHART),
        "conversations": ("conversations", *OF_CASE),
        "activity_logs": ("activity_logs",),
    }.get(collection, ())


def _opened(table: Table, row: Sequence[Any]) -> tuple[Any, ...]:
    values = list(row)
    identity = str(row[0])
    for place in table.encrypted_places:
        if values[place] is not None:
            try:
                values[place] = open_sealed(table.name, table.columns[place], identity, values[place])
            except DecryptionError:
                values[place] = _UNOPENED
    return tuple(values)


def _differing(table: Table, record: Record, values: tuple[Any, ...]) -> tuple[str, ...]:
    """The columns that differ: all mapped ones but the time of the last change, which every change stamps."""
    if record.values == values:
        return ()
    if record.digest() == digest_of(table, values):
        places: Iterable[int] = (place for place, name in enumerate(table.columns) if name in table.volatile)
    else:
        places = range(len(table.columns))
    return tuple(
        table.columns[place]
        for place in places
        if table.columns[place] != "updated_at" and _form(record.values[place]) != _form(values[place])
    )


def _form(value: Any) -> str | None:
    if value is _UNOPENED:
        return "cannot be opened"
    return None if value is None else written(value)


def _was_settled_here(
    table: Table, columns: Sequence[str], values: tuple[Any, ...], known: _Known | None, identity: UUID
) -> bool:
    """Whether loading itself chose another address or number, because somebody here has this one (see ``refusals``)."""
    if known is None or known.digest or not {"email", "password", "visit_number"}.issuperset(columns):
        return False
    row = known.row(table, identity)
    return row is not None and row.digest == digest_of(table, values)


def _name(record: Record, one: Prepared) -> str:
    return record.legacy_id or one.legacy_id


def _changed_thing(record: Record) -> UUID:
    """What the log names when this row is changed."""
    if record.table.name == "conversation_archives":
        case: UUID = record.values[1]
        return case
    return record.id


def _has_answer(one: Prepared) -> bool:
    return any(tally.entity == "doctor_responses" and tally.fate == "loaded" for tally in one.parsed.tally)
