"""Starting a consultation: the opening, one at a time, and what comes before the first message."""

import pytest
from django.urls import reverse

from accounts.models import User
from conversations import chat
from conversations.models import Conversation, Message, Status
from tests.cast import ClientOf, as_person, system
from tests.conversations.talk import answer_everything, say
from tests.factories import ConversationFactory


def numbers(patient: User) -> list[int]:
    with system():
        rows = Conversation.objects.filter(patient=patient).order_by("visit_number")
        return list(rows.values_list("visit_number", flat=True))


def test_it_begins_with_the_assistants_opening(consultation: Conversation) -> None:
    with system():
        (opening,) = Message.objects.filter(conversation=consultation)
    assert (opening.sender, opening.position, opening.topic) == ("assistant", 0, "opening")
    assert consultation.status == Status.IN_PROGRESS
    assert consultation.questions_asked == 1


def test_starting_again_continues_the_unfinished_one(patient: User, consultation: Conversation) -> None:
    say(consultation, "I have a cough.")
    with as_person(patient):
        assert chat.open_consultation(patient) == consultation
    assert numbers(patient) == [1]


def test_a_finished_one_is_not_continued(patient: User, consultation: Conversation) -> None:
    answer_everything(consultation)
    with as_person(patient):
        second = chat.open_consultation(patient)
    assert second.visit_number == 2
    assert numbers(patient) == [1, 2]


def test_an_imported_unfinished_one_is_not_continued(patient: User) -> None:
    imported = ConversationFactory(patient=patient, legacy_id="conversation-1")
    with as_person(patient):
        assert chat.open_consultation(patient) != imported


def test_the_button_starts_and_shows_the_chat(patient: User, client_of: ClientOf) -> None:
    client = client_of(patient)
    response = client.post(reverse("conversations:start"))
    with system():
        conversation = Conversation.objects.get(patient=patient)
    assert response["Location"] == reverse("conversations:chat", args=[conversation.pk])
    page = client.get(response["Location"])
    assert page.status_code == 200
    assert "What is the problem today?" in page.content.decode()


def test_a_link_does_not_start_anything(patient: User, client_of: ClientOf) -> None:
    assert client_of(patient).get(reverse("conversations:start")).status_code == 405
    assert numbers(patient) == []


@pytest.mark.parametrize("who", ["her_doctor", "administrator"])
def test_only_patients_start_one(who: str, request: pytest.FixtureRequest, client_of: ClientOf) -> None:
    somebody: User = request.getfixturevalue(who)
    assert client_of(somebody).post(reverse("conversations:start")).status_code == 403
    assert numbers(somebody) == []


def test_the_home_page_offers_to_start_and_then_to_continue(patient: User, client_of: ClientOf) -> None:
    client = client_of(patient)
    assert "Start a consultation" in client.get(reverse("conversations:home")).content.decode()
    client.post(reverse("conversations:start"))
    page = client.get(reverse("conversations:home")).content.decode()
    assert "Your consultation is not finished" in page
    assert "Start a consultation" not in page


def test_a_strangers_chat_does_not_exist(
    consultation: Conversation, another_patient: User, client_of: ClientOf
) -> None:
    url = reverse("conversations:chat", args=[consultation.pk])
    assert client_of(another_patient).get(url).status_code == 404
