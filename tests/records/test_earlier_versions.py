"""Earlier versions: of entries that were corrected, and of what was known of the person."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from django.test import Client

from accounts.models import User
from records.models import Allergy, EarlierStatement, MedicalInfo
from tests.cast import as_person
from tests.factories import AdministratorFactory, AllergyFactory, EarlierStatementFactory, MedicalInfoFactory


def correct(client: Client, patient: User, entry: Allergy, **changes: str) -> None:
    sent = {"allergen": entry.allergen, "reason": "Heard wrongly"} | changes
    assert client.post(f"/patients/{patient.pk}/allergies/{entry.pk}/correct/", sent).status_code == 302


def test_a_corrected_entry_shows_all_its_versions_latest_first(
    client_of: Callable[[User], Client], patient: User, her_doctor: User
) -> None:
    first = AllergyFactory(patient=patient, allergen="Penicilin", reaction="Rash")
    client = client_of(her_doctor)
    correct(client, patient, first, allergen="Penicillin V")
    with as_person(her_doctor):
        second = Allergy.objects.standing().get()
    correct(client, patient, second, allergen="Penicillin", reason="Said so again")
    page = client.get(f"/patients/{patient.pk}/?tab=allergies").content.decode()
    assert "Earlier versions (2)" in page
    versions = page[page.index("Earlier versions (2)") :]
    assert versions.index("Penicillin V") < versions.index("Penicilin, Rash")
    assert "Said so again (you, " in versions
    assert "Heard wrongly (you, " in versions


def test_patients_see_the_versions_of_their_own(client_of: Callable[[User], Client], patient: User) -> None:
    entry = AllergyFactory(patient=patient, allergen="Nuts", source="patient", recorded_by=patient)
    client = client_of(patient)
    client.post(f"/record/allergies/{entry.pk}/correct/", {"allergen": "Peanuts", "reason": "Only these"})
    page = client.get("/record/").content.decode()
    assert "Earlier versions (1)" in page
    assert "Only these" in page


def test_what_is_struck_out_without_a_replacement_is_no_earlier_version(
    client_of: Callable[[User], Client], patient: User, her_doctor: User
) -> None:
    wrong = AllergyFactory(patient=patient, allergen="Nuts")
    AllergyFactory(patient=patient, allergen="Latex")
    with as_person(her_doctor):
        wrong.mark_entered_in_error(by=her_doctor, reason="Not hers")
    page = client_of(her_doctor).get(f"/patients/{patient.pk}/?tab=allergies").content.decode()
    assert "Earlier versions" not in page


def test_what_was_known_of_the_person_is_kept_with_who_changed_it(
    client_of: Callable[[User], Client], patient: User, her_doctor: User
) -> None:
    MedicalInfoFactory(
        patient=patient, smoking=MedicalInfo.Smoking.CURRENT, weight_kg=Decimal("82.0"), pharmacy_name=None
    )
    client = client_of(her_doctor)
    client.post(f"/patients/{patient.pk}/person/about/", {"sex": "female", "smoking": "former", "weight_kg": "79"})
    client.post(f"/patients/{patient.pk}/person/services/", {"pharmacy_name": "Corner pharmacy"})
    client.post(f"/patients/{patient.pk}/person/services/", {"pharmacy_name": "High street pharmacy"})
    with as_person(her_doctor):
        kept = {one.field: one.value for one in EarlierStatement.objects.all()}
        assert {one.changed_by_id for one in EarlierStatement.objects.all()} == {her_doctor.pk}
    assert kept == {"smoking": "Smokes", "weight_kg": "82", "pharmacy_name": "Corner pharmacy"}
    page = client.get(f"/patients/{patient.pk}/?tab=person").content.decode()
    assert "What was said before" in page
    assert "Corner pharmacy" in page


def test_what_is_saved_as_it_was_leaves_no_version(
    client_of: Callable[[User], Client], patient: User, her_doctor: User
) -> None:
    MedicalInfoFactory(patient=patient, smoking=MedicalInfo.Smoking.NEVER)
    client_of(her_doctor).post(f"/patients/{patient.pk}/person/about/", {"sex": "female", "smoking": "never"})
    with as_person(her_doctor):
        assert not EarlierStatement.objects.exists()


def test_a_statement_that_there_is_none_is_kept_when_it_is_stated_anew(patient: User, her_doctor: User) -> None:
    with as_person(her_doctor):
        Allergy.state_none(patient=patient, by=her_doctor, on=date(2025, 1, 2))
        Allergy.state_none(patient=patient, by=her_doctor, on=date(2026, 3, 4))
        assert [one.value for one in EarlierStatement.objects.all()] == ["2025-01-02"]


def test_what_an_administrator_changed_is_kept_and_seen_by_who_may_not_see_the_administrator(
    client_of: Callable[[User], Client], patient: User, her_doctor: User
) -> None:
    EarlierStatementFactory(patient=patient, value="Used to smoke a pipe", changed_by=AdministratorFactory())
    page = client_of(her_doctor).get(f"/patients/{patient.pk}/?tab=person").content.decode()
    assert "Used to smoke a pipe" in page


@pytest.mark.parametrize("who", ["another_patient", "stranger_doctor"])
def test_strangers_see_none_of_it(
    request: pytest.FixtureRequest, patient: User, another_patient: User, stranger_doctor: User, who: str
) -> None:
    EarlierStatementFactory(patient=patient)
    with as_person(request.getfixturevalue(who)):
        assert not EarlierStatement.objects.exists()
