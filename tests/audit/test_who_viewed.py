"""The patient's page: who looked, when, at what and why; nobody else's rows."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.signals import viewed
from audit.models import ActivityLog
from audit.views import names_of
from conversations.models import Conversation
from medichat.db.context import acting_as, system
from records.models import EmergencyReason
from records.models.emergency import break_glass

pytestmark = pytest.mark.django_db

ClientOf = Callable[[User], Client]


def page(client: Client, query: str = "") -> str:
    response = client.get(reverse("audit:who_viewed") + query)
    assert response.status_code == 200
    return response.content.decode()


def look(by: User, patient: User, why: str, kind: str = "chart") -> None:
    with acting_as(by):
        viewed.send(Conversation, by=by, patient_id=patient.pk, resource_type=kind, resource_id=patient.pk, why=why)


def test_a_doctor_is_named_with_what_and_why(client_of: ClientOf, patient: User, her_doctor: User) -> None:
    look(her_doctor, patient, "care")
    said = page(client_of(patient))
    for words in ("Clara Lindqvist", "Doctor", "Your record", "Your care"):
        assert words in said


def test_whoever_looked_is_named_even_without_a_relation(
    client_of: ClientOf, patient: User, stranger_doctor: User, administrator: User
) -> None:
    look(stranger_doctor, patient, "care", "conversation")
    look(administrator, patient, "administration")
    said = page(client_of(patient))
    for words in ("Darius Moreau", "Doctor", "Farid Olsen", "Administrator", "Administration of the clinic"):
        assert words in said


def test_names_are_told_of_those_who_looked_at_the_own_data_only(
    patient: User, another_patient: User, her_doctor: User, stranger_doctor: User
) -> None:
    look(her_doctor, patient, "care")
    look(stranger_doctor, another_patient, "care")
    look(another_patient, patient, "own")
    everybody = [person.pk for person in (patient, another_patient, her_doctor, stranger_doctor)]
    with acting_as(patient):
        assert names_of(everybody) == {her_doctor.pk: "Clara Lindqvist"}
        assert not User.objects.filter(pk=stranger_doctor.pk).exists()  # the context is as narrow as before
    for other in (her_doctor, stranger_doctor):
        with acting_as(other):
            assert names_of(everybody) == {}
    assert names_of(everybody) == {}


def test_emergency_access_is_named_with_its_doctor(client_of: ClientOf, patient: User, stranger_doctor: User) -> None:
    with system():
        break_glass(
            patient_id=patient.pk,
            doctor=stranger_doctor,
            kind_of_reason=EmergencyReason.UNABLE,
            reason="Unconscious",
        )
    said = page(client_of(patient))
    assert "Darius Moreau" in said
    assert "opened in an emergency" in said
    assert "An emergency: you could not speak for yourself" in said
    assert "Unconscious" not in said, "the words of the reason are the doctor's and the administrators'"


def test_nobody_else_s_looks_are_shown(
    client_of: ClientOf, patient: User, another_patient: User, her_doctor: User
) -> None:
    look(her_doctor, another_patient, "care")
    assert "Nobody has looked at your record" in page(client_of(patient))


def test_one_s_own_looks_are_shown_on_request(client_of: ClientOf, patient: User) -> None:
    look(patient, patient, "own")
    client = client_of(patient)
    assert "Nobody has looked at your record" in page(client)
    assert "You yourself" in page(client, "?show=all")


def test_fifty_a_page_and_on_from_there(client_of: ClientOf, patient: User, her_doctor: User) -> None:
    for _ in range(51):
        look(her_doctor, patient, "care")
    client = client_of(patient)
    first = client.get(reverse("audit:who_viewed"))
    assert len(first.context["looks"]) == 50
    second = client.get(reverse("audit:who_viewed") + first.context["page"].next_url)
    assert len(second.context["looks"]) == 1
    assert second.context["page"].next_url is None


def test_the_same_again_and_again_is_one_line(
    client_of: ClientOf, patient: User, her_doctor: User, administrator: User
) -> None:
    for _ in range(3):
        look(her_doctor, patient, "care")
    look(administrator, patient, "administration")
    look(her_doctor, patient, "care")
    days = client_of(patient).get(reverse("audit:who_viewed")).context["days"]
    assert [(line.name, line.times) for _day, lines in days for line in lines] == [
        ("Clara Lindqvist", 1),
        ("Farid Olsen", 1),
        ("Clara Lindqvist", 3),
    ]


def test_looking_at_the_page_is_on_the_record_too(client_of: ClientOf, patient: User) -> None:
    response = client_of(patient).get(reverse("audit:who_viewed"))
    with system():
        row = ActivityLog.objects.get(resource_type="who_viewed")
        assert (row.actor_id, row.patient_id, row.purpose) == (patient.pk, patient.pk, "own")
        assert str(row.request_id) == response["X-Request-ID"]


def test_it_takes_the_same_number_of_statements_however_many_looks(
    client_of: ClientOf,
    patient: User,
    her_doctor: User,
    administrator: User,
    django_assert_max_num_queries: Callable[[int], object],
) -> None:
    for by in (her_doctor, administrator) * 10:
        look(by, patient, "care")
    client = client_of(patient)
    with django_assert_max_num_queries(16):  # type: ignore[attr-defined]  # a context manager, which has no type there
        page(client)


def test_others_are_refused(client: Client, client_of: ClientOf, her_doctor: User, administrator: User) -> None:
    assert client.get(reverse("audit:who_viewed")).status_code == 302
    for other in (her_doctor, administrator):
        response = client_of(other).get(reverse("audit:who_viewed"))
        assert response.status_code == 403
        with system():
            row = ActivityLog.objects.get(request_id=response["X-Request-ID"])
            assert (row.action, row.actor_id, row.status_code) == ("request.refused", other.pk, 403)
