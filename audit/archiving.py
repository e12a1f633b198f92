"""Months past ``AUDIT_RETENTION_DAYS``: archived first, and dropped only after the archive was read and compared."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from django.conf import settings
from django.db import connections, transaction
from django.utils import timezone
from psycopg import sql

from audit.actions import Action
from audit.archive import Archive, ArchiveError, write
from audit.chain import Seal
from audit.models import ActivityLog, AuditSeal
from audit.plain_rows import rows_between, sealed_row
from audit.record import record
from audit.seals_file import exported_seals
from medichat.db.context import switch_to, system

OWNER = "owner"
_TRIGGERS = ("append_only", "append_only_rows")


@dataclass(frozen=True, order=True)
class Month:
    """A month of the log, in UTC as its partitions are."""

    begin: datetime

    @classmethod
    def of(cls, moment: datetime) -> Self:
        """The month that a moment lies in."""
        return cls(moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0))

    @property
    def end(self) -> datetime:
        """When the next one begins."""
        return (self.begin + timedelta(days=32)).replace(day=1)

    def __str__(self) -> str:
        return f"{self.begin:%Y-%m}"

    @property
    def partition(self) -> str:
        """What its partition is called, if it has one of its own."""
        return f"activity_logs_{self.begin:%Y_%m}"


def expired_months() -> Iterator[Month]:
    """Months with rows that nobody has to keep any more, the oldest first. To be asked as the system."""
    kept_from = timezone.now() - timedelta(days=settings.AUDIT_RETENTION_DAYS)
    oldest = ActivityLog.objects.order_by("occurred_at").values_list("occurred_at", flat=True).first()
    while oldest is not None and (month := Month.of(oldest)).end <= kept_from:
        yield month
        later = ActivityLog.objects.filter(occurred_at__gte=month.end).order_by("occurred_at")
        oldest = later.values_list("occurred_at", flat=True).first()


def archives_of(month: Month) -> list[Archive]:
    """What was archived of a month: more than one file when rows of it came later. Raises ArchiveError."""
    return [Archive(path) for path in sorted(Path(settings.AUDIT_ARCHIVE_DIR).glob(f"{month.partition}*.archive"))]


def archive(month: Month) -> Path | None:
    """Archive the rows that the log now holds of a month, unless they are archived; returns the new file.

    Raises ArchiveError when an earlier archive of the month is not what was made.
    """
    earlier = archives_of(month)
    with system(), closing(rows_between(month.begin, month.end)) as rows:
        if all(any(known.place_of(sealed_row(row)) is not None for known in earlier) for row in rows):
            return None
    suffix = f"-{len(earlier) + 1}" if earlier else ""
    path = Path(settings.AUDIT_ARCHIVE_DIR) / f"{month.partition}{suffix}.archive"
    with system():
        count = write(path, str(month), rows_between(month.begin, month.end))
        record(
            Action.LOG_ARCHIVED,
            actor=None,
            resource_type="log",
            resource_id=str(month),
            codes={"rows": count, "file": path.name},
        )
    return path


def drop(month: Month) -> int:
    """Remove a month from the log, after everything in it was found in its archives; returns how many rows.

    Every row must be in an archive that opens and is signed, with the very content that a signed seal remembers. Raises
    ArchiveError, and removes nothing, when one is not.
    """
    archives = archives_of(month)
    if not archives:
        raise ArchiveError(f"{month} is not archived: run archive_audit without --drop first.")
    for each in archives:
        for _ in each.rows():  # opens all of it and compares it with what was signed
            pass
    marks = {each.path: bytearray(len(each)) for each in archives}
    _mark_sealed(archives, marks)
    count = 0
    with system():
        for row in rows_between(month.begin, month.end):
            places = ((each.path, each.place_of(sealed_row(row))) for each in archives)
            if not any(place is not None and marks[path][place] for path, place in places):
                raise ArchiveError(
                    f"Row {row[1]} of {month} is not in an archive as it was sealed. Nothing was dropped; "
                    "'manage.py verify_audit' says what was changed, archive_audit archives what came later."
                )
            count += 1
    _remove(month, count)
    with system():
        record(
            Action.LOG_DROPPED,
            actor=None,
            resource_type="log",
            resource_id=str(month),
            codes={"rows": count, "files": [each.path.name for each in archives]},
        )
    return count


def _mark_sealed(archives: list[Archive], marks: dict[Path, bytearray]) -> None:
    """Mark every archived row that a signed seal remembers just so; the exported seals are believed where they are."""
    for seal in _seals():
        if not seal.is_signed():
            raise ArchiveError(f"Seal {seal.number} was changed: nothing is dropped before 'verify_audit' is clean.")
        for row in seal.rows:
            for each in archives:
                place = each.place_of(row)
                if place is not None:
                    marks[each.path][place] = 1


def _seals() -> Iterator[Seal]:
    path = Path(settings.AUDIT_SEALS_FILE)
    if path.exists():
        yield from (line.seal for line in exported_seals(path) if line.seal is not None)
        return
    with system():
        for stored in AuditSeal.objects.order_by("number").iterator(chunk_size=1):
            yield Seal.from_table(stored)


def _remove(month: Month, expected: int) -> None:
    """Take the rows out, as the owner of the tables, who alone can lift the guards; all in one short transaction."""
    if OWNER not in settings.DATABASES:
        raise ArchiveError("Only the owner of the tables can drop a month: set DATABASE_OWNER_URL.")
    with transaction.atomic(using=OWNER, durable=True), connections[OWNER].cursor() as cursor:
        switch_to(role="system", using=OWNER)
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [f"public.{month.partition}"])
        own = [month.partition] if cursor.fetchone()[0] else []
        guarded = ["activity_logs_default", *own]
        for table in guarded:
            _guard(cursor, table, on=False)
        removed = 0
        for table in own:
            removed += _count(cursor, table)
            _run(cursor, "ALTER TABLE public.activity_logs DETACH PARTITION public.{}", table)
            _run(cursor, "DROP TABLE public.{}", table)
        cursor.execute(
            "DELETE FROM public.activity_logs_default WHERE occurred_at >= %s AND occurred_at < %s",
            [month.begin, month.end],
        )
        removed += cursor.rowcount
        if removed != expected:
            raise ArchiveError(f"Rows of {month} were written meanwhile: nothing was dropped. Archive it again.")
        for table in guarded:
            if table not in own:
                _guard(cursor, table, on=True)


def _guard(cursor: Any, table: str, *, on: bool) -> None:
    """Switch the triggers and the forced row security of one table."""
    for trigger in _TRIGGERS:
        word = "ENABLE" if on else "DISABLE"
        _run(cursor, f"ALTER TABLE ONLY public.{{}} {word} TRIGGER {trigger}", table)
    _run(cursor, f"ALTER TABLE ONLY public.{{}} {'' if on else 'NO'} FORCE ROW LEVEL SECURITY", table)


def _count(cursor: Any, table: str) -> int:
    _run(cursor, "SELECT count(*) FROM public.{}", table)
    return int(cursor.fetchone()[0])


def _run(cursor: Any, statement: str, table: str) -> None:
    cursor.execute(sql.SQL(statement).format(sql.Identifier(table)).as_string(None))
