"""The patient's own prescriptions."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from tests.cast import ClientOf
from tests.factories import ConversationFactory, PrescriptionFactory


def test_it_says_what_how_much_how_often_and_until_when(client_of: ClientOf, patient: User, her_doctor: User) -> None:
    case = ConversationFactory(answered=True, patient=patient, doctor=her_doctor)
    PrescriptionFactory(
        conversation=case,
        patient=patient,
        doctor=her_doctor,
        medication_name="Ibuprofen 400 mg",
        dose="1 tablet",
        route="PO",
        frequency="TDS",
        duration="5 days",
        refills=2,
        expires_on=timezone.localdate() + timedelta(days=30),
    )

    text = client_of(patient).get("/prescriptions/").content.decode()

    for expected in ("Ibuprofen 400 mg", "1 tablet by mouth three times a day for 5 days", "Active", "Clara Lindqvist"):
        assert expected in text


def test_past_its_last_day_it_is_expired_even_before_the_nightly_work(
    client_of: ClientOf, patient: User, her_doctor: User
) -> None:
    case = ConversationFactory(answered=True, patient=patient, doctor=her_doctor)
    yesterday = timezone.localdate() - timedelta(days=1)
    PrescriptionFactory(
        conversation=case, patient=patient, doctor=her_doctor, issued_on=yesterday, expires_on=yesterday
    )

    assert "Expired" in client_of(patient).get("/prescriptions/").content.decode()


def test_nobody_elses_are_there(client_of: ClientOf, patient: User, another_patient: User, her_doctor: User) -> None:
    case = ConversationFactory(answered=True, patient=patient, doctor=her_doctor)
    PrescriptionFactory(conversation=case, patient=patient, doctor=her_doctor, medication_name="Ibuprofen 400 mg")

    text = client_of(another_patient).get("/prescriptions/").content.decode()

    assert "Ibuprofen" not in text
    assert "No prescriptions yet." in text


@pytest.mark.parametrize("person", ["her_doctor", "administrator"])
def test_the_page_is_for_patients(client_of: ClientOf, person: str, request: pytest.FixtureRequest) -> None:
    assert client_of(request.getfixturevalue(person)).get("/prescriptions/").status_code == 403


def test_the_statements_do_not_grow_with_the_prescriptions(
    client_of: ClientOf, patient: User, her_doctor: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    case = ConversationFactory(answered=True, patient=patient, doctor=her_doctor)
    client = client_of(patient)
    PrescriptionFactory(conversation=case, patient=patient, doctor=her_doctor)
    client.get("/prescriptions/")
    with django_assert_max_num_queries(14) as few:
        client.get("/prescriptions/")
    for _ in range(15):
        PrescriptionFactory(conversation=case, patient=patient, doctor=her_doctor)
    with django_assert_max_num_queries(14) as many:
        client.get("/prescriptions/")

    assert len(few) == len(many)
