"""What all tests share. Tests run as the application role, under forced row-level security, on a throw-away server.

``django_db`` tests roll back. ``django_db(transaction=True)`` tests cannot: their database is thrown away afterwards
and cloned again from the migrated template.
"""

import atexit
import gc
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import django
import psycopg
import pytest
from django.conf import settings
from pytest_django import DjangoDbBlocker

from tests import database

if TYPE_CHECKING:
    from medichat.db.roles import Names

_began: database.TestRun | None = None
if database.RUN not in os.environ:
    if "DJANGO_SETTINGS_MODULE" in os.environ:
        raise pytest.UsageError("Unset DJANGO_SETTINGS_MODULE: the tests bring their own settings and database.")
    _began = database.begin()
    atexit.register(_began.end)  # also when pytest gives up before its first hook


def pytest_configure(config: pytest.Config) -> None:
    """Set Django up; end the run's server even when pytest is told to end; give a worker files of its own."""
    django.setup()
    config.pluginmanager.import_plugin("tests.cast")  # it needs the models
    config.pluginmanager.import_plugin("tests.authenticator")
    from tests.hashing import OF_THE_TESTS

    OF_THE_TESTS.pay()
    if _began is not None:
        signal.signal(signal.SIGTERM, _terminate)
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker:
        settings.DATA_DIR = Path(settings.DATA_DIR) / worker
        settings.FILES_DIR = settings.DATA_DIR / "files"
        settings.AUDIT_SEALS_FILE = settings.DATA_DIR / "seals.jsonl"
        settings.AUDIT_ARCHIVE_DIR = settings.DATA_DIR / "log-archive"


def pytest_collection_finish() -> None:
    """Leave what lives as long as the run out of the search for garbage, and search for it more rarely.

    Django's models and the collected tests are hundreds of thousands of objects: looking through them again and again
    took a fifth of the processor time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the run's server and files."""
    if _began is not None:
        _began.end()


def _terminate(_number: int, _frame: FrameType | None) -> None:
    sys.exit("Terminated.")


@pytest.fixture(scope="session")
def test_run() -> database.TestRun:
    """The throw-away server of this run."""
    return database.joined()


@pytest.fixture(scope="session")
def clone_names(test_run: database.TestRun) -> "Names":
    """The names of this worker's own database and of the two roles."""
    return test_run.names(os.environ.get("PYTEST_XDIST_WORKER", "main"))


@pytest.fixture(scope="session")
def django_db_setup(
    test_run: database.TestRun, clone_names: "Names", django_test_environment: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """Give this worker its clone of the migrated template (instead of what pytest-django would make)."""
    from django.core.management import call_command
    from django.db import connections
    from django.test import TransactionTestCase

    def migrate(_template: "Names") -> None:
        call_command("migrate", verbosity=0, skip_checks=True)
        connections["owner"].close()

    def renew(_test: TransactionTestCase | None = None) -> None:
        disconnect()
        test_run.clone(clone_names)
        (Path(settings.DATA_DIR) / "seals.jsonl").unlink(missing_ok=True)  # the seals of the database that is gone

    with django_db_blocker.unblock():
        test_run.ensure_template(migrate)
        for alias in ("default", "owner"):
            connections[alias].settings_dict["NAME"] = clone_names.database
        renew()
    with pytest.MonkeyPatch.context() as patch:
        # Django would empty the tables with TRUNCATE, which the application role may not do.
        patch.setattr(TransactionTestCase, "_fixture_teardown", renew)
        yield
    with django_db_blocker.unblock():
        disconnect()


def disconnect() -> None:
    """Close this thread's connections and the pools."""
    from django.db import connections
    from django.db.backends.postgresql.base import DatabaseWrapper

    for connection in connections.all(initialized_only=True):
        assert isinstance(connection, DatabaseWrapper)
        connection.close()
        connection.close_pool()


@pytest.fixture
def owner_connection(
    django_db_setup: None, test_run: database.TestRun, clone_names: "Names"
) -> Iterator[psycopg.Connection]:
    """A plain connection as the owner. Rolled back; a test that commits must be ``django_db(transaction=True)``."""
    yield from _plain(test_run.owner_url(clone_names))


@pytest.fixture
def application_connection(
    django_db_setup: None, test_run: database.TestRun, clone_names: "Names"
) -> Iterator[psycopg.Connection]:
    """A plain connection as the application role. Rolled back, like ``owner_connection``."""
    yield from _plain(test_run.application_url(clone_names))


@pytest.fixture
def superuser_connection(
    django_db_setup: None, test_run: database.TestRun, clone_names: "Names"
) -> Iterator[psycopg.Connection]:
    """A plain connection as superuser, to whom no policy applies. Rolled back, like ``owner_connection``.

    Skips on a server where the tests have no superuser.
    """
    from medichat.db.roles import url_for

    connections = _plain(url_for(test_run.admin_url, clone_names.database))
    connection = next(connections)
    row = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
    connection.rollback()
    if not (row and row[0]):
        connection.close()
        pytest.skip("DATABASE_TEST_ADMIN_URL is no superuser's")
    yield connection
    connection.close()


def _plain(url: str) -> Iterator[psycopg.Connection]:
    connection = psycopg.connect(url)
    yield connection
    connection.close()  # without a commit: rolls back
