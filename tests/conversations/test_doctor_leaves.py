"""A doctor who has taken a case and can no longer answer it."""

import pytest

from accounts.models import User
from conversations.models import Conversation
from tests.cast import ClientOf, as_person, system
from tests.factories import ConversationFactory

PEOPLE = "/admin/accounts/user/"


@pytest.fixture
def case(patient: User, her_doctor: User) -> Conversation:
    """A case of Ana's that Clara has taken."""
    claimed: Conversation = ConversationFactory(awaiting=True, patient=patient)
    with as_person(her_doctor):
        claimed.claim(by=her_doctor)
    return claimed


def doctor_of(case: Conversation) -> User | None:
    """Who has it now."""
    with system():
        return Conversation.objects.select_related("doctor").get(pk=case.pk).doctor


@pytest.mark.parametrize("act", ["deactivate", "withdraw_approval"])
def test_their_cases_wait_for_another_doctor(
    client_of: ClientOf, administrator: User, her_doctor: User, stranger_doctor: User, case: Conversation, act: str
) -> None:
    client_of(administrator).post(PEOPLE, {"action": act, "_selected_action": [str(her_doctor.pk)]})

    assert doctor_of(case) is None
    page = client_of(stranger_doctor).get("/queue/").content.decode()
    assert f"/cases/{case.pk}/" in page
    assert client_of(stranger_doctor).post(f"/cases/{case.pk}/claim/").status_code == 302
    assert doctor_of(case) == stranger_doctor


def test_the_system_gives_them_back_too(her_doctor: User, case: Conversation) -> None:
    with system():
        her_doctor.deactivate(by=None)

    assert doctor_of(case) is None


def test_answered_cases_keep_their_doctor(administrator: User, her_doctor: User, patient: User) -> None:
    answered = ConversationFactory(answered=True, patient=patient, doctor=her_doctor)
    with as_person(administrator):
        her_doctor.deactivate(by=administrator)

    assert doctor_of(answered) == her_doctor
