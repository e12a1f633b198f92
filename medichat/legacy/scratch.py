"""Sorting and looking up more than fits into memory, in scratch files.

Nothing readable is written there: keys are hashes under a key that is forgotten with the run, payloads are legacy ids
and flags. The folder is the import's own and is emptied at every start, so that a killed run leaves nothing for long.
"""

import heapq
import mmap
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Self

_LENGTH_BYTES = 4
KEY_BYTES = 16


class Scratch:
    """The import's own folder for scratch files."""

    def __init__(self, folder: Path) -> None:
        """Empty it, or make it, for this account only."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700, parents=True)
        self.folder = folder

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


class Sorter:
    """Takes records in any order and gives them back in the order of their bytes.

    What is over ``memory`` bytes is written as a sorted run and merged when reading.
    """

    def __init__(self, scratch: Scratch, name: str, *, memory: int = 32 * 1024 * 1024) -> None:
        self._scratch, self._name, self._memory = scratch, name, memory
        self._held: list[bytes] = []
        self._bytes = 0
        self._runs: list[Path] = []

    def add(self, record: bytes) -> None:
        """One more record."""
        self._held.append(record)
        self._bytes += len(record) + 50  # what Python needs beside the bytes
        if self._bytes > self._memory:
            self._spill()

    def _spill(self) -> None:
        path = self._scratch.folder / f"{self._name}-{len(self._runs)}"
        with path.open("wb") as file:
            for record in sorted(self._held):
                file.write(len(record).to_bytes(_LENGTH_BYTES, "big") + record)
        self._runs.append(path)
        self._held, self._bytes = [], 0

    def __iter__(self) -> Iterator[bytes]:
        yield from heapq.merge(sorted(self._held), *(_records(path) for path in self._runs))

    def groups(self, key_bytes: int) -> Iterator[list[bytes]]:
        """The records that begin with the same bytes, together and without these bytes."""
        key: bytes | None = None
        group: list[bytes] = []
        for record in self:
            if record[:key_bytes] != key:
                if group:
                    yield group
                key, group = record[:key_bytes], []
            group.append(record[key_bytes:])
        if group:
            yield group


def _records(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while length := file.read(_LENGTH_BYTES):
            yield file.read(int.from_bytes(length, "big"))


def write_index(path: Path, records: Iterable[bytes]) -> None:
    """Write records of one length, sorted already and each beginning with another key, for ``Index``."""
    with path.open("wb") as file:
        for record in records:
            file.write(record)


class Index:
    """Looks a record up by its key, in a file that all workers share without loading it."""

    def __init__(self, path: Path, payload_bytes: int) -> None:
        self._length = KEY_BYTES + payload_bytes
        self._file: IO[bytes] = path.open("rb")
        size = path.stat().st_size
        self._count = size // self._length
        self._map: mmap.mmap | bytes = mmap.mmap(self._file.fileno(), size, access=mmap.ACCESS_READ) if size else b""

    def find(self, key: bytes) -> bytes | None:
        """What stands behind the key; None where the key does not occur."""
        low, high = 0, self._count
        while low < high:
            middle = (low + high) // 2
            at = middle * self._length
            found = self._map[at : at + KEY_BYTES]
            if found == key:
                return bytes(self._map[at + KEY_BYTES : at + self._length])
            if found < key:
                low = middle + 1
            else:
                high = middle
        return None

    def close(self) -> None:
        """Let go of the file."""
        if isinstance(self._map, mmap.mmap):
            self._map.close()
        self._file.close()
