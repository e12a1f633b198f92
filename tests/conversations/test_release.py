"""Giving a case back to the queue: by its doctor, or by an administrator when the doctor does not come back to it."""

import pytest
from django.contrib.admin.models import LogEntry

from accounts.models import User
from audit.models import ActivityLog
from conversations.models import Conversation, PrivateNote
from records.models import CareRelation
from tests.cast import ClientOf, as_person, system
from tests.factories import ConversationFactory

pytestmark = pytest.mark.django_db

CASES = "/admin/conversations/conversation/"


@pytest.fixture
def case(patient: User, her_doctor: User) -> Conversation:
    """A case of Ana's that Clara has taken."""
    made: Conversation = ConversationFactory(patient=patient, claimed=True, doctor=her_doctor)
    return made


def doctor_of(case: Conversation) -> User | None:
    with system():
        return Conversation.objects.select_related("doctor").get(pk=case.pk).doctor


def test_the_doctor_gives_it_back_and_the_next_one_reads_why(
    client_of: ClientOf, her_doctor: User, stranger_doctor: User, case: Conversation
) -> None:
    response = client_of(her_doctor).post(f"/cases/{case.pk}/release/", {"reason": "Needs a dermatologist"})
    assert response["Location"] == "/queue/"
    assert doctor_of(case) is None
    client = client_of(stranger_doctor)
    assert client.get(f"/cases/{case.pk}/").status_code == 200
    client.post(f"/cases/{case.pk}/claim/")
    page = client.get(f"/cases/{case.pk}/").content.decode()
    assert "Given back to the queue: Needs a dermatologist" in page
    assert "Clara Lindqvist" in page


def test_the_patient_does_not_read_it(client_of: ClientOf, patient: User, her_doctor: User, case: Conversation) -> None:
    client_of(her_doctor).post(f"/cases/{case.pk}/release/", {"reason": "Needs a dermatologist"})
    assert "dermatologist" not in client_of(patient).get(f"/consultations/{case.pk}/").content.decode()
    with as_person(patient):
        assert not PrivateNote.objects.exists()


def test_without_a_reason_it_stays(client_of: ClientOf, her_doctor: User, case: Conversation) -> None:
    client_of(her_doctor).post(f"/cases/{case.pk}/release/", {"reason": " "})
    assert doctor_of(case) == her_doctor


def test_another_doctor_cannot(
    client_of: ClientOf, stranger_doctor: User, her_doctor: User, case: Conversation
) -> None:
    assert client_of(stranger_doctor).post(f"/cases/{case.pk}/release/", {"reason": "Mine now"}).status_code == 404
    assert doctor_of(case) == her_doctor


def act(client_of: ClientOf, administrator: User, *cases: Conversation, reason: str) -> str:
    sent = {"action": "release", "_selected_action": [str(case.pk) for case in cases], "reason": reason}
    return client_of(administrator).post(CASES, sent, follow=True).content.decode()


def test_an_administrator_releases_it_with_a_reason_on_record(
    client_of: ClientOf, administrator: User, her_doctor: User, stranger_doctor: User, case: Conversation
) -> None:
    page = act(client_of, administrator, case, reason="Dr Lindqvist is ill")
    assert "1 released to the queue." in page
    assert doctor_of(case) is None
    with system():
        (note,) = PrivateNote.objects.all()
        (row,) = ActivityLog.objects.filter(action="conversation.released")
        assert (note.author_id, note.text) == (administrator.pk, "Given back to the queue: Dr Lindqvist is ill")
        assert (row.actor_id, row.resource_id, row.purpose) == (administrator.pk, str(case.pk), "administration")
        assert LogEntry.objects.filter(object_id=str(case.pk)).exists()
        assert not CareRelation.objects.filter(doctor=her_doctor, kind="claimed").in_force().exists()
    assert client_of(stranger_doctor).post(f"/cases/{case.pk}/claim/").status_code == 302


def test_it_keeps_its_place_in_the_queue(client_of: ClientOf, administrator: User, case: Conversation) -> None:
    with system():
        before = Conversation.objects.get(pk=case.pk)
    act(client_of, administrator, case, reason="Nobody has answered it")
    with system():
        after = Conversation.objects.get(pk=case.pk)
    assert (after.queue_rank, after.submitted_at) == (before.queue_rank, before.submitted_at)


def test_the_administrator_must_say_why(
    client_of: ClientOf, administrator: User, her_doctor: User, case: Conversation
) -> None:
    assert "say why in the field Reason" in act(client_of, administrator, case, reason=" ")
    assert doctor_of(case) == her_doctor


def test_what_nobody_holds_is_left(client_of: ClientOf, administrator: User, case: Conversation) -> None:
    answered, waiting = ConversationFactory(answered=True), ConversationFactory(awaiting=True)
    page = act(client_of, administrator, case, answered, waiting, reason="Tidying up")
    assert "1 released to the queue." in page
    assert "2 left as they were" in page
