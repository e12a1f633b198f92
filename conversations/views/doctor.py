"""The doctors' queue, and what a doctor does with a case besides answering it."""

import uuid
from datetime import datetime

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.db.models import Count, Prefetch, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts.access import doctor_required, person
from accounts.models import User
from accounts.signals import list_viewed
from conversations.forms import ReleaseForm
from conversations.models import Attachment, Conversation, ConversationQuerySet, ConversationWord, RedFlag, Urgency
from conversations.models.conversation import refuse_if_taken
from medichat.db.blind_index import query_tokens
from medichat.paging import page_of
from records.models import WordKind, patients_like

OPEN_TABS = {"waiting", "mine"}
TABS = {"waiting": "Waiting", "mine": "Mine", "answered": "Answered", "archived": "Archived"}


@doctor_required
@require_GET
def queue(request: HttpRequest) -> HttpResponse:
    """The cases that wait, the doctor's own, those they answered, and those they put away."""
    doctor = person(request)
    tab = request.GET.get("tab", "waiting")
    if tab not in TABS:
        raise BadRequest("There is no such list.")
    level = request.GET.get("urgency", "")
    phrase = request.GET.get("q", "").strip()[:200]
    cases = _cases(doctor, tab)
    if level in Urgency.values:
        cases = cases.filter(urgency=level)
    if phrase:
        cases = _matching(cases, doctor, phrase)
    order = ("queue_rank", "submitted_at", "id") if tab in OPEN_TABS else ("-answered_or_sent", "-id")
    page = page_of(
        request,
        cases.select_related("patient__medical_info", "doctor").prefetch_related(
            Prefetch("red_flags", RedFlag.objects.visible_to(doctor)),
            # Counted on the page: to group by case, the database would have to read all that wait first.
            Prefetch("attachments", Attachment.objects.visible_to(doctor).only("conversation_id")),
        ),
        *order,
    )
    patients = {case.patient_id for case in page.rows}
    list_viewed.send(Conversation, by=doctor, patient_ids=patients, resource_type="queue", why="care")
    context = {
        "page": page,
        "tab": tab,
        "tabs": TABS,
        "chosen": level,
        "heading": f"{TABS[tab]}: most urgent first" if tab in OPEN_TABS else f"{TABS[tab]}: latest first",
        "answered": tab not in OPEN_TABS,
        "phrase": phrase,
        "levels": Urgency,
        "counts": _counts(doctor),
        "now": timezone.now(),
    }
    return render(request, "conversations/queue.html", context)


def _cases(doctor: User, tab: str) -> ConversationQuerySet:
    visible: ConversationQuerySet = Conversation.objects.visible_to(doctor)
    if tab == "archived":
        return visible.archived_by(doctor).with_place_among_answered()
    cases = visible.not_archived_by(doctor)
    if tab == "waiting":
        return cases.waiting().unclaimed().filter(queue_rank__isnull=False, submitted_at__isnull=False)
    cases = cases.claimed_by(doctor)
    return cases.waiting() if tab == "mine" else cases.not_open().with_place_among_answered()


def _matching(cases: ConversationQuerySet, doctor: User, phrase: str) -> ConversationQuerySet:
    """Cases whose patient has the name or number, or in which all the words were said."""
    condition = Q(pk__in=[])
    names = patients_like(doctor, phrase, WordKind.NAME)
    if names is not None:
        condition |= names
    if phrase.isdecimal():
        condition |= Q(patient__record_number=int(phrase[:15]))
    tokens = query_tokens(phrase)
    if tokens:
        said = Q()
        for token in tokens:
            words = ConversationWord.objects.visible_to(doctor).filter(token=token)
            said &= Q(pk__in=words.values("conversation_id"))
        condition |= said
    return cases.filter(condition)


def _counts(doctor: User) -> dict[str, int]:
    """How many wait, in all and at each level, and how many the doctor has taken, in one statement."""
    unclaimed = Q(doctor__isnull=True)
    levels = {level.value: Count("pk", filter=unclaimed & Q(urgency=level)) for level in Urgency}
    # Cases from the previous system, which never said.
    levels["not_assessed"] = Count("pk", filter=unclaimed & Q(urgency__isnull=True))
    return (
        Conversation.objects.visible_to(doctor)
        .not_archived_by(doctor)
        .waiting()
        .aggregate(waiting=Count("pk", filter=unclaimed), mine=Count("pk", filter=Q(doctor=doctor)), **levels)
    )


@doctor_required
@require_GET
def news(request: HttpRequest) -> HttpResponse:
    """How many cases have come since the queue was shown, and of which level; the list itself does not move."""
    try:
        since = datetime.fromisoformat(request.GET.get("since", ""))
    except ValueError:
        raise BadRequest("The time of the list is missing.") from None
    if timezone.is_naive(since):
        raise BadRequest("The time of the list has no zone.")
    doctor = person(request)
    fresh = _cases(doctor, "waiting").filter(submitted_at__gt=since)
    counts = fresh.aggregate(all=Count("pk"), emergencies=Count("pk", filter=Q(urgency=Urgency.EMERGENCY)))
    return render(request, "conversations/_news.html", {"counts": counts, "since": since})


def _visible(request: HttpRequest, case_id: uuid.UUID) -> Conversation:
    cases = Conversation.objects.visible_to(person(request)).select_related("patient", "doctor")
    return get_object_or_404(cases, pk=case_id)


@doctor_required
@require_POST
def claim(request: HttpRequest, case_id: uuid.UUID) -> HttpResponse:
    """Take the case; when somebody was faster, the 409 page says who."""
    try:
        conversation = _visible(request, case_id)
    except Http404:
        refuse_if_taken(case_id)
        raise
    conversation.claim(by=person(request))
    messages.success(request, "This case is yours now.")
    return redirect("case", case_id=conversation.pk)


@doctor_required
@require_POST
def release(request: HttpRequest, case_id: uuid.UUID) -> HttpResponse:
    """Give the case back to the queue, with a reason."""
    conversation = _visible(request, case_id)
    form = ReleaseForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Say why you give the case back.")
        return redirect("case", case_id=conversation.pk)
    conversation.release(by=person(request), reason=form.cleaned_data["reason"])
    messages.success(request, "The case waits for a doctor again.")
    return redirect("conversations:queue")


@doctor_required
@require_POST
def close(request: HttpRequest, case_id: uuid.UUID) -> HttpResponse:
    """End the visit after the answer."""
    conversation = _visible(request, case_id)
    conversation.close(by=person(request))
    messages.success(request, "The visit is closed.")
    return redirect("case", case_id=conversation.pk)


@doctor_required
@require_POST
def put_away(request: HttpRequest, case_id: uuid.UUID) -> HttpResponse:
    """Archive an answered case for this doctor only."""
    conversation = _visible(request, case_id)
    conversation.archive(by=person(request))
    messages.success(request, "Put away. You find it under Archived.")
    return redirect("conversations:queue")


@doctor_required
@require_POST
def bring_back(request: HttpRequest, case_id: uuid.UUID) -> HttpResponse:
    """Bring an archived case back."""
    conversation = _visible(request, case_id)
    conversation.unarchive(by=person(request))
    messages.success(request, "Back among your cases.")
    return redirect("case", case_id=conversation.pk)
