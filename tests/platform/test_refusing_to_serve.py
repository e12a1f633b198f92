"""Pages are not served as a role for which the policies would not hold, nor on tables of another version."""

import importlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import LiteralString

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import sql

from medichat.db import start
from medichat.db.roles import Names, url_for
from medichat.db.urls import database_from_url
from tests.database import TestRun

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def connected(url: str) -> Iterator[BaseDatabaseWrapper]:
    """Django's connection to this URL."""
    other = type(start.unpooled())({**connection.settings_dict, **database_from_url(url, pool_size=0)})
    yield other
    other.close()


class Superuser:
    """Says statements about one guest role, whose name no other worker uses."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection
        self.connection.autocommit = True
        self.guest = f"mc_guest_{secrets.token_hex(4)}"

    def says(self, statement: LiteralString, *names: str) -> None:
        """Run it with the guest and the other names in place of the braces."""
        self.connection.execute(
            sql.SQL(statement).format(*map(sql.Identifier, names), guest=sql.Identifier(self.guest))
        )


@pytest.fixture
def superuser(superuser_connection: psycopg.Connection) -> Iterator[Superuser]:
    """A superuser who has made a login role without any power."""
    superuser = Superuser(superuser_connection)
    superuser.says("CREATE ROLE {guest} LOGIN PASSWORD 'x'")
    superuser.says("GRANT CONNECT ON DATABASE {} TO {guest}", superuser_connection.info.dbname)
    yield superuser
    superuser.says("DROP OWNED BY {guest}")
    superuser.says("DROP ROLE {guest}")


@pytest.fixture
def guest_url(superuser: Superuser, test_run: TestRun, clone_names: Names) -> str:
    """How that role reaches this worker's database."""
    return url_for(test_run.admin_url, clone_names.database, superuser.guest, "x")


def test_the_application_role_serves() -> None:
    start.refuse_unfit_database()


def test_a_role_without_time_limits_is_warned_about(
    guest_url: str, superuser: Superuser, caplog: pytest.LogCaptureFixture
) -> None:
    superuser.says("ALTER ROLE {guest} SET lock_timeout = '5s'")
    with connected(guest_url) as guest:
        start.warn_without_limits(guest)
    assert "statement_timeout, idle_in_transaction_session_timeout" in caplog.text


def test_the_application_role_has_its_time_limits(caplog: pytest.LogCaptureFixture) -> None:
    start.refuse_unfit_database()
    assert caplog.text == ""


def test_the_wsgi_door_opens_for_the_application_role() -> None:
    assert callable(importlib.import_module("medichat.wsgi").application)


def test_a_powerless_role_is_not_refused(guest_url: str) -> None:
    with connected(guest_url) as guest:
        start.refuse_powerful_role(guest)


@pytest.mark.parametrize(
    ("grant", "sentence"),
    [
        ("ALTER ROLE {guest} SUPERUSER", "is a superuser"),
        ("ALTER ROLE {guest} BYPASSRLS", "has BYPASSRLS"),
        ("ALTER ROLE {guest} CREATEROLE", "has CREATEROLE"),
        ("GRANT postgres TO {guest}", "is a member of the powerful role postgres"),
    ],
)
def test_a_role_with_powers_is_refused(
    guest_url: str, superuser: Superuser, grant: LiteralString, sentence: str
) -> None:
    superuser.says(grant)
    with connected(guest_url) as guest, pytest.raises(ImproperlyConfigured, match=sentence) as refusal:
        start.refuse_powerful_role(guest)
    assert "DATABASE_URL" in str(refusal.value)


def test_the_owner_is_refused(test_run: TestRun, clone_names: Names) -> None:
    with (
        connected(test_run.owner_url(clone_names)) as owner,
        pytest.raises(ImproperlyConfigured, match="owns the tables"),
    ):
        start.refuse_powerful_role(owner)


def test_a_member_of_the_owner_is_refused_even_when_it_inherits_nothing(
    guest_url: str, superuser: Superuser, clone_names: Names
) -> None:
    superuser.says("ALTER ROLE {guest} NOINHERIT")
    superuser.says("GRANT {} TO {guest}", clone_names.owner)
    with (
        connected(guest_url) as guest,
        pytest.raises(ImproperlyConfigured, match=f"is a member of {clone_names.owner}"),
    ):
        start.refuse_powerful_role(guest)


def test_missing_migrations_are_named(owner_connection: psycopg.Connection) -> None:
    owner_connection.execute("DELETE FROM django_migrations WHERE app = 'prescriptions'")
    owner_connection.commit()
    with pytest.raises(ImproperlyConfigured, match=r"prescriptions\.0001.*manage.py migrate"):
        start.refuse_unfit_database()


def test_a_server_that_is_not_there_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict, "HOST", "/nowhere")
    with pytest.raises(ImproperlyConfigured, match="was not reached"):
        start.refuse_unfit_database()
