"""Breaking the glass through the API: a doctor opens a chart without a relation to the patient, and ends that again."""

import math
import uuid
from http import HTTPStatus
from typing import Any, Literal, TypedDict

from django.http import Http404, JsonResponse
from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from accounts.api.bodies import DoneBody, done
from accounts.api.people import DoctorView
from medichat.api.declaring import Answer, Created, refuses, takes
from medichat.api.errors import refusal
from medichat.api.shapes import Id, Timestamp
from medichat.api.values import DayField, timestamp_or_none
from medichat.client_address import client_address
from records.api.chart_sent import renamed
from records.forms.emergency import EmergencyAccessForm
from records.models import EmergencyReason
from records.opening import NobodyKnown, TooManyNames, end_access, open_in_emergency
from records.people import patients_visible_to

NAMES = {
    "recordNumber": "record_number", "dateOfBirth": "date_of_birth", "kindOfReason": "kind_of_reason",
    "reason": "reason",
}  # fmt: skip


class EmergencySent(serializers.Serializer[Any]):
    """Whom it is about, exactly, and why."""

    recordNumber = serializers.IntegerField(min_value=1, max_value=999_999_999_999_999)
    dateOfBirth = DayField()
    kindOfReason = serializers.ChoiceField(EmergencyReason.choices)
    reason = serializers.CharField(max_length=500)


class OpenedBody(TypedDict):
    """The chart is open. ``until`` is null where the doctor cares for the patient anyway."""

    status: Literal["success"]
    message: str
    patientId: Id
    until: Timestamp | None


class EmergencyView(DoctorView):
    """Open a chart in an emergency."""

    @takes(EmergencySent)
    @refuses(422, "No patient has this record number and this date of birth.")
    def post(self, request: Request) -> Created[OpenedBody] | JsonResponse:
        """For a while; the patient and the administrators are told."""
        sent = self.sent(EmergencySent)
        form = EmergencyAccessForm({field: str(sent[name]) for name, field in NAMES.items()})
        if not form.is_valid():
            raise ValidationError(renamed(form.errors, NAMES))
        number, born = form.named()
        try:
            opened = open_in_emergency(
                self.person,
                number=number,
                born=born,
                kind_of_reason=EmergencyReason(form.cleaned_data["kind_of_reason"]),
                reason=form.cleaned_data["reason"],
                address=client_address(request._request),
            )
        except TooManyNames as fault:
            seconds = math.ceil(fault.attempt.wait.total_seconds())
            return refusal(request, HTTPStatus.TOO_MANY_REQUESTS, str(fault), headers={"Retry-After": str(seconds)})
        except NobodyKnown as fault:
            # An answer and not an exception: that it was tried must be kept.
            return refusal(request, HTTPStatus.UNPROCESSABLE_ENTITY, str(fault))
        message = "The chart is open." if opened.access else "You care for this patient: the chart is open anyway."
        until = timestamp_or_none(opened.access.valid_until) if opened.access else None
        return Created(OpenedBody(status="success", message=message, patientId=str(opened.patient_id), until=until))


class EndView(DoctorView):
    """End an emergency access before its time."""

    def delete(self, request: Request, patient_id: uuid.UUID) -> Answer[DoneBody]:
        """The doctor needs the chart no more."""
        patient = get_object_or_404(patients_visible_to(self.person), pk=patient_id)
        if not end_access(self.person, patient.pk):
            raise Http404
        return Answer(done("The emergency access is ended. Thank you."))
