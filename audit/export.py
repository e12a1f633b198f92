"""A signed export of the log: for an auditor or a court, readable, and checked without the database.

One JSON object a line: the head, each row with its columns as they are stored (``row``) and what is encrypted in them
in the clear (``clear``), and last the count, the SHA-256 of everything before, and an Ed25519 signature of both.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from django.conf import settings

from audit.chain import signing_key
from audit.plain_rows import as_json, from_json, rows_between, sealed_row
from audit.seals_file import exported_seals
from medichat.db.encryption import DecryptionError, open_sealed

FORMAT = "medichat log export 1"
_SIGNED = b"medichat log export\0"
ENCRYPTED = ("actor_email", "description", "metadata", "error_message", "error_stack", "error_code")


def export(path: Path, begin: datetime, end: datetime) -> int:
    """Write the rows of this time to a new file, as the system; returns how many. Raises OSError."""
    digest, count = hashlib.sha256(), 0
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as out:

        def say(said: dict[str, Any]) -> None:
            line = json.dumps(said, ensure_ascii=False).encode() + b"\n"
            digest.update(line)
            out.write(line)

        say(
            {
                "format": FORMAT,
                "clinic": settings.CLINIC_NAME,
                "from": begin.isoformat(),
                "to": end.isoformat(),
                "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
                "public_key": signing_key().public_key().public_bytes_raw().hex(),
            }
        )
        for values in rows_between(begin, end):
            row = as_json(values)
            say({"row": row, "clear": _clear(row["id"], dict(zip(row, values, strict=True)))})
            count += 1
        signature = signing_key().sign(_signed(count, digest.hexdigest()))
        say({"rows": count, "sha256": digest.hexdigest(), "signature": signature.hex()})
        out.flush()
        os.fsync(out.fileno())
    return count


def _clear(row_id: str, values: dict[str, Any]) -> dict[str, str | None]:
    return {name: _opened(row_id, name, values[name]) for name in ENCRYPTED if values[name] is not None}


def _opened(row_id: str, column: str, stored: bytes) -> str | None:
    try:
        return open_sealed("activity_logs", column, UUID(row_id), bytes(stored))
    except DecryptionError:  # an old key is gone; what is stored stands in the row all the same
        return None


def _signed(count: int, digest: str) -> bytes:
    return _SIGNED + f"{count}:{digest}".encode()


def check(path: Path, *, seals: Path | None = None) -> tuple[int, list[str]]:
    """Check an export without the database: how many rows, and what is wrong with it.

    With the exported seals each row is compared with what its seal remembers. Raises OSError.
    """
    digest, last = hashlib.sha256(), b""
    rows, findings = 0, list[str]()
    sealed = _sealed_hashes(seals) if seals else None
    for number, line in enumerate(_lines(path), start=1):
        digest.update(last)
        if number > 2:
            findings += _check_row(number - 1, last, sealed)
            rows += 1
        last = line
    try:
        said = json.loads(last)
        if said["rows"] != rows or said["sha256"] != digest.hexdigest():
            findings.append("The export was changed or cut off after it was signed.")
        signing_key().public_key().verify(bytes.fromhex(said["signature"]), _signed(said["rows"], said["sha256"]))
    except (ValueError, KeyError, TypeError):
        findings.append("The export has no signature: its end is missing.")
    except InvalidSignature:
        findings.append("The export is not signed by this clinic.")
    return rows, findings


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from file


def _check_row(number: int, line: bytes, sealed: dict[int, bytes] | None) -> list[str]:
    try:
        row = sealed_row(from_json(json.loads(line)["row"]))
    except (ValueError, KeyError, TypeError):
        return [f"Line {number} is no row of the log."]
    if sealed is None or sealed.get(row.sequence) == row.hash:
        return []
    what = "is not as it was sealed" if row.sequence in sealed else "is under no seal"
    return [f"Row {row.id} (line {number}) {what}."]


def _sealed_hashes(seals: Path) -> dict[int, bytes]:
    hashes: dict[int, bytes] = {}
    for line in exported_seals(seals):
        if line.seal is not None and line.seal.is_signed():
            hashes |= {row.sequence: row.hash for row in line.seal.rows}
    return hashes
