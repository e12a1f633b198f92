"""Breaking the glass: a doctor opens a chart without a relation to the patient, and ends that again."""

import math

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import doctor_required, person
from accounts.models import User
from accounts.throttle import EMERGENCY_ACCESS, begin, not_count
from medichat.client_address import client_address
from records import signals
from records.access import OpenChart, chart_required
from records.forms.emergency import EmergencyAccessForm
from records.models import EmergencyAccess, EmergencyReason
from records.models.emergency import break_glass, patient_in_emergency
from records.people import patients_visible_to, why_seen

NOBODY = "There is no patient with this record number and this date of birth. Compare both with the patient’s papers."


@never_cache
@doctor_required
@require_http_methods(["GET", "POST"])
def open_chart(request: HttpRequest) -> HttpResponse:
    """Ask whom it is about and why; then open the chart for a while.

    Nobody learns here whether somebody is a patient: both facts must be exact, whatever is wrong with them is answered
    alike, every attempt is counted for the doctor, and each is on record.
    """
    doctor = person(request)
    if request.method == "GET":
        return _page(request, EmergencyAccessForm(initial={"record_number": request.GET.get("number", "")[:15]}))
    form = EmergencyAccessForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    attempt = begin(EMERGENCY_ACCESS, account=str(doctor.pk), address=client_address(request))
    if attempt.wait:
        form.add_error(None, f"Too many attempts that fitted nobody. Please wait {attempt.wait_in_words}.")
        response = _page(request, form, status=429)
        response["Retry-After"] = str(math.ceil(attempt.wait.total_seconds()))
        return response
    patient_id = patient_in_emergency(*form.named())
    if patient_id is None:
        signals.emergency_access_refused.send(EmergencyAccess, by=doctor)
        form.add_error(None, NOBODY)
        return _page(request, form, status=422)
    not_count(attempt)
    seen = patients_visible_to(doctor).filter(pk=patient_id).first()
    if seen is not None and why_seen(seen) == "care":
        messages.info(request, "You care for this patient: the chart is open to you anyway.")
        return redirect("records:chart", patient_id=patient_id)
    break_glass(
        patient_id=patient_id,
        doctor=doctor,
        kind_of_reason=EmergencyReason(form.cleaned_data["kind_of_reason"]),
        reason=form.cleaned_data["reason"],
    )
    return redirect("records:chart", patient_id=patient_id)


def _page(request: HttpRequest, form: EmergencyAccessForm, *, status: int = 200) -> HttpResponse:
    context = {"form": form, "minutes": settings.BREAK_GLASS_MINUTES}
    return render(request, "records/emergency_access.html", context, status=status)


@require_POST
@chart_required
def end(request: HttpRequest, chart: OpenChart) -> HttpResponse:
    """The doctor needs the chart no more: every emergency access to it ends now."""
    doctor: User = chart.by
    accesses = EmergencyAccess.objects.of_doctor(doctor).in_force().filter(patient_id=chart.patient.pk)
    ended = [access for access in list(accesses) if access.end_early(by=doctor)]
    if chart.why == "care":
        return redirect("records:chart", patient_id=chart.patient.pk)
    if ended:
        messages.success(request, "The emergency access is ended. Thank you.")
    return redirect("conversations:queue")
