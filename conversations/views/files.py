"""Downloading a file of a conversation: for its patient, the doctors who may see the case, and administrators."""

import logging
import uuid

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from accounts.access import person, signed_in_required
from accounts.models import User
from conversations import attachments
from conversations.file_types import as_an_upload, offered_name
from conversations.models import Attachment
from medichat.db.encrypted_files import FileDamaged, FileMissing
from medichat.responses import LateResponse
from medichat.surface import NO_PAGE

logger = logging.getLogger(__name__)


@signed_in_required
@require_GET
def attachment(request: HttpRequest, conversation_id: uuid.UUID, attachment_id: uuid.UUID) -> HttpResponse:
    """The file, verified, always to be saved and never shown within our pages."""
    user = person(request)
    visible = Attachment.objects.visible_to(user).filter(conversation_id=conversation_id)
    found: Attachment = get_object_or_404(visible.select_related("conversation"), pk=attachment_id)
    response = download(found, by=user)
    if response is None:
        return render(request, "conversations/file_damaged.html", {"conversation": found.conversation}, status=500)
    return response


class OldFile(LateResponse):
    """A file of the previous system, which never looked into one: treated like an upload after the transaction.

    What is stored stays as it came.
    """

    def __init__(self, content: bytes, content_type: str, name: str) -> None:
        super().__init__(lambda: self._treated(content, content_type, name))

    def _treated(self, content: bytes, content_type: str, name: str) -> bytes:
        given, kind = as_an_upload(content, content_type)
        describe(self, kind, name)
        return given


def describe(response: HttpResponse, content_type: str, name: str) -> None:
    """Say what the file is, and under which name to save it."""
    response["Content-Type"] = content_type
    response["Content-Disposition"] = content_disposition_header(
        as_attachment=True, filename=offered_name(name, content_type)
    )


def download(found: Attachment, *, by: User) -> HttpResponse | None:
    """The answer with the file; None, and a line for the operators, when it is not what was stored.

    Raises Http404 for a file that the previous system did not keep.
    """
    if not found.is_stored:
        raise Http404("The previous system did not keep this file.")
    try:
        content = attachments.read(found, by=by)
    except (FileMissing, FileDamaged) as failure:
        logger.error("Attachment %s cannot be given out: %s", found.pk, failure)
        return None
    name = found.original_name or f"file-{found.pk}"
    response = OldFile(content, found.content_type, name) if found.legacy_id else HttpResponse(content)
    describe(response, found.content_type, name)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = NO_PAGE
    response["Cache-Control"] = "private, no-store"
    return response
