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
from conversations.file_types import offered_name
from conversations.models import Attachment
from medichat.db.encrypted_files import FileDamaged, FileMissing
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
    response = HttpResponse(content, content_type=found.content_type)
    name = offered_name(found.original_name or f"file-{found.pk}", found.content_type)
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = NO_PAGE
    response["Cache-Control"] = "private, no-store"
    return response
