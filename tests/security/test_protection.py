"""That nothing stands outside of row-level security: no table, no role, not the owner."""

from collections.abc import Callable

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connections

from medichat.db.policies import refuse_unprotected_tables
from medichat.db.roles import Names
from tests.security.plain import become, count, protected_tables
from tests.security.seed import Seed

ADDED_LATER = {
    "with a patient": "CREATE TABLE added_later (id bigint PRIMARY KEY, patient_id uuid)",
    "of somebody": "CREATE TABLE added_later (id bigint PRIMARY KEY, person_id uuid REFERENCES users)",
    "of a case": "CREATE TABLE added_later (id bigint PRIMARY KEY, case_id uuid REFERENCES conversations)",
    "in a schema of its own": "CREATE SCHEMA more; CREATE TABLE more.added_later (patient_id uuid)",
    "as a copy": "CREATE MATERIALIZED VIEW added_later AS SELECT patient_id FROM allergies",
    "with policies that bind the owner no more": (
        "CREATE TABLE added_later (id bigint PRIMARY KEY, patient_id uuid);"
        "ALTER TABLE added_later ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON added_later USING (true)"
    ),
    "without a policy": (
        "CREATE TABLE added_later (id bigint PRIMARY KEY, patient_id uuid);"
        "ALTER TABLE added_later ENABLE ROW LEVEL SECURITY; ALTER TABLE added_later FORCE ROW LEVEL SECURITY"
    ),
}


@pytest.mark.django_db(databases=["default", "owner"])
def test_every_table_with_patient_data_is_protected() -> None:
    refuse_unprotected_tables(connections["default"])


@pytest.mark.django_db(databases=["default", "owner"])
@pytest.mark.parametrize("kind", ADDED_LATER)
def test_a_table_added_later_without_protection_is_refused(kind: str) -> None:
    owner = connections["owner"]
    with owner.cursor() as cursor:
        cursor.execute(ADDED_LATER[kind])
    with pytest.raises(ImproperlyConfigured, match="added_later"):
        refuse_unprotected_tables(owner)


def test_row_security_is_forced_on_every_such_table_and_on_every_month_of_the_log(
    superuser_connection: psycopg.Connection,
) -> None:
    tables = protected_tables(superuser_connection)
    months = superuser_connection.execute(
        "SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r' AND relname LIKE 'activity%'"
    ).fetchall()
    assert len(tables) >= 26
    assert len(months) >= 25
    unforced = superuser_connection.execute(
        "SELECT relname FROM pg_class WHERE relname = ANY(%s) AND NOT (relrowsecurity AND relforcerowsecurity)",
        [[*tables, *(name for (name,) in months)]],
    ).fetchall()
    assert unforced == []


def test_every_command_on_every_such_table_is_either_said_by_a_policy_or_refused(
    superuser_connection: psycopg.Connection,
) -> None:
    """A policy that says 'true' would be none."""
    loose = superuser_connection.execute(
        "SELECT tablename, policyname FROM pg_policies WHERE 'true' IN (qual, with_check)"
    ).fetchall()
    assert loose == []


def test_the_owner_obeys(seed: Seed, owner_connection: psycopg.Connection) -> None:
    for table in protected_tables(owner_connection):
        assert count(owner_connection, table) == 0, table
    become(owner_connection, "patient", seed.another_patient.pk)
    assert count(owner_connection, "conversations") == 0
    assert count(owner_connection, "users") == 1


POWERS: dict[str, str] = {
    "is superuser, goes around policies, makes roles or databases": (
        "SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication"
        " FROM pg_roles WHERE rolname = %(application)s"
    ),
    "is a member of another role": (
        "SELECT EXISTS (SELECT FROM pg_roles r WHERE r.rolname <> %(application)s"
        " AND pg_has_role(%(application)s, r.oid, 'MEMBER'))"
    ),
    "owns something": (
        "SELECT EXISTS (SELECT FROM pg_shdepend d JOIN pg_roles r ON r.oid = d.refobjid"
        " WHERE d.deptype = 'o' AND r.rolname = %(application)s)"
    ),
    "creates schemas or temporary tables": (
        "SELECT has_database_privilege(%(application)s, current_database(), 'CREATE')"
        " OR has_database_privilege(%(application)s, current_database(), 'TEMPORARY')"
    ),
    "creates tables": "SELECT has_schema_privilege(%(application)s, 'public', 'CREATE')",
    "empties tables, or sees what refers to them": (
        "SELECT EXISTS (SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        " AND has_table_privilege(%(application)s, oid, 'TRUNCATE, REFERENCES, TRIGGER'))"
    ),
    "switches triggers off": "SELECT has_parameter_privilege(%(application)s, 'session_replication_role', 'SET')",
    "has a way around through a view": (
        "SELECT EXISTS (SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm'))"
    ),
}


@pytest.mark.parametrize("power", POWERS)
def test_the_application_role_has_no_such_power(
    superuser_connection: psycopg.Connection, clone_names: Names, power: str
) -> None:
    names = {"application": clone_names.application, "owner": clone_names.owner}
    execute: Callable[..., psycopg.Cursor[tuple[bool]]] = superuser_connection.execute
    assert execute(POWERS[power], names).fetchone() == (False,)


def test_functions_with_the_owner_s_rights_are_known_by_name(superuser_connection: psycopg.Connection) -> None:
    """Each of them is a door; a new one must be looked at before it is named here."""
    found = superuser_connection.execute(
        "SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace ORDER BY 1"
    ).fetchall()
    assert [name for (name,) in found] == DOORS


DOORS = ["ensure_activity_log_partitions"]
