"""manage.py rotate_encryption_key: everything under the newest key, nothing lost on the way."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.models import User
from audit.actions import Action
from audit.models import ActivityLog
from audit.record import record
from medichat.db import encrypted_files
from medichat.db.base import new_id
from medichat.db.context import system
from medichat.db.encrypted import seal
from medichat.db.encryption import key_id_of
from medichat.management.commands import rotate_encryption_key
from medichat.management.commands.rotate_encryption_key import encrypted_columns

OLD, NEW = ("old", b"o" * 32), ("new", b"n" * 32)
PHONE = "07700 900123"


@pytest.fixture(autouse=True)
def under_the_old_key(settings: Any, tmp_path: Path, db: None) -> Iterator[None]:
    settings.FILES_DIR = tmp_path
    settings.ENCRYPTION_KEYS = [OLD]
    with system():
        yield


@pytest.fixture
def people() -> list[User]:
    return [User.objects.create(email=f"{number}@example.org", phone=f"{PHONE}{number}") for number in range(5)]


def rotate(**options: Any) -> str:
    out = io.StringIO()
    call_command("rotate_encryption_key", stdout=out, stderr=out, **options)
    return out.getvalue()


def stored_phone(user: User) -> bytes:
    with connection.cursor() as cursor:
        cursor.execute("SELECT phone FROM users WHERE id = %s", [user.pk])
        return bytes(cursor.fetchone()[0])


def overwrite_phone(user_id: UUID, value: bytes) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE users SET phone = %s WHERE id = %s", [value, user_id])


@pytest.mark.parametrize("batch_size", [1, 2, 5, 1000])
def test_every_value_and_file_is_put_under_the_newest_key(people: list[User], settings: Any, batch_size: int) -> None:
    file_id = new_id()
    with encrypted_files.pending():
        stored = encrypted_files.store(io.BytesIO(b"x-ray"), file_id=file_id)
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    output = rotate(batch_size=batch_size)
    settings.ENCRYPTION_KEYS = [NEW]
    assert [User.objects.get(pk=user.pk).phone for user in people] == [f"{PHONE}{number}" for number in range(5)]
    assert encrypted_files.open_verified(file_id, stored.sha256) == b"x-ray"
    assert "users.phone: 5 under new" in output
    assert "files: 1 under new" in output
    assert "may be dropped" in output


def test_running_again_changes_nothing(people: list[User], settings: Any) -> None:
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    rotate()
    before = [stored_phone(user) for user in people]
    rotate()
    assert [stored_phone(user) for user in people] == before


def test_an_interrupted_run_is_continued(people: list[User], settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    replace = rotate_encryption_key._replace

    def replace_once(*arguments: Any) -> int:
        monkeypatch.setattr(rotate_encryption_key, "_replace", interrupt)
        return replace(*arguments)

    def interrupt(*_arguments: Any) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(rotate_encryption_key, "_replace", replace_once)
    with pytest.raises(KeyboardInterrupt):
        rotate(batch_size=2)
    half = [stored_phone(user) for user in people]
    assert sorted(key_id_of(value) for value in half) == ["new", "new", "old", "old", "old"]
    monkeypatch.setattr(rotate_encryption_key, "_replace", replace)
    rotate(batch_size=2)
    done = [stored_phone(user) for user in people]
    assert {key_id_of(value) for value in done} == {"new"}
    assert [value for value in half if key_id_of(value) == "new"] == done[:2]


def test_a_value_that_is_changed_meanwhile_is_kept_and_rotated_in_the_next_pass(
    people: list[User], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = people[2]
    settings.ENCRYPTION_KEYS = [OLD]
    meanwhile = seal("users", "phone", changed.pk, "01632 960001")  # by a process that has the old key only
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    passes: list[str] = []

    def seal_while_somebody_writes(table: str, column: str, row_id: UUID, text: str) -> bytes:
        if row_id == changed.pk:
            if not passes:
                overwrite_phone(changed.pk, meanwhile)
            passes.append(text)
        return seal(table, column, row_id, text)

    monkeypatch.setattr(rotate_encryption_key, "seal", seal_while_somebody_writes)
    rotate()
    assert passes == [f"{PHONE}2", "01632 960001"]
    assert key_id_of(stored_phone(changed)) == "new"
    assert User.objects.get(pk=changed.pk).phone == "01632 960001"


def test_a_damaged_value_is_named_and_does_not_stop_the_others(people: list[User], settings: Any) -> None:
    damaged = people[0]
    overwrite_phone(damaged.pk, stored_phone(people[1]))
    before = stored_phone(damaged)
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    out = io.StringIO()
    with pytest.raises(CommandError, match="old"):
        call_command("rotate_encryption_key", stdout=out, stderr=out)
    output = out.getvalue()
    assert output.count(f"users.phone of row {damaged.pk} cannot be decrypted") == 1
    assert "users.phone: 4 under new, 1 under old" in output
    assert "may be dropped" not in output
    assert stored_phone(damaged) == before


def test_a_damaged_file_keeps_the_old_key(settings: Any) -> None:
    file_id = new_id()
    with encrypted_files.pending():
        encrypted_files.store(io.BytesIO(b"x-ray"), file_id=file_id)
    path = next(Path(settings.FILES_DIR).rglob(str(file_id)))
    path.write_bytes(path.read_bytes()[:-1])
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    out = io.StringIO()
    with pytest.raises(CommandError, match="1 values or files"):
        call_command("rotate_encryption_key", stdout=out, stderr=out)
    assert str(file_id) in out.getvalue()


def test_no_value_is_printed(people: list[User], settings: Any) -> None:
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    assert people
    assert "07700" not in rotate()


def test_a_batch_has_at_least_one_row() -> None:
    with pytest.raises(CommandError, match="batch-size"):
        rotate(batch_size=0)


def test_the_system_may_read_and_update_every_encrypted_table() -> None:
    """Otherwise the command would see no rows there and say that the old key may go."""
    tables = {model._meta.db_table for model, _column in encrypted_columns()}
    assert {"users", "messages", "conversations", "attachments"} <= tables
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tablename, cmd FROM pg_policies WHERE qual LIKE %s AND cmd IN ('SELECT', 'UPDATE', 'ALL')",
            ["%'system'%"],
        )
        allowed = set(cursor.fetchall())
        cursor.execute("SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relrowsecurity")
        open_to_all = {name for (name,) in cursor.fetchall()}
    for table in tables - open_to_all:
        for command in ("SELECT", "UPDATE"):
            assert {(table, command), (table, "ALL")} & allowed, f"{table}: the system may not {command}"
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(
                "SELECT has_table_privilege(%s, 'SELECT'), has_table_privilege(%s, 'UPDATE')", [table, table]
            )
            assert cursor.fetchone() == (True, True), f"{table}: the application role may not read or update it"


def test_the_key_of_an_append_only_table_is_named_as_still_needed(settings: Any) -> None:
    record(Action.PROFILE_UPDATED, actor=None, resource_type="user", codes={"fields": ["phone"]})
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    said = rotate()
    assert "activity_logs.metadata (append-only, kept): 1 under" in said
    assert f"Keep {OLD[0]} behind it" in said
    assert "may be dropped" not in said
    with system():
        assert ActivityLog.objects.get().metadata == '{"fields": ["phone"]}'
