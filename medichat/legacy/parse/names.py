"""What of a document's places may be told: names of the previous system's fields, and ids that say nothing.

The name of an unknown field, and an identity that is a text or a number, may hold anything: an address, a name.
"""

import re
from collections.abc import Container

from medichat.legacy.parse.identity import digest

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
NAMES = frozenset(_SCHEMA.split())
"""Every name of the previous system's schema, and the spellings that the parsers understand."""
_ADDED = re.compile(r"(~(?:part)?\d+)$")
UNNAMED = "?"
_STATED = re.compile(r"(?:^|(?<=\.))(text|date|number):.*", re.DOTALL)


def shown_path(where: str, also: Container[str] = ()) -> str:
    """A path in which only names of the schema (``also`` these), numbers and the parser's own marks are readable."""
    return ".".join(_shown(step, also) for step in where.split(".")) if where else ""


def _shown(step: str, also: Container[str]) -> str:
    mark = _ADDED.search(step)
    name = step[: mark.start()] if mark else step
    known = not name or name in NAMES or name in also or (name.isascii() and name.isdigit())
    return f"{name if known else UNNAMED}{mark[1] if mark else ''}"


def shown_id(legacy_id: str) -> str:
    """A legacy id for console, log and report: MongoDB's own as they are, of others a digest."""
    return _STATED.sub(lambda found: f"{found[1]}-digest:{digest(found[0])[:16]}", legacy_id)
