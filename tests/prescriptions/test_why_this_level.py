"""The case page says why a case is where it is in the queue: the rule behind each flag, or that there was none."""

import uuid

from accounts.models import User
from conversations.models import Conversation, Urgency
from tests.cast import ClientOf
from tests.factories import ConversationFactory, RedFlagFactory

NOTHING = "No warning sign was recognised in what the patient wrote."


def page(client_of: ClientOf, doctor: User, case: Conversation) -> str:
    return client_of(doctor).get(f"/cases/{case.pk}/").content.decode()


def test_a_flag_stands_with_its_rule_in_plain_words(client_of: ClientOf, stranger_doctor: User, patient: User) -> None:
    case: Conversation = ConversationFactory(awaiting=True, patient=patient)
    RedFlagFactory(conversation=case, patient=patient, code="stroke", label="Possible stroke or mini-stroke")
    text = page(client_of, stranger_doctor, case)
    assert "Drooping face, weakness or numbness on one side" in text
    assert NOTHING not in text


def test_a_flag_of_a_rule_that_is_gone_still_shows(client_of: ClientOf, stranger_doctor: User, patient: User) -> None:
    case: Conversation = ConversationFactory(awaiting=True, patient=patient)
    RedFlagFactory(conversation=case, patient=patient, code="no_longer_a_rule", label="An old flag")
    assert "An old flag" in page(client_of, stranger_doctor, case)


def test_a_routine_case_says_that_nothing_was_recognised(
    client_of: ClientOf, stranger_doctor: User, patient: User
) -> None:
    case: Conversation = ConversationFactory(awaiting=True, patient=patient, urgency=Urgency.ROUTINE)
    assert NOTHING in page(client_of, stranger_doctor, case)


def test_of_an_imported_case_nothing_is_said_that_the_assistant_did_not_judge(
    client_of: ClientOf, stranger_doctor: User, patient: User
) -> None:
    case: Conversation = ConversationFactory(
        awaiting=True, patient=patient, urgency=Urgency.ROUTINE, legacy_id=uuid.uuid4().hex[:24]
    )
    assert NOTHING not in page(client_of, stranger_doctor, case)
