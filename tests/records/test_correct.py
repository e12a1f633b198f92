"""Correcting an entry: the wrong one is struck out and another takes its place, as one act."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client

from accounts.models import User
from records.models import Allergy, MedicalHistory, MedicalInfo, Medication
from tests.cast import as_person
from tests.factories import AllergyFactory, MedicalHistoryFactory, MedicationFactory


def url(patient: User, entry: Any, slug: str = "allergies") -> str:
    return f"/patients/{patient.pk}/{slug}/{entry.pk}/correct/"


def test_the_form_begins_with_what_stands_there(
    client_of: Callable[[User], Client], patient: User, her_doctor: User
) -> None:
    allergy = AllergyFactory(patient=patient, allergen="Penicilin", reaction="Hives")
    page = client_of(her_doctor).get(url(patient, allergy)).content.decode()
    assert 'value="Penicilin"' in page
    assert "Hives</textarea>" in page
    assert '<option value="severe" selected>' in page
    assert "What is wrong about it?" in page


def test_both_versions_stay_and_only_the_right_one_stands(
    client_of: Callable[[User], Client], patient: User, her_doctor: User
) -> None:
    wrong = AllergyFactory(patient=patient, allergen="Penicilin")
    sent = {"allergen": "Penicillin", "severity": "severe", "reason": "Misspelt"}
    assert client_of(her_doctor).post(url(patient, wrong), sent).status_code == 302
    with as_person(her_doctor):
        struck = Allergy.objects.get(pk=wrong.pk)
        right = Allergy.objects.standing().get()
    assert (struck.allergen, struck.entered_in_error_reason) == ("Penicilin", "Misspelt")
    assert struck.entered_in_error_by_id == her_doctor.pk
    assert (right.allergen, right.source, right.recorded_by_id) == ("Penicillin", "doctor", her_doctor.pk)


def test_a_detail_can_be_corrected_under_the_same_name(
    client_of: Callable[[User], Client], patient: User, her_doctor: User
) -> None:
    """The old entry is struck out first, so that it is no duplicate of the new one."""
    wrong = AllergyFactory(patient=patient, allergen="Penicillin", severity="mild")
    sent = {"allergen": "Penicillin", "severity": "severe", "reason": "It was worse"}
    assert client_of(her_doctor).post(url(patient, wrong), sent).status_code == 302
    with as_person(her_doctor):
        assert Allergy.objects.standing().get().severity == "severe"


@pytest.mark.parametrize("active", [True, False])
def test_whether_a_condition_is_active_is_kept(
    client_of: Callable[[User], Client], patient: User, her_doctor: User, active: bool
) -> None:
    condition = MedicalHistoryFactory(patient=patient, is_active=active)
    page = client_of(her_doctor).get(url(patient, condition, "conditions")).content.decode()
    value = "yes" if active else "no"
    chosen = page[page.index("checked") - 200 : page.index("checked")]
    assert f'value="{value}"' in chosen


def test_without_a_reason_nothing_happens(client_of: Callable[[User], Client], patient: User, her_doctor: User) -> None:
    wrong = AllergyFactory(patient=patient, allergen="Penicilin")
    response = client_of(her_doctor).post(url(patient, wrong), {"allergen": "Penicillin", "reason": " "})
    page = response.content.decode()
    assert response.status_code == 422
    assert "Say what is wrong about it." in page
    assert 'value="Penicillin"' in page
    with as_person(her_doctor):
        assert Allergy.objects.standing().get().allergen == "Penicilin"


def test_when_the_new_one_is_refused_the_old_one_stands(
    client_of: Callable[[User], Client], patient: User, her_doctor: User
) -> None:
    AllergyFactory(patient=patient, allergen="Latex")
    wrong = AllergyFactory(patient=patient, allergen="Latez")
    response = client_of(her_doctor).post(url(patient, wrong), {"allergen": "latex", "reason": "Misspelt"})
    assert response.status_code == 422
    assert "This allergy is on the chart already." in response.content.decode()
    with as_person(her_doctor):
        assert set(Allergy.objects.standing().values_list("allergen", flat=True)) == {"Latex", "Latez"}


def test_a_refused_correction_leaves_the_object_as_it_was(patient: User, her_doctor: User) -> None:
    AllergyFactory(patient=patient, allergen="Latex")
    wrong = AllergyFactory(patient=patient, allergen="Latez")
    with as_person(her_doctor), pytest.raises(ValidationError):
        wrong.correct(Allergy(patient=patient, allergen="Latex"), by=her_doctor, reason="Misspelt")
    assert wrong.entered_in_error_at is None


def test_a_correction_that_refutes_leaves_no_statement_behind(patient: User, her_doctor: User) -> None:
    allergy = AllergyFactory(patient=patient)
    with as_person(her_doctor):
        refuted = Allergy(patient=patient, allergen="Penicillin", certainty="refuted")
        allergy.correct(refuted, by=her_doctor, reason="Tested negative")
        assert MedicalInfo.objects.get().no_known_allergies_on is None, "nobody said 'none'"


def test_patients_correct_what_they_said_themselves(client_of: Callable[[User], Client], patient: User) -> None:
    with as_person(patient):
        own = Allergy(patient=patient, allergen="Penut")
        own.record(by=patient)
    sent = {"allergen": "Peanut", "reason": "Misspelt"}
    assert client_of(patient).post(f"/record/allergies/{own.pk}/correct/", sent).status_code == 302
    with as_person(patient):
        assert Allergy.objects.standing().get().allergen == "Peanut"


def test_patients_do_not_correct_what_the_clinic_recorded(client_of: Callable[[User], Client], patient: User) -> None:
    allergy = AllergyFactory(patient=patient)
    client = client_of(patient)
    place = f"/record/allergies/{allergy.pk}/correct/"
    assert client.get(place).status_code == 403
    response = client.post(place, {"allergen": "Nothing", "reason": "I want it gone"})
    assert response.status_code == 403
    assert "The clinic recorded this entry." in response.content.decode()
    with as_person(patient):
        assert Allergy.objects.standing().get().allergen == "Penicillin"
        with pytest.raises(PermissionDenied):
            allergy.correct(Allergy(patient=patient, allergen="x"), by=patient, reason="y")


def test_an_entry_of_another_patient_is_not_found(
    client_of: Callable[[User], Client], patient: User, another_patient: User, her_doctor: User
) -> None:
    foreign = AllergyFactory(patient=another_patient)
    sent = {"allergen": "x", "reason": "y"}
    assert client_of(her_doctor).post(url(patient, foreign), sent).status_code == 404
    assert client_of(patient).post(f"/record/allergies/{foreign.pk}/correct/", sent).status_code == 404


def test_a_medicine_is_not_found_among_the_allergies(
    client_of: Callable[[User], Client], patient: User, her_doctor: User
) -> None:
    medicine = MedicationFactory(patient=patient)
    assert client_of(her_doctor).get(url(patient, medicine)).status_code == 404
    assert client_of(her_doctor).get(url(patient, medicine, "dreams")).status_code == 404


def test_it_is_told_once(patient: User, her_doctor: User, told: list[dict[str, Any]]) -> None:
    condition = MedicalHistoryFactory(patient=patient, condition="Astma")
    right = MedicalHistory(patient=patient, condition="Asthma", icd10_code="J45.9")
    with as_person(her_doctor):
        condition.correct(right, by=her_doctor, reason="Misspelt")
    (what,) = told
    assert (what["action"], what["resource_id"], what["fields"]) == ("corrected", right.pk, ["condition"])


def test_what_the_form_does_not_ask_stays_as_it_was(
    client_of: Callable[[User], Client], patient: User, her_doctor: User
) -> None:
    medicine = MedicationFactory(patient=patient, medication_name="Ramipil", prescribed_by=her_doctor)
    sent = {"medication_name": "Ramipril", "dosage": "5 mg", "reason": "Misspelt"}
    assert client_of(her_doctor).post(url(patient, medicine, "medicines"), sent).status_code == 302
    with as_person(her_doctor):
        right = Medication.objects.standing().get(medication_name="Ramipril")
    assert right.prescribed_by_id == her_doctor.pk


def test_a_medicine_that_was_stopped_is_not_taken_again_because_its_name_was_corrected(
    client_of: Callable[[User], Client], patient: User
) -> None:
    medicine = MedicationFactory(
        patient=patient,
        recorded_by=patient,
        source="patient",
        medication_name="Ibuprofin",
        started_on=None,
        is_active=False,
        ended_on=date(2026, 1, 5),
        notes="Stomach ache",
    )
    sent = {"medication_name": "Ibuprofen", "reason": "Misspelt"}
    assert client_of(patient).post(f"/record/medicines/{medicine.pk}/correct/", sent).status_code == 302
    with as_person(patient):
        right = Medication.objects.standing().get(medication_name="Ibuprofen")
        assert (right.is_active, right.ended_on, right.notes) == (False, date(2026, 1, 5), "Stomach ache")


def test_a_condition_that_a_patient_has_again_is_not_resolved_any_more(
    client_of: Callable[[User], Client], patient: User
) -> None:
    condition = MedicalHistoryFactory(
        patient=patient,
        recorded_by=patient,
        source="patient",
        condition="Asthma",
        diagnosed_on=None,
        is_active=False,
        resolved_on=date(2026, 1, 5),
    )
    sent = {"condition": "Asthma", "is_active": "yes", "reason": "It is back"}
    assert client_of(patient).post(f"/record/conditions/{condition.pk}/correct/", sent).status_code == 302
    with as_person(patient):
        right = MedicalHistory.objects.standing().get()
    assert (right.is_active, right.resolved_on) == (True, None)
