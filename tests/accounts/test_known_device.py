"""Strangers at the same address cannot make those wait who have signed in before, and still cannot guess."""

import re
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import AttemptCount, User
from accounts.throttle import CHANGE, SIGN_IN, begin, take_back
from tests.authenticator import Clock
from tests.cast import authenticator_of, halfway_in
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db

SIGN_IN_PAGE = "/account/sign-in/"
CLINIC = "192.0.2.1"
JSON = "application/json"


def sign_in(client: Client, user: User | str, password: str = PASSWORD) -> Any:
    email = user if isinstance(user, str) else user.email
    return client.post(SIGN_IN_PAGE, {"email": email, "password": password}, REMOTE_ADDR=CLINIC)


def attack(*accounts: str) -> None:
    """Somebody in the clinic's own network tries these accounts, and many others."""
    for account in accounts:
        for _ in range(SIGN_IN.pair.free + 3):
            begin(SIGN_IN, account=account, address=CLINIC)
    for number in range(SIGN_IN.address.free + 3):
        begin(SIGN_IN, account=f"{number}@example.org", address=CLINIC)


def test_a_known_browser_is_let_in_whatever_others_at_the_address_do(patient: User, client: Client) -> None:
    sign_in(client, patient)
    client.post("/account/sign-out/")
    attack(patient.email)
    assert sign_in(Client(), patient).status_code == 429
    assert sign_in(client, patient).status_code == 302


def test_it_is_known_for_the_accounts_that_signed_in_on_it_and_for_no_other(
    patient: User, another_patient: User, client: Client
) -> None:
    for person in (patient, another_patient):
        assert sign_in(client, person).status_code == 302
        client.post("/account/sign-out/")
    attack(patient.email, another_patient.email, "carol@example.org")
    assert sign_in(client, "carol@example.org").status_code == 429
    assert sign_in(client, patient).status_code == 302
    client.post("/account/sign-out/")
    assert sign_in(client, another_patient).status_code == 302


def test_a_known_browser_guesses_no_more_than_others(patient: User, client: Client) -> None:
    sign_in(client, patient)
    client.post("/account/sign-out/")
    answers = [sign_in(client, patient, "no").status_code for _ in range(6)]
    assert answers == [422] * 5 + [429]
    assert sign_in(Client(), patient).status_code == 302, "others wait for themselves alone"


def test_half_a_sign_in_makes_no_browser_known(her_doctor: User, client: Client, clock: Clock) -> None:
    app = authenticator_of(her_doctor)
    halfway_in(client, her_doctor)
    assert settings.DEVICE_COOKIE_NAME not in client.cookies
    assert client.post("/account/code/", {"code": clock.code(app.secret or "")}).status_code == 302
    cookie = client.cookies[settings.DEVICE_COOKIE_NAME]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    assert her_doctor.email not in cookie.value
    assert str(her_doctor.pk) not in cookie.value


@pytest.mark.parametrize("value", ["", "x", "e30:1:2", "\x00", "[]"])
def test_a_cookie_of_ones_own_making_is_worth_nothing(patient: User, client: Client, value: str) -> None:
    attack(patient.email)
    client.cookies[settings.DEVICE_COOKIE_NAME] = value
    assert sign_in(client, patient).status_code == 429


def test_where_the_owner_signed_in_before_other_accounts_do_not_matter(patient: User) -> None:
    """Without the cookie too: programs of the API keep none."""
    assert sign_in(Client(), patient).status_code == 302
    attack()
    assert sign_in(Client(), patient).status_code == 302


def test_a_form_that_another_site_makes_the_browser_send_is_no_attempt(patient: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    for _ in range(SIGN_IN.pair.free + 1):
        assert sign_in(browser, patient, "no").status_code == 403
    assert not AttemptCount.objects.exists()
    page = browser.get(SIGN_IN_PAGE).content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert token
    typed = {"email": patient.email, "password": "no", "csrfmiddlewaretoken": token[1]}
    assert browser.post(SIGN_IN_PAGE, typed).status_code == 422
    assert AttemptCount.objects.count() == 3
    assert browser.post(SIGN_IN_PAGE, typed | {"password": PASSWORD}).status_code == 302


def test_a_form_of_another_site_reaches_no_sign_in_of_the_api(patient: User, client: Client) -> None:
    typed = {"email": patient.email, "password": PASSWORD}
    elsewhere = {"Origin": "https://elsewhere.example"}
    answer = client.post("/api/auth/login", typed, headers=elsewhere)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert client.post("/api/auth/login", str(typed), content_type="text/plain", headers=elsewhere).status_code == 403
    assert not AttemptCount.objects.exists()
    # Programs that are no page name no origin, and a page must ask first before it sends JSON.
    assert client.post("/api/auth/login", typed).status_code == 200
    assert client.post("/api/auth/login", typed, content_type=JSON, headers=elsewhere).status_code == 200
    assert client.post("/api/auth/login", typed, headers={"Origin": "http://testserver"}).status_code == 200


def test_a_form_without_its_words_is_no_attempt(patient: User, client: Client) -> None:
    for _ in range(SIGN_IN.pair.free + 1):
        assert client.post(SIGN_IN_PAGE, {"email": patient.email}).status_code == 422
    assert sign_in(client, patient).status_code == 302


def test_a_visitor_does_not_make_signed_in_people_wait_for_their_changes(patient: User, client: Client) -> None:
    typed = {"password": "no", "new_password": "four green ladders outside"}
    client.post("/account/password/", typed)
    client.post("/api/auth/password/change", {"currentPassword": "no", "newPassword": "x"}, content_type=JSON)
    counted = [count.attempts for count in AttemptCount.objects.all()]
    assert sum(counted) == 0
    assert CHANGE.address.free > 0


def test_whoever_tries_all_the_accounts_that_are_known_at_an_address_has_to_wait(patient: User, client: Client) -> None:
    for number in range(SIGN_IN.address.free + 1):
        take_back(begin(SIGN_IN, account=f"{number}@example.org", address=CLINIC))
    waits = [
        begin(SIGN_IN, account=f"{number}@example.org", address=CLINIC).wait
        for number in range(SIGN_IN.address.free + 1)
    ]
    assert [bool(wait) for wait in waits] == [False] * SIGN_IN.address.free + [True]
    assert sign_in(client, patient).status_code == 302, "and those who are new here do not wait for it"


def test_all_addresses_of_one_network_of_version_6_are_one(db: None) -> None:
    def tried(address: str) -> bool:
        return not begin(SIGN_IN, account="a@example.org", address=address).wait

    assert [tried(f"2001:db8:1:2::{number:x}") for number in range(6)] == [True] * 5 + [False]
    assert tried("2001:db8:1:3::1")
    assert [tried(f"::ffff:192.0.2.{number}") for number in range(1, 8)] == [True] * 7
    assert [tried("192.0.2.1") for _ in range(5)] == [True] * 4 + [False], "written either way it is one address"
