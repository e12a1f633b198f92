"""The tests' own ground: application role, rolled back or thrown away, never shared."""

import psycopg
import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection


@pytest.mark.django_db
def test_the_tests_run_as_the_application_role() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
        row = cursor.fetchone()
    assert row[0].endswith("_application")
    assert row[1:] == (False, False)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", [1, 2])
def test_what_a_transactional_test_commits_is_gone_in_the_next(turn: int) -> None:
    assert not ContentType.objects.filter(app_label="left behind").exists()
    ContentType.objects.create(app_label="left behind", model=f"turn {turn}")


@pytest.mark.django_db
def test_migrations_were_made_by_the_owner(owner_connection: psycopg.Connection) -> None:
    tables = owner_connection.execute(
        "SELECT count(*) FILTER (WHERE tableowner = current_user), count(*) FROM pg_tables WHERE schemaname = 'public'"
    ).fetchone()
    assert tables is not None
    assert tables[0] == tables[1] > 10


def test_the_application_role_cannot_change_tables(application_connection: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        application_connection.execute("ALTER TABLE django_migrations ADD COLUMN x int")


def test_the_application_role_cannot_say_which_migrations_are_applied(
    application_connection: psycopg.Connection,
) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        application_connection.execute("DELETE FROM django_migrations")
