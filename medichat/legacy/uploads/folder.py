"""The uploads of the previous system as a folder that is only read, and out of which no path leads.

Every step is opened below the one before, by its handle and without following links: what is checked is what is read,
even when somebody exchanges files meanwhile. Devices, pipes and links are not opened at all.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from medichat.legacy.parse import rules
from medichat.legacy.parse.places import UPLOADS, Place, place_in_uploads
from medichat.legacy.parse.rules import Rule
from medichat.legacy.read import SourceError

MOST_BYTES = 100 * 1024 * 1024
"""A file is given out from memory; what is larger is listed. The previous system accepted 10 MB."""
_DEEPEST = 32
_NOT_THERE = {errno.ENOENT, errno.ENAMETOOLONG}
# A link where a folder belongs is told as ELOOP or as ENOTDIR, depending on the system.
_NOT_PLAIN = {errno.ELOOP, errno.ENOTDIR}
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class NoFile(Exception):  # noqa: N818  # the state of the file
    """There is nothing that could be copied; ``rule`` says why."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        super().__init__(rule.sentence)


class Upload:
    """An open file: its beginning, by which its type is told, and all of it.

    It ends where the file ended when it was opened: one that somebody goes on writing has an end too.
    """

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._left = file, size

    def beginning(self, length: int) -> bytes:
        """The first bytes, without moving on. Raises NoFile."""
        beginning = self._attempt(length)
        self._file.seek(0)
        return beginning

    def read(self, size: int = -1, /) -> bytes:
        """What follows, at most so much. Raises NoFile."""
        part = self._attempt(self._left if size < 0 else min(size, self._left))
        self._left -= len(part)
        return part

    def _attempt(self, length: int) -> bytes:
        try:
            return self._file.read(length)
        except OSError:
            raise NoFile(rules.FILE_UNREADABLE) from None


class UploadsFolder:
    """The folder that holds the attachments, with the photos in ``profiles`` below it."""

    def __init__(self, path: Path) -> None:
        """Open it. Raises SourceError with the remedy."""
        try:
            self._root = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise SourceError(f"The uploads cannot be read: {path}: {error.strerror}.") from None
        try:
            below = os.stat(UPLOADS, dir_fd=self._root, follow_symlinks=False)
        except OSError:
            return
        if stat.S_ISDIR(below.st_mode):
            self.close()
            raise SourceError(f"{path} holds a folder of uploads and is none itself: name {path / UPLOADS}.")

    def close(self) -> None:
        """Let go of the folder."""
        os.close(self._root)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def place_of(self, stored_path: str | None, stored_name: str | None) -> Place | None:
        """Where the file of an entry is, or would be: by its path, or by its name where the path is unknown.

        None where neither says anything. Raises NoFile when the path (or, alone, the name) leads out of the folder.
        """
        stated = stored_path if stored_path and stored_path.strip() else stored_name
        if not stated or not stated.strip():
            return None
        place = place_in_uploads(stated)
        if place is None:
            raise NoFile(rules.FILE_PATH_UNSAFE)
        return place

    @contextmanager
    def opened(self, place: Place) -> "Iterator[Upload]":
        """The file at this place, not empty and at most ``MOST_BYTES`` long.

        Raises NoFile; also at the end, when the file changed while it was read. Errors of who reads it pass through.
        """
        descriptor = self._open(place)
        with os.fdopen(descriptor, "rb") as file:
            before = os.fstat(file.fileno())
            yield Upload(file, before.st_size)
            after = os.fstat(file.fileno())
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise NoFile(rules.FILE_UNREADABLE)

    def size(self, place: Place) -> int:
        """How long the file is that ``opened`` would give. Raises NoFile."""
        descriptor = self._open(place)
        try:
            return os.fstat(descriptor).st_size
        finally:
            os.close(descriptor)

    def places(self) -> Iterator[Place]:
        """Everything below the folder that is no folder, in no particular order. Raises SourceError."""
        waiting: list[Place] = [()]
        while waiting:
            folder = waiting.pop()
            for name, is_folder in self._listed(folder):
                place = (*folder, name)
                if not is_folder:
                    yield place
                elif len(place) < _DEEPEST:
                    waiting.append(place)

    def _listed(self, folder: Place) -> list[tuple[str, bool]]:
        try:
            descriptor = self._descend(folder)
        except OSError as error:
            raise SourceError(f"A folder among the uploads cannot be read: {error.strerror}.") from None
        try:
            with os.scandir(descriptor) as entries:
                return [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
        except OSError as error:
            raise SourceError(f"A folder among the uploads cannot be listed: {error.strerror}.") from None
        finally:
            os.close(descriptor)

    def _open(self, place: Place) -> int:
        """A handle of the plain file at this place. Raises NoFile."""
        _require_names(place)
        try:
            folder = self._descend(place[:-1])
        except OSError as error:
            raise NoFile(_why_not(error)) from None
        try:
            found = os.stat(place[-1], dir_fd=folder, follow_symlinks=False)
            _check(found)
            descriptor = os.open(place[-1], _FILE, dir_fd=folder)
        except OSError as error:
            raise NoFile(_why_not(error)) from None
        finally:
            os.close(folder)
        try:
            _check(os.fstat(descriptor))  # what was opened, not what stood there a moment ago
        except NoFile:
            os.close(descriptor)
            raise
        return descriptor

    def _descend(self, steps: Place) -> int:
        """A handle of the folder behind these steps; the caller closes it. Raises OSError."""
        current = os.dup(self._root)
        for step in steps:
            try:
                following = os.open(step, _FOLDER, dir_fd=current)
            finally:
                os.close(current)
            current = following
        return current


def _require_names(place: Place) -> None:
    if not place or any(step in ("", ".", "..") or "/" in step or "\0" in step for step in place):
        raise ValueError("a step of a place is no name")


def _check(found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise NoFile(rules.FILE_NOT_PLAIN)
    if found.st_size == 0:
        raise NoFile(rules.FILE_EMPTY)
    if found.st_size > MOST_BYTES:
        raise NoFile(rules.FILE_TOO_LARGE)


def _why_not(error: OSError) -> Rule:
    if error.errno in _NOT_PLAIN:
        return rules.FILE_NOT_PLAIN
    return rules.FILE_MISSING if error.errno in _NOT_THERE else rules.FILE_UNREADABLE
