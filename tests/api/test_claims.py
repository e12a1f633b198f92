"""Taking cases, giving them back, closing them, and sending a consultation off, through the API."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from conversations.models import Conversation, PrivateNote
from tests.api.asking import is_error, posted
from tests.api.test_chat import say
from tests.cast import ClientOf, as_person
from tests.factories import ConversationFactory


@pytest.fixture
def darius(api_of: ClientOf, stranger_doctor: User) -> Client:
    return api_of(stranger_doctor)


def claims(client: Client) -> list[str]:
    return [row["id"] for row in client.get("/api/doctors/claims").json()["conversations"]]


def act(client: Client, case: Conversation, name: str, body: Any = None) -> Any:
    return posted(client, f"/doctors/conversation/{case.pk}/{name}", body)


def test_a_case_is_taken_and_given_back(
    darius: Client, api_of: ClientOf, her_doctor: User, stranger_doctor: User, patient: User
) -> None:
    case = ConversationFactory(patient=patient, awaiting=True)
    assert [act(darius, case, "claim").status_code for _ in range(2)] == [200, 200]
    assert claims(darius) == [str(case.pk)]
    clara = api_of(her_doctor)
    taken = act(clara, case, "claim")
    assert is_error(taken, 409)
    assert "Darius Moreau" in taken.json()["error"]
    assert is_error(act(clara, case, "release", {"reason": "x"}), 409)
    assert is_error(act(darius, case, "release", {}), 400)
    assert act(darius, case, "release", {"reason": "Not my field."}).status_code == 200
    assert claims(darius) == []
    assert act(clara, case, "claim").status_code == 200
    with as_person(her_doctor):
        assert "Not my field." in PrivateNote.objects.get().text


def test_an_answered_visit_is_closed(api_of: ClientOf, her_doctor: User, patient: User) -> None:
    clara = api_of(her_doctor)
    waiting = ConversationFactory(patient=patient, claimed=True, doctor=her_doctor)
    answered = ConversationFactory(patient=patient, answered=True, doctor=her_doctor)
    assert is_error(act(clara, waiting, "close"), 409)
    assert [act(clara, answered, "close").status_code for _ in range(2)] == [200, 200]
    with as_person(her_doctor):
        assert Conversation.objects.get(pk=answered.pk).status == "closed"


def test_a_consultation_is_sent_off_without_more_questions(
    api_of: ClientOf, patient: User, another_patient: User
) -> None:
    ana = api_of(patient)
    begun = say(ana, "My left knee has hurt since Monday.").json()["conversationId"]
    assert is_error(posted(api_of(another_patient), f"/patients/conversations/{begun}/send"), 404)
    assert [posted(ana, f"/patients/conversations/{begun}/send").status_code for _ in range(2)] == [200, 200]
    with as_person(patient):
        assert Conversation.objects.get(pk=begun).status == "awaiting_doctor"
    empty = ConversationFactory(patient=patient)
    assert is_error(posted(ana, f"/patients/conversations/{empty.pk}/send"), 409)
