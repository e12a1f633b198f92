"""A run of the import: from the source to the tables, resumable at every batch.

The parent process reads the source, keeps the run's row, and gives batches to the workers; nothing of a document stays
with it. Stages: an outline of all documents; the doctors' accounts, because patients refer to them; the users with
their charts; the conversations with everything in them; the activity log. What a batch committed is done: the next
start goes on behind the last batch before which none is missing, and loads what is beyond again, which changes nothing.
"""

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import bson
import psycopg
from bson.raw_bson import RawBSONDocument
from django.conf import settings
from django.db import DatabaseError, connections
from psycopg import errors

from medichat.db.context import system
from medichat.legacy.counts import Counts
from medichat.legacy.document import Document
from medichat.legacy.models import ImportBatch, ImportRun
from medichat.legacy.outline import Outline, OutlineSettlement, Paths, paths_in
from medichat.legacy.parse.identity import identity
from medichat.legacy.read import Source, SourceError
from medichat.legacy.scratch import Scratch
from medichat.legacy.worker import LOCK, WORKERS_LOCK, Batch, ImportFailed, Look, Setup, Task, said_of
from medichat.legacy.workers import Workers

logger = logging.getLogger(__name__)
BATCH = 1000
BATCH_BYTES = 2 * 1024 * 1024
STAGES = {
    "doctors": "users",
    "users": "users",
    "conversations": "conversations",
    "activity_logs": "activity_logs",
}
"""The stages in their order, with the collection that each reads."""


@dataclass(frozen=True)
class Options:
    """How to load. ``processes`` 0 works in this process (small sources, tests)."""

    batch: int = BATCH
    processes: int = field(default_factory=lambda: os.cpu_count() or 1)
    is_dry: bool = False


class Shown(Protocol):
    """Who is told how far the import has come."""

    def stage(self, name: str, total: int | None) -> None:
        """A stage begins; ``total`` documents, as far as known."""

    def advance(self, documents: int) -> None:
        """So many documents more."""


class Silent:
    """Tells nobody."""

    def stage(self, name: str, total: int | None) -> None:
        """See Shown."""

    def advance(self, documents: int) -> None:
        """See Shown."""


@dataclass(frozen=True)
class Loaded:
    """What a run loaded. ``run`` None: a dry run."""

    run: ImportRun | None
    counts: Counts
    unknown_collections: list[str]


@dataclass(frozen=True)
class Ground:
    """What loading leaves for whoever looks at the same source next, before it is cleared away."""

    source: Source
    options: Options
    shown: Shown
    scratch: Scratch
    paths: Paths


def run(
    source: Source,
    options: Options = Options(),
    shown: Shown | None = None,
    *,
    afterwards: Callable[[Ground, Loaded], None] = lambda *_: None,
) -> Loaded:
    """Load the source, or go on with the run that did not come to its end. The run's row stays 'running'.

    ``afterwards`` is done before the scratch files go and the lock is given back, so that nobody resumes a run that is
    still copying files; not in a dry run.

    Raises SourceError for a source that cannot be read, ImportFailed for everything else that ends a run; the run is
    then marked as failed, and the next start goes on.
    """
    shown = shown or Silent()
    missing = source.missing()
    if missing:
        raise SourceError(f"The source is incomplete: there is no collection {' and no '.join(missing)}.")
    with alone(), Scratch(Path(settings.DATA_DIR) / "import-scratch") as scratch:
        ground = Ground(source, options, shown, scratch, paths_in(scratch))
        if options.is_dry:
            return Loaded(None, _load(ground, None), source.unknown())
        begun = _begun(source, options)
        try:
            loaded = Loaded(begun, _load(ground, begun), source.unknown())
            afterwards(ground, loaded)
            return loaded
        except (SourceError, ImportFailed) as error:
            _note_failure(begun, str(error))
            raise
        except (DatabaseError, OSError) as error:
            _note_failure(begun, said_of(error))
            raise ImportFailed(said_of(error)) from error


def _begun(source: Source, options: Options) -> ImportRun:
    key = source.fingerprint()
    with system():
        found = ImportRun.to_resume(key)
        if found is None:
            return ImportRun.begin(source=source.description(), source_key=key, options={"batch": options.batch})
        found.resume()
        return found


def _note_failure(begun: ImportRun, why: str) -> None:
    try:
        with system():
            begun.fail(why)
    except DatabaseError:  # it may be what failed; the first reason is the one to tell, and the next start goes on
        logger.warning("The run %s could not be marked as failed: the database does not answer.", begun.pk)


def connection_settings() -> dict[str, Any]:
    """How workers reach the database: as the owner where that is known, who may make temporary tables."""
    alias = "owner" if "owner" in settings.DATABASES else "default"
    found = connections[alias].settings_dict
    names = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}  # nosec B105  # names
    options = {name: value for name, value in found["OPTIONS"].items() if name not in {"pool", "server_side_binding"}}
    given = {name: found[key] for name, key in names.items() if found[key]}
    return {**options, **given, "prepare_threshold": None, "application_name": "medichat-import"}


@contextmanager
def alone() -> Iterator[None]:
    """Hold the lock of the import. Raises ImportFailed when somebody else is at it, or the database is out of reach."""
    try:
        connection = psycopg.connect(**connection_settings(), autocommit=True)
    except psycopg.Error as error:
        raise ImportFailed(said_of(error)) from error
    try:
        # The server needs a moment to notice that an import that was killed is gone.
        connection.execute("SET lock_timeout = '2s'")
        try:
            connection.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        except errors.LockNotAvailable as error:
            raise ImportFailed("Another import is running. Wait for its end, or end it; then start again.") from error
        # Workers of a killed import finish the batch that they are at.
        connection.execute("SET lock_timeout = '120s'")
        connection.execute("SELECT pg_advisory_lock(%s)", [WORKERS_LOCK])
        connection.execute("SELECT pg_advisory_unlock(%s)", [WORKERS_LOCK])
        try:
            yield
        finally:
            # Closing alone gives the lock back only when the server gets to it, and the next import may come before.
            with suppress(psycopg.OperationalError):  # a lost connection holds no lock
                connection.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
    except errors.LockNotAvailable as error:
        raise ImportFailed("Processes of an earlier import are still at work. Wait for them, or end them.") from error
    except psycopg.Error as error:
        raise ImportFailed(said_of(error)) from error
    finally:
        connection.close()


def _load(ground: Ground, begun: ImportRun | None) -> Counts:
    source, options, shown, paths = ground.source, ground.options, ground.shown, ground.paths
    total = Counts()
    setup = Setup(connection_settings(), paths, begun.pk if begun else None, ground.source.stands_still)
    with Workers(setup, options.processes) as workers:
        seen = outlined(ground, workers)
        settlement = OutlineSettlement(paths)
        try:
            for stage, collection in STAGES.items():
                is_wanted = _doctors(settlement) if stage == "doctors" else None
                if stage != "doctors":
                    shown.stage(collection, seen.get(collection))
                first, after, done = _position(begun, stage)
                total.add(done)
                shown.advance(done.documents[collection])
                tasks = batches(source, stage, collection, options, first=first, after=after, is_wanted=is_wanted)
                for task, counted in workers.results(tasks):
                    total.add(Counts.from_json(counted))
                    if stage != "doctors":
                        shown.advance(len(task.raws))
        finally:
            settlement.close()
    return total


def outlined(ground: Ground, workers: Workers) -> dict[str, int]:
    """The light pass; returns how many documents each collection has."""
    source, shown, outline = ground.source, ground.shown, Outline(ground.scratch, ground.paths)
    seen: dict[str, int] = {}
    for collection, add in (("users", outline.add_accounts), ("conversations", outline.add_visits)):
        shown.stage(f"{collection} (outline)", None)
        tasks = (Look(collection, batch) for _, batch in gathered(source.documents(collection), BATCH))
        for task, found in workers.results(tasks):
            take: Callable[[Any], None] = add
            take(found)
            seen[collection] = seen.get(collection, 0) + len(task.raws)
            shown.advance(len(task.raws))
    outline.write()
    return seen


def _position(begun: ImportRun | None, stage: str) -> tuple[int, str, Counts]:
    """Number and position from which the stage goes on, and what its batches have counted so far."""
    done = Counts()
    if begun is None:
        return 1, "", done
    number, position = 0, ""
    with system():
        for batch in ImportBatch.objects.filter(run=begun, stage=stage).order_by("number").iterator():
            if batch.number != number + 1:
                break
            number, position = batch.number, batch.position
            done.add(Counts.from_json(batch.counters))
        ImportBatch.objects.filter(run=begun, stage=stage, number__gt=number).delete()
    return number + 1, position, done


def batches(
    source: Source,
    stage: str,
    collection: str,
    options: Options,
    *,
    first: int = 1,
    after: str = "",
    is_wanted: Callable[[Document], bool] | None = None,
) -> Iterator[Task]:
    """The documents behind this position in batches, bounded by number and by bytes."""
    documents: Iterable[Document] = source.documents(collection, after)
    if is_wanted:
        documents = filter(is_wanted, documents)
    for number, (position, raws) in enumerate(gathered(documents, options.batch), start=first):
        yield Batch(stage, collection, number, position, raws)


def gathered(documents: Iterable[Document], most: int) -> Iterator[tuple[str, list[bytes]]]:
    raws: list[bytes] = []
    size, position = 0, ""
    for document in documents:
        if raws and (len(raws) >= most or size + len(document.raw) > BATCH_BYTES):
            yield position, raws
            raws, size = [], 0
        raws.append(document.raw)
        size += len(document.raw)
        position = document.position
    if raws:
        yield position, raws


def _doctors(settlement: OutlineSettlement) -> Callable[[Document], bool]:
    def is_doctor(document: Document) -> bool:
        try:
            own = RawBSONDocument(document.raw).get("_id")
        except bson.errors.BSONError:
            return False
        return own is not None and settlement.role_of(identity(own)) == "doctor"

    return is_doctor
