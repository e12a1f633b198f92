"""Signing in through the API."""

import json
from typing import Any

import bcrypt
import jwt
import pytest
from django.conf import settings
from django.test import Client

from accounts.models import Session, User
from tests.api.asking import is_error, posted
from tests.cast import ClientOf, as_person, system
from tests.factories import PASSWORD

USER_FIELDS = {
    "id", "email", "role", "firstName", "lastName", "phone", "dateOfBirth", "specialization", "licenseNumber",
    "isActive", "emailVerified", "profilePhoto",
}  # fmt: skip


def login(client: Client, email: str, password: str = PASSWORD, **more: Any) -> Any:
    return posted(client, "/auth/login", {"email": email, "password": password, **more})


def test_one_gets_tokens_and_the_account(client: Client, patient: User) -> None:
    response = login(client, " Ana@Example.org ")
    body = response.json()
    assert response.status_code == 200
    assert set(body) == {"status", "message", "token", "refreshToken", "expiresIn", "user"}
    assert set(body["user"]) == USER_FIELDS
    assert body["user"]["id"] == str(patient.pk)
    assert body["user"]["dateOfBirth"] == "1990-06-15T00:00:00.000Z"
    assert body["user"]["role"] == "patient"
    assert body["expiresIn"] == 3600
    assert settings.SESSION_COOKIE_NAME not in response.cookies


def test_the_token_opens_the_api_until_it_expires(client: Client, patient: User) -> None:
    token = login(client, patient.email).json()["token"]
    claims = jwt.decode(token, settings.JWT_SECRET, algorithms=["HS256"], audience=settings.PUBLIC_URL)
    assert (claims["userId"], claims["role"]) == (str(patient.pk), "patient")
    assert claims["exp"] - claims["iat"] == 3600
    response = client.get("/api/auth/verify", headers={"Authorization": f"Bearer {token}"})
    assert response.json()["user"]["email"] == patient.email


def test_it_is_noted_when_and_where(client: Client, patient: User) -> None:
    client.post(
        "/api/auth/login",
        {"email": patient.email, "password": PASSWORD},
        content_type="application/json",
        headers={"User-Agent": "Clinic phone app"},
    )
    with as_person(patient):
        session = Session.objects.get()
        patient.refresh_from_db(fields=["last_login"])
    assert (session.kind, session.device, session.address) == ("api", "Clinic phone app", "127.0.0.1")
    assert patient.last_login


def test_a_form_is_read_as_well(client: Client, patient: User) -> None:
    response = client.post("/api/auth/login", {"email": patient.email, "password": PASSWORD})
    assert response.status_code == 200


@pytest.mark.parametrize("spoilt", ["password", "nobody", "deactivated", "without_password"])
def test_every_refusal_reads_the_same(client: Client, patient: User, spoilt: str) -> None:
    email, password = patient.email, PASSWORD
    with system():
        if spoilt == "password":
            password = "eight quiet herons at dusk"
        elif spoilt == "nobody":
            email = "nobody@example.org"
        elif spoilt == "deactivated":
            patient.deactivate(by=None)
        else:
            patient.set_unusable_password()
            patient.save()
    response = login(client, email, password)
    assert is_error(response, 401)
    assert response.json()["error"] == (
        "E-mail address and password do not belong together, or the account is not active."
    )
    assert response.headers["WWW-Authenticate"] == "Bearer"


def test_faults_are_told_all_at_once_as_a_list_in_the_message(client: Client, db: None) -> None:
    response = posted(client, "/auth/login", {"email": "no address"})
    assert is_error(response, 400)
    faults = json.loads(response.json()["message"])
    assert [fault["field"] for fault in faults] == ["email", "password"]
    assert faults == response.json()["errors"]


@pytest.mark.parametrize("body", ["", "{", "[]", '"text"', "null", "1", '{"email": {"a": 1}, "password": []}', "\xff"])
def test_a_body_that_is_none_is_400(client: Client, db: None, body: str) -> None:
    assert is_error(client.post("/api/auth/login", body, content_type="application/json"), 400)


def test_a_hash_of_the_previous_system_verifies_and_is_replaced(client: Client, patient: User) -> None:
    old = bcrypt.hashpw(b"old password 7", bcrypt.gensalt(10)).decode()
    with system():
        patient.password = f"legacy_bcrypt${old}"
        patient.save(update_fields=["password"])
    assert login(client, patient.email, "old password 7").status_code == 200
    with system():
        patient.refresh_from_db(fields=["password"])
    assert patient.password.startswith("argon2")


def test_who_guesses_has_to_wait_and_is_told_how_long(client: Client, patient: User) -> None:
    assert [login(client, patient.email, "no").status_code for _ in range(6)] == [401] * 5 + [429]
    response = login(client, patient.email)
    assert is_error(response, 429)
    assert 0 < int(response["Retry-After"]) <= 30


def test_an_attempt_on_the_page_counts_here_as_well(client: Client, patient: User) -> None:
    for _ in range(5):
        client.post("/account/sign-in/", {"email": patient.email, "password": "no"})
    login(client, patient.email, "no")
    assert is_error(login(client, patient.email), 429)


def test_the_address_of_the_token_s_owner_is_not_believed(client: Client, patient: User, another_patient: User) -> None:
    """A person signs in over the token of another: the answer is theirs."""
    token = login(client, another_patient.email).json()["token"]
    response = client.post(
        "/api/auth/login",
        {"email": patient.email, "password": PASSWORD},
        content_type="application/json",
        headers={"Authorization": f"Bearer {token}"},
    )
    assert response.json()["user"]["id"] == str(patient.pk)


def test_a_cookie_opens_nothing_here_and_is_left_alone(client_of: ClientOf, patient: User) -> None:
    browser = client_of(patient)
    response = browser.get("/api/auth/verify")
    assert is_error(response, 401)
    assert settings.SESSION_COOKIE_NAME not in response.cookies
    assert browser.get("/account/profile/").status_code == 200


def test_a_token_opens_no_page(api_of: ClientOf, patient: User) -> None:
    assert api_of(patient).get("/account/profile/").status_code == 302


def test_nobody_hides_from_the_throttle_by_writing_the_address_in_another_charset(
    client: Client, patient: User
) -> None:
    """JSON is UTF-8 (RFC 8259, section 8.1), whatever a client says: what is counted is what is tried."""
    body = json.dumps({"email": "ana+AEA-example.org", "password": PASSWORD})
    assert body.encode().decode("utf-7") == json.dumps({"email": patient.email, "password": PASSWORD})
    response = client.generic("POST", "/api/auth/login", body, content_type="application/json; charset=utf-7")
    assert is_error(response, 400)
    assert login(client, patient.email).status_code == 200
