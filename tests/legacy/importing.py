"""Running the real command in a test, and looking at what it left in the database."""

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.management import CommandError, call_command
from django.db import connection

from medichat.db.context import system
from medichat.db.roles import Names, url_for
from medichat.legacy.tables import TABLES
from medichat.legacy.writer import opened
from tests import database


@dataclass(frozen=True)
class Outcome:
    """How the command ended: its exit code, what it wrote to the console, and the report."""

    code: int
    console: str
    report: dict[str, Any]


@dataclass(frozen=True)
class Loaded(Outcome):
    """A database that was loaded from a folder; ``superuser_url`` leads to it past every policy and trigger."""

    folder: Path
    superuser_url: str


def import_mongo(*arguments: object, report: Path | None = None, processes: int = 0) -> Outcome:
    """``manage.py import_mongo`` in this process, with its workers unless ``processes`` is given."""
    console = io.StringIO()
    given = [str(argument) for argument in arguments] + ["--processes", str(processes)]
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


def load(folder: Path, run: database.TestRun, names: Names) -> Loaded:
    """Load a dump into this worker's database."""
    found = import_mongo("--dump", folder, report=folder.parent / f"{folder.name}-report.json")
    return Loaded(found.code, found.console, found.report, folder, url_for(run.admin_url, names.database))


def rows(query: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """What the database says, as the system."""
    with system(), connection.cursor() as cursor:
        cursor.execute(query, parameters or None)
        return list(cursor.fetchall()) if cursor.description else []


def stored(table: str, legacy_id: str) -> dict[str, Any]:
    """One imported row in the clear."""
    known = TABLES[table]
    # Names of tables and columns are constants.
    (row,) = rows(f"SELECT {', '.join(known.columns)} FROM {table} WHERE legacy_id = %s", legacy_id)  # noqa: S608
    return dict(zip(known.columns, opened(known, row), strict=True))


def of_document(table: str, document: str) -> list[dict[str, Any]]:
    """The imported rows of a table that belong to one document, in the clear, by position or legacy id."""
    known = TABLES[table]
    order = "position" if "position" in known.columns else "legacy_id"
    found = rows(
        f"SELECT {', '.join(known.columns)} FROM {table}"  # noqa: S608 -- constants
        f" WHERE legacy_id = %s OR legacy_id LIKE %s ORDER BY {order}",
        document,
        f"{document}.%",
    )
    return [dict(zip(known.columns, opened(known, row), strict=True)) for row in found]
