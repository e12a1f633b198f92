"""Whether there is an account cannot be told from the answer, nor from the work behind it, which is what takes time.

Counted are password hashes and the statements sent to the database, one by one; no clock is read.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.db import connection
from django.test import Client

from accounts.hashers import Argon2Hasher, LegacyBcryptHasher
from accounts.models import User
from audit.models import ActivityLog
from tests.cast import authenticator_of, system
from tests.factories import UserFactory

LEGACY = LegacyBcryptHasher()
UNKNOWN = "nobody@example.org"


class Work:
    """What a request made the server do, and what it answered."""

    def __init__(self) -> None:
        self.hashes: list[str] = []
        self.statements: list[str] = []
        self.status = 0
        self.page = ""

    def shape(self) -> dict[str, Any]:
        """To be compared: the statements without their values are the program's path through the database."""
        return {"hashes": sorted(self.hashes), "statements": self.statements, "status": self.status, "page": self.page}


@pytest.fixture
def work_of(monkeypatch: pytest.MonkeyPatch, mailbox: list[EmailMessage]) -> Callable[..., Work]:
    """Posts to a page as a visitor from an address of their own and counts the work."""
    current = [Work()]
    for hasher in (Argon2Hasher, LegacyBcryptHasher):
        for method in ("encode", "verify"):
            original = getattr(hasher, method)

            def counting(self: Any, *values: str, _original: Any = original) -> Any:
                current[0].hashes.append(self.algorithm)
                return _original(self, *values)

            monkeypatch.setattr(hasher, method, counting)

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        # Names of savepoints differ from one to the next.
        current[0].statements.append(re.sub(r'"s\d+_x\d+"', "savepoint", sql))
        return execute(sql, params, many, context)

    @contextmanager
    def counted() -> Iterator[Work]:
        current[0] = Work()
        with ExitStack() as stack:
            stack.enter_context(connection.execute_wrapper(note))
            yield current[0]

    def post(path: str, typed: dict[str, str], *, address: str) -> Work:
        with counted() as work:
            response = Client(REMOTE_ADDR=address).post(path, typed)
        work.status = response.status_code
        page = response.content.decode().replace(typed["email"], "ADDRESS")
        work.page = re.sub(r"\b[0-9A-Za-z]{64}\b", "TOKEN", page) + response.headers.get("Location", "")
        return work

    return post


@pytest.fixture
def accounts(db: None, patient: User, her_doctor: User, unapproved_doctor: User) -> dict[str, str]:
    """An address of every kind of account."""
    authenticator_of(her_doctor)
    inactive: User = UserFactory(email="inactive@example.org")
    imported: User = UserFactory(email="imported@example.org", password=LEGACY.encode("secret", LEGACY.salt()))
    without: User = UserFactory(email="without@example.org")
    with system():
        inactive.deactivate(by=None)
        without.set_unusable_password()
        without.save()
    people = [patient, her_doctor, unapproved_doctor, inactive, imported, without]
    return {person.email: person.email for person in people}


def compared(work_of: Callable[..., Work], path: str, emails: list[str], **typed: str) -> dict[str, Any]:
    """The work for each address, after one request that warms up what is made once."""
    work_of(path, {**typed, "email": "first@example.org"}, address="192.0.2.200")
    return {
        email: work_of(path, {**typed, "email": email}, address=f"192.0.2.{number}").shape()
        for number, email in enumerate([UNKNOWN, *emails], start=1)
    }


def test_signing_in_with_a_wrong_password(work_of: Callable[..., Work], accounts: dict[str, str]) -> None:
    found = compared(work_of, "/account/sign-in/", list(accounts), password="not the right one")
    assert found[UNKNOWN]["hashes"] == ["argon2", "legacy_bcrypt"]
    assert found[UNKNOWN]["status"] == 422
    assert len(found[UNKNOWN]["statements"]) > 5
    for email, shape in found.items():
        assert shape == found[UNKNOWN], email


def test_asking_for_a_new_password(work_of: Callable[..., Work], accounts: dict[str, str]) -> None:
    found = compared(work_of, "/account/reset/", list(accounts))
    assert found[UNKNOWN]["hashes"] == []
    assert found[UNKNOWN]["status"] == 302
    for email, shape in found.items():
        assert shape == found[UNKNOWN], email


def test_registering(work_of: Callable[..., Work], accounts: dict[str, str]) -> None:
    typed = {
        "first_name": "Nina",
        "last_name": "Novak",
        "date_of_birth": "1990-06-15",
        "password": "seven owls in the barn",
    }
    found = compared(work_of, "/account/register/", list(accounts), **typed)
    assert found[UNKNOWN]["hashes"] == ["argon2"]
    for email, shape in found.items():
        for part in ("hashes", "status", "page"):
            assert shape[part] == found[UNKNOWN][part], email
    # The account itself is stored or it is not; with its entry in the log of changes that is one statement.
    new = found[UNKNOWN]["statements"]
    for email in accounts:
        assert abs(len(new) - len(found[email]["statements"])) <= 1, email
    with system():
        refused = ActivityLog.objects.filter(action="user.register", status="failure")
        assert refused.count() == len(accounts)
