"""A folder that mongodump (``.bson``) or mongoexport (``.json``) wrote, each file plain or compressed (``.gz``)."""

import gzip
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import IO, cast

from medichat.legacy.document import Document, UnreadableDocumentError, is_plain
from medichat.legacy.read.export import export_documents
from medichat.legacy.read.source import COLLECTIONS, Source, SourceError

LARGEST_DOCUMENT = 16 * 1024 * 1024 + 16 * 1024  # what MongoDB itself allows
_ENDINGS = (".bson", ".bson.gz", ".json", ".json.gz", ".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz")
_NO_COLLECTIONS = ("system.", "oplog", "prelude")


class FolderSource(Source):
    """One file for each collection, in the folder itself or in its only database folder."""

    def __init__(self, folder: Path, database: str = "") -> None:
        """Raises SourceError when there is nothing to read, or more than one database to choose from."""
        self._folder = _database_folder(folder, database)
        self._files = _files(self._folder)
        self._sound: set[str] = set()  # read to their end without a fault: not decoded again just to look for one

    def description(self) -> dict[str, str]:
        """Kind and folder."""
        kinds = {"bson" if ".bson" in path.name else "json" for path in self._files.values()}
        return {"kind": " and ".join(sorted(kinds)), "folder": str(self._folder)}

    def _state(self) -> object:
        """Sizes and times of the files: another dump in the same folder is another source."""
        try:
            found = {name: path.stat() for name, path in self._files.items()}
        except OSError as error:
            raise SourceError(f"{self._folder} cannot be read: {error.strerror or 'input error'}.") from error
        return {name: [status.st_size, status.st_mtime_ns] for name, status in sorted(found.items())}

    def collections(self) -> list[str]:
        """The collections of which there is a file."""
        return sorted(self._files)

    def documents(self, collection: str, after: str = "") -> Iterator[Document]:
        """The documents in the order of the file."""
        path = self._files.get(collection)
        if path is None:
            raise SourceError(f"There is no file of the collection {collection} in {self._folder}.")
        read: Callable[[IO[bytes], str, int], Iterator[Document]] = export_documents
        if ".bson" in path.name:
            read = partial(dump_documents, is_sound=collection in self._sound)
        try:
            with closing(_opened(path)) as stream:
                yield from read(stream, path.name, int(after or 0))
            if not after:
                self._sound.add(collection)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise SourceError(f"{path.name} is truncated or damaged: it cannot be decompressed.") from error
        except OSError as error:
            raise SourceError(f"{path.name} cannot be read: {error.strerror or 'input error'}.") from error

    def close(self) -> None:
        """Nothing is kept open between two collections."""


def _opened(path: Path) -> IO[bytes]:
    if path.name.endswith(".gz"):
        return cast(IO[bytes], gzip.open(path, "rb"))
    return path.open("rb")


def _database_folder(folder: Path, database: str) -> Path:
    if folder.is_file():
        raise SourceError(f"{folder} is a file; a folder is needed (an archive of mongodump is restored first).")
    if not folder.is_dir():
        raise SourceError(f"There is no folder {folder}.")
    if database:
        inside = folder / database
        if inside.is_dir():
            return inside
        if folder.name != database:
            raise SourceError(f"There is no database {database} in {folder}.")
    files = _files(folder)
    if set(files) & set(COLLECTIONS):
        return folder
    inner = [path for path in sorted(folder.iterdir()) if path.is_dir() and set(_files(path)) & set(COLLECTIONS)]
    if len(inner) > 1:
        names = ", ".join(path.name for path in inner)
        raise SourceError(f"{folder} holds several databases: choose with --database one of {names}.")
    if not inner and files:
        return folder  # a collection is missing, and which one is said
    if not inner:
        raise SourceError(f"There is no dump or export in {folder}.")
    return inner[0]


def _files(folder: Path) -> dict[str, Path]:
    """The file of each collection."""
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        ending = next((ending for ending in sorted(_ENDINGS, key=len, reverse=True) if path.name.endswith(ending)), "")
        name = path.name.removesuffix(ending)
        if not ending or not path.is_file() or name.endswith(".metadata") or name.startswith(_NO_COLLECTIONS):
            continue
        if name in found:
            raise SourceError(f"{found[name].name} and {path.name} hold the same collection: remove one of them.")
        found[name] = path
    return found


def dump_documents(stream: IO[bytes], name: str, start: int, *, is_sound: bool = False) -> Iterator[Document]:
    """The documents of a mongodump file, from this byte on; a position is the byte behind a document.

    ``is_sound``: the file was read before, and need not be looked through for damage again.
    """
    at = _skipped(stream, name, start)
    while length_bytes := _read(stream, 4):
        length = int.from_bytes(length_bytes, "little", signed=True)
        if len(length_bytes) < 4:
            raise SourceError(f"{name} is truncated: it ends within a document at byte {at}.")
        if not 5 <= length <= LARGEST_DOCUMENT:
            raise SourceError(f"{name} is corrupt: no document begins at byte {at}.")
        rest = _read(stream, length - 4)
        if len(rest) < length - 4:
            raise SourceError(f"{name} is truncated: it ends within a document at byte {at}.")
        document = Document(length_bytes + rest, str(at + length), f"{name}, byte {at}")
        if not is_sound:
            _check(document, name, at)
        yield document
        at += length


def _check(document: Document, name: str, at: int) -> None:
    """A document that is no BSON means that the file is damaged. One that is only too deep is set aside later."""
    try:
        if not is_plain(document.raw):
            _ = document.values
    except UnreadableDocumentError as error:
        if "recursion" not in str(error.__cause__):
            raise SourceError(f"{name} is corrupt: the document at byte {at} is no BSON.") from error


def _read(stream: IO[bytes], length: int) -> bytes:
    """As many bytes as there are, up to this length."""
    parts = []
    while length > 0 and (part := stream.read(length)):
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def _skipped(stream: IO[bytes], name: str, start: int) -> int:
    if start and stream.seek(start) != start:
        raise SourceError(f"{name} is shorter than when it was read before.")
    return start
