"""The import on all cores: worker processes that take tasks through a pipe each.

They are spawned, not forked: a fork would share the parent's database connections. A worker that ends without an
answer (killed, out of memory) is replaced and its task given out again, which a batch that was committed already
survives. When the parent ends, however it ends, the pipes close and the workers end after the batch that they are at.
"""

import multiprocessing
import pickle  # nosec B403 - for the parent's own child processes
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Any, Self

from medichat.legacy.serve import serve
from medichat.legacy.worker import ImportFailed, Setup, Task, Worker

MOST_DEATHS = 3
"""How often a worker may die at one task before the run is given up."""


LARGE = 6 * 1024 * 1024
"""Bytes of a task: more than a full batch, so that it is a single document."""


def _is_large(task: Task) -> bool:
    return sum(map(len, task.raws)) > LARGE


@dataclass
class _Process:
    process: BaseProcess
    pipe: Connection
    task: Task | None = None
    deaths: int = 0


class Workers:
    """Gives tasks out and collects the results, in the order in which they come. ``processes`` 0: in this process."""

    def __init__(self, setup: Setup, processes: int) -> None:
        self._setup = setup
        self._inline = Worker(setup) if processes == 0 else None
        self._context = multiprocessing.get_context("spawn")
        self._workers = [self._started() for _ in range(processes)]

    @property
    def process_ids(self) -> list[int]:
        """Of the workers that run now."""
        return [worker.process.pid or 0 for worker in self._workers]

    def results(self, tasks: Iterable[Task]) -> Iterator[tuple[Task, Any]]:
        """Each task with its result. Raises ImportFailed as soon as one of them failed."""
        if self._inline is not None:
            yield from ((task, self._inline.do(task)) for task in tasks)
            return
        waiting = iter(tasks)
        following = next(waiting, None)
        while True:
            for worker in self._workers:
                if worker.task is None and following is not None and not self._is_too_much(following):
                    worker.task = following
                    self._send(worker)
                    following = next(waiting, None)
            busy = {worker.pipe: worker for worker in self._workers if worker.task is not None}
            if not busy:
                return
            for pipe in wait(list(busy)):
                assert isinstance(pipe, Connection)
                result = self._received(busy[pipe])
                if result is not None:
                    yield result

    def _is_too_much(self, task: Task) -> bool:
        """Documents need ten times their size in memory: of very large ones, one is taken up at a time."""
        return _is_large(task) and any(_is_large(worker.task) for worker in self._workers if worker.task is not None)

    def _send(self, worker: _Process) -> None:
        try:
            worker.pipe.send(worker.task)
        except OSError:
            self._replace(worker)

    def _received(self, worker: _Process) -> tuple[Task, Any] | None:
        try:
            is_done, answer = worker.pipe.recv()
        except (EOFError, OSError):
            self._replace(worker)
            return None
        task, worker.task, worker.deaths = worker.task, None, 0
        assert task is not None
        if not is_done:
            raise ImportFailed(answer)
        return task, answer

    def _replace(self, dead: _Process) -> None:
        dead.pipe.close()
        dead.process.join()
        dead.deaths += 1
        if dead.deaths >= MOST_DEATHS:
            raise ImportFailed(
                f"A worker process ended {MOST_DEATHS} times at the same documents (exit code "
                f"{dead.process.exitcode}). There may be too little memory: try a smaller --batch. "
                "Start the import again: it goes on."
            )
        fresh = self._started()
        dead.process, dead.pipe = fresh.process, fresh.pipe
        self._send(dead)

    def _started(self) -> _Process:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=serve, args=(theirs, pickle.dumps(self._setup)), daemon=True)
        process.start()
        theirs.close()
        return _Process(process, ours)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let them end: after the batch that they are at."""
        if self._inline is not None:
            self._inline.close()
        for worker in self._workers:
            worker.pipe.close()
        for worker in self._workers:
            worker.process.join()
