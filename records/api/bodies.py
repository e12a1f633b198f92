"""How the chart appears in the API's answers."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated, TypedDict

from accounts.api.bodies import PatientBriefBody, patient_brief
from accounts.models import User
from medichat.api import unknown
from medichat.api.shapes import Day, Id, Measure, OneOf, Timestamp
from medichat.api.values import day, decimal, timestamp, timestamp_or_none
from records.models import (
    Allergy,
    EmergencyContact,
    FamilyHistory,
    Immunization,
    MedicalHistory,
    MedicalInfo,
    Medication,
    SocialHistory,
    SurgicalHistory,
    VitalSigns,
)


class AllergyBody(TypedDict):
    """An allergy."""

    id: Id
    patientId: Id
    allergen: str
    allergenType: Annotated[str, OneOf(Allergy.Kind)] | None
    reaction: str | None
    severity: Annotated[str, OneOf(Allergy.Severity)] | None
    certainty: Annotated[str, OneOf(Allergy.Certainty)] | None
    diagnosedDate: Day | None
    notes: str | None
    createdAt: Timestamp | None
    updatedAt: Timestamp | None
    createdBy: Id | None


class MedicationBody(TypedDict):
    """A medicine the patient takes or took; ``name`` is the same as ``medicationName``: the settings form reads it."""

    id: Id
    patientId: Id
    medicationName: str
    name: str
    dosage: str | None
    frequency: str | None
    route: str | None
    startDate: Day | None
    endDate: Day | None
    isActive: bool
    prescribingDoctorId: Id | None
    notes: str | None
    createdAt: Timestamp | None
    updatedAt: Timestamp | None


class HistoryBody(TypedDict):
    """A condition, present or past."""

    id: Id
    patientId: Id
    condition: str
    icd10Code: str | None
    diagnosedDate: Day | None
    diagnosedText: str | None
    resolvedDate: Day | None
    isActive: bool
    notes: str | None
    diagnosedBy: Id | None
    createdAt: Timestamp | None
    updatedAt: Timestamp | None


class SurgeryBody(TypedDict):
    """An operation; ``date`` as it was stated where it is no whole date."""

    id: Id
    procedure: str
    date: str | None
    notes: str | None


class FamilyBody(TypedDict):
    """A condition of a relative."""

    id: Id
    condition: str
    relation: str
    notes: str | None


class ImmunizationBody(TypedDict):
    """A vaccination; ``date`` as it was stated where it is no whole date."""

    id: Id
    vaccine: str
    date: str | None
    notes: str | None


class VitalsBody(TypedDict):
    """What was measured at one time; null for what was not. Decimals are texts."""

    id: Id
    measuredAt: Timestamp
    systolic: int | None
    diastolic: int | None
    pulse: int | None
    temperatureC: Measure | None
    respiratoryRate: int | None
    oxygenSaturation: int | None
    weightKg: Measure | None
    heightCm: Measure | None
    glucoseMmolL: Measure | None
    glucoseWhen: Annotated[str, OneOf(VitalSigns.GlucoseWhen)] | None
    notes: str | None


class SocialBody(TypedDict):
    """A part of the social history."""

    id: Id
    topic: Annotated[str, OneOf(SocialHistory.Topic)]
    statement: str
    since: str | None
    notes: str | None


class ContactBody(TypedDict):
    """Somebody to call."""

    id: Id
    name: str | None
    relationship: str | None
    phone: str | None
    email: str | None


class AssignedDoctorBody(TypedDict):
    """The patient's regular doctor. The address stays with the clinic: it is always empty."""

    id: Id
    firstName: str
    lastName: str
    specialization: str | None
    email: str


class InfoBody(TypedDict):
    """Medical information. Height and weight are texts; ``heightText`` and ``weightText`` hold what is no figure."""

    id: Id
    bloodType: Annotated[str, OneOf(MedicalInfo.BloodType)] | None
    heightCm: Measure | None
    weightKg: Measure | None
    heightText: str | None
    weightText: str | None
    emergencyContactName: str | None
    emergencyContactPhone: str | None
    emergencyContactRelationship: str | None
    insuranceProvider: str | None
    insurancePolicyNumber: str | None
    insuranceGroupNumber: str | None
    assignedDoctor: AssignedDoctorBody | None


class PatientCardBody(PatientBriefBody):
    """A patient as doctors see them: ``allergies`` and ``currentMedications`` are texts, the entries stand beside."""

    phone: str | None
    dateOfBirth: Day | None
    allergies: list[str]
    allergyDetails: list[AllergyBody]
    patientMedications: list[MedicationBody]
    currentMedications: list[str]


def allergy(entry: Allergy) -> AllergyBody:
    """An allergy."""
    return AllergyBody(
        id=str(entry.pk),
        patientId=str(entry.patient_id),
        allergen=entry.allergen,
        allergenType=entry.kind,
        reaction=entry.reaction,
        severity=entry.severity,
        certainty=entry.certainty,
        diagnosedDate=day(entry.diagnosed_on),
        notes=entry.notes,
        createdAt=timestamp_or_none(entry.created_at),
        updatedAt=timestamp_or_none(entry.updated_at),
        createdBy=_id(entry.recorded_by_id),
    )


def medication(entry: Medication) -> MedicationBody:
    """A medicine."""
    return MedicationBody(
        id=str(entry.pk),
        patientId=str(entry.patient_id),
        medicationName=entry.medication_name,
        name=entry.medication_name,
        dosage=entry.dosage,
        frequency=entry.frequency,
        route=entry.route,
        startDate=day(entry.started_on),
        endDate=day(entry.ended_on),
        isActive=unknown.MEDICATION_IS_ACTIVE if entry.is_active is None else entry.is_active,
        prescribingDoctorId=_id(entry.prescribed_by_id),
        notes=entry.notes,
        createdAt=timestamp_or_none(entry.created_at),
        updatedAt=timestamp_or_none(entry.updated_at),
    )


def history(entry: MedicalHistory) -> HistoryBody:
    """A condition. Who diagnosed it is not kept apart from who recorded it, so it is null."""
    return HistoryBody(
        id=str(entry.pk),
        patientId=str(entry.patient_id),
        condition=entry.condition,
        icd10Code=entry.icd10_code,
        diagnosedDate=day(entry.diagnosed_on),
        diagnosedText=entry.diagnosed_text,
        resolvedDate=day(entry.resolved_on),
        isActive=unknown.CONDITION_IS_ACTIVE if entry.is_active is None else entry.is_active,
        notes=entry.notes,
        diagnosedBy=None,
        createdAt=timestamp_or_none(entry.created_at),
        updatedAt=timestamp_or_none(entry.updated_at),
    )


def surgery(entry: SurgicalHistory) -> SurgeryBody:
    """An operation."""
    stated = entry.date_text or (entry.performed_on.isoformat() if entry.performed_on else None)
    return SurgeryBody(id=str(entry.pk), procedure=entry.procedure, date=stated, notes=entry.notes)


def family(entry: FamilyHistory) -> FamilyBody:
    """A condition of a relative."""
    return FamilyBody(id=str(entry.pk), condition=entry.condition, relation=entry.relation, notes=entry.notes)


def immunization(entry: Immunization) -> ImmunizationBody:
    """A vaccination."""
    stated = entry.date_text or (entry.given_on.isoformat() if entry.given_on else None)
    return ImmunizationBody(id=str(entry.pk), vaccine=entry.vaccine, date=stated, notes=entry.notes)


def vitals(entry: VitalSigns) -> VitalsBody:
    """Measurements of one time."""
    return VitalsBody(
        id=str(entry.pk),
        measuredAt=timestamp(entry.measured_at),
        systolic=entry.systolic,
        diastolic=entry.diastolic,
        pulse=entry.pulse,
        temperatureC=decimal(entry.temperature_c),
        respiratoryRate=entry.respiratory_rate,
        oxygenSaturation=entry.oxygen_saturation,
        weightKg=decimal(entry.weight_kg),
        heightCm=decimal(entry.height_cm),
        glucoseMmolL=decimal(entry.glucose_mmol_l),
        glucoseWhen=entry.glucose_when,
        notes=entry.notes,
    )


def social(entry: SocialHistory) -> SocialBody:
    """A part of the social history."""
    return SocialBody(
        id=str(entry.pk),
        topic=entry.topic,
        statement=entry.statement_text,
        since=entry.since_text,
        notes=entry.notes,
    )


def contact(row: EmergencyContact) -> ContactBody:
    """Somebody to call."""
    return ContactBody(id=str(row.pk), name=row.name, relationship=row.relationship, phone=row.phone, email=row.email)


def info(row: MedicalInfo | None, first_contact: EmergencyContact | None) -> InfoBody | None:
    """Medical information with the first of the emergency contacts; null where there is neither."""
    if row is None and first_contact is None:
        return None
    row = row or MedicalInfo()
    assigned = row.assigned_doctor
    return InfoBody(
        id=str(row.pk),
        bloodType=row.blood_type,
        heightCm=decimal(row.height_cm),
        weightKg=decimal(row.weight_kg),
        heightText=_words(row.height_cm, row.height_words, row.height_text),
        weightText=_words(row.weight_kg, row.weight_words, row.weight_text),
        emergencyContactName=first_contact.name if first_contact else None,
        emergencyContactPhone=first_contact.phone if first_contact else None,
        emergencyContactRelationship=first_contact.relationship if first_contact else None,
        insuranceProvider=row.insurance_provider,
        insurancePolicyNumber=row.insurance_policy_number,
        insuranceGroupNumber=row.insurance_group_number,
        assignedDoctor=AssignedDoctorBody(
            id=str(assigned.pk),
            firstName=assigned.first_name,
            lastName=assigned.last_name,
            specialization=assigned.specialization,
            email="",
        )
        if assigned
        else None,
    )


def _words(figure: Decimal | None, words: str, stated: str | None) -> str | None:
    """What was stated and no figure says."""
    return stated if figure is None else words or None


def standing_allergies(entries: Iterable[Allergy]) -> list[Allergy]:
    """Those that count: refuted ones are none."""
    return [entry for entry in entries if entry.certainty != Allergy.Certainty.REFUTED]


def current_texts(entries: Iterable[Medication]) -> list[str]:
    """What is taken, as far as known, each as one text."""
    return [str(entry) for entry in entries if entry.is_current]


def patient_card(
    patient: User, *, allergies: Iterable[Allergy], medications: Iterable[Medication], show_contact: bool
) -> PatientCardBody:
    """A patient as doctors see them. Address and telephone are for who has taken the case (``show_contact``)."""
    counting, medicines = standing_allergies(allergies), list(medications)
    return PatientCardBody(
        **patient_brief(patient, with_address=show_contact),
        phone=patient.phone if show_contact else None,
        dateOfBirth=day(patient.date_of_birth),
        allergies=[entry.allergen for entry in counting],
        allergyDetails=[allergy(entry) for entry in counting],
        patientMedications=[medication(entry) for entry in medicines],
        currentMedications=current_texts(medicines),
    )


def _id(value: object) -> str | None:
    return str(value) if value else None
