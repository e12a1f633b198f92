"""Saying something: stored once, answered with a question, written up, refused where it must be."""

import uuid
from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from conversations import chat
from conversations.models import Conversation, Message
from tests.cast import as_person, system

ClientOf = Callable[[User], Client]


@pytest.fixture
def conversation(patient: User) -> Conversation:
    """Ana's consultation, just begun."""
    with as_person(patient):
        return chat.open_consultation(patient)


def say(conversation: Conversation, text: str, token: uuid.UUID | None = None) -> chat.Exchange:
    with as_person(conversation.patient):
        return chat.say(conversation, text, client_token=token or uuid.uuid4(), by=conversation.patient)


def said(conversation: Conversation) -> list[tuple[str, str]]:
    with system():
        return [(message.sender, message.text) for message in Message.objects.filter(conversation=conversation)]


def test_the_assistant_answers_with_a_question(conversation: Conversation) -> None:
    exchange = say(conversation, "I have had a bad cough for three days.")
    assert [reply.sender for reply in exchange.replies] == ["assistant"]
    assert exchange.replies[0].topic
    assert [sender for sender, _ in said(conversation)] == ["assistant", "patient", "assistant"]
