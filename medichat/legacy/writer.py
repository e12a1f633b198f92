"""Writing rows of the import: sealing what is encrypted, and one statement for many rows of a table."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from medichat.db.encryption import open_sealed, seal
from medichat.legacy.staging import Staging
from medichat.legacy.tables import Record, Table, digest_of

Rows = Sequence[Sequence[Any]]

# A hash that its owner's sign-in has replaced since stays: they use this system. So does a password set here.
_PASSWORD = sql.SQL(
    "CASE WHEN starts_with(target.password, 'legacy_bcrypt$') OR starts_with(target.password, '!') "
    "THEN staged.password ELSE target.password END"
)
_OWN_WAY: dict[tuple[str, str], sql.SQL] = {
    ("users", "password"): _PASSWORD,
    ("users", "last_login"): sql.SQL("greatest(target.last_login, staged.last_login)"),
}


class Writer:
    """Reads and writes the tables of the import on one connection, inside the caller's transaction."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection
        self._staging = Staging(connection)

    def insert(self, table: Table, records: Sequence[Record]) -> int:
        """Add rows; those whose id is there already stay as they are. Returns how many were added."""
        if not records:
            return 0
        fixed = [sql.Literal(Jsonb(value) if isinstance(value, list) else value) for _, value in table.fixed]
        names = [*table.columns, *(name for name, _ in table.fixed)]
        key = sql.SQL("(id, occurred_at)" if table.name == "activity_logs" else "(id)")
        statement = sql.SQL("INSERT INTO {table} ({names}) SELECT {values} FROM {staged} ON CONFLICT {key} DO NOTHING")
        values = [*(sql.Identifier("staged", name) for name in table.columns), *fixed]
        with self._staging.rows(table.name, table.columns, [sealed(record) for record in records]) as staged:
            cursor = self.connection.execute(
                statement.format(
                    table=sql.Identifier(table.name),
                    names=_listed(names),
                    values=sql.SQL(", ").join(values),
                    staged=staged.source,
                    key=key,
                ),
                staged.parameters,
            )
        return cursor.rowcount

    def update(self, table: Table, records: Sequence[Record], *, only: Iterable[str] | None = None) -> None:
        """Bring rows to these values; ``only`` these columns."""
        if not records:
            return
        changed = [name for name in only or table.columns if name not in {"id", "legacy_id"}]
        changes = [
            sql.SQL("{} = {}").format(
                sql.Identifier(name), _OWN_WAY.get((table.name, name), sql.Identifier("staged", name))
            )
            for name in changed
        ]
        with self._staging.rows(table.name, table.columns, [sealed(record) for record in records]) as staged:
            self.connection.execute(
                sql.SQL("UPDATE {table} AS target SET {changes} FROM {staged} WHERE target.id = staged.id").format(
                    table=sql.Identifier(table.name), changes=sql.SQL(", ").join(changes), staged=staged.source
                ),
                staged.parameters,
            )

    def delete(self, table: Table, ids: Sequence[UUID]) -> None:
        """Remove rows that the source does not have any more."""
        self.connection.execute(
            sql.SQL("DELETE FROM {} WHERE id = ANY(%s)").format(sql.Identifier(table.name)), [list(ids)]
        )

    def current(self, table: Table, ids: Sequence[UUID], *, lock: bool) -> dict[UUID, tuple[Any, ...]]:
        """The rows as they are now, decrypted, by their ids; locked until the transaction ends where that is wanted."""
        query = sql.SQL("SELECT {} FROM {} WHERE id = ANY(%s){}").format(
            _listed(table.columns), sql.Identifier(table.name), sql.SQL(" FOR UPDATE" if lock else "")
        )
        return {row[0]: opened(table, row) for row in self.connection.execute(query, [list(ids)])}

    def add(self, table: str, columns: Sequence[str], rows: Rows, *, on_conflict: str = "") -> None:
        """Add rows of the import's own tables, or rows that follow from others.

        ``on_conflict`` is SQL of this program.
        """
        if not rows:
            return
        with self._staging.rows(table, columns, rows) as staged:
            self.connection.execute(
                sql.SQL("INSERT INTO {table} ({names}) SELECT {values} FROM {staged} {conflict}").format(
                    table=sql.Identifier(table),
                    names=_listed(columns),
                    values=sql.SQL(", ").join(sql.Identifier("staged", name) for name in columns),
                    staged=staged.source,
                    conflict=sql.SQL(on_conflict),
                ),
                staged.parameters,
            )


def _listed(names: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))


def sealed(record: Record) -> Sequence[Any]:
    """The values as they are stored."""
    table = record.table
    if not table.encrypted:
        return record.values
    values = list(record.values)
    identity = str(record.id)
    for place in table.encrypted_places:
        if values[place] is not None:
            values[place] = seal(table.name, table.columns[place], identity, values[place])
    return values


def opened(table: Table, row: Sequence[Any]) -> tuple[Any, ...]:
    """The values of a stored row in the clear. Raises DecryptionError."""
    values = list(row)
    identity = str(row[0])
    for place in table.encrypted_places:
        if values[place] is not None:
            values[place] = open_sealed(table.name, table.columns[place], identity, values[place])
    return tuple(values)


def digest_now(table: Table, row: Sequence[Any]) -> bytes:
    """The digest of a row as ``Writer.current`` gives it."""
    return digest_of(table, row)
