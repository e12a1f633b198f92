"""PostgreSQL without the ORM: contexts, what is protected, and what a statement does to a table."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from medichat.db.policies import ALSO_PROTECTED

HOLDS_PATIENT_DATA = """
SELECT relation.relname FROM pg_class relation
WHERE relation.relnamespace = 'public'::regnamespace AND relation.relkind IN ('r', 'p') AND NOT relation.relispartition
  AND (relation.relname = ANY(%s) OR EXISTS (
      SELECT FROM pg_attribute a WHERE a.attrelid = relation.oid AND a.attname = 'patient_id' AND NOT a.attisdropped))
ORDER BY 1
"""
COLUMNS = """
SELECT attname AS name, attname = ANY(
    SELECT key.attname FROM pg_index i JOIN pg_attribute key ON key.attrelid = i.indrelid AND key.attnum = ANY(i.indkey)
    WHERE i.indrelid = written.attrelid AND i.indisprimary) AS is_key, atttypid = 'uuid'::regtype AS is_uuid
FROM pg_attribute written WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
ORDER BY attnum
"""


def become(connection: psycopg.Connection, role: str, user_id: uuid.UUID | None = None, sign_in_key: str = "") -> None:
    """Give the connection's transaction a context, as the web process does."""
    for name, value in (("role", role), ("user_id", str(user_id or "")), ("sign_in_key", sign_in_key)):
        connection.execute("SELECT set_config(%s, %s, true)", [f"medichat.{name}", value])


def protected_tables(connection: psycopg.Connection) -> list[str]:
    """Every table with patient data, found in the catalogue."""
    return [name for (name,) in connection.execute(HOLDS_PATIENT_DATA, [ALSO_PROTECTED])]


@contextmanager
def undone(connection: psycopg.Connection) -> Iterator[None]:
    """What happens inside is rolled back."""
    with connection.transaction(force_rollback=True):
        yield


def count(connection: psycopg.Connection, table: str) -> int:
    """How many rows this connection sees."""
    row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()
    assert row is not None
    return int(row[0])


def changed(connection: psycopg.Connection, table: str, row: dict[str, Any], columns: list[dict[str, Any]]) -> int:
    """How many rows an UPDATE without WHERE changes: nothing but the policies for updates can hold it back."""
    names = [column["name"] for column in columns if not column["is_key"]]
    chosen = "created_at" if "created_at" in names else names[-1]
    statement = sql.SQL("UPDATE {} SET {} = %s").format(sql.Identifier(table), sql.Identifier(chosen))
    return _rows_of(connection, statement, [row[chosen]])


def deleted(connection: psycopg.Connection, table: str) -> int:
    """How many rows a DELETE without WHERE removes."""
    return _rows_of(connection, sql.SQL("DELETE FROM {}").format(sql.Identifier(table)), [])


def _rows_of(connection: psycopg.Connection, statement: sql.Composed, values: list[Any]) -> int:
    try:
        with undone(connection):
            return connection.execute(statement, values).rowcount
    except psycopg.errors.InsufficientPrivilege:
        return 0


def columns_of(connection: psycopg.Connection, table: str) -> list[dict[str, Any]]:
    """The columns that are written: ``name``, ``is_key``, ``is_uuid``."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(COLUMNS, [table]).fetchall()


def insert(connection: psycopg.Connection, table: str, row: dict[str, Any]) -> None:
    """Insert the row with every column given; nothing is read back."""
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL(", ").join([sql.Placeholder()] * len(row)),
    )
    with undone(connection):
        connection.execute(statement, list(row.values()))
