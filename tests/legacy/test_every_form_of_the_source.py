"""The same clinic from a dump, packed or not, from exports of three kinds and from its server: the same database.

With ``MEDICHAT_LEGACY_DUMP`` (a folder with a dump in ``medichat``) the same is asked of that clinic.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from medichat.legacy.read import COLLECTIONS, FolderSource
from tests import database
from tests.conftest import disconnect
from tests.legacy.clinics import Clinic, write_dump, write_export
from tests.legacy.generator import OldClinic, Size
from tests.legacy.importing import import_mongo
from tests.legacy.loading import around, snapshot
from tests.legacy.mongo_server import serving

if TYPE_CHECKING:
    from medichat.db.roles import Names

pytestmark = pytest.mark.django_db(transaction=True)
SHARED = Path(os.environ.get("MEDICHAT_LEGACY_DUMP", ""))
SMALL = Size(users=40, conversations=30, logs=40)
DERIVED = ("relations", "words", "search")
Snapshot = dict[str, object]


def left_behind() -> Snapshot:
    """The imported rows in the clear, and what follows from them."""
    found = around()
    return {**snapshot(), **{name: found[name] for name in DERIVED}}


def of_folder(folder: Path) -> Snapshot:
    outcome = import_mongo("--dump", folder)
    assert outcome.code == 0, outcome.console
    return left_behind()


def from_server(folder: Path, source: Clinic) -> Snapshot:
    with serving(source) as server, pytest.MonkeyPatch.context() as environment:
        environment.setenv("MONGODB_URI", server.uri)  # where nobody sees its password; --uri says the same
        outcome = import_mongo()
    assert outcome.code == 0, outcome.console
    return left_behind()


FORMS: dict[str, Callable[[Path, Clinic], Snapshot]] = {
    "gzip": lambda folder, source: of_folder(write_dump(folder, source, compressed=True)),
    "relaxed": lambda folder, source: of_folder(write_export(folder, source)),
    "canonical": lambda folder, source: of_folder(write_export(folder, source, canonical=True)),
    "list": lambda folder, source: of_folder(write_export(folder, source, as_list=True)),
    "server": from_server,
}


def clinic_of(folder: Path) -> Clinic:
    """The documents of a dump."""
    with FolderSource(folder) as source:
        return {name: [document.raw for document in source.documents(name)] for name in COLLECTIONS}


def assert_same(folder: Path, test_run: database.TestRun, names: "Names", form: str, elsewhere: Path) -> None:
    expected = of_folder(folder)
    disconnect()
    test_run.clone(names)  # a database as on the first day
    found = FORMS[form](elsewhere, clinic_of(folder))
    for name, rows in expected.items():
        assert rows == found[name], name
    assert all(expected[table] for table in ("users", "conversations", "messages", "activity_logs", "words"))


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_database(
    tmp_path: Path, test_run: database.TestRun, clone_names: "Names", form: str
) -> None:
    folder = OldClinic(SMALL).write_dump(tmp_path / "bson")
    assert_same(folder, test_run, clone_names, form, tmp_path / "other")


@pytest.mark.skipif(not SHARED.name, reason="MEDICHAT_LEGACY_DUMP names no dump of a clinic")
@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_that_clinic_gives_the_same_database(
    tmp_path: Path, test_run: database.TestRun, clone_names: "Names", form: str
) -> None:
    assert_same(SHARED / "medichat", test_run, clone_names, form, tmp_path)
