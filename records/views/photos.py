"""The photo of a patient, for the doctors who may see the chart: to know who is meant."""

import uuid
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from accounts import photos
from accounts.access import doctor_required, person
from accounts.models import User
from accounts.signals import viewed
from records.people import patients_visible_to, why_seen


@require_safe
@doctor_required
def photo(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    """The picture itself; nothing where there is none."""
    reader = person(request)
    patient = get_object_or_404(patients_visible_to(reader), pk=patient_id)
    response = photos.shown(patient)
    if response is None:
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    viewed.send(
        User, by=reader, patient_id=patient.pk, resource_type="photo", resource_id=patient.pk, why=why_seen(patient)
    )
    return response
