"""A new password through the API."""

import re
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.test import Client

from accounts.models import User
from tests.api.asking import is_error, posted
from tests.api.test_login import login
from tests.cast import api_client, api_token_of, system
from tests.factories import PASSWORD

NEW = "four brown owls by noon"


def link_in(letter: EmailMessage) -> dict[str, str]:
    found = re.search(r"/account/reset/([^/]+)/([^/]+)/", str(letter.body))
    assert found
    return {"uid": found[1], "token": found[2]}


def reset(client: Client, link: dict[str, str], password: str = NEW) -> Any:
    return posted(client, "/auth/password/reset", {**link, "newPassword": password})


def test_the_answer_is_the_same_whether_or_not_there_is_an_account(
    client: Client, patient: User, mailbox: list[EmailMessage]
) -> None:
    known = posted(client, "/auth/password/forgot", {"email": patient.email})
    unknown = posted(client, "/auth/password/forgot", {"email": "nobody@example.org"})
    assert (known.status_code, known.json()) == (200, unknown.json())
    assert [letter.to for letter in mailbox] == [[patient.email]]
    assert is_error(posted(client, "/auth/password/forgot", {"email": "x"}), 400)


def test_the_link_stores_a_new_password_once_and_ends_all_sessions(
    client: Client, patient: User, mailbox: list[EmailMessage]
) -> None:
    token = api_token_of(patient)
    posted(client, "/auth/password/forgot", {"email": patient.email})
    link = link_in(mailbox[0])
    assert is_error(reset(client, link, "short"), 400)
    assert reset(client, link).json()["status"] == "success"
    assert is_error(reset(client, link), 410)
    assert login(client, patient.email, NEW).status_code == 200
    assert is_error(client.get("/api/auth/verify", headers={"Authorization": f"Bearer {token}"}), 401)


@pytest.mark.parametrize("link", [{"uid": "AAAA", "token": "guess"}, {"uid": "\0", "token": "x"}, {"uid": "é"}, {}])
def test_a_damaged_link_is_refused(client: Client, db: None, link: dict[str, str]) -> None:
    response = reset(client, link)
    assert is_error(response, 410 if link.get("token") == "guess" else 400)


def test_asking_again_and_again_takes_ever_longer(client: Client, patient: User) -> None:
    answers = [posted(client, "/auth/password/forgot", {"email": patient.email}) for _ in range(5)]
    assert is_error(answers[-1], 429)


def test_changing_the_password_signs_other_devices_out(patient: User) -> None:
    here, other = api_client(patient), api_client(patient)
    body = {"password": PASSWORD, "newPassword": NEW}
    assert posted(here, "/auth/password/change", body).json()["status"] == "success"
    assert here.get("/api/auth/verify").status_code == 200
    assert is_error(other.get("/api/auth/verify"), 401)
    with system():
        patient.refresh_from_db(fields=["password"])
    assert patient.check_password(NEW)


def test_changing_needs_the_present_password_and_a_good_new_one(client: Client, patient: User) -> None:
    here = api_client(patient)
    response = posted(here, "/auth/password/change", {"password": "wrong", "newPassword": "short"})
    assert is_error(response, 400)
    assert {fault["field"] for fault in response.json()["errors"]} == {"password", "newPassword"}
    assert is_error(posted(client, "/auth/password/change", {}), 401)


def test_guessing_the_present_password_is_counted_for_the_session_and_not_for_its_token(
    client: Client, patient: User
) -> None:
    """A fresh token, or the same one written otherwise, is no fresh start."""
    guess = {"password": "eight quiet herons at dusk", "newPassword": NEW}
    pair = login(client, patient.email).json()
    for guessed in range(7):
        pair = posted(client, "/auth/refresh", {"refreshToken": pair["refreshToken"]}).json()
        spelt = "BEARER  " if guessed % 2 else "Bearer "
        here = Client(headers={"Authorization": f"{spelt}{pair['token']}"})
        assert is_error(posted(here, "/auth/password/change", guess), 400 if guessed < 5 else 429)
