"""``manage.py run_periodic``: every job runs, one that fails keeps no other from running, nothing private is said."""

import logging
import os
import time
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from accounts.models import Session, User
from audit.models import ActivityLog
from audit.periodic import make_partitions, note_ended_break_glass
from medichat import periodic
from medichat.db import encrypted_files
from medichat.db.base import new_id
from medichat.db.context import system
from medichat.management.commands.run_periodic import lock_number
from medichat.periodic import Job, JobFailed, remove_orphaned_files
from prescriptions.models import Prescription
from records.models import CareRelation
from tests.factories import CareRelationFactory, PrescriptionFactory, SessionFactory


@pytest.fixture(autouse=True)
def directories(tmp_path: Path, settings: LazySettings) -> None:
    settings.AUDIT_SEALS_FILE = tmp_path / "seals.jsonl"
    settings.FILES_DIR = tmp_path / "files"


@pytest.mark.django_db(transaction=True)
def test_everything_that_is_due_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    prescription = PrescriptionFactory()
    with system():
        yesterday = timezone.localdate() - timedelta(days=1)
        Prescription.objects.filter(pk=prescription.pk).update(issued_on=yesterday, expires_on=yesterday)
    SessionFactory(expires_at=timezone.now() - timedelta(days=31))
    SessionFactory(expires_at=timezone.now() - timedelta(days=29))
    call_command("run_periodic")
    said = capsys.readouterr().out
    assert "expire prescriptions: 1 expired" in said
    assert "remove old sessions: 1 removed" in said
    assert "make months of the log ahead: 0 made" in said
    assert "announce unclaimed emergencies: none" in said
    with system():
        assert Prescription.objects.get().status == "expired"
        assert Session.objects.count() == 1
        assert ActivityLog.objects.filter(action="prescription.expired", actor_role="system").count() == 1
    assert said.splitlines()[-1].startswith("seal the log: ")


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """The list of jobs, empty at first."""
    chosen: list[Job] = []
    monkeypatch.setattr("medichat.management.commands.run_periodic.jobs", chosen)
    return chosen


@pytest.mark.django_db
def test_a_failing_job_keeps_no_other_from_running_and_the_command_says_so(
    only: list[Job], capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> str:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 'SECRET of a patient'::integer")
        return ""

    def explains() -> str:
        raise JobFailed("Look at the disk.")

    only += [Job("first", broken), Job("second", explains, own_transactions=True), Job("third", lambda: "done")]
    with caplog.at_level(logging.ERROR), pytest.raises(CommandError, match="first, second"):
        call_command("run_periodic")
    said = capsys.readouterr().out
    assert "first: FAILED: DataError at " in said
    assert "second: FAILED: Look at the disk." in said
    assert "third: done" in said
    assert "SECRET" not in said + caplog.text
    assert "first, second" in caplog.text


@pytest.mark.django_db
def test_a_job_runs_as_the_system_and_what_failed_is_rolled_back(only: list[Job], patient: User) -> None:
    def broken() -> str:
        User.objects.filter(pk=patient.pk).update(first_name="Changed")
        raise JobFailed("No.")

    only.append(Job("changes", broken))
    with pytest.raises(CommandError):
        call_command("run_periodic")
    with system():
        assert User.objects.get(pk=patient.pk).first_name == "Ana"


@pytest.mark.django_db
def test_what_another_machine_is_at_is_left_to_it(
    only: list[Job], application_connection: psycopg.Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    job = Job("shared", lambda: "done here")
    only.append(job)
    application_connection.execute("SELECT pg_advisory_xact_lock(%s)", [lock_number(job)])
    call_command("run_periodic")
    application_connection.rollback()
    call_command("run_periodic")
    assert capsys.readouterr().out == "shared: done elsewhere\nshared: done here\n"


@pytest.mark.django_db
def test_the_end_of_emergency_access_is_noted_once(patient: User, stranger_doctor: User) -> None:
    now = timezone.now()
    over = CareRelationFactory(
        patient=patient,
        doctor=stranger_doctor,
        kind=CareRelation.Kind.BREAK_GLASS,
        emergency_reason="unable",
        reason="Found unconscious",
        valid_from=now - timedelta(hours=2),
        valid_until=now - timedelta(hours=1),
    )
    CareRelationFactory(
        patient=patient,
        doctor=stranger_doctor,
        kind=CareRelation.Kind.BREAK_GLASS,
        emergency_reason="unable",
        reason="Found unconscious",
        valid_until=now + timedelta(hours=1),
    )
    with system():
        assert note_ended_break_glass() == "1 ended"
        assert note_ended_break_glass() == "0 ended"
        row = ActivityLog.objects.get(action="break_glass.ended")
        assert (row.resource_id, row.patient_id, row.purpose) == (str(over.pk), patient.pk, "break_glass")


@pytest.mark.django_db
def test_a_month_that_cannot_be_made_is_told_and_the_others_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audit.periodic.MONTHS_AHEAD", 26)
    now = timezone.now()
    far = now.replace(year=now.year + 2 + (now.month + 1) // 12, month=(now.month + 1) % 12 + 1, day=1)
    with system():
        ActivityLog.objects.bulk_create([ActivityLog(action="x", legacy_id="far", occurred_at=far)])
        said = f"1 made; rows in the default partition stand in for activity_logs_{far:%Y_%m}"
        assert make_partitions() == said


@pytest.mark.django_db
def test_orphaned_files_go_after_a_day_and_known_ones_stay(
    settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [new_id() for _ in range(3)]
    known, orphan, young = ids
    with encrypted_files.pending():
        for file_id in ids:
            encrypted_files.store(BytesIO(b"x"), file_id=file_id)
        two_days_ago = time.time() - 2 * 86_400
        for file_id in (known, orphan):
            (path,) = Path(settings.FILES_DIR).rglob(str(file_id))
            os.utime(path, (two_days_ago, two_days_ago))
        keepers = [lambda: [known]]
        monkeypatch.setattr(periodic, "_keepers", keepers)
        assert remove_orphaned_files() == "1 removed"
        assert set(encrypted_files.stored_ids()) == {known, young}
        assert remove_orphaned_files() == "not due"


@pytest.mark.django_db
def test_files_of_attachments_and_photos_are_known(patient: User) -> None:
    from accounts.periodic import photos
    from conversations.periodic import attachments
    from tests.factories import AttachmentFactory

    attachment, photo = AttachmentFactory(), UUID(int=7)
    with system():
        User.objects.filter(pk=patient.pk).update(
            photo_file=photo, photo_type="image/png", photo_size=1, photo_sha256="0" * 64
        )
        assert set(attachments()) == {attachment.pk}
        assert set(photos()) == {photo}
