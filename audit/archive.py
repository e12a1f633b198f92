"""A month of the log in a file that stands for it once the month is dropped: signed, and encrypted.

The first line is a signed statement. Behind it lie, for every row, the 56 bytes that a seal remembers of it (which say
nothing of a patient, so that the log can be verified without the encryption keys), and then the rows themselves, sealed
with ``ENCRYPTION_KEY`` in parts that are bound to their place.
"""

import bisect
import hashlib
import json
import mmap
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidSignature

from audit.chain import ROW_BYTES, SealedRow, signing_key, unpacked
from audit.plain_rows import Values, as_json, from_json, sealed_row
from medichat.db.encryption import KEY_ID_MAX_LENGTH, UnreadableError, key_id_of, open_bytes, seal_bytes

FORMAT = "medichat log archive 1"
PART_BYTES = 1024 * 1024
_SIGNED = b"medichat log archive\0"
_LENGTH_BYTES = 4


class ArchiveError(Exception):
    """An archive is not what was made, or cannot be made; the message names it and says why."""


def write(path: Path, month: str, rows: Iterable[Values]) -> int:
    """Archive the rows of a month (``2019-05``), in the order of writing, in this new file; returns how many.

    Raises FileExistsError and OSError. Nothing is left of an archive that was not finished.
    """
    body = path.with_name(f".{path.name}.body")
    unfinished = path.with_name(f".{path.name}.part")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists():
        raise FileExistsError(f"{path} exists already.")
    try:
        index = bytearray()
        with _private(body) as out:
            _write_body(out, path.name, rows, index)
        said = {
            "format": FORMAT,
            "name": path.name,
            "month": month,
            "rows": len(index) // ROW_BYTES,
            "index": hashlib.sha256(index).hexdigest(),
            "body": _digest(body),
            "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        with _private(unfinished) as out, body.open("rb") as rest:
            out.write(json.dumps({**said, "signature": signing_key().sign(_signed(said)).hex()}).encode() + b"\n")
            out.write(index)
            while part := rest.read(PART_BYTES):
                out.write(part)
            out.flush()
            os.fsync(out.fileno())
        os.link(unfinished, path)
    finally:
        body.unlink(missing_ok=True)
        unfinished.unlink(missing_ok=True)
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
    return len(index) // ROW_BYTES


def _private(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "wb")


def _write_body(out: BinaryIO, name: str, rows: Iterable[Values], index: bytearray) -> None:
    part, number = bytearray(), 0
    for values in rows:
        index += sealed_row(values).packed()
        part += json.dumps(as_json(values), ensure_ascii=False).encode() + b"\n"
        if len(part) >= PART_BYTES:
            _write_part(out, name, bytes(part), number, last=False)
            part, number = bytearray(), number + 1
    _write_part(out, name, bytes(part), number, last=True)


def _write_part(out: BinaryIO, name: str, clear: bytes, number: int, *, last: bool) -> None:
    sealed = seal_bytes(clear, _place(name, number, last=last))
    out.write(len(sealed).to_bytes(_LENGTH_BYTES, "big") + sealed)


def _place(name: str, number: int, *, last: bool) -> bytes:
    return f"log archive:{name}:{number}:{'last' if last else 'more'}".encode()


def _signed(said: dict[str, Any]) -> bytes:
    return _SIGNED + json.dumps(said, sort_keys=True).encode()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def key_ids(directory: Path) -> Counter[str]:
    """How many archives are under which key of ENCRYPTION_KEY; none is written again. Raises ArchiveError, OSError."""
    return Counter(Archive(path).key_id for path in directory.glob("*.archive"))


class _Sequences:
    """The sequence numbers of an index, to be searched."""

    def __init__(self, index: memoryview) -> None:
        self._index = index

    def __len__(self) -> int:
        return len(self._index) // ROW_BYTES

    def __getitem__(self, place: int) -> int:
        start = place * ROW_BYTES
        return int.from_bytes(self._index[start : start + 8], "big", signed=True)


class Archive:
    """An archive whose signature and contents were found to be right. Raises ArchiveError, and OSError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as file:
            first = file.readline()
            self._content = memoryview(mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)) if first else memoryview(b"")
        self.said = self._statement(first)
        body = len(first) + int(self.said["rows"]) * ROW_BYTES
        self._index, self._body = self._content[len(first) : body], self._content[body:]
        self._sequences = _Sequences(self._index)
        for part, content in (("index", self._index), ("body", self._body)):
            if hashlib.sha256(content).hexdigest() != self.said[part]:
                raise ArchiveError(f"The archive {path.name} was changed or cut off after it was signed.")

    def _statement(self, line: bytes) -> dict[str, Any]:
        try:
            said: dict[str, Any] = json.loads(line)
            signature = bytes.fromhex(said.pop("signature"))
            signing_key().public_key().verify(signature, _signed(said))
        except (ValueError, KeyError, TypeError, AttributeError, InvalidSignature):
            raise ArchiveError(f"The archive {self.path.name} is not signed by this clinic, or was changed.") from None
        if said["format"] != FORMAT or said["name"] != self.path.name:
            raise ArchiveError(f"The archive {self.path.name} was made under the name {said['name']}.")
        return said

    @property
    def month(self) -> str:
        """Which month it stands for, as ``2019-05``."""
        return str(self.said["month"])

    @property
    def key_id(self) -> str:
        """The id of the key that its rows are sealed with."""
        return key_id_of(bytes(self._body[_LENGTH_BYTES : _LENGTH_BYTES + 2 + KEY_ID_MAX_LENGTH]))

    def __len__(self) -> int:
        return int(self.said["rows"])

    def place_of(self, row: SealedRow) -> int | None:
        """Where this very row, with this very content, stands in it; None when it does not."""
        place = bisect.bisect_left(self._sequences, row.sequence)
        packed = self._index[place * ROW_BYTES : (place + 1) * ROW_BYTES]
        return place if packed == row.packed() else None

    def sealed_rows(self) -> Iterator[SealedRow]:
        """What it remembers of each row."""
        return unpacked(bytes(self._index))

    def rows(self) -> Iterator[Values]:
        """The rows themselves, decrypted, each compared with what the statement was signed for."""
        remembered = self.sealed_rows()
        for line in self._lines():
            values = from_json(json.loads(line))
            if sealed_row(values) != next(remembered, None):
                raise ArchiveError(f"The archive {self.path.name} does not hold the rows that it was signed for.")
            yield values
        if next(remembered, None) is not None:
            raise ArchiveError(f"The archive {self.path.name} lacks rows that it was signed for.")

    def _lines(self) -> Iterator[bytes]:
        start, number = 0, 0
        while start < len(self._body):
            length = int.from_bytes(self._body[start : start + _LENGTH_BYTES], "big")
            sealed = bytes(self._body[start + _LENGTH_BYTES : start + _LENGTH_BYTES + length])
            start += _LENGTH_BYTES + length
            try:
                clear = open_bytes(sealed, _place(self.path.name, number, last=start == len(self._body)))
            except UnreadableError as error:
                raise ArchiveError(f"The archive {self.path.name} does not open: {error}") from None
            yield from clear.splitlines()
            number += 1
