"""Many rows on their way into a table: COPY into a temporary table, or arrays where none may be made.

COPY FROM is refused on a table whose row security applies to the role, so rows wait elsewhere and one statement takes
them over, under every policy, trigger and constraint. Temporary tables are the owner's: the application role may make
none, because one called ``care_relations`` would be read by guards that mean the real one. Without the owner (a retry
from a page, a clinic that imports with the application role alone) the rows travel as one array for each column.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

_TYPES = """
SELECT a.attname, t.typname FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped
"""


@dataclass(frozen=True)
class Staged:
    """Where the rows wait: what stands behind FROM (named ``staged``), and the parameters that it needs."""

    source: sql.Composable
    parameters: Sequence[Any] = ()


class Staging:
    """The waiting places of one connection."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._types: dict[str, dict[str, str]] = {}
        row = connection.execute("SELECT has_database_privilege(current_database(), 'TEMPORARY')").fetchone()
        self._copies = bool(row and row[0])

    @contextmanager
    def rows(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Iterator[Staged]:
        """These values of these columns, as something to select from; gone again at the end of the block."""
        types = [self._types_of(table)[column] for column in columns]
        if not self._copies:
            yield self._arrays(types, columns, rows)
            return
        name = self._temporary(table, columns)
        copy = sql.SQL("COPY {} FROM STDIN (FORMAT BINARY)").format(name)
        with self._connection.cursor() as cursor, cursor.copy(copy) as stream:
            stream.set_types(types)
            for row in rows:
                stream.write_row(row)
        yield Staged(sql.SQL("{} AS staged").format(name))
        self._connection.execute(sql.SQL("TRUNCATE {}").format(name))

    def _types_of(self, table: str) -> dict[str, str]:
        if table not in self._types:
            self._types[table] = dict(self._connection.execute(_TYPES, [table]).fetchall())
        return self._types[table]

    def _temporary(self, table: str, columns: Sequence[str]) -> sql.Identifier:
        """The temporary table of a table; always asked for the same columns."""
        name = f"staging_{table}"
        self._connection.execute(
            sql.SQL(
                "CREATE TEMPORARY TABLE IF NOT EXISTS {} ON COMMIT DELETE ROWS AS SELECT {} FROM {} WITH NO DATA"
            ).format(sql.Identifier(name), sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier(table))
        )
        return sql.Identifier("pg_temp", name)

    @staticmethod
    def _arrays(types: Sequence[str], columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Staged:
        arrays = sql.SQL(", ").join(sql.SQL("%b::{}").format(sql.SQL(f"{kind}[]")) for kind in types)
        names = sql.SQL(", ").join(map(sql.Identifier, columns))
        source = sql.SQL("unnest({}) AS staged ({})").format(arrays, names)
        return Staged(source, [list(values) for values in zip(*rows, strict=True)])
