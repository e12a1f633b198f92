"""The profile, and the traps of the settings form: it never wipes what it did not show (docs/api.md)."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from accounts.models import User
from records.models import Allergy, EmergencyContact, MedicalHistory, MedicalInfo, Medication, SurgicalHistory
from tests.api.asking import is_error, sent
from tests.cast import ClientOf, as_person, system
from tests.factories import (
    AllergyFactory,
    EmergencyContactFactory,
    FamilyHistoryFactory,
    ImmunizationFactory,
    MedicalHistoryFactory,
    MedicalInfoFactory,
    MedicationFactory,
    SurgicalHistoryFactory,
)

SCALARS = (
    "phone", "dateOfBirth", "gender", "bloodType", "height", "weight", "insuranceProvider", "insurancePolicyNumber",
    "insuranceGroupNumber", "primaryPhysician", "pharmacyName", "pharmacyPhone", "smokingStatus", "alcoholConsumption",
    "exerciseFrequency",
)  # fmt: skip
LISTS = (
    "allergies", "currentMedications", "chronicConditions", "surgicalHistory", "familyHistory", "immunizations",
    "emergencyContacts",
)  # fmt: skip
BLANK: dict[str, Any] = {**dict.fromkeys(SCALARS, ""), "preferredLanguage": "English", **{name: [] for name in LISTS}}


@pytest.fixture
def ana(api_of: ClientOf, patient: User) -> Client:
    """Ana's client."""
    return api_of(patient)


@pytest.fixture
def chart(patient: User, her_doctor: User) -> MedicalInfo:
    """Everything that the form shows, and what it does not."""
    with system():
        patient.phone = "01632 960001"
        patient.save()
    info: MedicalInfo = MedicalInfoFactory(
        patient=patient, height_cm=Decimal("178.0"), weight_kg=Decimal("82.5"), blood_type="O+",
        assigned_doctor=her_doctor, primary_physician="Dr Old", pharmacy_name="At the Market",
        pharmacy_phone="01632 960003", smoking="former", preferred_language="Spanish", insurance_provider="BC",
        insurance_policy_number="BC-1", alcohol="none", insurance_group_number="G-1", exercise="1-2",
    )  # fmt: skip
    AllergyFactory(patient=patient)
    MedicationFactory(patient=patient, route="by mouth", started_on=date(2024, 1, 1))
    MedicalHistoryFactory(patient=patient)
    SurgicalHistoryFactory(patient=patient)
    FamilyHistoryFactory(patient=patient)
    ImmunizationFactory(patient=patient)
    EmergencyContactFactory(patient=patient, name="Ivo Person", relationship="Spouse", email="ivo@example.org")
    EmergencyContactFactory(patient=patient, name="Eva Person", position=1)
    return info


def profile(client: Client) -> dict[str, Any]:
    body: dict[str, Any] = client.get("/api/patients/profile").json()["patient"]
    return body


def save(client: Client, **fields: Any) -> Any:
    return sent(client, "PATCH", "/patients/profile", fields)


def loaded_form(client: Client) -> dict[str, Any]:
    """The form as the client fills it from what it loads."""
    shown = profile(client)
    info = shown["patientMedicalInfo"]
    return {
        **BLANK,
        "phone": shown["phone"],
        "dateOfBirth": shown["dateOfBirth"][:10],
        "gender": shown["gender"],
        "bloodType": info["bloodType"],
        "height": info["heightCm"],
        "weight": info["weightKg"],
        "insuranceProvider": info["insuranceProvider"],
        "insurancePolicyNumber": info["insurancePolicyNumber"],
        "insuranceGroupNumber": info["insuranceGroupNumber"],
        "primaryPhysician": f"{info['assignedDoctor']['firstName']} {info['assignedDoctor']['lastName']}",
        "pharmacyName": shown["pharmacyName"],
        "pharmacyPhone": shown["pharmacyPhone"],
        "preferredLanguage": shown["preferredLanguage"],
        "smokingStatus": shown["smokingStatus"],
        "alcoholConsumption": shown["alcoholConsumption"],
        "exerciseFrequency": shown["exerciseFrequency"],
        "allergies": shown["allergies"],
        "currentMedications": shown["patientMedications"],
        "chronicConditions": shown["chronicConditions"],
        "surgicalHistory": shown["surgicalHistory"],
        "familyHistory": shown["familyHistory"],
        "immunizations": shown["immunizations"],
        "emergencyContacts": [
            {
                "name": info["emergencyContactName"],
                "relationship": info["emergencyContactRelationship"],
                "phone": info["emergencyContactPhone"],
                "email": "",
            }
        ],
    }


def without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_times(part) for name, part in value.items() if name != "updatedAt"}
    return [without_times(part) for part in value] if isinstance(value, list) else value


def test_the_profile_holds_what_the_form_shows(ana: Client, chart: MedicalInfo) -> None:
    shown = profile(ana)
    assert shown["allergies"] == ["Penicillin"]
    assert shown["allergyDetails"][0]["reaction"] == "Hives"
    assert shown["patientMedications"][0]["name"] == shown["patientMedications"][0]["medicationName"] == "Enalapril"
    assert shown["patientMedications"][0]["startDate"] == "2024-01-01T00:00:00.000Z"
    assert (shown["chronicConditions"], shown["medicalHistory"][0]["icd10Code"]) == (["Asthma"], "J45.9")
    info = shown["patientMedicalInfo"]
    assert (info["heightCm"], info["weightKg"], info["bloodType"]) == ("178", "82.5", "O+")
    assert (info["emergencyContactName"], info["emergencyContactRelationship"]) == ("Ivo Person", "Spouse")
    assert (info["assignedDoctor"]["lastName"], info["assignedDoctor"]["email"]) == ("Lindqvist", "")
    assert shown["preferredLanguage"] == "Spanish"
    assert len(shown["emergencyContacts"]) == 2


def test_who_has_no_chart_has_an_empty_profile(ana: Client) -> None:
    shown = profile(ana)
    assert shown["patientMedicalInfo"] is None
    assert (shown["allergies"], shown["patientMedications"], shown["gender"]) == ([], [], None)


@pytest.mark.parametrize("form", ["loaded", "blank", "nothing", "nulls in lists"])
def test_saving_what_was_loaded_or_a_blank_form_changes_nothing(ana: Client, chart: MedicalInfo, form: str) -> None:
    before = profile(ana)
    fields = {
        "loaded": loaded_form(ana),
        "blank": BLANK,
        "nothing": {},
        "nulls in lists": {**BLANK, **dict.fromkeys(LISTS)},
    }[form]
    response = save(ana, **fields)
    assert response.status_code == 200, response.content
    assert without_times(profile(ana)) == without_times(before)


def test_the_same_as_a_multipart_form_with_lists_as_texts(ana: Client, chart: MedicalInfo) -> None:
    before, form = profile(ana), loaded_form(ana)
    fields = {name: json.dumps(value) if isinstance(value, list) else value for name, value in form.items() if value}
    response = ana.patch("/api/patients/profile", encode_multipart(BOUNDARY, fields), MULTIPART_CONTENT)
    assert response.status_code == 200, response.content
    assert without_times(profile(ana)) == without_times(before)


def test_what_was_changed_is_stored_and_answered(ana: Client, chart: MedicalInfo) -> None:
    form = {
        **loaded_form(ana),
        "phone": "01632 960009",
        "weight": "80 kg",
        "smokingStatus": "never",
        "height": "1,80 m",
    }
    body = save(ana, **form).json()
    assert body["status"] == "success"
    assert set(body["patient"]) == {
        "id", "email", "role", "firstName", "lastName", "phone", "dateOfBirth", "profilePhoto", "isActive",
        "patientMedicalInfo",
    }  # fmt: skip
    assert body["patient"]["phone"] == "01632 960009"
    assert (body["patient"]["patientMedicalInfo"]["weightKg"], body["patient"]["patientMedicalInfo"]["heightCm"]) == (
        "80",
        "180",
    )
    assert profile(ana)["smokingStatus"] == "never"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("height", "5 m"),
        ("height", "1.72"),
        ("weight", "2000 lbs"),
        ("weight", "very " * 30),
        ("gender", "unicorn"),
        ("bloodType", "Z+"),
        ("dateOfBirth", "2990-01-01"),
        ("dateOfBirth", "15/06/1990x"),
        ("phone", "1" * 60),
        ("pharmacyPhone", "call me"),
        ("allergies", "not json"),
        ("allergies", ["x" * 201]),
        ("allergies", [5]),
        ("currentMedications", [{"name": {"a": 1}}]),
        ("emergencyContacts", ["Ivo"]),
        ("smokingStatus", ["never"]),
        ("phone", "a\0b"),
    ],
    ids=repr,
)
def test_what_cannot_be_meant_is_said_plainly_and_nothing_is_stored(
    ana: Client, chart: MedicalInfo, field: str, value: Any
) -> None:
    before = profile(ana)
    response = save(ana, **{**BLANK, "insuranceProvider": "Other", field: value})
    assert is_error(response, 400)
    assert response.json()["errors"][0]["field"].split(".")[0] == field
    assert not response.json()["message"].startswith("[")
    assert without_times(profile(ana)) == without_times(before)


@pytest.mark.parametrize(
    ("height", "weight", "centimetres", "kilograms"),
    [("5'10\"", "170 lbs", "177.8", "77.1"), ("178cm", "12 st 3", "178", "77.6"), ("179", "83", "179", "83")],
)
def test_height_and_weight_are_understood_as_people_write_them(
    ana: Client, chart: MedicalInfo, height: str, weight: str, centimetres: str, kilograms: str
) -> None:
    assert save(ana, **{**loaded_form(ana), "height": height, "weight": weight}).status_code == 200
    info = profile(ana)["patientMedicalInfo"]
    assert (info["heightCm"], info["weightKg"]) == (centimetres, kilograms)


def test_what_is_no_figure_is_kept_in_words_beside_what_is_known(ana: Client, chart: MedicalInfo) -> None:
    form = {**loaded_form(ana), "height": "tall", "weight": "about 80 or so", "pharmacyName": "By the River"}
    assert save(ana, **form).status_code == 200
    shown = profile(ana)
    info = shown["patientMedicalInfo"]
    assert (info["heightCm"], info["heightText"]) == ("178", "tall")
    assert (info["weightKg"], info["weightText"]) == ("82.5", "about 80 or so")
    assert shown["pharmacyName"] == "By the River"
    # A figure takes the place of the words.
    assert save(ana, weight="81 kg").status_code == 200
    info = profile(ana)["patientMedicalInfo"]
    assert (info["weightKg"], info["weightText"], info["heightText"]) == ("81", None, "tall")


def test_new_entries_are_added_and_known_ones_are_not_doubled(ana: Client, chart: MedicalInfo, patient: User) -> None:
    form = loaded_form(ana)
    form["allergies"] += ["Latex", " penicillin ", "latex", ""]
    form["currentMedications"] += [
        {"name": "Metformin", "dosage": "500 mg", "frequency": "twice a day"},
        {"name": "Enalapril", "dosage": "10 mg", "frequency": ""},
        {"name": "", "dosage": "", "frequency": ""},
        "Aspirin 100 mg",
    ]
    form["chronicConditions"] += ["Gout", "asthma"]
    assert save(ana, **form).status_code == 200
    with as_person(patient):
        assert sorted(Allergy.objects.values_list("allergen", flat=True)) == ["Latex", "Penicillin"]
        assert sorted(Medication.objects.values_list("medication_name", flat=True)) == [
            "Aspirin 100 mg", "Enalapril", "Metformin"
        ]  # fmt: skip
        assert sorted(MedicalHistory.objects.values_list("condition", flat=True)) == ["Asthma", "Gout"]
        latex = Allergy.objects.get(allergen="Latex")
        assert (latex.source, latex.recorded_by_id) == ("patient", patient.pk)
        kept = Medication.objects.get(medication_name="Enalapril")
        assert (kept.route, kept.started_on) == ("by mouth", date(2024, 1, 1))


def test_allergies_come_back_as_objects_beside_new_texts(ana: Client, chart: MedicalInfo, patient: User) -> None:
    """As a client of the previous system got them."""
    form = {**loaded_form(ana), "allergies": [*profile(ana)["allergyDetails"], "Latex"]}
    assert save(ana, **form).status_code == 200
    with as_person(patient):
        assert Allergy.objects.count() == 2


def test_lists_without_an_editor_are_never_replaced(ana: Client, chart: MedicalInfo, patient: User) -> None:
    assert save(ana, surgicalHistory=[], familyHistory=[{"condition": "x"}], immunizations=[]).status_code == 200
    with as_person(patient):
        assert SurgicalHistory.objects.count() == 1
    assert [entry["condition"] for entry in profile(ana)["familyHistory"]] == ["Diabetes"]


def test_the_first_contact_is_changed_and_the_others_and_addresses_stay(
    ana: Client, chart: MedicalInfo, patient: User
) -> None:
    form = loaded_form(ana)
    form["emergencyContacts"][0]["phone"] = "01632 960123"
    form["emergencyContacts"].append({"name": "New Friend", "relationship": "", "phone": "01632 960124", "email": ""})
    assert save(ana, **form).status_code == 200
    with as_person(patient):
        contacts = list(EmergencyContact.objects.order_by("position"))
    assert [(contact.name, contact.phone, contact.email) for contact in contacts] == [
        ("Ivo Person", "01632 960123", "ivo@example.org"),
        ("Eva Person", "01632 960002", None),
        ("New Friend", "01632 960124", None),
    ]


def test_the_assigned_doctor_s_name_is_no_family_doctor_and_changes_no_assignment(
    ana: Client, chart: MedicalInfo, her_doctor: User
) -> None:
    save(ana, **loaded_form(ana))
    with system():
        chart.refresh_from_db()
    assert (chart.primary_physician, chart.assigned_doctor_id) == ("Dr Old", her_doctor.pk)
    save(ana, primaryPhysician="Dr New")
    with system():
        chart.refresh_from_db()
    assert (chart.primary_physician, chart.assigned_doctor_id) == ("Dr New", her_doctor.pk)


def test_the_language_that_the_form_shows_by_itself_is_not_taken_for_said(ana: Client, patient: User) -> None:
    save(ana, **{**BLANK, "phone": "01632 960009"})
    assert profile(ana)["preferredLanguage"] is None
    save(ana, preferredLanguage="French")
    assert profile(ana)["preferredLanguage"] == "French"
    save(ana, **BLANK)
    assert profile(ana)["preferredLanguage"] == "French"
    save(ana, **{**BLANK, "phone": "01632 960009", "preferredLanguage": "English"})
    assert profile(ana)["preferredLanguage"] == "English"


def test_null_clears_a_text(ana: Client, chart: MedicalInfo) -> None:
    assert save(ana, pharmacyName=None, phone=None).status_code == 200
    assert (profile(ana)["pharmacyName"], profile(ana)["phone"]) == (None, None)
    assert is_error(save(ana, dateOfBirth=None), 400)


def test_unknown_fields_are_ignored(ana: Client, patient: User) -> None:
    response = save(ana, role="admin", isActive=False, email="x@example.org", assignedDoctor="x", id="y")
    assert response.status_code == 200
    assert (response.json()["patient"]["role"], response.json()["patient"]["email"]) == ("patient", patient.email)


def test_an_if_match_that_names_no_version_is_refused(api_of: ClientOf, patient: User) -> None:
    response = api_of(patient).patch(
        "/api/patients/profile", {"phone": "5"}, content_type="application/json", headers={"If-Match": " "}
    )
    assert is_error(response, 428)
