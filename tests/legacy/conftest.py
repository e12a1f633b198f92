"""What imports in tests share: a database for a whole module, and no months of the log for entries of long ago."""

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


@pytest.fixture(scope="module", autouse=True)
def no_old_months() -> Iterator[None]:
    """Imported entries are older than entries are kept, and so go to the log's default partition.

    Making the months of five years takes longer than everything else that a small import does;
    ``test_load`` sets the clinic's own time again and looks at the months.
    """
    from django.conf import settings

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "AUDIT_RETENTION_DAYS", 1)
        patch.setenv("AUDIT_RETENTION_DAYS", "1")  # for commands and workers in processes of their own
        yield


@pytest.fixture(scope="module")
def loaded_database(
    no_old_months: None,
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    test_run: database.TestRun,
    clone_names: "Names",
) -> Iterator[Callable[[Path], "Loaded"]]:
    """Loads a dump with the real command; at the module's end the database is as new."""
    from tests.legacy.importing import load

    with django_db_blocker.unblock():
        yield lambda folder: load(folder, test_run, clone_names)
        disconnect()
        test_run.clone(clone_names)
