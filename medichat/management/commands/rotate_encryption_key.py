"""manage.py rotate_encryption_key: put everything that is encrypted under the newest key."""

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, LiteralString

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection, models
from psycopg import sql

from audit.archive import ArchiveError, key_ids
from medichat.db import encrypted_files
from medichat.db.context import system
from medichat.db.encryption import (
    DecryptionError,
    UnreadableError,
    key_header,
    key_id_of,
    newest_key_id,
    open_sealed,
    seal,
)

PASSES = 3
MOST_FAILURES_SHOWN = 20
UNREADABLE = "(unreadable)"


class Command(BaseCommand):
    help = (
        "Encrypts every value and file again with the first key of ENCRYPTION_KEY. Put the new key in front of the old "
        "ones, restart every process, run this, and drop an old key when nothing is left under it. Safe to interrupt "
        "and to run again: what is already under the newest key is left alone."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--batch-size", type=int, default=1000, help="rows in each transaction (default 1000)")

    def handle(self, *_args: Any, batch_size: int, **_options: Any) -> None:
        if batch_size < 1:
            raise CommandError("--batch-size must be at least 1.")
        self.failures = 0
        left: Counter[str] = Counter()
        for model, column in encrypted_columns():
            self._rotate_column(model, column, batch_size)
            counted = count_by_key(model, column)
            self._show(f"{model._meta.db_table}.{column}", counted)
            left += counted
        left += self._rotate_files()
        self._conclude(left, self._count_kept())

    def _count_kept(self) -> set[str]:
        """The older keys of append-only tables and of archives, whose values stay as they were written."""
        kept: Counter[str] = Counter()
        for model, column in encrypted_columns(append_only=True):
            counted = count_by_key(model, column)
            self._show(f"{model._meta.db_table}.{column} (append-only, kept)", counted)
            kept += counted
        try:
            archives = key_ids(Path(settings.AUDIT_ARCHIVE_DIR))
        except (ArchiveError, OSError) as error:
            raise CommandError(f"Which keys the archives of the log need is not known: {error}") from error
        self._show("archives of the log (kept)", archives)
        kept += archives
        return set(kept) - {newest_key_id()}

    def _rotate_column(self, model: type[models.Model], column: str, batch_size: int) -> None:
        """Pass over the table until no row changed under our hands; one that did is met again in the next pass."""
        failed: set[Any] = set()
        for _pass in range(PASSES):
            rotated = skipped = 0
            after: Any = None
            while True:
                with system():
                    batch = _old_values(model, column, after, batch_size)
                    fresh = list(self._sealed_again(model._meta.db_table, column, batch, failed))
                    written = _replace(model, column, fresh)
                rotated += written
                skipped += len(fresh) - written
                if len(batch) < batch_size:
                    break
                after = batch[-1][0]
            if rotated:
                self.stdout.write(f"{model._meta.db_table}.{column}: {rotated} encrypted again")
            if not skipped:
                return

    def _sealed_again(
        self, table: str, column: str, batch: list[tuple[Any, bytes]], failed: set[Any]
    ) -> Iterator[tuple[Any, bytes, bytes]]:
        """Row, old bytes and new bytes, for each value that opens; the others are reported once."""
        for row_id, stored in batch:
            try:
                text = open_sealed(table, column, row_id, stored)
            except DecryptionError as error:
                if row_id not in failed:
                    failed.add(row_id)
                    self._failed(str(error))
            else:
                yield row_id, stored, seal(table, column, row_id, text)

    def _rotate_files(self) -> Counter[str]:
        rotated, counted = 0, Counter[str]()
        for file_id in encrypted_files.stored_ids():
            try:
                rotated += encrypted_files.reencrypt(file_id)
                counted[encrypted_files.key_id(file_id)] += 1
            except encrypted_files.FileMissing:
                continue  # removed since it was listed
            except encrypted_files.FileDamaged as damaged:
                self._failed(str(damaged))
                counted[UNREADABLE] += 1
        if rotated:
            self.stdout.write(f"files: {rotated} encrypted again")
        self._show("files", counted)
        return counted

    def _failed(self, message: str) -> None:
        self.failures += 1
        if self.failures <= MOST_FAILURES_SHOWN:
            self.stderr.write(message)
        elif self.failures == MOST_FAILURES_SHOWN + 1:
            self.stderr.write("Further failures are counted, not shown.")

    def _show(self, what: str, counted: Counter[str]) -> None:
        by_key = ", ".join(f"{count} under {key_id}" for key_id, count in sorted(counted.items()))
        self.stdout.write(f"{what}: {by_key or 'empty'}")

    def _conclude(self, left: Counter[str], kept: set[str]) -> None:
        newest = newest_key_id()
        self._show("In all", left)
        old = sorted(key_id for key_id, count in left.items() if key_id != newest and count)
        if self.failures:
            raise CommandError(
                f"{self.failures} values or files could not be opened and stay as they are. "
                f"Still in use besides {newest}: {', '.join(old) or 'nothing'}. Keep those keys."
            )
        if old:
            raise CommandError(f"Still in use besides {newest}: {', '.join(old)}. Rows changed meanwhile: run again.")
        if kept:
            self.stdout.write(
                f"Everything that may change is under {newest}. Keep {', '.join(sorted(kept))} behind it: append-only "
                "tables and archives still hold values under it, which are never written again."
            )
            return
        self.stdout.write(f"Everything is under {newest}: the older keys may be dropped.")


def encrypted_columns(*, append_only: bool = False) -> Iterator[tuple[type[models.Model], str]]:
    """Every encrypted column of every table that may change, or of those that may not, found in the models.

    A model with ``is_append_only`` refuses every change, so its values stay under the key that wrote them.
    """
    for model in apps.get_models(include_auto_created=True):
        if model._meta.proxy or getattr(model, "is_append_only", False) != append_only:
            continue
        for field in model._meta.local_concrete_fields:
            if getattr(field, "is_encrypted", False):
                assert field.column is not None
                yield model, field.column


def count_by_key(model: type[models.Model], column: str) -> Counter[str]:
    """How many values of a column are under which key."""
    counted: Counter[str] = Counter()
    with system():
        rows = _execute(
            "SELECT CASE WHEN length({column}) > 2 AND get_byte({column}, 1) BETWEEN 1 AND 16 "
            "THEN substring({column} from 1 for 2 + get_byte({column}, 1)) ELSE ''::bytea END, count(*) "
            "FROM {table} WHERE {column} IS NOT NULL GROUP BY 1",
            model,
            column,
        ).fetchall()
    for header, count in rows:
        try:
            counted[key_id_of(bytes(header))] += count
        except UnreadableError:
            counted[UNREADABLE] += count
    return counted


def _old_values(model: type[models.Model], column: str, after: Any, limit: int) -> list[tuple[Any, bytes]]:
    """The next values, in the order of the primary key, that are not under the newest key."""
    header = key_header(newest_key_id())
    rows = _execute(
        "SELECT {key}, {column} FROM {table} WHERE {column} IS NOT NULL "
        "AND substring({column} from 1 for %s) <> %s AND (%s OR {key} > %s::{key_type}) ORDER BY {key} LIMIT %s",
        model,
        column,
        [len(header), header, after is None, after, limit],
    ).fetchall()
    return [(row_id, bytes(stored)) for row_id, stored in rows]


def _replace(model: type[models.Model], column: str, fresh: list[tuple[Any, bytes, bytes]]) -> int:
    """Write the new bytes where the old ones still are; return how many rows that was."""
    if not fresh:
        return 0
    try:
        written: int = _execute(
            "UPDATE {table} SET {column} = fresh.new "
            "FROM unnest(%s::{key_type}[], %s::bytea[], %s::bytea[]) AS fresh (key, old, new) "
            "WHERE {table}.{key} = fresh.key AND {table}.{column} = fresh.old",
            model,
            column,
            [list(values) for values in zip(*fresh, strict=True)],
        ).rowcount
    except DatabaseError as error:  # its text may repeat the row
        state = getattr(error.__cause__, "sqlstate", None)
        raise CommandError(
            f"{model._meta.db_table}.{column}: the database refused to update the table (SQLSTATE {state})."
        ) from None
    return written


def _execute(query: LiteralString, model: type[models.Model], column: str, parameters: Sequence[Any] = ()) -> Any:
    """Run a statement about one encrypted column in the open transaction; return the cursor."""
    key = model._meta.pk
    statement = sql.SQL(query).format(
        table=sql.Identifier(model._meta.db_table),
        column=sql.Identifier(column),
        key=sql.Identifier(str(key.column)),
        key_type=sql.SQL(str(key.rel_db_type(connection))),
    )
    cursor = connection.cursor()
    cursor.execute("SET LOCAL statement_timeout = 0")  # a whole table is read, which takes longer than a page may
    cursor.execute(statement.as_string(None), parameters)
    return cursor
