"""Prescriptions: a patient's own, the printed sheet, and cancelling one."""

import uuid
from typing import Any, Literal, TypedDict

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.request import Request

from accounts.api.bodies import DoctorBody, doctor
from accounts.api.people import DoctorView, PatientView, PersonView
from accounts.models import Role
from accounts.signals import viewed
from medichat.api.declaring import Answer, asks, refuses, sends_file, takes
from medichat.api.paging import PaginationBody, Paging, part_of
from prescriptions.api import bodies
from prescriptions.models import Prescription
from prescriptions.views.papers import printed

USUAL, MOST = 50, 200
LATEST_FIRST = ("-sort_time", "-id")


class OwnPrescriptionBody(bodies.PrescriptionBody):
    """A prescription in the patient's list."""

    doctor: DoctorBody | None


class OwnPrescriptionsBody(TypedDict):
    """The patient's prescriptions, latest first."""

    prescriptions: list[OwnPrescriptionBody]
    pagination: PaginationBody


class CancelledBody(TypedDict):
    """The prescription after it was cancelled."""

    status: Literal["success"]
    message: str
    prescription: bodies.PrescriptionBody


class WhyCancelled(serializers.Serializer[Any]):
    """Why a prescription is withdrawn."""

    reason = serializers.CharField(max_length=500, help_text="For the record; the patient does not see it.")
    notice = serializers.CharField(
        max_length=500, required=False, allow_blank=True, default="", help_text="What the patient should do."
    )


class SheetWanted(serializers.Serializer[Any]):
    """The size of the sheet, and which one."""

    paper = serializers.ChoiceField(["A4", "Letter"], required=False, help_text="`A4` unless said otherwise.")
    renewal = serializers.CharField(required=False, help_text="What continued it later, as its page has it.")


class OwnPrescriptionsView(PatientView):
    """The patient's prescriptions."""

    @asks(Paging)
    def get(self, request: Request) -> Answer[OwnPrescriptionsBody]:
        """Latest first."""
        patient = self.person
        mine = Prescription.objects.visible_to(patient).with_sort_time().select_related("doctor")
        part = part_of(request, mine.order_by(*LATEST_FIRST), usual=USUAL, most=MOST)
        viewed.send(
            Prescription, by=patient, patient_id=patient.pk, resource_type="prescription", resource_id=None, why="own"
        )
        rows = [OwnPrescriptionBody(**bodies.prescription(row), doctor=doctor(row.doctor)) for row in part.rows]
        return Answer(OwnPrescriptionsBody(prescriptions=rows, pagination=part.pagination))


class SheetView(PersonView):
    """The prescriptions of one answer, printed."""

    roles = frozenset({Role.PATIENT, Role.DOCTOR})

    @asks(SheetWanted)
    @sends_file("application/pdf", "The sheet for the pharmacy.")
    def get(self, request: Request, case_id: uuid.UUID) -> HttpResponse:
        """For the patient, and for doctors who may see the case."""
        self.asked(SheetWanted)
        return printed(request._request, case_id, reader=self.person)


class CancelView(DoctorView):
    """Withdraw a prescription."""

    @takes(WhyCancelled)
    @refuses(409, "It is not active any more.")
    def post(self, request: Request, prescription_id: uuid.UUID) -> Answer[CancelledBody]:
        """With a reason; only doctors who care for the patient can."""
        seen = Prescription.objects.visible_to(self.person).select_related("patient", "conversation")
        row = get_object_or_404(seen, pk=prescription_id)
        sent = self.sent(WhyCancelled)
        row.cancel(by=self.person, reason=sent["reason"], notice=sent["notice"])
        body = bodies.prescription(row)
        message = f"{row.medication_name} is cancelled."
        return Answer(CancelledBody(status="success", message=message, prescription=body))
