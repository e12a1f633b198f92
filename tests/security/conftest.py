"""The seeded rows, committed, so that connections beside Django's see them.

Models are imported late: pytest reads this file before Django is set up.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from pytest_django import DjangoDbBlocker

from tests import database
from tests.conftest import disconnect

if TYPE_CHECKING:
    from medichat.db.roles import Names
    from tests.security.seed import Seed


@pytest.fixture(scope="module")
def seed(
    django_db_setup: None, test_run: database.TestRun, clone_names: "Names", django_db_blocker: DjangoDbBlocker
) -> Iterator["Seed"]:
    """Everything ``sow`` makes, once for all tests of a module; afterwards the database is as new."""
    from tests.security.seed import sow

    with django_db_blocker.unblock():
        yield sow()
        disconnect()
        test_run.clone(clone_names)
