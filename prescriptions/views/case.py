"""The case page with the doctor's answer and the prescriptions, checked while they are typed."""

import uuid
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import doctor_required, person
from accounts.models import User
from accounts.signals import viewed
from conversations.forms import ReleaseForm
from conversations.models import Conversation
from conversations.models.conversation import refuse_if_taken
from conversations.models.drafts import keep_draft
from prescriptions.answering import Draft
from prescriptions.case_file import CaseFile, case_file
from prescriptions.check import chart_from, chart_of
from prescriptions.issue import UnsettledAlertsError
from prescriptions.pregnancy import pregnancy_of
from prescriptions.respond import UnseenWordsError, respond
from prescriptions.safety import Chart
from records.people import banner_of


@doctor_required
@require_http_methods(["GET", "POST"])
def case(request: HttpRequest, case_id: uuid.UUID) -> HttpResponse:
    """Show the case. A POST adds or removes a prescription row, shows a preview, or sends the answer."""
    try:
        file = case_file(case_id, by=person(request), all_messages=request.GET.get("messages") == "all")
    except Http404:
        if request.method == "POST":
            refuse_if_taken(case_id)
        raise
    if request.method == "GET":
        return _opened(request, file)
    _keep(request, file)
    match request.POST.get("step", "send").split("-"):
        case ["add"]:
            return _page(request, file, Draft.retyped(request.POST, add=True))
        case ["remove", row] if row.isdecimal():
            return _page(request, file, Draft.retyped(request.POST, without=int(row)))
        case ["preview"]:
            return _preview(request, file)
        case ["send"]:
            return _send(request, file)
    raise BadRequest("There is no such step.")


def _opened(request: HttpRequest, file: CaseFile) -> HttpResponse:
    """The page with what the doctor had begun to write, if they may still answer."""
    kept = file.draft if file.may_answer(person(request)) else None
    if kept is None:
        return _page(request, file, Draft.empty())
    fields = kept.fields
    # They see the whole case now, but wrote before: sending still says what came in between.
    return _page(request, file, Draft.retyped(fields), kept=kept, seen=fields.get("seen_token") or file.seen)


def _keep(request: HttpRequest, file: CaseFile) -> None:
    """Each step of the form keeps it on the server: the session may end while the doctor reads the preview."""
    if file.may_answer(person(request)):
        try:
            keep_draft(file.conversation, request.POST, person=person(request))
        except ValueError:
            raise BadRequest("The form is longer than any form.") from None


def _preview(request: HttpRequest, file: CaseFile) -> HttpResponse:
    draft = Draft.submitted(request.POST)
    if not draft.is_valid():
        return _page(request, file, draft, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    draft.check(_chart(file, person(request)))
    preview = {"answer": draft.answer.answer(), "proposals": list(draft.proposals().values())}
    return _page(request, file, draft, preview=preview)


def _send(request: HttpRequest, file: CaseFile) -> HttpResponse:
    draft = Draft.submitted(request.POST)
    if not draft.is_valid():
        return _page(request, file, draft, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    draft.check(_chart(file, person(request)))
    if draft.unsettled():
        return _page(request, file, draft, status=HTTPStatus.UNPROCESSABLE_ENTITY, unsettled=True)
    try:
        respond(
            file.conversation,
            draft.answer.answer(),
            list(draft.proposals().values()),
            by=person(request),
            seen=request.POST.get("seen_token", ""),
        )
    except UnseenWordsError:
        file = case_file(file.conversation.pk, by=person(request))
        return _page(request, file, draft, status=HTTPStatus.CONFLICT, unseen=True, seen=file.seen)
    except UnsettledAlertsError:
        # The chart changed between the two looks at it; the page shows what it says now.
        draft.check(chart_of(file.patient, by=person(request)))
        return _page(request, file, draft, status=HTTPStatus.UNPROCESSABLE_ENTITY, unsettled=True)
    messages.success(request, f"Sent to {file.patient}.")
    return redirect("case", case_id=file.conversation.pk)


def _chart(file: CaseFile, doctor: User) -> Chart:
    return chart_from(
        file.patient,
        info=file.info,
        allergies=file.allergies,
        medications=file.medications,
        prescribed=[*file.prescriptions, *file.earlier_prescriptions],
        pregnancy=pregnancy_of(file.patient, by=doctor),
    )


def _page(
    request: HttpRequest, file: CaseFile, draft: Draft, *, status: int = HTTPStatus.OK, **more: Any
) -> HttpResponse:
    doctor = person(request)
    viewed.send(
        Conversation,
        by=doctor,
        patient_id=file.patient.pk,
        resource_type="conversation",
        resource_id=file.conversation.pk,
        why=file.why,
    )
    context = {
        "file": file,
        "case": file.conversation,
        "draft": draft,
        "rows": draft.rows(),
        "may_answer": file.may_answer(doctor),
        "is_mine": file.conversation.doctor_id == doctor.pk,
        "release_form": ReleaseForm(),
        "emergency": file.emergency,
        # What the doctor had before their eyes when they began to write, until they are told of something new.
        "seen": request.POST.get("seen_token") or file.seen,
        "banner": banner_of(
            file.patient,
            info=file.info,
            allergies=file.allergies,
            chart_url=reverse("records:chart", args=[file.patient.pk]),
        ),
        **more,
    }
    return render(request, "prescriptions/case.html", context, status=status)


@doctor_required
@require_POST
def check(request: HttpRequest, case_id: uuid.UUID, row: int) -> HttpResponse:
    """The alerts for one row while it is typed; nothing is stored."""
    doctor = person(request)
    conversation = get_object_or_404(Conversation.objects.visible_to(doctor).select_related("patient"), pk=case_id)
    draft = Draft.submitted(request.POST)
    draft.check(chart_of(conversation.patient, by=doctor))
    rows = draft.rows()
    if row >= len(rows):
        raise BadRequest("There is no such row.")
    return render(request, "prescriptions/_alerts.html", {"row": rows[row], "number": row})
