"""Answers that an editor formatted: read as such by doctor and patient, safe for both."""

import pytest
from django.test import Client

from accounts.models import User
from conversations.models import Answer, Conversation, Urgency
from tests.cast import ClientOf, as_person, system
from tests.factories import ConversationFactory

STORED = (
    '<p>Rest for <strong>3 days</strong>.</p><ul><li>Ice</li></ul><script>alert("CANARY")</script><img src=x onerror=y>'
)
SHOWN = "<p>Rest for <strong>3 days</strong>.</p><ul><li>Ice</li></ul>"


@pytest.fixture
def answered(patient: User, her_doctor: User) -> Conversation:
    """A case whose answer came from the previous system, stored as its editor wrote it."""
    case: Conversation = ConversationFactory(patient=patient, answered=True, doctor=her_doctor)
    with system():
        case.diagnosis = "<p><em>Sprain</em> of the knee</p>"
        case.recommendations = case.referrals = STORED
        case.unread_by_patient = False
        case.save()
    return case


def pages(client: Client, *paths: str) -> list[str]:
    return [client.get(path).content.decode() for path in paths]


def test_the_patient_reads_the_formatting(answered: Conversation, client_of: ClientOf) -> None:
    (page,) = pages(client_of(answered.patient), f"/consultations/{answered.pk}/")
    assert page.count(SHOWN) == 2
    assert "<em>Sprain</em>" in page
    assert "CANARY" not in page
    assert "onerror" not in page


def test_so_does_the_doctor(answered: Conversation, her_doctor: User, client_of: ClientOf) -> None:
    (page,) = pages(client_of(her_doctor), f"/cases/{answered.pk}/")
    assert page.count(SHOWN) == 2
    assert "&lt;p&gt;" not in page
    assert "CANARY" not in page


def test_titles_and_lists_have_the_words_alone(answered: Conversation, client_of: ClientOf) -> None:
    for page in pages(client_of(answered.patient), "/consultations/home/", "/consultations/"):
        assert "Sprain of the knee" in page
        assert "&lt;" not in page


def test_what_a_doctor_sends_is_stored_with_its_formatting_only(
    patient: User, her_doctor: User, client_of: ClientOf
) -> None:
    case: Conversation = ConversationFactory(patient=patient)
    with system():
        case.submit(urgency=Urgency.ROUTINE)
    with as_person(her_doctor):
        case.answer(
            Answer(diagnosis="Temperature <38", recommendations=STORED, private_note="<p onclick=x>See &amp; wait</p>"),
            by=her_doctor,
        )
    with system():
        case.refresh_from_db()
        assert (case.diagnosis, case.recommendations) == ("Temperature <38", SHOWN)
        assert [note.text for note in case.private_notes.all()] == ["<p>See &amp; wait</p>"]


def test_an_editor_left_empty_is_no_diagnosis(patient: User, her_doctor: User) -> None:
    case: Conversation = ConversationFactory(patient=patient, awaiting=True)
    with as_person(her_doctor), pytest.raises(ValueError, match="needs a diagnosis"):
        case.answer(Answer(diagnosis="<p><br></p>"), by=her_doctor)
