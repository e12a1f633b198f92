"""In the database itself a session only ends, and a second factor stays as it was set up: by psycopg, as the owner."""

from datetime import UTC, datetime, timedelta
from typing import LiteralString

import psycopg
import pytest
from psycopg import sql

from accounts.models import User
from tests import factories
from tests.security.plain import become, undone

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime.now(UTC)
SESSION: list[tuple[LiteralString, object]] = [
    ("revoked_at", None),
    ("expires_at", NOW + timedelta(days=9)),
    ("awaits_second_factor", False),
    ("key_hash", "0" * 64),
    ("kind", "api"),
]


@pytest.fixture
def person() -> User:
    """With a session that has ended between the two steps, and a second factor."""
    user: User = factories.DoctorFactory()
    factories.SessionFactory(user=user, revoked_at=NOW, awaits_second_factor=True)
    factories.MfaTokenFactory(user=user, secret="JBSWY3DPEHPK3PXP", confirmed_at=NOW, used_at=NOW, last_step=77)
    return user


def update(connection: psycopg.Connection, table: LiteralString, column: LiteralString, value: object) -> int:
    """Change the column of every row that may be changed; undone afterwards."""
    with undone(connection):
        statement = sql.SQL("UPDATE {} SET {} = %s").format(sql.Identifier(table), sql.Identifier(column))
        return connection.execute(statement, [value]).rowcount


@pytest.mark.parametrize("role", ["doctor", "sign_in", ""])
def test_no_session_becomes_more_than_it_was(
    person: User, application_connection: psycopg.Connection, role: str
) -> None:
    become(application_connection, role, person.pk)
    for column, value in SESSION:
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="a session can only end"):
            update(application_connection, "sessions", column, value)
    with undone(application_connection), pytest.raises(psycopg.errors.InsufficientPrivilege, match="only end"):
        application_connection.execute("UPDATE sessions SET second_factor_id = (SELECT id FROM mfa_tokens)")


def test_what_a_session_needs_is_possible(person: User, application_connection: psycopg.Connection) -> None:
    become(application_connection, "doctor", person.pk)
    for column, value in (("last_active_at", NOW), ("data", "x"), ("revoked_at", NOW), ("second_factor_id", None)):
        assert update(application_connection, "sessions", column, value) == 1
    become(application_connection, "system")
    assert update(application_connection, "sessions", "expires_at", NOW + timedelta(days=9)) == 1


@pytest.mark.parametrize("role", ["doctor", "sign_in", ""])
def test_no_app_is_put_in_the_place_of_another_and_no_code_is_fresh_again(
    person: User, application_connection: psycopg.Connection, role: str
) -> None:
    become(application_connection, role, person.pk)
    changes: list[tuple[LiteralString, object]] = [
        ("secret", "x"), ("confirmed_at", None), ("last_step", 76), ("used_at", None), ("code_hash", "x"),
        ("kind", "backup"),
    ]  # fmt: skip
    for column, value in changes:
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="stays as it was set up"):
            update(application_connection, "mfa_tokens", column, value)
    for column, value in (("failures", 3), ("last_step", 78), ("used_at", NOW)):
        assert update(application_connection, "mfa_tokens", column, value) == 1
