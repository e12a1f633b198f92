"""Files of a conversation: checked by their content, stored encrypted, verified at every download."""

import uuid
from typing import Any, BinaryIO, cast

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from conversations import chat, signals
from conversations.file_types import made_safe, tidy_name
from conversations.models import Attachment, Conversation
from medichat.db import encrypted_files
from medichat.db.base import new_id
from medichat.file_checks import UnacceptableFile
from medichat.file_checks.viruses import refuse_infected
from medichat.refusals import ConflictError

MOST_FILES = 20


class FileTooLarge(UnacceptableFile):
    """More than ``settings.ATTACHMENT_MAX_BYTES`` (answered with status 413)."""


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
    refuse_infected(uploaded_file)
    safe = made_safe(
        cast(BinaryIO, uploaded_file.file), name=uploaded_file.name or "", claimed=uploaded_file.content_type or ""
    )
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


def read(attachment: Attachment, *, by: User) -> bytes:
    """The clear content, verified against the recorded SHA-256.

    Raises ``encrypted_files.FileMissing`` or ``FileDamaged``; then nothing of the content is released.
    """
    content = encrypted_files.open_verified(attachment.pk, attachment.sha256)
    signals.file_downloaded.send(Attachment, conversation=attachment.conversation, by=by, attachment=attachment)
    return content
