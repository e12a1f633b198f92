"""Loading one document again, with what an administrator has put in the place of values: outside of a run's batches.

The same code as in a run: parse, settle, account, load. Only what is known of the other documents comes from the tables
here instead of the outline. Every later run applies a correction to the document of the source as well, for as long as
what was corrected still stands there.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import psycopg
from bson.raw_bson import RawBSONDocument
from django.db import connection as django_connection

from medichat.db.encryption import open_sealed
from medichat.legacy import prepare
from medichat.legacy.correction import Correction, NotCorrectable, corrected
from medichat.legacy.counts import Counts
from medichat.legacy.document import Document, Fields, UnreadableDocumentError, encode
from medichat.legacy.loader import Loader
from medichat.legacy.parse import rules
from medichat.legacy.parse.identity import identity, row_id
from medichat.legacy.parse.parsing import Finding
from medichat.legacy.parse.rows import ConversationRow, UserRow
from medichat.legacy.prepare import Prepared
from medichat.legacy.relations import Settlement

Corrections = Mapping[UUID, Sequence[Correction]]


class DatabaseSettlement(Settlement):
    """Settles a document by the rows that are here already."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def _one(self, query: str, *parameters: object) -> Any:
        row = self._connection.execute(query, parameters).fetchone()
        return row[0] if row else None

    def role_of(self, legacy_id: str) -> str | None:
        """See Settlement."""
        role: str | None = self._one("SELECT role FROM users WHERE legacy_id = %s", legacy_id)
        return role

    def loses_address(self, account: UserRow) -> bool:
        """See Settlement."""
        query = "SELECT true FROM users WHERE email = %s AND legacy_id IS DISTINCT FROM %s"
        return bool(self._one(query, account.email, account.legacy_id))

    def shares_licence(self, account: UserRow) -> bool:
        """See Settlement."""
        query = (
            "SELECT true FROM users WHERE role = 'doctor' AND lower(licence_number) = lower(%s) "
            "AND legacy_id IS DISTINCT FROM %s LIMIT 1"
        )
        is_doctor = account.role == "doctor" and account.licence_number is not None
        return is_doctor and bool(self._one(query, account.licence_number, account.legacy_id))

    def visit_number(self, visit: ConversationRow) -> int:
        """See Settlement: the number that the visit has here, or the one it states."""
        query = "SELECT visit_number FROM conversations WHERE legacy_id = %s"
        return int(self._one(query, visit.legacy_id) or visit.visit_number or 1)


def corrections(connection: psycopg.Connection[Any], documents: Sequence[UUID] | None = None) -> Corrections:
    """What administrators have put in the place of values, by document, in the order in which they did."""
    found: dict[UUID, list[Correction]] = defaultdict(list)
    rows = connection.execute(
        "SELECT document_id, id, corrected FROM import_items WHERE state IN ('corrected', 'retried') "
        "AND corrected IS NOT NULL AND (%s::uuid[] IS NULL OR document_id = ANY(%s)) ORDER BY handled_at, id",
        [documents, documents],
    )
    for document, item, sealed in rows:
        text = open_sealed("import_items", "corrected", item, bytes(sealed))
        found[document].append(Correction.from_text(text))
    return found


def with_corrections(collection: str, raw: bytes, known: Corrections) -> tuple[bytes, list[Correction]]:
    """The document with its corrections, and those of them that could be applied: the others have lost their place."""
    if not known:
        return raw, []
    try:
        own = RawBSONDocument(raw).get("_id")
        found = known.get(row_id(f"import_documents.{collection}", identity(own)), ()) if own is not None else ()
        if not found:
            return raw, []
        values = Fields(Document(raw).values)
    except (UnreadableDocumentError, ValueError):
        return raw, []
    applied = []
    for correction in found:
        try:
            values = corrected(values, correction)
        except NotCorrectable:
            continue
        applied.append(correction)
    return encode(values), applied


def noting_corrections(one: Prepared, applied: Iterable[Correction]) -> Prepared:
    """With a finding for each correction, so that every report says that values are not the source's."""
    return one.noting(Finding(rules.CORRECTED, one.legacy_id, correction.path) for correction in applied)


def load_again(collection: str, raw: bytes, run_id: UUID) -> tuple[Prepared, Counts]:
    """Load this document (as it is kept, without corrections) with all its corrections.

    To be called as the system and inside a transaction; what the database refuses is set aside as in a run. Returns
    what became of it.
    """
    django_connection.ensure_connection()
    connection: psycopg.Connection[Any] = django_connection.connection
    connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
    own = RawBSONDocument(raw).get("_id")
    key = row_id(f"import_documents.{collection}", identity(own))
    raw, applied = with_corrections(collection, raw, corrections(connection, [key]))
    ((document, parsed),) = prepare.parse(collection, [raw])
    one = prepare.settle(collection, document, parsed, DatabaseSettlement(connection))
    one = noting_corrections(one, applied)
    counts = Loader(connection, run_id).load([one])
    return one, counts
