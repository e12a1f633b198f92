"""What a seal is: the rows it remembers, its hash, its signature, and how it is written down.

What is hashed of an encrypted column is the ciphertext: seals are made and verified without the encryption keys.
"""

import base64
import hashlib
import json
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db import connection

from audit.models import AuditSeal

ROW_BYTES = 8 + 16 + 32
LOWEST = -(2**63)
FIRST_HASH = hashlib.sha256(b"medichat: before the first seal").digest()

# The order is part of what is hashed. A column that is added later is hashed by a later version of this list.
COLUMNS = (
    "sequence", "id", "transaction_id::text::bigint", "occurred_at", "actor_id", "actor_role", "actor_email", "action",
    "resource_type", "resource_id", "patient_id", "purpose", "method", "endpoint", "text(address)", "address_text",
    "user_agent", "status", "status_code", "description", "metadata", "error_message", "error_stack", "error_code",
    "duration_ms", "severity", "request_id", "legacy_id", "created_at",
)  # fmt: skip
SELECT = f"SELECT {', '.join(COLUMNS)} FROM activity_logs"  # noqa: S608  # nosec B608 - the constants above


@dataclass(frozen=True, order=True)
class Position:
    """A place in the order of the log: a transaction and a sequence number in it."""

    transaction: int
    sequence: int


BEGINNING = Position(0, LOWEST)


@dataclass(frozen=True)
class SealedRow:
    """What a seal remembers of one row."""

    sequence: int
    id: uuid.UUID
    hash: bytes

    def packed(self) -> bytes:
        """The 56 bytes of a seal's ``rows``."""
        return self.sequence.to_bytes(8, "big", signed=True) + self.id.bytes + self.hash


@dataclass(frozen=True)
class Seal:
    """A seal as it is hashed, signed, stored and exported."""

    number: int
    floor_sequence: int
    after: Position
    to: Position
    highest_sequence: int
    rows: tuple[SealedRow, ...]
    previous_hash: bytes
    sealed_at: datetime
    hash: bytes = b""
    signature: bytes = b""

    def computed_hash(self) -> bytes:
        """The SHA-256 of everything the seal says."""
        said = {
            "number": self.number,
            "floor_sequence": self.floor_sequence,
            "after": asdict(self.after),
            "to": asdict(self.to),
            "highest_sequence": self.highest_sequence,
            "row_count": len(self.rows),
            "rows": hashlib.sha256(self.packed_rows()).hexdigest(),
            "previous_hash": self.previous_hash.hex(),
            "sealed_at": self.sealed_at.astimezone(UTC).isoformat(timespec="microseconds"),
        }
        return hashlib.sha256(b"medichat seal 1\0" + json.dumps(said, sort_keys=True).encode()).digest()

    def packed_rows(self) -> bytes:
        """The rows as they are stored."""
        return b"".join(row.packed() for row in self.rows)

    def is_signed(self) -> bool:
        """Whether the hash is that of the content and the signature is ours."""
        if self.hash != self.computed_hash():
            return False
        try:
            signing_key().public_key().verify(self.signature, self.hash)
        except InvalidSignature:
            return False
        return True

    def line(self) -> str:
        """The seal as one line of the exported file."""
        return json.dumps(
            {
                "number": self.number,
                "floor_sequence": self.floor_sequence,
                "after": [self.after.transaction, self.after.sequence],
                "to": [self.to.transaction, self.to.sequence],
                "highest_sequence": self.highest_sequence,
                "row_count": len(self.rows),
                "rows": base64.b64encode(self.packed_rows()).decode(),
                "previous_hash": self.previous_hash.hex(),
                "hash": self.hash.hex(),
                "signature": self.signature.hex(),
                "sealed_at": self.sealed_at.astimezone(UTC).isoformat(timespec="microseconds"),
            }
        )

    @classmethod
    def from_line(cls, line: str) -> Self:
        """Read a line of the exported file. Raises ValueError for anything else."""
        try:
            said = json.loads(line)
            return cls(
                number=int(said["number"]),
                floor_sequence=int(said["floor_sequence"]),
                after=Position(*map(int, said["after"])),
                to=Position(*map(int, said["to"])),
                highest_sequence=int(said["highest_sequence"]),
                rows=tuple(unpacked(base64.b64decode(said["rows"], validate=True))),
                previous_hash=bytes.fromhex(said["previous_hash"]),
                hash=bytes.fromhex(said["hash"]),
                signature=bytes.fromhex(said["signature"]),
                sealed_at=datetime.fromisoformat(said["sealed_at"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError("this is not a seal") from error

    @classmethod
    def from_table(cls, stored: AuditSeal) -> Self:
        """Read a row of ``audit_seals``."""
        return cls(
            number=stored.number,
            floor_sequence=stored.floor_sequence,
            after=Position(stored.after_transaction, stored.after_sequence),
            to=Position(stored.to_transaction, stored.to_sequence),
            highest_sequence=stored.highest_sequence,
            rows=tuple(unpacked(bytes(stored.rows))),
            previous_hash=bytes(stored.previous_hash),
            hash=bytes(stored.hash),
            signature=bytes(stored.signature),
            sealed_at=stored.sealed_at,
        )


def unpacked(rows: bytes) -> Iterator[SealedRow]:
    """The rows of a seal. Raises ValueError when something is cut off."""
    if len(rows) % ROW_BYTES:
        raise ValueError("the rows of a seal are cut off")
    for start in range(0, len(rows), ROW_BYTES):
        sequence, row_id = rows[start : start + 8], rows[start + 8 : start + 24]
        yield SealedRow(
            int.from_bytes(sequence, "big", signed=True), uuid.UUID(bytes=row_id), rows[start + 24 : start + ROW_BYTES]
        )


def signing_key() -> Ed25519PrivateKey:
    """The key of the signatures, from its 32-byte seed in the settings."""
    return Ed25519PrivateKey.from_private_bytes(settings.AUDIT_SIGNING_KEY)


def hash_of(values: Sequence[Any]) -> bytes:
    """The SHA-256 of one row's columns: each marked as missing or given with its length, so that none runs over."""
    digest = hashlib.sha256(b"medichat activity 1\0")
    for value in values:
        if value is None:
            digest.update(b"-")
            continue
        plain = _plain(value)
        digest.update(b"+" + len(plain).to_bytes(8, "big") + plain)
    return digest.digest()


def _plain(value: Any) -> bytes:
    if isinstance(value, bytes | memoryview):
        return bytes(value)
    if isinstance(value, uuid.UUID):
        return value.bytes
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds").encode()
    if isinstance(value, float):
        return value.hex().encode()
    return str(value).encode()


def counts_anew(last: Position) -> bool:
    """Whether this server has not reached the transaction yet: it was restored, and counts its transactions anew."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::xid8 >= pg_snapshot_xmax(pg_current_snapshot())", [str(last.transaction)])
        return bool(cursor.fetchone()[0])


@dataclass(frozen=True)
class FoundRow:
    """A row of the log as it is now."""

    position: Position
    sealed: SealedRow


def found_rows(condition: str, parameters: Sequence[Any], *, limit: int | None = None) -> list[FoundRow]:
    """The rows that satisfy the condition (a constant of this app), in the order of the log."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"{SELECT} WHERE {condition} ORDER BY transaction_id, sequence LIMIT %s",
            [*parameters, limit],
        )
        return [
            FoundRow(Position(values[2], values[0]), SealedRow(values[0], values[1], hash_of(values)))
            for values in cursor.fetchall()
        ]
