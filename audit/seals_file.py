"""The seals in a file beside the database (settings.AUDIT_SEALS_FILE), one line each, only ever appended to."""

import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from audit.chain import Seal
from audit.models import AuditSeal


class SealError(Exception):
    """The seals cannot be exported; the message says why and what to do."""


def export() -> None:
    """Append to the file what it lacks, and do not return before it is on the disk. One process at a time.

    Raises SealError when the file and the table do not belong together.
    """
    path = Path(settings.AUDIT_SEALS_FILE)
    stored = AuditSeal.objects.order_by("-number").defer("rows").first()
    if stored is None and not path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    is_new = not path.exists()
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        last = last_exported(file)
        _refuse_strangers(last, stored)
        missing = AuditSeal.objects.filter(number__gt=last.number if last else 0).order_by("number")
        file.seek(0, os.SEEK_END)
        if file.tell() and not _ends_with_newline(file):
            file.write(b"\n")  # a line that was cut off by a crash stays as it is: storage may be write-once
        for row in missing.iterator(chunk_size=1):
            file.write(Seal.from_table(row).line().encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    if is_new:
        directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


def _ends_with_newline(file: BinaryIO) -> bool:
    file.seek(-1, os.SEEK_END)
    return bool(file.read(1) == b"\n")


def last_exported(file: BinaryIO) -> Seal | None:
    """The last readable seal of the file; what was cut off in the middle of a line does not count."""
    size = file.seek(0, os.SEEK_END)
    window = 1024 * 1024
    while size:
        file.seek(max(0, size - window))
        lines = file.read().split(b"\n")
        whole = lines if window >= size else lines[1:]  # the first may begin in the middle
        for line in reversed(whole):
            seal = _seal_of(line)
            if seal is not None:  # others are empty, or were cut off by a crash
                return seal
        if window >= size:
            break
        window *= 4
    return None


def _refuse_strangers(exported: Seal | None, stored: AuditSeal | None) -> None:
    """The file must hold the beginning of the table's chain and nothing else."""
    if exported is None:
        return
    remedy = (
        "Look into it with 'manage.py verify_audit'. After restoring an older backup, put the file aside, keep it, and "
        "let a new one begin (AUDIT_SEALS_FILE)."
    )
    if stored is None or stored.number < exported.number:
        raise SealError(
            f"The exported seals reach number {exported.number}, the table only {stored.number if stored else 0}: "
            f"the log was cut off or comes from an older backup. {remedy}"
        )
    same = AuditSeal.objects.filter(number=exported.number).values_list("hash", flat=True).get()
    if bytes(same) != exported.hash:
        raise SealError(f"Seal {exported.number} in the table is not the one that was exported. {remedy}")


@dataclass(frozen=True)
class Line:
    """One line of the file, where it begins, and its seal; None when it is none."""

    number: int
    offset: int
    seal: Seal | None


def exported_seals(path: Path) -> Iterator[Line]:
    """The lines of the file that are not empty."""
    with path.open("rb") as file:
        offset = 0
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield Line(number, offset, _seal_of(line))
            offset += len(line)


def seal_at(path: Path, offset: int) -> Seal | None:
    """The seal of the line that begins there."""
    with path.open("rb") as file:
        file.seek(offset)
        return _seal_of(file.readline())


def _seal_of(line: bytes) -> Seal | None:
    try:
        return Seal.from_line(line.decode())
    except ValueError:
        return None
