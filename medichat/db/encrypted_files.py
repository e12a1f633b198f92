"""Files at rest: encrypted under ``settings.FILES_DIR``, one file for each id.

A file is a sequence of sealed chunks, each with its length in front. The id of the file, the number of the chunk and
whether it is the last are associated data: a file that was cut off, extended, reordered or swapped with another does
not open. The caller keeps the SHA-256 of the content in the database, under row-level security, and gives it back when
reading: an older version put back by somebody with access to the disk is noticed as well.
"""

import hashlib
import hmac
import logging
import os
import secrets
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO, Protocol
from uuid import UUID

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction

from medichat.db.encryption import UnreadableError, key_id_of, newest_key_id, open_bytes, seal_bytes

CHUNK_BYTES = 64 * 1024
_LENGTH_BYTES = 4
_LONGEST_SEALED_CHUNK = CHUNK_BYTES + 64  # header, nonce and tag need less
_PART = ".part"

logger = logging.getLogger(__name__)


class FileMissing(Exception):  # noqa: N818  # the state of the file, in the words that a page uses
    """There is no file with this id on the disk."""

    def __init__(self, file_id: UUID) -> None:
        self.file_id = file_id
        super().__init__(f"The file {file_id} is missing.")


class FileDamaged(Exception):  # noqa: N818  # the state of the file, in the words that a page uses
    """The file is not what was stored: changed, cut off, swapped, or sealed with a key that is missing."""

    def __init__(self, file_id: UUID, reason: str) -> None:
        self.file_id, self.reason = file_id, reason
        super().__init__(f"The file {file_id} cannot be read: {reason}")


class Readable(Protocol):
    """An open file, an upload, a BytesIO."""

    def read(self, size: int = ..., /) -> bytes: ...


@dataclass(frozen=True)
class StoredFile:
    """What is to be kept in the database: the size in bytes and the SHA-256 (hexadecimal) of the clear content."""

    size: int
    sha256: str


def store(stream: Readable, *, file_id: UUID) -> StoredFile:
    """Encrypt the rest of the stream to the disk, completely or not at all.

    Inside a transaction ``pending()`` must be around that transaction, so that a rollback removes the file; without it
    RuntimeError. Raises FileExistsError when the id is taken, for a stored file never changes.
    """
    scope = _scope.get()
    connection = transaction.get_connection()
    if connection.in_atomic_block and scope is None:
        raise RuntimeError("encrypted_files.store() in a transaction needs encrypted_files.pending() around it.")
    target = _path(file_id)
    if target.exists():
        raise FileExistsError(f"The file {file_id} exists already.")
    stored = _write(target, stream, file_id)
    if scope is not None:
        unsettled = _Unsettled(file_id)
        scope.append(unsettled)
        transaction.on_commit(unsettled.settle)
        if connection.in_atomic_block:
            # To the front: a later callback that fails would keep the others from running, and a committed row would
            # lose its file.
            connection.run_on_commit.insert(0, connection.run_on_commit.pop())
    return stored


def open_verified(file_id: UUID, sha256: str) -> bytes:
    """The clear content, after every chunk and the SHA-256 (hexadecimal) of the whole were verified.

    Raises FileMissing or FileDamaged; nothing is released before all of it is known to be what was stored. The content
    is held in memory: what is stored here is at most ``settings.ATTACHMENT_MAX_BYTES`` long.
    """
    content = b"".join(_chunks(file_id))
    if not hmac.compare_digest(hashlib.sha256(content).hexdigest().encode(), sha256.lower().encode()):
        raise FileDamaged(file_id, "its content is not the one whose SHA-256 was recorded")
    return content


def read_sealed(file_id: UUID) -> BinaryIO:
    """The encrypted file as it lies on the disk, to be copied into a backup. Raises FileMissing."""
    try:
        return _path(file_id).open("rb")
    except FileNotFoundError:
        raise FileMissing(file_id) from None


def write_sealed(file_id: UUID, stream: Readable) -> None:
    """Put back what ``read_sealed`` gave. Raises FileExistsError when the id is taken."""
    target = _path(file_id)
    if target.exists():
        raise FileExistsError(f"The file {file_id} exists already.")
    with _replacing(target) as out:
        while part := stream.read(CHUNK_BYTES):
            out.write(part)


def remove(file_id: UUID) -> None:
    """Delete the file if it is there. A caller in a transaction does this in ``transaction.on_commit``."""
    _path(file_id).unlink(missing_ok=True)


@contextmanager
def pending() -> Iterator[None]:
    """Around a transaction: what was stored in it goes when the transaction does.

    On leaving, each file stored inside stays if its transaction was committed and is removed if that was rolled back.
    While an enclosing transaction is still undecided, the enclosing ``pending()`` decides. After a lost connection
    nobody knows whether the commit arrived: the file stays, and ``remove_orphans`` settles it.
    """
    outer = _scope.get()
    stored: list[_Unsettled] = []
    token = _scope.set(stored)
    lost = False
    try:
        yield
    except (OperationalError, InterfaceError):
        lost = True
        raise
    finally:
        _scope.reset(token)
        for file in stored:
            if file.undecided:
                if outer is not None:
                    outer.append(file)
            elif not file.committed and not lost:
                remove(file.file_id)


def remove_orphans(known_ids: Collection[UUID], older_than: timedelta) -> int:
    """Delete files that no row knows and unfinished ones, if older than this; return how many.

    ``known_ids`` must hold the id of every stored file that is still wanted. Should it be empty, nothing is removed:
    far likelier than a clinic without files is a query without a context, to which row-level security shows no rows.
    """
    deadline = time.time() - older_than.total_seconds()
    orphans = []
    for path in _all_paths():
        file_id = _file_id(path)
        unwanted = path.name.endswith(_PART) if file_id is None else file_id not in known_ids
        if unwanted and _modified(path) < deadline:
            orphans.append(path)
    if orphans and not known_ids:
        logger.warning("%d files on the disk and none in the database: none is removed.", len(orphans))
        return 0
    for path in orphans:
        path.unlink(missing_ok=True)
    return len(orphans)


def stored_ids() -> Iterator[UUID]:
    """The ids of all stored files, in no particular order."""
    for path in _all_paths():
        file_id = _file_id(path)
        if file_id is not None:
            yield file_id


def key_id(file_id: UUID) -> str:
    """The id of the key that sealed the file. Raises FileMissing or FileDamaged."""
    try:
        with _path(file_id).open("rb") as source:
            return key_id_of(_sealed_chunk(source, file_id))
    except FileNotFoundError:
        raise FileMissing(file_id) from None
    except UnreadableError as unreadable:
        raise FileDamaged(file_id, str(unreadable)) from None


def reencrypt(file_id: UUID) -> bool:
    """Seal the file with the newest key, replacing it at once; False when it already is. Raises as open_verified."""
    if key_id(file_id) == newest_key_id():
        return False
    _write(_path(file_id), _Joined(_chunks(file_id)), file_id)
    return True


@dataclass
class _Unsettled:
    """A stored file whose transaction may still be rolled back."""

    file_id: UUID
    committed: bool = field(default=False)

    def settle(self) -> None:
        self.committed = True

    @property
    def undecided(self) -> bool:
        """Whether the commit of an open transaction would still keep the file: a rollback forgets its callbacks."""
        callbacks = transaction.get_connection().run_on_commit
        return any(getattr(entry[1], "__self__", None) is self for entry in callbacks)


_scope: ContextVar[list[_Unsettled] | None] = ContextVar("files stored in the current pending()", default=None)


class _Joined:
    """Chunks, each at most CHUNK_BYTES long, as a stream."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks

    def read(self, _size: int = -1, /) -> bytes:
        return next(self._chunks, b"")


def _write(target: Path, stream: Readable, file_id: UUID) -> StoredFile:
    """Encrypt the stream into the target."""
    digest, size = hashlib.sha256(), 0
    with _replacing(target) as out:
        chunk, index = _read_full(stream), 0
        last = False
        while not last:
            following = _read_full(stream) if len(chunk) == CHUNK_BYTES else b""
            last = not following
            sealed = seal_bytes(chunk, _place(file_id, index, last=last))
            out.write(len(sealed).to_bytes(_LENGTH_BYTES, "big") + sealed)
            digest.update(chunk)
            size += len(chunk)
            chunk, index = following, index + 1
    return StoredFile(size, digest.hexdigest())


@contextmanager
def _replacing(target: Path) -> Iterator[BinaryIO]:
    """Write a temporary file beside the target, make sure that it is on the disk, and put it in place."""
    if not target.parent.exists():
        target.parent.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        target.parent.mkdir(mode=0o700, exist_ok=True)
        _sync_directory(target.parent.parent)
    part = target.with_name(f"{target.name}.{secrets.token_hex(8)}{_PART}")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        part.replace(target)
        _sync_directory(target.parent)
    finally:
        part.unlink(missing_ok=True)


def _read_full(stream: Readable) -> bytes:
    """A whole chunk, or what is left: a stream may return less than was asked for."""
    parts, wanted = [], CHUNK_BYTES
    while wanted and (part := stream.read(wanted)):
        parts.append(part)
        wanted -= len(part)
    return b"".join(parts)


def _chunks(file_id: UUID) -> Iterator[bytes]:
    """The clear chunks, each verified; FileDamaged instead of an end that is not the true one."""
    try:
        source = _path(file_id).open("rb")
    except FileNotFoundError:
        raise FileMissing(file_id) from None
    with source:
        index, last = 0, False
        while not last:
            sealed = _sealed_chunk(source, file_id)
            # A chunk that claims to be the last and is not (or the reverse) does not open.
            last = not source.peek(1)
            try:
                yield open_bytes(sealed, _place(file_id, index, last=last))
            except UnreadableError as unreadable:
                raise FileDamaged(file_id, f"part {index + 1}: {unreadable}") from None
            index += 1


def _sealed_chunk(source: Readable, file_id: UUID) -> bytes:
    length = int.from_bytes(source.read(_LENGTH_BYTES), "big")
    sealed = source.read(length) if 0 < length <= _LONGEST_SEALED_CHUNK else b""
    if not sealed or len(sealed) != length:
        raise FileDamaged(file_id, "it is cut off or no encrypted file")
    return sealed


def _place(file_id: UUID, index: int, *, last: bool) -> bytes:
    return f"file:{file_id}:{index}:{'last' if last else 'more'}".encode()


def _path(file_id: UUID) -> Path:
    # The end of a UUIDv7 is random, its beginning is the time: only the end spreads files evenly.
    return Path(settings.FILES_DIR) / file_id.hex[-2:] / str(file_id)


def _all_paths() -> Iterator[Path]:
    for directory in sorted(Path(settings.FILES_DIR).glob("[0-9a-f][0-9a-f]")):
        yield from directory.iterdir()


def _file_id(path: Path) -> UUID | None:
    """The id in the name of a stored file; None for anything else, which is not ours to touch."""
    try:
        file_id = UUID(path.name)
    except ValueError:
        return None
    return file_id if path == _path(file_id) else None


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # just put in place or removed by somebody else: not ours to remove
        return time.time()


def _sync_directory(directory: Path) -> None:
    """Make the new name durable, not only the content."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
