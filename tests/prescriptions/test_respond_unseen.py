"""An answer ends the case: it is not sent over words or files that the doctor has not seen."""

import re
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from conversations.models import Conversation
from prescriptions.models import Prescription
from tests.cast import ClientOf, system
from tests.factories import AttachmentFactory, ConversationFactory, MessageFactory
from tests.prescriptions.test_respond import ITEM, form, state_of


@pytest.fixture
def case(patient: User) -> Conversation:
    """A case of Ana's that waits, with one message."""
    waiting: Conversation = ConversationFactory(awaiting=True, patient=patient)
    MessageFactory(conversation=waiting, patient=patient, text="My head hurts.", position=1)
    return waiting


def seen_on(page: str) -> str:
    """What the form remembers of the page."""
    found = re.search(r'name="seen_token" value="([^"]+)"', page)
    assert found
    return found.group(1)


def send(client: Client, case: Conversation, seen: str, **more: str) -> Any:
    return client.post(f"/cases/{case.pk}/", form(ITEM) | {"seen_token": seen} | more)


def test_new_words_are_shown_before_the_answer_goes_out(
    client_of: ClientOf, stranger_doctor: User, case: Conversation, patient: User
) -> None:
    client = client_of(stranger_doctor)
    seen = seen_on(client.get(f"/cases/{case.pk}/").content.decode())
    MessageFactory(conversation=case, patient=patient, text="I forgot: ibuprofen made my throat swell.", position=2)

    refused = send(client, case, seen)

    assert refused.status_code == 409
    text = refused.content.decode()
    assert "Ana has added something since you opened this case" in text
    assert "ibuprofen made my throat swell" in text
    assert "Tension headache" in text
    assert state_of(case).status == "awaiting_doctor"
    assert state_of(case).doctor_id is None
    with system():
        assert not Prescription.objects.filter(conversation=case).exists()

    assert send(client, case, seen_on(text)).status_code == 302
    assert state_of(case).status == "doctor_responded"


def test_a_new_file_counts_as_well(
    client_of: ClientOf, stranger_doctor: User, case: Conversation, patient: User
) -> None:
    client = client_of(stranger_doctor)
    seen = seen_on(client.get(f"/cases/{case.pk}/").content.decode())
    AttachmentFactory(conversation=case, patient=patient)

    assert send(client, case, seen).status_code == 409


def test_adding_a_row_is_not_taken_for_having_read_what_is_new(
    client_of: ClientOf, stranger_doctor: User, case: Conversation, patient: User
) -> None:
    client = client_of(stranger_doctor)
    seen = seen_on(client.get(f"/cases/{case.pk}/").content.decode())
    MessageFactory(conversation=case, patient=patient, text="One more thing.", position=2)

    page = send(client, case, seen, step="add").content.decode()

    assert seen_on(page) == seen


def test_a_damaged_note_of_what_was_seen_sends_nothing(
    client_of: ClientOf, stranger_doctor: User, case: Conversation
) -> None:
    assert send(client_of(stranger_doctor), case, "everything").status_code == 409
    assert state_of(case).status == "awaiting_doctor"
