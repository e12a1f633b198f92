"""The verification finds whatever is different, and names it: each change here is made behind the program's back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import DjangoDbBlocker

from tests import database
from tests.conftest import disconnect
from tests.legacy.generator import OldClinic, Size
from tests.legacy.importing import Outcome, import_mongo

TINY = Size(users=40, conversations=30, logs=40)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return OldClinic(TINY).write_dump(tmp_path_factory.mktemp("dump"))


@pytest.fixture(scope="module")
def loaded(
    folder: Path,
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    test_run: database.TestRun,
    clone_names: "database.Names",
) -> Iterator[Outcome]:
    with django_db_blocker.unblock():
        yield import_mongo("--dump", folder, report=folder / "report.json")
        disconnect()
        test_run.clone(clone_names)


def test_a_fresh_import_agrees(loaded: Outcome) -> None:
    assert loaded.code == 0, loaded.console
    verification = loaded.report["verification"]
    assert verification["mismatched"] == 0
    assert verification["differences"] == []
