"""Killed at any moment and started again, the import ends with the same database; two at a time are refused."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import psycopg
import pytest
from django.db import connection

from medichat.legacy.models import ImportRun
from medichat.legacy.worker import LOCK
from tests import database
from tests.cast import system
from tests.legacy.generator import OldClinic, Size
from tests.legacy.loading import around, expected, load_dump, snapshot

if TYPE_CHECKING:
    from medichat.db.roles import Names

pytestmark = pytest.mark.django_db(transaction=True)

KILLS = 20
SIZE = Size(users=120, conversations=110, logs=100)
ROOT = Path(__file__).parent.parent.parent
Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    """A clinic that takes some seconds in batches of three."""
    return OldClinic(SIZE).write_dump(tmp_path / "clinic")


def environment(test_run: database.TestRun, clone_names: "Names") -> dict[str, str]:
    """For a command in a process of its own, on this test's database."""
    return {
        **os.environ,
        "DATABASE_URL": test_run.application_url(clone_names),
        "DATABASE_OWNER_URL": test_run.owner_url(clone_names),
    }


@pytest.fixture
def start(test_run: database.TestRun, clone_names: "Names", dump: Path) -> Start:
    """Start the real command in a process of its own, on this test's database."""

    def started(*arguments: str) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "manage.py", "import_mongo", "--dump", str(dump), "--batch", "3", *arguments]
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment(test_run, clone_names),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # Started in the background of a script, the tests themselves do not hear Ctrl-C, and hand that on.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    return started


def batches() -> int:
    """How many batches are committed."""
    with system(), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM import_batches")
        return int(cursor.fetchone()[0])


def wait_for_progress(process: "subprocess.Popen[bytes]", beyond: int) -> bool:
    """Until more batches are committed; False when the process ended before."""
    while process.poll() is None:
        if batches() > beyond:
            return True
        time.sleep(0.02)
    return False


def test_killed_at_twenty_moments_it_ends_with_the_same_database(start: Start) -> None:
    chance = random.Random(20)  # noqa: S311 -- which moments is no secret
    killed = workers_killed = 0
    for number in range(KILLS):
        process = start("--processes", str(number % 3))
        beyond = batches()
        if number % 4 == 3:
            time.sleep(chance.uniform(0, 1.5))  # also before the first batch: while it starts, looks over or resumes
        elif not wait_for_progress(process, beyond + chance.randrange(3)):
            break
        time.sleep(chance.uniform(0, 0.1))
        children = psutil.Process(process.pid).children() if process.poll() is None else []
        if number % 3 == 2 and children:
            chance.choice(children).kill()  # a worker: the parent starts another, and goes on
            workers_killed += 1
            wait_for_progress(process, batches())
        if process.poll() is None:
            killed += 1
        process.kill()
        process.communicate()
    assert killed >= KILLS * 3 // 4
    assert workers_killed >= 3

    process = start("--processes", "2")
    output, _ = process.communicate()

    assert process.returncode == 0, output.decode()
    assert snapshot() == expected(OldClinic(SIZE).as_dict())
    with system():
        run = ImportRun.objects.get()
        assert run.is_ok is True
        figures = run.report["entities"]
    assert all(figure["inserted"] == figure["loaded"] for figure in figures.values()), figures
    assert {name: figure["source"] for name, figure in figures.items()} == {
        name: figure["verified"] + figure["merged"] + figure["set_aside"] for name, figure in figures.items()
    }


def test_what_lies_around_the_rows_is_the_same_as_without_a_kill(
    start: Start, dump: Path, test_run: database.TestRun, clone_names: "Names"
) -> None:
    process = start("--processes", "0")
    assert wait_for_progress(process, 20)
    process.kill()
    process.communicate()
    load_dump(dump)
    interrupted = around()

    connection.close()
    test_run.clone(clone_names)
    load_dump(dump)

    assert around() == interrupted


def test_two_at_a_time_are_refused(start: Start, owner_connection: psycopg.Connection) -> None:
    owner_connection.execute("SELECT pg_advisory_lock(%s)", [LOCK])
    process = start()
    output, _ = process.communicate()
    assert process.returncode == 2
    assert b"Another import is running" in output
    assert batches() == 0


def test_ctrl_c_ends_it_with_a_sentence_and_it_goes_on_later(start: Start, dump: Path) -> None:
    process = start("--processes", "1", "--batch", "1")
    assert wait_for_progress(process, 3)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate()
    assert process.returncode == 2
    assert b"it goes on" in output
    assert b"Traceback" not in output

    load_dump(dump)

    assert snapshot() == expected(OldClinic(SIZE).as_dict())
    with system():
        assert ImportRun.objects.count() == 1
