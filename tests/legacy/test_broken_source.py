"""What stops an import says so and ends with status 2; nothing is half-loaded that the next start would not finish."""

import errno
import gzip
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from django.db import connection
from psycopg import errors

from medichat.legacy import read
from medichat.legacy.models import ImportItem, ImportRun
from medichat.legacy.read import ServerSource
from medichat.legacy.scratch import Sorter
from medichat.legacy.writer import Writer
from tests import database
from tests.cast import system
from tests.legacy.generator import OldClinic, Size
from tests.legacy.importing import import_mongo
from tests.legacy.loading import Rows, expected, snapshot
from tests.legacy.test_kill import ROOT, environment

if TYPE_CHECKING:
    from medichat.db.roles import Names

pytestmark = pytest.mark.django_db(transaction=True)

SIZE = Size(users=60, conversations=40, logs=40)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dump that nothing is wrong with."""
    return OldClinic(SIZE).write_dump(tmp_path_factory.mktemp("clinic"))


@pytest.fixture(scope="module")
def wanted() -> Rows:
    """What it becomes."""
    return expected(OldClinic(SIZE).as_dict())


@pytest.fixture
def dump(whole: Path, tmp_path: Path) -> Path:
    """A copy to break."""
    return Path(shutil.copytree(whole, tmp_path / "dump"))


def cut(dump: Path) -> None:
    path = dump / "conversations.bson"
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])


def scramble(dump: Path) -> None:
    path = dump / "conversations.bson"
    raw = bytearray(path.read_bytes())
    middle = len(raw) // 2
    raw[middle : middle + 4000] = b"\xff" * 4000
    path.write_bytes(raw)


def cut_compressed(dump: Path) -> None:
    path = dump / "conversations.bson"
    packed = gzip.compress(path.read_bytes())
    path.with_name("conversations.bson.gz").write_bytes(packed[: len(packed) * 2 // 3])
    path.unlink()


def mend(dump: Path, whole: Path) -> None:
    shutil.rmtree(dump)
    shutil.copytree(whole, dump)


@pytest.mark.parametrize("break_it", [cut, scramble, cut_compressed])
def test_a_damaged_dump_ends_with_status_2_and_a_whole_one_is_taken_over_afterwards(
    dump: Path, whole: Path, wanted: Rows, break_it: Callable[[Path], None]
) -> None:
    break_it(dump)

    outcome = import_mongo("--dump", dump, "--batch", 5)

    assert outcome.code == 2
    assert "conversations.bson" in outcome.console
    assert "Traceback" not in outcome.console
    with system():
        run = ImportRun.objects.get()
        assert run.status == "failed"
        assert "conversations.bson" in run.failure
        assert run.is_ok is None
    mend(dump, whole)
    assert import_mongo("--dump", dump, "--batch", 5).code == 0
    assert snapshot() == wanted


def test_a_missing_collection_is_named_and_nothing_begins(dump: Path) -> None:
    (dump / "conversations.bson").unlink()
    outcome = import_mongo("--dump", dump)
    assert outcome.code == 2
    assert "no collection conversations" in outcome.console
    with system():
        assert not ImportRun.objects.exists()


def test_a_folder_that_is_none_and_a_wrong_call_end_with_status_2(tmp_path: Path, whole: Path) -> None:
    assert import_mongo("--dump", tmp_path / "nowhere").code == 2
    assert import_mongo("--dump", whole, "--batch", 0).code == 2
    assert import_mongo("--dump", whole, report=tmp_path / "nowhere" / "report.json").code == 2
    with system():
        assert not ImportRun.objects.exists(), "said before anything is loaded"


def test_a_server_that_does_not_answer_ends_with_status_2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "ServerSource", lambda uri, database: ServerSource(uri, database, timeout_seconds=0.2))
    outcome = import_mongo("--uri", "mongodb://somebody:secret@127.0.0.1:9/clinic")
    assert outcome.code == 2
    assert "cannot be reached" in outcome.console
    assert "secret" not in outcome.console


def test_a_database_that_was_not_migrated_ends_with_status_2_and_the_remedy(
    dump: Path, test_run: database.TestRun, clone_names: "Names"
) -> None:
    with psycopg.connect(test_run.owner_url(clone_names), autocommit=True) as owner:
        owner.execute("ALTER TABLE import_documents RENAME TO of_a_later_version")
        try:
            outcomes = [import_mongo("--dump", dump, *more) for more in ((), ("--dry-run",))]
        finally:
            owner.execute("ALTER TABLE of_a_later_version RENAME TO import_documents")
    for outcome in outcomes:
        assert outcome.code == 2
        assert "manage.py migrate" in outcome.console


def test_an_unknown_collection_is_reported(dump: Path, tmp_path: Path) -> None:
    (dump / "pets.bson").write_bytes(b"")
    outcome = import_mongo("--dump", dump, report=tmp_path / "report.json")
    assert outcome.code == 0
    assert outcome.report["unknown_collections"] == ["pets"]


def test_a_full_disk_of_the_database_ends_with_status_2_and_it_goes_on_later(
    dump: Path, wanted: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert, calls = Writer.insert, iter(range(1000))

    def full(self: Writer, table: Any, records: Any) -> int:
        if next(calls) == 60:
            raise errors.DiskFull("could not extend file: a name that must not be shown")
        return insert(self, table, records)

    with monkeypatch.context() as patch:
        patch.setattr(Writer, "insert", full)
        outcome = import_mongo("--dump", dump, "--batch", 5)
    assert outcome.code == 2
    assert "disk of the database server is full" in outcome.console
    assert "must not be shown" not in outcome.console
    with system():
        run = ImportRun.objects.get()
        assert run.status == "failed"

    assert import_mongo("--dump", dump, "--batch", 5).code == 0

    assert snapshot() == wanted
    with system():
        assert ImportRun.objects.get().status == "finished", "the same run went on"


def test_a_full_disk_here_ends_with_status_2(dump: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Sorter, record: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Sorter, "add", full)
    outcome = import_mongo("--dump", dump)
    assert outcome.code == 2
    assert "No space left" in outcome.console


def test_a_lost_database_ends_with_status_2_and_it_goes_on_later(
    dump: Path,
    wanted: Rows,
    test_run: database.TestRun,
    clone_names: "Names",
    superuser_connection: psycopg.Connection,
) -> None:
    command = [sys.executable, "manage.py", "import_mongo", "--dump", str(dump), "--batch", "2", "--processes", "1"]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment(test_run, clone_names),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    while process.poll() is None and not _batches():
        time.sleep(0.02)
    superuser_connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE starts_with(application_name, 'medichat') "
        "AND datname = %s AND pid <> pg_backend_pid()",
        [clone_names.database],
    )
    output, _ = process.communicate()
    assert process.returncode == 2, output.decode()
    assert b"Start the import again" in output
    assert b"Traceback" not in output

    connection.close()
    assert import_mongo("--dump", dump, "--batch", 5).code == 0
    assert snapshot() == wanted


def _batches() -> int:
    with system(), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM import_batches")
        return int(cursor.fetchone()[0])


def test_what_the_database_refuses_is_set_aside_and_the_rest_comes_over(
    dump: Path, wanted: Rows, tmp_path: Path, owner_connection: psycopg.Connection
) -> None:
    """A rule that nobody thought of: no third message."""
    owner_connection.execute("ALTER TABLE messages ADD CONSTRAINT no_third_message CHECK (position <> 2)")
    owner_connection.commit()
    thirds = {key for key, row in wanted["messages"].items() if row["position"] == 2}

    outcome = import_mongo("--dump", dump, "--batch", 20, report=tmp_path / "report.json")

    found = snapshot()
    assert outcome.code == 0, outcome.console
    assert found["messages"] == {key: row for key, row in wanted["messages"].items() if key not in thirds}
    assert found["users"] == wanted["users"]
    figures = outcome.report["entities"]["messages"]
    assert figures["source"] == figures["loaded"] + figures["set_aside"]
    assert figures["loaded"] == figures["verified"] == len(found["messages"])
    with system():
        items = ImportItem.objects.filter(rule="refused_by_database", entity="messages")
        assert items.count() == len(thirds) > 0
        assert all("no_third_message" in item.reason and item.raw for item in items)
