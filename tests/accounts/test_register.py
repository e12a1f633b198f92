"""A patient registers."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.test import Client
from django.utils import timezone

from accounts import signals
from accounts.models import AttemptCount, Role, User
from records.models import MedicalInfo
from tests.cast import system

TYPED = {
    "first_name": "Greta",
    "last_name": "Ilves",
    "date_of_birth": "1984-02-29",
    "sex": "female",
    "email": "Greta@Example.org",
    "password": "nine slow barges upriver",
}
DONE = "/account/registered/patient/"


def register(client: Client, **changes: str) -> Any:
    return client.post("/account/register/", {**TYPED, **changes})


def test_the_account_is_there_and_one_can_sign_in(client: Client, mailbox: list[EmailMessage], db: None) -> None:
    heard: list[User] = []
    signals.registered.connect(lambda user, **_: heard.append(user), weak=False, dispatch_uid="test")
    try:
        response = register(client)
    finally:
        signals.registered.disconnect(dispatch_uid="test")
    assert (response.status_code, response["Location"]) == (302, DONE)
    with system():
        user = User.objects.get(email="greta@example.org")
        assert user.medical_info.sex == "female"
    assert (user.role, user.first_name, str(user.date_of_birth)) == (Role.PATIENT, "Greta", "1984-02-29")
    assert user.password.startswith("argon2")
    assert heard == [user]
    assert [message.to for message in mailbox] == [["greta@example.org"]]
    assert client.post("/account/sign-in/", TYPED)["Location"] == "/home/"


def test_what_was_not_said_is_not_on_the_chart(client: Client, mailbox: list[EmailMessage], db: None) -> None:
    register(client, sex="")
    with system():
        assert not MedicalInfo.objects.exists()


def test_nobody_is_signed_in_by_registering(client: Client, mailbox: list[EmailMessage], db: None) -> None:
    register(client)
    assert "sessionid" not in client.cookies


def test_nobody_writes_to_a_stranger_in_the_clinic_s_name(
    client: Client, mailbox: list[EmailMessage], db: None
) -> None:
    """Whoever registers may type any address, and any words for a name."""
    register(client, first_name="Win a prize at evil.example", last_name="and pay at worse.example")
    assert [message.to for message in mailbox] == [["greta@example.org"]]
    assert not re.search(r"evil|worse|prize|pay at", f"{mailbox[0].subject} {mailbox[0].body}")


@pytest.mark.parametrize("password", ["onlysmallletters", "x1 y2 z3 " * 14 + "ab"])
def test_a_password_may_be_long_and_of_any_characters(
    client: Client, mailbox: list[EmailMessage], db: None, password: str
) -> None:
    assert len(password) in {16, 128}
    assert register(client, password=password)["Location"] == DONE
    assert client.post("/account/sign-in/", {"email": TYPED["email"], "password": password})["Location"] == "/home/"


def test_who_has_an_account_already_gets_the_same_answer_and_a_message(
    client: Client, mailbox: list[EmailMessage], patient: User
) -> None:
    before = patient.password
    response = register(client, email=patient.email)
    assert (response.status_code, response["Location"]) == (302, DONE)
    assert [message.to for message in mailbox] == [[patient.email]]
    assert "already" in mailbox[0].subject
    with system():
        assert User.objects.get(email=patient.email).password == before
        assert User.objects.get(email=patient.email).first_name == "Ana"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"first_name": " "}, "Enter your first name."),
        ({"last_name": ""}, "Enter your last name."),
        ({"sex": "king"}, "Choose one of the answers in the list."),
        ({"email": "greta@"}, "Enter an e-mail address like name@example.org."),
        ({"email": "greta@example.org\nBcc: all@example.org"}, "Enter an e-mail address like name@example.org."),
        ({"date_of_birth": ""}, "Enter your date of birth."),
        ({"date_of_birth": "29.02.1985x"}, "Enter the date of birth as a date"),
        ({"date_of_birth": "1879-12-31"}, "This date is too long ago."),
        ({"date_of_birth": (timezone.now() + timedelta(days=3)).date().isoformat()}, "This date is in the future."),
        ({"password": "too short"}, "This password has 9 characters. Use at least 12"),
        ({"password": "x" * 3 + "y" * 126}, "Use at most 128 characters."),
        ({"password": "abababababab"}, "This password is a simple pattern."),
        ({"password": "abcdefghijklm"}, "This password is a simple pattern."),
        ({"password": "greta-ilves-77"}, "This password is mostly your name"),
        ({"password": "medichat-2026"}, "This password is mostly your name"),
        ({"password": "1qaz2wsx3edc4rfv"}, "This password is too common."),
        ({"first_name": "Gre\0ta"}, "Null characters are not allowed."),
        ({"first_name": "G" * 101}, "A first name has at most 100 characters here."),
    ],
)
def test_what_is_wrong_is_said_beside_the_field_and_nothing_is_lost(
    client: Client, db: None, changes: dict[str, str], sentence: str
) -> None:
    response = register(client, **changes)
    page = response.content.decode()
    assert response.status_code == 422
    assert sentence in page
    for name, value in {**TYPED, **changes}.items():
        if name == "sex":
            assert f'value="{value}" selected' in page or value == "king"
        elif name != "password" and "\0" not in value:
            assert f'value="{value}"' in page or not value
    assert TYPED["password"] not in page
    with system():
        assert not User.objects.exists()


def test_a_password_that_must_be_typed_again_is_asked_for(client: Client, db: None) -> None:
    assert "For safety the password was not kept" in register(client, last_name="").content.decode()


@pytest.mark.parametrize("smuggled", [{"role": "admin"}, {"approved_at": "2026-01-01"}, {"is_active": "0"}])
def test_nobody_gives_themselves_more_than_they_may_have(
    client: Client, mailbox: list[EmailMessage], db: None, smuggled: dict[str, str]
) -> None:
    register(client, **smuggled)
    with system():
        user = User.objects.get()
    assert (user.role, user.approved_at, user.is_active) == (Role.PATIENT, None, True)


def test_who_is_signed_in_does_not_register(client_of: Callable[[User], Client], patient: User) -> None:
    assert register(client_of(patient))["Location"] == "/home/"
    with system():
        assert User.objects.count() == 1


def test_the_throttle_keeps_no_address(client: Client, mailbox: list[EmailMessage], db: None) -> None:
    register(client)
    assert AttemptCount.objects.count() == 3
    assert not AttemptCount.objects.filter(key__contains="greta").exists()
