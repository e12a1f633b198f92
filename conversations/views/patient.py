"""The patient's side: home, the chat, files, the answer, earlier consultations."""

import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts.access import patient_required, person
from accounts.models import User
from accounts.signals import viewed
from conversations import attachments, chat
from conversations.forms import AttachmentForm, MessageForm
from conversations.models import Attachment, Conversation, Draft, RedFlag
from conversations.models.drafts import draft_of, has_draft
from medichat.file_checks import UnacceptableFile
from medichat.paging import page_of
from records.models import Medication

LATEST_ON_HOME = 5


@patient_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The running consultation, unread answers, medicines, and the latest visits."""
    patient = person(request)
    consultations = Conversation.objects.visible_to(patient).select_related("doctor")
    context = {
        "running": consultations.unfinished().order_by("-visit_number").first(),
        "unread": list(consultations.answered().unread().order_by("-responded_at")),
        "waiting": list(consultations.waiting().most_urgent_first()),
        "latest": list(
            consultations.answered()
            .filter(unread_by_patient=False)
            .not_archived_by(patient)
            .order_by("-visit_number")[:LATEST_ON_HOME]
        ),
        "medicines": list(Medication.objects.visible_to(patient).of_patient(patient).standing().filter(is_active=True)),
    }
    viewed.send(Conversation, by=patient, patient_id=patient.pk, resource_type="home", resource_id=None, why="own")
    return render(request, "conversations/home.html", context)


@patient_required
@require_POST
def start(request: HttpRequest) -> HttpResponse:
    """Begin a consultation, or continue the one that is not finished."""
    return redirect("conversations:chat", conversation_id=chat.open_consultation(person(request)).pk)


@patient_required
@require_safe
def consultation(request: HttpRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """One consultation, whatever its state: the chat, the time of waiting, or the answer."""
    patient = person(request)
    conversation = _own(request, conversation_id)
    if request.method == "GET" and conversation.unread_by_patient:
        conversation.mark_read(by=patient)
    viewed.send(
        Conversation,
        by=patient,
        patient_id=patient.pk,
        resource_type="conversation",
        resource_id=conversation.pk,
        why="own",
    )
    return _page(request, conversation)


@patient_required
@require_POST
def message(request: HttpRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """The patient says something; a file that was chosen and not yet attached comes along."""
    conversation = _own(request, conversation_id)
    form = MessageForm(request.POST)
    file_form = AttachmentForm(request.POST, request.FILES)
    status = 200
    if request.FILES:
        status = _attach(request, conversation, file_form)
        if status == 200 and not any(request.POST.get(name, "").strip() for name in ("text", "answer")):
            return _done(request, conversation)
    else:
        file_form = AttachmentForm()
    if not form.is_valid():
        status = max(status, 422)
    if status != 200:
        return _page(request, conversation, form=form, file_form=file_form, status=status)
    return _done(request, conversation, exchange=_say(request, conversation, form))


@patient_required
@require_POST
def attach(request: HttpRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """Attach a file. Words that were typed and not yet sent stay in the form."""
    conversation = _own(request, conversation_id)
    file_form = AttachmentForm(request.POST, request.FILES)
    status = _attach(request, conversation, file_form)
    draft = MessageForm(initial={"text": request.POST.get("text", "")})
    if status != 200:
        return _page(request, conversation, form=draft, file_form=file_form, status=status)
    return _done(request, conversation, draft=draft if request.POST.get("text") else None)


@patient_required
@require_POST
def send_now(request: HttpRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """The patient wants no more questions: what was typed is said, and the case goes to the doctors as it is."""
    conversation = _own(request, conversation_id)
    exchange = None
    if request.POST.get("text", "").strip():
        form = MessageForm(request.POST)
        if not form.is_valid():
            return _page(request, conversation, form=form, status=422)
        exchange = _say(request, conversation, form)
    chat.send_now(conversation, by=person(request))
    return _done(request, conversation, exchange=exchange)


def _say(request: HttpRequest, conversation: Conversation, form: MessageForm) -> chat.Exchange:
    cleaned = form.cleaned_data
    return chat.say(conversation, cleaned["message"], client_token=cleaned["client_token"], by=person(request))


def _attach(request: HttpRequest, conversation: Conversation, form: AttachmentForm) -> int:
    """Attach the form's file; refusals become errors of the form. Returns the status to answer with."""
    if not form.is_valid():
        return 422
    file: UploadedFile[Any] = form.cleaned_data["file"]
    try:
        attachments.attach(conversation, file, by=person(request), client_token=form.cleaned_data["client_token"])
    except UnacceptableFile as refusal:
        form.add_error("file", ValidationError(str(refusal)))
        return 413 if isinstance(refusal, attachments.FileTooLarge) else 422
    return 200


def _own(request: HttpRequest, conversation_id: uuid.UUID) -> Conversation:
    patient = person(request)
    mine = Conversation.objects.visible_to(patient).select_related("doctor")
    return get_object_or_404(mine.annotate(has_draft=has_draft(patient)), pk=conversation_id)


def _done(
    request: HttpRequest,
    conversation: Conversation,
    *,
    draft: MessageForm | None = None,
    exchange: chat.Exchange | None = None,
) -> HttpResponse:
    """After a change: the fragment for htmx, a redirect for a plain form; the page itself when a draft must be kept.

    The next question is what one sees first, unless there is advice for an emergency above it.
    """
    advised = exchange is not None and exchange.has_advice
    if getattr(request, "htmx", False) or draft is not None:
        return _page(request, conversation, form=draft, advised=advised)
    address = reverse("conversations:chat", args=[conversation.pk])
    return redirect(address if advised else f"{address}#composer")


def _page(
    request: HttpRequest,
    conversation: Conversation,
    *,
    form: MessageForm | None = None,
    file_form: AttachmentForm | None = None,
    advised: bool = False,
    status: int = 200,
) -> HttpResponse:
    """The consultation as a page, or as its changing part for htmx."""
    patient = person(request)
    standing = chat.standing(conversation, patient)
    kept = _kept(request, conversation, patient) if form is None else None
    if form is None:
        text = _correction(request, standing) or (kept.fields.get("text", "") if kept else "")
        form = MessageForm(initial={"text": text})
    context: dict[str, Any] = {
        "conversation": conversation,
        "standing": standing,
        "form": form,
        "kept": kept,
        "file_form": file_form or AttachmentForm(),
        "files": list(Attachment.objects.visible_to(patient).filter(conversation=conversation)),
        "red_flags": list(RedFlag.objects.visible_to(patient).filter(conversation=conversation, is_emergency=True)),
        "advised": advised,
        "archived": conversation.archives.filter(person=patient).exists(),
    }
    fragment = getattr(request, "htmx", False)
    template = "conversations/_chat.html" if fragment else "conversations/chat.html"
    return render(request, template, context, status=status)


def _kept(request: HttpRequest, conversation: Conversation, patient: User) -> Draft | None:
    """What the patient had begun to write, on the page that they open; not after they have sent something."""
    if request.method != "GET" or not conversation.accepts_messages or not vars(conversation).get("has_draft"):
        return None
    return draft_of(conversation, patient)


def _correction(request: HttpRequest, standing: chat.Standing) -> str:
    """The words to begin with when the patient says that something was understood wrongly (``?wrong=3``)."""
    number = request.GET.get("wrong", "")
    if not number.isdecimal() or len(number) > 3 or int(number) >= len(standing.understood):
        return ""
    return standing.understood[int(number)].correction


@patient_required
@require_safe
def history(request: HttpRequest) -> HttpResponse:
    """All consultations of the patient, latest first; those put away on a tab of their own."""
    patient = person(request)
    archived = request.GET.get("show") == "archived"
    mine = Conversation.objects.visible_to(patient).select_related("doctor")
    mine = mine.archived_by(patient) if archived else mine.not_archived_by(patient)
    page = page_of(request, mine, "-visit_number")
    viewed.send(Conversation, by=patient, patient_id=patient.pk, resource_type="history", resource_id=None, why="own")
    return render(request, "conversations/history.html", {"page": page, "archived": archived})


@patient_required
@require_POST
def archive(request: HttpRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """Put a finished consultation away, for this patient only."""
    conversation = _own(request, conversation_id)
    if conversation.accepts_messages:
        messages.error(request, "This consultation is still running. It can be put away when a doctor has answered.")
        return redirect("conversations:chat", conversation_id=conversation.pk)
    conversation.archive(by=person(request))
    messages.success(request, "Put away. You find it under “Put away” among your consultations.")
    return redirect("conversations:history")


@patient_required
@require_POST
def unarchive(request: HttpRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """Bring a consultation back."""
    conversation = _own(request, conversation_id)
    conversation.unarchive(by=person(request))
    messages.success(request, "Back among your consultations.")
    return redirect("conversations:chat", conversation_id=conversation.pk)
