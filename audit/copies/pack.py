"""The ZIP, made while it is sent: nothing of it is kept in memory or on the disk."""

import json
import logging
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import IO, Any
from uuid import UUID

from django.conf import settings
from django.template.loader import render_to_string

from accounts.models import User
from audit.copies.contents import LEFT_OUT, PARTS
from audit.copies.reading import Row, rows_of
from audit.copies.summary import print_summary
from medichat.db.encrypted_files import FileDamaged, FileMissing, open_verified
from prescriptions.pdf import PdfUnavailable

FORMAT = "medichat patient copy 1"
# The tables that the PDF prints; the JSON has all.
READ_BY_PEOPLE = {
    "person", "about", "emergency_contacts", "allergies", "medicines", "conditions", "operations", "family_history",
    "immunizations", "consultations", "prescriptions", "files",
}  # fmt: skip
NEVER_IN_A_NAME = frozenset('/\\:*?"<>|')

logger = logging.getLogger(__name__)


def pack(patient: User, *, reader: User) -> Iterator[bytes]:
    """The bytes of the ZIP, as they are made, read in the context of ``reader``. Needs no transaction around it."""
    outgoing = _Outgoing()
    printed: dict[str, list[Row]] = {name: [] for name in READ_BY_PEOPLE}
    made_at = datetime.now(UTC)
    with zipfile.ZipFile(outgoing, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[call-overload]  # a writer is enough
        archive.writestr("READ ME.txt", render_to_string("audit/copies/read_me.txt", _about(patient, made_at)))
        with archive.open("record.json", "w", force_zip64=True) as out:
            for _ in _write_json(out, patient, reader, made_at, printed):
                yield outgoing.taken()
        photo = {"id": printed["person"][0]["photo_file"], "sha256": patient.photo_sha256, "original_name": "photo"}
        for name, content in _files([photo, *printed["files"]]):
            archive.writestr(name, content)
            yield outgoing.taken()
        try:
            archive.writestr("record.pdf", print_summary(printed, made_at))
        except PdfUnavailable as error:
            logger.error("A copy of a record has no PDF: %s", error)
            archive.writestr("record.pdf is missing.txt", "The PDF could not be made. Everything is in record.json.\n")
    yield outgoing.taken()


def _about(patient: User, made_at: datetime) -> dict[str, Any]:
    return {
        "patient": patient,
        "made_at": made_at,
        "clinic_name": settings.CLINIC_NAME,
        "clinic_phone": settings.CLINIC_PHONE,
        "left_out": sorted(LEFT_OUT.values()),
    }


def _write_json(
    out: IO[bytes], patient: User, reader: User, made_at: datetime, printed: dict[str, list[Row]]
) -> Iterator[None]:
    """One object, a member for each table; pauses after every row so that what is ready can be sent."""
    head = {
        "format": FORMAT,
        "made_at": made_at.isoformat(timespec="seconds"),
        "clinic": settings.CLINIC_NAME,
        "patient_id": str(patient.pk),
        "left_out": LEFT_OUT,
    }
    out.write(json.dumps(head, ensure_ascii=False, indent=1)[:-2].encode())
    for part in PARTS:
        out.write(f',\n "{part.name}": ['.encode())
        separator = ""
        for row in rows_of(part, patient.pk, reader=reader):
            out.write(f"{separator}\n  {json.dumps(row, ensure_ascii=False)}".encode())
            separator = ","
            if part.name in printed:
                printed[part.name].append(row)
            yield
        out.write(b"\n ]")
    out.write(b"\n}\n")


def _files(rows: list[Row]) -> Iterator[tuple[str, bytes]]:
    """The uploaded files, each under its own name; what cannot be given is said in a file's place."""
    for row in rows:
        if not row["id"] or row.get("is_stored") is False:
            continue
        name = f"files/{row['id']}-{_tidy(row['original_name'] or 'file')}"
        try:
            yield name, open_verified(UUID(row["id"]), row["sha256"] or "")
        except (FileMissing, FileDamaged) as failure:
            logger.error("A copy of a record lacks a file: %s", failure)
            yield f"{name} is missing.txt", b"This file could not be read. Please ask the clinic about it.\n"


def _tidy(name: str) -> str:
    return "".join(letter for letter in name if letter.isprintable() and letter not in NEVER_IN_A_NAME)[-80:]


class _Outgoing:
    """Where the ZIP is written to: keeps what was not sent yet."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def write(self, data: bytes) -> int:
        self._waiting += data
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def taken(self) -> bytes:
        """What is ready to be sent."""
        ready = bytes(self._waiting)
        self._waiting.clear()
        return ready
