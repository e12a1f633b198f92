"""The embedded server of a data directory: one place, kept passwords, stopped by its last user."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured

from medichat.db.cluster import LONGEST_SOCKET_DIRECTORY
from medichat.db.embedded import Embedded, connection_urls
from tests.platform.conftest import answer


def test_the_urls_are_the_same_every_time_and_start_nothing(open_path: Path) -> None:
    data_dir = open_path / "var"
    assert connection_urls(data_dir) == connection_urls(data_dir)
    assert sorted(path.name for path in data_dir.iterdir()) == ["secrets"]


def test_both_roles_can_sign_in_while_it_runs_and_nobody_afterwards(open_path: Path) -> None:
    urls = connection_urls(open_path)
    with Embedded(open_path) as embedded:
        assert embedded.is_running()
        assert answer(urls.application, "SELECT current_user") == "medichat_application"
        assert answer(urls.owner, "SELECT current_user") == "medichat_owner"
    assert not embedded.is_running()
    with pytest.raises(psycopg.OperationalError):
        answer(urls.application, "SELECT 1")


def test_the_last_user_stops_it_whoever_started_it(open_path: Path) -> None:
    first, second = Embedded(open_path), Embedded(open_path)
    first.start()
    second.start()
    first.stop()
    assert second.is_running()
    second.stop()
    assert not second.is_running()


def test_another_process_that_leaves_does_not_stop_it_under_this_one(open_path: Path) -> None:
    visit = (
        "import sys; from pathlib import Path; from medichat.db.embedded import Embedded\n"
        "with Embedded(Path(sys.argv[1])): pass"
    )
    with Embedded(open_path) as embedded:
        subprocess.run([sys.executable, "-c", visit, str(open_path)], check=True, timeout=30)
        assert embedded.is_running()


def test_processes_that_start_it_at_once_share_one_server(open_path: Path) -> None:
    ask = (
        "import sys; from pathlib import Path; from medichat.db.embedded import *; import psycopg\n"
        "with Embedded(Path(sys.argv[1])):\n"
        "    with psycopg.connect(connection_urls(Path(sys.argv[1])).owner) as c:\n"
        "        print(c.execute('select current_user').fetchone()[0]); sys.stdout.flush()"
    )
    together = [
        subprocess.Popen([sys.executable, "-c", ask, str(open_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert [process.communicate(timeout=60)[0].strip() for process in together] == ["medichat_owner"] * 4
    assert not Embedded(open_path).is_running()


def test_a_long_path_gets_a_short_socket_directory(open_path: Path) -> None:
    data_dir = open_path / ("a" * 100)
    with Embedded(data_dir) as embedded:
        socket_directory = embedded.cluster.socket_directory
        assert len(os.fsencode(socket_directory)) <= LONGEST_SOCKET_DIRECTORY
        assert answer(connection_urls(data_dir).application, "SELECT 1") == 1
    socket_directory.rmdir()


@pytest.mark.skipif(os.geteuid() != 0, reason="is about root's PostgreSQL running as another account")
def test_root_in_a_closed_directory_gets_the_cluster_elsewhere(open_path: Path) -> None:
    open_path.chmod(0o700)
    embedded = Embedded(open_path / "var")
    assert embedded.elsewhere is not None
    try:
        with embedded:
            assert answer(connection_urls(open_path / "var").application, "SELECT 1") == 1
    finally:
        shutil.rmtree(embedded.elsewhere)


def test_a_data_directory_that_cannot_be_made_is_said_clearly(open_path: Path) -> None:
    (open_path / "file").touch()
    with pytest.raises(ImproperlyConfigured, match="MEDICHAT_DATA_DIR"):
        connection_urls(open_path / "file" / "var")
