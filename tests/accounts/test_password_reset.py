"""A new password by e-mail, and changing it knowing the present one."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from django.contrib.auth.tokens import default_token_generator
from django.core.mail import EmailMessage
from django.test import Client
from django.utils import timezone

from accounts.models import Session, User
from tests.cast import system
from tests.factories import PASSWORD

NEW = "four green ladders outside"


def link_in(message: EmailMessage) -> str:
    found = re.search(r"https?://[^/]+(/account/\S+)", str(message.body))
    assert found
    return found[1]


def ask(client: Client, email: str) -> Any:
    return client.post("/account/reset/", {"email": email})


def test_the_link_gives_a_new_password_and_ends_all_sessions(
    client: Client, client_of: Callable[[User], Client], mailbox: list[EmailMessage], patient: User
) -> None:
    elsewhere = client_of(patient)
    assert ask(client, " Ana@example.org")["Location"] == "/account/reset/sent/"
    link = link_in(mailbox[0])
    assert client.get(link).status_code == 200
    assert client.post(link, {"new_password": NEW})["Location"] == "/account/sign-in/"
    assert elsewhere.get("/account/profile/").status_code == 302
    with system():
        assert Session.objects.get().revoked_at is not None
        assert User.objects.get(pk=patient.pk).check_password(NEW)
    assert client.post("/account/sign-in/", {"email": patient.email, "password": NEW}).status_code == 302
    assert "was changed" in mailbox[1].subject


def test_the_link_works_once(client: Client, mailbox: list[EmailMessage], patient: User) -> None:
    ask(client, patient.email)
    link = link_in(mailbox[0])
    client.post(link, {"new_password": NEW})
    again = client.post(link, {"new_password": "yet another long password"})
    assert again.status_code == 410
    with system():
        assert User.objects.get(pk=patient.pk).check_password(NEW)


def test_the_link_works_for_an_hour(client: Client, mailbox: list[EmailMessage], patient: User) -> None:
    ask(client, patient.email)
    later = timezone.localtime().replace(tzinfo=None) + timedelta(minutes=61)
    with mock.patch.object(default_token_generator, "_now", return_value=later):
        assert client.get(link_in(mailbox[0])).status_code == 410


@pytest.mark.parametrize(
    "link", ["/account/reset/AAAA/x-y/", "/account/reset/%C3%BC/x/", "/account/reset/MTIz/set-password/"]
)
def test_a_damaged_link_says_so(client: Client, patient: User, link: str) -> None:
    response = client.get(link)
    assert response.status_code == 410
    assert "This link does not work any more" in response.content.decode()


def test_a_link_is_for_one_account_only(
    client: Client, mailbox: list[EmailMessage], patient: User, another_patient: User
) -> None:
    ask(client, patient.email)
    ask(client, another_patient.email)
    (first_id, _), (_, second_token) = (link_in(message).split("/")[3:5] for message in mailbox)
    assert client.get(f"/account/reset/{first_id}/{second_token}/").status_code == 410


@pytest.mark.parametrize("unknown", ["nobody", "deactivated"])
def test_an_address_without_account_gets_the_same_answer_and_no_message(
    client: Client, mailbox: list[EmailMessage], patient: User, unknown: str
) -> None:
    with system():
        patient.deactivate(by=None)
    email = patient.email if unknown == "deactivated" else "nobody@example.org"
    assert ask(client, email)["Location"] == "/account/reset/sent/"
    assert mailbox == []


def test_the_link_never_leads_to_the_host_that_a_stranger_names(
    client: Client, mailbox: list[EmailMessage], patient: User, settings: Any
) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    client.post("/account/reset/", {"email": patient.email}, headers={"Host": "evil.example"})
    assert "evil.example" not in mailbox[0].body


def test_a_weak_password_is_refused_and_the_link_stays_good(
    client: Client, mailbox: list[EmailMessage], patient: User
) -> None:
    ask(client, patient.email)
    link = link_in(mailbox[0])
    response = client.post(link, {"new_password": "short"})
    assert response.status_code == 422
    assert "Use at least 12" in response.content.decode()
    assert client.post(link, {"new_password": NEW}).status_code == 302


def test_an_imported_account_without_password_gets_one(
    client: Client, mailbox: list[EmailMessage], patient: User
) -> None:
    with system():
        patient.set_unusable_password()
        patient.save()
    ask(client, patient.email)
    client.post(link_in(mailbox[0]), {"new_password": NEW})
    assert client.post("/account/sign-in/", {"email": patient.email, "password": NEW}).status_code == 302


def test_changing_it_keeps_this_browser_and_signs_out_the_others(
    client_of: Callable[[User], Client], mailbox: list[EmailMessage], patient: User
) -> None:
    here, there = client_of(patient), client_of(patient)
    before = here.cookies["sessionid"].value
    response = here.post("/account/password/", {"password": PASSWORD, "new_password": NEW})
    assert response["Location"] == "/account/profile/"
    assert here.cookies["sessionid"].value != before
    assert here.get("/account/profile/").status_code == 200
    assert there.get("/account/profile/").status_code == 302
    assert "was changed" in mailbox[0].subject


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"password": "not the present one", "new_password": NEW}, "This is not your present password."),
        ({"password": PASSWORD, "new_password": "short"}, "Use at least 12"),
        ({"password": PASSWORD, "new_password": "ana-horvat-ana"}, "mostly your name"),
        ({"password": PASSWORD, "new_password": ""}, "Enter a password."),
    ],
)
def test_it_is_not_changed_without_the_present_one_or_to_a_weak_one(
    client_of: Callable[[User], Client], patient: User, typed: dict[str, str], sentence: str
) -> None:
    response = client_of(patient).post("/account/password/", typed)
    assert response.status_code == 422
    assert sentence in response.content.decode()
    with system():
        assert User.objects.get(pk=patient.pk).check_password(PASSWORD)


def test_who_is_not_signed_in_is_asked_to(client: Client, db: None) -> None:
    assert client.get("/account/password/")["Location"].startswith("/account/sign-in/")
