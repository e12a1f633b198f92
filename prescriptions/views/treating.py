"""What doctors do with prescriptions that were written: cancel, note that one was dispensed, decide about refills."""

import uuid
from http import HTTPStatus

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from accounts.access import doctor_required, person
from accounts.signals import list_viewed, viewed
from medichat.paging import page_of
from prescriptions.answering import Row
from prescriptions.check import chart_of, check_items
from prescriptions.forms import CancelForm, DecisionForm, FillForm, PrescriptionForm
from prescriptions.issue import UnsettledAlertsError
from prescriptions.models import Prescription, PrescriptionFill, RefillRequest
from prescriptions.renew import renew
from prescriptions.safety import Alert, ProposedItem
from records.models import Allergy, MedicalInfo
from records.models.emergency import access_in_force
from records.people import banner_of, patients_visible_to, why_seen


def _prescription(request: HttpRequest, prescription_id: uuid.UUID) -> Prescription:
    """The prescription of a patient whom the doctor may see, else 404; the look at it goes on record."""
    doctor = person(request)
    prescriptions = Prescription.objects.visible_to(doctor).select_related("patient", "conversation")
    prescription = get_object_or_404(prescriptions, pk=prescription_id)
    _tell_viewed(request, prescription)
    return prescription


def _tell_viewed(request: HttpRequest, prescription: Prescription) -> str:
    """Put on record why this doctor looks at it; returns that."""
    doctor = person(request)
    why = why_seen(get_object_or_404(patients_visible_to(doctor), pk=prescription.patient_id))
    viewed.send(
        Prescription,
        by=doctor,
        patient_id=prescription.patient_id,
        resource_type="prescription",
        resource_id=prescription.pk,
        why=why,
    )
    return why


def _status(request: HttpRequest) -> int:
    return HTTPStatus.UNPROCESSABLE_ENTITY if request.method == "POST" else HTTPStatus.OK


@doctor_required
@require_http_methods(["GET", "POST"])
def cancel(request: HttpRequest, prescription_id: uuid.UUID) -> HttpResponse:
    """Withdraw a prescription with a reason; only doctors who care for the patient can."""
    prescription = _prescription(request, prescription_id)
    form = CancelForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        prescription.cancel(by=person(request), reason=form.cleaned_data["reason"], notice=form.cleaned_data["notice"])
        messages.success(request, f"{prescription.medication_name} is cancelled. The patient is told.")
        return redirect("case", case_id=prescription.conversation_id)
    context = {"prescription": prescription, "form": form}
    return render(request, "prescriptions/cancel.html", context, status=_status(request))


@doctor_required
@require_http_methods(["GET", "POST"])
def fill(request: HttpRequest, prescription_id: uuid.UUID) -> HttpResponse:
    """Write down that a pharmacy has dispensed it."""
    prescription = _prescription(request, prescription_id)
    form = FillForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            PrescriptionFill.record(
                prescription, by=person(request), on=form.cleaned_data["on"], pharmacy=form.cleaned_data["pharmacy"]
            )
        except ValueError as refusal:
            form.add_error("on", str(refusal))
        else:
            messages.success(request, f"Noted: {prescription.medication_name} was dispensed.")
            return redirect("case", case_id=prescription.conversation_id)
    fills = PrescriptionFill.objects.visible_to(person(request)).filter(prescription=prescription)
    context = {"prescription": prescription, "form": form, "fills": fills.select_related("recorded_by")[:100]}
    return render(request, "prescriptions/fill.html", context, status=_status(request))


@doctor_required
@require_GET
def refills(request: HttpRequest) -> HttpResponse:
    """Requests of the doctor's patients that nobody has decided, the longest waiting first."""
    doctor = person(request)
    waiting = RefillRequest.objects.visible_to(doctor).waiting()
    mine_only = request.GET.get("show") != "all"
    if mine_only:
        waiting = waiting.filter(prescription__doctor=doctor)
    page = page_of(request, waiting.select_related("prescription__doctor", "patient"), "created_at", "id")
    ids = [asked.patient_id for asked in page.rows]
    list_viewed.send(RefillRequest, by=doctor, patient_ids=ids, resource_type="refill_requests", why="care")
    return render(request, "prescriptions/refills.html", {"page": page, "mine_only": mine_only})


@doctor_required
@require_http_methods(["GET", "POST"])
def decide_refill(request: HttpRequest, request_id: uuid.UUID) -> HttpResponse:
    """Look at one request beside the chart; check, approve (prescribe once more) or decline it with a reason."""
    doctor = person(request)
    asked = get_object_or_404(
        RefillRequest.objects.visible_to(doctor).select_related("prescription__doctor", "patient", "decided_by"),
        pk=request_id,
    )
    if request.method == "GET":
        return _decision_page(request, asked, PrescriptionForm.renewing(asked.prescription), DecisionForm())
    form = PrescriptionForm.renewing(asked.prescription, request.POST)
    decision = DecisionForm(request.POST)
    match request.POST.get("step", "check"):
        case "check":
            return _decision_page(request, asked, form, decision)
        case "approve" if form.is_valid() and decision.is_valid():
            return _approve(request, asked, form, decision)
        case "decline" if decision.is_valid():
            if not decision.cleaned_data["answer"].strip():
                decision.add_error("answer", "Say why, so that the patient knows what to do.")
                return _decision_page(request, asked, form, decision, status=HTTPStatus.UNPROCESSABLE_ENTITY)
            asked.decline(by=doctor, answer=decision.cleaned_data["answer"])
            messages.success(request, "Declined. The patient is told.")
            return redirect("prescriptions:refills")
        case "approve" | "decline":
            return _decision_page(request, asked, form, decision, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    raise BadRequest("There is no such step.")


def _approve(
    request: HttpRequest, asked: RefillRequest, form: PrescriptionForm, decision: DecisionForm
) -> HttpResponse:
    proposal = form.proposal()
    if proposal is None:
        raise BadRequest("The form is damaged.")
    try:
        renew(asked, proposal, by=person(request), answer=decision.cleaned_data["answer"])
    except UnsettledAlertsError:
        return _decision_page(request, asked, form, decision, unsettled=True, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    messages.success(request, f"{proposal.medication_name} is prescribed again. The patient is told.")
    return redirect("prescriptions:refills")


def _decision_page(
    request: HttpRequest,
    asked: RefillRequest,
    form: PrescriptionForm,
    decision: DecisionForm,
    *,
    unsettled: bool = False,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    doctor, patient = person(request), asked.patient
    why = _tell_viewed(request, asked.prescription)
    allergies = Allergy.objects.visible_to(doctor).of_patient(patient).standing()
    context = {
        "asked": asked,
        "prescription": asked.prescription,
        "row": Row(form, _alerts(request, asked, form)),
        "decision": decision,
        "unsettled": unsettled,
        "emergency": access_in_force(doctor, patient.pk) if why == "break_glass" else None,
        "banner": banner_of(
            patient,
            info=MedicalInfo.objects.visible_to(doctor).filter(patient=patient).first(),
            allergies=allergies,
            chart_url=reverse("records:chart", args=[patient.pk]),
        ),
    }
    return render(request, "prescriptions/decide_refill.html", context, status=status)


def _alerts(request: HttpRequest, asked: RefillRequest, form: PrescriptionForm) -> list[Alert]:
    """What speaks against it today, as it is typed."""
    if asked.status != RefillRequest.Status.WAITING:
        return []
    typed = {name: str(form[name].value() or "") for name in ("medication_name", "dose", "route", "frequency")}
    item = ProposedItem(
        medication=typed["medication_name"], dose=typed["dose"], route=typed["route"], frequency=typed["frequency"]
    )
    return check_items([item], chart_of(asked.patient, by=person(request), renewing=asked.prescription))
