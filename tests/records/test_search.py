"""Finding patients by name, record number, allergen, medicine or condition, among those whom one may see."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from records.models import Allergy
from tests.cast import as_person
from tests.factories import (
    AllergyFactory,
    CareRelationFactory,
    MedicalHistoryFactory,
    MedicationFactory,
    UserFactory,
)


@pytest.fixture
def ana(patient: User, her_doctor: User) -> User:
    """Ana, with something of each kind on her chart."""
    AllergyFactory(patient=patient, allergen="Penicillin")
    MedicationFactory(patient=patient, medication_name="Enalapril")
    MedicalHistoryFactory(patient=patient, condition="Bronchial asthma")
    return patient


def found(client: Client, phrase: str) -> bool:
    response = client.get("/patients/", {"q": phrase})
    assert response.status_code == 200
    return "HORVAT, Ana" in response.content.decode()


@pytest.mark.parametrize(
    "phrase",
    [
        *("Horvat", "horvat ana", "ANA", "horv", "Horvath", "Hórvat"),
        *("penicillin", "penicilin", "enalapril", "enalapri", "asthma", "astma", "horvat penicillin"),
    ],
)
def test_a_patient_is_found_in_spite_of_typing_errors(
    client_of: Callable[[User], Client], ana: User, her_doctor: User, phrase: str
) -> None:
    assert found(client_of(her_doctor), phrase)


@pytest.mark.parametrize("phrase", ["Kral", "horvat latex", "§§", "'; DROP TABLE users", "9" * 40, "penicillin kral"])
def test_others_are_not(client_of: Callable[[User], Client], ana: User, her_doctor: User, phrase: str) -> None:
    assert not found(client_of(her_doctor), phrase)


def test_a_patient_is_found_by_the_record_number(
    client_of: Callable[[User], Client], ana: User, her_doctor: User
) -> None:
    assert found(client_of(her_doctor), str(ana.record_number))
    assert not found(client_of(her_doctor), str(ana.record_number + 1000))


def test_strangers_find_nobody(client_of: Callable[[User], Client], ana: User, stranger_doctor: User) -> None:
    client = client_of(stranger_doctor)
    for phrase in ("", "Horvat", "penicillin", str(ana.record_number)):
        assert not found(client, phrase)
    assert "You have no patients yet." in client.get("/patients/").content.decode()


def test_an_administrator_finds_everybody(client_of: Callable[[User], Client], ana: User, administrator: User) -> None:
    page = client_of(administrator).get("/patients/", {"q": "horvat"}).content.decode()
    assert "HORVAT, Ana" in page
    assert f"/patients/{ana.pk}/" not in page, "the chart is for doctors"


@pytest.mark.parametrize("place", ["/patients/", "/patients/recall/"])
def test_it_is_for_approved_doctors_and_administrators(
    client: Client,
    client_of: Callable[[User], Client],
    patient: User,
    unapproved_doctor: User,
    place: str,
) -> None:
    assert client_of(patient).get(place).status_code == 403
    assert client_of(unapproved_doctor).get(place)["Location"] == "/account/waiting/"
    assert client.get(place)["Location"].startswith("/account/sign-in/")
    assert client_of(patient).post(place).status_code == 405


def test_the_list_shows_allergies_none_and_not_asked(
    client_of: Callable[[User], Client], ana: User, another_patient: User, her_doctor: User
) -> None:
    CareRelationFactory(patient=another_patient, doctor=her_doctor)
    client = client_of(her_doctor)
    page = client.get("/patients/").content.decode()
    assert "<strong>Penicillin</strong> (severe)" in page
    assert "Not asked" in page
    with as_person(her_doctor):
        Allergy.state_none(patient=another_patient, by=her_doctor)
    page = client.get("/patients/").content.decode()
    assert "None known" in page
    assert "Not asked" not in page


def test_the_exact_word_is_never_lost_among_similar_ones(
    client_of: Callable[[User], Client], her_doctor: User, patient: User
) -> None:
    for number in range(60):
        UserFactory(first_name="x", last_name=f"Anab{number:03}")
    assert found(client_of(her_doctor), "ana")


def test_pages_follow_each_other_without_gap(client_of: Callable[[User], Client], her_doctor: User) -> None:
    for number in range(30):
        CareRelationFactory(patient=UserFactory(last_name="Same", first_name=f"N{number:02}"), doctor=her_doctor)
    client = client_of(her_doctor)
    first = client.get("/patients/")
    second = client.get(f"/patients/{first.context['page'].next_url}")
    names = [patient.get_full_name() for answer in (first, second) for patient in answer.context["page"].rows]
    assert len(names) == len(set(names)) == 31
    assert second.context["page"].next_url is None
    assert client.get("/patients/?after=nonsense").status_code == 400


def test_the_number_of_statements_does_not_grow_with_the_list(
    client_of: Callable[[User], Client], ana: User, her_doctor: User
) -> None:
    client = client_of(her_doctor)

    def cost(query: str) -> int:
        with CaptureQueriesContext(connection) as statements:
            assert client.get(f"/patients/{query}").status_code == 200
        return len(statements)

    few = cost(""), cost("?q=penicillin")
    for number in range(10):
        patient = UserFactory(last_name=f"Other{number}")
        CareRelationFactory(patient=patient, doctor=her_doctor)
        AllergyFactory(patient=patient)
    assert (cost(""), cost("?q=penicillin")) == few
