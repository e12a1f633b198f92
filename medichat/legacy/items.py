"""From findings to rows of ``import_items``: what an administrator may look at, without names of unknown fields."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from medichat.db.base import new_id
from medichat.db.encryption import seal
from medichat.legacy.counts import entity_of
from medichat.legacy.parse.parsing import Finding
from medichat.legacy.parse.rules import Rule
from medichat.legacy.tables import TABLES

_SCHEMA = """
    _id __v email password role firstName lastName phone dateOfBirth profilePhoto specialization licenseNumber
    createdAt updatedAt isActive emailVerified lastLoginAt deactivatedAt emergencyContact emergencyContactPhone gender
    bloodType height weight assignedDoctor allergies currentMedications chronicConditions primaryPhysician
    pharmacyName pharmacyPhone preferredLanguage insuranceProvider insurancePolicyNumber insuranceGroupNumber
    smokingStatus alcoholConsumption exerciseFrequency medicalHistory surgicalHistory familyHistory immunizations
    emergencyContacts condition diagnosedDate notes procedure date relation vaccine name relationship dosage dose
    frequency medication medicationName drug allergen substance allergy reaction severity patient doctor visitNumber
    status aiSummary patientNotified archivedByPatient archivedByDoctor conversationEndedAt summary chiefComplaint
    messages content timestamp symptoms symptom location duration attachments filename originalName path fileType
    mimeType uploadDate doctorResponse diagnosis recommendations referrals callToOffice respondedAt prescriptions
    instructions user userRole userEmail action resourceType resourceId method endpoint ipAddress userAgent statusCode
    description metadata error message stack code
"""
KNOWN_NAMES = frozenset([*_SCHEMA.split(), *TABLES])
"""Every name of the previous system's schema, the spellings that the parsers understand, and our own tables."""
_ADDED = re.compile(r"(~(?:part)?\d+)$")
UNNAMED = "?"

COLUMNS = (
    "id", "run_id", "document_id", "collection", "legacy_id", "entity", "where", "rule", "outcome", "reason", "raw",
    "state", "found_at",
)  # fmt: skip


def shown_path(where: str) -> str:
    """A path in which only names of the schema, numbers and the parser's own marks are readable."""
    return ".".join(_shown(step) for step in where.split(".")) if where else ""


def _shown(step: str) -> str:
    mark = _ADDED.search(step)
    name = step[: mark.start()] if mark else step
    known = not name or name in KNOWN_NAMES or (name.isascii() and name.isdigit())
    return f"{name if known else UNNAMED}{mark[1] if mark else ''}"


def item(
    rule: Rule, *, run_id: UUID, document_id: UUID, collection: str, legacy_id: str, entity: str, where: str,
    reason: str, raw: str | None, found_at: datetime,
) -> tuple[Any, ...]:  # fmt: skip
    """The values of COLUMNS, sealed."""
    identity = new_id()
    sealed = None if raw is None else seal("import_items", "raw", identity, raw)
    return (
        identity, run_id, document_id, collection, legacy_id, entity, where, rule.code, rule.outcome, reason, sealed,
        "open", found_at,
    )  # fmt: skip


def items_of(
    findings: Iterable[Finding], *, run_id: UUID, document_id: UUID, collection: str, found_at: datetime
) -> list[tuple[Any, ...]]:
    """One row for each finding of a document."""
    return [
        item(
            finding.rule,
            run_id=run_id,
            document_id=document_id,
            collection=collection,
            legacy_id=finding.legacy_id,
            entity=entity_of(collection, finding.path),
            where=shown_path(finding.where),
            reason=finding.reason,
            raw=finding.raw_text(),
            found_at=found_at,
        )
        for finding in findings
    ]
