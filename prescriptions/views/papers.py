"""Papers: prescriptions as signed PDFs, the summary of a visit, and all prescriptions of a day in one file."""

import uuid
from collections import defaultdict
from collections.abc import Callable
from datetime import date
from functools import partial

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.access import person, signed_in_required, staff_required
from accounts.models import Role, User
from accounts.signals import viewed
from conversations.models import Conversation, ConversationQuerySet, Status
from medichat.responses import LateResponse
from prescriptions import signals
from prescriptions.forms import DayForm
from prescriptions.models import Prescription, PrescriptionQuerySet
from prescriptions.pdf import PageSize
from prescriptions.sheets import sheet_of, signed_pdf
from prescriptions.visit_summary import print_visit
from records.people import patients_visible_to, why_seen

MOST_SHEETS = 100
"""Sheets in one file: more would take too long to make while somebody waits."""


@signed_in_required
@require_GET
def sheet(request: HttpRequest, case_id: uuid.UUID) -> HttpResponse:
    """What was prescribed with the answer, as a PDF; with ``renewal``, what continued it later."""
    return printed(request, case_id, reader=person(request))


def printed(request: HttpRequest, case_id: uuid.UUID, *, reader: User) -> HttpResponse:
    """The sheet of a case for this reader, for the page and the API; that it was taken is on record."""
    conversation = get_object_or_404(
        Conversation.objects.visible_to(reader).select_related("patient__medical_info"), pk=case_id
    )
    prescriptions = list(
        _on_one_sheet(request).visible_to(reader).filter(conversation=conversation).select_related("doctor", "sheet")
    )
    if not prescriptions:
        raise Http404
    document = sheet_of(conversation, prescriptions, paper=_paper(request))
    signals.downloaded.send(Prescription, conversation=conversation, prescriptions=prescriptions, by=reader)
    return _late(partial(signed_pdf, document), f"prescription-{document.number}")


@signed_in_required
@require_GET
def summary(request: HttpRequest, case_id: uuid.UUID) -> HttpResponse:
    """The summary of an answered visit, for the patient and those who may see the case; no private note is on it."""
    reader = person(request)
    answered = (Status.DOCTOR_RESPONDED, Status.CLOSED)
    conversations = Conversation.objects.visible_to(reader).filter(status__in=answered)
    conversation = get_object_or_404(conversations.select_related("patient__medical_info", "doctor"), pk=case_id)
    prescriptions = Prescription.objects.visible_to(reader).filter(conversation=conversation)
    viewed.send(
        Conversation,
        by=reader,
        patient_id=conversation.patient_id,
        resource_type="conversation",
        resource_id=conversation.pk,
        why=_why(reader, conversation.patient_id),
    )
    make = partial(print_visit, conversation, list(prescriptions.order_by("position", "id")))
    return _late(make, f"visit-{conversation.patient.record_number}-{conversation.visit_number}")


@staff_required
@require_GET
def of_day(request: HttpRequest) -> HttpResponse:
    """What was issued on a day, and the way to the file: a doctor's own, an administrator's whole clinic."""
    today = timezone.localdate()
    form = DayForm(request.GET if "on" in request.GET else {"on": today.isoformat()})
    day = form.cleaned_data["on"] if form.is_valid() else today
    cases = _cases_of(person(request), day).count()
    context = {
        "form": form,
        "day": day,
        "cases": cases,
        "parts": list(range(1, -(-cases // MOST_SHEETS) + 1)),
        "is_whole_clinic": person(request).role == Role.ADMIN,
    }
    return render(request, "prescriptions/day.html", context, status=200 if form.is_valid() else 422)


@staff_required
@require_GET
def of_day_file(request: HttpRequest) -> HttpResponse:
    """The sheets of a day in one signed file, by the patients' names; each is on record as downloaded."""
    reader, form = person(request), DayForm(request.GET)
    part = request.GET.get("part", "1")
    if not form.is_valid() or not part.isdecimal() or not 1 <= int(part) <= MOST_SHEETS:
        raise Http404
    day = form.cleaned_data["on"]
    begin = (int(part) - 1) * MOST_SHEETS
    cases = _cases_of(reader, day).select_related("patient__medical_info")
    cases = cases.order_by("patient__last_name", "patient__first_name", "pk")[begin : begin + MOST_SHEETS]
    issued: dict[uuid.UUID, dict[str, list[Prescription]]] = defaultdict(lambda: defaultdict(list))
    rows = _issued_on(reader, day).filter(conversation__in=[case.pk for case in cases])
    for item in rows.select_related("doctor", "sheet").order_by("issued_at", "position", "id"):
        issued[item.conversation_id][item.sheet.code_hash if item.sheet else ""].append(item)
    documents = []
    for case in cases:
        for prescriptions in issued[case.pk].values():
            documents.append(sheet_of(case, prescriptions, paper=_paper(request)))
            signals.downloaded.send(Prescription, conversation=case, prescriptions=prescriptions, by=reader)
    if not documents:
        raise Http404
    return _late(partial(signed_pdf, *documents), f"prescriptions-{day:%Y-%m-%d}-{part}")


def _issued_on(reader: User, day: date) -> PrescriptionQuerySet:
    """What this doctor issued on the day; for an administrator, what the clinic did."""
    issued = Prescription.objects.visible_to(reader).filter(issued_on=day)
    return issued if reader.role == Role.ADMIN else issued.filter(doctor=reader)


def _cases_of(reader: User, day: date) -> ConversationQuerySet:
    """The cases with something issued on the day."""
    cases = _issued_on(reader, day).values("conversation_id")
    return Conversation.objects.visible_to(reader).filter(pk__in=cases).order_by()


def _on_one_sheet(request: HttpRequest) -> PrescriptionQuerySet:
    """Those of the answer, or the one renewal that was asked for."""
    renewal = request.GET.get("renewal")
    if renewal is None:
        return Prescription.objects.filter(renews=None)
    try:
        return Prescription.objects.filter(pk=uuid.UUID(renewal), renews__isnull=False)
    except ValueError:
        raise Http404 from None


def _paper(request: HttpRequest) -> PageSize:
    return "Letter" if request.GET.get("paper") == "Letter" else "A4"


def _why(reader: User, patient_id: uuid.UUID) -> str:
    """Why this person reads it, as the record calls it."""
    if reader.pk == patient_id:
        return "own"
    if reader.role == Role.ADMIN:
        return "administration"
    return why_seen(get_object_or_404(patients_visible_to(reader), pk=patient_id))


def _late(make: Callable[[], bytes], name: str) -> HttpResponse:
    """A PDF that is made when the transaction is over: it takes a while and needs no database."""
    return LateResponse(
        make,
        content_type="application/pdf",
        headers={
            "Content-Disposition": f'inline; filename="{name}.pdf"',
            "Cache-Control": "private, no-store",
        },
    )
