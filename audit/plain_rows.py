"""Rows of the log outside of the database: as JSON that gives back exactly what was hashed."""

import base64
import uuid
from collections.abc import Generator, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from audit.chain import COLUMNS, SELECT, SealedRow, hash_of

# The names as they are read; a cast and what it is cast to are no part of them.
NAMES = tuple(column.removeprefix("text(").split("::")[0].rstrip(")") for column in COLUMNS)
_IDS = {"id", "actor_id", "patient_id", "request_id"}
_TIMES = {"occurred_at", "created_at"}
_SEALED = {"actor_email", "description", "metadata", "error_message", "error_stack", "error_code"}
BATCH = 2_000

Values = tuple[Any, ...]


def rows_between(begin: datetime, end: datetime) -> Generator[Values, None, None]:
    """The columns of every row of this time, in the order of writing; a few at a time, in one snapshot."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(f"{SELECT} WHERE occurred_at >= %s AND occurred_at < %s ORDER BY sequence", [begin, end])
        while batch := cursor.fetchmany(BATCH):
            yield from batch


def as_json(values: Values) -> dict[str, Any]:
    """The columns by name; encrypted ones as base64 of what is stored."""
    return {name: _plain(value) for name, value in zip(NAMES, values, strict=True)}


def from_json(row: dict[str, Any]) -> Values:
    """What ``as_json`` was given. Raises ValueError for anything else."""
    try:
        return tuple(_value(name, row[name]) for name in NAMES)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("this is no row of the log") from error


def sealed_row(values: Sequence[Any]) -> SealedRow:
    """What a seal remembers of the row."""
    return SealedRow(values[0], values[1], hash_of(values))


def _plain(value: Any) -> Any:
    match value:
        case bytes() | memoryview():
            return base64.b64encode(bytes(value)).decode()
        case uuid.UUID():
            return str(value)
        case datetime():
            return value.isoformat(timespec="microseconds")
    return value


def _value(name: str, plain: Any) -> Any:
    if plain is None:
        return None
    if name in _IDS:
        return uuid.UUID(plain)
    if name in _TIMES:
        return datetime.fromisoformat(plain)
    return base64.b64decode(plain, validate=True) if name in _SEALED else plain
