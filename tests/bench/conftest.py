"""The bench has a server of its own with a large clinic; every fixture here lasts for the whole run."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from pytest_django import DjangoDbBlocker

from tests import database
from tests.bench.clinic import Size
from tests.bench.load import Server, running
from tests.conftest import disconnect

if TYPE_CHECKING:
    from tests.bench.pages import Application  # at run time it needs the models, which are not loaded yet


@pytest.fixture(scope="session")
def django_db_setup(
    test_run: database.TestRun, django_test_environment: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[Server]:
    """The large clinic instead of the empty one; the database stays reachable, for nothing here is rolled back."""
    from django.core.management import call_command
    from django.db import connections

    from medichat.db.urls import database_from_url

    def migrate(server: Server) -> None:
        point_at(server)
        call_command("migrate", verbosity=0, skip_checks=True)
        connections["owner"].close()

    def point_at(server: Server) -> None:
        os.environ["DATABASE_URL"], os.environ["DATABASE_OWNER_URL"] = server.application_url, server.owner_url
        for alias, url in (("default", server.application_url), ("owner", server.owner_url)):
            parts = database_from_url(url, pool_size=0)
            for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT"):
                settings.DATABASES[alias][name] = connections[alias].settings_dict[name] = parts[name]

    keep = os.environ.get("BENCH_KEEP", "").strip()
    directory = Path(keep) if keep else Path(test_run.directory) / "bench"
    with django_db_blocker.unblock(), running(directory, Size.wanted().patients, migrate) as server:
        point_at(server)
        yield server
        disconnect()


@pytest.fixture(scope="session")
def clinic(django_db_setup: Server) -> Server:
    """The server with the large clinic in it."""
    return django_db_setup


@pytest.fixture(scope="session")
def application(clinic: Server) -> "Application":
    """The WSGI application that any web server would be given; it looks at the database before it opens."""
    from medichat.wsgi import application

    return application
