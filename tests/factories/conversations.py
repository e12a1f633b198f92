"""Consultations.

``ConversationFactory`` walks through the model's own methods, so that a waiting case has its relation and an answered
one its doctor: ``ConversationFactory(awaiting=True)``, ``ConversationFactory(claimed=True, doctor=doctor)``,
``ConversationFactory(answered=True)``.
"""

from typing import Any

import factory
from django.utils import timezone

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
from tests.factories.accounts import DoctorFactory, UserFactory
from tests.factories.rows import SystemFactory


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
