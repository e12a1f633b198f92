"""How answers and prescriptions appear in the API, and whole consultations with them."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated, TypedDict

from accounts.api.bodies import DoctorBody, doctor
from conversations.api.bodies import ConversationBody
from conversations.models import Conversation, Status
from medichat.api import unknown
from medichat.api.shapes import Count, Day, Html, Id, OneOf, Timestamp
from medichat.api.values import day, timestamp_or_none
from prescriptions.models import Prescription


class PrescriptionBody(TypedDict):
    """A prescribed medicine; ``medication`` and ``name`` are the same as ``medicationName``."""

    id: Id
    _id: Id
    conversationId: Id
    patientId: Id
    doctorId: Id | None
    medicationName: str
    medication: str
    name: str
    dosage: str
    route: str
    frequency: str
    duration: str
    quantity: float | None
    quantityUnit: str
    refills: Count
    status: Annotated[str, OneOf(Prescription.Status, unknown.STATUS)]
    issuedAt: Timestamp | None
    filledDate: Day | None
    expirationDate: Day | None
    pharmacyName: str | None
    pharmacyPhone: str | None
    instructions: str | None
    warnings: str | None
    createdAt: Timestamp | None
    updatedAt: Timestamp | None


class AnswerBody(TypedDict):
    """A doctor's answer as one object; null until there is one. ``notes`` are null for patients."""

    diagnosis: Html | None
    recommendations: Html | None
    referrals: Html | None
    callToOffice: bool
    notes: str | None
    respondedAt: Timestamp | None
    prescriptions: list[PrescriptionBody]
    doctor: DoctorBody | None


def prescription(row: Prescription) -> PrescriptionBody:
    """A prescribed medicine. Its state is that of today, whether or not the nightly work has run."""
    return PrescriptionBody(
        id=str(row.pk),
        _id=str(row.pk),
        conversationId=str(row.conversation_id),
        patientId=str(row.patient_id),
        doctorId=str(row.doctor_id) if row.doctor_id else None,
        medicationName=row.medication_name,
        medication=row.medication_name,
        name=row.medication_name,
        dosage=row.dose,
        route=row.route,
        frequency=row.frequency,
        duration=row.duration,
        quantity=number(row.quantity),
        quantityUnit=row.quantity_unit,
        refills=unknown.REFILLS if row.refills is None else row.refills,
        status=row.state,
        issuedAt=timestamp_or_none(row.issued_at),
        filledDate=day(row.filled_at.date()) if row.filled_at else None,
        expirationDate=day(row.expires_on),
        pharmacyName=row.pharmacy_name,
        pharmacyPhone=row.pharmacy_phone,
        instructions=row.instructions,
        warnings=row.warnings,
        createdAt=timestamp_or_none(row.created_at),
        updatedAt=timestamp_or_none(row.updated_at),
    )


def answer(row: Conversation, body: ConversationBody, prescriptions: Iterable[PrescriptionBody]) -> AnswerBody | None:
    """The doctor's answer, from what the consultation's body says already."""
    if row.status not in {Status.DOCTOR_RESPONDED, Status.CLOSED} and not row.responded_at and not row.diagnosis:
        return None
    return AnswerBody(
        diagnosis=body["diagnosis"],
        recommendations=body["recommendations"],
        referrals=body["referrals"],
        callToOffice=body["callToOffice"],
        notes=body["doctorNotes"],
        respondedAt=body["respondedAt"],
        prescriptions=list(prescriptions),
        doctor=doctor(row.doctor),
    )


def number(value: Decimal | None) -> float | None:
    """A quantity; a whole one without a point."""
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)
