"""What the parsers make: one dataclass for each table, with its columns by their names.

References are legacy ids (``*_legacy_id``); which of them exist is a question for ``medichat.legacy.relations``. None
is 'unknown', and so is every column that a row does not have here.

Nobody changes a row (``dataclasses.replace`` makes another): they are not frozen because that makes them three times as
slow to make, and there are millions.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar

from medichat.legacy.parse.parsing import Row


@dataclass(kw_only=True, repr=False)
class UserRow(Row):
    """``email`` None: a placeholder is needed. ``password`` None: a new one must be set before signing in."""

    table: ClassVar[str] = "users"
    legacy_id: str
    email: str | None
    password: str | None
    role: str
    first_name: str
    last_name: str
    phone: str | None
    date_of_birth: date | None
    specialization: str | None
    licence_number: str | None
    is_active: bool
    deactivated_at: datetime | None
    email_verified: bool
    last_login: datetime | None
    photo_path: str | None
    created_at: datetime | None
    updated_at: datetime | None


@dataclass(kw_only=True, repr=False)
class MedicalInfoRow(Row):
    """``*_on`` are the days of statements such as 'no known allergies'."""

    table: ClassVar[str] = "patient_medical_info"
    legacy_id: str
    patient_legacy_id: str
    sex: str | None
    blood_type: str | None
    height_cm: Decimal | None
    height_text: str | None
    weight_kg: Decimal | None
    weight_text: str | None
    assigned_doctor_legacy_id: str | None
    no_known_allergies_on: date | None
    no_medications_on: date | None
    no_conditions_on: date | None
    primary_physician: str | None
    pharmacy_name: str | None
    pharmacy_phone: str | None
    preferred_language: str | None
    insurance_provider: str | None
    insurance_policy_number: str | None
    insurance_group_number: str | None
    smoking: str | None
    alcohol: str | None
    exercise: str | None
    lifestyle_text: str | None


@dataclass(kw_only=True, repr=False)
class ChartRow(Row):
    """What every entry of the chart has. ``notes`` also hold what was too long for its column."""

    legacy_id: str
    patient_legacy_id: str
    notes: str | None


@dataclass(kw_only=True, repr=False)
class AllergyRow(ChartRow):
    """Kind and certainty were never stored; severity and reaction only where an object said them."""

    table: ClassVar[str] = "allergies"
    allergen: str
    reaction: str | None
    severity: str | None


@dataclass(kw_only=True, repr=False)
class MedicationRow(ChartRow):
    """Whether it is still taken, since when, and who prescribed it was never stored."""

    table: ClassVar[str] = "medications"
    medication_name: str
    dosage: str | None
    frequency: str | None


@dataclass(kw_only=True, repr=False)
class MedicalHistoryRow(ChartRow):
    """``is_active`` is True for chronic conditions only; otherwise unknown."""

    table: ClassVar[str] = "medical_history"
    condition: str
    diagnosed_on: date | None
    diagnosed_text: str | None
    is_active: bool | None


@dataclass(kw_only=True, repr=False)
class SurgicalHistoryRow(ChartRow):
    """An operation."""

    table: ClassVar[str] = "surgical_history"
    procedure: str
    performed_on: date | None
    date_text: str | None


@dataclass(kw_only=True, repr=False)
class FamilyHistoryRow(ChartRow):
    """A condition of a relative."""

    table: ClassVar[str] = "family_history"
    condition: str
    relation: str


@dataclass(kw_only=True, repr=False)
class ImmunizationRow(ChartRow):
    """A vaccination."""

    table: ClassVar[str] = "immunizations"
    vaccine: str
    given_on: date | None
    date_text: str | None


@dataclass(kw_only=True, repr=False)
class EmergencyContactRow(Row):
    """Somebody to call; ``position`` is the order in the document."""

    table: ClassVar[str] = "emergency_contacts"
    legacy_id: str
    patient_legacy_id: str
    position: int
    name: str | None
    relationship: str | None
    phone: str | None
    email: str | None


@dataclass(kw_only=True, repr=False)
class ConversationRow(Row):
    """``has_response``: the rule for answers (section 3.4 of the legacy schema) holds."""

    table: ClassVar[str] = "conversations"
    legacy_id: str
    patient_legacy_id: str | None
    doctor_legacy_id: str | None
    visit_number: int | None
    status: str | None
    complaint: str | None
    summary: str | None
    intake_ended_at: datetime | None
    responded_at: datetime | None
    diagnosis: str | None
    recommendations: str | None
    referrals: str | None
    call_to_office: bool | None
    unread_by_patient: bool
    archived_by_patient: bool
    archived_by_doctor: bool
    has_response: bool
    created_at: datetime | None
    updated_at: datetime | None


@dataclass(kw_only=True, repr=False)
class PrivateNoteRow(Row):
    """What the doctor noted beside the answer; its author is the conversation's doctor."""

    table: ClassVar[str] = "private_notes"
    legacy_id: str
    conversation_legacy_id: str
    text: str


@dataclass(kw_only=True, repr=False)
class MessageRow(Row):
    """``position`` is the place in the document's array, which is the true order."""

    table: ClassVar[str] = "messages"
    legacy_id: str
    conversation_legacy_id: str
    position: int
    sender: str
    text: str
    sent_at: datetime | None


@dataclass(kw_only=True, repr=False)
class SymptomRow(Row):
    """``severity_text`` is what was stated; grade and score only where they are certain."""

    table: ClassVar[str] = "symptoms"
    legacy_id: str
    conversation_legacy_id: str
    position: int
    symptom: str
    location: str | None
    severity: str | None
    severity_score: int | None
    severity_text: str | None
    duration: str | None
    notes: str | None


@dataclass(kw_only=True, repr=False)
class AttachmentRow(Row):
    """``stored_path`` and ``stored_name`` are where the file is looked for (see ``places``)."""

    table: ClassVar[str] = "attachments"
    legacy_id: str
    conversation_legacy_id: str
    original_name: str | None
    claimed_type: str | None
    stored_path: str | None
    stored_name: str | None
    uploaded_at: datetime | None


@dataclass(kw_only=True, repr=False)
class PrescriptionRow(Row):
    """Status, refills, quantity and last day were never stored; the prescriber is the conversation's doctor."""

    table: ClassVar[str] = "prescriptions"
    legacy_id: str
    conversation_legacy_id: str
    position: int
    medication_name: str
    dose: str
    frequency: str
    duration: str
    instructions: str | None
    issued_at: datetime | None


@dataclass(kw_only=True, repr=False)
class ActivityLogRow(Row):
    """``address`` is a single address, ``address_text`` whatever else was stored."""

    table: ClassVar[str] = "activity_logs"
    legacy_id: str
    occurred_at: datetime
    actor_legacy_id: str | None
    actor_role: str | None
    actor_email: str | None
    action: str
    resource_type: str | None
    resource_id: str | None
    method: str | None
    endpoint: str | None
    address: str | None
    address_text: str | None
    user_agent: str | None
    status: str | None
    status_code: int | None
    description: str | None
    metadata: str | None
    error_message: str | None
    error_stack: str | None
    error_code: str | None
    duration_ms: float | None
    severity: str | None
