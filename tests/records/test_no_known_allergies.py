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
from records.models import Allergy, MedicalHistory, MedicalInfo, Medication, SearchWord
from tests.cast import as_person, system
from tests.factories import (
    AllergyFactory,
    MedicalHistoryFactory,
    MedicalInfoFactory,
    MedicationFactory,
    UserFactory,
)

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


NEVER_SAID = [
    ("allergies", "no_known_allergies_on", AllergyFactory, {"certainty": "refuted"}, {"certainty": "confirmed"}),
    ("allergies", "no_known_allergies_on", AllergyFactory, {"certainty": "refuted"}, {"certainty": None}),
    ("medications", "no_medications_on", MedicationFactory, {"is_active": False}, {"is_active": True}),
]


@pytest.fixture
def stated(patient: User) -> MedicalInfo:
    """Ana said 'none' to everything, thirty days ago."""
    day = timezone.localdate() - timedelta(days=30)
    info: MedicalInfo = MedicalInfoFactory(
        patient=patient, no_known_allergies_on=day, no_medications_on=day, no_conditions_on=day
    )
    return info


def still_stated(info: MedicalInfo) -> set[str]:
    """The statements that are left."""
    with system():
        info.refresh_from_db()
    return {field for _, field, _ in STATEMENTS if getattr(info, field)}


@pytest.mark.parametrize(("_slug", "field", "factory"), STATEMENTS)
def test_the_database_withdraws_it_whoever_adds_an_entry(
    stated: MedicalInfo, patient: User, _slug: str, field: str, factory: Any
) -> None:
    factory()
    assert len(still_stated(stated)) == 3, "another patient's entry says nothing about Ana"
    factory(patient=patient)
    assert still_stated(stated) == {other for _, other, _ in STATEMENTS} - {field}


@pytest.mark.parametrize(("table", "field", "factory", "silent", "said"), NEVER_SAID)
def test_an_entry_that_comes_to_say_something_withdraws_it(
    stated: MedicalInfo,
    patient: User,
    table: str,
    field: str,
    factory: Any,
    silent: dict[str, Any],
    said: dict[str, Any],
) -> None:
    entry = factory(patient=patient, **silent)
    assert field in still_stated(stated)
    ((column, value),) = said.items()
    with system(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {column} = %s WHERE id = %s", [value, entry.pk])  # noqa: S608  # from above
    assert field not in still_stated(stated)


@pytest.mark.parametrize(("_slug", "field", "factory"), STATEMENTS)
def test_a_struck_out_entry_withdraws_it_only_when_it_stands_again(
    stated: MedicalInfo, patient: User, her_doctor: User, _slug: str, field: str, factory: Any
) -> None:
    entry = factory(
        patient=patient,
        entered_in_error_at=timezone.now(),
        entered_in_error_by=her_doctor,
        entered_in_error_reason="Another patient's",
    )
    assert field in still_stated(stated)
    with system():
        type(entry).objects.filter(pk=entry.pk).update(
            entered_in_error_at=None, entered_in_error_by=None, entered_in_error_reason=""
        )
    assert field not in still_stated(stated)


def test_an_edit_in_the_admin_withdraws_it(
    client_of: Callable[[User], Client], administrator: User, stated: MedicalInfo, patient: User
) -> None:
    allergy = AllergyFactory(patient=patient, allergen="Latex", certainty=Allergy.Certainty.REFUTED)
    typed = {"patient": str(patient.pk), "allergen": "Latex", "source": "doctor", "certainty": "confirmed"}
    response = client_of(administrator).post(f"/admin/records/allergy/{allergy.pk}/change/", typed)
    assert response.status_code == 302
    assert "no_known_allergies_on" not in still_stated(stated)


def test_an_entry_moved_to_its_right_patient_withdraws_what_that_one_stated(
    stated: MedicalInfo, patient: User, another_patient: User
) -> None:
    allergy = AllergyFactory(patient=another_patient, allergen="Latex")
    with system():
        Allergy.objects.filter(pk=allergy.pk).update(patient=patient)
        assert set(SearchWord.objects.filter(entry_id=allergy.pk).values_list("patient_id", flat=True)) == {patient.pk}
    assert "no_known_allergies_on" not in still_stated(stated)


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
