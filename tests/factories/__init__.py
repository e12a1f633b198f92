"""Rows for tests, made as the application role would make them: through the models, in the context of the system.

Everything is complete without arguments and made-up. One module for each app; tests import from here.
"""

from tests.factories.accounts import (
    PASSWORD,
    AdministratorFactory,
    AttemptCountFactory,
    DoctorFactory,
    MfaTokenFactory,
    SessionFactory,
    UserFactory,
    hashed_password,
)
from tests.factories.conversations import (
    AttachmentFactory,
    ConversationFactory,
    DraftFactory,
    MessageFactory,
    OfCaseFactory,
    PrivateNoteFactory,
    RedFlagFactory,
    SymptomFactory,
)
from tests.factories.legacy import ImportBatchFactory, ImportedDocumentFactory, ImportItemFactory, ImportRunFactory
from tests.factories.prescriptions import PrescriptionAlertFactory, PrescriptionFactory
from tests.factories.records import (
    AllergyFactory,
    CareRelationFactory,
    EmergencyAccessFactory,
    EmergencyContactFactory,
    EmergencyReviewFactory,
    FamilyHistoryFactory,
    Icd10CodeFactory,
    Icd10WordFactory,
    ImmunizationFactory,
    MedicalHistoryFactory,
    MedicalInfoFactory,
    MedicationFactory,
    OfPatientFactory,
    SurgicalHistoryFactory,
)
from tests.factories.rows import SystemFactory

__all__ = [
    "PASSWORD",
    "AdministratorFactory",
    "AllergyFactory",
    "AttachmentFactory",
    "AttemptCountFactory",
    "CareRelationFactory",
    "ConversationFactory",
    "DoctorFactory",
    "DraftFactory",
    "EmergencyAccessFactory",
    "EmergencyContactFactory",
    "EmergencyReviewFactory",
    "FamilyHistoryFactory",
    "Icd10CodeFactory",
    "Icd10WordFactory",
    "ImmunizationFactory",
    "ImportBatchFactory",
    "ImportItemFactory",
    "ImportRunFactory",
    "ImportedDocumentFactory",
    "MedicalHistoryFactory",
    "MedicalInfoFactory",
    "MedicationFactory",
    "MessageFactory",
    "MfaTokenFactory",
    "OfCaseFactory",
    "OfPatientFactory",
    "PrescriptionAlertFactory",
    "PrescriptionFactory",
    "PrivateNoteFactory",
    "RedFlagFactory",
    "SessionFactory",
    "SurgicalHistoryFactory",
    "SymptomFactory",
    "SystemFactory",
    "UserFactory",
    "hashed_password",
]
