"""The life of prescriptions through the API: refills, what was dispensed, and the pharmacist's look."""

import uuid
from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypedDict

from django.http import Http404, JsonResponse
from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.request import Request

from accounts.api.bodies import DoctorBody, DoneBody, doctor, done
from accounts.api.people import DoctorView, OpenView, PatientView
from accounts.api.throttling import succeeded
from accounts.signals import list_viewed, viewed
from medichat.api.declaring import Answer, Created, asks, refuses, takes
from medichat.api.paging import PaginationBody, Paging, part_of
from medichat.api.shapes import Count, Id, OneOf, PlainDay, Timestamp
from medichat.api.values import timestamp_or_none
from prescriptions.api import bodies
from prescriptions.api.answering import PrescriptionSent, proposal_in
from prescriptions.api.doctor import UnsettledAlertsBody, unsettled
from prescriptions.issue import UnsettledAlertsError
from prescriptions.models import IssuedSheet, Prescription, PrescriptionFill, RefillRequest
from prescriptions.models.refill_requests import RefillRequestStatus
from prescriptions.renew import renew
from prescriptions.views.own import own_prescriptions
from prescriptions.views.verify import look_up
from prescriptions.wording import directions_in_words

MOST_REQUESTS = 100
MOVED_ON = "The request was decided or taken back already."


class RefillRequestBody(TypedDict):
    """A request for more of a medicine. ``renewalId`` is the prescription that an approving doctor wrote."""

    id: Id
    prescription: bodies.PrescriptionBody
    status: Annotated[str, OneOf(RefillRequestStatus)]
    message: str | None
    answer: str | None
    requestedAt: Timestamp | None
    decidedAt: Timestamp | None
    decidedBy: DoctorBody | None
    renewalId: Id | None


class RefillRequestsBody(TypedDict):
    """Requests."""

    status: Literal["success"]
    requests: list[RefillRequestBody]
    pagination: PaginationBody


class OneRefillRequestBody(TypedDict):
    """One request."""

    status: Literal["success"]
    request: RefillRequestBody


class VerifiedItemBody(TypedDict):
    """A medicine on the paper; ``mayBeDispensed`` is what counts, ``state`` says why."""

    medication: str
    directions: str
    quantity: float | None
    quantityUnit: str
    refills: Count | None
    validUntil: PlainDay | None
    state: str
    mayBeDispensed: bool
    suppliesLeft: Count | None


class VerifiedSheetBody(TypedDict):
    """A prescription as a pharmacist may see it: of the patient initials and year of birth only."""

    status: Literal["success"]
    patientInitials: str
    patientBirthYear: int | None
    prescriber: str
    licenseNumber: str
    issuedOn: PlainDay
    items: list[VerifiedItemBody]


class RefillSent(serializers.Serializer[Any]):
    """More of what, and what the doctor should know."""

    prescriptionId = serializers.UUIDField()
    message = serializers.CharField(max_length=1000, required=False, allow_blank=True, default="")


class ApprovalSent(serializers.Serializer[Any]):
    """The medicine as it is prescribed once more, and words to the patient."""

    prescription = PrescriptionSent()
    message = serializers.CharField(max_length=1000, required=False, allow_blank=True, default="")


class RefusalSent(serializers.Serializer[Any]):
    """Why not; the patient reads it."""

    message = serializers.CharField(max_length=1000)


class DispensedSent(serializers.Serializer[Any]):
    """When and where it was dispensed."""

    day = serializers.DateField()
    pharmacyName = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class OwnRefillRequestsView(PatientView):
    """The patient's requests for more of a medicine."""

    @asks(Paging)
    def get(self, request: Request) -> Answer[RefillRequestsBody]:
        """All of them, latest first."""
        rows = RefillRequest.objects.visible_to(self.person).order_by("-created_at", "-id")
        viewed.send(
            RefillRequest,
            by=self.person,
            patient_id=self.person.pk,
            resource_type="refill_requests",
            resource_id=None,
            why="own",
        )
        return Answer(_listed(request, rows))

    @takes(RefillSent)
    @refuses(404, "There is no such prescription of the patient's.")
    @refuses(409, "A request waits already, or the prescription was cancelled or is continued by another one.")
    def post(self, request: Request) -> Created[OneRefillRequestBody] | JsonResponse:
        """Ask for more; the prescriber gets a letter, a doctor decides."""
        sent = self.sent(RefillSent)
        prescription = get_object_or_404(own_prescriptions(self.person), pk=sent["prescriptionId"])
        asked = RefillRequest.ask(prescription, by=self.person, message=sent["message"])
        asked.refresh_from_db(fields=["created_at"])
        return Created(OneRefillRequestBody(status="success", request=_body(asked)))


class OwnRefillRequestView(PatientView):
    """One of the patient's requests."""

    @refuses(409, MOVED_ON)
    def delete(self, request: Request, request_id: uuid.UUID) -> Answer[DoneBody] | JsonResponse:
        """Take it back."""
        get_object_or_404(RefillRequest.objects.visible_to(self.person), pk=request_id).withdraw(by=self.person)
        return Answer(done("The request is taken back."))


class RefillRequestsView(DoctorView):
    """Requests of the doctor's patients that nobody has decided."""

    @asks(Paging)
    def get(self, request: Request) -> Answer[RefillRequestsBody]:
        """The longest waiting first."""
        rows = RefillRequest.objects.visible_to(self.person).waiting().longest_waiting_first()
        listed = _listed(request, rows)
        ids = [uuid.UUID(row["prescription"]["patientId"]) for row in listed["requests"]]
        list_viewed.send(RefillRequest, by=self.person, patient_ids=ids, resource_type="refill_requests", why="care")
        return Answer(listed)


class ApproveRefillView(DoctorView):
    """Approve a request."""

    @takes(ApprovalSent)
    @refuses(409, MOVED_ON)
    @refuses(409, "The chart speaks against the medicine.", body=UnsettledAlertsBody)
    def post(self, request: Request, request_id: uuid.UUID) -> Answer[OneRefillRequestBody] | JsonResponse:
        """Prescribe the medicine once more, checked against the chart of today, and end the earlier prescription."""
        sent = self.sent(ApprovalSent)
        asked = _asked(self, request_id)
        proposal = proposal_in(sent["prescription"])
        try:
            renew(asked, proposal, by=self.person, answer=sent["message"])
        except UnsettledAlertsError as fault:
            return unsettled(request, fault, [proposal.medication_name])
        return Answer(OneRefillRequestBody(status="success", request=_body(asked)))


class DeclineRefillView(DoctorView):
    """Decline a request."""

    @takes(RefusalSent)
    @refuses(409, MOVED_ON)
    def post(self, request: Request, request_id: uuid.UUID) -> Answer[OneRefillRequestBody] | JsonResponse:
        """Say no, and why."""
        sent = self.sent(RefusalSent)
        asked = _asked(self, request_id)
        asked.decline(by=self.person, answer=sent["message"])
        return Answer(OneRefillRequestBody(status="success", request=_body(asked)))


class DispensedView(DoctorView):
    """That a pharmacy has dispensed a prescription."""

    @takes(DispensedSent)
    @refuses(409, "It is not active any more, or every refill has been given.")
    def post(self, request: Request, prescription_id: uuid.UUID) -> Answer[DoneBody] | JsonResponse:
        """Write it down, as the pharmacy or the patient said."""
        sent = self.sent(DispensedSent)
        prescription = get_object_or_404(Prescription.objects.visible_to(self.person), pk=prescription_id)
        try:
            PrescriptionFill.record(prescription, by=self.person, on=sent["day"], pharmacy=sent["pharmacyName"])
        except ValueError as fault:
            raise serializers.ValidationError({"day": [str(fault)]}) from None
        return Answer(done("It is noted."))


class VerifyPrescriptionView(OpenView):
    """Whether the prescription on a paper is valid, for pharmacists."""

    def get(self, request: Request, code: str) -> Answer[VerifiedSheetBody]:
        """By the code on the paper. What is no code and what is none of ours are both 404, and are counted."""
        found = look_up(code, by=None)
        if found is None:
            raise Http404
        succeeded(request)
        return Answer(_verified(*found))


def _asked(view: DoctorView, request_id: uuid.UUID) -> RefillRequest:
    visible = RefillRequest.objects.visible_to(view.person).select_related("prescription__doctor", "patient")
    return get_object_or_404(visible, pk=request_id)


def _listed(request: Request, rows: Any) -> RefillRequestsBody:
    part = part_of(request, rows.select_related("prescription", "decided_by"), usual=MOST_REQUESTS)
    return RefillRequestsBody(status="success", requests=[_body(row) for row in part.rows], pagination=part.pagination)


def _body(row: RefillRequest) -> RefillRequestBody:
    return RefillRequestBody(
        id=str(row.pk),
        prescription=bodies.prescription(row.prescription),
        status=row.status,
        message=row.message,
        answer=row.answer,
        requestedAt=timestamp_or_none(row.created_at),
        decidedAt=timestamp_or_none(row.decided_at),
        decidedBy=doctor(row.decided_by),
        renewalId=str(row.renewal_id) if row.renewal_id else None,
    )


def _verified(sheet: IssuedSheet, items: Sequence[Prescription]) -> VerifiedSheetBody:
    return VerifiedSheetBody(
        status="success",
        patientInitials=sheet.patient_initials,
        patientBirthYear=sheet.patient_birth_year,
        prescriber=sheet.prescriber_name,
        licenseNumber=sheet.prescriber_licence,
        issuedOn=sheet.issued_on.isoformat(),
        items=[
            VerifiedItemBody(
                medication=item.medication_name,
                directions=directions_in_words(item.dose, item.route, item.frequency, item.duration),
                quantity=bodies.number(item.quantity),
                quantityUnit=item.quantity_unit,
                refills=item.refills,
                validUntil=item.expires_on.isoformat() if item.expires_on else None,
                state=item.standing,
                mayBeDispensed=item.standing == Prescription.Status.ACTIVE,
                suppliesLeft=item.supplies_left,
            )
            for item in items
        ],
    )
