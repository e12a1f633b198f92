"""DELETE by an administrator: what holds a clinical record is ended or put away, what never held any is really gone."""

import uuid

import pytest
from django.test import Client

from accounts.models import Session, User
from audit.actions import Action
from audit.models import ActivityLog
from conversations.chat import open_consultation, say
from conversations.models import Conversation, Message
from records.models import SearchWord
from tests.cast import ClientOf, as_person, authenticator_of, system
from tests.factories import AllergyFactory, ConversationFactory, DoctorFactory, MedicalInfoFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def farid(api_of: ClientOf, administrator: User) -> Client:
    return api_of(administrator)


def exists(user: User) -> bool:
    with system():
        return User.objects.filter(pk=user.pk).exists()


def delete(farid: Client, user: User) -> None:
    response = farid.delete(f"/api/admin/users/{user.pk}")
    assert (response.status_code, response.json()) == (200, {"message": "The account is ended."})


def test_an_account_that_was_never_used_is_gone(farid: Client, patient: User, api_of: ClientOf) -> None:
    client = api_of(patient)
    authenticator_of(patient)
    delete(farid, patient)
    assert not exists(patient)
    with system():
        assert not Session.objects.filter(user_id=patient.pk).exists()
        assert not SearchWord.objects.filter(patient_id=patient.pk).exists()
        row = ActivityLog.objects.get(action=Action.USER_DELETED)
    assert (row.resource_id, row.actor_role, row.purpose) == (str(patient.pk), "admin", "administration")
    assert client.get("/api/patients/profile").status_code == 401
    assert farid.delete(f"/api/admin/users/{patient.pk}").status_code == 404


def test_a_doctor_who_never_saw_anybody_is_gone(farid: Client) -> None:
    doctor: User = DoctorFactory(email="new@example.org", licence_number="LIC-NEW")
    delete(farid, doctor)
    assert not exists(doctor)


@pytest.mark.parametrize("record", ["allergy", "information", "consultation"])
def test_a_patient_with_a_record_is_ended_and_keeps_it(farid: Client, patient: User, record: str) -> None:
    {"allergy": AllergyFactory, "information": MedicalInfoFactory, "consultation": ConversationFactory}[record](
        patient=patient
    )
    delete(farid, patient)
    with system():
        assert not User.objects.get(pk=patient.pk).is_active
        assert SearchWord.objects.filter(patient_id=patient.pk, kind="name").exists()
        assert not ActivityLog.objects.filter(action=Action.USER_DELETED).exists()


def test_a_doctor_with_a_patient_is_ended(farid: Client, her_doctor: User) -> None:
    delete(farid, her_doctor)
    with system():
        assert not User.objects.get(pk=her_doctor.pk).is_active


def test_an_imported_account_is_ended_because_it_proves_where_it_came_from(farid: Client) -> None:
    imported: User = UserFactory(email="old@example.org", legacy_id="5f0000000000000000000001")
    delete(farid, imported)
    assert exists(imported)


def test_a_consultation_in_which_nothing_was_said_is_gone(farid: Client, patient: User) -> None:
    with as_person(patient):
        empty = open_consultation(patient)
    assert farid.delete(f"/api/admin/conversations/{empty.pk}").status_code == 200
    with system():
        assert not Conversation.objects.filter(pk=empty.pk).exists()
        assert not Message.objects.filter(conversation_id=empty.pk).exists()
        assert ActivityLog.objects.get(action=Action.CONVERSATION_DELETED).resource_id == str(empty.pk)
    with as_person(patient):
        assert open_consultation(patient).visit_number == 1


def test_a_consultation_in_which_something_was_said_stays_with_every_word(farid: Client, patient: User) -> None:
    with as_person(patient):
        begun = open_consultation(patient)
        say(begun, "My knee hurts.", client_token=uuid.uuid4(), by=patient)
    with system():
        words = Message.objects.filter(conversation=begun).count()
    assert farid.delete(f"/api/admin/conversations/{begun.pk}").status_code == 200
    with system():
        assert Message.objects.filter(conversation=begun).count() == words > 1
    with as_person(patient):
        assert Conversation.objects.filter(pk=begun.pk).exists()


@pytest.mark.parametrize("who", ["patient", "her_doctor", "stranger_doctor"])
def test_nobody_else_can_delete_however_they_reach_the_database(
    request: pytest.FixtureRequest, another_patient: User, who: str
) -> None:
    person: User = request.getfixturevalue(who)
    with as_person(another_patient):
        empty = open_consultation(another_patient)
    with as_person(person):
        assert not another_patient.delete_if_unused(by=person)
        assert not empty.delete_if_unused(by=person)
    assert exists(another_patient)


def test_an_administrator_does_not_delete_themselves(administrator: User) -> None:
    with as_person(administrator):
        assert not administrator.delete_if_unused(by=administrator)
    assert exists(administrator)
