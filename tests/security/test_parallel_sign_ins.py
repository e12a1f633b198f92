"""Two hundred tries at the same moment, against a real web server with several processes: the throttle counts them all.

The server is another program, so its clock cannot be held. Where a try may be allowed again while the tries are under
way, because a wait has passed, the test allows exactly as many as the waits that fit into the time it took.
"""

import http.client
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from accounts.models import AttemptCount, MfaToken, User
from accounts.throttle import CODE, SIGN_IN, Limit, begin
from medichat.db.roles import Names
from tests.authenticator import code_at
from tests.bench.serving import web_server
from tests.cast import authenticator_of, halfway_in, system
from tests.conftest import disconnect
from tests.database import TestRun
from tests.factories import DoctorFactory, UserFactory

TRIES = 200
AT_ONCE = 32


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    retry_after: str | None


@pytest.fixture(scope="module")
def port(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, test_run: TestRun, clone_names: Names
) -> Iterator[int]:
    """A web server of two processes with four threads each, on this worker's database, for all tests of this module.

    What they write is committed; afterwards the database is as new.
    """
    with pytest.MonkeyPatch.context() as patch, django_db_blocker.unblock():
        patch.setenv("DATABASE_URL", test_run.application_url(clone_names))
        with web_server("medichat.wsgi:application") as port:
            yield port
        disconnect()
        test_run.clone(clone_names)


@pytest.fixture
def patient(port: int) -> User:
    """A patient for one test."""
    user: User = UserFactory()
    return user


@pytest.fixture
def doctor(port: int) -> User:
    """A doctor for one test."""
    user: User = DoctorFactory()
    return user


@pytest.fixture
def at_once(port: int) -> Callable[..., list[Answer]]:
    """Posts one form many times at the same moment, with the session keys in turn; returns all answers.

    Everybody comes from one address, so the counts of earlier tests are forgotten.
    """
    AttemptCount.objects.all().delete()

    def post(path: str, typed: dict[str, str], sessions: list[str]) -> list[Answer]:
        def one(number: int) -> Answer:
            token = secrets.token_hex(16)
            cookies = {settings.CSRF_COOKIE_NAME: token}
            if sessions:
                cookies[settings.SESSION_COOKIE_NAME] = sessions[number % len(sessions)]
            headers = {
                "Content-Type": "application/x-www-form-urlencoded",
                "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
            }
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
            try:
                connection.request("POST", path, urlencode({**typed, "csrfmiddlewaretoken": token}), headers)
                response = connection.getresponse()
                response.read()
                return Answer(response.status, response.headers.get("Retry-After"))
            finally:
                connection.close()

        with ThreadPoolExecutor(AT_ONCE) as threads:
            return list(threads.map(one, range(TRIES)))

    return post


def allowed(limit: Limit, seconds: float) -> int:
    """How many tries a fresh count allows within so many seconds: the free ones, and one after each wait."""
    tries, wait, until = limit.free, limit.first_wait, 0.0
    while (until := until + wait.total_seconds()) <= seconds:
        tries, wait = tries + 1, min(wait * 2, limit.longest_wait)
    return tries


def assert_only(answers: list[Answer], *, most: int, least: int, looked_at: int) -> None:
    """Between ``least`` and ``most`` tries were looked at; all others were told how long to wait."""
    counted = Counter(answer.status for answer in answers)
    assert set(counted) == {looked_at, 429}
    assert least <= counted[looked_at] <= most
    assert counted[looked_at] + counted[429] == TRIES
    assert all(int(answer.retry_after or 0) > 0 for answer in answers if answer.status == 429)


def halfway_sessions(user: User, number: int) -> list[str]:
    """So many browsers on which the password was right."""
    return [halfway_in(Client(), user).cookies[settings.SESSION_COOKIE_NAME].value for _ in range(number)]


def test_wrong_passwords_for_one_account(at_once: Callable[..., list[Answer]], patient: User) -> None:
    begun = time.monotonic()
    answers = at_once("/account/sign-in/", {"email": patient.email, "password": "a wrong guess"}, [])
    most = allowed(SIGN_IN.pair, time.monotonic() - begun)
    assert_only(answers, least=SIGN_IN.pair.free, most=most, looked_at=422)


def test_wrong_passwords_once_the_wait_is_long(at_once: Callable[..., list[Answer]], patient: User) -> None:
    """After a quarter of an hour one try is looked at, whatever is sent at that moment."""
    pair = begin(SIGN_IN, account=patient.email, address="127.0.0.1").pair
    over = timezone.now() - timedelta(seconds=1)
    AttemptCount.objects.filter(key=pair).update(attempts=12, blocked_until=over)
    answers = at_once("/account/sign-in/", {"email": patient.email, "password": "a wrong guess"}, [])
    assert_only(answers, least=1, most=1, looked_at=422)


def test_wrong_codes_of_one_person(at_once: Callable[..., list[Answer]], doctor: User) -> None:
    authenticator_of(doctor)
    begun = time.monotonic()
    answers = at_once("/account/code/", {"code": "abcdef"}, halfway_sessions(doctor, 8))
    assert_only(answers, least=CODE.free, most=allowed(CODE, time.monotonic() - begun), looked_at=422)


def test_wrong_codes_once_the_wait_is_long(at_once: Callable[..., list[Answer]], doctor: User) -> None:
    app = authenticator_of(doctor)
    with system():
        long_ago = timezone.now() - timedelta(minutes=16)
        MfaToken.objects.filter(pk=app.pk).update(failures=12, last_failure_at=long_ago)
    answers = at_once("/account/code/", {"code": "abcdef"}, halfway_sessions(doctor, 8))
    assert_only(answers, least=1, most=1, looked_at=422)
    with system():
        app.refresh_from_db()
    assert app.failures == 13


def test_the_right_code_two_hundred_times(at_once: Callable[..., list[Answer]], doctor: User) -> None:
    """A code that is right signs one browser in; with all the others it has been used."""
    app = authenticator_of(doctor)
    sessions = halfway_sessions(doctor, TRIES)
    typed = {"code": code_at(app.secret or "", timezone.now())}
    counted = Counter(answer.status for answer in at_once("/account/code/", typed, sessions))
    assert counted[302] == 1
    assert set(counted) == {302, 422, 429}
