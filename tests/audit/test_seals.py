"""Seals: whatever is done to sealed rows, seals or the exported file afterwards is found and named."""

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command

from audit.actions import Action
from audit.chain import BEGINNING, LOWEST, FoundRow, Position, Seal, found_rows
from audit.models import ActivityLog, AuditSeal
from audit.record import record
from audit.seal import seal_log
from audit.seals_file import SealError
from audit.verify import Report, verify
from medichat.db.context import system
from medichat.db.roles import Names
from tests.conftest import disconnect
from tests.database import TestRun
from tests.sealing import wait_until_settled

pytestmark = pytest.mark.django_db(transaction=True)

Tamper = Callable[..., None]


@pytest.fixture(autouse=True)
def empty_log(transactional_db: None, test_run: TestRun, clone_names: Names) -> None:
    """A log without rows: a request of an earlier test that ended late may have left one in this worker's clone."""
    with system():
        is_empty = not ActivityLog.objects.exists()
    if not is_empty:
        disconnect()
        test_run.clone(clone_names)


@pytest.fixture(autouse=True)
def file(tmp_path: Path, settings: LazySettings) -> Path:
    settings.AUDIT_SEALS_FILE = tmp_path / "archive" / "seals.jsonl"
    return Path(settings.AUDIT_SEALS_FILE)


@pytest.fixture
def tamper(superuser_connection: psycopg.Connection) -> Tamper:
    """Do something as superuser with triggers off, and commit it."""
    superuser_connection.execute("SET session_replication_role = replica")

    def do(statement: LiteralString, *parameters: Any) -> None:
        named = parameters[0] if parameters and isinstance(parameters[0], dict) else parameters or None
        changed = superuser_connection.execute(statement, named)
        assert changed.rowcount != 0
        superuser_connection.commit()

    return do


def write(count: int = 3) -> list[uuid.UUID]:
    """Rows, each in a transaction of its own; their ids in order."""
    for _ in range(count):
        record(Action.SYSTEM_STARTUP, actor=None, resource_type="system")
    with system():
        return list(ActivityLog.objects.order_by("sequence").values_list("pk", flat=True))[-count:]


def seal(*, limit: int = 10_000) -> int:
    """Seal everything."""
    wait_until_settled()
    return seal_log(limit=limit)


def verified(file: Path | None = None) -> Report:
    with system():
        return verify(file=file)


def test_an_untouched_log_has_no_findings(file: Path) -> None:
    write(3)
    assert seal() == 3
    write(2)
    assert seal() == 2
    write(1)
    for source in (None, file):
        report = verified(source)
        assert (report.findings, report.seals, report.rows, report.unsealed) == ([], 2, 5, 1)


def test_sealing_again_without_new_rows_changes_nothing(file: Path) -> None:
    write()
    seal()
    before = file.read_bytes()
    assert seal_log() == 0
    assert file.read_bytes() == before


def test_a_batch_may_end_within_a_transaction() -> None:
    with system():
        write(7)
    assert seal(limit=3) == 7
    with system():
        assert list(AuditSeal.objects.values_list("row_count", flat=True)) == [3, 3, 1]
    assert verified().findings == []


def test_a_transaction_that_ends_late_is_sealed_late(application_connection: psycopg.Connection) -> None:
    application_connection.execute(
        "INSERT INTO activity_logs (id, action, actor_role, resource_type, status, severity)"
        " VALUES (gen_random_uuid(), 'system.startup', 'system', 'system', 'success', 'info')"
    )
    write(2)
    assert seal_log() == 0  # the open transaction is older than both
    application_connection.commit()
    assert seal() == 3
    assert verified().findings == []


@pytest.fixture
def rows() -> list[uuid.UUID]:
    """Five rows under seal 1, and two more under seal 2."""
    rows = write(5)
    seal()
    write(2)
    seal()
    return rows


def found(file: Path) -> list[str]:
    """The findings, which are the same whether or not the exported file is at hand."""
    findings = verified().findings
    assert verified(file).findings == findings
    return findings


def test_a_changed_row_is_named_whatever_was_changed(file: Path, tamper: Tamper) -> None:
    rows = write(8)
    seal()
    tamper("UPDATE activity_logs SET action = 'system.error' WHERE id = %s", rows[0])
    tamper("UPDATE activity_logs SET patient_id = gen_random_uuid() WHERE id = %s", rows[1])
    tamper("UPDATE activity_logs SET occurred_at = occurred_at + interval '1 microsecond' WHERE id = %s", rows[2])
    tamper("UPDATE activity_logs SET created_at = created_at + interval '1 microsecond' WHERE id = %s", rows[3])
    tamper("UPDATE activity_logs SET status_code = 0 WHERE id = %s", rows[4])
    tamper("UPDATE activity_logs SET metadata = '' WHERE id = %s", rows[5])
    tamper("UPDATE activity_logs SET address = '192.0.2.1' WHERE id = %s", rows[6])
    findings = found(file)
    assert len(findings) == 7
    for row, finding in zip(rows, findings, strict=False):
        assert str(row) in finding
        assert "was changed after seal 1" in finding


def test_a_removed_row_is_named(rows: list[uuid.UUID], file: Path, tamper: Tamper) -> None:
    tamper("DELETE FROM activity_logs WHERE id = %s", rows[2])
    (finding,) = found(file)
    assert str(rows[2]) in finding
    assert "was removed" in finding


def test_an_inserted_row_is_named(rows: list[uuid.UUID], file: Path, tamper: Tamper) -> None:
    inserted = uuid.uuid4()
    tamper(
        "INSERT INTO activity_logs (id, action, actor_role, resource_type, status, severity, sequence, transaction_id)"
        " SELECT %s, action, actor_role, resource_type, status, severity, sequence, transaction_id"
        " FROM activity_logs WHERE id = %s",
        inserted,
        rows[2],
    )
    (finding,) = found(file)
    assert str(inserted) in finding
    assert "was inserted" in finding


def test_reordered_rows_are_named(rows: list[uuid.UUID], file: Path, tamper: Tamper) -> None:
    tamper(
        "UPDATE activity_logs row SET sequence = other.sequence, transaction_id = other.transaction_id"
        " FROM activity_logs other WHERE row.id = ANY (%(both)s) AND other.id = ANY (%(both)s) AND row.id <> other.id",
        {"both": [rows[1], rows[3]]},
    )
    findings = found(file)
    assert len(findings) == 2
    assert all("was reordered" in finding for finding in findings)
    assert str(rows[1]) in findings[0]
    assert str(rows[3]) in findings[1]


def test_a_truncated_log_is_noticed_row_by_row(rows: list[uuid.UUID], file: Path, tamper: Tamper) -> None:
    tamper("TRUNCATE activity_logs")
    assert len([finding for finding in found(file) if "was removed" in finding]) == 7


def test_a_seal_made_to_fit_is_noticed(rows: list[uuid.UUID], file: Path, tamper: Tamper) -> None:
    tamper("DELETE FROM activity_logs WHERE id = %s", rows[4])
    tamper("UPDATE audit_seals SET rows = substr(rows, 1, 4 * 56), row_count = 4 WHERE number = 1")
    assert any("its signature does not fit" in finding for finding in verified().findings)
    with_file = verified(file).findings
    assert "Seal 1 in the table is not the one that was exported." in with_file
    assert any(str(rows[4]) in finding and "was removed" in finding for finding in with_file)


def test_a_seal_removed_from_the_middle_is_noticed(rows: list[uuid.UUID], file: Path, tamper: Tamper) -> None:
    tamper("DELETE FROM audit_seals WHERE number = 1")
    assert "Seal 1 is missing: nothing is known of its rows." in verified().findings
    assert verified(file).findings == ["Seal 1 is in the file and was removed from the table."]


def test_a_cut_off_tail_is_noticed_with_the_file(file: Path, tamper: Tamper) -> None:
    write(2)
    seal()
    last = write(1)[0]
    seal()
    tamper("DELETE FROM activity_logs WHERE id = %s", last)
    tamper("DELETE FROM audit_seals WHERE number = 2")
    assert verified().findings == []  # alone, the table cannot know
    findings = verified(file).findings
    assert "Seal 2 is in the file and was removed from the table." in findings
    assert any(str(last) in finding and "was removed" in finding for finding in findings)
    with pytest.raises(SealError, match="reach number 2, the table only 1"):
        seal_log()


def test_a_seal_signed_by_somebody_else_is_noticed(file: Path, settings: LazySettings) -> None:
    write()
    ours = settings.AUDIT_SIGNING_KEY
    settings.AUDIT_SIGNING_KEY = b"x" * 32
    seal()
    settings.AUDIT_SIGNING_KEY = ours
    assert verified().findings == ["Seal 1 was changed: its signature does not fit what it says."]


def test_a_cut_off_file_is_noticed(file: Path) -> None:
    write()
    seal()
    write()
    seal()
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(lines[0])
    assert verified(file).findings == ["Seal 2 is in the table and not in the file: the file was cut off."]
    file.write_bytes(lines[0] + lines[1][:100])
    assert "Line 2 of the file is no seal: the file was cut off within it." in verified(file).findings


def test_a_line_cut_off_by_a_crash_is_left_and_the_seal_written_again(file: Path) -> None:
    write()
    seal()
    write()
    seal()
    whole = file.read_bytes()
    first = whole.splitlines(keepends=True)[0]
    file.write_bytes(whole[: len(first) + 50])
    seal()
    assert file.read_bytes().startswith(whole[: len(first) + 50] + b"\n")
    assert verified(file).findings == []


def test_seals_that_were_never_exported_are_exported_later(file: Path) -> None:
    write()
    seal()
    file.unlink()
    seal()
    assert verified(file).findings == []


def test_the_file_is_private(file: Path) -> None:
    write()
    seal()
    assert file.stat().st_mode & 0o777 == 0o600


def test_after_a_restore_the_chain_goes_on(file: Path, tamper: Tamper, monkeypatch: pytest.MonkeyPatch) -> None:
    """A restored server counts its transactions anew: what the dump held bears numbers it has not reached yet."""
    later: LiteralString = (
        "UPDATE activity_logs SET transaction_id = (transaction_id::text::bigint + 1000000)::text::xid8"
        " WHERE id = ANY(%s)"
    )
    tamper(later, write(3))
    with monkeypatch.context() as on_the_earlier_server:

        def all_settled(last: Seal | None, limit: int) -> tuple[int, Position, list[FoundRow]]:
            return LOWEST, BEGINNING, [] if last else found_rows("true", [], limit=limit)

        on_the_earlier_server.setattr("audit.seal._next_rows", all_settled)
        assert seal_log() == 3
    tamper(later, write(2))  # in the dump, and not sealed before it was made
    new = write(2)
    not_sealed_yet = verified(file)
    assert (not_sealed_yet.findings, not_sealed_yet.unsealed) == ([], 4)
    assert seal() == 4
    write(1)
    assert seal() == 1
    with system():
        assert list(AuditSeal.objects.values_list("row_count", flat=True)) == [3, 2, 2, 1]
    assert found(file) == []

    tamper("DELETE FROM activity_logs WHERE id = %s", new[0])
    (finding,) = found(file)
    assert str(new[0]) in finding


def test_the_commands_say_what_they_saw(file: Path, tamper: Tamper, capsys: pytest.CaptureFixture[str]) -> None:
    rows = write(2)
    wait_until_settled()
    call_command("seal_audit")
    call_command("verify_audit", seals=file)
    assert "Sealed 2 row(s)." in capsys.readouterr().out
    tamper("DELETE FROM activity_logs WHERE id = %s", rows[0])
    with pytest.raises(CommandError, match="1 finding"):
        call_command("verify_audit", seals=file)
    assert str(rows[0]) in capsys.readouterr().out


def test_a_log_that_was_emptied_together_with_its_seals_is_found_without_being_told_where_the_file_is(
    file: Path, tamper: Tamper, capsys: pytest.CaptureFixture[str]
) -> None:
    write(2)
    wait_until_settled()
    call_command("seal_audit")
    tamper("DELETE FROM activity_logs")
    tamper("DELETE FROM audit_seals")
    with pytest.raises(CommandError, match="3 finding"):
        call_command("verify_audit")
    capsys.readouterr()
    file.unlink()
    call_command("verify_audit")
    assert "only the table's own were believed" in capsys.readouterr().out


def test_a_missing_file_is_an_error_and_not_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("verify_audit", seals=tmp_path / "nowhere.jsonl")
