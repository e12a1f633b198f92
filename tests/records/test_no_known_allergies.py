"""'None', as a statement with a date: no known allergies, takes nothing, no earlier illnesses."""

import threading
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import User
from medichat.refusals import ConflictError
from records.models import Allergy, MedicalHistory, MedicalInfo, Medication
from tests.cast import as_person, system
from tests.factories import AllergyFactory, MedicalHistoryFactory, MedicationFactory, UserFactory

STATEMENTS = [
    ("allergies", "no_known_allergies_on", AllergyFactory),
    ("medicines", "no_medications_on", MedicationFactory),
    ("conditions", "no_conditions_on", MedicalHistoryFactory),
]


@pytest.mark.parametrize(("slug", "field", "_factory"), STATEMENTS)
def test_a_patient_states_it_with_todays_date(
    client_of: Callable[[User], Client], patient: User, slug: str, field: str, _factory: Any
) -> None:
    response = client_of(patient).post(f"/record/{slug}/none/")
    assert (response.status_code, response["Location"]) == (302, f"/record/#{slug}")
    with as_person(patient):
        assert getattr(MedicalInfo.objects.get(), field) == timezone.localdate()


@pytest.mark.parametrize(("slug", "field", "_factory"), STATEMENTS)
def test_a_doctor_notes_that_the_patient_stated_it(
    client_of: Callable[[User], Client], patient: User, her_doctor: User, slug: str, field: str, _factory: Any
) -> None:
    assert client_of(her_doctor).post(f"/patients/{patient.pk}/{slug}/none/").status_code == 302
    with as_person(her_doctor):
        assert getattr(MedicalInfo.objects.get(), field) == timezone.localdate()


@pytest.mark.parametrize(("slug", "field", "factory"), STATEMENTS)
def test_it_is_refused_while_an_entry_says_otherwise(
    client_of: Callable[[User], Client], patient: User, slug: str, field: str, factory: Any
) -> None:
    factory(patient=patient)
    response = client_of(patient).post(f"/record/{slug}/none/")
    assert response.status_code == 409
    assert "cannot be stated" in response.content.decode()
    with as_person(patient):
        assert not MedicalInfo.objects.filter(**{f"{field}__isnull": False}).exists()


def test_what_does_not_hold_does_not_stand_in_the_way(patient: User, her_doctor: User) -> None:
    AllergyFactory(patient=patient, certainty=Allergy.Certainty.REFUTED)
    MedicationFactory(patient=patient, is_active=False, ended_on=date(2020, 1, 1))
    wrong = MedicalHistoryFactory(patient=patient)
    with as_person(her_doctor):
        wrong.mark_entered_in_error(by=her_doctor, reason="Another patient's")
        for model in (Allergy, Medication, MedicalHistory):
            model.state_none(patient=patient, by=her_doctor)
        info = MedicalInfo.objects.get()
    assert info.no_known_allergies_on == info.no_medications_on == info.no_conditions_on == timezone.localdate()


def test_a_medicine_of_unknown_state_counts_as_taken(patient: User, her_doctor: User) -> None:
    MedicationFactory(patient=patient, is_active=None, legacy_id="m1")
    with as_person(her_doctor), pytest.raises(ConflictError):
        Medication.state_none(patient=patient, by=her_doctor)


def test_the_day_of_an_earlier_statement_can_be_given(patient: User, her_doctor: User) -> None:
    day = timezone.localdate() - timedelta(days=30)
    with as_person(her_doctor):
        assert Allergy.state_none(patient=patient, by=her_doctor, on=day).no_known_allergies_on == day


def test_none_stated_and_not_asked_read_differently(client_of: Callable[[User], Client], patient: User) -> None:
    client = client_of(patient)
    before = client.get("/record/").content.decode()
    assert before.count("Not asked yet.") == 3
    assert "I have no allergies that I know of" in before
    client.post("/record/allergies/none/")
    after = client.get("/record/").content.decode()
    assert "No known allergies, as stated on" in after
    assert after.count("Not asked yet.") == 2
    assert "I have no allergies that I know of" not in after


def test_there_is_no_such_statement_about_operations(client_of: Callable[[User], Client], patient: User) -> None:
    assert client_of(patient).post("/record/operations/none/").status_code == 404
    assert client_of(patient).post("/record/dreams/none/").status_code == 404
    assert client_of(patient).get("/record/allergies/none/").status_code == 405


def test_it_is_told(patient: User, told: list[dict[str, Any]]) -> None:
    with as_person(patient):
        Allergy.state_none(patient=patient, by=patient)
        Allergy(patient=patient, allergen="Latex").record(by=patient)
    assert [(what["action"], what["fields"]) for what in told if what["resource_type"] == "medicalinfo"] == [
        ("stated", ["no_known_allergies_on"]),
        ("withdrawn", ["no_known_allergies_on"]),
    ]


@pytest.mark.django_db(transaction=True)
def test_stating_none_and_adding_at_once_never_leave_both() -> None:
    begin = threading.Barrier(2)
    problems: list[Exception] = []

    def act(patient: User, what: Callable[[User], Any]) -> None:
        try:
            with as_person(patient):
                begin.wait(timeout=10)
                what(patient)
        except ConflictError:
            pass  # the allergy was faster
        except Exception as problem:
            problems.append(problem)
        finally:
            connection.close()

    for _round in range(5):
        patient = UserFactory()
        begin.reset()
        threads = [
            threading.Thread(target=act, args=(patient, lambda who: Allergy.state_none(patient=who, by=who))),
            threading.Thread(
                target=act, args=(patient, lambda who: Allergy(patient=who, allergen="Dust").record(by=who))
            ),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=20)
        assert not problems
        with system():
            assert Allergy.objects.filter(patient=patient).count() == 1
            assert MedicalInfo.objects.get(patient=patient).no_known_allergies_on is None
