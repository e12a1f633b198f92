"""A stranger cannot tell 'forbidden' from 'does not exist': not by status, headers or body, nor by the statements."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.cast import api_client, signed_in
from tests.security.addresses import addresses, hers, nobodys
from tests.security.seed import Seed
from tests.security.walk import taken_back

STRANGERS = ["another_patient", "stranger_doctor", "unapproved_doctor"]
# What differs at every request, whoever asks for what.
ITS_OWN = re.compile(
    r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}|\b[0-9A-Za-z]{64}\b|nonce-[\w+/=-]+|\d\d:\d\d(:\d\d)?"
)
A_FORM = {"get": "", "post": "a=b"}


@dataclass(frozen=True)
class Told:
    """Everything that an answer tells."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: str
    statements: tuple[str, ...]


def told(client: Client, method: str, path: str, *, json: bool) -> Told:
    """Ask, take back what was done, and keep what can be compared."""
    kind = "application/json" if json else "application/x-www-form-urlencoded"
    data = "{}" if json else A_FORM.get(method, "")
    with taken_back(), CaptureQueriesContext(connection) as queries:
        response: Any = client.generic(method.upper(), path, data, content_type=kind)
    headers = tuple(
        sorted(
            (name, ITS_OWN.sub("*", value))
            for name, value in response.headers.items()
            if name not in {"X-Request-ID", "Content-Length"}
        )
    )
    length = response.headers.get("Content-Length")
    assert length is None or int(length) == len(response.content)
    body = ITS_OWN.sub("*", response.content.decode("utf-8", "replace"))
    # The statements themselves, not only how many: with their values, which differ, taken out.
    statements = tuple(
        re.sub(r"'[^']*'|\b\d+\b|s\d+_x\d+", "?", query["sql"])[:200] for query in queries.captured_queries
    )
    return Told(response.status_code, headers, body, statements)


def asked_about(seed: Seed) -> Iterator[tuple[str, str, str, bool]]:
    """Every address with an id in it: the method, her path, the path of nothing, whether it is of the API."""
    nothing = nobodys()
    for address in addresses():
        if not address.names_a_row or address.is_admin:
            continue
        methods = address.methods if address.is_api else ["get", "post"]
        (missing, *_) = address.paths(nothing)
        for path in address.paths(hers(seed)):
            # The other parts of the address must be the same, so that only the ids differ.
            if re.sub(r"[0-9a-f-]{36}", "*", path) == re.sub(r"[0-9a-f-]{36}", "*", missing):
                for method in methods:
                    yield method, path, missing, address.is_api


@pytest.mark.django_db
@pytest.mark.parametrize("who", STRANGERS)
def test_hers_and_nothing_look_the_same(seed: Seed, who: str) -> None:
    person = getattr(seed, who)
    pages, api = signed_in(Client(raise_request_exception=False), person), api_client(person)
    compared = 0
    for method, path, missing, is_api in asked_about(seed):
        client = api if is_api else pages
        one, other = (told(client, method, at, json=is_api) for at in (path, missing))
        assert one == other, f"{method} {path}"
        # 400: what was sent is wrong, and said so before anybody looked for the row.
        assert one.status in {302, 403, 404, 405} | ({400} if is_api else set()), f"{method} {path}: {one.status}"
        compared += 1
    assert compared > 60


@pytest.mark.django_db
def test_what_is_hers_looks_different_to_herself(seed: Seed) -> None:
    """Otherwise the comparison above would be blind."""
    client = signed_in(Client(raise_request_exception=False), seed.patient)
    path, missing = (f"/consultations/{case}/" for case in (seed.answered.pk, "0" * 8 + "-0000-4000-8000-" + "0" * 12))
    one, other = (told(client, "get", at, json=False) for at in (path, missing))
    assert (one.status, other.status) == (200, 404)
    assert len(one.statements) > len(other.statements)
