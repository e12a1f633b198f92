"""Changing what the chart knows of the person, and the emergency contacts."""

import uuid
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods, require_POST

from records.access import OpenChart, chart_required
from records.forms import AboutForm, ContactForm, ServicesForm
from records.models import EmergencyContact, MedicalInfo
from records.views.pages import OpenForm, show

PARTS = {
    "about": (AboutForm, "Body and habits"),
    "services": (ServicesForm, "Family doctor, pharmacy and insurance"),
}


@require_http_methods(["GET", "HEAD", "POST"])
@chart_required
def edit_person(request: HttpRequest, chart: OpenChart, part: str) -> HttpResponse:
    """Change one part of the medical information; only what was changed is written."""
    if part not in PARTS:
        raise Http404
    form_class, title = PARTS[part]
    sent = request.method == "POST"
    if sent:
        info = MedicalInfo.locked(chart.patient)
    else:
        known = MedicalInfo.objects.visible_to(chart.by).filter(patient=chart.patient).first()
        info = known or MedicalInfo(patient=chart.patient)
    form = form_class(request.POST if sent else None, instance=info)
    if sent and form.is_valid():
        try:
            if columns := form.changed_columns():
                info.save_changes(by=chart.by, fields=columns)
        except ValidationError as refusal:
            form.add_error(None, refusal)
        else:
            return _back(request, chart, part, "Saved.")
    return _show(request, chart, part, title, form, action=chart.url("edit_person", part=part), button="Save")


@require_http_methods(["GET", "HEAD", "POST"])
@chart_required
def add_contact(request: HttpRequest, chart: OpenChart) -> HttpResponse:
    """Somebody else to call."""
    sent = request.method == "POST"
    form = ContactForm(request.POST if sent else None, instance=EmergencyContact(patient=chart.patient))
    if sent and form.is_valid():
        form.instance.record(by=chart.by)
        return _back(request, chart, "contacts", "The emergency contact was added.")
    title = "Add an emergency contact"
    return _show(request, chart, "contacts", title, form, action=chart.url("add_contact"), button="Add this contact")


@require_http_methods(["GET", "HEAD", "POST"])
@chart_required
def edit_contact(request: HttpRequest, chart: OpenChart, contact_id: uuid.UUID) -> HttpResponse:
    """The contact has another number, or another name."""
    contact = _contact(chart, contact_id)
    sent = request.method == "POST"
    form = ContactForm(request.POST if sent else None, instance=contact)
    if sent and form.is_valid():
        if columns := form.changed_columns():
            contact.save_changes(by=chart.by, fields=columns)
        return _back(request, chart, "contacts", "The emergency contact was saved.")
    action = chart.url("edit_contact", contact_id=contact_id)
    return _show(
        request, chart, "contacts", "Change an emergency contact", form, action=action, button="Save", row=contact
    )


@require_POST
@chart_required
def remove_contact(request: HttpRequest, chart: OpenChart, contact_id: uuid.UUID) -> HttpResponse:
    """Not to be called any more."""
    _contact(chart, contact_id).remove(by=chart.by)
    return _back(request, chart, "contacts", "The emergency contact was removed.")


def _contact(chart: OpenChart, contact_id: uuid.UUID) -> EmergencyContact:
    contacts = EmergencyContact.objects.visible_to(chart.by).filter(patient=chart.patient)
    contact: EmergencyContact = get_object_or_404(contacts, pk=contact_id)
    return contact


def _show(
    request: HttpRequest,
    chart: OpenChart,
    place: str,
    title: str,
    form: Any,
    *,
    action: str,
    button: str,
    row: EmergencyContact | None = None,
) -> HttpResponse:
    open_form = OpenForm(tab="person", place=place, title=title, form=form, action=action, button=button, row=row)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if request.method == "POST" else HTTPStatus.OK
    return show(request, chart, open_form=open_form, status=status)


def _back(request: HttpRequest, chart: OpenChart, place: str, said: str) -> HttpResponse:
    messages.success(request, said)
    return redirect(chart.url() + (f"#{place}" if chart.is_own else f"?tab=person#{place}"))
