"""What a copy of a patient's record holds, table by table, and what is left out and why.

A test asks the database for every table that says whose its rows are; one that stands neither here nor there fails it.
The names of resources are FHIR's (R4), so that whoever reads the copy knows what kind of thing each part is; it is no
FHIR bundle.
"""

from dataclasses import dataclass

from django.db import models

from accounts.models import Session, User
from audit.models import ActivityLog
from conversations.models import Attachment, Conversation, Message, RedFlag, Symptom
from prescriptions.models import Prescription, PrescriptionFill, RefillRequest
from records.models import (
    Allergy,
    CareRelation,
    EarlierStatement,
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


@dataclass(frozen=True)
class Part:
    """One table of the copy. ``by`` is the column that says whose a row is; ``only`` limits the columns."""

    name: str
    resource: str
    model: type[models.Model]
    by: str = "patient_id"
    only: tuple[str, ...] = ()


PERSON = (
    "id", "legacy_id", "created_at", "updated_at", "email", "first_name", "last_name", "record_number", "phone",
    "date_of_birth", "last_login", "is_active", "deactivated_at", "email_verified", "photo_file", "photo_type",
    "photo_size",
)  # fmt: skip
ACTIVITY = (
    "id", "occurred_at", "action", "actor_id", "actor_role", "purpose", "resource_type", "resource_id", "status",
)  # fmt: skip
SESSION = (
    "id", "kind", "device", "address", "created_at", "last_active_at", "expires_at", "revoked_at", "revoked_reason",
)  # fmt: skip

PARTS = (
    Part("person", "Patient", User, by="id", only=PERSON),
    Part("about", "Observation", MedicalInfo),
    Part("emergency_contacts", "RelatedPerson", EmergencyContact),
    Part("allergies", "AllergyIntolerance", Allergy),
    Part("medicines", "MedicationStatement", Medication),
    Part("conditions", "Condition", MedicalHistory),
    Part("operations", "Procedure", SurgicalHistory),
    Part("family_history", "FamilyMemberHistory", FamilyHistory),
    Part("immunizations", "Immunization", Immunization),
    Part("social_history", "Observation", SocialHistory),
    Part("measurements", "Observation", VitalSigns),
    Part("earlier_statements", "Observation", EarlierStatement),
    Part("consultations", "Encounter", Conversation),
    Part("messages", "Communication", Message),
    Part("symptoms", "Observation", Symptom),
    Part("warning_signs", "Flag", RedFlag),
    Part("prescriptions", "MedicationRequest", Prescription),
    Part("dispensed", "MedicationDispense", PrescriptionFill),
    Part("refill_requests", "Task", RefillRequest),
    Part("files", "DocumentReference", Attachment),
    Part("carers", "CareTeam", CareRelation),
    Part("devices", "Device", Session, by="user_id", only=SESSION),
    Part("activity", "AuditEvent", ActivityLog, only=ACTIVITY),
)

# Tables that say whose their rows are and are left out, with the reason that the copy itself gives.
LEFT_OUT = {
    "private_notes": "Notes that a doctor keeps for themselves, apart from the record. Ask the clinic about them.",
    "prescription_alerts": "Warnings of the program to the doctor who prescribed. What was prescribed is in the copy.",
    "prescription_sheets": "The papers on which prescriptions were issued; what stands on them is in the copy.",
    "drafts": "What somebody has typed and not sent. Nobody else sees it, and it is not part of the record.",
    "emergency_reviews": "How the clinic checked an emergency access. Who had it, when and why is in the copy.",
    "conversation_words": "An index of words, as keyed figures; the words themselves stand in the messages.",
    "search_words": "An index of words that stand in the record.",
    "conversation_archives": "Which consultations somebody has put away in a list.",
}

# Columns that are of no meaning outside of the program.
NEVER = {"password", "client_token", "photo_sha256", "queue_rank", "stored_path", "stored_name", "unread_by_patient",
         "sheet"}  # fmt: skip
