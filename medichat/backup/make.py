"""Making a backup: one snapshot for all tables, read as the application role in the context of the system."""

import contextlib
import gzip
import hashlib
import io
import json
import os
import tarfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.utils.module_loading import autodiscover_modules
from psycopg import sql

from medichat.backup import BackupError, tables
from medichat.backup.envelope import SealingWriter
from medichat.backup.keys import Key, fingerprints
from medichat.db import encrypted_files
from medichat.db.context import switch_to
from medichat.periodic import wanted_files

FORMAT = 1
PART_BYTES = 4 * 1024 * 1024
COMPRESSION = 3  # free text is encrypted and hardly gets smaller; the hexadecimal of it halves


class StreamedTar(tarfile.TarFile):
    """A tar archive that passes by: it does not remember the members behind it."""

    members: list[tarfile.TarInfo]

    def forget(self) -> None:
        """What was written or read is not asked for again; a clinic has a million files."""
        self.members.clear()


@dataclass
class Contents:
    """What a backup holds: rows and SHA-256 by table, files and their sizes, and files that rows name but are gone."""

    rows: dict[str, int] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    files: int = 0
    file_bytes: int = 0
    others: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    # Over the SHA-256 of every uploaded file, in the order of the backup: a list of a million would be too long.
    files_digest: Any = field(default_factory=hashlib.sha256)

    def table(self, name: str, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Count and digest a table that passes by; COPY's text has one line for each row."""
        digest, rows = hashlib.sha256(), 0
        for chunk in chunks:
            digest.update(chunk)
            rows += chunk.count(b"\n")
            yield chunk
        self.rows[name], self.digests[name] = rows, digest.hexdigest()

    def file(self, file_id: UUID, size: int, sha256: str) -> None:
        """Note one uploaded file."""
        self.files += 1
        self.file_bytes += size
        self.files_digest.update(f"{file_id} {size} {sha256}\n".encode())

    def said(self) -> dict[str, Any]:
        """What ``end.json`` says of it."""
        return {
            "tables": {name: {"rows": self.rows[name], "sha256": self.digests[name]} for name in self.rows},
            "files": {"count": self.files, "bytes": self.file_bytes, "sha256": self.files_digest.hexdigest()},
            "others": self.others,
            "missing_files": self.missing,
        }


def make(target: Path, key: Key) -> Contents:
    """Write a backup to this new file, sealed for the public key; nothing is left of one that fails.

    Raises BackupError, FileExistsError when the file is there, and OSError when it cannot be written.
    """
    unfinished = target.with_name(f".{target.name}.part")
    if target.exists():
        raise FileExistsError(f"{target} exists already; a backup never overwrites another.")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            contents = _write(file, key)
            file.flush()
            os.fsync(file.fileno())
        os.link(unfinished, target)  # unlike a rename, refuses to replace a file
    finally:
        unfinished.unlink(missing_ok=True)
    directory = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
    return contents


def _write(file: BinaryIO, key: Key) -> Contents:
    sealed = SealingWriter(file, key)
    with (
        gzip.GzipFile(fileobj=sealed, mode="wb", compresslevel=COMPRESSION, mtime=0) as packed,
        StreamedTar.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as archive,
    ):
        contents = _Backup(archive).make()
    sealed.finish()
    return contents


class _Backup:
    """One backup being made."""

    def __init__(self, archive: StreamedTar) -> None:
        self.archive = archive
        self.contents = Contents()

    def make(self) -> Contents:
        connection = connections[DEFAULT_DB_ALIAS]
        if connection.in_atomic_block:
            raise BackupError("A backup needs a transaction of its own.")
        # What is sealed and exported before the snapshot is in its tables; what comes later would not be.
        others = list(_other_files())
        with transaction.atomic(durable=True), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            switch_to(role="system")
            tables.prepare(cursor)
            found = self._locked_tables(cursor)
            self._add_json("begin.json", _begin(cursor, found))
            for table in found:
                self._add_table(cursor, table)
            autodiscover_modules("periodic")  # where the apps say which files are theirs
            for file_id in wanted_files():
                self._add_file(file_id)
            # Sequences know no snapshot: read last, they are never behind the rows.
            counted = tables.sequences(cursor)
        for name, path, size in others:
            self._add_other(name, path, size)
        self._add_json("end.json", {**self.contents.said(), "sequences": counted})
        return self.contents

    def _locked_tables(self, cursor: Any) -> list[tables.Table]:
        """The tables, which nobody alters from now on, and of which every row is seen."""
        found = tables.tables(cursor)
        names = [table.name for table in found]
        cursor.execute(
            "SELECT name FROM unnest(%s::text[]) AS name"
            " WHERE NOT has_table_privilege(format('public.%%I', name), 'SELECT')",
            [names],
        )
        unreadable = [name for (name,) in cursor.fetchall()]
        if unreadable:
            raise BackupError(f"The application role may not read {', '.join(unreadable)}: GRANT it SELECT.")
        everything = sql.SQL(", ").join(map(tables.identifier, names))
        tables.run(cursor, sql.SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(everything))
        tables.refuse_hidden_rows(cursor, names, DEFAULT_DB_ALIAS)
        return found

    def _add_table(self, cursor: Any, table: tables.Table) -> None:
        """The rows as COPY gives them, in parts, so that neither a long table nor its length has to be known."""
        part, number = bytearray(), 0
        with cursor.copy(table.copy(tables.OUT)) as copy:
            for chunk in self.contents.table(table.name, map(bytes, copy)):
                part += chunk
                if len(part) >= PART_BYTES:
                    number += 1
                    self._add(f"tables/{table.name}/{number:06}", io.BytesIO(part), len(part))
                    part = bytearray()
        if part or not number:
            self._add(f"tables/{table.name}/{number + 1:06}", io.BytesIO(part), len(part))

    def _add_file(self, file_id: UUID) -> None:
        try:
            source = encrypted_files.read_sealed(file_id)
        except encrypted_files.FileMissing:
            self.contents.missing.append(str(file_id))
            return
        with source:
            size = os.fstat(source.fileno()).st_size
            digest = self._add(f"files/{file_id}", source, size)
        self.contents.file(file_id, size, digest)

    def _add_other(self, name: str, path: Path, size: int) -> None:
        with path.open("rb") as source:
            self.contents.others[name] = self._add(f"others/{name}", source, size)

    def _add_json(self, name: str, content: dict[str, Any]) -> None:
        encoded = json.dumps(content, indent=1).encode()
        self._add(name, io.BytesIO(encoded), len(encoded))

    def _add(self, name: str, source: BinaryIO, size: int) -> str:
        """Add a member; returns its SHA-256."""
        member = tarfile.TarInfo(name)
        member.size, member.mode, member.mtime = size, 0o600, int(time.time())
        digesting = _Digesting(source)
        self.archive.addfile(member, digesting)
        self.archive.forget()
        return digesting.digest.hexdigest()


class _Digesting:
    """A stream whose SHA-256 is known when it has been read."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        found = self._source.read(size)
        self.digest.update(found)
        return found


def _begin(cursor: Any, found: list[tables.Table]) -> dict[str, Any]:
    cursor.execute("SHOW server_version")
    return {
        "format": FORMAT,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "postgresql": cursor.fetchone()[0],
        "migrations": tables.migrations(cursor),
        "keys": fingerprints(),
        "tables": {table.name: table.columns for table in found},
        "partitions": tables.partitions(cursor),
    }


def _other_files() -> Iterator[tuple[str, Path, int]]:
    """Files beside the database that are only appended to or never change: name, path and size now."""
    seals = Path(settings.AUDIT_SEALS_FILE)
    with contextlib.suppress(FileNotFoundError):  # nothing was sealed yet
        yield "seals.jsonl", seals, seals.stat().st_size
    for path in sorted(Path(settings.AUDIT_ARCHIVE_DIR).glob("*.archive")):
        yield f"log-archive/{path.name}", path, path.stat().st_size
