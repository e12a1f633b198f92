"""Which differences from the source the use of this system explains: what can be changed here, and what the log says.

Everybody's change is in the activity log. A difference that stands in a column nobody can change here, or of which the
log knows nothing, is no edit, however plausible it looks.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg

_ACCOUNT = frozenset(
    {"user.updated", "profile.updated", "user.activated", "user.deactivated", "doctor.approved", "user.login",
     "doctor.approval_withdrawn", "user.password.changed"}
)  # fmt: skip
_CASE = frozenset(
    {"conversation.submitted", "conversation.claimed", "conversation.released", "conversation.closed",
     "conversation.updated", "conversation.urgency_raised", "conversation.overdue", "conversation.assigned",
     "diagnosis.created", "referral.created", "message.read"}
)  # fmt: skip
_PRESCRIPTION = frozenset({"prescription.cancelled", "prescription.completed", "prescription.expired"})
_CHART = frozenset({"chart.changed"})
_PUT_AWAY = frozenset({"conversation.archived", "conversation.unarchived"})


@dataclass(frozen=True)
class Edits:
    """The acts that change rows of a table here, and the columns that they may change."""

    acts: frozenset[str]
    columns: frozenset[str]


def _edits(acts: frozenset[str], columns: str) -> Edits:
    return Edits(acts, frozenset(columns.split()))


OF_TABLES: dict[str, Edits] = {
    "users": _edits(
        _ACCOUNT,
        "email password role first_name last_name phone date_of_birth specialization licence_number is_active "
        "deactivated_at email_verified last_login updated_at",
    ),
    "patient_medical_info": _edits(
        _CHART,
        "sex blood_type height_cm height_text weight_kg weight_text assigned_doctor_id no_known_allergies_on "
        "no_medications_on no_conditions_on primary_physician pharmacy_name pharmacy_phone preferred_language "
        "insurance_provider insurance_policy_number insurance_group_number smoking alcohol exercise lifestyle_text "
        "updated_at",
    ),
    "allergies": _edits(_CHART, "allergen reaction severity notes updated_at"),
    "medications": _edits(_CHART, "medication_name dosage frequency is_active notes updated_at"),
    "medical_history": _edits(_CHART, "condition diagnosed_on diagnosed_text is_active notes updated_at"),
    "surgical_history": _edits(_CHART, "procedure performed_on date_text notes updated_at"),
    "family_history": _edits(_CHART, "condition relation notes updated_at"),
    "immunizations": _edits(_CHART, "vaccine given_on date_text notes updated_at"),
    "emergency_contacts": _edits(_CHART, "position name relationship phone email updated_at"),
    "conversations": _edits(
        _CASE,
        "doctor_id status queue_rank submitted_at complaint summary intake_ended_at responded_at diagnosis "
        "recommendations referrals call_to_office unread_by_patient updated_at",
    ),
    "conversation_archives": _edits(_PUT_AWAY, ""),
    "prescriptions": _edits(_PRESCRIPTION, "status updated_at"),
}
"""Tables that are not named here never change once a row is written."""

ONLY: dict[str, frozenset[str]] = {
    "user.login": frozenset({"password", "last_login", "updated_at"}),
    "user.password.changed": frozenset({"password", "updated_at"}),
    "message.read": frozenset({"unread_by_patient", "updated_at"}),
}
"""Acts that explain less than their table's columns: whoever signed in has not changed their role by that."""

REMOVABLE = frozenset({"conversation_archives", "emergency_contacts"})
"""Of these, rows themselves may go."""


def on_record(connection: psycopg.Connection[Any], table: str, ids: Iterable[UUID]) -> dict[UUID, frozenset[str]]:
    """What the log says was changed here of these rows (for marks of having put a case away: of the cases).

    By row, the columns that those acts may have changed.
    """
    edits = OF_TABLES.get(table)
    named = [str(one) for one in ids]
    if edits is None or not named:
        return {}
    rows = connection.execute(
        "SELECT DISTINCT resource_id, action FROM activity_logs"
        " WHERE resource_id = ANY(%s) AND action = ANY(%s) AND legacy_id IS NULL AND status = 'success'",
        [named, sorted(edits.acts)],
    )
    found: dict[UUID, frozenset[str]] = {}
    for identity, act in rows:
        key = UUID(identity)
        found[key] = found.get(key, frozenset()) | ONLY.get(act, edits.columns)
    return found
