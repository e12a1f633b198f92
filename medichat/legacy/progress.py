"""How far the import has come: a bar for each stage on a terminal, plain lines otherwise."""

import time
from types import TracebackType
from typing import Any, Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

EVERY_SECONDS = 5.0


class Bars:
    """For a terminal."""

    def __init__(self, stream: TextIO) -> None:
        self._progress = Progress(
            TextColumn("{task.description:<26}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=Console(file=stream),
        )
        self._task: TaskID | None = None
        self._begun = 0.0

    def stage(self, name: str, total: int | None) -> None:
        """A bar of its own."""
        self._end()
        self._task = self._progress.add_task(name, total=total, rate="")
        self._begun = time.monotonic()

    def advance(self, documents: int) -> None:
        """Further, with the rate since the stage began."""
        if self._task is None:
            return
        self._progress.advance(self._task, documents)
        done = next(task for task in self._progress.tasks if task.id == self._task).completed
        rate = done / max(time.monotonic() - self._begun, 0.001)
        self._progress.update(self._task, rate=f"{rate:,.0f} documents/s")

    def _end(self) -> None:
        if self._task is not None:
            done = next(task for task in self._progress.tasks if task.id == self._task).completed
            self._progress.update(self._task, total=done)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._end()
        self._progress.stop()


class Lines:
    """For a file or a pipe: a line at the begin and end of each stage, and every few seconds."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._name, self._total, self._done = "", None, 0  # type: str, int | None, int
        self._begun = self._said = 0.0

    def stage(self, name: str, total: int | None) -> None:
        """Say how the stage before ended."""
        self._end()
        self._name, self._total, self._done = name, total, 0
        self._begun = self._said = time.monotonic()

    def advance(self, documents: int) -> None:
        """Say so every few seconds."""
        self._done += documents
        if time.monotonic() - self._said >= EVERY_SECONDS:
            self._said = time.monotonic()
            self._say()

    def _say(self) -> None:
        seconds = max(time.monotonic() - self._begun, 0.001)
        rate = self._done / seconds
        of = left = ""
        if self._total:
            of = f" of {self._total:,}"
            left = f", {max(self._total - self._done, 0) / max(rate, 0.001):,.0f} s left"
        self._stream.write(f"{self._name}: {self._done:,}{of} documents, {rate:,.0f}/s{left}\n")

    def _end(self) -> None:
        if self._name:
            self._say()
        self._name = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()


def shown_on(stream: Any) -> Bars | Lines:
    """What suits this stream."""
    return Bars(stream) if stream.isatty() else Lines(stream)
