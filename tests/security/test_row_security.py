"""The first lock, without the ORM: what the database itself shows and accepts, table by table, in each context.

Plain psycopg as the application role. The tables are found in the catalogue: a new one with patient data is tested
without anybody remembering it, and fails until the seed has a row for it.
"""

import uuid
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from tests.security.plain import become, changed, columns_of, count, deleted, insert, protected_tables, undone
from tests.security.seed import Seed

# Who comes: the role of the context, and which person of the seed it names.
STRANGERS = {
    "nobody": ("", None),
    "another patient": ("patient", "another_patient"),
    "a doctor without relation": ("doctor", "stranger_doctor"),
    "a doctor who waits for approval": ("", "unapproved_doctor"),
    "somebody signing in": ("sign_in", "another_patient"),
}
# The exceptions, each narrow: how many rows of a table there are for whom. Everything that is not named is nothing.
ONE_SELF = {
    ("another patient", "users"): 1,
    ("another patient", "search_words"): 2,  # one's own two names
    ("a doctor without relation", "users"): 4,  # the doctors, oneself included
    ("a doctor who waits for approval", "users"): 1,
    ("somebody signing in", "users"): 1,
    ("somebody signing in", "search_words"): 2,
}
ONE_SELF_CHANGED = {(who, table): 1 for who, table in ONE_SELF if table == "users"}
OWN_WORDS_REMOVED = {key: rows for key, rows in ONE_SELF.items() if key[1] == "search_words"}
# Their triggers come before the policies and refuse first, with the same error code.
REFUSED_BY_A_TRIGGER = {"care_relations", "conversations"}
# Whoever acts is recorded, signed in or not; the tests below say how narrow this is.
ALWAYS_RECORDED = {"activity_logs", "auditlog_logentry"}
# What the import remembers is for administrators and the system alone.
OF_THE_IMPORT = {"import_runs", "import_batches", "import_documents", "import_items"}


@pytest.fixture
def tables(superuser_connection: psycopg.Connection) -> list[str]:
    """Every table with patient data."""
    return protected_tables(superuser_connection)


@pytest.fixture(params=STRANGERS)
def stranger(request: pytest.FixtureRequest, seed: Seed, application_connection: psycopg.Connection) -> str:
    """Each of the strangers in turn, with the application's connection in their context."""
    role, name = STRANGERS[request.param]
    become(application_connection, role, getattr(seed, name).pk if name else None)
    return str(request.param)


def her_row(connection: psycopg.Connection, table: str, patient: uuid.UUID) -> dict[str, Any]:
    """A row of the patient's, as the superuser sees it, without generated columns; JSON ready to be written again.

    Of the import's tables the only row: they name nobody.
    """
    named = {"users": "id", "sessions": "user_id", "mfa_tokens": "user_id", "stored_answers": "person_id"}
    column = named.get(table, "patient_id")
    if table in {"auditlog_logentry", "django_admin_log"}:
        column = {"auditlog_logentry": "object_pk", "django_admin_log": "object_id"}[table]
    names = [entry["name"] for entry in columns_of(connection, table)]
    sought = str(patient)
    if table in OF_THE_IMPORT:
        column, sought = "id", id_of_the_only_row(connection, table)
    statement = sql.SQL("SELECT {} FROM {} WHERE {}::text = %s LIMIT 1").format(
        sql.SQL(", ").join(map(sql.Identifier, names)), sql.Identifier(table), sql.Identifier(column)
    )
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(statement, [sought]).fetchone()
    assert row is not None, f"The seed has no row of the patient in {table}."
    return {name: Jsonb(value) if isinstance(value, dict | list) else value for name, value in row.items()}


def id_of_the_only_row(connection: psycopg.Connection, table: str) -> str:
    """The id of the only row of a table."""
    row = connection.execute(sql.SQL("SELECT id::text FROM {}").format(sql.Identifier(table))).fetchone()
    assert row is not None, f"The seed has no row in {table}."
    return str(row[0])


def with_new_key(connection: psycopg.Connection, table: str, row: dict[str, Any]) -> dict[str, Any]:
    """The same row as somebody would add it: only its key is new."""
    keys = {entry["name"]: entry["is_uuid"] for entry in columns_of(connection, table) if entry["is_key"]}
    new = {name: uuid.uuid4() if is_uuid else 2**31 - 7 for name, is_uuid in keys.items() if name != "occurred_at"}
    return row | new


def test_every_table_with_patient_data_has_rows_to_prove_it_with(
    seed: Seed, tables: list[str], superuser_connection: psycopg.Connection
) -> None:
    assert len(tables) >= 26
    for table in tables:
        her_row(superuser_connection, table, seed.patient.pk)


def test_strangers_read_nothing(stranger: str, tables: list[str], application_connection: psycopg.Connection) -> None:
    seen = {table: count(application_connection, table) for table in tables}
    expected = {table: ONE_SELF.get((stranger, table), 0) for table in tables}
    assert seen == expected


def test_strangers_change_nothing(
    stranger: str,
    seed: Seed,
    tables: list[str],
    application_connection: psycopg.Connection,
    superuser_connection: psycopg.Connection,
) -> None:
    rows = {
        table: changed(
            application_connection,
            table,
            her_row(superuser_connection, table, seed.patient.pk),
            columns_of(superuser_connection, table),
        )
        for table in tables
    }
    assert rows == {table: ONE_SELF_CHANGED.get((stranger, table), 0) for table in tables}


def test_strangers_delete_nothing(stranger: str, tables: list[str], application_connection: psycopg.Connection) -> None:
    rows = {table: deleted(application_connection, table) for table in tables}
    assert rows == {table: OWN_WORDS_REMOVED.get((stranger, table), 0) for table in tables}


def test_strangers_add_nothing(
    stranger: str,
    seed: Seed,
    tables: list[str],
    application_connection: psycopg.Connection,
    superuser_connection: psycopg.Connection,
) -> None:
    for table in set(tables) - ALWAYS_RECORDED:
        row = with_new_key(superuser_connection, table, her_row(superuser_connection, table, seed.patient.pk))
        with pytest.raises(psycopg.errors.InsufficientPrivilege) as refusal:
            insert(application_connection, table, row)
        assert "row-level security" in str(refusal.value) or table in REFUSED_BY_A_TRIGGER, table


def test_what_strangers_may_not_add_is_in_order_otherwise(
    seed: Seed, tables: list[str], superuser_connection: psycopg.Connection
) -> None:
    """The refusals above are the policies', not those of a constraint: without policies the same rows go in."""
    for table in tables:
        row = her_row(superuser_connection, table, seed.patient.pk)
        with undone(superuser_connection):
            superuser_connection.execute("SET LOCAL session_replication_role = replica")  # the row may be replaced
            superuser_connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
            insert(superuser_connection, table, with_new_key(superuser_connection, table, row))


NEVER_HERS = {
    "private_notes",
    "prescription_alerts",
    "emergency_reviews",
    "auditlog_logentry",
    "django_admin_log",
    *OF_THE_IMPORT,
}


def test_she_reads_her_own_rows_but_never_what_doctors_keep_to_themselves(
    seed: Seed, tables: list[str], application_connection: psycopg.Connection
) -> None:
    become(application_connection, "patient", seed.patient.pk)
    assert {table for table in tables if count(application_connection, table) == 0} == NEVER_HERS


def test_an_administrator_reads_everything(
    seed: Seed,
    tables: list[str],
    application_connection: psycopg.Connection,
    superuser_connection: psycopg.Connection,
) -> None:
    become(application_connection, "admin", seed.administrator.pk)
    for table in tables:
        assert count(application_connection, table) == count(superuser_connection, table) > 0, table


def test_her_doctor_reads_her_clinical_rows(
    seed: Seed, tables: list[str], application_connection: psycopg.Connection
) -> None:
    become(application_connection, "doctor", seed.her_doctor.pk)
    unseen = {table for table in tables if count(application_connection, table) == 0}
    # Her only file belongs to the case that she has not sent off.
    expected = {"sessions", "mfa_tokens", "stored_answers", "django_admin_log", "emergency_reviews", "attachments"}
    expected |= OF_THE_IMPORT
    assert unseen == expected | (unseen & {"activity_logs", "auditlog_logentry"})
    row = application_connection.execute("SELECT count(*) FROM conversations WHERE status = 'in_progress'").fetchone()
    assert row == (0,), "a conversation with the assistant is the patient's alone"
