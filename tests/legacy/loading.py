"""Running the import in tests, and looking at everything that it left in the database."""

from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import connection

from medichat.db.context import system
from medichat.legacy import load
from medichat.legacy.columns import records
from medichat.legacy.document import Document
from medichat.legacy.load import Loaded, Options
from medichat.legacy.parse import PARSERS
from medichat.legacy.parse.rows import ConversationRow
from medichat.legacy.parse.users import parse_user
from medichat.legacy.read import open_source
from medichat.legacy.relations import AccountKey, Directory, VisitKey, number_visits
from medichat.legacy.tables import TABLES, Record
from medichat.legacy.writer import opened

Rows = dict[str, dict[UUID, dict[str, Any]]]
INLINE = Options(batch=7, processes=0)
"""Small batches, in the test's own process."""


def load_dump(folder: Path, options: Options = INLINE) -> Loaded:
    """Load a dump without the command around it."""
    with open_source(str(folder)) as source:
        return load.run(source, options)


def snapshot(*, without: Sequence[str] = ()) -> Rows:
    """Every imported row with its mapped columns in the clear."""
    found: Rows = {}
    with system(), connection.cursor() as cursor:
        for table in TABLES.values():
            condition = "legacy_id IS NOT NULL" if table.has_legacy_id else "true"
            # Names of tables and columns are constants.
            cursor.execute(f"SELECT {', '.join(table.columns)} FROM {table.name} WHERE {condition}")  # noqa: S608
            rows = (opened(table, row) for row in cursor.fetchall())
            found[table.name] = {row[0]: _named(table.columns, row, without) for row in rows}
    return found


def _named(columns: Sequence[str], row: Sequence[Any], without: Sequence[str]) -> dict[str, Any]:
    named = dict(zip(columns, row, strict=True))
    if named.get("address"):
        named["address"] = ip_address(str(named["address"]))
    return {name: value for name, value in named.items() if name not in without}


def around() -> dict[str, set[Any]]:
    """What follows from the imported rows: relations, words, the ledger and what was found."""
    queries = {
        "relations": "SELECT id, patient_id, doctor_id, case_id, kind, valid_until IS NULL FROM care_relations",
        "words": "SELECT conversation_id, token FROM conversation_words",
        "search": "SELECT kind, word, patient_id, entry_id FROM search_words",
        "ledger": "SELECT collection, legacy_id, digest, rows, raw IS NULL FROM import_documents",
        "items": 'SELECT collection, legacy_id, rule, "where", reason, outcome, raw IS NULL FROM import_items',
    }
    found: dict[str, set[Any]] = {}
    with system(), connection.cursor() as cursor:
        for name, query in queries.items():
            cursor.execute(query)
            found[name] = {tuple(bytes(v) if isinstance(v, memoryview) else v for v in row) for row in cursor}
    return found


def expected(documents: dict[str, list[bytes]]) -> Rows:
    """What the parsers and the rules make of a small clinic, all of it in memory and without the loader."""
    directory = Directory(AccountKey.of(parsed) for parsed in map(parse_user, map(Document, documents["users"])))
    found: Rows = {name: {} for name in TABLES}
    for collection, raws in documents.items():
        for raw in raws:
            document = Document(raw)
            parsed = PARSERS[collection](document)
            if collection == "users":
                parsed = directory.settle_user(parsed)
            elif collection == "conversations":
                parsed = directory.settle_conversation(parsed, document.values if parsed.rows else {})
            for record in records(parsed):
                found[record.table.name][record.id] = _as_stored(record)
    _number(documents["conversations"], found)
    return found


def _as_stored(record: Record) -> dict[str, Any]:
    return _named(record.table.columns, record.values, ())


def _number(raws: list[bytes], found: Rows) -> None:
    by_patient: dict[str, list[VisitKey]] = {}
    parsed_ones = [PARSERS["conversations"](Document(raw)) for raw in raws]
    for row in (row for parsed in parsed_ones for row in parsed.rows_of(ConversationRow)):
        key = VisitKey(row.patient_legacy_id or "", row.visit_number, row.created_at, row.legacy_id)
        by_patient.setdefault(key.patient_legacy_id, []).append(key)
    numbers = {legacy_id: number for visits in by_patient.values() for legacy_id, number, _ in number_visits(visits)}
    for stored in found["conversations"].values():
        stored["visit_number"] = numbers[stored["legacy_id"]]
