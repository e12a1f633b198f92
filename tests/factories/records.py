"""Charts, and who may care for whom."""

from datetime import timedelta

import factory
from django.utils import timezone

from records.models import (
    Allergy,
    CareRelation,
    EarlierStatement,
    EmergencyAccess,
    EmergencyContact,
    EmergencyReason,
    EmergencyReview,
    FamilyHistory,
    Icd10Code,
    Icd10Word,
    Immunization,
    MedicalHistory,
    MedicalInfo,
    Medication,
    SocialHistory,
    SurgicalHistory,
    VitalSigns,
)
from tests.factories.accounts import AdministratorFactory, DoctorFactory, UserFactory
from tests.factories.rows import SystemFactory


class CareRelationFactory(SystemFactory):
    """A doctor who answered a case of the patient."""

    class Meta:
        model = CareRelation

    patient = factory.SubFactory(UserFactory)
    doctor = factory.SubFactory(DoctorFactory)
    kind = CareRelation.Kind.ANSWERED


class EmergencyAccessFactory(SystemFactory):
    """A doctor opened the chart without a relation, a moment ago and for an hour."""

    class Meta:
        model = EmergencyAccess

    patient = factory.SubFactory(UserFactory)
    doctor = factory.SubFactory(DoctorFactory)
    kind = CareRelation.Kind.BREAK_GLASS
    emergency_reason = EmergencyReason.UNABLE
    reason = "Found unconscious in the waiting room"
    valid_from = factory.LazyFunction(timezone.now)
    valid_until = factory.LazyAttribute(lambda access: access.valid_from + timedelta(hours=1))


class EmergencyReviewFactory(SystemFactory):
    """An administrator found an emergency access justified."""

    class Meta:
        model = EmergencyReview

    relation = factory.SubFactory(EmergencyAccessFactory)
    patient = factory.SelfAttribute("relation.patient")
    reviewed_by = factory.SubFactory(AdministratorFactory)
    verdict = EmergencyReview.Verdict.JUSTIFIED
    note = "The ambulance's report confirms it."


class OfPatientFactory(SystemFactory):
    """An entry of a chart."""

    class Meta:
        abstract = True

    patient = factory.SubFactory(UserFactory)


class MedicalInfoFactory(OfPatientFactory):
    """Medical information."""

    class Meta:
        model = MedicalInfo

    sex = MedicalInfo.Sex.FEMALE


class EmergencyContactFactory(OfPatientFactory):
    """Somebody to call."""

    class Meta:
        model = EmergencyContact

    name = "Ivo Person"
    phone = "01632 960002"


class AllergyFactory(OfPatientFactory):
    """A severe allergy."""

    class Meta:
        model = Allergy

    allergen = "Penicillin"
    kind = Allergy.Kind.MEDICATION
    severity = Allergy.Severity.SEVERE
    reaction = "Hives"


class MedicationFactory(OfPatientFactory):
    """A medicine that is taken."""

    class Meta:
        model = Medication

    medication_name = "Enalapril"
    dosage = "10 mg"
    frequency = "daily"


class MedicalHistoryFactory(OfPatientFactory):
    """A condition."""

    class Meta:
        model = MedicalHistory

    condition = "Asthma"
    icd10_code = "J45.9"


class SurgicalHistoryFactory(OfPatientFactory):
    """An operation."""

    class Meta:
        model = SurgicalHistory

    procedure = "Appendectomy"


class FamilyHistoryFactory(OfPatientFactory):
    """A relative's condition."""

    class Meta:
        model = FamilyHistory

    condition = "Diabetes"
    relation = "mother"


class ImmunizationFactory(OfPatientFactory):
    """A vaccination."""

    class Meta:
        model = Immunization

    vaccine = "Tetanus"


class Icd10CodeFactory(SystemFactory):
    """A code of diagnoses."""

    class Meta:
        model = Icd10Code

    code = factory.Sequence(lambda number: f"J45.{number:03}")
    title = "Asthma"
    category = "J45"
    is_complete = True
    release = "April 2026"


class Icd10WordFactory(SystemFactory):
    """A word of the titles of codes."""

    class Meta:
        model = Icd10Word

    word = factory.Sequence(lambda number: f"asthma{number}")


class SocialHistoryFactory(OfPatientFactory):
    """What somebody does for a living."""

    class Meta:
        model = SocialHistory

    topic = SocialHistory.Topic.OCCUPATION
    statement_text = "Night shifts in a bakery"


class VitalSignsFactory(OfPatientFactory):
    """A blood pressure and a pulse."""

    class Meta:
        model = VitalSigns

    systolic = 128
    diastolic = 82
    pulse = 72


class EarlierStatementFactory(OfPatientFactory):
    """What was known before."""

    class Meta:
        model = EarlierStatement

    field = "smoking"
    value = "Smokes"
    changed_by = factory.SelfAttribute("patient")
