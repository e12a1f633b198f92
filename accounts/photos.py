"""Photos of people: checked by their content, kept small and encrypted, shown to whoever may see the person."""

import logging
from typing import Any, BinaryIO, cast

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import HttpResponse

from accounts import signals
from accounts.models import User
from medichat.db import encrypted_files
from medichat.db.base import new_id
from medichat.file_checks import UnacceptableFile
from medichat.file_checks.pictures import portrait
from medichat.file_checks.viruses import refuse_infected
from medichat.surface import NO_PAGE

logger = logging.getLogger(__name__)

MOST_BYTES = 5 * 1024 * 1024
KIND = "image/jpeg"
COLUMNS = ["photo_file", "photo_type", "photo_size", "photo_sha256"]


def keep(user: User, uploaded_file: "UploadedFile[Any]") -> None:
    """Make this the person's photo; the one before goes when the transaction is committed.

    Raises UnacceptableFile with a sentence for whoever chose it. A transaction around this needs
    ``encrypted_files.pending()`` around it (every request has it); where files are scanned for viruses it raises
    BetweenTransactions once.
    """
    if (uploaded_file.size or 0) > MOST_BYTES:
        raise UnacceptableFile(f"This photo is too large: at most {MOST_BYTES // 1_048_576} MB. Choose a smaller one.")
    refuse_infected(uploaded_file)
    picture = _portrait_of(cast(BinaryIO, uploaded_file.file))
    with encrypted_files.pending(), transaction.atomic():
        earlier = user.photo_file
        user.photo_file = new_id()
        stored = encrypted_files.store(picture, file_id=user.photo_file)
        user.photo_type, user.photo_size, user.photo_sha256 = KIND, stored.size, stored.sha256
        user.save(update_fields=COLUMNS)
        signals.profile_updated.send(User, user=user, fields=["photo"])
        if earlier is not None:
            transaction.on_commit(lambda: encrypted_files.remove(earlier))


def remove(user: User) -> None:
    """The person shows no photo any more; without one nothing happens."""
    earlier = user.photo_file
    if earlier is None:
        return
    user.photo_file = user.photo_type = user.photo_size = user.photo_sha256 = None
    user.save(update_fields=COLUMNS)
    signals.profile_updated.send(User, user=user, fields=["photo"])
    transaction.on_commit(lambda: encrypted_files.remove(earlier))


def shown(user: User) -> HttpResponse | None:
    """The answer with the photo; None where there is none, or it is not what was stored (operators are told).

    Photos of the previous system were never looked at: what is no JPEG of ours is given only as what it was called,
    and browsers are told to believe that.
    """
    if user.photo_file is None:
        return None
    try:
        content = encrypted_files.open_verified(user.photo_file, user.photo_sha256 or "")
    except (encrypted_files.FileMissing, encrypted_files.FileDamaged) as failure:
        logger.error("The photo of the account %s cannot be shown: %s", user.pk, failure)
        return None
    kind = user.photo_type if user.photo_type in {"image/jpeg", "image/png", "image/webp"} else None
    response = HttpResponse(content, content_type=kind or "application/octet-stream")
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = NO_PAGE
    response["Cache-Control"] = "private, no-store"
    return response


def _portrait_of(file: BinaryIO) -> BinaryIO:
    file.seek(0)
    try:
        return portrait(file)
    except UnacceptableFile:
        raise
    except Exception as error:
        # A parser of bytes from a stranger raises whatever the bytes lead it to; each of them means "cannot be read".
        logger.info("An uploaded photo could not be read: %s", type(error).__name__)
        raise UnacceptableFile("This photo cannot be read. Choose a whole picture as JPEG, PNG or WebP.") from error
