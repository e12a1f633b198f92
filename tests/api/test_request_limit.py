"""How many requests are answered in a quarter of an hour: for each person, for each address, over all processes."""

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts import request_limit
from accounts.models import RequestCount, User
from audit.actions import Action
from audit.models import ActivityLog
from medichat.db.context import system
from tests.api.asking import is_error, posted
from tests.cast import ClientOf

pytestmark = pytest.mark.django_db
PROFILE, VERIFY = "/api/patients/profile", "/api/auth/verify"


@pytest.fixture(autouse=True)
def few(settings: Any) -> None:
    settings.API_REQUESTS_PER_PERSON, settings.API_REQUESTS_PER_ADDRESS = 3, 2


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Moves the time that the limit sees."""

    def move(step: timedelta) -> None:
        monkeypatch.setattr(request_limit, "timezone", SimpleNamespace(now=lambda: timezone.now() + step))

    return move


def test_a_person_has_a_measure_of_their_own_whatever_client_they_use(
    api_of: ClientOf, patient: User, another_patient: User
) -> None:
    phone, tablet = api_of(patient), api_of(patient)
    assert [client.get(VERIFY).status_code for client in (phone, tablet, phone)] == [200] * 3
    response = tablet.get(VERIFY)
    assert is_error(response, 429)
    assert 0 < int(response["Retry-After"]) <= 900
    assert response.json()["code"] == "throttled"
    assert api_of(another_patient).get(VERIFY).status_code == 200


def test_whoever_is_not_signed_in_is_counted_by_address(db: None) -> None:
    def asks(address: str, token: str = "") -> int:
        header = {"Authorization": token} if token else {}
        return Client(headers=header, REMOTE_ADDR=address).get(VERIFY).status_code

    # A made-up token is none: it neither opens a larger measure nor spends somebody's.
    assert [asks("192.0.2.1"), asks("192.0.2.1", "Bearer made.up.token"), asks("192.0.2.1")] == [401, 401, 429]
    assert asks("192.0.2.2") == 401


def test_the_headers_say_what_is_left(api_of: ClientOf, patient: User) -> None:
    response = api_of(patient).get(PROFILE)
    assert response["RateLimit-Policy"] == "3;w=900"
    assert (response["RateLimit-Limit"], response["RateLimit-Remaining"]) == ("3", "2")
    assert 890 < int(response["RateLimit-Reset"]) <= 900


def test_counting_begins_anew_after_a_quarter_of_an_hour(
    api_of: ClientOf, patient: User, later: Callable[[timedelta], None]
) -> None:
    client = api_of(patient)
    assert [client.get(VERIFY).status_code for _ in range(4)] == [200, 200, 200, 429]
    later(timedelta(minutes=14))
    assert client.get(VERIFY).status_code == 429
    later(timedelta(minutes=15, seconds=1))
    assert client.get(VERIFY).status_code == 200
    assert RequestCount.objects.get().requests == 1
    later(timedelta(minutes=31))
    assert request_limit.forget_old() == 1


def test_what_is_too_much_is_on_record_once_and_does_nothing(api_of: ClientOf, patient: User) -> None:
    client = api_of(patient)
    for _ in range(8):
        client.get(VERIFY)
    assert is_error(posted(client, "/chatbot/chat", {"message": "My knee hurts."}), 429)
    with system():
        rows = ActivityLog.objects.filter(action=Action.REQUEST_REFUSED)
        assert [row.status_code for row in rows] == [429]


def test_pages_the_root_and_the_health_check_are_not_counted(client: Client) -> None:
    for path in ("/api", "/API/", "/health", "/account/sign-in/"):
        assert [client.get(path).status_code for _ in range(4)] == [200] * 4
    assert not RequestCount.objects.exists()
