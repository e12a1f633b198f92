"""15 minutes without activity and 12 hours in any case: kept by the server, for browsers and API clients alike."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from tests.cast import ClientOf, api_token_of

pytestmark = pytest.mark.django_db

Clock = Callable[[timedelta], None]
IsIn = Callable[..., bool]


@pytest.fixture
def move(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Moves the server's clock."""
    times = [timezone.now()]
    monkeypatch.setattr("django.utils.timezone.now", lambda: times[0])

    def move(step: timedelta) -> None:
        times[0] += step

    return move


@pytest.fixture(params=["browser", "API client"])
def is_in(request: pytest.FixtureRequest, move: Clock, client_of: ClientOf, her_doctor: User) -> IsIn:
    """Asks for something as the doctor, whether as a person or by itself, and says whether they are still signed in."""
    if request.param == "browser":
        browser = client_of(her_doctor)
        return lambda **headers: browser.get("/account/sessions/", headers=headers).status_code == 200
    bearer = {"Authorization": f"Bearer {api_token_of(her_doctor)}"}
    return lambda **headers: Client().get("/api/auth/verify", headers=bearer | headers).status_code == 200


def test_who_does_nothing_for_fifteen_minutes_is_signed_out(move: Clock, is_in: IsIn) -> None:
    move(timedelta(minutes=14, seconds=59))
    assert is_in()
    move(timedelta(minutes=14))
    assert is_in()
    move(timedelta(minutes=15, seconds=1))
    assert not is_in()


def test_what_a_page_asks_by_itself_is_no_activity(move: Clock, is_in: IsIn) -> None:
    by_itself = {"X-Background-Request": "1"}
    for _ in range(2):
        move(timedelta(minutes=7))
        assert is_in(**by_itself)
    move(timedelta(minutes=2))
    assert not is_in(**by_itself)


def test_a_browser_is_signed_out_after_twelve_hours_however_busy(
    move: Clock, client_of: ClientOf, her_doctor: User
) -> None:
    client, begun = client_of(her_doctor), timezone.now()
    while timezone.now() < begun + timedelta(hours=11, minutes=50):
        move(timedelta(minutes=10))
        assert client.get("/account/sessions/").status_code == 200
    move(timedelta(minutes=10, seconds=1))
    assert client.get("/account/sessions/").status_code == 302


def test_in_its_last_hour_a_page_says_how_long_it_lasts(move: Clock, client_of: ClientOf, patient: User) -> None:
    client = client_of(patient)
    assert "session-seconds-left" not in client.get("/account/sessions/").content.decode()
    for _ in range(68):
        move(timedelta(minutes=10))
        client.get("/account/sessions/")
    page = client.get("/account/sessions/").content.decode()
    assert f'<meta name="session-seconds-left" content="{40 * 60}">' in page


def test_the_page_names_devices_and_clients(client_of: ClientOf, patient: User) -> None:
    api_token_of(patient)
    page = client_of(patient).get("/account/sessions/").content.decode()
    assert page.count("Sign out<span") == 2
    assert "App or API client" in page
