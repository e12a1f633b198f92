"""What the ledger keeps of a document: its rows, packed, and the digest of everything it became."""

import hashlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from uuid import UUID

from medichat.legacy.parse.parsing import Finding
from medichat.legacy.tables import BY_NUMBER, Record, Table

PACKED_BYTES = 1 + 16 + 16
EXPORTS_LOSE = frozenset({"wide_number"})
"""Rules whose findings only some forms of the source can give: they do not count as a change of the document."""

EXPORTS_ALTER = frozenset({"unreadable_characters"})
"""Rules whose raw values differ between the forms of the source: only that they applied counts."""


class LoadedRow(NamedTuple):
    """A row as it was loaded: where it is, and the digest that its compared columns had."""

    table: Table
    id: UUID
    digest: bytes


def pack(rows: Iterable[LoadedRow]) -> bytes:
    """33 bytes for each row."""
    return b"".join(bytes([row.table.number]) + row.id.bytes + row.digest for row in rows)


def unpack(packed: bytes) -> Iterator[LoadedRow]:
    """The rows that ``pack`` packed."""
    for start in range(0, len(packed), PACKED_BYTES):
        yield LoadedRow(
            BY_NUMBER[packed[start]],
            UUID(bytes=packed[start + 1 : start + 17]),
            packed[start + 17 : start + PACKED_BYTES],
        )


def each_packed(packed: bytes) -> list[bytes]:
    """The rows that ``pack`` packed, each still packed."""
    return [packed[start : start + PACKED_BYTES] for start in range(0, len(packed), PACKED_BYTES)]


def outcome_digest(records: Iterable[Record], findings: Iterable[Finding]) -> bytes:
    """The digest of what a document became: every value of every row, volatile columns included, and every finding."""
    digest = hashlib.blake2b(digest_size=16)
    for record in records:
        digest.update(bytes([record.table.number]) + record.digest())
        for place in record.table.volatile_places:
            digest.update(repr(record.values[place]).encode("utf-8", "surrogatepass") + b"\0")
    for finding in findings:
        if finding.rule.code not in EXPORTS_LOSE:
            digest.update(f"{finding.rule.code}:{finding.where}\0".encode("utf-8", "surrogatepass"))
            if finding.rule.code not in EXPORTS_ALTER:
                digest.update(finding.comparable_text().encode("utf-8", "surrogatepass") + b"\0")
    return digest.digest()
