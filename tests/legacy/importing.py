"""Running the real command in a test, and looking at what it left in the database."""

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.management import CommandError, call_command
from django.db import connection

from medichat.db.context import system
from medichat.legacy.tables import TABLES
from medichat.legacy.writer import opened


@dataclass(frozen=True)
class Outcome:
    """How the command ended: its exit code, what it wrote to the console, and the report."""

    code: int
    console: str
    report: dict[str, Any]


def import_mongo(*arguments: object, report: Path | None = None, processes: int = 0) -> Outcome:
    """``manage.py import_mongo`` in this process, with its workers unless ``processes`` is given."""
    console = io.StringIO()
    given = [str(argument) for argument in arguments]
    if "--undo" not in given:
        given += ["--processes", str(processes)]
    if report is not None:
        report.unlink(missing_ok=True)
        given += ["--report", str(report)]
    code = 0
    try:
        call_command("import_mongo", *given, stdout=console, stderr=console)
    except CommandError as error:
        code = error.returncode
        console.write(f"{error}\n")
    found = json.loads(report.read_text()) if report is not None and report.exists() else {}
    return Outcome(code, console.getvalue(), found)


def rows(query: str, *parameters: object) -> list[tuple[Any, ...]]:
    """What the database says, as the system."""
    with system(), connection.cursor() as cursor:
        cursor.execute(query, parameters or None)
        return list(cursor.fetchall()) if cursor.description else []


def stored(table: str, legacy_id: str) -> dict[str, Any]:
    """One imported row in the clear. Raises IndexError when there is none."""
    known = TABLES[table]
    (row,) = rows(f"SELECT {', '.join(known.columns)} FROM {table} WHERE legacy_id = %s", legacy_id)  # noqa: S608
    return dict(zip(known.columns, opened(known, row), strict=True))


def everything() -> dict[str, list[tuple[Any, ...]]]:
    """All imported rows in the clear, in an order of their own: to compare two databases."""
    found = {}
    for name, table in TABLES.items():
        condition = "WHERE legacy_id IS NOT NULL" if table.has_legacy_id else ""
        query = f"SELECT {', '.join(table.columns)} FROM {name} {condition} ORDER BY id"  # noqa: S608
        found[name] = [opened(table, row) for row in rows(query)]
    return found
