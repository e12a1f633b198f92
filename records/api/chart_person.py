"""What the chart knows of the person, and whom to call."""

import uuid
from typing import Any, Literal, TypedDict

from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import Http404, HttpResponseBase
from django.shortcuts import get_object_or_404
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from accounts import photos
from accounts.api.bodies import DoneBody, done
from accounts.models import User
from accounts.signals import viewed
from medichat.api import versions
from medichat.api.declaring import Answer, Created, refuses, sends_file, sends_header, takes
from medichat.api.versions import require_version
from records.api import chart_bodies as bodies
from records.api import chart_sent as sent_forms
from records.api.chart import ChartView, changes_what_exists
from records.api.chart_bodies import AboutBody, VersionedContactBody
from records.api.chart_sent import ABOUT, CONTACT, SERVICES, AboutSent, ChartContactSent
from records.forms import AboutForm, ContactForm, ServicesForm
from records.models import EmergencyContact, MedicalInfo


class AboutPersonBody(TypedDict):
    """Body, habits and services."""

    status: Literal["success"]
    about: AboutBody


class OneContactBody(TypedDict):
    """Somebody to call."""

    status: Literal["success"]
    contact: VersionedContactBody


class AboutView(ChartView):
    """Body, habits, family doctor, pharmacy and insurance."""

    @sends_header("ETag", "The version.")
    def get(self, request: Request, patient_id: uuid.UUID | None = None) -> Answer[AboutPersonBody]:
        """With its version."""
        chart = self.opened(patient_id)
        chart.tell_viewed()
        return _about(self.about(chart))

    @changes_what_exists
    @sends_header("ETag", "The new version.")
    @takes(AboutSent)
    def patch(self, request: Request, patient_id: uuid.UUID | None = None) -> Answer[AboutPersonBody]:
        """Change what is sent; null clears, everything else stays."""
        chart = self.opened(patient_id)
        info = MedicalInfo.locked(chart.patient)
        require_version(request, bodies.about(info)["etag"])
        sent = self.sent(AboutSent)
        faults: dict[str, Any] = {}
        for form_class, names in ((AboutForm, ABOUT), (ServicesForm, SERVICES)):
            faults |= _change(form_class, info, sent, names, by=chart.by)
        if faults:
            raise ValidationError(faults)
        return _about(self.about(chart))


class PhotoOfPatientView(ChartView):
    """The photo of a patient: to know who is meant."""

    @sends_file("image/jpeg", "The photo.")
    @refuses(404, "There is no photo.")
    def get(self, request: Request, patient_id: uuid.UUID | None = None) -> HttpResponseBase:
        """404 where there is none."""
        chart = self.opened(patient_id)
        response = photos.shown(chart.patient)
        if response is None:
            raise Http404
        key = chart.patient.pk
        viewed.send(User, by=chart.by, patient_id=key, resource_type="photo", resource_id=key, why=chart.why)
        return response


class ContactsView(ChartView):
    """Whom to call in an emergency."""

    @takes(ChartContactSent)
    def post(self, request: Request, patient_id: uuid.UUID | None = None) -> Created[OneContactBody]:
        """Somebody else."""
        chart = self.opened(patient_id)
        row = EmergencyContact(patient=chart.patient)
        if faults := _fill_in(row, self.sent(ChartContactSent))[1]:
            raise ValidationError(faults)
        row.record(by=chart.by)
        return Created(OneContactBody(status="success", contact=bodies.contact(row)))


class ContactView(ChartView):
    """Somebody to call."""

    @changes_what_exists
    @takes(ChartContactSent)
    def patch(
        self, request: Request, contact_id: uuid.UUID, patient_id: uuid.UUID | None = None
    ) -> Answer[OneContactBody]:
        """Another number, or another name; what is not sent stays."""
        chart = self.opened(patient_id)
        row: EmergencyContact = get_object_or_404(self.contacts(chart).select_for_update(), pk=contact_id)
        require_version(request, bodies.contact(row)["etag"])
        changed, faults = _fill_in(row, self.sent(ChartContactSent))
        if faults:
            raise ValidationError(faults)
        if changed:
            row.save_changes(by=chart.by, fields=changed)
        return Answer(OneContactBody(status="success", contact=bodies.contact(row)))

    @changes_what_exists
    def delete(self, request: Request, contact_id: uuid.UUID, patient_id: uuid.UUID | None = None) -> Answer[DoneBody]:
        """Not to be called any more."""
        chart = self.opened(patient_id)
        row: EmergencyContact = get_object_or_404(self.contacts(chart).select_for_update(), pk=contact_id)
        require_version(request, bodies.contact(row)["etag"])
        row.remove(by=chart.by)
        return Answer(done("The emergency contact was removed."))


def _about(info: MedicalInfo | None) -> Answer[AboutPersonBody]:
    body = bodies.about(info)
    return Answer(AboutPersonBody(status="success", about=body), headers={"ETag": versions.etag(body["etag"])})


def _change(form_class: Any, info: MedicalInfo, sent: dict[str, Any], names: dict[str, str], *, by: Any) -> Any:
    """Store what was sent of this form's fields; returns what is wrong with it."""
    said = sent_forms.typed(sent, names)
    if not said:
        return {}
    form = form_class(said, instance=info)
    for name in list(form.fields):
        if name not in said:
            del form.fields[name]
    if not form.is_valid():
        return sent_forms.renamed(form.errors, names)
    if columns := form.changed_columns():
        try:
            info.save_changes(by=by, fields=columns)
        except DjangoValidationError as refused:
            return sent_forms.renamed(refused.message_dict, names)
    return {}


def _fill_in(row: EmergencyContact, sent: dict[str, Any]) -> tuple[list[str], dict[str, list[str]]]:
    """Fill the form in with what is known and what was sent; the fields that changed, and what is wrong."""
    known = {field: getattr(row, field) or "" for field in CONTACT.values()}
    form = ContactForm(known | sent_forms.typed(sent, CONTACT), instance=row)
    faults = {} if form.is_valid() else sent_forms.renamed(form.errors, CONTACT)
    return list(form.changed_data), faults
