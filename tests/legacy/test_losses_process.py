"""Identity and process: each way in which the old migration script failed as a whole."""

import re
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from medichat.legacy.parse.identity import row_id
from medichat.legacy.read import FolderSource
from tests.legacy.importing import Loaded, import_mongo, of_document, rows, stored
from tests.legacy.losses import conversation, entry, loaded, message, oid, user, without, write

SECRET_NAME, SECRET_TEXT = "Zebulon", "my very own words"


def documents() -> dict[str, list[dict[str, object]]]:
    return {
        "users": [user(1, firstName=SECRET_NAME, favourite={"colour": SECRET_TEXT}), without(user(2), "createdAt")],
        "conversations": [
            conversation(10, oid(1), messages=[message(1, content=SECRET_TEXT), message(2)]),
            without(conversation(11, oid(2)), "createdAt", "updatedAt"),
            conversation(12, oid(999), messages=[message(3), message(4), message(5)]),
        ],
        "activity_logs": [entry(20)],
    }


@pytest.fixture(scope="module", autouse=True)
def clinic(loaded_database: Callable[[Path], Loaded], tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return loaded(loaded_database, tmp_path_factory.mktemp("process"), documents())


def test_ids_of_documents_and_elements_are_kept_and_two_runs_agree() -> None:
    (first, second) = of_document("messages", str(oid(10)))
    assert [row["legacy_id"] for row in (first, second)] == [f"{oid(10)}.messages.{oid(n)}" for n in (1, 2)]
    assert first["id"] == row_id("messages", first["legacy_id"])


def test_ids_are_valid_uuids_and_the_ledger_maps_them() -> None:
    for (identity,) in rows("SELECT id FROM messages"):
        assert isinstance(identity, uuid.UUID)
        assert identity.version == 5
        assert identity.variant == uuid.RFC_4122
        assert not str(identity).endswith("00000000")
    assert rows("SELECT count(*) FROM import_documents") == [(6,)]


def test_missing_creation_times_are_not_filled_with_the_time_of_migration() -> None:
    assert stored("users", str(oid(2)))["created_at"] is None
    assert stored("conversations", str(oid(11)))["created_at"] is None
    assert stored("conversations", str(oid(11)))["updated_at"] is None


def test_every_error_is_named_with_its_document_and_its_rule(clinic: Loaded) -> None:
    found = rows("SELECT legacy_id, rule, reason <> '' FROM import_items WHERE outcome = 'set_aside' ORDER BY 1, 2")
    assert (str(oid(1)), "unknown_field", True) in found
    assert (str(oid(12)), "patient_unknown", True) in found
    assert clinic.report["rules"]["patient_unknown"]["examples"] == [str(oid(12))]


def test_children_of_a_parent_that_is_set_aside_are_counted(clinic: Loaded) -> None:
    messages = clinic.report["entities"]["messages"]
    assert (messages["source"], messages["loaded"], messages["set_aside"]) == (6, 3, 3)
    assert "(100%)" not in clinic.console


def test_the_exit_code_tells_the_truth(clinic: Loaded, tmp_path: Path) -> None:
    assert clinic.code == 0
    assert import_mongo("--dump", clinic.folder, "--strict").code == 1
    assert import_mongo("--dump", tmp_path / "nowhere").code == 2
    (tmp_path / "cut").mkdir()
    for file in write(tmp_path / "whole", documents()).iterdir():
        (tmp_path / "cut" / file.name).write_bytes(file.read_bytes()[:-7])
    assert import_mongo("--dump", tmp_path / "cut").code == 2


def test_batches_are_transactions_a_second_run_repairs_and_a_dry_run_writes_nothing(
    clinic: Loaded, tmp_path: Path
) -> None:
    batches = rows("SELECT count(*) FROM import_batches")
    assert batches[0][0] >= 3
    before = rows("SELECT count(*) FROM import_documents"), rows("SELECT count(*) FROM import_runs")
    dry = import_mongo("--dump", clinic.folder, "--dry-run", report=tmp_path / "dry.json")
    assert dry.code == 0, dry.console
    assert (rows("SELECT count(*) FROM import_documents"), rows("SELECT count(*) FROM import_runs")) == before
    assert dry.report["dry_run"] is True
    again = import_mongo("--dump", clinic.folder, report=tmp_path / "again.json")
    assert again.code == 0, again.console
    assert again.report["entities"]["messages"]["unchanged"] == 3
    assert again.report["entities"]["messages"]["inserted"] == 0


def test_collections_are_read_one_document_after_the_other(clinic: Loaded) -> None:
    with FolderSource(clinic.folder) as source:
        first = next(iter(source.documents("users")))
    assert first.position == str(len(first.raw)), "the next one was not read yet"


def test_documents_are_read_raw_and_undeclared_paths_are_seen() -> None:
    kept = rows("SELECT raw IS NOT NULL FROM import_items WHERE rule = 'unknown_field'")
    assert kept == [(True,)]


def test_there_is_an_archive_of_what_was_not_mapped_and_a_verification_against_the_source(clinic: Loaded) -> None:
    assert clinic.report["verification"]["mismatched"] == 0
    raw = rows("SELECT raw FROM import_items WHERE rule = 'unknown_field'")[0][0]
    assert SECRET_TEXT.encode() not in bytes(raw), "it is encrypted"


def test_neither_console_nor_report_shows_names_or_words(clinic: Loaded) -> None:
    shown = clinic.console + str(clinic.report)
    assert SECRET_NAME not in shown
    assert SECRET_TEXT not in shown
    assert not re.search(r"person\d@", shown)
