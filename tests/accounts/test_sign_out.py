"""Signing out."""

from collections.abc import Callable

from django.conf import settings
from django.test import Client

from accounts.models import Session, User
from tests.cast import system


def test_the_session_ends_and_the_cookie_goes(client_of: Callable[[User], Client], patient: User) -> None:
    client = client_of(patient)
    key = client.cookies[settings.SESSION_COOKIE_NAME].value
    response = client.post("/account/sign-out/")
    assert (response.status_code, response["Location"]) == (302, "/")
    assert client.cookies[settings.SESSION_COOKIE_NAME].value == ""
    with system():
        session = Session.objects.get()
    assert session.revoked_at is not None
    client.cookies[settings.SESSION_COOKIE_NAME] = key
    assert client.get("/account/profile/")["Location"].startswith("/account/sign-in/")


def test_other_devices_stay_signed_in(client_of: Callable[[User], Client], patient: User) -> None:
    here, there = client_of(patient), client_of(patient)
    here.post("/account/sign-out/")
    assert there.get("/account/profile/").status_code == 200


def test_a_link_signs_nobody_out(client_of: Callable[[User], Client], patient: User) -> None:
    client = client_of(patient)
    assert client.get("/account/sign-out/").status_code == 405
    assert client.get("/account/profile/").status_code == 200


def test_a_form_of_another_site_signs_nobody_out(client_of: Callable[[User], Client], patient: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.cookies = client_of(patient).cookies
    assert client.post("/account/sign-out/").status_code == 403
    assert client.get("/account/profile/").status_code == 200


def test_who_is_not_signed_in_just_goes_to_the_start(client: Client, db: None) -> None:
    assert client.post("/account/sign-out/")["Location"] == "/"
