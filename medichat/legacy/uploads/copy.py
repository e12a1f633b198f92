"""Imported attachments and people get their files: copied into encrypted storage, each a copy of its own.

What is stored in the database is committed file by file, so a run that was killed goes on where it was: a row that has
its file is not looked at again, and a file without its row is written anew. What could not be copied is told each time.

An attachment's file is known by the attachment's own id; a photo's by its person and its path, so that another photo is
copied when the previous system has a new one.
"""

import errno
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b, sha256
from typing import BinaryIO, TypeVar, cast
from uuid import UUID

from django.db import connection, models

from accounts.models import User
from conversations.file_types import HEAD_BYTES, type_of
from conversations.models import Attachment
from medichat import virus_scan
from medichat.db import encrypted_files
from medichat.db.context import system
from medichat.file_checks.viruses import virus_found
from medichat.legacy.parse import rules
from medichat.legacy.parse.identity import row_id
from medichat.legacy.parse.places import Place
from medichat.legacy.parse.rules import Rule
from medichat.legacy.read import SourceError
from medichat.legacy.uploads.folder import NoFile, Upload, UploadsFolder
from medichat.legacy.worker import time_keepers

BATCH = 200
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}


@dataclass(frozen=True)
class Problem:
    """Why an entry has no file, or that a file has no entry (then ``document`` is empty).

    ``document`` is the legacy id of the document in ``collection``. ``stated`` is the path below the uploads; it may
    hold anything, so it is never logged.
    """

    rule: Rule
    entity: str
    collection: str
    document: str
    stated: str = field(repr=False)


@dataclass
class Tally:
    """What became of the files. In a dry run ``copied`` are those that would be."""

    copied: int = 0
    kept: int = 0
    copied_bytes: int = 0
    problems: dict[str, int] = field(default_factory=dict)

    def count(self, rule: Rule) -> None:
        """One more of this problem."""
        self.problems[rule.code] = self.problems.get(rule.code, 0) + 1


Tell = Callable[[Problem], None]
"""Who wants to know of problems."""


@dataclass(frozen=True)
class _Wanted:
    """A row that names a file. ``stored`` puts the file's particulars into the row."""

    entity: str
    collection: str
    document: str
    file_id: UUID
    has_file: bool
    path: str | None
    name: str | None
    stored: Callable[[encrypted_files.StoredFile, str], None]


def copy_files(folder: UploadsFolder, *, tell: Tell, advance: Callable[[int], None] = lambda _: None) -> Tally:
    """Copy what is missing and say what cannot be copied; ``advance`` hears of each row that was looked at.

    Raises SourceError when the folder cannot be read or the storage has no room.
    """
    tally = Tally()
    named: set[bytes] = set()
    for wanted in _wanted():
        try:
            place = folder.place_of(wanted.path, wanted.name)
        except NoFile as reason:
            tally.count(reason.rule)  # told when the document was parsed
            place = None
        if place is not None:
            named.add(digest_of(place))
            if wanted.has_file:
                tally.kept += 1
            else:
                _give(folder, place, wanted, tally, tell)
        advance(1)
    for place in folder.places():
        if digest_of(place) not in named:
            tally.count(rules.FILE_UNREFERENCED)
            tell(Problem(rules.FILE_UNREFERENCED, "files", "uploads", "", "/".join(place)))
    return tally


def number_of_rows() -> int:
    """How many imported rows name a file."""
    with system():
        return _attachments().count() + _people().count()


def photo_id(legacy_id: str, path: str) -> UUID:
    """The id of a person's photo that the previous system kept at this path."""
    return row_id("photos", f"{legacy_id}:{path}")


def _give(folder: UploadsFolder, place: Place, wanted: _Wanted, tally: Tally, tell: Tell) -> None:
    # No row says that it has this file: one with its id is of a run that was killed in between.
    encrypted_files.remove(wanted.file_id)
    try:
        try:
            scanned = _scanned(folder, place, wanted)
            with folder.opened(place) as upload:
                content_type = type_of(upload.beginning(HEAD_BYTES))
                stored = encrypted_files.store(upload, file_id=wanted.file_id)
            if scanned not in {"", stored.sha256}:
                raise NoFile(rules.FILE_UNREADABLE)  # another one than the scanner has seen
        except NoFile:
            encrypted_files.remove(wanted.file_id)  # it may have been written before it was seen to change
            raise
    except NoFile as reason:
        tally.count(reason.rule)
        tell(Problem(reason.rule, wanted.entity, wanted.collection, wanted.document, "/".join(place)))
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        raise SourceError(
            f"The file storage cannot take more ({error.strerror}): make room where FILES_DIR is, and start again."
        ) from None
    else:
        with system():
            wanted.stored(stored, content_type)
        tally.copied += 1
        tally.copied_bytes += stored.size


class _Scanned:
    """A file on its way to the scanner, and the SHA-256 of what the scanner got."""

    def __init__(self, upload: Upload) -> None:
        self._upload = upload
        self._digest = sha256()

    @property
    def sha256(self) -> str:
        """In hexadecimal digits."""
        return self._digest.hexdigest()

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes."""
        data = self._upload.read(size)
        self._digest.update(data)
        return data

    def seek(self, _position: int, /) -> None:
        """It is read once and opened anew for whoever reads it next."""


def _scanned(folder: UploadsFolder, place: Place, wanted: _Wanted) -> str:
    """The SHA-256 of what the scanner has seen and knows nothing against; '' where no scanner is configured.

    Raises NoFile for a file with a virus, SourceError when the scanner cannot say.
    """
    if not virus_scan.is_configured():
        return ""
    with folder.opened(place) as upload:
        file = _Scanned(upload)
        try:
            verdict = virus_scan.scan(cast(BinaryIO, file))
        except virus_scan.ScannerUnavailable as failure:
            raise SourceError(
                f"A file could not be checked for viruses: {failure} Files are up to 100 MB. Mend it and start again: "
                "what is copied already stays."
            ) from None
    if not verdict.is_clean:
        with system():
            virus_found.send(Attachment, found=verdict.found, where="import", file_id=wanted.file_id)
        raise NoFile(rules.FILE_INFECTED)
    return file.sha256


def _wanted() -> Iterator[_Wanted]:
    columns = ("is_stored", "stored_path", "stored_name", "conversation__legacy_id")
    for attachment in _in_batches(_attachments().select_related("conversation").only(*columns)):
        yield _Wanted(
            entity="attachments",
            collection="conversations",
            document=attachment.conversation.legacy_id or "",
            file_id=attachment.pk,
            has_file=attachment.is_stored,
            path=attachment.stored_path,
            name=attachment.stored_name,
            stored=_stores_attachment(attachment.pk),
        )
    for user in _in_batches(_people().only("legacy_id", "photo_file", "photo_path")):
        file_id = photo_id(user.legacy_id or "", user.photo_path or "")
        yield _Wanted(
            entity="users",
            collection="users",
            document=user.legacy_id or "",
            file_id=file_id,
            has_file=user.photo_file == file_id,
            path=user.photo_path,
            name=None,
            stored=_stores_photo(user.pk, file_id),
        )


def _stores_attachment(row: UUID) -> Callable[[encrypted_files.StoredFile, str], None]:
    def store(stored: encrypted_files.StoredFile, content_type: str) -> None:
        Attachment.objects.filter(pk=row).update(
            is_stored=True, size=stored.size, sha256=stored.sha256, content_type=content_type
        )

    return store


def _stores_photo(row: UUID, file_id: UUID) -> Callable[[encrypted_files.StoredFile, str], None]:
    def store(stored: encrypted_files.StoredFile, content_type: str) -> None:
        # The time of the account's last change is the source's, and the verification compares it.
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('pgtrigger.ignore', %s, true)", [f"{{{','.join(time_keepers())}}}"])
        User.objects.filter(pk=row).update(
            photo_file=file_id, photo_size=stored.size, photo_sha256=stored.sha256, photo_type=content_type
        )
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('pgtrigger.ignore', '{}', true)")

    return store


def _attachments() -> "models.QuerySet[Attachment]":
    return Attachment.objects.filter(legacy_id__isnull=False)


def _people() -> "models.QuerySet[User]":
    return User.objects.filter(legacy_id__isnull=False, photo_path__isnull=False)


_Row = TypeVar("_Row", Attachment, User)


def _in_batches(rows: "models.QuerySet[_Row]") -> Iterator[_Row]:
    """In the order of their keys, each batch in a short transaction of its own: files are copied between them."""
    last: UUID | None = None
    while True:
        following = rows.order_by("pk") if last is None else rows.order_by("pk").filter(pk__gt=last)
        with system():
            batch = list(following[:BATCH])
        yield from batch
        if len(batch) < BATCH:
            return
        last = batch[-1].pk


def digest_of(place: Place) -> bytes:
    """Enough to know a place again, and small: a clinic may have a million."""
    return blake2b("/".join(place).encode("utf-8", "surrogateescape"), digest_size=8).digest()
