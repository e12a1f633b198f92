"""Registering through the API."""

from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.test import Client

from accounts.models import Role, User
from tests.api.asking import is_error, posted
from tests.cast import as_person, system

NEW = {
    "email": "New@Example.org",
    "password": "four brown owls by noon",
    "role": "patient",
    "firstName": "Nora",
    "lastName": "Vale",
}
DOCTOR = {**NEW, "role": "doctor", "specialization": "Dermatology", "licenseNumber": "LIC-77"}


def register(client: Client, **changes: Any) -> Any:
    body = {name: value for name, value in {**NEW, **changes}.items() if value is not None}
    return posted(client, "/auth/register", body)


def test_a_patient_registers_and_is_signed_in(client: Client, db: None, mailbox: list[EmailMessage]) -> None:
    response = register(client, phone="01632 960001", dateOfBirth="1990-06-15", licenseNumber="ignored")
    body = response.json()
    assert response.status_code == 201
    assert body["user"] | {"id": ""} == {
        "id": "", "email": "new@example.org", "role": "patient", "firstName": "Nora", "lastName": "Vale",
        "phone": "01632 960001", "dateOfBirth": "1990-06-15T00:00:00.000Z", "specialization": None,
        "licenseNumber": None, "isActive": True, "emailVerified": False, "profilePhoto": None,
    }  # fmt: skip
    verified = client.get("/api/auth/verify", headers={"Authorization": f"Bearer {body['token']}"})
    assert verified.json()["user"] == body["user"]
    assert [letter.to for letter in mailbox] == [["new@example.org"]]


def test_the_form_with_empty_fields_left_out_or_empty_is_the_same(client: Client, db: None) -> None:
    response = client.post("/api/auth/register", {**NEW, "phone": "", "dateOfBirth": ""})
    assert response.status_code == 201
    assert response.json()["user"]["phone"] is None


def test_a_doctor_registers_and_sees_no_patient_until_approved(
    client: Client, administrator: User, patient: User
) -> None:
    body = posted(client, "/auth/register", DOCTOR).json()
    assert body["user"]["licenseNumber"] == "LIC-77"
    token = {"Authorization": f"Bearer {body['token']}"}
    assert client.get("/api/auth/verify", headers=token).status_code == 200
    with system():
        doctor = User.objects.get(email="new@example.org")
        assert doctor.approved_at is None
        assert doctor.database_role == ""
    with as_person(administrator):
        doctor.approve(by=administrator)
    # Approved meanwhile, the session that was opened without a second factor still gives no rights.
    response = client.get("/api/doctors/stats", headers=token)
    assert response.status_code in {403, 404}


@pytest.mark.parametrize(
    "changes",
    [
        {"email": "no address"},
        {"email": None},
        {"password": "short"},
        {"password": "abababababab"},
        {"password": "nora vale nora"},
        {"password": None},
        {"role": "admin"},
        {"role": None},
        {"firstName": ""},
        {"lastName": "   "},
        {"lastName": "x" * 101},
        {"dateOfBirth": "garbage"},
        {"dateOfBirth": "2990-01-01"},
        {"dateOfBirth": "1700-01-01"},
        {"phone": "1" * 51},
        {"role": "doctor"},
        {"role": "doctor", "specialization": "Dermatology"},
        {"firstName": "a\0b"},
        {"firstName": "\ud800"},
    ],
    ids=repr,
)
def test_what_is_wrong_is_said_in_one_plain_sentence_beside_its_field(
    client: Client, db: None, changes: dict[str, Any]
) -> None:
    response = register(client, **changes)
    assert is_error(response, 400)
    assert not response.json()["message"].startswith("[")
    assert {fault["field"] for fault in response.json()["errors"]} <= {*NEW, "dateOfBirth", "phone", *DOCTOR}
    with system():
        assert not User.objects.filter(email="new@example.org").exists()


def test_nobody_registers_as_an_administrator(client: Client, db: None) -> None:
    assert is_error(register(client, role="admin"), 400)
    with system():
        assert not User.objects.filter(role=Role.ADMIN).exists()


def test_a_known_address_is_409_and_its_owner_is_told(
    client: Client, patient: User, mailbox: list[EmailMessage]
) -> None:
    response = register(client, email=patient.email.upper())
    assert is_error(response, 409)
    assert "token" not in response.json()
    assert [letter.to for letter in mailbox] == [[patient.email]]


def test_a_known_licence_is_409(client: Client, her_doctor: User) -> None:
    response = posted(client, "/auth/register", {**DOCTOR, "licenseNumber": her_doctor.licence_number})
    assert is_error(response, 409)


def test_asking_for_many_addresses_takes_ever_longer(client: Client, patient: User) -> None:
    answers = [register(client, email=patient.email) for _ in range(7)]
    assert [answer.status_code for answer in answers[:5]] == [409] * 5
    assert is_error(answers[-1], 429)
    assert int(answers[-1]["Retry-After"]) > 0


def test_an_address_that_may_register_may_sign_in(client: Client, db: None) -> None:
    assert register(client, email="nora@host.local").status_code == 201
    response = posted(client, "/auth/login", {"email": "nora@host.local", "password": NEW["password"]})
    assert response.status_code == 200


def test_a_registration_that_is_far_too_large_is_413(client: Client, db: None) -> None:
    response = client.post("/api/auth/register", "x" * 1_100_000, content_type="application/json")
    assert is_error(response, 413)
