"""Directories and servers of their own for the tests of the ground everything stands on."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from medichat.db.cluster import Cluster


@pytest.fixture
def open_path() -> Iterator[Path]:
    """A short temporary directory that PostgreSQL's account may pass through when root runs the tests."""
    path = Path(tempfile.mkdtemp(prefix="mc-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def cluster(open_path: Path) -> Iterator[Cluster]:
    """A cluster of its own under a path with a space, a quote and a dollar sign; not started."""
    directory = open_path / "Dr. O'Hara's $clinic"
    cluster = Cluster(directory, directory / "socket", "a pass/word %41", throw_away=True)
    yield cluster
    cluster.stop()


def answer(url: str, question: str) -> object:
    """The first value that a server answers."""
    with psycopg.connect(url, connect_timeout=5) as connection:
        row = connection.execute(question).fetchone()
    return None if row is None else row[0]
