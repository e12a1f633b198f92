"""Patient data: each way in which the old migration script lost or invented something."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.legacy.importing import Loaded, of_document, rows, stored
from tests.legacy.losses import at, doctor, loaded, oid, user

TIMES = ("created_at", "updated_at")


@pytest.fixture(scope="module", autouse=True)
def clinic(loaded_database: Callable[[Path], Loaded], tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    full = {
        "gender": "female", "bloodType": "O-", "height": "1.78 m", "weight": "82 kg", "chronicConditions": ["Gout"],
        "surgicalHistory": [{"_id": oid(101), "procedure": "Tonsillectomy", "date": "2019", "notes": "fine"}],
        "familyHistory": [{"_id": oid(102), "condition": "Asthma", "relation": "mother"}],
        "immunizations": [{"_id": oid(103), "vaccine": "Tetanus", "date": "2019-04-02"}],
        "emergencyContacts": [{"_id": oid(104), "name": "Olga", "relationship": "aunt", "phone": "1", "email": "o@x"}],
        "insuranceProvider": "Fund", "insurancePolicyNumber": "P1", "insuranceGroupNumber": "G1",
        "primaryPhysician": "Dr. Old", "pharmacyName": "Corner", "pharmacyPhone": "555", "preferredLanguage": "French",
        "smokingStatus": "former", "alcoholConsumption": "none", "exerciseFrequency": "3-4",
    }  # fmt: skip
    users = [
        user(1, **full),
        user(2, assignedDoctor=oid(90), allergies=["Egg"], currentMedications=["Iron"],
             medicalHistory=[{"_id": oid(105), "condition": "Gout"}]),
        user(3, assignedDoctor=oid(999), allergies=["Latex"], currentMedications=["Zinc"],
             medicalHistory=[{"_id": oid(106), "condition": "Asthma"}]),
        doctor(4, allergies=["Nickel"], bloodType="A+"),
        user(5, allergies=["Penicillin", "penicillin ", {"allergen": "Nuts", "severity": "severe"}]),
        user(6, currentMedications=[{"name": "Metformin", "dosage": "500 mg", "frequency": "twice"}]),
        user(7, currentMedications="Aspirin, Enalapril"),
        user(8, medicalHistory=[
            {"_id": oid(107), "diagnosedDate": at(2011, 1, 1), "notes": "something"},
            {"_id": oid(108), "condition": "Gout", "diagnosedDate": "unknown"},
        ]),
        user(9, allergies=["NKDA"]),
        doctor(90),
    ]  # fmt: skip
    return loaded(loaded_database, tmp_path_factory.mktemp("chart"), {"users": users})


def chart(table: str, number: int) -> list[dict[str, Any]]:
    return of_document(table, str(oid(number)))


def test_every_field_of_the_chart_comes_over() -> None:
    info = stored("patient_medical_info", str(oid(1)))
    expected = {
        "sex": "female", "blood_type": "O-", "height_cm": Decimal("178.0"), "height_text": "1.78 m",
        "weight_kg": Decimal("82.0"), "weight_text": "82 kg", "insurance_provider": "Fund",
        "insurance_policy_number": "P1", "insurance_group_number": "G1", "primary_physician": "Dr. Old",
        "pharmacy_name": "Corner", "pharmacy_phone": "555", "preferred_language": "French", "smoking": "former",
        "alcohol": "none", "exercise": "3-4",
    }  # fmt: skip
    assert {name: info[name] for name in expected} == expected
    assert [(row["condition"], row["is_active"]) for row in chart("medical_history", 1)] == [("Gout", True)]
    assert [(row["procedure"], row["date_text"], row["notes"]) for row in chart("surgical_history", 1)] == [
        ("Tonsillectomy", "2019", "fine")
    ]
    assert [(row["condition"], row["relation"]) for row in chart("family_history", 1)] == [("Asthma", "mother")]
    assert [(row["vaccine"], row["given_on"]) for row in chart("immunizations", 1)] == [("Tetanus", date(2019, 4, 2))]
    (contact,) = chart("emergency_contacts", 1)
    assert [contact[name] for name in ("name", "relationship", "phone", "email")] == ["Olga", "aunt", "1", "o@x"]


@pytest.mark.parametrize("number", [2, 3])
def test_the_chart_comes_over_when_the_assigned_doctor_stands_later_or_exists_no_longer(number: int) -> None:
    assert len(chart("allergies", number)) == 1
    assert len(chart("medications", number)) == 1
    assert len(chart("medical_history", number)) == 1
    assigned = stored("patient_medical_info", str(oid(number)))["assigned_doctor_id"]
    assert assigned == (stored("users", str(oid(90)))["id"] if number == 2 else None)


def test_patient_data_on_documents_of_other_roles_comes_over(clinic: Loaded) -> None:
    assert [row["allergen"] for row in chart("allergies", 4)] == ["Nickel"]
    assert stored("patient_medical_info", str(oid(4)))["blood_type"] == "A+"
    assert clinic.report["rules"]["data_of_other_role"]["examples"] == [str(oid(4))]


def test_no_allergy_gets_an_invented_kind_or_severity() -> None:
    for row in chart("allergies", 2):
        assert row["severity"] is None
        assert row["reaction"] is None
    assert rows("SELECT count(*) FROM allergies WHERE kind IS NOT NULL OR certainty IS NOT NULL") == [(0,)]


def test_duplicate_allergies_are_merged_with_a_message_and_objects_come_over(clinic: Loaded) -> None:
    found = {row["allergen"]: row["severity"] for row in chart("allergies", 5)}
    assert found == {"Penicillin": None, "Nuts": "severe"}
    assert clinic.report["entities"]["allergies"]["merged"] == 2  # the duplicate, and 'NKDA'
    assert clinic.report["rules"]["duplicate_merged"]["examples"] == [str(oid(5))]


def test_medications_stored_as_objects_and_as_text_come_over(clinic: Loaded) -> None:
    (as_object,) = chart("medications", 6)
    assert [as_object[name] for name in ("medication_name", "dosage", "frequency")] == ["Metformin", "500 mg", "twice"]
    assert {row["medication_name"] for row in chart("medications", 7)} == {"Aspirin", "Enalapril"}
    assert clinic.report["rules"]["text_split"]["examples"] == [str(oid(7))]


def test_no_medication_and_no_history_is_invented_to_be_active() -> None:
    assert rows("SELECT count(*) FROM medications WHERE is_active IS NOT NULL") == [(0,)]
    assert rows("SELECT count(*) FROM medical_history WHERE is_active AND legacy_id LIKE %s", "%medicalHistory%") == [
        (0,)
    ]


def test_no_condition_is_invented_and_a_date_that_is_none_is_kept_as_text(clinic: Loaded) -> None:
    assert rows("SELECT count(*) FROM medical_history WHERE condition IN ('Unknown', '')") == [(0,)]
    (gout,) = chart("medical_history", 8)
    assert (gout["diagnosed_on"], gout["diagnosed_text"]) == (None, "unknown")
    assert clinic.report["rules"]["entry_without_name"]["count"] == 1


def test_no_entry_of_the_chart_is_stamped_with_the_time_of_migration() -> None:
    for table in ("allergies", "medications", "medical_history", "surgical_history", "family_history", "immunizations"):
        # Table names are constants.
        # Names of tables and columns are constants.
        assert rows(f"SELECT count(*) FROM {table} WHERE created_at IS NOT NULL") == [(0,)], table  # noqa: S608


def test_a_statement_of_no_allergies_is_no_allergen() -> None:
    assert chart("allergies", 9) == []
    assert stored("patient_medical_info", str(oid(9)))["no_known_allergies_on"] == date(2022, 3, 4)
