"""Files of a conversation: checked by their content, stored encrypted, verified at every download."""

import logging
import uuid
from functools import partial
from typing import Any, BinaryIO, cast

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from conversations import chat, signals
from conversations.file_checks import UnacceptableFile
from conversations.file_types import SafeFile, made_safe, tidy_name
from conversations.models import Attachment, Conversation
from medichat import virus_scan
from medichat.db import encrypted_files
from medichat.db.base import new_id
from medichat.refusals import ConflictError
from medichat.responses import BetweenTransactions

logger = logging.getLogger(__name__)

MOST_FILES = 20


class FileTooLarge(UnacceptableFile):
    """More than ``settings.ATTACHMENT_MAX_BYTES`` (answered with status 413)."""


class NotScanned(UnacceptableFile):
    """The virus scanner cannot be asked, so nothing is accepted (the operators' log says why)."""


def attach(
    conversation: Conversation, uploaded_file: "UploadedFile[Any]", *, by: User, client_token: uuid.UUID
) -> Attachment:
    """Check the file, store it encrypted and note it in the conversation; the same token again changes nothing.

    Raises UnacceptableFile with a sentence for the patient, FileTooLarge, and ConflictError once a doctor has answered.
    A transaction around this needs ``encrypted_files.pending()`` around it (every request has it). Where files are
    scanned for viruses, it raises BetweenTransactions once, unless there is no transaction.
    """
    # Opening a file takes a while: before the conversation is locked.
    size = uploaded_file.size or 0
    if size > settings.ATTACHMENT_MAX_BYTES:
        raise FileTooLarge(
            f"This file is too large: {size / 1_048_576:.1f} MB. At most {settings.ATTACHMENT_MAX_BYTES // 1_048_576} "
            "MB can be attached. Make it smaller, or attach a part of it."
        )
    safe = _scanned_and_safe(uploaded_file)
    with encrypted_files.pending(), transaction.atomic():
        current = conversation.locked()
        earlier: Attachment | None = Attachment.objects.filter(conversation=current, client_token=client_token).first()
        if earlier is not None:
            return earlier
        if not current.accepts_messages:
            raise ConflictError("This consultation has been answered, so nothing can be attached to it any more.")
        if Attachment.objects.filter(conversation=current).count() >= MOST_FILES:
            raise UnacceptableFile(f"A consultation can hold {MOST_FILES} files, and this one does already.")
        attachment = Attachment(
            id=new_id(),
            conversation=current,
            patient_id=current.patient_id,
            original_name=tidy_name(uploaded_file.name or "", safe.kind),
            content_type=safe.kind.content_type,
            client_token=client_token,
            uploaded_by=by,
            uploaded_at=timezone.now(),
        )
        stored = encrypted_files.store(safe.content, file_id=attachment.pk)
        attachment.size, attachment.sha256 = stored.size, stored.sha256
        attachment.save(force_insert=True)
        chat.file_attached(current, by)
        signals.file_attached.send(Attachment, conversation=current, by=by, attachment=attachment)
    return attachment


def _scanned_and_safe(uploaded_file: "UploadedFile[Any]") -> SafeFile:
    """The file as it is kept, after the scanner, if there is one, has said that it knows nothing against it."""
    if virus_scan.is_configured():
        verdict = getattr(uploaded_file, "verdict", None)
        if verdict is None and connection.in_atomic_block:
            raise BetweenTransactions(partial(_scan, uploaded_file))
        if verdict is None:
            verdict = _scan(uploaded_file)
        if isinstance(verdict, virus_scan.ScannerUnavailable):
            raise NotScanned(
                "Files cannot be checked for viruses at the moment, so none can be attached. What you typed is still "
                "here. Please try again later, or send your message without the file."
            )
        if not verdict.is_clean:
            raise UnacceptableFile(
                "A virus was found in this file, so it was not attached. Check your device with a virus scanner."
            )
    return made_safe(
        cast(BinaryIO, uploaded_file.file), name=uploaded_file.name or "", claimed=uploaded_file.content_type or ""
    )


def _scan(uploaded_file: "UploadedFile[Any]") -> virus_scan.Verdict | virus_scan.ScannerUnavailable:
    """Ask the scanner and keep what it says with the file."""
    verdict: virus_scan.Verdict | virus_scan.ScannerUnavailable
    try:
        verdict = virus_scan.scan(cast(BinaryIO, uploaded_file.file))
    except virus_scan.ScannerUnavailable as failure:
        verdict = failure
    else:
        if not verdict.is_clean:
            logger.warning("An uploaded file was refused: the scanner found %s.", verdict.found)
    uploaded_file.verdict = verdict  # type: ignore[attr-defined]  # our own mark on the file
    return verdict


def read(attachment: Attachment, *, by: User) -> bytes:
    """The clear content, verified against the recorded SHA-256.

    Raises ``encrypted_files.FileMissing`` or ``FileDamaged``; then nothing of the content is released.
    """
    content = encrypted_files.open_verified(attachment.pk, attachment.sha256)
    signals.file_downloaded.send(Attachment, conversation=attachment.conversation, by=by, attachment=attachment)
    return content
