"""What one process of the import does: look documents over for the outline, and load batches.

Every worker has a connection of its own, acts as the system in each transaction, and keeps nothing between two
batches but what can be made again. All it may say about a failure is what holds no value of any row.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, TypeVar
from uuid import UUID

import pgtrigger
import psycopg
from django.conf import settings
from django.db import DatabaseError
from psycopg import errors
from psycopg.types.json import Jsonb

from medichat.db.encryption import DecryptionError
from medichat.legacy import again, outline, prepare
from medichat.legacy.compare import Comparison, Verifier
from medichat.legacy.correction import Correction
from medichat.legacy.counts import Counts
from medichat.legacy.loader import Loader
from medichat.legacy.parse.rows import ActivityLogRow
from medichat.legacy.prepare import Prepared

LOCK = 0x4D43_494D_504F  # "MCIMPO": held by the one process that imports
WORKERS_LOCK = LOCK + 1  # shared by its workers, so that the next import waits until the last one of them has ended
MONTHS_AHEAD = 24
_TRIES = 5
_Result = TypeVar("_Result")
_FIRST_PARTITION = datetime(2000, 1, 1, tzinfo=UTC)

_BEGIN = """
SELECT set_config('medichat.role', 'system', true), set_config('statement_timeout', '0', true),
    set_config('lock_timeout', '60s', true), set_config('idle_in_transaction_session_timeout', '0', true),
    set_config('synchronous_commit', 'off', true), set_config('pgtrigger.ignore', %s, true)
"""
# In a transaction of its own and in one order: two workers that add the same words would wait for each other.
_VOCABULARY = """
INSERT INTO vocabulary_words (kind, word)
SELECT DISTINCT kind, word FROM unnest(%s::text[], %s::text[]) AS said (kind, phrase), words_in(phrase) AS word
ORDER BY 1, 2 ON CONFLICT DO NOTHING
"""
_WORDS_OF = {
    "users": ("name", ("first_name", "last_name")),
    "allergies": ("allergen", ("allergen",)),
    "medications": ("medication", ("medication_name",)),
    "medical_history": ("condition", ("condition",)),
}


class ImportFailed(Exception):  # noqa: N818  # the state of the run, in words for the operator
    """The run cannot go on; the message says why and holds no patient data."""


@dataclass(frozen=True)
class Setup:
    """What a worker needs to know. ``run`` None: nothing may be written (a dry run, a verification)."""

    connection: dict[str, Any] = field(repr=False)
    paths: outline.Paths
    run: UUID | None
    each_once: bool = False


@dataclass(frozen=True)
class Look:
    """Look documents over for the outline."""

    collection: str
    raws: Sequence[bytes]


@dataclass(frozen=True)
class Batch:
    """Load these documents. In the stage 'doctors' only their accounts, because patients refer to them."""

    stage: str
    collection: str
    number: int
    position: str
    raws: Sequence[bytes]


@dataclass(frozen=True)
class Compare:
    """Compare these documents with their rows."""

    collection: str
    raws: Sequence[bytes]


Task = Look | Batch | Compare


class Worker:
    """Does what it is given, one task after the other."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup

    def do(self, task: Task) -> Any:
        """The records of the outline, the counts of a batch (as JSON), or a comparison. Raises ImportFailed."""
        try:
            if isinstance(task, Look):
                look = outline.account_records if task.collection == "users" else outline.visit_records
                return look([raw for raw, _ in self._corrected(task)], self._setup.paths)
            if isinstance(task, Compare):
                return self._compare(task)
            return self._load(task).to_json()
        except DecryptionError as error:  # it names the row, never the value
            raise ImportFailed(f"{error} Is ENCRYPTION_KEY the one that this database was filled with?") from error
        except (psycopg.Error, OSError) as error:
            raise ImportFailed(said_of(error)) from error

    def close(self) -> None:
        """Let go of connection and files."""
        for name in ("_connection", "_settlement"):
            if name in self.__dict__:
                self.__dict__.pop(name).close()

    @cached_property
    def _connection(self) -> psycopg.Connection[Any]:
        connection = psycopg.connect(**self._setup.connection, autocommit=True)
        connection.read_only = self._setup.run is None
        connection.execute("SELECT pg_advisory_lock_shared(%s)", [WORKERS_LOCK])
        return connection

    @cached_property
    def _settlement(self) -> outline.OutlineSettlement:
        return outline.OutlineSettlement(self._setup.paths)

    def _load(self, batch: Batch) -> Counts:
        prepared = self._prepared(batch)
        if self._setup.run is None:
            return self._in_transaction(lambda: self._loader.load(prepared) if batch.stage != "doctors" else Counts())
        if batch.collection == "users":
            self._in_transaction(lambda: self._know_words(prepared))
        if batch.collection == "activity_logs":
            self._make_partitions(prepared)
        return self._in_transaction(lambda: self._load_once(batch, prepared))

    def _compare(self, task: Compare) -> Comparison:
        prepared = self._prepared(task)
        return self._in_transaction(lambda: Verifier(self._connection).verify(prepared))

    @cached_property
    def _loader(self) -> Loader:
        return Loader(
            self._connection, self._setup.run, is_dry=self._setup.run is None, each_once=self._setup.each_once
        )

    def _prepared(self, batch: Batch | Compare) -> list[Prepared]:
        corrected = self._corrected(batch)
        found = prepare.parse(batch.collection, [raw for raw, _ in corrected])
        missing = prepare.not_in_source(found, self._settlement)
        self._settlement.imported = self._in_transaction(lambda: self._imported(missing)) if missing else {}
        settled = [prepare.settle(batch.collection, document, parsed, self._settlement) for document, parsed in found]
        return [
            again.noting_corrections(one, applied) if applied else one
            for one, (_, applied) in zip(settled, corrected, strict=True)
        ]

    def _corrected(self, task: Task) -> list[tuple[bytes, list[Correction]]]:
        """The documents, with what administrators have put in the place of values."""
        return [again.with_corrections(task.collection, raw, self._corrections) for raw in task.raws]

    @cached_property
    def _corrections(self) -> again.Corrections:
        return self._in_transaction(lambda: again.corrections(self._connection))

    def _imported(self, legacy_ids: list[str]) -> dict[str, str]:
        """Accounts that an earlier run brought and the source does not have any more, with their roles."""
        rows = self._connection.execute("SELECT legacy_id, role FROM users WHERE legacy_id = ANY(%s)", [legacy_ids])
        return dict(rows.fetchall())

    def _load_once(self, batch: Batch, prepared: list[Prepared]) -> Counts:
        """Load the batch, unless it was committed and only its answer was lost."""
        place = [self._setup.run, batch.stage, batch.number]
        done = self._connection.execute(
            "SELECT counters FROM import_batches WHERE run_id = %s AND stage = %s AND number = %s", place
        ).fetchone()
        if done:
            return Counts.from_json(done[0])
        self._connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        if batch.stage == "doctors":
            self._loader.load_accounts(prepared)
            counts = Counts()
        else:
            counts = self._loader.load(prepared)
        self._connection.execute(
            "INSERT INTO import_batches (run_id, stage, number, position, counters, loaded_at) "
            "VALUES (%s, %s, %s, %s, %s, clock_timestamp())",
            [*place, batch.position, Jsonb(counts.to_json())],
        )
        return counts

    def _know_words(self, prepared: Sequence[Prepared]) -> None:
        said = [
            (kind, str(record.values[record.table.columns.index(column)]))
            for one in prepared
            for record in one.records
            if record.table.name in _WORDS_OF and (record.table.name != "users" or "patient" in record.values)
            for kind, columns in [_WORDS_OF[record.table.name]]
            for column in columns
        ]
        self._connection.execute(_VOCABULARY, [[kind for kind, _ in said], [phrase for _, phrase in said]])

    def _make_partitions(self, prepared: Sequence[Prepared]) -> None:
        """Months for the entries, as far back as entries are kept; older ones go to the default partition."""
        times = [row.occurred_at for one in prepared for row in one.parsed.rows_of(ActivityLogRow)]
        kept_since = datetime.now(UTC) - timedelta(days=settings.AUDIT_RETENTION_DAYS)
        within = [time for time in times if time >= max(kept_since, _FIRST_PARTITION)]
        if within and (self._partitions_from is None or min(within) < self._partitions_from):
            first = min(within).replace(day=1)
            self._in_transaction(
                lambda: self._connection.execute(
                    "SELECT count(*) FROM ensure_activity_log_partitions(%s, %s)", [MONTHS_AHEAD, first.date()]
                )
            )
            self._partitions_from = first

    _partitions_from: datetime | None = None

    def _in_transaction(self, act: Callable[[], _Result]) -> _Result:
        return in_transaction(self._connection, act)


def in_transaction(connection: psycopg.Connection[Any], act: Callable[[], _Result]) -> _Result:
    """Act as the system in one transaction; once more where two workers were in each other's way."""
    for attempt in range(_TRIES):
        try:
            with connection.transaction():
                connection.execute(_BEGIN, [f"{{{','.join(time_keepers())}}}"])
                return act()
        except (errors.DeadlockDetected, errors.SerializationFailure):
            if attempt == _TRIES - 1:
                raise
    raise AssertionError("unreachable")


def time_keepers() -> list[str]:
    """The triggers that stamp times: what the source says of them counts. No other trigger can be passed over."""
    return [trigger.get_pgid(model) for model, trigger in pgtrigger.registered() if trigger.name == "stamp_times"]


def said_of(error: Exception) -> str:
    """What went wrong, for the operator: never what the database or the system says, for that may repeat a value."""
    if isinstance(error, DatabaseError) and isinstance(error.__cause__, psycopg.Error):
        error = error.__cause__  # Django's name for it
    if isinstance(error, errors.DiskFull):
        return "The disk of the database server is full. Make room and start the import again: it goes on."
    if isinstance(error, OSError):
        return f"A file of the import cannot be written: {error.strerror or 'input or output error'}."
    if isinstance(error, psycopg.OperationalError) and (error.sqlstate is None or error.sqlstate[:2] in {"08", "57"}):
        return "The database cannot be reached, or the connection was lost. Start the import again: it goes on."
    if isinstance(error, (errors.UndefinedTable, errors.UndefinedColumn, errors.UndefinedFunction)):
        return "The database is not of this version: run 'python manage.py migrate' first."
    if isinstance(error, psycopg.Error):
        where = error.diag.table_name or "the database"
        kind = error.sqlstate or type(error).__name__
        return f"The database refused to work (SQLSTATE {kind}, {where}). Nothing of this batch was kept."
    return type(error).__name__
