"""``import_mongo --uploads``: files come over with their documents, and those that cannot are listed for somebody."""

from datetime import datetime
from pathlib import Path
from typing import Any

import bson
import pytest
from bson import ObjectId
from django.conf import settings

from accounts.models import User
from conversations.models import Attachment
from medichat.db import encrypted_files
from medichat.legacy import load
from medichat.legacy.models import ImportItem, ImportRun, ItemState
from medichat.legacy.uploads.record import files_of
from medichat.legacy.worker import ImportFailed
from medichat.management.commands import import_mongo as import_command
from tests.cast import system
from tests.conversations import samples
from tests.factories import AdministratorFactory
from tests.legacy.clinics import write_dump
from tests.legacy.importing import Outcome, import_mongo, rows

pytestmark = pytest.mark.django_db(transaction=True)
PATIENT, VISIT = ObjectId("600000000000000000000001"), ObjectId("600000000000000000000002")
WHEN = datetime(2024, 5, 6, 7, 8, 9)  # noqa: DTZ001  # BSON's dates are UTC and have no zone
PNG = samples.png()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A dump of one visit with four files, of which one is there, and a photo that is."""
    monkeypatch.setattr(settings, "FILES_DIR", tmp_path / "files")
    named = ["uploads/file-1.png", "uploads/gone.pdf", "../../etc/passwd", "uploads/empty.pdf"]
    attachments = [
        {"_id": ObjectId(), "filename": Path(path).name, "originalName": "x.png", "path": path, "fileType": "image/png"}
        for path in named
    ]
    documents = {
        "users": [
            {
                "_id": PATIENT, "email": "pat@example.org", "role": "patient", "firstName": "Pat", "lastName": "Kos",
                "profilePhoto": "/uploads/profiles/p.png", "createdAt": WHEN, "updatedAt": WHEN, "__v": 0,
            }
        ],
        "conversations": [
            {
                "_id": VISIT, "patient": PATIENT, "visitNumber": 1, "status": "in_progress", "messages": [],
                "attachments": attachments, "createdAt": WHEN, "updatedAt": WHEN, "__v": 0,
            }
        ],
        "activity_logs": [],
    }  # fmt: skip
    write_dump(tmp_path / "dump", {name: [bson.encode(one) for one in ones] for name, ones in documents.items()})
    (tmp_path / "uploads" / "profiles").mkdir(parents=True)
    (tmp_path / "uploads" / "file-1.png").write_bytes(PNG)
    (tmp_path / "uploads" / "empty.pdf").touch()
    (tmp_path / "uploads" / "profiles" / "p.png").write_bytes(PNG)
    (tmp_path / "uploads" / "secret name of a patient.pdf").write_bytes(samples.pdf())
    return tmp_path


def run(place: Path, *more: str) -> Outcome:
    return import_mongo("--dump", place / "dump", "--uploads", place / "uploads", *more, report=place / "report.json")


def test_files_come_over_and_the_others_are_listed(place: Path) -> None:
    outcome = run(place)
    assert outcome.code == 0, outcome.console
    problems = {"file_empty": 1, "file_missing": 1, "file_path_unsafe": 1, "file_unreferenced": 1}
    assert outcome.report["files"] == {"copied": 2, "kept": 0, "bytes": 2 * len(PNG), "problems": problems}
    assert "Files: 2 copied" in outcome.console
    assert "secret name" not in outcome.console
    assert "secret name" not in (place / "report.json").read_text()
    with system():
        assert Attachment.objects.count() == 4
        stored = Attachment.objects.get(is_stored=True)
        user = User.objects.get(legacy_id=str(PATIENT))
        listed = {
            (item.rule, item.collection, item.entity, item.document_id is not None)
            for item in ImportItem.objects.filter(rule__startswith="file_").exclude(rule="file_name_missing")
        }
        assert ImportRun.objects.get().report["files"]["problems"] == problems
    assert encrypted_files.open_verified(stored.pk, stored.sha256) == PNG
    assert user.photo_file is not None
    assert listed == {
        ("file_missing", "conversations", "attachments", True),
        ("file_empty", "conversations", "attachments", True),
        ("file_path_unsafe", "conversations", "attachments", True),
        ("file_unreferenced", "uploads", "files", False),
    }


def test_a_second_run_lists_each_problem_once_and_none_that_somebody_has_handled(place: Path) -> None:
    run(place)
    administrator = AdministratorFactory()
    with system():
        missing = ImportItem.objects.get(rule="file_missing")
        missing.resolve(by=administrator, note="Lost with the old disk.")
    (place / "uploads" / "empty.pdf").write_bytes(samples.pdf())
    outcome = run(place)
    assert outcome.code == 0, outcome.console
    assert (outcome.report["files"]["copied"], outcome.report["files"]["kept"]) == (1, 2)
    with system():
        assert ImportItem.objects.get(rule="file_missing").state == ItemState.RESOLVED
        assert not ImportItem.objects.filter(rule="file_empty").exists()
        assert ImportItem.objects.filter(rule="file_unreferenced").count() == 1


def test_a_handled_file_hides_no_other_of_the_same_visit(place: Path) -> None:
    (place / "uploads" / "file-1.png").unlink()
    run(place)
    with system():
        handled, other = ImportItem.objects.filter(rule="file_missing").order_by("id")
        handled.resolve(by=AdministratorFactory())
    run(place)
    with system():
        listed = {item.raw: item.state for item in ImportItem.objects.filter(rule="file_missing")}
    assert listed == {handled.raw: ItemState.RESOLVED, other.raw: ItemState.OPEN}


def test_a_dry_run_tells_the_same_and_copies_nothing(place: Path) -> None:
    foreseen = run(place, "--dry-run").report["files"]
    assert list(encrypted_files.stored_ids()) == []
    assert rows("SELECT count(*) FROM import_items") == [(0,)]
    assert foreseen == run(place).report["files"]


def test_a_wrong_folder_is_refused_before_anything_is_loaded(place: Path) -> None:
    outcome = import_mongo("--dump", place / "dump", "--uploads", place)
    assert outcome.code == 2
    assert f"name {place / 'uploads'}" in outcome.console
    assert rows("SELECT count(*) FROM users") == [(0,)]
    assert rows("SELECT count(*) FROM import_runs") == [(0,)]


def test_nobody_else_can_import_or_undo_while_files_are_copied(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = []

    def meanwhile(*arguments: Any) -> dict[str, Any]:
        with pytest.raises(ImportFailed, match="Another import"), load.alone():
            pass
        with system():
            refused.append(ImportRun.objects.get().status)
        return files_of(*arguments)

    monkeypatch.setattr(import_command, "files_of", meanwhile)
    assert run(place).code == 0
    assert refused == ["running"]
    with system():
        assert ImportRun.objects.get().status == ImportRun.Status.FINISHED
