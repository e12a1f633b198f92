"""Months past their time: archived, compared, dropped by the owner alone, and still verifiable; and signed exports."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.db import connection

from audit.archive import Archive, ArchiveError
from audit.archiving import Month, archive, drop, expired_months
from audit.export import check
from audit.models import ActivityLog
from audit.verify import Report, verify
from medichat.db.context import system
from tests.audit.test_seals import Tamper, empty_log, seal, tamper, write

__all__ = ["empty_log", "tamper"]  # fixtures
pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

MARCH, JUNE = Month(datetime(2017, 3, 1, tzinfo=UTC)), Month(datetime(2016, 6, 1, tzinfo=UTC))
IMPORTED = (
    "INSERT INTO activity_logs (id, action, legacy_id, occurred_at, metadata, duration_ms) SELECT gen_random_uuid(),"
    " 'patient.viewed', %(month)s || n, %(begin)s::timestamptz + n * interval '1 hour', '\\x01'::bytea, n / 7.0"
    " FROM generate_series(1, %(count)s) n"
)


@pytest.fixture(autouse=True)
def places(tmp_path: Path, settings: LazySettings) -> None:
    settings.AUDIT_SEALS_FILE = tmp_path / "seals.jsonl"
    settings.AUDIT_ARCHIVE_DIR = tmp_path / "archives"
    settings.FILES_DIR = tmp_path / "files"


def import_rows(month: Month, count: int, *, mark: str = "a") -> None:
    """Rows as an import brings them: of long ago, written now."""
    with system(), connection.cursor() as cursor:
        cursor.execute(IMPORTED, {"month": f"{mark}{month}-", "begin": month.begin, "count": count})


@pytest.fixture
def old_log(empty_log: None) -> None:
    """A month in a partition of its own, one in the default partition, and rows of today; sealed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM ensure_activity_log_partitions(0, '2017-03-01')")
    import_rows(MARCH, 7)
    import_rows(JUNE, 5)
    write(3)
    seal()


def count_of(month: Month) -> int:
    with system():
        return ActivityLog.objects.filter(occurred_at__gte=month.begin, occurred_at__lt=month.end).count()


def verified(settings: Any, *, with_archives: bool = True) -> Report:
    with system():
        return verify(file=settings.AUDIT_SEALS_FILE, archives=settings.AUDIT_ARCHIVE_DIR if with_archives else None)


def archived(month: Month) -> Path:
    path = archive(month)
    assert path is not None
    return path


def test_only_months_past_the_time_are_expired(old_log: None, settings: LazySettings) -> None:
    with system():
        assert list(expired_months()) == [JUNE, MARCH]
        settings.AUDIT_RETENTION_DAYS = 36_500
        assert list(expired_months()) == []


def test_an_archive_holds_every_row_and_shows_none(old_log: None) -> None:
    path = archived(MARCH)
    found = Archive(path)
    rows = list(found.rows())
    assert (len(found), len(rows), found.month) == (7, 7, "2017-03")
    with system():
        ids = set(
            ActivityLog.objects.filter(occurred_at__gte=MARCH.begin, occurred_at__lt=MARCH.end).values_list(
                "pk", flat=True
            )
        )
    assert {row[1] for row in rows} == ids
    content = path.read_bytes()
    assert b"patient.viewed" not in content
    assert path.stat().st_mode & 0o777 == 0o600
    with system():
        assert ActivityLog.objects.get(action="log.archived").resource_id == "2017-03"


def test_archiving_again_changes_nothing_until_rows_come_later(old_log: None) -> None:
    first = archived(MARCH)
    assert archive(MARCH) is None
    import_rows(MARCH, 2, mark="later")
    seal()
    second = archived(MARCH)
    assert second.name == f"{first.stem}-2.archive"
    assert len(Archive(second)) == 9


@pytest.mark.parametrize("month", [MARCH, JUNE])
def test_a_dropped_month_is_verified_by_its_archive(old_log: None, settings: LazySettings, month: Month) -> None:
    before = count_of(month)
    archived(month)
    assert drop(month) == before
    assert count_of(month) == 0
    seal()
    report = verified(settings)
    assert (report.findings, report.archived) == ([], before)
    without = verified(settings, with_archives=False)
    assert len([finding for finding in without.findings if "was removed" in finding]) == before
    with system():
        assert ActivityLog.objects.get(action="log.dropped").resource_id == str(month)


def test_the_guards_are_on_again_after_a_drop(old_log: None, owner_connection: psycopg.Connection) -> None:
    archived(JUNE)
    drop(JUNE)
    owner_connection.execute("SELECT set_config('medichat.role', 'system', true)")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
        owner_connection.execute("DELETE FROM activity_logs_default")
    owner_connection.rollback()
    forced = owner_connection.execute(
        "SELECT relforcerowsecurity FROM pg_class WHERE relname = 'activity_logs_default'"
    ).fetchone()
    assert forced == (True,)


def test_what_is_not_archived_is_not_dropped(old_log: None) -> None:
    with pytest.raises(ArchiveError, match="2017-03 is not archived"):
        drop(MARCH)
    archived(MARCH)
    import_rows(MARCH, 1, mark="later")
    seal()
    with pytest.raises(ArchiveError, match="is not in an archive as it was sealed"):
        drop(MARCH)
    assert count_of(MARCH) == 8


def test_a_row_that_was_changed_before_it_was_archived_is_not_dropped(
    old_log: None, tamper: Tamper, settings: LazySettings
) -> None:
    tamper("UPDATE activity_logs SET action = 'user.login' WHERE legacy_id = 'a2017-03-4'")
    archived(MARCH)
    with pytest.raises(ArchiveError, match="is not in an archive as it was sealed"):
        drop(MARCH)
    assert count_of(MARCH) == 7
    assert any("was changed" in finding for finding in verified(settings).findings)


def test_an_archive_that_was_touched_is_named_and_believed_no_more(old_log: None, settings: LazySettings) -> None:
    path = archived(MARCH)
    drop(MARCH)
    whole = path.read_bytes()
    first_line = whole.index(b"\n") + 1
    for place in (20, first_line + 30, first_line + 7 * 56 + 40, len(whole) - 1):
        changed = bytearray(whole)
        changed[place] ^= 1
        path.write_bytes(bytes(changed))
        findings = verified(settings).findings
        assert any(path.name in finding for finding in findings), place
        assert len([finding for finding in findings if "was removed" in finding]) == 7
    path.write_bytes(whole[:-10])
    assert any("changed or cut off" in finding for finding in verified(settings).findings)
    path.write_bytes(whole)
    assert verified(settings).findings == []


def test_an_archive_under_another_name_stands_for_nothing(old_log: None, settings: LazySettings) -> None:
    path = archived(MARCH)
    path.rename(path.with_name("activity_logs_2017_04.archive"))
    assert any("was made under the name" in finding for finding in verified(settings).findings)


def test_an_archive_that_somebody_else_signed_drops_nothing(old_log: None, settings: LazySettings) -> None:
    ours = settings.AUDIT_SIGNING_KEY
    settings.AUDIT_SIGNING_KEY = b"x" * 32
    archived(MARCH)
    settings.AUDIT_SIGNING_KEY = ours
    with pytest.raises(ArchiveError, match="not signed by this clinic"):
        drop(MARCH)
    assert count_of(MARCH) == 7


def test_a_rotation_says_which_keys_archives_still_need(
    old_log: None, settings: LazySettings, capsys: pytest.CaptureFixture[str]
) -> None:
    archived(MARCH)
    settings.ENCRYPTION_KEYS = [("newer", b"k" * 32), *settings.ENCRYPTION_KEYS]
    call_command("rotate_encryption_key")
    said = capsys.readouterr().out
    assert "archives of the log (kept): 1 under test" in said
    assert "test behind it" in said


def test_only_the_owner_drops(old_log: None, settings: LazySettings) -> None:
    archived(MARCH)
    settings.DATABASES = {"default": settings.DATABASES["default"]}
    with pytest.raises(ArchiveError, match="DATABASE_OWNER_URL"):
        drop(MARCH)
    assert count_of(MARCH) == 7


def test_the_command_archives_and_drops_on_request_only(old_log: None, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("archive_audit")
    assert count_of(MARCH) == 7
    assert "2016-06: archived in" in capsys.readouterr().out
    call_command("archive_audit", "--drop")
    said = capsys.readouterr().out
    assert "2017-03: archived already" in said
    assert "2017-03: 7 row(s) dropped" in said
    assert "2016-06: 5 row(s) dropped" in said
    call_command("archive_audit", "--drop")
    assert "No month of the log is older" in capsys.readouterr().out
    call_command("verify_audit")
    assert "12 of the sealed row(s) are in archives." in capsys.readouterr().out


# Exports


@pytest.fixture
def exported(old_log: None, tmp_path: Path) -> Path:
    path = tmp_path / "export.jsonl"
    call_command("export_audit", "--from", "2016-01-01", "--to", "2018-01-01", "--output", str(path))
    return path


def test_an_export_is_readable_and_checked_without_the_database(
    exported: Path, settings: LazySettings, django_db_blocker: Any
) -> None:
    with django_db_blocker.block():
        assert check(exported) == (12, [])
        assert check(exported, seals=settings.AUDIT_SEALS_FILE) == (12, [])
    rows = [json.loads(line) for line in exported.read_text().splitlines()[1:-1]]
    assert {row["row"]["action"] for row in rows} == {"patient.viewed"}
    assert rows[0]["clear"] == {"metadata": None}  # it was no encrypted value
    assert exported.stat().st_mode & 0o777 == 0o600
    with system():
        assert json.loads(ActivityLog.objects.get(action="log.exported").metadata or "")["rows"] == 12


def test_codes_are_readable_in_an_export(tmp_path: Path, empty_log: None) -> None:
    path = tmp_path / "today.jsonl"
    call_command("export_audit", "--from", "2026-01-01", "--to", "2100-01-01", "--output", str(tmp_path / "first"))
    call_command("export_audit", "--from", "2026-01-01", "--to", "2100-01-01", "--output", str(path))
    rows = [json.loads(line) for line in path.read_text().splitlines()[1:-1]]
    assert json.loads(rows[-1]["clear"]["metadata"])["to"] == "2100-01-01T00:00:00+00:00"


def test_every_change_to_an_export_is_found(exported: Path, settings: LazySettings, tmp_path: Path) -> None:
    whole = exported.read_text()
    lines = whole.splitlines(keepends=True)
    broken = {
        "a word": whole.replace("patient.viewed", "patient.created", 1),
        "a removed row": "".join(lines[:3] + lines[4:]),
        "rows that changed places": "".join([*lines[:3], lines[4], lines[3], *lines[5:]]),
        "a row twice": "".join([*lines[:4], lines[3], *lines[4:]]),
        "another clinic": whole.replace("MediChat Clinic", "Another Clinic", 1),
        "no end": "".join(lines[:-1]),
        "cut off": whole[:-100],
    }
    for what, content in broken.items():
        exported.write_text(content)
        assert check(exported)[1], what
        with pytest.raises(CommandError):
            call_command("verify_audit", export=exported)


def test_an_export_made_from_a_changed_log_does_not_fit_the_seals(
    old_log: None, tamper: Tamper, tmp_path: Path, settings: LazySettings
) -> None:
    tamper("UPDATE activity_logs SET action = 'user.login' WHERE legacy_id = 'a2017-03-4'")
    path = tmp_path / "export.jsonl"
    call_command("export_audit", "--from", "2017-03-01", "--to", "2017-04-01", "--output", str(path))
    rows, findings = check(path, seals=settings.AUDIT_SEALS_FILE)
    assert rows == 7
    (finding,) = findings
    assert "is not as it was sealed" in finding
    with pytest.raises(CommandError, match="exists already"):
        call_command("export_audit", "--from", "2017-03-01", "--to", "2017-04-01", "--output", str(path))


def test_names_of_the_columns_are_those_of_the_table(application_connection: psycopg.Connection) -> None:
    from audit.plain_rows import NAMES

    columns = application_connection.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'activity_logs'::regclass AND attnum > 0 ORDER BY attnum"
    ).fetchall()
    assert set(NAMES) == {name for (name,) in columns}
