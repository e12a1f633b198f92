"""Signing in with e-mail address and password, and what a session lasts."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from accounts.models import Session, User
from tests.cast import as_person, system
from tests.factories import PASSWORD

COOKIE = settings.SESSION_COOKIE_NAME
REFUSAL = "E-mail address and password do not belong together, or the account is not active."


def sign_in(client: Client, email: str, password: str = PASSWORD, **more: str) -> Any:
    return client.post("/account/sign-in/", {"email": email, "password": password, **more})


def test_with_the_right_password_one_is_signed_in(client: Client, patient: User) -> None:
    response = sign_in(client, "Ana@Example.org ")
    assert (response.status_code, response["Location"]) == (302, "/home/")
    page = client.get("/account/sign-in/")
    assert page.status_code == 302


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("/account/sign-in/", ["username", "current-password"]),
        ("/account/register/", ["given-name", "family-name", "bday", "email", "new-password"]),
    ],
)
def test_password_managers_know_the_fields_and_may_paste(
    client: Client, db: None, page: str, expected: list[str]
) -> None:
    text = client.get(page).content.decode()
    assert re.findall(r'autocomplete="([a-z-]+)"', text) == expected
    assert "onpaste" not in text


def test_the_cookie_is_kept_from_scripts_and_its_key_from_the_database(client: Client, patient: User) -> None:
    sign_in(client, patient.email)
    cookie = client.cookies[COOKIE]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert len(cookie.value) >= 43
    with as_person(patient):
        session = Session.objects.get()
    assert session.key_hash == Session.hash_of(cookie.value)
    assert cookie.value not in session.data
    assert session.address == "127.0.0.1"


@pytest.mark.parametrize("spoilt", ["password", "nobody", "deactivated", "without_password"])
def test_every_refusal_reads_the_same_and_keeps_the_address(client: Client, patient: User, spoilt: str) -> None:
    email, password = patient.email, PASSWORD
    match spoilt:
        case "password":
            password = "not the password at all"
        case "nobody":
            email = "nobody@example.org"
        case "deactivated":
            with system():
                patient.deactivate(by=None)
        case "without_password":
            with system():
                patient.set_unusable_password()
                patient.save()
    response = sign_in(client, email, password)
    page = response.content.decode()
    assert response.status_code == 422
    assert REFUSAL in page
    assert email in page
    assert password not in page
    assert COOKIE not in client.cookies


@pytest.mark.parametrize(
    ("email", "password", "sentence"),
    [
        ("", PASSWORD, "Enter your e-mail address."),
        ("ana", PASSWORD, "Enter an e-mail address like name@example.org."),
        ("ana@example.org", "", "Enter your password."),
    ],
)
def test_what_is_missing_is_said(client: Client, db: None, email: str, password: str, sentence: str) -> None:
    response = sign_in(client, email, password)
    assert response.status_code == 422
    assert sentence in response.content.decode()


def test_a_visitor_gets_no_session(client: Client, db: None) -> None:
    response = client.get("/account/sign-in/")
    assert response.status_code == 200
    assert COOKIE not in response.cookies


def test_a_key_that_was_planted_is_not_taken_over(client: Client, patient: User) -> None:
    client.cookies[COOKIE] = "x" * 43
    sign_in(client, patient.email)
    assert client.cookies[COOKIE].value != "x" * 43


def test_signing_in_as_somebody_else_ends_the_first_session(
    client_of: Callable[[User], Client], patient: User, another_patient: User
) -> None:
    client = client_of(patient)
    sign_in(client, another_patient.email)
    with system():
        first = Session.objects.get(user=patient)
        second = Session.objects.get(user=another_patient)
    assert first.revoked_at is not None
    assert second.revoked_at is None


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_one_is_never_sent_to_another_site(client: Client, patient: User, elsewhere: str) -> None:
    assert sign_in(client, patient.email, next=elsewhere)["Location"] == "/home/"


def test_one_comes_back_to_the_page_that_was_asked_for(client: Client, patient: User) -> None:
    asked = client.get("/home/")
    assert asked["Location"] == "/account/sign-in/?next=/home/"
    assert sign_in(client, patient.email, next="/account/waiting/")["Location"] == "/account/waiting/"


@pytest.mark.parametrize(
    ("change", "still_in"),
    [
        ({"last_active_at": timedelta(minutes=-14)}, True),
        ({"last_active_at": timedelta(minutes=-16)}, False),
        ({"expires_at": timedelta(seconds=-1)}, False),
        ({"revoked_at": timedelta(seconds=-1)}, False),
    ],
)
def test_a_session_ends_when_idle_too_long_too_old_or_revoked(
    client_of: Callable[[User], Client], patient: User, change: dict[str, timedelta], still_in: bool
) -> None:
    client = client_of(patient)
    with system():
        Session.objects.update(**{field: timezone.now() + step for field, step in change.items()})
    response = client.get("/account/sign-in/")
    assert response.status_code == (302 if still_in else 200)
    assert client.cookies[COOKIE].value == "" if not still_in else True


@pytest.mark.parametrize(("background", "noted"), [(False, True), (True, False)])
def test_only_what_the_person_does_counts_as_activity(
    client_of: Callable[[User], Client], patient: User, background: bool, noted: bool
) -> None:
    client = client_of(patient)
    earlier = timezone.now() - timedelta(minutes=10)
    with system():
        Session.objects.update(last_active_at=earlier)
    client.get("/account/waiting/", headers={"X-Background-Request": "1"} if background else {})
    with system():
        assert (Session.objects.get().last_active_at > earlier) is noted


def test_deactivating_has_effect_at_the_next_request(client_of: Callable[[User], Client], patient: User) -> None:
    client = client_of(patient)
    assert client.get("/account/waiting/")["Location"] == "/home/"
    with system():
        patient.is_active = False
        patient.save()
    assert client.get("/account/waiting/")["Location"].startswith("/account/sign-in/")
    with system():
        assert Session.objects.get().revoked_at is not None


def test_a_session_does_not_outlive_the_password(client_of: Callable[[User], Client], patient: User) -> None:
    client = client_of(patient)
    with system():
        patient.set_password("another password entirely")
        patient.save()
    assert client.get("/account/waiting/")["Location"].startswith("/account/sign-in/")


@pytest.mark.parametrize(
    ("who", "place"),
    [
        ("her_doctor", "/queue/"),
        ("unapproved_doctor", "/account/waiting/"),
        ("administrator", "/admin/"),
    ],
)
def test_home_is_where_one_works(
    request: pytest.FixtureRequest, client_of: Callable[[User], Client], who: str, place: str
) -> None:
    assert client_of(request.getfixturevalue(who)).get("/home/")["Location"] == place


def test_a_request_of_a_signed_in_person_costs_few_statements(
    client_of: Callable[[User], Client], unapproved_doctor: User, django_assert_num_queries: Callable[..., Any]
) -> None:
    """Savepoint, empty context, session, person, their context, and back: two of these only inside a test."""
    client = client_of(unapproved_doctor)
    with django_assert_num_queries(8):
        client.get("/account/waiting/")


def test_pages_of_signed_in_people_are_not_kept_by_the_browser(
    client_of: Callable[[User], Client], unapproved_doctor: User
) -> None:
    assert "no-store" in client_of(unapproved_doctor).get("/account/waiting/")["Cache-Control"]
