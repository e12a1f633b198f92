"""Striking an entry out: it stays readable, with who, when and why."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from accounts.models import User
from medichat.refusals import ConflictError
from records.models import Allergy, SearchWord
from tests.cast import as_person
from tests.factories import AllergyFactory


def url(patient: User, allergy: Allergy) -> str:
    return f"/patients/{patient.pk}/allergies/{allergy.pk}/wrong/"


def test_a_doctor_strikes_it_out_with_a_reason(
    client_of: Callable[[User], Client], patient: User, her_doctor: User
) -> None:
    allergy = AllergyFactory(patient=patient)
    client = client_of(her_doctor)
    assert "Mark Penicillin as entered in error" in client.get(url(patient, allergy)).content.decode()
    assert client.post(url(patient, allergy), {"reason": " Another patient's "}).status_code == 302
    with as_person(her_doctor):
        struck = Allergy.objects.get()
    assert struck.entered_in_error_at is not None
    assert (struck.entered_in_error_by_id, struck.entered_in_error_reason) == (her_doctor.pk, "Another patient's")


def test_it_is_shown_struck_through_on_demand_and_never_in_the_banner(
    client_of: Callable[[User], Client], patient: User, her_doctor: User
) -> None:
    allergy = AllergyFactory(patient=patient)
    client = client_of(her_doctor)
    client.post(url(patient, allergy), {"reason": "Another patient's"})
    client.get(f"/patients/{patient.pk}/?tab=allergies")  # the message that names it is read
    page = client.get(f"/patients/{patient.pk}/?tab=allergies").content.decode()
    assert "Penicillin" not in page
    assert "Show what was entered in error (1)" in page
    assert "Allergies not asked" in page
    page = client.get(f"/patients/{patient.pk}/?tab=allergies&errors=1").content.decode()
    assert 'class="row--error"' in page
    assert "Entered in error: Another patient&#x27;s (you, " in page
    assert "Allergies not asked" in page


@pytest.mark.parametrize("reason", ["", "   "])
def test_a_reason_must_be_given(
    client_of: Callable[[User], Client], patient: User, her_doctor: User, reason: str
) -> None:
    allergy = AllergyFactory(patient=patient)
    response = client_of(her_doctor).post(url(patient, allergy), {"reason": reason})
    assert response.status_code == 422
    assert "Say what is wrong about it." in response.content.decode()
    with as_person(her_doctor), pytest.raises(ValueError, match="why"):
        allergy.mark_entered_in_error(by=her_doctor, reason=reason)


def test_a_second_time_is_a_conflict(client_of: Callable[[User], Client], patient: User, her_doctor: User) -> None:
    allergy = AllergyFactory(patient=patient)
    client = client_of(her_doctor)
    client.post(url(patient, allergy), {"reason": "Wrong"})
    response = client.post(url(patient, allergy), {"reason": "Wrong again"})
    assert response.status_code == 409
    assert "entered in error already" in response.content.decode()
    with as_person(her_doctor):
        assert Allergy.objects.get().entered_in_error_reason == "Wrong"
        with pytest.raises(ConflictError):
            allergy.correct(Allergy(patient=patient, allergen="x"), by=her_doctor, reason="y")


def test_patients_strike_out_what_they_said_themselves(client_of: Callable[[User], Client], patient: User) -> None:
    with as_person(patient):
        own = Allergy(patient=patient, allergen="Cats")
        own.record(by=patient)
    response = client_of(patient).post(f"/record/allergies/{own.pk}/wrong/", {"reason": "It was the dog"})
    assert response.status_code == 302
    with as_person(patient):
        assert not Allergy.objects.standing().exists()


def test_patients_do_not_strike_out_what_the_clinic_recorded(
    client_of: Callable[[User], Client], patient: User
) -> None:
    allergy = AllergyFactory(patient=patient)
    client = client_of(patient)
    assert "This is wrong" not in client.get("/record/").content.decode()
    assert client.post(f"/record/allergies/{allergy.pk}/wrong/", {"reason": "No"}).status_code == 403
    with as_person(patient):
        assert Allergy.objects.standing().count() == 1


def test_the_database_refuses_it_to_patients_too(patient: User) -> None:
    """The second lock: the policy, whatever the code says."""
    allergy = AllergyFactory(patient=patient)
    with as_person(patient), transaction.atomic():
        assert Allergy.objects.filter(pk=allergy.pk).update(allergen="Nothing") == 0
        assert Allergy.objects.get().allergen == "Penicillin"


def test_its_words_find_nobody_any_more(patient: User, her_doctor: User) -> None:
    allergy = AllergyFactory(patient=patient)
    with as_person(her_doctor):
        allergy.mark_entered_in_error(by=her_doctor, reason="Wrong")
        assert not SearchWord.objects.filter(kind="allergen").exists()


def test_it_is_told(patient: User, her_doctor: User, told: list[dict[str, Any]]) -> None:
    allergy = AllergyFactory(patient=patient)
    with as_person(her_doctor):
        allergy.mark_entered_in_error(by=her_doctor, reason="Wrong")
    (what,) = told
    assert (what["action"], what["resource_id"]) == ("entered_in_error", allergy.pk)
    assert what["fields"] == ["entered_in_error_reason"]
