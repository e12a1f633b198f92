"""Links to files that work without a header: clients open them as plain links, which carry no token."""

import uuid
from dataclasses import dataclass

from django.core import signing

from accounts.models import Session
from conversations.models import Attachment

SALT = "conversations.api.file-link"
SECONDS = 10 * 60
PARAMETER = "link"


@dataclass(frozen=True)
class FileLink:
    """Which file, and whose session asked for it: the link opens no other, and dies with the session."""

    attachment_id: uuid.UUID
    user_id: uuid.UUID
    session_id: uuid.UUID


def link_to(attachment: Attachment, reader: Session) -> str:
    """The path of the file below ``/api/``, for this reader's session and ten minutes."""
    named = [str(attachment.pk), str(reader.user_id), str(reader.pk)]
    return f"attachments/{attachment.pk}?{PARAMETER}={signing.dumps(named, salt=SALT)}"


def read_link(signed: str) -> FileLink | None:
    """What a link names; None when it is not ours or too old."""
    try:
        return FileLink(*map(uuid.UUID, signing.loads(signed, salt=SALT, max_age=SECONDS)))
    except signing.BadSignature:
        return None
