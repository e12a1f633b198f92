"""What is typed and not sent yet, kept on the server while it is typed."""

import uuid

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from accounts.access import person, signed_in_required
from conversations.models import Conversation
from conversations.models.drafts import discard_draft, keep_draft


@signed_in_required
@require_POST
def draft(request: HttpRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """Keep the form as it stands (204); with ``discard`` throw away what was kept, and back to the form."""
    user = person(request)
    if user.is_administrator:
        raise PermissionDenied
    conversation = get_object_or_404(Conversation.objects.visible_to(user), pk=conversation_id)
    if "discard" in request.POST:
        discard_draft(conversation, person=user)
        if user.is_patient:
            return redirect("conversations:chat", conversation_id=conversation.pk)
        return redirect("case", case_id=conversation.pk)
    try:
        keep_draft(conversation, request.POST, person=user)
    except ValueError:
        return HttpResponse(status=413)
    return HttpResponse(status=204)
