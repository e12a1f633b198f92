"""One patient with a row in every table that holds patient data, and words that stand in no other row and on no page.

Other tests of this folder look for these words, or try to reach these rows, as people who have no business with them.
"""

import io
import uuid
from dataclasses import dataclass
from datetime import timedelta

import pikepdf
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from accounts.models import Session, User
from conversations import attachments
from conversations.models import Attachment, Conversation, ConversationWord, Message
from medichat.db.blind_index import tokens
from medichat.db.context import acting_as, system
from medichat.legacy.models import ImportedDocument, ImportRun
from prescriptions.models import IssuedSheet, Prescription, RefillRequest
from records.models import Allergy, CareRelation, EmergencyContact, Medication, Source
from tests import factories
from tests.security.words import SECRETS

__all__ = ["SECRETS", "Seed", "sow"]


@dataclass(frozen=True)
class Seed:
    """The patient, her doctor, her rows, and people who have nothing to do with her."""

    patient: User
    her_doctor: User
    another_patient: User
    stranger_doctor: User
    unapproved_doctor: User
    administrator: User
    answered: Conversation
    claimed: Conversation
    unfinished: Conversation
    attachment: Attachment
    prescription: Prescription
    sheet: IssuedSheet
    refill: RefillRequest
    allergy: Allergy
    medicine: Medication
    contact: EmergencyContact
    session: Session
    waiting: Conversation | None

    @property
    def ids(self) -> set[str]:
        """The ids of her rows that stand in addresses."""
        rows = [
            self.patient,
            self.answered,
            self.claimed,
            self.unfinished,
            self.attachment,
            self.prescription,
            self.medicine,
        ]
        return {str(row.pk) for row in [*rows, self.refill, self.allergy, self.contact, self.session]}


def sow(*, with_waiting_case: bool = False) -> Seed:
    """Make the people and the rows. A waiting case is for every approved doctor, so it comes only when asked for."""
    patient = factories.UserFactory(
        email="secretive@example.org", first_name="Anastazija", last_name="Brzovoljec", phone="01632 960777"
    )
    her_doctor = factories.DoctorFactory(first_name="Clara", last_name="Lindqvist")
    administrator = factories.AdministratorFactory(first_name="Farid", last_name="Olsen")
    allergy, medicine, contact = _chart(patient)
    answered = factories.ConversationFactory(
        patient=patient,
        answered=True,
        doctor=her_doctor,
        complaint="Some purple itching.",
        summary="Chief complaint\nSome purple itching.",
        diagnosis="Dermatitis glaucescens",
        private_note="hypochondriasis suspected",
    )
    sheet = factories.IssuedSheetFactory(conversation=answered, patient_initials="A. B.")
    prescription = factories.PrescriptionFactory(
        conversation=answered, medication_name="Vorpalene", instructions="Only with moonlight baths.", sheet=sheet
    )
    factories.PrescriptionFillFactory(prescription=prescription, pharmacy="Pharmacy at the Schattenweg")
    refill = factories.RefillRequestFactory(prescription=prescription, message="The plover egg is empty.")
    _opened_in_an_emergency(patient)
    factories.PrescriptionAlertFactory(
        prescription=prescription,
        title="beware of Quellamidol",
        override_reason="jabberwocky",
        overridden_by=her_doctor,
    )
    claimed = factories.ConversationFactory(patient=patient, claimed=True, doctor=her_doctor, complaint="Elbow shimmer")
    unfinished = factories.ConversationFactory(patient=patient, complaint="Elbow shimmer again")
    for case in (answered, claimed, unfinished):
        _said(case)
    factories.DraftFactory(conversation=unfinished, content="text=A+galumphing+cough")
    factories.DraftFactory(
        conversation=claimed, person=her_doctor, content="answer-diagnosis=A+frabjous+rash&items-TOTAL_FORMS=0"
    )
    waiting = factories.ConversationFactory(patient=patient, awaiting=True) if with_waiting_case else None
    with system():
        # Her cases were taken hours ago: doctors who saw them waiting have long been told by whom.
        CareRelation.objects.open_to_all().exclude(valid_until=None).update(
            valid_from=timezone.now() - timedelta(hours=4), valid_until=timezone.now() - timedelta(hours=3)
        )
        answered.archive(by=patient)
        answered.archive(by=her_doctor)
        _imported()
        LogEntry.objects.create(
            user=administrator, action_flag=CHANGE, object_id=str(patient.pk), object_repr="Anastazija Brzovoljec"
        )
    return Seed(
        patient=patient,
        her_doctor=her_doctor,
        another_patient=factories.UserFactory(email="boris@example.org", first_name="Boris", last_name="Kral"),
        stranger_doctor=factories.DoctorFactory(first_name="Darius", last_name="Moreau"),
        unapproved_doctor=factories.DoctorFactory(first_name="Elena", last_name="Novak", approved_at=None),
        administrator=administrator,
        answered=answered,
        claimed=claimed,
        unfinished=unfinished,
        attachment=_attached(unfinished, patient),
        prescription=prescription,
        sheet=sheet,
        refill=refill,
        allergy=allergy,
        medicine=medicine,
        contact=contact,
        session=factories.SessionFactory(user=patient, device="turquoise pallor 7"),
        waiting=waiting,
    )


def _opened_in_an_emergency(patient: User) -> None:
    """Long ago and by a doctor who is nobody else of the seed; an administrator has thought about it."""
    hours_ago = timezone.now() - timedelta(hours=5)
    access = factories.EmergencyAccessFactory(patient=patient, valid_from=hours_ago, reason="Lay in marmalade trance")
    factories.EmergencyReviewFactory(relation=access, note="The doctor went snark hunting.")


def _chart(patient: User) -> tuple[Allergy, Medication, EmergencyContact]:
    factories.MfaTokenFactory(user=patient)
    factories.StoredAnswerFactory(person=patient, body='{"response": "The Jabberwock burbled."}')
    factories.MedicalInfoFactory(
        patient=patient, insurance_provider="Sternversicherung", pharmacy_name="Pharmacy at the Schattenweg"
    )
    hers = {"patient": patient, "source": Source.PATIENT, "recorded_by": patient}
    medicine: Medication = factories.MedicationFactory(
        **hers, medication_name="Quellamidol", dosage="a thimble at dawn"
    )
    factories.MedicalHistoryFactory(patient=patient, condition="Morbus testaricus")
    factories.SurgicalHistoryFactory(patient=patient, procedure="Glimmerotomy")
    factories.FamilyHistoryFactory(patient=patient, condition="Nebelgicht")
    factories.ImmunizationFactory(patient=patient, vaccine="Pollovax")
    factories.SocialHistoryFactory(patient=patient, statement_text="Tames jub jub birds")
    factories.VitalSignsFactory(patient=patient, notes="After a marathon of tea")
    factories.EarlierStatementFactory(patient=patient, field="pharmacy_name", value="Pharmacy at the Wabe")
    allergy: Allergy = factories.AllergyFactory(**hers, allergen="Zirconfloxacin", reaction="Wheezebloom")
    contact: EmergencyContact = factories.EmergencyContactFactory(patient=patient, name="Ottokar")
    return allergy, medicine, contact


def _imported() -> None:
    """What an import that met her remembers. (She herself was made here: a legacy id is set when a row is made.)"""
    run = ImportRun.begin(source={"kind": "bson"}, source_key="0" * 64, options={})
    run.batches.create(stage="users", number=1, position="1")
    key = ImportedDocument.key("users", "61a0000000000000000000aa")
    document = ImportedDocument(pk=key, collection="users", legacy_id="61a0000000000000000000aa", digest=b"", rows=b"")
    document.raw, document.first_run, document.last_run = '{"firstName": "Anastazija"}', run, run
    document.save(force_insert=True)
    document.items.create(
        run=run,
        collection="users",
        legacy_id=document.legacy_id,
        entity="users",
        where="petName",
        rule="unknown_field",
        outcome="set_aside",
        reason="A field that the system does not know.",
        raw='"Brzovoljec"',
    )


def _said(case: Conversation) -> None:
    said = "A velociraptor bit me."
    message: Message = factories.MessageFactory(conversation=case, text=said)
    factories.SymptomFactory(conversation=case, symptom="Elbow shimmer", evidence=said, evidence_message_id=message.pk)
    factories.RedFlagFactory(conversation=case, label="turquoise pallor", evidence=said)
    with system():
        ConversationWord.objects.bulk_create(
            [ConversationWord(conversation=case, patient_id=case.patient_id, token=token) for token in tokens(said)]
        )


def _attached(case: Conversation, patient: User) -> Attachment:
    content = io.BytesIO()
    with pikepdf.new() as document:
        document.add_blank_page()
        document.docinfo["/Title"] = "BYTES-OF-THE-ELBOW"
        document.save(content)
    file = SimpleUploadedFile("xylograph.pdf", content.getvalue(), content_type="application/pdf")
    with acting_as(patient):
        return attachments.attach(case, file, by=patient, client_token=uuid.uuid4())
