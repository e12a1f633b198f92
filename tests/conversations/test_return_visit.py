"""A return visit begins from the last complaint and treatment, and asks at most seven questions."""

import pytest
from django.utils import timezone

from accounts.models import User
from conversations import chat
from conversations.models import Conversation, Message
from tests.cast import as_person, system
from tests.conversations.talk import say
from tests.factories import ConversationFactory, PrescriptionFactory


@pytest.fixture
def second_visit(patient: User) -> Conversation:
    """Ana comes again after her knee was answered."""
    ConversationFactory(patient=patient, answered=True)
    with as_person(patient):
        return chat.open_consultation(patient)


def opening_of(conversation: Conversation) -> str:
    with system():
        return str(Message.objects.filter(conversation=conversation).order_by("position")[0].text)


def test_the_opening_names_the_last_complaint_and_treatment(second_visit: Conversation) -> None:
    opening = opening_of(second_visit)
    assert "My knee has hurt since I fell" in opening
    assert "Rest and cool it" in opening


def test_the_opening_names_what_was_prescribed(patient: User) -> None:
    answered = ConversationFactory(patient=patient, answered=True)
    PrescriptionFactory(conversation=answered, medication_name="Ibuprofen", dose="400 mg")
    PrescriptionFactory(
        conversation=answered,
        medication_name="Codeine",
        status="cancelled",
        cancelled_at=timezone.now(),
        cancelled_by=answered.doctor,
    )
    with as_person(patient):
        opening = opening_of(chat.open_consultation(patient))
    assert "Ibuprofen 400" in opening
    assert "Codeine" not in opening


def test_it_asks_at_most_seven_questions(second_visit: Conversation) -> None:
    while second_visit.intake_ended_at is None:
        say(second_visit, "I cannot say.")
        assert second_visit.questions_asked <= 7


def test_a_visit_that_nobody_answered_is_nothing_to_begin_from(patient: User) -> None:
    ConversationFactory(patient=patient, awaiting=True, complaint="My knee has hurt since I fell.")
    with as_person(patient):
        second = chat.open_consultation(patient)
    assert second.visit_number == 2
    assert "knee" not in opening_of(second)


def test_another_patients_visit_is_not_mentioned(patient: User, another_patient: User) -> None:
    ConversationFactory(patient=another_patient, answered=True)
    with as_person(patient):
        assert "knee" not in opening_of(chat.open_consultation(patient))


def test_a_long_treatment_is_cut_at_a_word(patient: User, her_doctor: User) -> None:
    ConversationFactory(patient=patient, answered=True)
    with system():
        answered = Conversation.objects.get(patient=patient)
        answered.recommendations = "Rest. " + "Walk a little every day. " * 40
        answered.save(update_fields=["recommendations"])
    with as_person(patient):
        opening = opening_of(chat.open_consultation(patient))
    assert "…" in opening
    assert len(opening) < 700
