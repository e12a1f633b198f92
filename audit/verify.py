"""Comparing the log with its seals: what was changed, removed, inserted or reordered is named."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from django.db import connection

from audit.archive import Archive, ArchiveError
from audit.chain import BEGINNING, FIRST_HASH, LOWEST, FoundRow, Position, Seal, SealedRow, counts_anew, found_rows
from audit.models import ActivityLog, AuditSeal
from audit.seals_file import exported_seals, seal_at

HIGHEST = 2**63 - 1


@dataclass
class Report:
    """What a verification saw. No findings means that everything sealed is as it was."""

    findings: list[str] = field(default_factory=list)
    seals: int = 0
    rows: int = 0
    unsealed: int = 0
    archived: int = 0


def verify(*, file: Path | None = None, since: datetime | None = None, archives: Path | None = None) -> Report:
    """Compare the log with the seals of the table and, when given, of the exported file. Run as the system.

    A row that is gone counts as archived when a signed archive in the directory ``archives`` holds it just so. The file
    is believed rather than the table. ``since`` leaves out the rows of seals made before (their chain is still
    checked). Raises OSError when the file cannot be read.
    """
    report = Report()
    kept = _archives(archives, report) if archives else []
    floors = dict(AuditSeal.objects.values_list("number", "floor_sequence"))
    offsets = _read_file(file, floors, report) if file else {}
    ceiling = _ceiling_of_now()
    previous: Seal | None = None
    for seal in _seals(file, offsets, floors, report):
        report.seals += 1
        _check_chain(seal, previous, report)
        if previous is not None and seal.floor_sequence != previous.floor_sequence:
            _check_end_of_era(previous, seal.floor_sequence, report)
        if since is None or seal.sealed_at >= since:
            later = [floor for number, floor in floors.items() if number > seal.number and floor > seal.floor_sequence]
            _check_rows(seal, min(later, default=ceiling), kept, report)
        previous = seal
    report.unsealed = _unsealed(previous)
    return report


def _ceiling_of_now() -> int | None:
    """On a server that was restored and has sealed nothing since: the sequence above which rows are new.

    They bear lower transactions than the sealed ones, and lie before them in the order of the log.
    """
    last = AuditSeal.objects.order_by("-number").defer("rows").first()
    if last is None or not counts_anew(Position(last.to_transaction, last.to_sequence)):
        return None
    return last.highest_sequence


def _seals(file: Path | None, offsets: dict[int, int], floors: dict[int, int], report: Report) -> Iterator[Seal]:
    """Every seal, in order; where table and file differ, that of the file."""
    for number in range(1, max(floors, default=0) + 1):
        row = AuditSeal.objects.filter(number=number).first()
        stored = None if row is None else _from_table(row, report)
        exported = seal_at(file, offsets[number]) if file and number in offsets else None
        if exported is not None and row is None:
            report.findings.append(f"Seal {number} is in the file and was removed from the table.")
        elif file and exported is None and row is not None:
            report.findings.append(f"Seal {number} is in the table and not in the file: the file was cut off.")
        elif exported is not None and stored is not None and exported != stored:
            report.findings.append(f"Seal {number} in the table is not the one that was exported.")
        seal = exported or stored
        if seal is None:
            report.findings.append(f"Seal {number} is missing: nothing is known of its rows.")
            continue
        yield seal


def _from_table(row: AuditSeal, report: Report) -> Seal | None:
    try:
        return Seal.from_table(row)
    except ValueError:
        report.findings.append(f"Seal {row.number} in the table is damaged.")
        return None


def _read_file(file: Path, floors: dict[int, int], report: Report) -> dict[int, int]:
    """Where in the file each seal stands (they are large, and read again one by one); ``floors`` learns of them."""
    offsets: dict[int, int] = {}
    broken: int | None = None
    for line in exported_seals(file):
        if line.seal is None:
            broken = line.number
            continue
        number = line.seal.number
        if broken is not None and number != max(offsets, default=0) + 1:
            report.findings.append(f"Line {broken} of the file is no seal.")
        broken = None  # otherwise a crash had cut it off, and the seal was written again
        if number in offsets:
            report.findings.append(f"Seal {number} is in the file twice (line {line.number}).")
            continue
        offsets[number] = line.offset
        floors[number] = line.seal.floor_sequence
    if broken is not None:
        report.findings.append(f"Line {broken} of the file is no seal: the file was cut off within it.")
    return offsets


def _check_chain(seal: Seal, previous: Seal | None, report: Report) -> None:
    if not seal.is_signed():
        report.findings.append(f"Seal {seal.number} was changed: its signature does not fit what it says.")
    if seal.previous_hash != (previous.hash if previous else FIRST_HASH):
        report.findings.append(f"Seal {seal.number} does not continue the seal before it.")
    if previous is None:
        begins = (LOWEST, BEGINNING)
    elif seal.floor_sequence == previous.floor_sequence:
        begins = (previous.floor_sequence, previous.to)
    else:  # the server was restored and counts its transactions anew
        begins = (previous.highest_sequence, BEGINNING)
    if (seal.floor_sequence, seal.after) != begins:
        report.findings.append(f"Seal {seal.number} does not begin where the seal before it ends.")


def _check_end_of_era(last: Seal, ceiling: int, report: Report) -> None:
    """Before a restored server began to count anew, nothing lay beyond the last seal."""
    beyond = "sequence > %s AND sequence <= %s AND (transaction_id, sequence) > (%s::xid8, %s)"
    for found in found_rows(beyond, [last.floor_sequence, ceiling, str(last.to.transaction), last.to.sequence]):
        report.findings.append(f"{_named(found.sealed)} was inserted, or moved here, after seal {last.number}.")


def _archives(directory: Path, report: Report) -> list[Archive]:
    """The archives that are what was made; the others are findings."""
    found = []
    for path in sorted(directory.glob("*.archive")):
        try:
            found.append(Archive(path))
        except ArchiveError as error:
            report.findings.append(str(error))
    return found


def _check_rows(seal: Seal, ceiling: int | None, archives: list[Archive], report: Report) -> None:
    report.rows += len(seal.rows)
    found = _rows_of(seal, ceiling)
    if [row.sealed for row in found] == list(seal.rows):
        return
    by_id: dict[object, list[SealedRow]] = defaultdict(list)
    for row in found:
        by_id[row.sealed.id].append(row.sealed)
    for sealed in seal.rows:
        candidates = by_id[sealed.id]
        if sealed in candidates:
            candidates.remove(sealed)
        elif candidates:
            now = candidates.pop(0)
            what = "was changed" if now.sequence == sealed.sequence else "was reordered"
            report.findings.append(f"{_named(sealed)} {what} after seal {seal.number}.")
        elif any(archive.place_of(sealed) is not None for archive in archives):
            report.archived += 1
        elif ActivityLog.objects.filter(pk=sealed.id).exists():
            report.findings.append(f"{_named(sealed)} was reordered after seal {seal.number}.")
        else:
            report.findings.append(f"{_named(sealed)} was removed after seal {seal.number}.")
    for extra in (row for candidates in by_id.values() for row in candidates):
        report.findings.append(f"{_named(extra)} was inserted, or moved here, after seal {seal.number}.")


def _rows_of(seal: Seal, ceiling: int | None) -> list[FoundRow]:
    """The rows that now lie where the seal's rows lay. Those of a later era have sequences above the ceiling."""
    between = (
        "sequence > %s AND (transaction_id, sequence) > (%s::xid8, %s) AND (transaction_id, sequence) <= (%s::xid8, %s)"
        " AND sequence <= %s"
    )
    after, to = seal.after, seal.to
    places = [str(after.transaction), after.sequence, str(to.transaction), to.sequence]
    return found_rows(between, [seal.floor_sequence, *places, HIGHEST if ceiling is None else ceiling])


def _unsealed(last: Seal | None) -> int:
    """How many rows no seal covers yet."""
    floor, place, highest = (
        (last.floor_sequence, last.to, last.highest_sequence) if last else (LOWEST, BEGINNING, LOWEST)
    )
    # Only a server that was restored has higher sequences in lower transactions.
    beyond = "sequence > %s AND (transaction_id, sequence) > (%s::xid8, %s) OR sequence > %s"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM activity_logs WHERE {beyond}",  # noqa: S608  # nosec B608 - the constant above
            [floor, str(place.transaction), place.sequence, highest],
        )
        return int(cursor.fetchone()[0])


def _named(row: SealedRow) -> str:
    return f"Row {row.id} (sequence {row.sequence})"
