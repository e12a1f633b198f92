"""Sending a consultation before the questions are finished."""

import uuid

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from accounts.models import User
from conversations import chat
from conversations.models import Conversation, Status
from medichat.refusals import ConflictError
from tests.cast import ClientOf, as_person, system
from tests.conversations.talk import said, say, words_of_the_patient


def send(client_of: ClientOf, who: User, conversation: Conversation) -> int:
    return client_of(who).post(reverse("conversations:send", args=[conversation.pk])).status_code


def test_the_case_waits_for_a_doctor(consultation: Conversation, client_of: ClientOf) -> None:
    say(consultation, "I have had a cough for three days.")
    assert send(client_of, consultation.patient, consultation) == 302
    with system():
        consultation.refresh_from_db()
    assert consultation.status == Status.AWAITING_DOCTOR
    assert consultation.intake_ended_at is not None
    assert said(consultation)[-1][0] == "assistant"


def test_twice_is_harmless(consultation: Conversation, client_of: ClientOf) -> None:
    say(consultation, "I have had a cough for three days.")
    send(client_of, consultation.patient, consultation)
    before = said(consultation)
    assert send(client_of, consultation.patient, consultation) == 302
    assert said(consultation) == before


def test_what_was_typed_is_sent_along(consultation: Conversation, client_of: ClientOf) -> None:
    data = {"text": "I have had a cough for three days.", "client_token": str(uuid.uuid4())}
    client_of(consultation.patient).post(reverse("conversations:send", args=[consultation.pk]), data)
    assert words_of_the_patient(consultation) == ["I have had a cough for three days."]
    with system():
        consultation.refresh_from_db()
    assert consultation.status == Status.AWAITING_DOCTOR


def test_an_empty_consultation_is_not_sent(consultation: Conversation) -> None:
    with as_person(consultation.patient), pytest.raises(ConflictError, match="Write what the problem is"):
        chat.send_now(consultation, by=consultation.patient)


def test_nobody_else_sends_it(
    consultation: Conversation, another_patient: User, her_doctor: User, client_of: ClientOf
) -> None:
    assert send(client_of, another_patient, consultation) == 404
    assert send(client_of, her_doctor, consultation) == 403
    with system(), pytest.raises(PermissionDenied):
        chat.send_now(consultation, by=another_patient)
