"""Rows for tests, made as the application role would make them: through the models, in the context of the system.

Everything is complete without arguments and made-up. ``ConversationFactory`` walks through the model's own methods, so
that a waiting case has its relation and an answered one its doctor: ``ConversationFactory(awaiting=True)``,
``ConversationFactory(claimed=True, doctor=doctor)``, ``ConversationFactory(answered=True)``.
"""

import uuid
from datetime import date, timedelta
from functools import cache
from typing import Any

import factory
from django.contrib.auth.hashers import make_password
from django.utils import timezone
from factory.django import DjangoModelFactory

from accounts.models import AttemptCount, MfaToken, Role, Session, User
from conversations.models import (
    Answer,
    Attachment,
    Conversation,
    Draft,
    Message,
    PrivateNote,
    RedFlag,
    Symptom,
    Urgency,
)
from medichat.db.context import system
from medichat.legacy.models import ImportBatch, ImportedDocument, ImportItem, ImportRun
from prescriptions.models import Prescription, PrescriptionAlert
from records.models import (
    Allergy,
    CareRelation,
    EmergencyAccess,
    EmergencyContact,
    EmergencyReason,
    EmergencyReview,
    FamilyHistory,
    Immunization,
    MedicalHistory,
    MedicalInfo,
    Medication,
    SurgicalHistory,
)

PASSWORD = "seven quiet herons at dusk"


@cache
def hashed_password() -> str:
    """``PASSWORD`` hashed once for the whole run: hashing is slow on purpose."""
    return make_password(PASSWORD)


class SystemFactory(DjangoModelFactory[Any]):  # type: ignore[misc]  # factory_boy is untyped for us
    """Creates as the system, whatever context the test is in."""

    class Meta:
        abstract = True
        skip_postgeneration_save = True

    @classmethod
    def _create(cls, model_class: type[Any], *args: Any, **fields: Any) -> Any:
        with system():
            return super()._create(model_class, *args, **fields)


class UserFactory(SystemFactory):
    """A patient."""

    class Meta:
        model = User

    email = factory.Sequence(lambda number: f"person{number}@example.org")
    first_name = factory.Sequence(lambda number: f"Test{number}")
    last_name = "Person"
    date_of_birth = date(1990, 6, 15)
    password = factory.LazyFunction(hashed_password)


class DoctorFactory(UserFactory):
    """An approved doctor."""

    role = Role.DOCTOR
    last_name = "Doctor"
    specialization = "General practice"
    licence_number = factory.Sequence(lambda number: f"LIC-{number:05}")
    approved_at = factory.LazyFunction(timezone.now)


class AdministratorFactory(UserFactory):
    """An administrator."""

    role = Role.ADMIN
    last_name = "Administrator"


class SessionFactory(SystemFactory):
    """A running browser session (to open it in a client use ``signed_in`` of the cast)."""

    class Meta:
        model = Session

    user = factory.SubFactory(UserFactory)
    key_hash = factory.LazyFunction(lambda: Session.hash_of(uuid.uuid4().hex))
    device = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    address = "192.0.2.7"
    last_active_at = factory.LazyFunction(timezone.now)
    expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(hours=12))


class MfaTokenFactory(SystemFactory):
    """An authenticator app."""

    class Meta:
        model = MfaToken

    user = factory.SubFactory(UserFactory)
    kind = MfaToken.Kind.TOTP
    name = "Telephone"
    secret = "JBSWY3DPEHPK3PXP"


class AttemptCountFactory(SystemFactory):
    """Somebody tried something once."""

    class Meta:
        model = AttemptCount

    key = factory.LazyFunction(lambda: uuid.uuid4().hex)
    attempts = 1
    last_at = factory.LazyFunction(timezone.now)


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


class ConversationFactory(SystemFactory):
    """A visit: in progress, or further with ``awaiting``, ``claimed``, ``answered`` or ``closed``."""

    class Meta:
        model = Conversation

    class Params:
        awaiting = factory.Trait(reached=Conversation.Status.AWAITING_DOCTOR)
        claimed = factory.Trait(reached="claimed")
        answered = factory.Trait(reached=Conversation.Status.DOCTOR_RESPONDED)
        closed = factory.Trait(reached=Conversation.Status.CLOSED)

    patient = factory.SubFactory(UserFactory)
    doctor = None
    reached = Conversation.Status.IN_PROGRESS
    urgency = Urgency.ROUTINE
    complaint = "My knee has hurt since I fell."
    summary = "Chief complaint\nKnee pain after a fall."
    diagnosis = "Contusion of the knee"
    private_note = ""

    @classmethod
    def _create(cls, model_class: type[Any], *args: Any, **fields: Any) -> Conversation:
        patient, doctor, reached = fields.pop("patient"), fields.pop("doctor"), fields.pop("reached")
        urgency, note = fields.pop("urgency"), fields.pop("private_note")
        answer = Answer(diagnosis=fields.pop("diagnosis"), recommendations="Rest and cool it.", private_note=note)
        with system():
            conversation = Conversation.start(patient=patient)
            for name, value in fields.items():
                setattr(conversation, name, value)
            conversation.save(update_fields=list(fields))
            if reached == Conversation.Status.IN_PROGRESS:
                return conversation
            conversation.submit(urgency=urgency)
            if reached == Conversation.Status.AWAITING_DOCTOR and doctor is None:
                return conversation
            doctor = doctor or DoctorFactory()
            conversation.claim(by=doctor)
            if reached in {Conversation.Status.DOCTOR_RESPONDED, Conversation.Status.CLOSED}:
                conversation.answer(answer, by=doctor)
            if reached == Conversation.Status.CLOSED:
                conversation.close(by=doctor)
            return conversation


class OfCaseFactory(SystemFactory):
    """What belongs to a conversation and carries its patient."""

    class Meta:
        abstract = True

    conversation = factory.SubFactory(ConversationFactory)
    patient = factory.LazyAttribute(lambda row: row.conversation.patient)


class DraftFactory(SystemFactory):
    """The patient has begun to write and not sent it."""

    class Meta:
        model = Draft

    conversation = factory.SubFactory(ConversationFactory)
    patient = factory.SelfAttribute("conversation.patient")
    person = factory.SelfAttribute("conversation.patient")
    content = "text=It+began+on+Monday"


class MessageFactory(OfCaseFactory):
    """Something the patient wrote."""

    class Meta:
        model = Message

    position = factory.Sequence(lambda number: number)
    sender = Message.Sender.PATIENT
    text = "It hurts most on the stairs."
    sent_at = factory.LazyFunction(timezone.now)


class SymptomFactory(OfCaseFactory):
    """A symptom that was found."""

    class Meta:
        model = Symptom

    symptom = "Knee pain"
    severity = Symptom.Severity.MODERATE
    evidence = "My knee has hurt since I fell."


class RedFlagFactory(OfCaseFactory):
    """A sign of danger."""

    class Meta:
        model = RedFlag

    code = factory.Sequence(lambda number: f"flag-{number}")
    label = "Cannot bear weight"
    evidence = "I cannot stand on it."


class AttachmentFactory(OfCaseFactory):
    """A row that lacks its file, as imported ones may (tests of files store real ones)."""

    class Meta:
        model = Attachment

    original_name = "knee.jpg"
    content_type = "image/jpeg"
    size = 1000
    is_stored = False
    legacy_id = factory.Sequence(lambda number: f"attachment-{number}")


class PrivateNoteFactory(OfCaseFactory):
    """A doctor's note."""

    class Meta:
        model = PrivateNote

    author = factory.SubFactory(DoctorFactory)
    text = "Worried about the ligament."


class PrescriptionFactory(OfCaseFactory):
    """An active prescription, valid for four weeks."""

    class Meta:
        model = Prescription

    conversation = factory.SubFactory(ConversationFactory, answered=True)
    doctor = factory.LazyAttribute(lambda row: row.conversation.doctor or DoctorFactory())
    medication_name = "Ibuprofen"
    dose = "400 mg"
    route = "by mouth"
    frequency = "three times a day"
    duration = "5 days"
    quantity = 15
    issued_at = factory.LazyFunction(timezone.now)
    issued_on = factory.LazyFunction(timezone.localdate)
    expires_on = factory.LazyFunction(lambda: timezone.localdate() + timedelta(days=28))
    instructions = "With food."


class PrescriptionAlertFactory(SystemFactory):
    """A caution that the doctor saw."""

    class Meta:
        model = PrescriptionAlert

    prescription = factory.SubFactory(PrescriptionFactory)
    patient = factory.LazyAttribute(lambda row: row.prescription.patient)
    kind = "interaction"
    severity = PrescriptionAlert.Severity.CAUTION
    title = "Ibuprofen with enalapril"
    reason = "May impair the kidneys."


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


class ImportRunFactory(SystemFactory):
    """An import that came to its end."""

    class Meta:
        model = ImportRun

    source = {"kind": "bson", "folder": "/srv/old/dump"}
    source_key = factory.Sequence(lambda number: f"{number:064}")
    status = ImportRun.Status.FINISHED
    finished_at = factory.LazyFunction(timezone.now)
    is_ok = True


class ImportBatchFactory(SystemFactory):
    """Its first batch of accounts."""

    class Meta:
        model = ImportBatch

    run = factory.SubFactory(ImportRunFactory)
    stage = "users"
    number = 1
    position = "60000000000000000000000a"


class ImportedDocumentFactory(SystemFactory):
    """A document of the previous system that became an account."""

    class Meta:
        model = ImportedDocument

    collection = "users"
    legacy_id = factory.Sequence(lambda number: f"6100000000000000000{number:05x}")
    id = factory.LazyAttribute(lambda row: ImportedDocument.key(row.collection, row.legacy_id))
    digest = b"d" * 16
    rows = b""
    first_run = factory.SubFactory(ImportRunFactory)
    last_run = factory.LazyAttribute(lambda row: row.first_run)


class ImportItemFactory(SystemFactory):
    """A choice that the system does not know, in that document."""

    class Meta:
        model = ImportItem

    document = factory.SubFactory(ImportedDocumentFactory)
    run = factory.LazyAttribute(lambda row: row.document.first_run)
    collection = factory.LazyAttribute(lambda row: row.document.collection)
    legacy_id = factory.LazyAttribute(lambda row: row.document.legacy_id)
    entity = "patient_medical_info"
    where = "gender"
    rule = "choice_unknown"
    outcome = "set_aside"
    reason = "A choice that the system does not know; it stays unknown."
    raw = '"yes"'
