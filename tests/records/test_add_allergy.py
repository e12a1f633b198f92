"""Adding an allergy: by the patient in their own record, by a doctor in the chart."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import timezone

from accounts.models import User
from records.models import Allergy, MedicalInfo, SearchWord, Source
from tests.cast import as_person, system
from tests.factories import AllergyFactory, MedicalInfoFactory

MINE = "/record/allergies/new/"


def of(patient: User) -> str:
    return f"/patients/{patient.pk}/allergies/new/"


def test_a_patient_adds_what_they_say(client_of: Callable[[User], Client], patient: User) -> None:
    sent = {"allergen": " Penicillin ", "kind": "medication", "reaction": "Hives", "severity": "severe"}
    response = client_of(patient).post(MINE, sent)
    assert (response.status_code, response["Location"]) == (302, "/record/#allergies")
    with as_person(patient):
        allergy = Allergy.objects.get()
    assert (allergy.allergen, allergy.reaction, allergy.severity) == ("Penicillin", "Hives", "severe")
    assert (allergy.source, allergy.recorded_by_id, allergy.patient_id) == (Source.PATIENT, patient.pk, patient.pk)


def test_a_doctor_adds_it_to_the_chart(client_of: Callable[[User], Client], patient: User, her_doctor: User) -> None:
    response = client_of(her_doctor).post(of(patient), {"allergen": "Latex", "certainty": "confirmed"})
    assert (response.status_code, response["Location"]) == (302, f"/patients/{patient.pk}/?tab=allergies#allergies")
    with as_person(her_doctor):
        allergy = Allergy.objects.get()
    assert (allergy.source, allergy.recorded_by_id, allergy.certainty) == (Source.DOCTOR, her_doctor.pk, "confirmed")
    assert (allergy.severity, allergy.kind, allergy.reaction) == (None, None, None), "what was not said is not known"


def test_the_chart_shows_it_with_who_and_when(
    client_of: Callable[[User], Client], patient: User, her_doctor: User
) -> None:
    client = client_of(her_doctor)
    page = client.post(of(patient), {"allergen": "Latex", "severity": "mild"}, follow=True).content.decode()
    assert "Added to the record: Latex." in page
    assert "Recorded by a doctor (you), " in page
    assert "Latex <span>(mild)</span>" in page, "in the banner"


def test_it_withdraws_the_statement_that_there_is_none(client_of: Callable[[User], Client], patient: User) -> None:
    MedicalInfoFactory(patient=patient, no_known_allergies_on=timezone.localdate())
    client_of(patient).post(MINE, {"allergen": "Peanut"})
    with as_person(patient):
        assert MedicalInfo.objects.get().no_known_allergies_on is None


def test_a_refuted_allergy_lets_the_statement_stand(
    client_of: Callable[[User], Client], patient: User, her_doctor: User
) -> None:
    MedicalInfoFactory(patient=patient, no_known_allergies_on=timezone.localdate())
    client_of(her_doctor).post(of(patient), {"allergen": "Penicillin", "certainty": "refuted"})
    with as_person(her_doctor):
        assert Allergy.objects.count() == 1
        assert MedicalInfo.objects.get().no_known_allergies_on is not None


@pytest.mark.parametrize("again", ["Penicillin", " penicillin", "PENICILLIN "])
def test_the_same_allergen_twice_is_refused_beside_the_field_and_nothing_is_lost(
    client_of: Callable[[User], Client], patient: User, again: str
) -> None:
    AllergyFactory(patient=patient, allergen="Penicillin")
    response = client_of(patient).post(MINE, {"allergen": again, "reaction": "I get a rash & itch"})
    page = response.content.decode()
    assert response.status_code == 422
    assert page.count("This allergy is on the chart already.") == 2, "beside the field and in the summary"
    assert 'id="id_allergen_error"' in page
    assert "I get a rash &amp; itch" in page
    with as_person(patient):
        assert Allergy.objects.count() == 1


def test_a_doctors_form_is_shown_again_in_the_chart(
    client_of: Callable[[User], Client], patient: User, her_doctor: User
) -> None:
    AllergyFactory(patient=patient, allergen="Penicillin")
    response = client_of(her_doctor).post(of(patient), {"allergen": "penicillin", "notes": "seen in 2019"})
    page = response.content.decode()
    assert response.status_code == 422
    assert "This allergy is on the chart already." in page
    assert "seen in 2019" in page
    assert "HORVAT, Ana" in page


def test_one_that_was_struck_out_may_be_added_again(
    client_of: Callable[[User], Client], patient: User, her_doctor: User
) -> None:
    wrong = AllergyFactory(patient=patient, allergen="Penicillin")
    with system():
        wrong.mark_entered_in_error(by=her_doctor, reason="Another patient's")
    assert client_of(patient).post(MINE, {"allergen": "Penicillin"}).status_code == 302


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"allergen": "  "}, "Say what the allergy is to."),
        ({"allergen": "x" * 201}, "at most 200 characters"),
        ({"allergen": "Latex\x00"}, "Null characters are not allowed."),
        ({"allergen": "Latex", "severity": "dreadful"}, "Select a valid choice."),
    ],
)
def test_what_cannot_be_an_allergy_is_said(
    client_of: Callable[[User], Client], patient: User, sent: dict[str, str], sentence: str
) -> None:
    response = client_of(patient).post(MINE, sent)
    assert response.status_code == 422
    assert sentence in response.content.decode()
    with as_person(patient):
        assert not Allergy.objects.exists()


@pytest.mark.parametrize(
    ("day", "sentence"), [("2999-01-01", "in the future"), ("1950-01-01", "before the date of birth")]
)
def test_a_day_that_cannot_have_been_is_refused(
    client_of: Callable[[User], Client], patient: User, her_doctor: User, day: str, sentence: str
) -> None:
    response = client_of(her_doctor).post(of(patient), {"allergen": "Latex", "diagnosed_on": day})
    assert response.status_code == 422
    assert sentence in response.content.decode()


def test_patients_cannot_set_what_is_for_doctors(client_of: Callable[[User], Client], patient: User) -> None:
    client_of(patient).post(MINE, {"allergen": "Latex", "certainty": "refuted", "source": "doctor", "notes": "x"})
    with as_person(patient):
        allergy = Allergy.objects.get()
    assert (allergy.certainty, allergy.source, allergy.notes) == (None, "patient", None)


def test_whoever_adds_gets_the_refusal_beside_the_field(patient: User, her_doctor: User) -> None:
    """The model says it, so that the intake and the API refuse alike."""
    with as_person(her_doctor):
        Allergy(patient=patient, allergen="Latex").record(by=her_doctor)
        with pytest.raises(ValidationError) as refusal:
            Allergy(patient=patient, allergen="latex").record(by=her_doctor)
        assert list(refusal.value.message_dict) == ["allergen"]
        assert Allergy.objects.count() == 1, "the transaction is still usable"


def test_it_can_be_found_by_its_words(patient: User, her_doctor: User) -> None:
    with as_person(her_doctor):
        Allergy(patient=patient, allergen="Bee sting").record(by=her_doctor)
        words = set(SearchWord.objects.filter(kind="allergen").values_list("word", flat=True))
    assert words == {"bee", "sting"}


def test_a_patient_cannot_write_in_the_clinics_name(patient: User) -> None:
    """The second lock: the policy, whatever the code says."""
    with as_person(patient), pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
        Allergy(patient=patient, allergen="Latex").record(by=patient, source=Source.DOCTOR)


def test_it_is_told(patient: User, her_doctor: User, told: list[dict[str, Any]]) -> None:
    with as_person(her_doctor):
        allergy = Allergy(patient=patient, allergen="Latex", reaction="Blisters")
        allergy.record(by=her_doctor)
    (what,) = told
    assert (what["action"], what["by"], what["patient_id"]) == ("added", her_doctor, patient.pk)
    assert (what["resource_type"], what["resource_id"]) == ("allergy", allergy.pk)
    assert {"allergen", "reaction"} <= set(what["fields"])
    assert "Blisters" not in str(what["fields"])
