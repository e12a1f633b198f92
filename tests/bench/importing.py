"""Importing the made-up clinic of the previous system into a server of its own, and what that costs."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import psycopg
from psycopg import sql

from medichat.db.cluster import Cluster
from medichat.db.roles import Names, set_up, url_for

NAMES = Names("medichat_import", "medichat_import_owner", "medichat_import_application")
PASSWORD = "a server that is thrown away"
ROOT = Path(__file__).resolve().parents[2]
# As on a server that was set up for it (MIGRATION_GUIDE says so); what was committed survives a power cut.
SETTINGS = {"max_wal_size": "8GB", "shared_buffers": "512MB", "checkpoint_timeout": "30min"}


ROWS_OF = {
    "users": (
        "users", "patient_medical_info", "allergies", "medications", "medical_history", "surgical_history",
        "family_history", "immunizations", "emergency_contacts",
    ),
    "conversations": ("conversations", "messages", "symptoms", "attachments", "prescriptions"),
    "activity_logs": ("activity_logs",),
}  # fmt: skip
"""Which of the report's entities are rows of their own, by the collection that brings them."""


@dataclass
class Server:
    """The server into which is imported."""

    superuser_url: str
    environment: dict[str, str]
    directory: str

    def manage(self, *arguments: str) -> list[str]:
        """The command line of ``manage.py``."""
        return [sys.executable, str(ROOT / "manage.py"), *arguments]


@contextmanager
def server(directory: Path) -> Iterator[Server]:
    """A migrated, empty database; gone afterwards."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    directory.chmod(0o711)
    (directory / "data").mkdir()
    cluster = Cluster(directory / "postgresql", directory / "socket", PASSWORD, settings=SETTINGS)
    cluster.start()
    try:
        admin_url = cluster.url("postgres")
        set_up(admin_url, NAMES, owner_password=PASSWORD, application_password=PASSWORD)
        environment = os.environ | {
            "DATABASE_URL": url_for(admin_url, NAMES.database, NAMES.application, PASSWORD),
            "DATABASE_OWNER_URL": url_for(admin_url, NAMES.database, NAMES.owner, PASSWORD),
            "MEDICHAT_DATA_DIR": str(directory / "data"),
        }
        found = Server(url_for(admin_url, NAMES.database), environment, str(directory / "postgresql"))
        subprocess.run(found.manage("migrate", "--verbosity", "0"), env=environment, check=True, cwd=ROOT)
        yield found
    finally:
        cluster.stop()
        shutil.rmtree(directory, ignore_errors=True)


@dataclass
class Cost:
    """What an import took. Memory in megabytes: of all its processes together, each shared page counted once."""

    seconds: float = 0
    stages: dict[str, float] = field(default_factory=dict)
    peak_memory: float = 0
    python_seconds: float = 0
    database_seconds: float = 0
    """Processor time, which hardly depends on what else the machine does."""
    rows: int = 0
    bare_copy_seconds: float = 0
    report: dict[str, Any] = field(default_factory=dict)

    def rows_of_stage(self, stage: str) -> int | None:
        """The rows that a stage loads or verifies; None for the outline, which has no rows."""
        collection, _, kind = stage.partition(" ")
        if kind == "(outline)":
            return None
        entities = self.report["entities"]
        return sum(int(entities[name]["loaded"]) for name in ROWS_OF.get(collection, ()))

    def summary(self) -> dict[str, Any]:
        """The figures that are reported."""
        return {
            "rows": self.rows,
            "seconds": round(self.seconds, 1),
            "rows_per_second": round(self.rows / self.seconds) if self.seconds else None,
            "stages_seconds": {name: round(seconds, 1) for name, seconds in self.stages.items()},
            "cpu_python_seconds": round(self.python_seconds, 1),
            "cpu_database_seconds": round(self.database_seconds, 1),
            "cpu_microseconds_per_row": (
                round((self.python_seconds + self.database_seconds) / self.rows * 1e6) if self.rows else None
            ),
            "peak_memory_mb": round(self.peak_memory),
            "bare_copy_seconds": round(self.bare_copy_seconds, 1),
            "bare_copy_share": round(self.bare_copy_seconds / self.seconds, 3) if self.seconds else None,
            "ok": self.report.get("ok"),
        }


def measure(server: Server, dump: Path, tell: Callable[[str], None], *options: str) -> Cost:
    """Import the dump with the real command; raises CalledProcessError when it does not hold."""
    cost, report = Cost(), dump.parent / "report.json"
    command = server.manage("import_mongo", "--dump", str(dump), "--report", str(report), *options)
    begun, database_before = time.monotonic(), _database_seconds(server)
    children_before = os.times()
    process = subprocess.Popen(command, env=server.environment, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    watcher = threading.Thread(target=_watch_memory, args=(process.pid, cost), daemon=True)
    watcher.start()
    assert process.stdout is not None
    last = begun
    for line in process.stdout:
        stage, separator, _ = line.partition(": ")
        now = time.monotonic()
        if separator and not line.startswith(" ") and "documents" in line:
            cost.stages[stage] = cost.stages.get(stage, 0) + now - last
        else:
            tell(line.rstrip())
        last = now
    if process.wait():
        raise subprocess.CalledProcessError(process.returncode, command)
    cost.seconds = time.monotonic() - begun
    children = os.times()
    cost.python_seconds = (
        children.children_user + children.children_system
        - children_before.children_user - children_before.children_system
    )  # fmt: skip
    cost.database_seconds = _database_seconds(server) - database_before
    watcher.join()
    cost.report = json.loads(report.read_text())
    cost.rows, cost.bare_copy_seconds = _bare_copy(server, dump.parent / "bare")
    return cost


def _database_seconds(server: Server) -> float:
    """Processor time of the server and of its connections that have ended."""
    total = 0.0
    for process in psutil.process_iter():
        try:
            if server.directory in " ".join(process.cmdline()[:6]):
                for one in [process, *process.children()]:
                    times = one.cpu_times()
                    total += times.user + times.system
                times = process.cpu_times()
                total += times.children_user + times.children_system
        except psutil.Error:
            continue
    return total


def _watch_memory(pid: int, cost: Cost) -> None:
    """The largest sum of what the command and its workers use, looked at five times a second."""
    try:
        parent = psutil.Process(pid)
        while parent.is_running() and parent.status() != psutil.STATUS_ZOMBIE:
            total = 0
            for process in [parent, *parent.children(recursive=True)]:
                try:
                    total += process.memory_full_info().pss
                except psutil.Error:
                    continue
            cost.peak_memory = max(cost.peak_memory, total / 1024 / 1024)
            time.sleep(0.2)
    except psutil.Error:
        return


def _bare_copy(server: Server, file: Path) -> tuple[int, float]:
    """How many rows came over, and how long it takes to copy just these rows into tables without anything."""
    from medichat.legacy.tables import TABLES

    rows, seconds = 0, 0.0
    with psycopg.connect(server.superuser_url, autocommit=True) as admin:
        for table in TABLES.values():
            condition = "WHERE legacy_id IS NOT NULL" if table.has_legacy_id else ""
            columns = sql.SQL(", ").join(map(sql.Identifier, table.columns))
            select = sql.SQL("COPY (SELECT {} FROM {} {}) TO STDOUT (FORMAT BINARY)").format(
                columns, sql.Identifier(table.name), sql.SQL(condition)
            )
            with admin.cursor() as cursor, cursor.copy(select) as out, file.open("wb") as stream:
                stream.writelines(out)
            admin.execute(
                sql.SQL("CREATE TABLE bare AS SELECT {} FROM {} WITH NO DATA").format(
                    columns, sql.Identifier(table.name)
                )
            )
            begun = time.monotonic()
            with (
                admin.cursor() as cursor,
                cursor.copy("COPY bare FROM STDIN (FORMAT BINARY)") as copy,
                file.open("rb") as stream,
            ):
                while chunk := stream.read(1 << 20):
                    copy.write(chunk)
            seconds += time.monotonic() - begun
            row = admin.execute("SELECT count(*) FROM bare").fetchone()
            rows += row[0] if row else 0
            admin.execute("DROP TABLE bare")
    file.unlink()
    return rows, seconds
