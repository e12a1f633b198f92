"""Imported attachments and photos get their files: encrypted, verified, each once, and again after a kill."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from accounts.models import User
from audit.actions import Action
from audit.models import ActivityLog
from conversations.models import Attachment
from medichat.db import encrypted_files
from medichat.legacy.parse import rules
from medichat.legacy.read import SourceError
from medichat.legacy.uploads import copy as copying
from medichat.legacy.uploads.copy import Problem, Tally, copy_files, number_of_rows
from medichat.legacy.uploads.folder import UploadsFolder
from tests.cast import system
from tests.conversations import hostile, samples, scanner
from tests.factories import AttachmentFactory, ConversationFactory, UserFactory

pytestmark = pytest.mark.django_db
JPEG, PDF, DICOM = samples.jpeg(), samples.pdf(), samples.dicom()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The previous system's uploads."""
    folder = tmp_path / "uploads"
    (folder / "profiles").mkdir(parents=True)
    return folder


@pytest.fixture(autouse=True)
def _own_storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test has a storage of its own, around the transaction that the test is."""
    monkeypatch.setattr(settings, "FILES_DIR", tmp_path / "files")
    with encrypted_files.pending():
        yield


def attachment(path: str | None, name: str | None = None, **more: object) -> Attachment:
    row: Attachment = AttachmentFactory(content_type="", size=None, stored_path=path, stored_name=name, **more)
    return row


def person(path: str) -> User:
    user: User = UserFactory(legacy_id="60000000000000000000000a", photo_path=path)
    return user


def run(root: Path, problems: list[Problem] | None = None) -> Tally:
    with UploadsFolder(root) as folder:
        return copy_files(folder, tell=([] if problems is None else problems).append)


def refuse_problems(problem: Problem) -> None:
    raise AssertionError(problem)


def now(row: Attachment) -> Attachment:
    with system():
        found: Attachment = Attachment.objects.get(pk=row.pk)
        return found


def test_a_file_is_encrypted_with_its_type_size_and_digest(root: Path) -> None:
    (root / "file-1-2.jpg").write_bytes(PDF)  # named as somebody liked, and a document all the same
    row = attachment("uploads/file-1-2.jpg", claimed_type="image/jpeg")
    tally = run(root)
    assert (tally.copied, tally.kept, tally.copied_bytes, tally.problems) == (1, 0, len(PDF), {})
    after = now(row)
    assert (after.is_stored, after.content_type, after.size) == (True, "application/pdf", len(PDF))
    assert after.claimed_type == "image/jpeg"
    assert encrypted_files.open_verified(row.pk, after.sha256) == PDF
    on_disk = b"".join(path.read_bytes() for path in (Path(settings.FILES_DIR)).rglob("*") if path.is_file())
    assert b"%PDF" not in on_disk


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (JPEG, "image/jpeg"),
        (DICOM, "application/dicom"),
        (b"<html><script>alert(1)</script></html>", "text/html"),
        (bytes(range(1, 200)), "application/octet-stream"),
    ],
)
def test_the_type_is_told_by_the_content_whatever_it_is(root: Path, content: bytes, content_type: str) -> None:
    (root / "a.png").write_bytes(content)
    row = attachment("uploads/a.png")
    run(root)
    assert now(row).content_type == content_type


def test_one_file_that_two_entries_name_is_stored_for_each(root: Path) -> None:
    (root / "a.jpg").write_bytes(JPEG)
    first, second = attachment("uploads/a.jpg"), attachment(None, "a.jpg")
    assert run(root).copied == 2
    for row in (first, second):
        assert encrypted_files.open_verified(row.pk, now(row).sha256) == JPEG


def test_a_photo_is_stored_for_its_person(root: Path) -> None:
    (root / "profiles" / "profile-1-2.jpg").write_bytes(JPEG)
    user = person("/uploads/profiles/profile-1-2.jpg")
    assert run(root).copied == 1
    with system():
        user = User.objects.get(pk=user.pk)
    assert (user.photo_type, user.photo_size) == ("image/jpeg", len(JPEG))
    assert user.photo_file
    assert user.photo_sha256
    assert encrypted_files.open_verified(user.photo_file, user.photo_sha256) == JPEG


def test_the_time_of_an_accounts_last_change_stays_the_sources(root: Path) -> None:
    (root / "profiles" / "p.jpg").write_bytes(JPEG)
    user = person("/uploads/profiles/p.jpg")
    with system():
        before = User.objects.get(pk=user.pk)
    run(root)
    with system():
        after = User.objects.get(pk=user.pk)
        assert after.photo_file is not None
        assert after.updated_at == before.updated_at
        after.save(update_fields=["first_name"])
        assert User.objects.get(pk=user.pk).updated_at != before.updated_at  # other changes are stamped as ever


def test_another_photo_replaces_the_one_before(root: Path) -> None:
    (root / "profiles" / "one.jpg").write_bytes(JPEG)
    (root / "profiles" / "two.jpg").write_bytes(samples.png())
    user = person("/uploads/profiles/one.jpg")
    run(root)
    with system():
        before = User.objects.get(pk=user.pk)
        before.photo_path = "/uploads/profiles/two.jpg"
        before.save(update_fields=["photo_path"])
    assert run(root).copied == 1
    with system():
        after = User.objects.get(pk=user.pk)
    assert after.photo_file != before.photo_file
    assert after.photo_type == "image/png"


def test_a_second_run_copies_nothing_and_finds_everything(root: Path) -> None:
    (root / "a.jpg").write_bytes(JPEG)
    (root / "profiles" / "p.jpg").write_bytes(JPEG)
    row = attachment("uploads/a.jpg")
    person("/uploads/profiles/p.jpg")
    run(root)
    before = now(row)
    again = run(root)
    assert (again.copied, again.kept, again.problems) == (0, 2, {})
    assert now(row).updated_at == before.updated_at


def test_a_file_that_arrives_later_is_copied_then(root: Path) -> None:
    row = attachment("uploads/late.jpg")
    problems: list[Problem] = []
    assert run(root, problems).problems == {"file_missing": 1}
    assert [(problem.rule, problem.entity, problem.collection, problem.document) for problem in problems] == [
        (rules.FILE_MISSING, "attachments", "conversations", row.conversation.legacy_id or "")
    ]
    assert not now(row).is_stored
    (root / "late.jpg").write_bytes(JPEG)
    assert run(root).copied == 1


def test_a_run_that_was_killed_between_file_and_row_is_taken_up(root: Path) -> None:
    (root / "a.jpg").write_bytes(JPEG)
    row = attachment("uploads/a.jpg")
    with (root / "a.jpg").open("rb") as half:
        encrypted_files.store(half, file_id=row.pk)
    (root / "a.jpg").write_bytes(PDF)  # not even the same content any more
    assert run(root).copied == 1
    assert encrypted_files.open_verified(row.pk, now(row).sha256) == PDF


def test_unsafe_and_unusable_files_leave_the_entry_and_are_counted(root: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    (root / "link").symlink_to(tmp_path / "secret")
    (root / "empty").touch()
    os.mkfifo(root / "pipe")
    rows = [
        attachment(path) for path in ("../secret", "/etc/passwd", "uploads/link", "uploads/empty", "uploads/pipe", None)
    ]
    problems: list[Problem] = []
    tally = run(root, problems)
    assert (tally.copied, tally.kept) == (0, 0)
    assert tally.problems == {"file_path_unsafe": 2, "file_not_plain": 2, "file_empty": 1}
    # Unsafe paths were told with their document.
    assert {problem.rule.code for problem in problems} == {"file_not_plain", "file_empty"}
    assert not any(now(row).is_stored for row in rows)
    assert list(encrypted_files.stored_ids()) == []


def test_a_file_that_no_document_names_is_told(root: Path) -> None:
    (root / "a.jpg").write_bytes(JPEG)
    (root / "profiles" / "gone.jpg").write_bytes(JPEG)
    attachment("uploads/a.jpg")
    problems: list[Problem] = []
    run(root, problems)
    assert [(problem.rule, problem.document, problem.stated) for problem in problems] == [
        (rules.FILE_UNREFERENCED, "", "profiles/gone.jpg")
    ]
    assert "gone" not in repr(problems)


def test_files_that_were_attached_here_are_none_of_its_business(root: Path) -> None:
    conversation = ConversationFactory()
    row = attachment("uploads/missing.jpg", conversation=conversation)
    with system():
        Attachment.objects.filter(pk=row.pk).update(
            legacy_id=None, is_stored=True, size=1, sha256="0" * 64, content_type="image/jpeg",
            uploaded_by=conversation.patient, uploaded_at=conversation.created_at,
        )  # fmt: skip
    assert number_of_rows() == 0
    assert run(root) == Tally()


def test_many_rows_are_looked_at_in_batches(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "BATCH", 2)
    conversation = ConversationFactory()
    for number in range(5):
        (root / f"{number}.jpg").write_bytes(JPEG)
        attachment(f"uploads/{number}.jpg", conversation=conversation)
    seen: list[int] = []
    with UploadsFolder(root) as folder:
        tally = copy_files(folder, tell=refuse_problems, advance=seen.append)
    assert tally.copied == number_of_rows() == sum(seen) == 5


def test_a_storage_without_room_ends_it_with_the_remedy_and_leaves_nothing_half(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "a.jpg").write_bytes(JPEG)
    row = attachment("uploads/a.jpg")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("medichat.db.encrypted_files.os.fsync", full)
        with pytest.raises(SourceError, match="make room where FILES_DIR is"):
            run(root)
    assert not now(row).is_stored
    assert list(encrypted_files.stored_ids()) == []
    assert run(root).copied == 1


def test_a_file_that_changes_while_it_is_read_is_not_kept(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "a.jpg").write_bytes(JPEG)
    row = attachment("uploads/a.jpg")
    store = encrypted_files.store

    def grows(stream: encrypted_files.Readable, **how: object) -> encrypted_files.StoredFile:
        with (root / "a.jpg").open("ab") as more:
            more.write(b"more")
        return store(stream, **how)  # type: ignore[arg-type]  # handed on as it comes

    monkeypatch.setattr(encrypted_files, "store", grows)
    assert run(root).problems == {"file_unreadable": 1}
    assert not now(row).is_stored
    assert list(encrypted_files.stored_ids()) == []


def test_where_a_scanner_is_configured_each_file_is_scanned_and_an_infected_one_is_left_out(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "clean.jpg").write_bytes(JPEG)
    (root / "infected.jpg").write_bytes(JPEG + hostile.EICAR)
    clean, infected = attachment("uploads/clean.jpg"), attachment("uploads/infected.jpg")
    problems: list[Problem] = []
    with scanner.running("") as clamd:
        monkeypatch.setattr(settings, "CLAMAV_SOCKET", clamd.address)
        tally = run(root, problems)
    assert sorted(clamd.received) == sorted([JPEG, JPEG + hostile.EICAR])
    assert (tally.copied, [problem.rule for problem in problems]) == (1, [rules.FILE_INFECTED])
    assert (now(clean).is_stored, now(infected).is_stored) == (True, False)
    with system():
        (row,) = ActivityLog.objects.filter(action=Action.VIRUS_FOUND)
        assert (row.actor_role, row.resource_id) == ("system", str(infected.pk))


def test_a_scanner_that_does_not_answer_stops_the_copying(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "clean.jpg").write_bytes(JPEG)
    row = attachment("uploads/clean.jpg")
    monkeypatch.setattr(settings, "CLAMAV_SOCKET", str(root / "nobody.ctl"))
    with pytest.raises(SourceError, match="could not be checked for viruses"):
        run(root)
    assert not now(row).is_stored


def test_what_is_stored_is_what_the_scanner_has_seen(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "clean.jpg").write_bytes(JPEG)
    row = attachment("uploads/clean.jpg")
    monkeypatch.setattr(copying, "_scanned", lambda *_: "0" * 64)
    problems: list[Problem] = []
    run(root, problems)
    assert [problem.rule for problem in problems] == [rules.FILE_UNREADABLE]
    assert not now(row).is_stored
