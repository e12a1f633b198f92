"""Ana with a chart and a consultation in every state, and clients for everybody who may call."""

from dataclasses import dataclass

from django.test import Client

from accounts.models import User
from conversations.models import Conversation
from medichat.db.context import system
from records.models import CareRelation
from tests.api.contract import NOBODY
from tests.cast import api_client
from tests.factories import (
    PASSWORD,
    AllergyFactory,
    AttachmentFactory,
    ConversationFactory,
    EmergencyContactFactory,
    MedicalHistoryFactory,
    MedicalInfoFactory,
    MedicationFactory,
    MessageFactory,
    PrescriptionFactory,
    SymptomFactory,
)


@dataclass(frozen=True)
class World:
    """People with a row of each kind, and what the table's names in braces stand for."""

    people: dict[str, User]
    values: dict[str, str]

    def client(self, who: str) -> Client:
        """Their client."""
        return api_client(self.people[who]) if who in self.people else Client()

    def filled(self, text: str) -> str:
        """The text with the names in braces replaced."""
        for name, value in self.values.items():
            text = text.replace("{" + name + "}", value)
        return text


def make_world(patient: User, her_doctor: User, administrator: User) -> World:
    """Ana with a chart, an answered, a waiting and an unfinished case."""
    MedicalInfoFactory(patient=patient, assigned_doctor=her_doctor)
    EmergencyContactFactory(patient=patient)
    AllergyFactory(patient=patient)
    MedicationFactory(patient=patient)
    MedicalHistoryFactory(patient=patient)
    unfinished = ConversationFactory(patient=patient)
    answered: Conversation = ConversationFactory(patient=patient, answered=True, doctor=her_doctor)
    waiting = ConversationFactory(patient=patient, awaiting=True)
    for make in (MessageFactory, SymptomFactory, AttachmentFactory):
        make(conversation=answered)
    PrescriptionFactory(conversation=answered, doctor=her_doctor)
    with system():
        assert CareRelation.objects.filter(patient=patient, doctor=her_doctor).exists()
    values = {
        "answered": answered.pk, "waiting": waiting.pk, "unfinished": unfinished.pk, "patient": patient.pk,
        "self": administrator.pk, "nobody": NOBODY, "password": PASSWORD,
    }  # fmt: skip
    return World(
        {"patient": patient, "doctor": her_doctor, "admin": administrator},
        {name: str(value) for name, value in values.items()},
    )
