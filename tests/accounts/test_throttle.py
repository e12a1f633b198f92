"""How often somebody may try before having to wait."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts import throttle
from accounts.models import AttemptCount, User
from accounts.passwords import send_reset_link
from accounts.throttle import RESET, SIGN_IN, begin, take_back
from tests.factories import PASSWORD

SIGN_IN_PAGE = "/account/sign-in/"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Moves the time that the throttle sees."""
    times = [timezone.now()]
    monkeypatch.setattr("accounts.throttle.timezone", SimpleNamespace(now=lambda: times[0]))

    def move(step: timedelta) -> None:
        times[0] += step

    return move


def guess(client: Client, email: str = "ana@example.org", address: str = "192.0.2.1", password: str = "no") -> Any:
    return client.post(SIGN_IN_PAGE, {"email": email, "password": password}, REMOTE_ADDR=address)


def test_after_five_wrong_passwords_one_has_to_wait(client: Client, patient: User) -> None:
    assert [guess(client).status_code for _ in range(6)] == [422] * 5 + [429]
    response = guess(client, password=PASSWORD)
    page = response.content.decode()
    assert response.status_code == 429
    assert 0 < int(response["Retry-After"]) <= 30
    assert "Please wait 1 minute" in page
    assert 'value="ana@example.org"' in page
    assert PASSWORD not in page


def test_the_wait_doubles_up_to_a_quarter_of_an_hour_and_is_forgotten(
    db: None, clock: Callable[[timedelta], None]
) -> None:
    def tried() -> timedelta:
        return begin(SIGN_IN, account="a@example.org", address="192.0.2.1").wait

    assert [tried() for _ in range(5)] == [timedelta()] * 5
    waits = []
    for _ in range(7):
        waits.append(tried())
        clock(waits[-1])
        assert tried() == timedelta()
    assert [wait.total_seconds() for wait in waits] == [30, 60, 120, 240, 480, 900, 900]
    clock(timedelta(hours=1, minutes=15, seconds=1))
    assert [tried() for _ in range(5)] == [timedelta()] * 5
    assert tried() == timedelta(seconds=30)


def test_the_right_password_after_the_wait_opens_again(
    client: Client, patient: User, clock: Callable[[timedelta], None]
) -> None:
    for _ in range(6):
        guess(client)
    clock(timedelta(seconds=31))
    assert guess(client, password=PASSWORD).status_code == 302
    assert [guess(Client()).status_code for _ in range(5)] == [422] * 5


def test_whether_the_account_exists_makes_no_difference(client: Client, patient: User) -> None:
    known = [guess(client, "ana@example.org").status_code for _ in range(7)]
    unknown = [guess(client, "nobody@example.org").status_code for _ in range(7)]
    assert known == unknown


def test_strangers_elsewhere_do_not_lock_the_owner_out(client: Client, patient: User) -> None:
    assert guess(Client(), password=PASSWORD).status_code == 302
    for number in range(101):
        begin(SIGN_IN, account=patient.email, address=f"198.51.100.{number}")
    assert begin(SIGN_IN, account=patient.email, address="203.0.113.1").wait > timedelta()
    assert guess(client, password=PASSWORD).status_code == 302


def test_the_link_in_the_mailbox_lets_the_owner_in_whatever_strangers_do(
    client: Client, mailbox: list[EmailMessage], patient: User
) -> None:
    for number in range(101):
        begin(SIGN_IN, account=patient.email, address=f"198.51.100.{number}")
    answers = [guess(client).status_code for _ in range(2)]
    assert answers == [429, 429]
    for number in range(20):
        guess_reset = begin(RESET, account=patient.email, address=f"198.51.100.{number}")
    assert guess_reset.wait
    assert client.post("/account/reset/", {"email": patient.email}, REMOTE_ADDR="192.0.2.1").status_code == 429
    send_reset_link(patient)  # one of the strangers' requests has sent it
    link = re.search(r"/account/reset/\S+", str(mailbox[-1].body))
    assert link
    new = {"new_password": "four green ladders outside"}
    assert client.post(link[0], new, REMOTE_ADDR="192.0.2.1").status_code == 302
    assert guess(client, password=new["new_password"]).status_code == 302
    assert guess(Client(), address="192.0.2.77", password=new["new_password"]).status_code == 429


def test_one_address_cannot_try_one_account_after_another(db: None) -> None:
    waits = [begin(SIGN_IN, account=f"{number}@example.org", address="192.0.2.1").wait for number in range(51)]
    assert waits[:50] == [timedelta()] * 50
    assert waits[50] > timedelta()


def test_an_account_of_ones_own_does_not_reset_the_count_of_the_address(db: None) -> None:
    for number in range(50):
        begin(SIGN_IN, account=f"{number}@example.org", address="192.0.2.1")
    assert begin(SIGN_IN, account="own@example.org", address="192.0.2.1").wait > timedelta()


def test_signing_in_often_is_no_offence(db: None) -> None:
    for _ in range(60):
        attempt = begin(SIGN_IN, account="a@example.org", address="192.0.2.1")
        assert attempt.wait == timedelta()
        take_back(attempt)


def test_registering_and_asking_for_links_are_limited_too(
    client: Client, mailbox: list[EmailMessage], patient: User
) -> None:
    asked = [client.post("/account/reset/", {"email": patient.email}).status_code for _ in range(5)]
    assert asked == [302, 302, 302, 429, 429]
    assert len(mailbox) == 3
    typed = {"first_name": "Ana", "email": "x@example.org"}
    registered = [client.post("/account/register/", typed) for _ in range(6)]
    assert [response.status_code for response in registered] == [422] * 5 + [429]
    assert 'value="Ana"' in registered[-1].content.decode()


def test_the_present_password_cannot_be_guessed_by_who_finds_an_open_browser(
    client_of: Callable[[User], Client], patient: User
) -> None:
    client = client_of(patient)
    typed = {"password": "guess", "new_password": "four green ladders outside"}
    assert [client.post("/account/password/", typed).status_code for _ in range(6)] == [422] * 5 + [429]


def test_looking_at_the_form_is_never_limited(client: Client, patient: User) -> None:
    for _ in range(6):
        guess(client)
    assert client.get(SIGN_IN_PAGE).status_code == 200


def test_old_counts_are_forgotten_and_known_places_kept(db: None) -> None:
    long_ago: datetime = timezone.now() - timedelta(days=2)
    AttemptCount.objects.create(key="old", last_at=long_ago)
    AttemptCount.objects.create(key="known", last_at=long_ago, succeeded_at=long_ago)
    AttemptCount.objects.create(key="new", last_at=timezone.now())
    assert throttle.forget_old() == 1
    assert set(AttemptCount.objects.values_list("key", flat=True)) == {"known", "new"}


@pytest.mark.django_db(transaction=True)
def test_attempts_at_the_same_moment_are_all_counted() -> None:
    def tried(_: int) -> bool:
        try:
            return not begin(SIGN_IN, account="a@example.org", address="192.0.2.1").wait
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        allowed = list(threads.map(tried, range(24)))
    assert sum(allowed) == SIGN_IN.pair.free
