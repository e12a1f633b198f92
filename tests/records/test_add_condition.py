"""Adding a condition, an operation, an illness in the family, a vaccination."""

from collections.abc import Callable
from datetime import date

import pytest
from django.test import Client

from accounts.models import User
from records.models import FamilyHistory, Immunization, MedicalHistory, SurgicalHistory
from tests.cast import as_person
from tests.factories import MedicalHistoryFactory

MINE = "/record/conditions/new/"


def of(patient: User) -> str:
    return f"/patients/{patient.pk}/conditions/new/"


def test_a_patient_adds_one_in_plain_words(client_of: Callable[[User], Client], patient: User) -> None:
    client = client_of(patient)
    sent = {"condition": "Asthma", "is_active": "yes", "diagnosed_text": "as a child"}
    page = client.post(MINE, sent, follow=True).content.decode()
    assert "Asthma" in page
    assert "as a child" in page
    with as_person(patient):
        condition = MedicalHistory.objects.get()
    assert (condition.is_active, condition.source, condition.diagnosed_on) == (True, "patient", None)


def test_whether_a_patient_still_has_it_must_be_said(client_of: Callable[[User], Client], patient: User) -> None:
    response = client_of(patient).post(MINE, {"condition": "Asthma"})
    assert response.status_code == 422
    assert "Say whether you still have it." in response.content.decode()


def test_a_doctor_adds_one_with_its_code(client_of: Callable[[User], Client], patient: User, her_doctor: User) -> None:
    sent = {"condition": "Asthma", "icd10_code": "j45.9", "is_active": "yes", "diagnosed_on": "2015-05-01"}
    assert client_of(her_doctor).post(of(patient), sent).status_code == 302
    with as_person(her_doctor):
        condition = MedicalHistory.objects.get()
    assert (condition.icd10_code, condition.diagnosed_on, condition.is_active) == ("J45.9", date(2015, 5, 1), True)


def test_what_was_resolved_is_not_active(client_of: Callable[[User], Client], patient: User, her_doctor: User) -> None:
    sent = {"condition": "Pneumonia", "is_active": "yes", "resolved_on": "2020-02-01"}
    assert client_of(her_doctor).post(of(patient), sent).status_code == 302
    with as_person(her_doctor):
        assert MedicalHistory.objects.get().is_active is False


@pytest.mark.parametrize(
    ("changed", "sentence", "field"),
    [
        ({"condition": ""}, "Say which condition it is.", "condition"),
        ({"icd10_code": "asthma"}, "No code fits these words.", "icd10_code"),
        ({"diagnosed_on": "2999-01-01"}, "This day is in the future.", "diagnosed_on"),
        ({"diagnosed_on": "1980-01-01"}, "This day is before the date of birth.", "diagnosed_on"),
        ({"diagnosed_on": "yesterday"}, "Enter a valid date.", "diagnosed_on"),
        ({"resolved_on": "2014-01-01"}, "It cannot have been resolved before it was diagnosed.", "resolved_on"),
    ],
)
def test_what_cannot_be_is_said_beside_the_field_and_nothing_is_lost(
    client_of: Callable[[User], Client],
    patient: User,
    her_doctor: User,
    changed: dict[str, str],
    sentence: str,
    field: str,
) -> None:
    sent = {"condition": "Asthma", "is_active": "yes", "diagnosed_on": "2015-05-01", "notes": "worse in spring"}
    response = client_of(her_doctor).post(of(patient), {**sent, **changed})
    page = response.content.decode()
    assert response.status_code == 422
    assert sentence in page
    assert f'id="id_{field}_error"' in page
    assert "worse in spring" in page
    with as_person(her_doctor):
        assert not MedicalHistory.objects.exists()


@pytest.mark.parametrize("day", [None, date(2015, 5, 1)])
def test_the_same_condition_of_the_same_day_is_refused(
    client_of: Callable[[User], Client], patient: User, her_doctor: User, day: date | None
) -> None:
    MedicalHistoryFactory(patient=patient, condition="Asthma", diagnosed_on=day)
    sent = {"condition": "asthma ", "is_active": "yes", "diagnosed_on": day.isoformat() if day else ""}
    response = client_of(her_doctor).post(of(patient), sent)
    assert response.status_code == 422
    assert "This condition is on the chart with this date already." in response.content.decode()


def test_it_came_again_on_another_day(client_of: Callable[[User], Client], patient: User, her_doctor: User) -> None:
    MedicalHistoryFactory(patient=patient, condition="Pneumonia", diagnosed_on=date(2015, 5, 1))
    sent = {"condition": "Pneumonia", "is_active": "yes", "diagnosed_on": "2020-01-05"}
    assert client_of(her_doctor).post(of(patient), sent).status_code == 302


def test_a_doctor_notes_that_it_is_over(client_of: Callable[[User], Client], patient: User, her_doctor: User) -> None:
    condition = MedicalHistoryFactory(patient=patient, diagnosed_on=date(2020, 1, 1))
    url = f"/patients/{patient.pk}/conditions/{condition.pk}/end/"
    assert client_of(her_doctor).post(url, {"on": "2021-01-01"}).status_code == 302
    with as_person(her_doctor):
        condition.refresh_from_db(fields=["is_active", "resolved_on"])
    assert (condition.is_active, condition.resolved_on) == (False, date(2021, 1, 1))


@pytest.mark.parametrize(
    ("slug", "sent", "model", "shown"),
    [
        ("operations", {"procedure": "Appendectomy", "date_text": "2009"}, SurgicalHistory, "Appendectomy"),
        ("family", {"condition": "Diabetes", "relation": "mother"}, FamilyHistory, "Diabetes"),
        ("vaccinations", {"vaccine": "Tetanus", "given_on": "2022-03-04"}, Immunization, "04-Mar-2022"),
    ],
)
def test_the_history_is_added_by_both(
    client_of: Callable[[User], Client],
    patient: User,
    her_doctor: User,
    slug: str,
    sent: dict[str, str],
    model: type,
    shown: str,
) -> None:
    for client, place in ((client_of(patient), "/record"), (client_of(her_doctor), f"/patients/{patient.pk}")):
        page = client.post(f"{place}/{slug}/new/", sent, follow=True)
        assert page.status_code == 200
        assert shown in page.content.decode()
        assert client.post(f"{place}/{slug}/new/", {}).status_code == 422
    with as_person(her_doctor):
        assert sorted(entry.source for entry in model.objects.all()) == ["doctor", "patient"]  # type: ignore[attr-defined]  # a class of the parameters


def test_there_is_no_end_to_an_operation(client_of: Callable[[User], Client], patient: User, her_doctor: User) -> None:
    with as_person(her_doctor):
        operation = SurgicalHistory(patient=patient, procedure="Appendectomy")
        operation.record(by=her_doctor)
    url = f"/patients/{patient.pk}/operations/{operation.pk}/end/"
    assert client_of(her_doctor).post(url, {"on": "2026-01-01"}).status_code == 404
