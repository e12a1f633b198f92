"""Reading the answer: an unread mark until it is opened, the doctor's words, and nothing meant for others."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from accounts.signals import viewed
from conversations import signals
from conversations.models import Conversation
from tests.cast import ClientOf, system
from tests.factories import ConversationFactory, MessageFactory


@pytest.fixture
def answered(patient: User, her_doctor: User) -> Conversation:
    """Ana's knee, answered by Clara, with a private note."""
    case: Conversation = ConversationFactory(
        patient=patient, answered=True, doctor=her_doctor, private_note="Suspects that she exaggerates."
    )
    return case


def page_of(client_of: ClientOf, patient: User, case: Conversation) -> str:
    content: bytes = client_of(patient).get(reverse("conversations:chat", args=[case.pk])).content
    return content.decode()


def home_of(client_of: ClientOf, patient: User) -> str:
    content: bytes = client_of(patient).get(reverse("conversations:home")).content
    return content.decode()


def test_it_is_the_biggest_thing_at_home_until_it_is_opened(
    answered: Conversation, patient: User, client_of: ClientOf
) -> None:
    assert "Clara Lindqvist has answered you" in home_of(client_of, patient)
    page_of(client_of, patient, answered)
    assert "has answered you" not in home_of(client_of, patient)


def test_opening_it_is_noticed_once(answered: Conversation, patient: User, client_of: ClientOf) -> None:
    heard: list[Conversation] = []

    def listen(conversation: Conversation, **_rest: Any) -> None:
        heard.append(conversation)

    signals.answer_read.connect(listen)
    page_of(client_of, patient, answered)
    page_of(client_of, patient, answered)
    signals.answer_read.disconnect(listen)
    assert heard == [answered]


def test_looking_is_on_the_record(answered: Conversation, patient: User, client_of: ClientOf) -> None:
    heard: list[tuple[Any, ...]] = []

    def listen(by: User, patient_id: Any, resource_type: str, why: str, **_rest: Any) -> None:
        heard.append((by, patient_id, resource_type, why))

    viewed.connect(listen)
    page_of(client_of, patient, answered)
    home_of(client_of, patient)
    client_of(patient).get(reverse("conversations:history"))
    viewed.disconnect(listen)
    assert heard == [(patient, patient.pk, kind, "own") for kind in ("conversation", "home", "history")]


def test_it_shows_what_the_doctor_wrote(answered: Conversation, patient: User, client_of: ClientOf) -> None:
    page = page_of(client_of, patient, answered)
    assert "Contusion of the knee" in page
    assert "Rest and cool it." in page
    assert "Clara Lindqvist" in page


def test_private_notes_are_not_shown(answered: Conversation, patient: User, client_of: ClientOf) -> None:
    assert "exaggerates" not in page_of(client_of, patient, answered)


def test_line_breaks_stay_and_markup_is_only_text(answered: Conversation, patient: User, client_of: ClientOf) -> None:
    with system():
        answered.recommendations = "Rest.\nCool it.\n\n<b>Never</b> <script>alert(1)</script>"
        answered.save(update_fields=["recommendations"])
    page = page_of(client_of, patient, answered)
    assert "<p>Rest.<br>Cool it.</p>" in page
    assert "&lt;b&gt;Never&lt;/b&gt;" in page
    assert "<script>alert(1)" not in page


def test_imported_markup_is_kept_as_far_as_it_is_harmless(patient: User, client_of: ClientOf) -> None:
    imported = ConversationFactory(patient=patient, answered=True, legacy_id="conversation-7")
    with system():
        imported.recommendations = '<ul><li onclick="x()">Rest</li></ul><script>alert(1)</script><img src=x>'
        imported.save(update_fields=["recommendations"])
    page = page_of(client_of, patient, imported)
    assert "<ul><li>Rest</li></ul>" in page
    assert "alert(1)" not in page
    assert "onclick" not in page


def test_another_patient_does_not_read_it(answered: Conversation, another_patient: User, client_of: ClientOf) -> None:
    url = reverse("conversations:chat", args=[answered.pk])
    assert client_of(another_patient).get(url).status_code == 404
    with system():
        answered.refresh_from_db()
    assert answered.unread_by_patient


def test_looking_at_the_headers_only_does_not_mark_it_read(
    answered: Conversation, patient: User, client_of: ClientOf
) -> None:
    client_of(patient).head(reverse("conversations:chat", args=[answered.pk]))
    with system():
        answered.refresh_from_db()
    assert answered.unread_by_patient


@pytest.mark.parametrize("state", [{}, {"awaiting": True}, {"answered": True}], ids=["running", "waiting", "answered"])
def test_the_number_of_statements_does_not_grow_with_the_messages(
    patient: User, client_of: ClientOf, state: dict[str, bool]
) -> None:
    case = ConversationFactory(patient=patient, **state)
    client, url = client_of(patient), reverse("conversations:chat", args=[case.pk])
    MessageFactory(conversation=case, position=1, text="My knee hurts.")
    client.get(url)
    with CaptureQueriesContext(connection) as few:
        client.get(url)
    for position in range(2, 40):
        MessageFactory(conversation=case, position=position, text="It hurts on the stairs.")
    with CaptureQueriesContext(connection) as many:
        client.get(url)
    assert len(many) == len(few)
    assert len(many) <= 25


def test_a_doctor_without_a_name_is_still_somebody(client_of: ClientOf, patient: User, her_doctor: User) -> None:
    """Imported accounts may have no name; the address of a doctor is not for patients."""
    case = ConversationFactory(answered=True, patient=patient, doctor=her_doctor)
    with system():
        User.objects.filter(pk=her_doctor.pk).update(first_name="", last_name="")
    client = client_of(patient)

    assert "A doctor has answered you" in client.get("/consultations/home/").content.decode()
    page = client.get(f"/consultations/{case.pk}/").content.decode()
    assert "A doctor answered on" in page
    assert her_doctor.email not in page
