"""setup_database: two plain roles and a closed database, without a superuser, as often as one likes."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO

import psycopg
import pytest
from django.core.management import CommandError, call_command
from psycopg import sql

from medichat.db.roles import APPLICATION_LIMITS, EXTENSIONS, Names, SetupError, set_up, url_for
from tests.database import TestRun
from tests.platform.conftest import answer


@dataclass(frozen=True)
class Place:
    """Names of this test's own on the run's server, and an administrative role without superuser."""

    admin_url: str
    superuser_url: str
    names: Names

    def powerful(self, statement: str, *identifiers: str) -> None:
        """Run a statement as superuser."""
        with psycopg.connect(self.superuser_url, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, identifiers)))


@pytest.fixture
def place(superuser_connection: psycopg.Connection, test_run: TestRun) -> Iterator[Place]:
    unique = f"mc_{secrets.token_hex(4)}"
    administrator = f"{unique}_admin"
    names = Names(database=unique, owner=f"{unique}_owner", application=f"{unique}_application")
    place = Place(url_for(test_run.admin_url, "postgres", administrator, "x"), test_run.admin_url, names)
    place.powerful("CREATE ROLE {} LOGIN PASSWORD 'x' CREATEROLE CREATEDB", administrator)
    yield place
    place.powerful("DROP DATABASE IF EXISTS {} WITH (FORCE)", names.database)
    for role in (names.application, names.owner, administrator):
        place.powerful("DROP ROLE IF EXISTS {}", role)


def test_an_administrative_role_without_superuser_is_enough(place: Place) -> None:
    made = set_up(place.admin_url, place.names)
    assert made.owner_url is not None
    assert made.application_url is not None
    plain = (
        "SELECT NOT (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication)"
        " FROM pg_roles WHERE rolname = current_user"
    )
    assert answer(made.owner_url, plain) is True
    assert answer(made.application_url, plain) is True
    for extension in EXTENSIONS:
        assert answer(made.owner_url, f"SELECT count(*) FROM pg_extension WHERE extname = '{extension}'") == 1  # noqa: S608 - our own names


def test_running_it_again_changes_nothing_and_keeps_the_passwords(place: Place) -> None:
    made = set_up(place.admin_url, place.names)
    assert made.owner_url is not None
    with psycopg.connect(made.owner_url) as owner:
        owner.execute("CREATE TABLE kept ()")
    again = set_up(place.admin_url, place.names)
    assert (again.owner_url, again.application_url) == (None, None)
    assert answer(made.owner_url, "SELECT count(*) FROM kept") == 0


def test_new_passwords_replace_the_old_ones(place: Place) -> None:
    made = set_up(place.admin_url, place.names)
    renewed = set_up(place.admin_url, place.names, new_passwords=True)
    assert renewed.application_url is not None
    assert made.application_url is not None
    assert answer(renewed.application_url, "SELECT 1") == 1
    with pytest.raises(psycopg.OperationalError):
        answer(made.application_url, "SELECT 1")


def test_the_application_role_may_use_new_tables_and_make_none(place: Place) -> None:
    made = set_up(place.admin_url, place.names)
    assert made.owner_url is not None
    assert made.application_url is not None
    with psycopg.connect(made.owner_url) as owner:
        owner.execute("CREATE TABLE visits (id bigserial, note text)")
    with psycopg.connect(made.application_url) as application:
        application.execute("INSERT INTO visits (note) VALUES ('a')")
        application.execute("UPDATE visits SET note = 'b'")
        application.execute("DELETE FROM visits")
    for refused in ("TRUNCATE visits", "CREATE TABLE x ()", "DROP TABLE visits", "CREATE TEMPORARY TABLE y ()"):
        with (
            psycopg.connect(made.application_url) as application,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            application.execute(refused)


def test_privileges_that_were_taken_back_are_not_given_out_again(place: Place) -> None:
    made = set_up(place.admin_url, place.names)
    assert made.owner_url is not None
    assert made.application_url is not None
    with psycopg.connect(made.owner_url) as owner:
        owner.execute("CREATE TABLE log (line text)")
        owner.execute(sql.SQL("REVOKE UPDATE, DELETE ON log FROM {}").format(sql.Identifier(place.names.application)))
    set_up(place.admin_url, place.names)
    assert answer(made.application_url, "SELECT has_table_privilege('log', 'DELETE')") is False


def test_time_limits_belong_to_the_application_role(place: Place) -> None:
    made = set_up(place.admin_url, place.names)
    assert made.application_url is not None
    assert answer(made.application_url, "SHOW statement_timeout") == APPLICATION_LIMITS["statement_timeout"]
    assert answer(made.application_url, "SHOW lock_timeout") == APPLICATION_LIMITS["lock_timeout"]


def test_nobody_else_may_connect(place: Place) -> None:
    set_up(place.admin_url, place.names)
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(url_for(place.admin_url, place.names.database))


def test_the_administrative_role_is_no_member_of_the_owner_afterwards(place: Place) -> None:
    set_up(place.admin_url, place.names)
    assert answer(place.admin_url, f"SELECT pg_has_role('{place.names.owner}', 'USAGE')") is False


@pytest.mark.parametrize("power", ["SUPERUSER", "BYPASSRLS", "CREATEROLE", "REPLICATION"])
def test_an_existing_role_with_powers_is_refused(place: Place, power: str) -> None:
    place.powerful("CREATE ROLE {} LOGIN " + power, place.names.application)
    with pytest.raises(SetupError, match=place.names.application):
        set_up(place.superuser_url, place.names)


def test_an_application_role_that_is_a_member_of_the_owner_is_refused(place: Place) -> None:
    set_up(place.admin_url, place.names)
    place.powerful("GRANT {} TO {}", place.names.owner, place.names.application)
    with pytest.raises(SetupError, match="is a member of"):
        set_up(place.admin_url, place.names)


def test_a_database_of_somebody_else_is_refused(place: Place) -> None:
    place.powerful("CREATE DATABASE {}", place.names.database)
    with pytest.raises(SetupError, match="belongs to"):
        set_up(place.admin_url, place.names)


def test_a_role_that_may_not_make_roles_is_told_what_it_needs(place: Place) -> None:
    made = set_up(place.admin_url, place.names)
    assert made.application_url is not None
    other = Names(f"{place.names.database}_2", f"{place.names.owner}_2", f"{place.names.application}_2")
    with pytest.raises(SetupError, match="CREATEROLE and CREATEDB"):
        set_up(made.application_url, other)


def test_one_role_for_both_is_refused() -> None:
    with pytest.raises(SetupError, match="two different roles"):
        set_up("postgresql://unused@localhost/postgres", Names("clinic", "same", "same"))


def test_the_command_prints_working_urls_once(place: Place) -> None:
    arguments = [
        place.admin_url,
        f"--database={place.names.database}",
        f"--owner-role={place.names.owner}",
        f"--application-role={place.names.application}",
    ]
    said = StringIO()
    call_command("setup_database", *arguments, stdout=said)
    printed = dict(line.split("=", 1) for line in said.getvalue().splitlines() if line.startswith("DATABASE_"))
    assert answer(printed["DATABASE_URL"], "SELECT current_user") == place.names.application
    assert answer(printed["DATABASE_OWNER_URL"], "SELECT current_user") == place.names.owner
    again = StringIO()
    call_command("setup_database", *arguments, stdout=again)
    assert "postgresql://" not in again.getvalue()
    assert "keeps its password" in again.getvalue()


@pytest.mark.parametrize("url", ["localhost", "postgresql://a:secret@127.0.0.1:1/postgres"])
def test_the_command_says_what_is_wrong_with_the_administrative_url(url: str) -> None:
    with pytest.raises(CommandError) as refusal:
        call_command("setup_database", url)
    assert "administrative" in str(refusal.value)
    assert "secret" not in str(refusal.value)
