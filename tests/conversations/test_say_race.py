"""Twenty at once: one form sent twenty times is one message, twenty forms are twenty in an order without gaps."""

import uuid

import pytest

from accounts.models import User
from conversations import chat
from conversations.models import Conversation, Message
from tests.cast import as_person, system
from tests.conversations.test_start_race import AT_ONCE, all_at_once


def begun(patient: User) -> Conversation:
    with as_person(patient):
        return chat.open_consultation(patient)


def say_once(patient: User, conversation: Conversation, token: uuid.UUID) -> int:
    with as_person(patient):
        mine = Conversation.objects.visible_to(patient).get(pk=conversation.pk)
        return chat.say(mine, "I have had a cough for three days.", client_token=token, by=patient).message.position


@pytest.mark.django_db(transaction=True)
def test_one_form_sent_twenty_times_is_one_message(patient: User) -> None:
    conversation, token = begun(patient), uuid.uuid4()
    assert set(all_at_once(lambda: say_once(patient, conversation, token))) == {1}
    with system():
        assert Message.objects.filter(conversation=conversation, sender="patient").count() == 1


@pytest.mark.django_db(transaction=True)
def test_twenty_forms_are_twenty_messages_in_order(patient: User) -> None:
    conversation = begun(patient)
    positions = all_at_once(lambda: say_once(patient, conversation, uuid.uuid4()))
    assert len(set(positions)) == AT_ONCE
    with system():
        stored = list(Message.objects.filter(conversation=conversation).values_list("position", flat=True))
    assert sorted(stored) == list(range(len(stored)))
