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
from medichat.client_address import client_address
from records.access import OpenChart, chart_required
from records.forms.emergency import EmergencyAccessForm
from records.models import EmergencyReason
from records.opening import NobodyKnown, TooManyNames, end_access, open_in_emergency


@never_cache
@doctor_required
@require_http_methods(["GET", "POST"])
def open_chart(request: HttpRequest) -> HttpResponse:
    """Ask whom it is about and why; then open the chart for a while (see ``open_in_emergency``)."""
    doctor = person(request)
    if request.method == "GET":
        return _page(request, EmergencyAccessForm(initial={"record_number": request.GET.get("number", "")[:15]}))
    form = EmergencyAccessForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    number, born = form.named()
    try:
        opened = open_in_emergency(
            doctor,
            number=number,
            born=born,
            kind_of_reason=EmergencyReason(form.cleaned_data["kind_of_reason"]),
            reason=form.cleaned_data["reason"],
            address=client_address(request),
        )
    except TooManyNames as fault:
        form.add_error(None, str(fault))
        response = _page(request, form, status=429)
        response["Retry-After"] = str(math.ceil(fault.attempt.wait.total_seconds()))
        return response
    except NobodyKnown as fault:
        form.add_error(None, str(fault))
        return _page(request, form, status=422)
    if opened.access is None:
        messages.info(request, "You care for this patient: the chart is open to you anyway.")
    return redirect("records:chart", patient_id=opened.patient_id)


def _page(request: HttpRequest, form: EmergencyAccessForm, *, status: int = 200) -> HttpResponse:
    context = {"form": form, "minutes": settings.BREAK_GLASS_MINUTES}
    return render(request, "records/emergency_access.html", context, status=status)


@require_POST
@chart_required
def end(request: HttpRequest, chart: OpenChart) -> HttpResponse:
    """The doctor needs the chart no more: every emergency access to it ends now."""
    doctor: User = chart.by
    ended = end_access(doctor, chart.patient.pk)
    if chart.why == "care":
        return redirect("records:chart", patient_id=chart.patient.pk)
    if ended:
        messages.success(request, "The emergency access is ended. Thank you.")
    return redirect("conversations:queue")
