"""A database that a whole test module shares: loading it is what takes time."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pytest_django import DjangoDbBlocker

from tests import database
from tests.conftest import disconnect

if TYPE_CHECKING:
    from medichat.db.roles import Names
    from tests.legacy.importing import Loaded


@pytest.fixture(scope="module")
def loaded_database(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, test_run: database.TestRun, clone_names: "Names"
) -> Iterator[Callable[[Path], "Loaded"]]:
    """Loads a dump with the real command; at the module's end the database is as new."""
    from tests.legacy.importing import load

    with django_db_blocker.unblock():
        yield lambda folder: load(folder, test_run, clone_names)
        disconnect()
        test_run.clone(clone_names)
