"""The chart, and who may care for whom."""

from records.models.care import CareRelation, EmergencyReason
from records.models.codes import CodeGroup, Icd10Code, Icd10Word
from records.models.emergency import EmergencyAccess, EmergencyReview
from records.models.entries import (
    Allergy,
    FamilyHistory,
    Immunization,
    MedicalHistory,
    Medication,
    SocialHistory,
    SurgicalHistory,
)
from records.models.entry import ChartEntry, ChartEntryQuerySet, Source
from records.models.person import EmergencyContact, MedicalInfo
from records.models.search import SearchWord, VocabularyWord, WordKind, patients_like
from records.models.statements import EarlierStatement
from records.models.vitals import VitalSigns

__all__ = [
    "Allergy",
    "CareRelation",
    "ChartEntry",
    "ChartEntryQuerySet",
    "CodeGroup",
    "EarlierStatement",
    "EmergencyAccess",
    "EmergencyContact",
    "EmergencyReason",
    "EmergencyReview",
    "FamilyHistory",
    "Icd10Code",
    "Icd10Word",
    "Immunization",
    "MedicalHistory",
    "MedicalInfo",
    "Medication",
    "SearchWord",
    "SocialHistory",
    "Source",
    "SurgicalHistory",
    "VitalSigns",
    "VocabularyWord",
    "WordKind",
    "patients_like",
]
