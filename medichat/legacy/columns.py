"""From parsed rows to the columns of the tables: the one mapping, for loading, verifying and noticing changes.

``records`` gives every row of a document with final values in the clear: ids instead of legacy ids, placeholders where
a table needs something, and nothing else that the source did not say. Encrypting is the loader's business.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.utils import timezone

from medichat.legacy.parse.identity import row_id
from medichat.legacy.parse.parsing import Parsed, Row
from medichat.legacy.parse.rows import (
    ActivityLogRow,
    AllergyRow,
    AttachmentRow,
    ChartRow,
    ConversationRow,
    EmergencyContactRow,
    FamilyHistoryRow,
    ImmunizationRow,
    MedicalHistoryRow,
    MedicalInfoRow,
    MedicationRow,
    MessageRow,
    PrescriptionRow,
    PrivateNoteRow,
    SurgicalHistoryRow,
    SymptomRow,
    UserRow,
)
from medichat.legacy.parse.values import address_of
from medichat.legacy.relations import placeholder_address
from medichat.legacy.tables import TABLES, Record

URGENT_RANK = 1
"""The place in the queue of a waiting case whose urgency nobody ever stated: looked at with the urgent ones, because
nobody has said that it can wait. Its urgency stays unknown."""


@dataclass(frozen=True)
class Owner:
    """What the children of a document take from its root: whose it is, and who answered."""

    patient: UUID | None
    doctor: UUID | None = None
    conversation: UUID | None = None


@lru_cache(maxsize=16_384)
def person(legacy_id: str | None) -> UUID | None:
    """The id of the account with this legacy id. Kept, because people act many times."""
    return None if legacy_id is None else row_id("users", legacy_id)


def unusable_password(identity: UUID) -> str:
    """What Django takes for no password at all; the same at every run."""
    return "!" + hashlib.blake2b(identity.bytes, digest_size=20).hexdigest()


def records(parsed: Parsed) -> list[Record]:
    """Every row of a document that was settled with the others (``medichat.legacy.relations.Settlement``)."""
    owner = _owner(parsed)
    found = []
    for row in parsed.rows:
        table = TABLES[row.table]
        values = _VALUES[type(row)](row, owner)
        found.append(Record(table, (row_id(table.name, row.legacy_id), row.legacy_id, *values)))
        if isinstance(row, ConversationRow):
            found += _archives(row, owner)
    return found


def _archives(row: ConversationRow, owner: Owner) -> Iterator[Record]:
    """Who has put the conversation away. The doctors' flag was everybody's; it belongs to the one who answered."""
    for is_away, whose in ((row.archived_by_patient, owner.patient), (row.archived_by_doctor, owner.doctor)):
        if is_away and whose is not None:
            identity = row_id("conversation_archives", f"{row.legacy_id}.{whose}")
            yield Record(TABLES["conversation_archives"], (identity, owner.conversation, owner.patient, whose))


def _owner(parsed: Parsed) -> Owner:
    root = parsed.rows[0] if parsed.rows else None
    if isinstance(root, UserRow):
        return Owner(patient=person(root.legacy_id))
    if isinstance(root, ConversationRow):
        conversation = row_id("conversations", root.legacy_id)
        return Owner(person(root.patient_legacy_id), person(root.doctor_legacy_id), conversation)
    return Owner(None)


def _user(row: UserRow, owner: Owner) -> tuple[Any, ...]:
    identity = row_id("users", row.legacy_id)
    return (
        row.email or placeholder_address(row.legacy_id), row.password or unusable_password(identity), row.role,
        row.first_name, row.last_name, row.phone, row.date_of_birth, row.specialization, row.licence_number,
        row.is_active, row.deactivated_at, row.email_verified, row.last_login, row.photo_path, row.created_at,
        row.updated_at,
    )  # fmt: skip


def _medical_info(row: MedicalInfoRow, owner: Owner) -> tuple[Any, ...]:
    return (
        owner.patient, row.sex, row.blood_type, _one_decimal(row.height_cm), row.height_text,
        _one_decimal(row.weight_kg), row.weight_text, person(row.assigned_doctor_legacy_id),
        row.no_known_allergies_on, row.no_medications_on, row.no_conditions_on, row.primary_physician,
        row.pharmacy_name, row.pharmacy_phone, row.preferred_language, row.insurance_provider,
        row.insurance_policy_number, row.insurance_group_number, row.smoking, row.alcohol, row.exercise,
        row.lifestyle_text, None, None,
    )  # fmt: skip


def _one_decimal(value: Decimal | None) -> Decimal | None:
    """As the column keeps it."""
    return None if value is None else value.quantize(Decimal("0.1"), ROUND_HALF_UP)


def _entry(*columns: str) -> Callable[[Any, Owner], tuple[Any, ...]]:
    """Entries of the chart: whose, these columns, the notes, and no times, for none were stored."""

    def values(row: ChartRow, owner: Owner) -> tuple[Any, ...]:
        return (owner.patient, *(getattr(row, column) for column in columns), row.notes, None, None)

    return values


def _medication(row: MedicationRow, owner: Owner) -> tuple[Any, ...]:
    """Whether it is still taken is unknown."""
    return owner.patient, row.medication_name, row.dosage, row.frequency, None, row.notes, None, None


def _contact(row: EmergencyContactRow, owner: Owner) -> tuple[Any, ...]:
    return owner.patient, row.position, row.name, row.relationship, row.phone, row.email, None, None


def _conversation(row: ConversationRow, owner: Owner) -> tuple[Any, ...]:
    """A case that waits has waited since the patient ended the talk, or, where that is unknown, since it began."""
    waits = row.status == "awaiting_doctor"
    return (
        owner.patient, owner.doctor, row.visit_number, row.status,
        URGENT_RANK if waits else None, (row.intake_ended_at or row.created_at) if waits else row.intake_ended_at,
        row.complaint, row.summary, row.intake_ended_at, row.responded_at, row.diagnosis, row.recommendations,
        row.referrals, row.call_to_office, row.unread_by_patient, row.created_at, row.updated_at,
    )  # fmt: skip


def _private_note(row: PrivateNoteRow, owner: Owner) -> tuple[Any, ...]:
    return owner.conversation, owner.patient, owner.doctor, row.text, None, None


def _message(row: MessageRow, owner: Owner) -> tuple[Any, ...]:
    return owner.conversation, owner.patient, row.position, row.sender, row.text, row.sent_at, None, None


def _symptom(row: SymptomRow, owner: Owner) -> tuple[Any, ...]:
    return (
        owner.conversation, owner.patient, row.position, row.symptom, row.location, row.severity, row.severity_score,
        row.severity_text, row.duration, row.notes, None, None,
    )  # fmt: skip


def _attachment(row: AttachmentRow, owner: Owner) -> tuple[Any, ...]:
    return (
        owner.conversation, owner.patient, row.original_name, row.claimed_type, row.stored_path, row.stored_name,
        row.uploaded_at, None, None,
    )  # fmt: skip


def _prescription(row: PrescriptionRow, owner: Owner) -> tuple[Any, ...]:
    """Status and refills are unknown; the prescriber is the case's doctor, or unknown."""
    return (
        owner.conversation, owner.patient, owner.doctor, row.position, row.medication_name, row.dose, row.frequency,
        row.duration, row.instructions, row.issued_at, _day_here(row.issued_at), None, None, None, None,
    )  # fmt: skip


def _day_here(moment: datetime | None) -> date | None:
    """The day where the clinic is."""
    return None if moment is None else timezone.localdate(moment)


def _activity_log(row: ActivityLogRow, owner: Owner) -> tuple[Any, ...]:
    return (
        row.occurred_at, person(row.actor_legacy_id), row.actor_role, row.actor_email, row.action, row.resource_type,
        row.resource_id, row.method, row.endpoint, None if row.address is None else address_of(row.address),
        row.address_text, row.user_agent, row.status, row.status_code, row.description, row.metadata,
        row.error_message, row.error_stack, row.error_code, row.duration_ms, row.severity,
    )  # fmt: skip


_VALUES: Mapping[type[Row], Callable[[Any, Owner], tuple[Any, ...]]] = {
    UserRow: _user,
    ConversationRow: _conversation,
    MedicalInfoRow: _medical_info,
    AllergyRow: _entry("allergen", "reaction", "severity"),
    MedicationRow: _medication,
    MedicalHistoryRow: _entry("condition", "diagnosed_on", "diagnosed_text", "is_active"),
    SurgicalHistoryRow: _entry("procedure", "performed_on", "date_text"),
    FamilyHistoryRow: _entry("condition", "relation"),
    ImmunizationRow: _entry("vaccine", "given_on", "date_text"),
    EmergencyContactRow: _contact,
    PrivateNoteRow: _private_note,
    MessageRow: _message,
    SymptomRow: _symptom,
    AttachmentRow: _attachment,
    PrescriptionRow: _prescription,
    ActivityLogRow: _activity_log,
}
