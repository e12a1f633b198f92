"""Everybody opens every address once, and several tests look at the answers: at who gets in, at headers, at words.

A walk is taken when the first test asks for it and kept for all later ones of this process. What a request did is taken
back before the next, so that everybody finds the rows as they were. The addresses lead to the rows of the seed of that
time; who looks at the answers compares them with nothing of a later one.
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any

from django.db import transaction
from django.http.response import ResponseHeaders
from django.test import Client, override_settings

from tests.cast import api_client, halfway_in, signed_in
from tests.security.addresses import Address, addresses, hers
from tests.security.seed import Seed

VISITOR = "visitor"
EVERYBODY = [
    VISITOR, "patient", "another_patient", "her_doctor", "stranger_doctor", "unapproved_doctor", "administrator",
]  # fmt: skip
# Between the two steps of signing in; on the pages only.
HALFWAY = "her_doctor, password only"
# As in production, where the year of HSTS is set; what reads it once is asked anew by each client.
OVER_TLS: dict[str, Any] = {
    "SECURE_HSTS_SECONDS": 31_536_000,
    "SECURE_HSTS_INCLUDE_SUBDOMAINS": True,
    "SECURE_HSTS_PRELOAD": True,
    "WHITENOISE_AUTOREFRESH": True,
    "WHITENOISE_USE_FINDERS": True,
}


@dataclass(frozen=True)
class Answer:
    """What came back, without what hangs on the test client's answers; a streamed body has been read."""

    status_code: int
    headers: ResponseHeaders
    cookies: SimpleCookie
    content: bytes
    streaming: bool

    def __contains__(self, header: str) -> bool:
        return header in self.headers

    def __getitem__(self, header: str) -> str:
        return self.headers[header]


@dataclass(frozen=True)
class Step:
    """One request: ``place`` is the path's place among those of its address."""

    address: Address
    path: str
    place: int
    method: str
    answer: Answer


class Walk:
    """All requests of one person: pages with GET, and with an empty POST where that is not the administration's or GET
    is not offered; every method of every address of the API with a token and an empty object."""

    def __init__(self, steps: list[Step]) -> None:
        self.steps = steps

    def of(self, address: Address) -> list[list[Step]]:
        """The steps at this address, for each of its paths in order."""
        there = [step for step in self.steps if step.address == address]
        places = sorted({step.place for step in there})
        return [[step for step in there if step.place == place] for place in places]

    def asked(self, address: Address) -> list[Answer]:
        """How each path receives whoever opens it, or tries the act where only that is offered."""
        return [self._opened(steps) for steps in self.of(address)]

    def called(self, address: Address, method: str) -> list[Answer]:
        """How each path of the API answers this method."""
        return [step.answer for step in self.steps if step.address == address and step.method == method]

    def _opened(self, steps: list[Step]) -> Answer:
        got = next(step.answer for step in steps if step.method == "get")
        return got if got.status_code != 405 else next(step.answer for step in steps if step.method == "post")


_TAKEN: dict[str, Walk] = {}


def walk_of(who: str, seed: Seed) -> Walk:
    """The walk of this person of the seed, of a visitor, or of somebody halfway in; inside a test's transaction."""
    if who not in _TAKEN:
        with override_settings(**OVER_TLS):
            _TAKEN[who] = Walk(list(_steps(who, seed)))
    return _TAKEN[who]


def _steps(who: str, seed: Seed) -> Iterator[Step]:
    browser, api = clients(who, seed)
    for address in addresses():
        for place, path in enumerate(address.paths(hers(seed))):
            if address.is_api:
                for method in address.methods if api else ():
                    yield Step(address, path, place, method, asked(api, method, path, b"{}", "application/json"))
                continue
            got = asked(browser, "get", path)
            yield Step(address, path, place, "get", got)
            if not address.is_admin or got.status_code == 405:
                yield Step(address, path, place, "post", asked(browser, "post", path))


def clients(who: str, seed: Seed) -> tuple[Client, Client | None]:
    """A browser, and a client of the API for whoever may have a token."""
    browser = Client(raise_request_exception=False)
    if who == VISITOR:
        return browser, Client(raise_request_exception=False)
    if who == HALFWAY:
        return halfway_in(browser, seed.her_doctor), None
    person = getattr(seed, who)
    return signed_in(browser, person), api_client(person, raise_request_exception=False)


def asked(client: Client | None, method: str, path: str, body: bytes = b"", kind: str = "") -> Answer:
    """Ask, read the answer, and take back what was done, also what happened to the cookies."""
    assert client is not None
    cookies = copy.deepcopy(client.cookies)
    with taken_back():
        kind = kind or "application/x-www-form-urlencoded"
        response: Any = client.generic(method.upper(), path, body, content_type=kind, secure=True)
        content = b"".join(response) if response.streaming else response.content
    client.cookies = cookies
    return Answer(response.status_code, response.headers, response.cookies, content, response.streaming)


@contextmanager
def taken_back() -> Iterator[None]:
    """What a request does inside is rolled back, so that the next person finds the rows as they were."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
