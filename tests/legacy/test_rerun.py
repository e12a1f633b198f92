"""Running the import again on the same source changes nothing."""

from pathlib import Path

import pytest
from django.db import connection

from medichat.legacy.tables import TABLES
from tests.cast import system
from tests.legacy.clinics import write_dump, write_export
from tests.legacy.generator import SMALL, OldClinic
from tests.legacy.importing import import_mongo
from tests.legacy.loading import load_dump

pytestmark = pytest.mark.django_db(transaction=True)

OF_THE_IMPORT = ("import_documents", "import_items", "care_relations", "conversation_words", "search_words")


def versions() -> dict[str, set[tuple[object, ...]]]:
    """Every row with the transaction that wrote it: a row that is written again with the same values differs."""
    found = {}
    with system(), connection.cursor() as cursor:
        for table in (*TABLES, *OF_THE_IMPORT):
            cursor.execute(f"SELECT id::text, xmin::text, ctid::text FROM {table}")  # noqa: S608  # names are constants
            found[table] = set(cursor.fetchall())
    return found


def test_a_second_run_writes_no_row(tmp_path: Path) -> None:
    dump = OldClinic(SMALL).write_dump(tmp_path / "clinic")
    first = import_mongo("--dump", dump, report=tmp_path / "first.json")
    before = versions()

    second = import_mongo("--dump", dump, report=tmp_path / "second.json")

    assert second.code == 0
    for entity, figures in second.report["entities"].items():
        assert figures["unchanged"] == figures["loaded"] == first.report["entities"][entity]["loaded"], entity
        assert (figures["inserted"], figures["updated"]) == (0, 0), entity
    assert second.report["rules"] == first.report["rules"]
    assert second.report["run"] != first.report["run"]
    after = versions()
    own_entries = after.pop("activity_logs") - before.pop("activity_logs")
    assert len(own_entries) == 2, "the second run itself is on the record: started, finished"
    assert after == before


def test_another_form_of_the_same_source_changes_no_row_either(tmp_path: Path) -> None:
    documents = OldClinic(SMALL).as_dict()
    load_dump(write_dump(tmp_path / "dump", documents))
    before = versions()

    second = import_mongo("--dump", write_export(tmp_path / "export", documents), report=tmp_path / "second.json")

    assert second.code == 0
    changed = {
        entity: figures["updated"] + figures["inserted"] + figures["removed"]
        for entity, figures in second.report["entities"].items()
    }
    after = versions()
    for table in ("messages", "allergies", "medications", "prescriptions", "symptoms", "care_relations"):
        assert after[table] == before[table], table
    assert {entity: number for entity, number in changed.items() if number} == {}
