"""Shapes of a source that nobody expects: documents that stand twice, bytes that are no text, very large documents."""

import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bson
import psutil
import pytest
from bson import Binary, ObjectId, json_util

from medichat.legacy.document import Document
from medichat.legacy.models import ImportItem
from tests import database
from tests.cast import system
from tests.legacy.clinics import WHEN, clinic, write_dump
from tests.legacy.importing import import_mongo, rows
from tests.legacy.test_kill import ROOT, environment

if TYPE_CHECKING:
    from medichat.db.roles import Names

pytestmark = pytest.mark.django_db(transaction=True)

MOST_MEGABYTES = 500


def documents() -> dict[str, list[dict[str, Any]]]:
    """A clinic of one patient and one doctor, to be spoilt."""
    return {name: [dict(Document(raw).values) for raw in raws] for name, raws in clinic().items()}


def imported(found: dict[str, list[dict[str, Any]]], folder: Path, *, batch: int) -> Any:
    raws = {name: [bson.encode(one) for one in ones] for name, ones in found.items()}
    return import_mongo("--dump", write_dump(folder / "dump", raws), "--batch", batch, report=folder / "report.json")


@pytest.mark.parametrize("batch", [1, 100])
def test_another_document_with_the_same_identity_is_set_aside_with_everything_it_says(
    tmp_path: Path, batch: int
) -> None:
    found = documents()
    found["users"].append(found["users"][0] | {"firstName": "Somebody else"})

    outcome = imported(found, tmp_path, batch=batch)

    assert rows("SELECT first_name FROM users WHERE role = 'patient'") == [("Pat",)]
    figures = outcome.report["entities"]["users"]
    assert (figures["source"], figures["loaded"], figures["set_aside"]) == (3, 2, 1)
    with system():
        item = ImportItem.objects.get(rule="document_twice")
        assert item.raw is not None
        assert "Somebody else" in item.raw


def test_bytes_that_are_no_text_are_kept_as_they_are(tmp_path: Path) -> None:
    found = clinic()
    found["users"][0] = found["users"][0].replace("Żuk".encode(), b"\xff\xfeuk")[:]
    path = write_dump(tmp_path / "dump", found)

    outcome = import_mongo("--dump", path)

    assert outcome.code == 0
    ((name,),) = rows("SELECT last_name FROM users WHERE role = 'patient'")
    assert "\ufffd" in name
    with system():
        item = ImportItem.objects.get(rule="unreadable_characters")
        assert item.raw is not None
        assert json_util.loads(item.raw) == Binary(b"\xff\xfeuk") or json_util.loads(item.raw) == b"\xff\xfeuk"


def test_memory_stays_within_bounds_with_documents_of_16_megabytes(
    tmp_path: Path, test_run: database.TestRun, clone_names: "Names"
) -> None:
    found = documents()
    large = found["conversations"][0]
    large["messages"] = [
        {"_id": ObjectId(), "role": "user", "content": f"{number} " + "word " * 2000, "timestamp": WHEN}
        for number in range(1500)
    ]
    found["conversations"] += [large | {"_id": ObjectId(), "visitNumber": number} for number in range(2, 5)]
    raws = {name: [bson.encode(one) for one in ones] for name, ones in found.items()}
    assert max(map(len, raws["conversations"])) > 15_000_000
    path = write_dump(tmp_path / "dump", raws)
    command = [sys.executable, "manage.py", "import_mongo", "--dump", str(path), "--processes", "2"]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment(test_run, clone_names),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    peak = 0
    while process.poll() is None:
        peak = max(peak, memory_of(process.pid))
        time.sleep(0.02)
    output, _ = process.communicate()
    assert process.returncode == 0, output.decode()
    assert rows("SELECT count(*) FROM messages") == [(6000,)]
    assert peak < MOST_MEGABYTES * 1024 * 1024, f"{peak // 1024 // 1024} MB"


def memory_of(pid: int) -> int:
    """What the process and its workers hold, in bytes, without what they share."""
    try:
        family = [psutil.Process(pid), *psutil.Process(pid).children()]
        return sum(one.memory_full_info().uss for one in family)
    except psutil.NoSuchProcess:
        return 0
