"""Reading a backup from its beginning to its end, with every digest compared; what is done with it is a visitor's."""

import gzip
import hashlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast
from uuid import UUID

from medichat.backup import BackupError
from medichat.backup.envelope import OpeningReader
from medichat.backup.keys import Key
from medichat.backup.make import FORMAT, Contents, StreamedTar

BLOCK = 256 * 1024


class Visitor(Protocol):
    """Gets what a backup holds, in its order. Streams must be read to their end before the next call."""

    def table(self, name: str, chunks: Iterator[bytes]) -> None:
        """The rows of a table as COPY's text."""

    def file(self, file_id: UUID, stream: "Passing") -> None:
        """An uploaded file, encrypted as it lay on the disk."""

    def other(self, name: str, stream: "Passing") -> None:
        """A file beside the database."""


class Passing:
    """A stream that is digested while it is read."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._digest = hashlib.sha256()
        self.size = 0

    def read(self, size: int = BLOCK, /) -> bytes:
        """The next bytes; empty at the end."""
        found = self._source.read(size)
        self._digest.update(found)
        self.size += len(found)
        return found

    def sha256(self) -> str:
        """The digest of everything; what nobody has read is read now."""
        while self.read():
            pass
        return self._digest.hexdigest()


class Check:
    """A visitor that only looks whether everything is there and opens."""

    def table(self, name: str, chunks: Iterator[bytes]) -> None:
        """Count the rows."""
        for _ in chunks:
            pass

    def file(self, file_id: UUID, stream: Passing) -> None:
        """Read the file."""
        stream.sha256()

    def other(self, name: str, stream: Passing) -> None:
        """Read the file."""
        stream.sha256()


def read_beginning(path: Path, key: Key) -> dict[str, Any]:
    """What a backup says of itself in front. Raises BackupError and OSError."""
    with path.open("rb") as source:
        return _Reading(source, key).beginning


def read(path: Path, key: Key, visitor: Visitor) -> tuple[Contents, dict[str, Any]]:
    """Show everything to the visitor and compare it with what the backup says it holds.

    Returns what it holds and its ``end.json``. Raises BackupError when it is not what was made, and OSError.
    """
    with path.open("rb") as source:
        return _Reading(source, key).through(visitor)


class _Reading:
    """One backup being read."""

    def __init__(self, source: BinaryIO, key: Key) -> None:
        # A damaged part raises while it is decrypted; whatever the layers above read was authenticated.
        opened = io.BufferedReader(OpeningReader(source, key), BLOCK)
        self._packed = gzip.GzipFile(fileobj=opened, mode="rb")
        self._archive = StreamedTar.open(fileobj=self._packed, mode="r|")
        self.contents = Contents()
        self._member = self._archive.next()
        if self._member is None or self._member.name != "begin.json":
            raise BackupError("The backup has no beginning. It was made by something else.")
        self.beginning = self._json()
        if self.beginning.get("format") != FORMAT:
            raise BackupError(
                f"The backup has the format {self.beginning.get('format')}, this program reads {FORMAT}: use the "
                "version of MediChat that made it."
            )

    def through(self, visitor: Visitor) -> tuple[Contents, dict[str, Any]]:
        """Visit everything and compare."""
        end: dict[str, Any] | None = None
        while self._member is not None and end is None:
            kind, _, name = self._member.name.partition("/")
            match kind:
                case "tables":
                    table = name.rpartition("/")[0]
                    visitor.table(table, self.contents.table(table, self._parts(f"tables/{table}/")))
                case "files":
                    self._file(visitor, UUID(name))
                case "others":
                    stream = self._stream()
                    visitor.other(name, stream)
                    self.contents.others[name] = stream.sha256()
                    self._advance()
                case "end.json":
                    end = self._json()
                case _:
                    raise BackupError(f"The backup holds something unknown: {self._member.name}")
        while self._packed.read(BLOCK):
            pass  # to its very end, so that nothing can be missing behind
        self._compare(end)
        assert end is not None
        return self.contents, end

    def _advance(self) -> None:
        self._member = self._archive.next()
        self._archive.forget()

    def _stream(self) -> Passing:
        assert self._member is not None
        source = self._archive.extractfile(self._member)
        if source is None:
            raise BackupError(f"The backup holds something that is no file: {self._member.name}")
        return Passing(cast(BinaryIO, source))

    def _json(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self._stream().read(-1))
        self._advance()
        return content

    def _parts(self, folder: str) -> Iterator[bytes]:
        """The bytes of a table, whatever parts they come in."""
        while self._member is not None and self._member.name.startswith(folder):
            stream = self._stream()
            while block := stream.read():
                yield block
            self._advance()

    def _file(self, visitor: Visitor, file_id: UUID) -> None:
        stream = self._stream()
        visitor.file(file_id, stream)
        digest = stream.sha256()
        self.contents.file(file_id, stream.size, digest)
        self._advance()

    def _compare(self, end: dict[str, Any] | None) -> None:
        if end is None:
            raise BackupError("The backup has no end. It cannot be restored.")
        self.contents.missing = list(end["missing_files"])
        said = self.contents.said()
        different = [
            *(
                name
                for name in end["tables"].keys() | said["tables"]
                if end["tables"].get(name) != said["tables"].get(name)
            ),
            *(part for part in ("files", "others") if end[part] != said[part]),
        ]
        if different:
            raise BackupError(f"The backup is not what was made: {', '.join(sorted(different))} differ.")
