"""LOG_SQL=1 shows statements and durations, never values."""

import logging
from collections.abc import Iterator

import pytest
from django.db import DatabaseError, connection
from django.db.backends.signals import connection_created

from medichat.db import sql_log

pytestmark = pytest.mark.django_db


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """What the log says about this test's connection."""
    sql_log.install()
    connection_created.send(sender=type(connection), connection=connection)
    caplog.set_level(logging.INFO, logger="medichat.sql")
    yield caplog
    connection.execute_wrappers.clear()
    connection_created.disconnect(dispatch_uid="medichat.sql_log")


def test_a_statement_is_logged_with_its_duration_and_without_its_values(logged: pytest.LogCaptureFixture) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::text, 'Wilhelmina'", ["Petronella"])
    assert "SELECT %s::text, '…'" in logged.text
    assert " ms ok: " in logged.text
    assert "Petronella" not in logged.text
    assert "Wilhelmina" not in logged.text


def test_a_statement_that_fails_is_logged_too(logged: pytest.LogCaptureFixture) -> None:
    with pytest.raises(DatabaseError), connection.cursor() as cursor:
        cursor.execute("SELECT %s::int", ["Petronella"])
    assert "DataError: SELECT %s::int" in logged.text
    assert "Petronella" not in logged.text


def test_a_connection_that_is_announced_again_is_not_logged_twice(logged: pytest.LogCaptureFixture) -> None:
    connection_created.send(sender=type(connection), connection=connection)
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    assert logged.text.count("SELECT 1") == 1


@pytest.mark.parametrize(
    ("statement", "shown"),
    [
        ("SELECT 'it''s', 'two'", "SELECT '…', '…'"),
        ("SELECT\n   1", "SELECT 1"),
        ('SELECT "a column"', 'SELECT "a column"'),
    ],
)
def test_texts_in_statements_are_masked(statement: str, shown: str) -> None:
    assert sql_log.masked(statement) == shown
