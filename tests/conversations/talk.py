"""How the tests of the chat talk: as the patient, through the domain or through the page."""

import uuid

from django.test import Client
from django.urls import reverse

from conversations import chat
from conversations.models import Conversation, Message
from tests.cast import as_person, system

ANSWERS = [
    "I have had a cough for three days.",
    "No",
    "It came on slowly.",
    "3",
    "No",
    "It is worse at night.",
    "I am allergic to penicillin, it gives me a rash.",
    "I take metformin 500 mg.",
    "I have diabetes.",
    "No, nothing else.",
]


def say(conversation: Conversation, text: str, token: uuid.UUID | None = None) -> chat.Exchange:
    """The patient of the conversation says something."""
    with as_person(conversation.patient):
        return chat.say(conversation, text, client_token=token or uuid.uuid4(), by=conversation.patient)


def answer_everything(conversation: Conversation) -> None:
    """Answer the assistant's questions until it has no more."""
    for answer in ANSWERS:
        say(conversation, answer)
        if conversation.intake_ended_at is not None:
            return
    raise AssertionError("The assistant went on asking.")


def said(conversation: Conversation) -> list[tuple[str, str]]:
    """Everything that was said: sender and text, in order."""
    with system():
        return [(message.sender, message.text) for message in Message.objects.filter(conversation=conversation)]


def words_of_the_patient(conversation: Conversation) -> list[str]:
    """Only what the patient said."""
    return [text for sender, text in said(conversation) if sender == "patient"]


def send(client: Client, conversation: Conversation, text: str, **more: object) -> object:
    """Send the message form of the page."""
    data = {"text": text, "client_token": str(uuid.uuid4()), **more}
    return client.post(reverse("conversations:message", args=[conversation.pk]), data)
