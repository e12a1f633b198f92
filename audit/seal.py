"""Sealing the log: batches of settled rows, each hashed, chained to the seal before and signed.

Rows are taken in the order (transaction, sequence). A transaction that is older than every running one is settled: no
row of it can appear later. So this order only grows at its end, and a seal may stop anywhere in it, without a lock on
those who write. The seals are exported, line by line, to ``settings.AUDIT_SEALS_FILE``, which can lie on write-once
storage.
"""

from django.db import connection
from django.utils import timezone

from audit.chain import BEGINNING, FIRST_HASH, LOWEST, FoundRow, Position, Seal, counts_anew, found_rows, signing_key
from audit.models import AuditSeal
from audit.seals_file import export
from medichat.db.context import system

BATCH = 10_000
LOCK = 0x4D43_5345_414C  # "MCSEAL": one process seals at a time


def seal_log(*, limit: int = BATCH) -> int:
    """Seal everything that is settled and export it; returns the number of rows sealed now.

    Does nothing when another process is at it. Raises SealError when the file and the table do not belong together.
    """
    sealed = 0
    with system():
        _export()
    while True:
        with system():
            seal = _seal_next(limit)
        if seal is None:
            return sealed
        sealed += len(seal.rows)
        with system():
            _export()


def _locked() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        return bool(cursor.fetchone()[0])


def _seal_next(limit: int) -> Seal | None:
    if not _locked():
        return None
    stored = AuditSeal.objects.order_by("-number").first()
    last = None if stored is None else Seal.from_table(stored)
    floor, after, rows = _next_rows(last, limit)
    if not rows:
        return None
    seal = Seal(
        number=last.number + 1 if last else 1,
        floor_sequence=floor,
        after=after,
        to=rows[-1].position,
        highest_sequence=max(last.highest_sequence if last else LOWEST, max(found.sealed.sequence for found in rows)),
        rows=tuple(found.sealed for found in rows),
        previous_hash=last.hash if last else FIRST_HASH,
        sealed_at=timezone.now(),
    )
    digest = seal.computed_hash()
    AuditSeal.objects.bulk_create(
        [
            AuditSeal(
                number=seal.number,
                floor_sequence=seal.floor_sequence,
                after_transaction=seal.after.transaction,
                after_sequence=seal.after.sequence,
                to_transaction=seal.to.transaction,
                to_sequence=seal.to.sequence,
                highest_sequence=seal.highest_sequence,
                row_count=len(seal.rows),
                rows=seal.packed_rows(),
                previous_hash=seal.previous_hash,
                hash=digest,
                signature=signing_key().sign(digest),
                sealed_at=seal.sealed_at,
            )
        ]
    )
    return seal


def _next_rows(last: Seal | None, limit: int) -> tuple[int, Position, list[FoundRow]]:
    """Where the next seal begins, and its rows."""
    beyond = "sequence > %s AND (transaction_id, sequence) > (%s::xid8, %s)"
    settled = "transaction_id < pg_snapshot_xmin(pg_current_snapshot())"
    if last is None:
        return LOWEST, BEGINNING, found_rows(settled, [], limit=limit)
    floor, after = last.floor_sequence, last.to
    if counts_anew(after):
        # First what the dump held beyond its last seal, then what was written since.
        ahead = f"{beyond} AND transaction_id >= pg_snapshot_xmax(pg_current_snapshot())"
        rows = found_rows(ahead, [floor, str(after.transaction), after.sequence], limit=limit)
        if rows:
            return floor, after, rows
        floor, after = last.highest_sequence, BEGINNING
    rows = found_rows(f"{beyond} AND {settled}", [floor, str(after.transaction), after.sequence], limit=limit)
    return floor, after, rows


def _export() -> None:
    if _locked():
        export()
