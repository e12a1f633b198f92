"""The server of the bench: a cluster of its own, filled by two processes with COPY, kept for the next run if wanted."""

import hashlib
import json
import os
import secrets
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

import psycopg
from psycopg import sql

from medichat.db.cluster import Cluster
from medichat.db.roles import Names, set_up, url_for

NAMES = Names("medichat_bench", "medichat_bench_owner", "medichat_bench_application")
BUILDERS = 2
# Measured as it is shipped, except that nothing works in the background meanwhile.
MEASURING = {"autovacuum": "off"}
# What the loading needs and the clinic does not: fewer, larger steps.
LOADING = {"max_wal_size": "8GB", "maintenance_work_mem": "512MB", "shared_buffers": "1GB"}
# Built again after loading: filling them row by row is slow.
_REBUILT = ("messages", "conversation_words", "care_relations", "symptoms", "activity_logs")


@dataclass
class Server:
    """A running server with the clinic in it."""

    cluster: Cluster
    password: str
    loaded_at: datetime
    seconds: float | None
    """How long loading took; None when the clinic was there already."""

    @property
    def superuser_url(self) -> str:
        """How the superuser reaches the clinic."""
        return url_for(self.cluster.url("postgres"), NAMES.database)

    @property
    def application_url(self) -> str:
        """How the application role reaches it."""
        return url_for(self.superuser_url, NAMES.database, NAMES.application, self.password)

    @property
    def owner_url(self) -> str:
        """How the owner reaches it."""
        return url_for(self.superuser_url, NAMES.database, NAMES.owner, self.password)

    def row_security(self, *, on: bool) -> None:
        """Whether the policies apply to the application role (the throw-away server alone is told otherwise)."""
        command = sql.SQL("ALTER ROLE {} {}").format(
            sql.Identifier(NAMES.application), sql.SQL("NOBYPASSRLS" if on else "BYPASSRLS")
        )
        with psycopg.connect(self.superuser_url, autocommit=True) as admin:
            admin.execute(command)


@contextmanager
def running(directory: Path, patients: int, migrate: Callable[[Server], None]) -> Iterator[Server]:
    """The server with this many patients, loaded unless the directory holds just that already; stopped at the end."""
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o711)  # root's server runs as another account, which passes through
    manifest = directory / "clinic.json"
    fingerprint = f"{patients} patients, {_fingerprint()}"
    known = json.loads(manifest.read_text()) if manifest.exists() else None
    fresh = known is None or known["fingerprint"] != fingerprint
    password = secrets.token_urlsafe(16) if known is None else known["password"]
    # Loading need not survive a power cut; what is measured does, as in a clinic.
    loading = Cluster(directory / "postgresql", directory / "socket", password, settings=LOADING, throw_away=True)
    measured = Cluster(directory / "postgresql", directory / "socket", password, settings=MEASURING)
    server = Server(measured, password, datetime.now(UTC), None)
    if fresh:
        _write(manifest, {"fingerprint": "being loaded", "password": password, "loaded_at": "", "seconds": 0})
        loading.start()
        try:
            server.seconds = _load(server, patients, migrate)
        finally:
            loading.stop()
        loaded_at = server.loaded_at.isoformat()
        _write(manifest, {"fingerprint": fingerprint, "password": password, "loaded_at": loaded_at})
    elif known is not None:
        server.loaded_at = datetime.fromisoformat(known["loaded_at"])
    measured.start()
    try:
        yield server
    finally:
        server.row_security(on=True)
        measured.stop()


def _write(manifest: Path, content: dict[str, object]) -> None:
    manifest.touch(mode=0o600)
    manifest.write_text(json.dumps(content))


def _fingerprint() -> str:
    """Changes with the tables and with what is loaded into them."""
    root = Path(__file__).resolve().parents[2]
    files = [*sorted(root.glob("*/migrations/*.py")), root / "medichat" / "db" / "policies.py"]
    files += [Path(__file__).with_name(name) for name in ("clinic.py", "rows.py", "words.py")]
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]


def _load(server: Server, patients: int, migrate: Callable[[Server], None]) -> float:
    begun = time.monotonic()
    admin_url = server.cluster.url("postgres")
    with psycopg.connect(admin_url, autocommit=True) as admin:
        database = sql.Identifier(NAMES.database)
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(database))
    set_up(admin_url, NAMES, owner_password=server.password, application_password=server.password)
    migrate(server)
    with psycopg.connect(server.superuser_url, autocommit=True) as admin:
        rebuilt = _drop_indexes(admin)
        _fill(server, patients)
        for statement in rebuilt:
            admin.execute(statement)
        _finish(admin)
    return time.monotonic() - begun


def _drop_indexes(admin: psycopg.Connection) -> list[str]:
    """Drop the plain indexes of the large tables; returns what makes them again."""
    rows = admin.execute(
        "SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i "
        "WHERE i.indrelid = ANY(%s::regclass[]) AND NOT i.indisunique"
        " AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)",
        [list(_REBUILT)],
    ).fetchall()
    for name, _definition in rows:
        admin.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
    return [definition.replace(" ON ONLY ", " ON ") for _name, definition in rows]


def _fill(server: Server, patients: int) -> None:
    from tests.bench.rows import doctors

    with psycopg.connect(server.superuser_url) as connection:
        _copy(connection, doctors(server.loaded_at))
    step = -(-patients // BUILDERS)
    parts = [range(begin, min(begin + step, patients)) for begin in range(0, patients, step)]
    with ProcessPoolExecutor(BUILDERS, mp_context=get_context("spawn")) as builders:
        results = [builders.submit(_fill_part, server.superuser_url, part, server.loaded_at) for part in parts]
        for result in results:
            result.result()


def _fill_part(url: str, part: range, now: datetime) -> None:
    """Make and store the rows of some patients; runs in a process of its own."""
    import django

    os.nice(5)
    django.setup()
    from tests.bench.rows import rows_of

    with psycopg.connect(url) as connection:
        for rows in rows_of(part, now):
            _copy(connection, rows)


def _copy(connection: psycopg.Connection, rows: dict[str, list[tuple[object, ...]]]) -> None:
    from tests.bench.rows import COLUMNS

    # The triggers would stamp today's time on old rows; keys are consistent by construction and checked afterwards.
    connection.execute("SET session_replication_role = replica")
    with connection.cursor() as cursor:
        for table, table_rows in rows.items():
            columns = sql.SQL(", ").join(map(sql.Identifier, COLUMNS[table]))
            command = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), columns)
            with cursor.copy(command) as copy:
                for row in table_rows:
                    copy.write_row(row)
    connection.commit()


# As the triggers of these tables would have called it.
_SEARCH_WORDS = (
    "SELECT count(index_search_words('name', first_name || ' ' || last_name, id, id)) FROM users"
    " WHERE role = 'patient'",
    "SELECT count(index_search_words('allergen', allergen, patient_id, id)) FROM allergies",
    "SELECT count(index_search_words('medication', medication_name, patient_id, id)) FROM medications",
    "SELECT count(index_search_words('condition', condition, patient_id, id)) FROM medical_history",
)


def _finish(admin: psycopg.Connection) -> None:
    """What triggers and sequences would have done, and statistics."""
    for statement in _SEARCH_WORDS:
        admin.execute(statement)
    admin.execute("INSERT INTO unfinished_cases SELECT id FROM conversations WHERE status = 'in_progress'")
    admin.execute("SELECT setval('record_numbers', max(record_number)) FROM users")
    admin.execute("VACUUM (ANALYZE)")
    admin.execute("CHECKPOINT")
