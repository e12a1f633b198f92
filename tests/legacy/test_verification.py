"""The verification finds whatever is different, and names it: each change here is made behind the program's back."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from accounts import signals
from accounts.models import User
from audit.actions import Action
from audit.record import record
from medichat.db.context import acting_as, system
from medichat.db.encryption import seal
from medichat.legacy import verify
from medichat.legacy.account import ENTITIES
from medichat.legacy.compare import Comparison
from medichat.legacy.load import Options, Silent
from medichat.legacy.parse.identity import row_id
from medichat.legacy.read import open_source
from tests.legacy.generator import OldClinic, Size
from tests.legacy.importing import Loaded, import_mongo

SIZE = Size(users=40, conversations=30, logs=40)
CLINIC = OldClinic(SIZE)
Tamper = Callable[[psycopg.Connection], object]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return CLINIC.write_dump(tmp_path_factory.mktemp("dump"))


@pytest.fixture(scope="module")
def loaded(folder: Path, loaded_database: Callable[[Path], Loaded]) -> Loaded:
    found = loaded_database(folder)
    with psycopg.connect(found.superuser_url, autocommit=True) as admin:  # what would stop some of the changes
        admin.execute("ALTER TABLE messages DROP CONSTRAINT messages_position_unique")
        admin.execute("DROP INDEX allergies_once_per_patient")
    return found


def compared(loaded: Loaded) -> Comparison:
    with open_source(str(loaded.folder)) as source:
        return verify.again(source, Options(processes=0), Silent())


@contextmanager
def tampered(loaded: Loaded, table: str, where: str, change: str, *parameters: object) -> Iterator[None]:
    """A change that no trigger and no constraint sees; taken back afterwards."""
    with psycopg.connect(loaded.superuser_url, autocommit=True) as admin:
        admin.execute("SET session_replication_role = replica")
        columns = sql.SQL(", ").join(
            sql.Identifier(name)
            for (name,) in admin.execute(
                "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public'"
                " AND table_name = %s AND is_generated = 'NEVER'",
                [table],
            )
        )
        name = sql.Identifier(table)
        admin.execute(sql.SQL("CREATE TEMPORARY TABLE saved AS SELECT {} FROM {}").format(columns, name))
        assert admin.execute(change.replace("WHERE ?", f"WHERE {where}").encode(), parameters).rowcount > 0
        try:
            yield
        finally:
            admin.execute(sql.SQL("DELETE FROM {}").format(name))
            admin.execute(sql.SQL("INSERT INTO {0} ({1}) SELECT {1} FROM saved").format(name, columns))


def some(loaded: Loaded, table: str, condition: str = "true", place: int = 0) -> str:
    """The legacy id of an imported row."""
    with psycopg.connect(loaded.superuser_url) as admin:
        query = "SELECT legacy_id FROM {} WHERE legacy_id IS NOT NULL AND {} ORDER BY id OFFSET {}"
        row = admin.execute(query.format(table, condition, place).encode()).fetchone()
    assert row is not None
    return str(row[0])


def named(comparison: Comparison) -> list[str]:
    assert not comparison.is_clean
    return [str(difference) for difference in comparison.differences]


def test_a_fresh_import_agrees_in_every_row(loaded: Loaded) -> None:
    assert loaded.code == 0, loaded.console
    assert loaded.report["verification"]["differences"] == []
    assert loaded.report["ok"] is True
    for entity, figures in loaded.report["entities"].items():
        assert figures["verified"] == figures["loaded"], entity
        assert figures["mismatched"] == 0, entity
    again = compared(loaded)
    assert again.is_clean
    assert again.verified.total() >= sum(figures["verified"] for figures in loaded.report["entities"].values())


@pytest.mark.parametrize(
    ("table", "change", "expected"),
    [
        ("messages", "UPDATE messages SET text = set_byte(text, length(text) - 1, get_byte(text, length(text) - 1) # 1)"
                     " WHERE ?", "unreadable (text)"),
        ("messages", "UPDATE messages SET position = position + 5000 WHERE ?", "different (position)"),
        ("messages", "UPDATE messages SET sent_at = sent_at + interval '1 millisecond' WHERE ?", "different (sent_at)"),
        ("messages", "UPDATE messages SET sender = 'system' WHERE ?", "different (sender)"),
        ("messages", "DELETE FROM messages WHERE ?", "missing"),
        ("allergies", "UPDATE allergies SET allergen = allergen || 'e' WHERE ?", "different (allergen)"),
        ("allergies", "UPDATE allergies SET severity = 'mild' WHERE ?", "different (severity)"),
        ("allergies", "DELETE FROM allergies WHERE ?", "missing"),
        ("patient_medical_info", "DELETE FROM patient_medical_info WHERE ?", "missing"),
        ("medical_history", "UPDATE medical_history SET diagnosed_on = '1999-09-09' WHERE ?",
         "different (diagnosed_on)"),
        ("users", "UPDATE users SET password = 'legacy_bcrypt$x' WHERE ?", "different (password)"),
        ("users", "UPDATE users SET role = 'doctor' WHERE ?", "different (role)"),
        ("users", "UPDATE users SET is_active = NOT is_active WHERE ?", "different (is_active)"),
        ("conversations", "UPDATE conversations SET visit_number = visit_number + 50 WHERE ?",
         "different (visit_number)"),
        ("conversations", "UPDATE conversations SET unread_by_patient = NOT unread_by_patient WHERE ?",
         "different (unread_by_patient)"),
        ("conversations", "UPDATE conversations SET status = NULL WHERE ?", "different (status)"),
        ("activity_logs", "UPDATE activity_logs SET status = 'failure' WHERE ?", "different (status)"),
        ("activity_logs", "UPDATE activity_logs SET duration_ms = 1.25 WHERE ?", "different (duration_ms)"),
        ("activity_logs", "DELETE FROM activity_logs WHERE ?", "missing"),
    ],
)  # fmt: skip
def test_a_row_that_was_changed_or_removed_is_named(loaded: Loaded, table: str, change: str, expected: str) -> None:
    condition = "status = 'success' AND duration_ms <> 1.25" if table == "activity_logs" else "true"
    legacy_id = some(loaded, table, condition if table == "activity_logs" else "true", place=3)
    with tampered(loaded, table, f"legacy_id = '{legacy_id}'", change):
        assert named(compared(loaded)) == [f"{table} {legacy_id}: {expected}"]
    assert compared(loaded).is_clean


def test_another_text_that_is_sealed_rightly_is_named(loaded: Loaded) -> None:
    legacy_id = some(loaded, "messages")
    sealed = seal("messages", "text", row_id("messages", legacy_id), "I have no pain at all.")
    change = "UPDATE messages SET text = %s WHERE ?"
    with tampered(loaded, "messages", f"legacy_id = '{legacy_id}'", change, sealed):
        assert named(compared(loaded)) == [f"messages {legacy_id}: different (text)"]


def test_two_messages_that_changed_places_are_named(loaded: Loaded) -> None:
    first = some(loaded, "messages", "position = 2")
    conversation = first.split(".")[0]
    second = some(loaded, "messages", f"position = 3 AND legacy_id LIKE '{conversation}.%'")
    change = "UPDATE messages SET position = 5 - position WHERE ?"
    with tampered(loaded, "messages", f"legacy_id IN ('{first}', '{second}')", change):
        assert sorted(named(compared(loaded))) == sorted(
            f"messages {one}: different (position)" for one in (first, second)
        )


def test_allergies_of_two_patients_that_were_swapped_are_named(loaded: Loaded) -> None:
    first, second = some(loaded, "allergies"), some(loaded, "allergies", place=8)
    assert first.split(".")[0] != second.split(".")[0]
    change = (
        "UPDATE allergies a SET patient_id = b.patient_id FROM allergies b"
        " WHERE a.legacy_id IN (%s, %s) AND b.legacy_id IN (%s, %s) AND a.id <> b.id"
    )
    with tampered(loaded, "allergies", "", change, first, second, first, second):
        found = named(compared(loaded))
    assert set(found) == {f"allergies {one}: different (patient_id)" for one in (first, second)}


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("messages", "conversation_id, patient_id, sender, text, sent_at, topic, created_at, updated_at, position"),
        ("allergies", "patient_id, source, allergen, entered_in_error_reason, created_at, updated_at"),
    ],
)
def test_a_row_that_is_too_many_in_a_document_is_named(loaded: Loaded, table: str, columns: str) -> None:
    legacy_id = some(loaded, table)
    values = columns.replace(" position", " position + 500")
    change = "INSERT INTO {0} (id, legacy_id, {1}) SELECT gen_random_uuid(), legacy_id || 'x', {2} FROM {0} WHERE ?"
    change = change.format(table, columns, values)
    with tampered(loaded, table, f"legacy_id = '{legacy_id}'", change):
        assert named(compared(loaded)) == [f"{table} {legacy_id}x: surplus"]


def test_an_account_and_an_entry_of_the_log_that_are_too_many_are_named(loaded: Loaded) -> None:
    person = (
        "INSERT INTO users (id, legacy_id, email, password, role, first_name, last_name, on_duty, is_active,"
        " email_verified, created_at, updated_at, record_number) SELECT gen_random_uuid(), 'nobody', 'no@x.example',"
        " '!', 'patient', 'No', 'Body', false, true, false, now(), now(), 999999 FROM users WHERE ?"
    )
    entry = (
        "INSERT INTO activity_logs (id, legacy_id, occurred_at, action, purpose) "
        "SELECT gen_random_uuid(), 'nothing', now(), 'user.login', '' FROM users LIMIT 1"
    )
    with tampered(loaded, "users", f"legacy_id = '{some(loaded, 'users')}'", person):
        assert named(compared(loaded)) == ["users nobody: surplus"]
    with tampered(loaded, "activity_logs", "", entry):
        assert named(compared(loaded)) == ["activity_logs nothing: surplus"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("UPDATE import_documents SET rows = set_byte(rows, 20, get_byte(rows, 20) # 1) WHERE ?", "ledger (rows)"),
        ("UPDATE import_documents SET rows = substr(rows, 34) WHERE ?", "ledger (rows)"),
        (
            "UPDATE import_documents SET digest = set_byte(digest, 3, get_byte(digest, 3) # 1) WHERE ?",
            "ledger (digest)",
        ),
        ("DELETE FROM import_documents WHERE ?", "missing"),
    ],
)
def test_a_changed_ledger_is_named(loaded: Loaded, change: str, expected: str) -> None:
    with psycopg.connect(loaded.superuser_url) as admin:
        row = admin.execute("SELECT legacy_id FROM conversations ORDER BY id LIMIT 1").fetchone()
    assert row is not None
    with tampered(loaded, "import_documents", f"legacy_id = '{row[0]}'", change):
        assert named(compared(loaded)) == [f"import_documents {row[0]}: {expected}"]


def test_an_edit_on_the_record_is_listed_and_no_difference(loaded: Loaded) -> None:
    legacy_id = some(loaded, "users", "role = 'patient' AND is_active", place=2)
    with tampered(loaded, "users", f"legacy_id = '{legacy_id}'", "UPDATE users SET on_duty = on_duty WHERE ?"):
        with system():
            person = User.objects.get(legacy_id=legacy_id)
        with acting_as(person):
            person.phone = "+00 999"
            person.save(update_fields=["phone"])
        assert named(compared(loaded)) == [f"users {legacy_id}: different (phone)"], "nobody has said who did it"
        with acting_as(person):
            signals.profile_updated.send(User, user=person, fields=["phone"])
        found = compared(loaded)
        assert found.is_clean
        assert [str(one) for one in found.edited] == [f"users {legacy_id}: different (phone)"]


def test_signing_in_explains_no_other_role(loaded: Loaded) -> None:
    legacy_id = some(loaded, "users", "role = 'patient' AND is_active", place=3)
    with system():
        person = User.objects.get(legacy_id=legacy_id)
        record(Action.SIGNED_IN, actor=person, resource_type="user", resource_id=person.pk)
    with tampered(loaded, "users", f"legacy_id = '{legacy_id}'", "UPDATE users SET role = 'admin' WHERE ?"):
        assert f"users {legacy_id}: different (role)" in named(compared(loaded))
    with tampered(loaded, "users", f"legacy_id = '{legacy_id}'", "UPDATE users SET last_login = now() WHERE ?"):
        assert compared(loaded).is_clean


def test_the_command_names_differences_and_says_so_with_its_exit_code(loaded: Loaded, tmp_path: Path) -> None:
    run = loaded.report["run"]
    fine = import_mongo("--verify", run, report=tmp_path / "report.json")
    assert fine.code == 0, fine.console
    assert fine.report["entities"] == loaded.report["entities"]
    assert list(fine.report["entities"]) == list(ENTITIES), "in the order of the import"
    legacy_id = some(loaded, "messages", place=5)
    with tampered(loaded, "messages", f"legacy_id = '{legacy_id}'", "DELETE FROM messages WHERE ?"):
        wrong = import_mongo("--verify", run, report=tmp_path / "report.json")
    assert wrong.code == 1
    assert f"messages {legacy_id}: missing" in wrong.console
    assert wrong.report["ok"] is False
    assert wrong.report["entities"]["messages"]["mismatched"] == 1
    assert import_mongo("--verify", "no such run").code == 2
    assert import_mongo("--verify", run, "--dump", tmp_path / "nowhere").code == 2


def test_what_the_source_has_dropped_since_is_counted_apart(loaded: Loaded, tmp_path: Path) -> None:
    smaller = tmp_path / "smaller"
    smaller.mkdir()
    for name in ("users", "conversations", "activity_logs"):
        raws = list(CLINIC.documents(name))
        (smaller / f"{name}.bson").write_bytes(b"".join(raws[:-2] if name == "activity_logs" else raws))
    with open_source(str(smaller)) as source:
        found = verify.again(source, Options(processes=0), Silent())
    assert found.is_clean
    assert dict(found.gone) == {"activity_logs": 2}
