"""Restoring a backup into an empty database, as the owner: all of it in one transaction, or nothing.

The rows come back exactly as they were: while they are loaded, triggers are off (they would give a row a new time or a
new place in the log) and row security is not forced on the owner (COPY is refused otherwise). Both are as before when
the transaction ends, and nobody else can see the tables until then.
"""

import logging
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management import call_command
from django.db import connections, transaction
from django.db.migrations.loader import MigrationLoader
from psycopg import sql

from medichat.backup import BackupError, tables
from medichat.backup.keys import Key, missing_keys
from medichat.backup.make import Contents
from medichat.backup.read import Passing, read, read_beginning
from medichat.db import encrypted_files
from medichat.db.context import switch_to
from medichat.db.policies import refuse_unprotected_tables

logger = logging.getLogger(__name__)

OWNER = "owner"
# What migrating an empty database writes by itself; everything else must be empty.
FILLED_BY_MIGRATING = {"django_migrations", "django_content_type", "auth_permission"}
# What makes a partition as closed as those that its migration made.
CLOSED_BY = {"activity_logs": "close_activity_log_partition"}

_TRIGGERS = """
SELECT c.relname, t.tgname, t.tgenabled FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE c.relnamespace = 'public'::regnamespace AND NOT t.tgisinternal AND t.tgenabled <> 'D'
"""
_ENABLE = {"O": "ENABLE TRIGGER", "R": "ENABLE REPLICA TRIGGER", "A": "ENABLE ALWAYS TRIGGER"}
_FORCED = """
SELECT relname FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relforcerowsecurity AND NOT relispartition
"""


def restore(path: Path, key: Key, *, accept_missing_keys: bool = False) -> Contents:
    """Bring a backup back into the empty database and the empty file directory of these settings.

    Raises BackupError with what is wrong and what to do, and OSError.
    """
    if OWNER not in settings.DATABASES:
        raise BackupError("Only the owner of the tables can restore: set DATABASE_OWNER_URL.")
    beginning = read_beginning(path, key)
    _refuse_other_version(set(beginning["migrations"]))
    lacking = missing_keys(beginning["keys"])
    if lacking and not accept_missing_keys:
        raise BackupError(
            f"These keys are not those with which the backup was made: {', '.join(lacking)}. Put them into the "
            "environment (older keys of ENCRYPTION_KEY behind the newest), or accept that what they protect stays "
            "unreadable with --accept-missing-keys."
        )
    _refuse_files()
    _make_tables()
    try:
        with transaction.atomic(using=OWNER, durable=True), connections[OWNER].cursor() as cursor:
            return _Restoring(cursor, beginning).load(path, key)
    except BaseException:
        _remove_files()
        raise
    finally:
        connections[OWNER].close()


def _refuse_other_version(of_backup: set[str]) -> None:
    program = MigrationLoader(None, load=False)
    program.load_disk()
    here = {f"{app}.{name}" for app, name in program.disk_migrations or {}}
    newer, older = sorted(of_backup - here), sorted(here - of_backup)
    if newer or older:
        what = f"it has {newer[0]}, which this program lacks" if newer else f"it was made before {older[0]}"
        raise BackupError(
            f"The backup was made by another version of MediChat: {what}. Install the version that made it, restore, "
            "then install this one again and run 'manage.py migrate'."
        )


def _refuse_files() -> None:
    if next(encrypted_files.stored_ids(), None) is not None:
        raise BackupError(f"There are files in {settings.FILES_DIR} already: restore into an empty FILES_DIR.")
    for path in _other_places().values():
        if path.is_file() or any(path.glob("*.archive")):
            raise BackupError(f"{path} is there already: it belongs to another clinic. Move it away, and keep it.")


def _other_places() -> dict[str, Path]:
    """Where the files beside the database belong."""
    return {"seals.jsonl": Path(settings.AUDIT_SEALS_FILE), "log-archive": Path(settings.AUDIT_ARCHIVE_DIR)}


def _remove_files() -> None:
    """Take away what a restore that failed has written; there was nothing before it."""
    for file_id in list(encrypted_files.stored_ids()):
        encrypted_files.remove(file_id)
    places = _other_places()
    places["seals.jsonl"].unlink(missing_ok=True)
    for path in places["log-archive"].glob("*.archive"):
        path.unlink()


def _make_tables() -> None:
    """Migrate a database without tables; one with tables is looked at later, under the lock."""
    with transaction.atomic(using=OWNER), connections[OWNER].cursor() as cursor:
        is_bare = not tables.tables(cursor)
    if is_bare:
        call_command("migrate", verbosity=0)


@dataclass
class _Restoring:
    """One restore, in the owner's transaction; visits what the backup holds."""

    cursor: Any
    beginning: dict[str, Any]

    def load(self, path: Path, key: Key) -> Contents:
        switch_to(role="system", using=OWNER)
        tables.prepare(self.cursor)
        self.tables = {table.name: table for table in tables.tables(self.cursor)}
        self._refuse_other_tables()
        everything = sql.SQL(", ").join(map(tables.identifier, self.tables))
        self._run(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(everything))
        self._refuse_rows()
        self._make_partitions()
        guards = self._lift_guards()
        for name in sorted(FILLED_BY_MIGRATING & self.tables.keys(), reverse=True):
            self._run(sql.SQL("DELETE FROM {}").format(tables.identifier(name)))
        contents, end = read(path, key, self)
        for name, (last, given_out) in end["sequences"].items():
            self.cursor.execute("SELECT setval(%s::regclass, %s, %s)", [f"public.{name}", last, given_out])
        self.cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a table with waiting checks cannot be altered
        for statement in guards:
            self._run(statement)
        refuse_unprotected_tables(connections[OWNER])
        return contents

    def table(self, name: str, chunks: Iterator[bytes]) -> None:
        """Load a table."""
        if name not in self.tables:
            raise BackupError(f"The backup holds a table that is not here: {name}")
        rows = 0
        with self.cursor.copy(self.tables[name].copy(tables.IN)) as copy:
            for chunk in chunks:
                rows += chunk.count(b"\n")
                copy.write(chunk)
        if self.cursor.rowcount != rows:
            raise BackupError(f"Of {rows} rows of {name} only {self.cursor.rowcount} were loaded.")

    def file(self, file_id: UUID, stream: Passing) -> None:
        """Put an uploaded file back."""
        encrypted_files.write_sealed(file_id, stream)

    def other(self, name: str, stream: Passing) -> None:
        """Put a file beside the database back."""
        folder, _, rest = name.partition("/")
        place = _other_places().get(folder)
        if place is None or "/" in rest:
            raise BackupError(f"The backup holds a file that has no place here: {name}")
        path = place / rest if rest else place
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            shutil.copyfileobj(stream, out)
            out.flush()
            os.fsync(out.fileno())

    def _run(self, statement: sql.Composed) -> None:
        tables.run(self.cursor, statement)

    def _refuse_other_tables(self) -> None:
        here = {name: table.columns for name, table in self.tables.items()}
        different = sorted(
            name
            for name in here.keys() | self.beginning["tables"]
            if here.get(name) != self.beginning["tables"].get(name)
        )
        if different:
            raise BackupError(
                f"The tables of this database are not those of the backup: {', '.join(different)} differ. Restore into "
                "a database without any tables ('manage.py setup_database' makes one)."
            )

    def _refuse_rows(self) -> None:
        tables.refuse_hidden_rows(self.cursor, list(self.tables), OWNER)
        for name in sorted(self.tables.keys() - FILLED_BY_MIGRATING):
            statement = sql.SQL("SELECT EXISTS (SELECT FROM {})").format(tables.identifier(name))
            if tables.run(self.cursor, statement).fetchone()[0]:
                raise BackupError(
                    f"This database is not empty: {name} has rows. A backup is restored into an empty one only "
                    "('manage.py setup_database' with another --database makes one)."
                )

    def _make_partitions(self) -> None:
        """The months that the backup has and this database has not."""
        here = tables.partitions(self.cursor)
        for parent, children in self.beginning["partitions"].items():
            for child, bound in children.items():
                if child in here.get(parent, {}):
                    continue
                made = sql.SQL("CREATE TABLE {} PARTITION OF {} {}").format(
                    tables.identifier(child), tables.identifier(parent), tables.bound(bound)
                )
                self._run(made)
                if parent in CLOSED_BY:
                    self.cursor.execute(f"SELECT {CLOSED_BY[parent]}(%s::regclass)", [f"public.{child}"])

    def _lift_guards(self) -> list[sql.Composed]:
        """Switch triggers and forced row security off; returns the statements that switch them on again."""
        again = []
        self.cursor.execute(_TRIGGERS)
        for table, trigger, state in self.cursor.fetchall():
            alter = sql.SQL("ALTER TABLE ONLY {} {} {}")
            names = tables.identifier(table), sql.Identifier(trigger)
            self._run(alter.format(names[0], sql.SQL("DISABLE TRIGGER"), names[1]))
            again.append(alter.format(names[0], sql.SQL(_ENABLE[state]), names[1]))
        self.cursor.execute(_FORCED)
        for (table,) in self.cursor.fetchall():
            alter = sql.SQL("ALTER TABLE ONLY {} {} FORCE ROW LEVEL SECURITY")
            self._run(alter.format(tables.identifier(table), sql.SQL("NO")))
            again.append(alter.format(tables.identifier(table), sql.SQL("")))
        return again
