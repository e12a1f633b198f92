"""A patient's prescriptions, and asking for more of one."""

import uuid
from http import HTTPStatus

from django.contrib import messages
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import patient_required, person
from accounts.models import User
from accounts.signals import viewed
from medichat.paging import page_of
from prescriptions.forms import RefillForm
from prescriptions.models import Prescription, PrescriptionQuerySet, RefillRequest


@patient_required
@require_GET
def mine(request: HttpRequest) -> HttpResponse:
    """The patient's own prescriptions, latest first; imported ones of unknown date after the others by date."""
    patient = person(request)
    prescriptions = own_prescriptions(patient).with_sort_time().select_related("doctor")
    page = page_of(request, prescriptions, "-sort_time", "-id")
    viewed.send(
        Prescription, by=patient, patient_id=patient.pk, resource_type="prescription", resource_id=None, why="own"
    )
    return render(request, "prescriptions/mine.html", {"page": page})


@patient_required
@require_http_methods(["GET", "POST"])
def ask_for_refill(request: HttpRequest, prescription_id: uuid.UUID) -> HttpResponse:
    """Ask for more of a medicine; a doctor decides."""
    patient = person(request)
    prescription = get_object_or_404(own_prescriptions(patient).select_related("doctor"), pk=prescription_id)
    form = RefillForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        RefillRequest.ask(prescription, by=patient, message=form.cleaned_data["message"])
        messages.success(request, f"You have asked for more {prescription.medication_name}. You will be told.")
        return redirect("prescriptions:mine")
    viewed.send(
        Prescription,
        by=patient,
        patient_id=patient.pk,
        resource_type="prescription",
        resource_id=prescription.pk,
        why="own",
    )
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "prescriptions/ask_refill.html", {"item": prescription, "form": form}, status=status)


@patient_required
@require_POST
def withdraw_refill(request: HttpRequest, request_id: uuid.UUID) -> HttpResponse:
    """Take a request back that nobody has decided."""
    patient = person(request)
    asked = get_object_or_404(RefillRequest.objects.visible_to(patient).select_related("prescription"), pk=request_id)
    asked.withdraw(by=patient)
    messages.success(request, f"Your request for more {asked.prescription.medication_name} is taken back.")
    return redirect("prescriptions:mine")


def own_prescriptions(patient: User) -> PrescriptionQuerySet:
    """The patient's prescriptions with what has been asked about them, latest first, and what continues them."""
    requests = RefillRequest.objects.visible_to(patient).select_related("decided_by").order_by("-created_at", "-id")
    return (
        Prescription.objects.visible_to(patient)
        .filter(patient=patient)
        .prefetch_related(
            Prefetch("refill_requests", queryset=requests),
            Prefetch("renewals", queryset=Prescription.objects.visible_to(patient)),
        )
    )
