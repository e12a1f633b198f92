"""``manage.py serve``: one process that starts everything and leaves nothing behind."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from django.conf import settings

from medichat.db.roles import Names
from tests.database import TestRun


@contextmanager
def serving(data_dir: Path, **variables: str) -> Iterator["subprocess.Popen[str]"]:
    """The command in a session of its own, like a terminal's; killed if a test leaves it running."""
    environment = {**os.environ, "MEDICHAT_DATA_DIR": str(data_dir), "WEB_CONCURRENCY": "1", "PORT": "0", **variables}
    process = subprocess.Popen(
        [sys.executable, str(settings.BASE_DIR / "manage.py"), "serve"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        for left in family(process):
            left.kill()
        process.communicate()


def family(process: "subprocess.Popen[str]") -> list[psutil.Process]:
    """The process and everything it started that still runs."""
    try:
        parent = psutil.Process(process.pid)
        return [each for each in (parent, *parent.children(recursive=True)) if each.status() != psutil.STATUS_ZOMBIE]
    except psutil.NoSuchProcess:
        return []


def address(process: "subprocess.Popen[str]") -> str:
    """The address that it announces, once it serves."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        if found:
            return found[0]
    raise AssertionError(f"It ended without an address:\n{said}")


@pytest.fixture
def own_server(django_db_setup: None, test_run: TestRun, clone_names: Names) -> dict[str, str]:
    """This worker's database as a server of the operator's own."""
    return {
        "DATABASE_URL": test_run.application_url(clone_names),
        "DATABASE_OWNER_URL": test_run.owner_url(clone_names),
    }


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_serves_until_a_signal_and_leaves_nothing_running(
    tmp_path: Path, own_server: dict[str, str], sign: signal.Signals
) -> None:
    with serving(tmp_path, **own_server) as process:
        url = address(process)
        with urllib.request.urlopen(f"{url}/ready", timeout=10) as answer:  # noqa: S310 - the address that it announced
            assert answer.status == 200
        started = family(process)
        assert len(started) >= 3  # itself, gunicorn, its worker
        process.send_signal(sign)
        said, _ = process.communicate(timeout=30)
        assert process.returncode == 0, said
        assert "Nothing is left running" in said
        assert [each for each in started if each.is_running() and each.status() != psutil.STATUS_ZOMBIE] == []


def test_ctrl_c_twice_is_no_harm(tmp_path: Path, own_server: dict[str, str]) -> None:
    with serving(tmp_path, **own_server) as process:
        address(process)
        started = family(process)
        process.send_signal(signal.SIGINT)
        time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=30)
        assert process.returncode == 0, said
        assert [each for each in started if each.is_running() and each.status() != psutil.STATUS_ZOMBIE] == []


def test_gunicorn_does_not_outlive_a_killed_parent(tmp_path: Path, own_server: dict[str, str]) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux tells a child that its parent was killed")
    with serving(tmp_path, **own_server) as process:
        address(process)
        started = family(process)
        process.kill()
        _, alive = psutil.wait_procs(started, timeout=20)
        assert alive == []


def test_a_server_of_the_operators_own_gets_no_demo(tmp_path: Path, own_server: dict[str, str]) -> None:
    with serving(tmp_path, **own_server) as process:
        address(process)
        web = next(each for each in family(process) if "gunicorn" in each.cmdline())
        assert not web.environ().get("MEDICHAT_DEMO")


def test_a_taken_port_is_said_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with serving(tmp_path, PORT=str(port)) as process:
            said, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{port}" in said
    assert f"PORT={port + 1} make run" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("port", ["http", "-1", "70000"])
def test_a_port_that_is_none_is_said(tmp_path: Path, port: str) -> None:
    with serving(tmp_path, PORT=port) as process:
        said, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "PORT must be a number" in said


def test_it_does_not_serve_as_the_owner(tmp_path: Path, own_server: dict[str, str]) -> None:
    with serving(tmp_path, DATABASE_URL=own_server["DATABASE_OWNER_URL"], DATABASE_OWNER_URL="") as process:
        said, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "does not serve pages as the database role" in said
    assert "Traceback" not in said


def test_the_periodic_work_runs_with_the_server(tmp_path: Path, own_server: dict[str, str]) -> None:
    report = tmp_path / "periodic.log"
    with serving(tmp_path, **own_server) as process:
        address(process)
        deadline = time.monotonic() + 60
        while not (report.exists() and "expire prescriptions" in report.read_text()):
            assert time.monotonic() < deadline, "no periodic work within a minute"
            time.sleep(0.1)
