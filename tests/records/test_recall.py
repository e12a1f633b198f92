"""Recall: everybody with exactly this allergy, on this medicine, with this condition."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from accounts.signals import list_viewed
from records.models import Allergy
from tests.cast import as_person
from tests.factories import (
    AllergyFactory,
    CareRelationFactory,
    MedicalHistoryFactory,
    MedicationFactory,
    UserFactory,
)


def recalled(client: Client, kind: str, name: str) -> list[str]:
    response = client.get("/patients/recall/", {"kind": kind, "name": name})
    assert response.status_code == 200
    return [row["patient"].first_name for row in response.context.get("rows", [])]


@pytest.fixture
def both(patient: User, another_patient: User, her_doctor: User) -> tuple[User, User]:
    """Ana and Boris, both Clara's patients."""
    CareRelationFactory(patient=another_patient, doctor=her_doctor)
    return patient, another_patient


@pytest.mark.parametrize("name", ["Bee Sting", "  bee   sting ", "BEE STING"])
def test_whoever_has_the_allergy_is_listed_whatever_the_spelling_of_capitals_and_blanks(
    client_of: Callable[[User], Client], both: tuple[User, User], her_doctor: User, name: str
) -> None:
    AllergyFactory(patient=both[0], allergen="Bee sting")
    AllergyFactory(patient=both[1], allergen="bee  STING ")
    assert recalled(client_of(her_doctor), "allergies", name) == ["Ana", "Boris"]


def test_a_similar_name_is_another_one(
    client_of: Callable[[User], Client], both: tuple[User, User], her_doctor: User
) -> None:
    AllergyFactory(patient=both[0], allergen="Penicillin V")
    client = client_of(her_doctor)
    assert recalled(client, "allergies", "Penicillin") == []
    assert "Nobody is on this list." in client.get("/patients/recall/?name=Penicillin").content.decode()


def test_struck_out_and_refuted_allergies_are_left_out(
    client_of: Callable[[User], Client], both: tuple[User, User], her_doctor: User
) -> None:
    wrong = AllergyFactory(patient=both[0])
    AllergyFactory(patient=both[1], certainty=Allergy.Certainty.REFUTED)
    with as_person(her_doctor):
        wrong.mark_entered_in_error(by=her_doctor, reason="Wrong")
    assert recalled(client_of(her_doctor), "allergies", "Penicillin") == []


def test_whoever_takes_the_medicine_is_listed_at_any_dose(
    client_of: Callable[[User], Client], both: tuple[User, User], her_doctor: User
) -> None:
    MedicationFactory(patient=both[0], medication_name="Valsartan", dosage="80 mg")
    MedicationFactory(patient=both[1], medication_name="valsartan", is_active=None, legacy_id="m1")
    assert recalled(client_of(her_doctor), "medicines", "Valsartan") == ["Ana", "Boris"]


def test_whoever_has_stopped_it_is_not(
    client_of: Callable[[User], Client], both: tuple[User, User], her_doctor: User
) -> None:
    yesterday = timezone.localdate() - timedelta(days=1)
    MedicationFactory(patient=both[0], medication_name="Valsartan", is_active=False)
    MedicationFactory(patient=both[1], medication_name="Valsartan", ended_on=yesterday)
    assert recalled(client_of(her_doctor), "medicines", "Valsartan") == []


def test_conditions_are_recalled_too(
    client_of: Callable[[User], Client], both: tuple[User, User], her_doctor: User
) -> None:
    MedicalHistoryFactory(patient=both[1], condition="Asthma")
    assert recalled(client_of(her_doctor), "conditions", "asthma") == ["Boris"]


def test_a_doctor_recalls_only_whom_they_may_see_and_an_administrator_everybody(
    client_of: Callable[[User], Client],
    patient: User,
    another_patient: User,
    her_doctor: User,
    stranger_doctor: User,
    administrator: User,
) -> None:
    AllergyFactory(patient=patient)
    AllergyFactory(patient=another_patient)
    assert recalled(client_of(her_doctor), "allergies", "penicillin") == ["Ana"]
    assert recalled(client_of(stranger_doctor), "allergies", "penicillin") == []
    assert recalled(client_of(administrator), "allergies", "penicillin") == ["Ana", "Boris"]


def test_it_says_how_to_reach_them(client_of: Callable[[User], Client], patient: User, her_doctor: User) -> None:
    AllergyFactory(patient=patient)
    page = client_of(her_doctor).get("/patients/recall/?kind=allergies&name=penicillin").content.decode()
    assert "mailto:ana@example.org" in page
    assert f"/patients/{patient.pk}/" in page


def test_an_unknown_kind_is_read_as_allergies_and_nothing_is_listed_unasked(
    client_of: Callable[[User], Client], patient: User, her_doctor: User
) -> None:
    AllergyFactory(patient=patient)
    client = client_of(her_doctor)
    assert recalled(client, "operations", "") == []
    assert recalled(client, "dreams", "penicillin") == ["Ana"]


def test_that_the_list_was_made_is_told(
    client_of: Callable[[User], Client], patient: User, administrator: User
) -> None:
    seen: list[Any] = []

    def hear(sender: Any, **what: Any) -> None:
        seen.append((what["by"].pk, what["resource_type"], what["why"]))

    list_viewed.connect(hear)
    try:
        recalled(client_of(administrator), "allergies", "penicillin")
    finally:
        list_viewed.disconnect(hear)
    assert seen == [(administrator.pk, "recall", "administration")]


def test_the_number_of_statements_does_not_grow_with_the_list(
    client_of: Callable[[User], Client], patient: User, her_doctor: User
) -> None:
    client = client_of(her_doctor)

    def cost() -> int:
        with CaptureQueriesContext(connection) as statements:
            client.get("/patients/recall/?kind=allergies&name=penicillin")
        return len(statements)

    AllergyFactory(patient=patient)
    few = cost()
    for _number in range(10):
        other = UserFactory()
        CareRelationFactory(patient=other, doctor=her_doctor)
        AllergyFactory(patient=other)
    assert cost() == few


def test_it_is_an_index_lookup(patient: User, her_doctor: User) -> None:
    """Under row-level security only a comparison with a plain value may use the index."""
    for _number in range(3):
        AllergyFactory()
    with as_person(her_doctor), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        plan = Allergy.objects.visible_to(her_doctor).standing().named("Penicillin").explain()
    assert "allergies_by_allergen" in plan
