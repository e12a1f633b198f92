"""Refills, what was dispensed, and the pharmacist's look, through the API."""

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from prescriptions.models import IssuedSheet, Prescription, RefillRequest
from tests.cast import ClientOf, system
from tests.factories import (
    AllergyFactory,
    ConversationFactory,
    IssuedSheetFactory,
    MedicalInfoFactory,
    PrescriptionFactory,
    RefillRequestFactory,
)

AGAIN = {"medication": "Ibuprofen 400 mg", "dosage": "1 tablet", "frequency": "TDS", "duration": "5 days"}


@pytest.fixture
def sheet(patient: User, her_doctor: User) -> IssuedSheet:
    """Of an answered case of Ana's, whose allergies were asked about."""
    MedicalInfoFactory(patient=patient, no_known_allergies_on=timezone.localdate())
    case = ConversationFactory(answered=True, patient=patient, doctor=her_doctor)
    made: IssuedSheet = IssuedSheetFactory(conversation=case, patient=patient, doctor=her_doctor)
    return made


@pytest.fixture
def prescription(sheet: IssuedSheet, patient: User, her_doctor: User) -> Prescription:
    """Ibuprofen on that sheet."""
    made: Prescription = PrescriptionFactory(
        conversation=sheet.conversation, patient=patient, doctor=her_doctor, sheet=sheet,
        medication_name="Ibuprofen 400 mg", dose="1 tablet",
    )  # fmt: skip
    return made


@pytest.fixture
def asked(prescription: Prescription) -> RefillRequest:
    """Ana has asked for more."""
    made: RefillRequest = RefillRequestFactory(prescription=prescription)
    return made


def test_the_patient_asks_lists_and_takes_back(api_of: ClientOf, patient: User, prescription: Prescription) -> None:
    client = api_of(patient)
    body = {"prescriptionId": str(prescription.pk), "message": "Two left."}

    made = client.post("/api/patients/refill-requests", body, content_type="application/json")
    assert made.status_code == 201
    request = made.json()["request"]
    assert (request["status"], request["message"]) == ("waiting", "Two left.")
    assert request["prescription"]["id"] == str(prescription.pk)

    again = client.post("/api/patients/refill-requests", body, content_type="application/json")
    assert again.status_code == 409
    assert [row["id"] for row in client.get("/api/patients/refill-requests").json()["requests"]] == [request["id"]]
    assert client.delete(f"/api/patients/refill-requests/{request['id']}").status_code == 200
    assert client.delete(f"/api/patients/refill-requests/{request['id']}").status_code == 409


def test_nobody_asks_for_another_s(api_of: ClientOf, another_patient: User, prescription: Prescription) -> None:
    response = api_of(another_patient).post(
        "/api/patients/refill-requests", {"prescriptionId": str(prescription.pk)}, content_type="application/json"
    )

    assert response.status_code == 404


def test_the_doctor_approves_with_the_checks_of_an_answer(
    api_of: ClientOf, her_doctor: User, asked: RefillRequest
) -> None:
    AllergyFactory(patient=asked.patient, allergen="Ibuprofen")
    client = api_of(her_doctor)
    address = f"/api/doctors/refill-requests/{asked.pk}/approve"
    assert [row["id"] for row in client.get("/api/doctors/refill-requests").json()["requests"]] == [str(asked.pk)]

    refused = client.post(address, {"prescription": AGAIN}, content_type="application/json")
    assert refused.status_code == 409
    assert refused.json()["code"] == "unsettled_alerts"

    settled = AGAIN | {"overrideReason": "The allergist has ruled it out."}
    approved = client.post(address, {"prescription": settled, "message": "Here."}, content_type="application/json")
    assert approved.status_code == 200
    body = approved.json()["request"]
    assert (body["status"], body["answer"]) == ("approved", "Here.")
    with system():
        renewal = Prescription.objects.get(pk=body["renewalId"])
    assert renewal.renews_id == asked.prescription_id
    assert client.get("/api/doctors/refill-requests").json()["requests"] == []


def test_the_doctor_declines_with_words(api_of: ClientOf, her_doctor: User, asked: RefillRequest) -> None:
    client, address = api_of(her_doctor), f"/api/doctors/refill-requests/{asked.pk}/decline"

    assert client.post(address, {"message": " "}, content_type="application/json").status_code == 400
    declined = client.post(address, {"message": "Come in first."}, content_type="application/json")
    assert declined.json()["request"]["status"] == "declined"
    assert client.post(address, {"message": "No."}, content_type="application/json").status_code == 409


def test_a_stranger_finds_no_request(api_of: ClientOf, stranger_doctor: User, asked: RefillRequest) -> None:
    client = api_of(stranger_doctor)

    assert client.get("/api/doctors/refill-requests").json()["requests"] == []
    refused = client.post(
        f"/api/doctors/refill-requests/{asked.pk}/decline", {"message": "No."}, content_type="application/json"
    )
    assert refused.status_code == 404


def test_what_was_dispensed_is_seen_by_the_pharmacist(
    api_of: ClientOf, client: Client, her_doctor: User, prescription: Prescription, sheet: IssuedSheet
) -> None:
    before = client.get(f"/api/verify/{sheet.code}").json()
    address, day = f"/api/doctors/prescriptions/{prescription.pk}/dispensed", timezone.localdate().isoformat()
    doctor = api_of(her_doctor)
    assert doctor.post(address, {"day": "2001-01-01"}, content_type="application/json").status_code == 400
    assert doctor.post(address, {"day": day}, content_type="application/json").status_code == 200
    assert doctor.post(address, {"day": day}, content_type="application/json").status_code == 409
    after = client.get(f"/api/verify/{sheet.code}").json()

    assert (before["patientInitials"], before["patientBirthYear"]) == ("A. H.", 1990)
    assert [item["mayBeDispensed"] for item in before["items"]] == [True]
    assert [(item["mayBeDispensed"], item["state"]) for item in after["items"]] == [(False, "dispensed")]
    assert "Horvat" not in str(after)


def test_an_unknown_code_is_404_and_many_make_wait(client: Client, sheet: IssuedSheet) -> None:
    statuses = [client.get(f"/api/verify/0000-{number:04}").status_code for number in range(21)]

    assert statuses == [404] * 20 + [429]
