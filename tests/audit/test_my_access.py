"""The doctor's page: at whose data they looked, as the patients are told of them."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from accounts.signals import viewed
from conversations.models import Conversation
from medichat.db.context import acting_as
from tests.cast import ClientOf
from tests.factories import CareRelationFactory, EmergencyAccessFactory, UserFactory

pytestmark = pytest.mark.django_db

PAGE = "/my-access/"


def look(by: User, patient: User, why: str = "care") -> None:
    with acting_as(by):
        viewed.send(Conversation, by=by, patient_id=patient.pk, resource_type="chart", resource_id=patient.pk, why=why)


def test_what_one_opened_is_listed_with_patient_and_reason(
    client_of: ClientOf, patient: User, her_doctor: User
) -> None:
    client = client_of(her_doctor)
    client.get(reverse("records:chart", args=[patient.pk]))
    page = client.get(PAGE).content.decode()
    for words in ("HORVAT, Ana", f"record {patient.record_number}", "Chart", "Care"):
        assert words in page


def test_nobody_else_s_looks_are_listed(
    client_of: ClientOf, patient: User, her_doctor: User, stranger_doctor: User
) -> None:
    look(stranger_doctor, patient)
    assert "Nothing yet." in client_of(her_doctor).get(PAGE).content.decode()


def test_a_patient_whom_one_may_not_see_any_more_has_no_name_and_is_not_mixed_up(
    client_of: ClientOf, patient: User, another_patient: User, stranger_doctor: User
) -> None:
    look(stranger_doctor, patient)
    look(stranger_doctor, another_patient)
    response = client_of(stranger_doctor).get(PAGE)
    page = response.content.decode()
    assert "HORVAT" not in page
    assert page.count("A patient whom you do not treat any more") == 2


def test_emergencies_have_a_list_of_their_own(
    client_of: ClientOf, patient: User, another_patient: User, stranger_doctor: User
) -> None:
    EmergencyAccessFactory(patient=patient, doctor=stranger_doctor)
    CareRelationFactory(patient=another_patient, doctor=stranger_doctor)
    look(stranger_doctor, another_patient)
    client = client_of(stranger_doctor)
    client.get(reverse("records:chart", args=[patient.pk]))
    page = client.get(f"{PAGE}?show=emergencies").content.decode()
    assert "HORVAT, Ana" in page
    assert "KRAL" not in page
    assert "Emergency access" in page


def test_it_takes_the_same_number_of_statements_however_many_patients(client_of: ClientOf, her_doctor: User) -> None:
    client = client_of(her_doctor)

    def statements() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert client.get(PAGE).status_code == 200
        return len(asked)

    def see(number: int) -> None:
        for _ in range(number):
            patient = UserFactory()
            CareRelationFactory(patient=patient, doctor=her_doctor)
            look(her_doctor, patient)

    see(1)
    statements()
    few = statements()
    see(10)
    assert statements() == few


@pytest.mark.parametrize(("who", "status"), [("patient", 403), ("administrator", 403), ("unapproved_doctor", 302)])
def test_others_are_refused(request: pytest.FixtureRequest, client_of: ClientOf, who: str, status: int) -> None:
    assert client_of(request.getfixturevalue(who)).get(PAGE).status_code == status
