"""What every source offers, and how a source that cannot be read says so."""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from medichat.legacy.document import Document

COLLECTIONS = ("users", "conversations", "activity_logs")
"""What a clinic of the previous system holds; anything else is reported as unknown."""


class SourceError(Exception):
    """The source is missing, truncated, corrupt or out of reach. The message names file and place, never content."""


class Source(ABC):
    """Collections of documents, read one after the other in constant memory and never written.

    ``stands_still``: two documents with the same identity are two documents, and not one that changed meanwhile.
    """

    stands_still = True

    @abstractmethod
    def description(self) -> dict[str, str]:
        """Kind and place for the report, without credentials."""

    @abstractmethod
    def collections(self) -> list[str]:
        """The names of the collections that are there. Raises SourceError."""

    @abstractmethod
    def documents(self, collection: str, after: str = "") -> Iterator[Document]:
        """The documents in a fixed order, from behind the one whose ``position`` is ``after``. Raises SourceError."""

    @abstractmethod
    def close(self) -> None:
        """Let go of files and connections."""

    def fingerprint(self) -> str:
        """By which a later start recognises that it is this very source: kind and place, and what may tell its state.

        Hexadecimal digits. Raises SourceError.
        """
        return hashlib.sha256(json.dumps([self.description(), self._state()], sort_keys=True).encode()).hexdigest()

    def _state(self) -> object:
        """What tells a source that was replaced from one that was only read in part; nothing for one that goes on."""
        return None

    def missing(self) -> list[str]:
        """The collections a clinic must have and that are not there. Raises SourceError."""
        there = set(self.collections())
        return [name for name in COLLECTIONS if name not in there]

    def unknown(self) -> list[str]:
        """The collections that are there and that nobody knows. Raises SourceError."""
        return [name for name in self.collections() if name not in COLLECTIONS]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
