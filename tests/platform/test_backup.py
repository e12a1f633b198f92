"""A backup of a clinic, restored on an empty server: every table and every file is as it was, and the log verifies."""

import base64
import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from psycopg import sql
from pytest_django import DjangoDbBlocker

from medichat.backup import BackupError
from medichat.backup.envelope import new_key_pair
from medichat.backup.read import Check, read
from medichat.db.cluster import Cluster
from medichat.db.roles import DEFAULT_NAMES, Names, set_up, url_for
from tests.conftest import disconnect
from tests.database import TestRun

PRIVATE, PUBLIC = new_key_pair()
PRIVATE_TEXT, PUBLIC_TEXT = (f"office:{base64.urlsafe_b64encode(key).decode()}" for key in (PRIVATE, PUBLIC))
EVERY_TABLE = (
    "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
    " AND relpersistence = 'p' AND NOT relispartition ORDER BY 1"  # an unlogged table holds nothing that lasts
)
GUARDS = (
    "SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity, (SELECT array_agg(t.tgname || t.tgenabled::text"
    " ORDER BY t.tgname) FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal), (SELECT array_agg(x::text"
    " ORDER BY x::text) FROM (SELECT privilege_type FROM aclexplode(relacl) WHERE grantee <> relowner) x)"
    " FROM pg_class c"
    " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') ORDER BY 1"
)
SEQUENCES = "SELECT sequencename, last_value FROM pg_sequences WHERE sequencename <> 'activity_log_sequence' ORDER BY 1"
# Each of the two commands notes itself, the one after its snapshot, the other after its work, and that is sealed.
BUT_FOR_THE_NOTES = {
    "activity_logs": "WHERE action NOT IN ('admin.backup.created', 'backup.restored')",
    "audit_seals": "WHERE number <= {seals}",
}


@dataclass(frozen=True)
class Clinic:
    """Where a clinic's database and files are, and what a command needs to work with it."""

    url: str
    files: Path
    seals: Path
    environment: dict[str, str]

    def manage(self, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """Run a command as an operator does."""
        return subprocess.run(
            [sys.executable, str(settings.BASE_DIR / "manage.py"), *arguments],
            env={**os.environ, **self.environment, **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    def ask(self, question: str) -> list[tuple[object, ...]]:
        """As superuser, to whom no policy applies."""
        with psycopg.connect(self.url) as superuser:
            return superuser.execute(question).fetchall()

    def digests(self, seals: int) -> dict[str, tuple[int, str]]:
        """Rows and SHA-256 of every table, generated columns included, and of the first so many seals."""
        found = {}
        with psycopg.connect(self.url) as superuser:
            superuser.execute("SET timezone = 'UTC'")
            for (table,) in superuser.execute(EVERY_TABLE).fetchall():
                question = sql.SQL("SELECT t::text FROM {} t {} ORDER BY 1").format(
                    sql.Identifier(table),
                    sql.SQL(BUT_FOR_THE_NOTES.get(table, "")).format(seals=seals),
                )
                rows = superuser.execute(question).fetchall()
                found[table] = (len(rows), hashlib.sha256(repr(rows).encode()).hexdigest())
        return found

    def stored(self) -> dict[str, bytes]:
        """The encrypted files."""
        return {path.name: path.read_bytes() for path in self.files.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A directory through which PostgreSQL's account may pass."""
    with tempfile.TemporaryDirectory(prefix="mc-") as name:
        path = Path(name)
        path.chmod(0o711)
        yield path


@pytest.fixture(scope="module")
def clinic(
    place: Path,
    django_db_setup: None,
    test_run: TestRun,
    clone_names: Names,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[Clinic]:
    """A row in every table, a file, months of the log before this one, rows without a month, seals."""
    from tests.security.seed import sow

    here = place / "clinic"
    (here / "data").mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch, django_db_blocker.unblock():
        disconnect()
        test_run.clone(clone_names)  # no row of an earlier test whose file is in another place
        patch.setattr(settings, "FILES_DIR", here / "files")
        patch.setattr(settings, "AUDIT_SEALS_FILE", here / "seals.jsonl")
        sow(with_waiting_case=True)
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM ensure_activity_log_partitions(0, '2026-03-01')")
            cursor.execute("BEGIN; SELECT set_config('medichat.role', 'system', true)")
            cursor.execute(
                "INSERT INTO activity_logs (id, action, legacy_id, user_agent, occurred_at) SELECT gen_random_uuid(),"
                " 'user.login', 'a' || n, md5(n::text) || md5(random()::text),"
                " '2016-02-28'::timestamptz + n * interval '4 hours 1 microsecond' FROM generate_series(1, 9000) n"
            )  # more than one part of the encryption, so that a backup can be cut off behind the tables
            cursor.execute("COMMIT")
        disconnect()
        clinic = Clinic(
            url_for(test_run.admin_url, clone_names.database),
            here / "files",
            here / "seals.jsonl",
            {
                "DATABASE_URL": test_run.application_url(clone_names),
                "DATABASE_OWNER_URL": "",
                "MEDICHAT_DATA_DIR": str(here / "data"),
                "FILES_DIR": str(here / "files"),
                "AUDIT_ARCHIVE_DIR": str(here / "log-archive"),
                "AUDIT_SEALS_FILE": str(here / "seals.jsonl"),
                "BACKUP_PUBLIC_KEY": PUBLIC_TEXT,
            },
        )
        dropped = clinic.manage(
            "archive_audit",
            "--drop",
            DATABASE_OWNER_URL=test_run.owner_url(clone_names),
            AUDIT_RETENTION_DAYS=str((datetime.now(UTC).date() - date(2016, 3, 15)).days),
        )
        assert "2016-02: 11 row(s) dropped" in dropped.stdout, dropped.stdout + dropped.stderr
        yield clinic
        disconnect()
        test_run.clone(clone_names)


@pytest.fixture(scope="module")
def backup(clinic: Clinic, place: Path) -> Path:
    """A backup that the command has made."""
    (place / "backups").mkdir()
    done = clinic.manage("backup", "--output", str(place / "backups"))
    assert done.returncode == 0, done.stderr
    assert "1 files" in done.stdout
    (path,) = (place / "backups").iterdir()
    return path


@pytest.fixture(scope="module")
def seals(backup: Path) -> int:
    """How many seals the backup holds; both clinics make more."""
    contents, _ = read(backup, ("office", PRIVATE), Check())
    return contents.rows["audit_seals"]


@pytest.fixture(scope="module")
def empty_server(place: Path) -> Iterator[Cluster]:
    """A server on which nothing was ever."""
    directory = place / "server"
    cluster = Cluster(directory, directory / "s", "pass", throw_away=True)
    cluster.start()
    yield cluster
    cluster.stop()


def installation(cluster: Cluster, place: Path, name: str) -> Clinic:
    """A new, empty installation on the server, as ``setup_database`` leaves it."""
    names = Names(name, DEFAULT_NAMES.owner, DEFAULT_NAMES.application)
    set_up(cluster.url("postgres"), names, owner_password="o", application_password="a")
    data = place / name
    data.mkdir()
    return Clinic(
        cluster.url(name),
        data / "files",
        data / "seals.jsonl",
        {
            "DATABASE_URL": cluster.url(name, role=names.application, password="a"),
            "DATABASE_OWNER_URL": cluster.url(name, role=names.owner, password="o"),
            "MEDICHAT_DATA_DIR": str(data),
            "FILES_DIR": str(data / "files"),
            "AUDIT_SEALS_FILE": str(data / "seals.jsonl"),
            "BACKUP_PRIVATE_KEY": PRIVATE_TEXT,
        },
    )


@pytest.fixture(scope="module")
def restored(backup: Path, empty_server: Cluster, place: Path) -> Clinic:
    """The clinic on the other server."""
    there = installation(empty_server, place, "restored")
    done = there.manage("restore", str(backup))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Restored" in done.stdout
    assert "sealed row(s) compared" in done.stdout  # verify_audit
    assert "11 of the sealed row(s) are in archives." in done.stdout
    return there


def test_every_table_is_as_it_was_to_the_last_bit(clinic: Clinic, restored: Clinic, seals: int) -> None:
    before, after = clinic.digests(seals), restored.digests(seals)
    assert {name: rows for name, (rows, _) in after.items()} == {name: rows for name, (rows, _) in before.items()}
    assert after == before
    assert sum(rows > 0 for rows, _ in before.values()) >= 25  # an empty table proves nothing


def test_sequences_go_on_where_they_were(clinic: Clinic, restored: Clinic) -> None:
    assert restored.ask(SEQUENCES) == clinic.ask(SEQUENCES)
    ((lowest_new,),) = restored.ask("SELECT sequence FROM activity_logs WHERE action = 'backup.restored'")
    ((highest_old,),) = clinic.ask("SELECT max(sequence) FROM activity_logs WHERE action <> 'admin.backup.created'")
    assert int(str(lowest_new)) > int(str(highest_old))


def test_every_file_is_as_it_was(clinic: Clinic, restored: Clinic) -> None:
    assert restored.stored() == clinic.stored()
    assert len(clinic.stored()) == 1


def test_archives_of_the_log_come_along_and_stand_for_what_was_dropped(clinic: Clinic, restored: Clinic) -> None:
    here, there = (each.files.parent / "log-archive" for each in (clinic, restored))
    (archive,) = there.iterdir()
    assert archive.read_bytes() == (here / archive.name).read_bytes()


def test_triggers_row_security_and_privileges_are_on_again(clinic: Clinic, restored: Clinic) -> None:
    """Partitions included, those made for the backup's earlier months too."""
    here, there = clinic.ask(GUARDS), restored.ask(GUARDS)
    assert there == here
    assert "activity_logs_2026_03" in {row[0] for row in there}


def test_the_chain_of_seals_goes_on(restored: Clinic) -> None:
    assert restored.seals.exists()
    sealed = restored.manage("seal_audit")
    assert sealed.returncode == 0, sealed.stderr
    verified = restored.manage("verify_audit", "--seals", str(restored.seals))
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_a_database_with_rows_is_left_alone(backup: Path, restored: Clinic, place: Path, seals: int) -> None:
    before = restored.digests(seals)
    done = restored.manage(
        "restore",
        str(backup),
        FILES_DIR=str(place / "x"),
        AUDIT_SEALS_FILE=str(place / "x.jsonl"),
        AUDIT_ARCHIVE_DIR=str(place / "x-archive"),
    )
    assert done.returncode == 1
    assert "is not empty" in done.stderr
    assert restored.digests(seals) == before


def test_files_of_another_clinic_are_left_alone(backup: Path, restored: Clinic) -> None:
    done = restored.manage("restore", str(backup))
    assert done.returncode == 1
    assert "restore into an empty FILES_DIR" in done.stderr
    assert len(restored.stored()) == 1


def test_a_restore_that_fails_leaves_nothing_and_can_be_repeated(
    backup: Path, empty_server: Cluster, place: Path
) -> None:
    there = installation(empty_server, place, "again")
    whole = backup.read_bytes()
    cut_off = place / "cut-off.backup"
    cut_off.write_bytes(whole[:-200])
    done = there.manage("restore", str(cut_off))
    assert done.returncode == 1
    assert "cut off" in done.stderr
    assert "Traceback" not in done.stderr
    assert there.stored() == {}
    assert not there.seals.exists()
    assert there.ask("SELECT count(*) FROM users") == [(0,)]
    assert there.manage("restore", str(backup)).returncode == 0
    assert len(there.stored()) == 1


def test_another_version_is_told(backup: Path, empty_server: Cluster, place: Path) -> None:
    there = installation(empty_server, place, "version")
    program = (
        "import django; django.setup()\n"
        "from django.db.migrations.loader import MigrationLoader as L\n"
        "real = L.load_disk\n"
        "def less(self):\n"
        "    real(self); self.disk_migrations.pop(('audit', '0003_words_of_the_log'))\n"
        "from medichat.backup import restore as r\n"
        "from medichat.backup.keys import private_key\n"
        "from pathlib import Path\n"
        "L.load_disk = less\n"
        f"r.restore(Path({str(backup)!r}), private_key())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **there.environment},
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "it has audit.0003_words_of_the_log, which this program lacks" in done.stderr
    assert there.ask(EVERY_TABLE) == []


def test_keys_that_are_missing_are_named(backup: Path, empty_server: Cluster, place: Path) -> None:
    there = installation(empty_server, place, "keys")
    other = f"newer:{base64.urlsafe_b64encode(b'k' * 32).decode()}"
    done = there.manage("restore", str(backup), ENCRYPTION_KEY=other, AUDIT_SIGNING_KEY=other)
    assert done.returncode == 1
    assert "AUDIT_SIGNING_KEY, test of ENCRYPTION_KEY" in done.stderr
    assert there.ask(EVERY_TABLE) == []


def test_the_wrong_private_key_is_told(backup: Path, clinic: Clinic) -> None:
    other, _ = new_key_pair()
    done = clinic.manage(
        "restore", "--check", str(backup), BACKUP_PRIVATE_KEY=f"attic:{base64.urlsafe_b64encode(other).decode()}"
    )
    assert done.returncode == 1
    assert "sealed for the key 'office'; BACKUP_PRIVATE_KEY holds 'attic'" in done.stderr


def test_check_reads_all_of_it_without_a_database(backup: Path, clinic: Clinic) -> None:
    unreachable = "postgresql://nobody:x@127.0.0.1:1/nothing"
    done = clinic.manage("restore", "--check", str(backup), BACKUP_PRIVATE_KEY=PRIVATE_TEXT, DATABASE_URL=unreachable)
    assert done.returncode == 0, done.stderr
    assert "The backup is whole" in done.stdout


def test_what_was_counted_is_what_is_there(backup: Path, clinic: Clinic, seals: int) -> None:
    contents, end = read(backup, ("office", PRIVATE), Check())
    rows = {name: count for name, (count, _) in clinic.digests(seals).items()}
    assert contents.rows == rows
    assert end["files"]["count"] == 1
    assert end["others"].keys() == {"seals.jsonl", "log-archive/activity_logs_2016_02.archive"}


def test_nothing_of_a_patient_can_be_read_in_the_file(backup: Path) -> None:
    from tests.security.seed import SECRETS

    content = backup.read_bytes()
    assert [word for word in SECRETS if word.encode() in content] == []
    assert backup.stat().st_mode & 0o777 == 0o600


def test_a_backup_never_overwrites_another(backup: Path, clinic: Clinic) -> None:
    before = backup.read_bytes()
    done = clinic.manage("backup", "--output", str(backup))
    assert done.returncode == 1
    assert "exists already" in done.stderr
    assert backup.read_bytes() == before
    assert [path.name for path in backup.parent.iterdir()] == [backup.name]


def test_a_file_that_is_gone_is_told_and_the_rest_is_kept(clinic: Clinic, place: Path) -> None:
    (stored,) = (path for path in clinic.files.rglob("*") if path.is_file())
    aside = stored.rename(place / stored.name)
    try:
        done = clinic.manage("backup", "--output", str(place / "without.backup"))
    finally:
        aside.rename(stored)
    assert done.returncode == 0
    assert f"The file {stored.name} is named by a row and not on the disk" in done.stderr
    _, end = read(place / "without.backup", ("office", PRIVATE), Check())
    assert end["missing_files"] == [stored.name]


def test_a_table_whose_rows_the_system_may_not_see_stops_the_backup(clinic: Clinic, place: Path) -> None:
    with psycopg.connect(clinic.url, autocommit=True) as superuser:
        superuser.execute("ALTER POLICY administration_reads ON allergies USING (patient_id IS NOT NULL)")
        try:
            done = clinic.manage("backup", "--output", str(place / "hidden.backup"))
        finally:
            superuser.execute(
                "ALTER POLICY administration_reads ON allergies USING"
                " ((SELECT current_setting('medichat.role', true) IN ('admin', 'system')))"
            )
    assert done.returncode == 1
    assert "every row of the table allergies" in done.stderr
    assert not (place / "hidden.backup").exists()


def test_production_without_a_key_says_how_to_get_one(clinic: Clinic, place: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "PRODUCTION", True)
        patch.setattr(settings, "BACKUP_PUBLIC_KEY", "")
        patch.setattr(settings, "BACKUP_PRIVATE_KEY", "")
        from medichat.backup.keys import private_key, public_key

        with pytest.raises(BackupError, match="generate_secrets --backup"):
            public_key()
        with pytest.raises(BackupError, match="--key-file"):
            private_key()


def test_the_act_is_on_the_record(backup: Path, clinic: Clinic) -> None:
    assert clinic.ask("SELECT actor_role FROM activity_logs WHERE action = 'admin.backup.created'")[0] == ("system",)
