"""Prescriptions: a patient's own, the printed sheet, and cancelling one."""

import uuid
from functools import partial
from typing import Any, Literal, TypedDict

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.request import Request

from accounts.api.bodies import DoctorBody, doctor
from accounts.api.people import DoctorView, PatientView, PersonView
from accounts.models import Role
from accounts.signals import viewed
from conversations.models import Conversation
from medichat.api.declaring import Answer, asks, refuses, sends_file, takes
from medichat.api.paging import PaginationBody, Paging, part_of
from medichat.responses import LateResponse
from prescriptions import signals
from prescriptions.api import bodies
from prescriptions.models import Prescription
from prescriptions.pdf import render
from prescriptions.sheets import sheet_of

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

    reason = serializers.CharField(max_length=300)


class Paper(serializers.Serializer[Any]):
    """The size of the sheet."""

    paper = serializers.ChoiceField(["A4", "Letter"], required=False, help_text="`A4` unless said otherwise.")


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

    @asks(Paper)
    @sends_file("application/pdf", "The sheet for the pharmacy.")
    def get(self, request: Request, case_id: uuid.UUID) -> HttpResponse:
        """For the patient, and for doctors who may see the case."""
        reader, paper = self.person, self.asked(Paper).get("paper", "A4")
        found = Conversation.objects.visible_to(reader).select_related("patient__medical_info")
        case = get_object_or_404(found, pk=case_id)
        written = Prescription.objects.visible_to(reader).filter(conversation=case).select_related("doctor")
        prescriptions = list(written)
        if not prescriptions:
            raise Http404
        sheet = sheet_of(case, prescriptions, paper=paper)
        signals.downloaded.send(Prescription, conversation=case, prescriptions=prescriptions, by=reader)
        return LateResponse(
            partial(render, sheet),
            content_type="application/pdf",
            headers={
                "Content-Disposition": f'inline; filename="prescription-{sheet.number}.pdf"',
                "Cache-Control": "private, no-store",
            },
        )


class CancelView(DoctorView):
    """Withdraw a prescription."""

    @takes(WhyCancelled)
    @refuses(409, "It is not active any more.")
    def post(self, request: Request, prescription_id: uuid.UUID) -> Answer[CancelledBody]:
        """With a reason; only doctors who care for the patient can."""
        seen = Prescription.objects.visible_to(self.person).select_related("patient", "conversation")
        row = get_object_or_404(seen, pk=prescription_id)
        row.cancel(by=self.person, reason=self.sent(WhyCancelled)["reason"])
        body = bodies.prescription(row)
        message = f"{row.medication_name} is cancelled."
        return Answer(CancelledBody(status="success", message=message, prescription=body))
