"""What there is to back up, asked of the database itself: a table that a later migration makes is not forgotten."""

import re
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any

from django.db import Error, transaction
from psycopg import sql

from medichat.backup import BackupError

_TABLES = """
SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND c.relpersistence = 'p' AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
GROUP BY c.relname ORDER BY c.relname
"""
# Checked at the end of a statement, so the table that is referred to must be there first. Deferred ones wait.
_REFERENCES = """
SELECT DISTINCT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint
WHERE contype = 'f' AND conparentid = 0 AND NOT condeferred AND conrelid <> confrelid
  AND connamespace = 'public'::regnamespace
"""
_PARTITIONS = """
SELECT parent.relname, child.relname, pg_get_expr(child.relpartbound, child.oid)
FROM pg_inherits JOIN pg_class parent ON parent.oid = inhparent JOIN pg_class child ON child.oid = inhrelid
WHERE parent.relnamespace = 'public'::regnamespace AND parent.relkind = 'p' ORDER BY 1, 2
"""
_SEQUENCES = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'S' ORDER BY 1"
# A policy that reads no column of its table is the same for every row, and can be asked without the table.
_READ_POLICIES = """
SELECT polpermissive, pg_get_expr(polqual, polrelid) FROM pg_policy
WHERE polrelid = %s::regclass AND polcmd IN ('r', '*')
"""
_PROTECTED = "SELECT relrowsecurity FROM pg_class WHERE oid = %s::regclass"
# How PostgreSQL writes the bounds of a month, and nothing else that could follow in a statement.
_BOUND = re.compile(r"DEFAULT|FOR VALUES FROM \('[0-9:.+ -]+'\) TO \('[0-9:.+ -]+'\)")
# Text that any later version of PostgreSQL reads back to the same value, to the last bit and microsecond.
SETTINGS = {
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "client_encoding": "UTF8",
    "datestyle": "ISO, YMD",
    "intervalstyle": "postgres",
    "timezone": "UTC",
    "extra_float_digits": "3",
    "bytea_output": "hex",
}


@dataclass(frozen=True)
class Table:
    """A table and its columns, without those that the database computes itself."""

    name: str
    columns: list[str]

    def copy(self, direction: sql.SQL) -> sql.Composed:
        """The COPY statement. Out of a query, because that reads partitions and obeys policies."""
        columns = sql.SQL(", ").join(map(sql.Identifier, self.columns))
        return direction.format(table=identifier(self.name), columns=columns)


OUT = sql.SQL("COPY (SELECT {columns} FROM {table}) TO STDOUT")
IN = sql.SQL("COPY {table} ({columns}) FROM STDIN")


def identifier(table: str) -> sql.Identifier:
    """The table by its full name, whatever the search path."""
    return sql.Identifier("public", table)


def run(cursor: Any, statement: sql.Composed | str) -> Any:
    """Run a statement made of identifiers; returns the cursor."""
    cursor.execute(statement if isinstance(statement, str) else statement.as_string(None))
    return cursor


def prepare(cursor: Any) -> None:
    """Settings for the rest of the transaction."""
    for name, value in SETTINGS.items():
        cursor.execute("SELECT set_config(%s, %s, true)", [name, value])


def tables(cursor: Any) -> list[Table]:
    """Every permanent table, those first to which others refer."""
    cursor.execute(_TABLES)
    found = {name: Table(name, columns) for name, columns in cursor.fetchall()}
    order = TopologicalSorter({name: set[str]() for name in found})
    cursor.execute(_REFERENCES)
    for referring, referred in cursor.fetchall():
        order.add(referring, referred)
    return [found[name] for name in order.static_order() if name in found]


def partitions(cursor: Any) -> dict[str, dict[str, str]]:
    """The partitions of each partitioned table with their bounds."""
    found: dict[str, dict[str, str]] = {}
    cursor.execute(_PARTITIONS)
    for parent, child, bound in cursor.fetchall():
        found.setdefault(parent, {})[child] = bound
    return found


def bound(written: str) -> sql.SQL:
    """The bounds of a partition as a backup says them: part of a statement of the owner, so nothing but bounds.

    Raises BackupError. A backup is sealed and not signed: who knows the public key can make one.
    """
    if not _BOUND.fullmatch(written):
        raise BackupError("The backup holds a partition whose bounds are none. It was made by something else.")
    return sql.SQL(written)


def sequences(cursor: Any) -> dict[str, tuple[int, bool]]:
    """The last value of each sequence, and whether it was given out."""
    cursor.execute(_SEQUENCES)
    values = {}
    for (name,) in cursor.fetchall():
        statement = sql.SQL("SELECT last_value, is_called FROM {}").format(identifier(name))
        values[name] = run(cursor, statement).fetchone()
    return values


def migrations(cursor: Any) -> list[str]:
    """The applied migrations as ``app.name``."""
    cursor.execute("SELECT app || '.' || name FROM django_migrations ORDER BY 1")
    return [name for (name,) in cursor.fetchall()]


def refuse_hidden_rows(cursor: Any, names: list[str], using: str) -> None:
    """Prove that the context sees every row of these tables; BackupError, naming one, where that is not certain.

    Permissive policies are alternatives: one that is true for every row is enough. The roles that a policy is for are
    not looked at, because none of ours names one.
    """
    for name in names:
        cursor.execute(_PROTECTED, [f"public.{name}"])
        if not cursor.fetchone()[0]:
            continue
        cursor.execute(_READ_POLICIES, [f"public.{name}"])
        policies = cursor.fetchall()
        open_to_all = any(permissive and _always(cursor, condition, using) for permissive, condition in policies)
        if not open_to_all or not all(permissive for permissive, _ in policies):
            raise BackupError(
                f"It is not certain that the system sees every row of the table {name}, so a backup could lack some. "
                "Give it a policy that lets the context 'system' read everything (medichat.db.policies)."
            )


def _always(cursor: Any, condition: str, using: str) -> bool:
    """Whether the condition holds without looking at any row."""
    try:
        with transaction.atomic(using=using):
            cursor.execute(f"SELECT {condition}")
            return bool(cursor.fetchone()[0])
    except Error:  # it reads columns, so it depends on the row
        return False
