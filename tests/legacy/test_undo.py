"""A run can be undone: what it loaded goes, what somebody worked with stays, and the log stays whole."""

from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from accounts import signals
from accounts.models import User
from conversations.models import Conversation
from medichat.db.context import acting_as, system
from medichat.db.roles import Names
from medichat.legacy.models import ImportedDocument, ImportItem, ImportRun
from medichat.legacy.tables import TABLES
from medichat.legacy.undo import LISTED, Refusal, Undo, Undone
from prescriptions.models import Prescription
from records.models import Allergy, CareRelation
from tests import database
from tests.cast import ClientOf
from tests.factories import AdministratorFactory
from tests.legacy.generator import OldClinic, Size
from tests.legacy.importing import Outcome, import_mongo, rows

pytestmark = pytest.mark.django_db(transaction=True)
SIZE = Size(users=40, conversations=30, logs=40)
DERIVED = ("care_relations", "conversation_words", "search_words", "conversation_archives")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return OldClinic(SIZE).write_dump(tmp_path_factory.mktemp("dump"))


@pytest.fixture
def loaded(folder: Path) -> Outcome:
    found = import_mongo("--dump", folder, report=folder / "report.json")
    assert found.code == 0, found.console
    return found


def counts() -> dict[str, int]:
    tables = [*TABLES, *DERIVED]
    # Table names are constants.
    # Names of tables and columns are constants.
    return {name: int(rows(f"SELECT count(*) FROM {name}")[0][0]) for name in tables}  # noqa: S608


def undo(loaded: Outcome, report: Path) -> Outcome:
    found = import_mongo("--undo", loaded.report["run"])
    with system():
        run = ImportRun.objects.get(pk=loaded.report["run"])
        assert run.status == ImportRun.Status.UNDONE
        return Outcome(found.code, found.console, run.report["undo"])


def test_everything_but_the_log_goes_and_a_new_import_brings_it_back(loaded: Outcome, folder: Path) -> None:
    before = counts()

    undone = undo(loaded, folder / "undo.json")

    assert undone.code == 0, undone.console
    after = counts()
    assert {name: count for name, count in after.items() if count} == {
        "activity_logs": before["activity_logs"] + 1  # that it was undone
    }
    assert undone.report["removed"]["messages"] == before["messages"]
    assert undone.report["kept"] == {"activity_logs": SIZE.logs}
    assert undone.report["refused"] == []
    with system():
        assert set(ImportedDocument.objects.values_list("collection", flat=True)) == {"activity_logs"}

    again = import_mongo("--dump", folder, report=folder / "again.json")

    assert again.code == 0, again.console
    assert {name: count for name, count in counts().items() if name != "activity_logs"} == {
        name: count for name, count in before.items() if name != "activity_logs"
    }
    assert again.report["entities"]["activity_logs"]["unchanged"] == SIZE.logs


def test_entries_of_the_log_are_known_to_be_of_an_undone_run(loaded: Outcome, folder: Path) -> None:
    undo(loaded, folder / "undo.json")
    marked = rows(
        "SELECT count(*) FROM activity_logs a JOIN import_documents d ON d.legacy_id = a.legacy_id"
        " JOIN import_runs r ON r.id = d.first_run_id WHERE d.collection = 'activity_logs' AND r.status = 'undone'"
    )
    assert marked == [(SIZE.logs,)]
    assert rows("SELECT count(*) FROM activity_logs WHERE action = 'import.undone'") == [(1,)]


def test_an_entry_of_an_undone_run_says_so_until_a_run_brings_it_again(
    loaded: Outcome, folder: Path, client_of: ClientOf
) -> None:
    ((entry,),) = rows("SELECT id FROM activity_logs WHERE legacy_id IS NOT NULL LIMIT 1")
    client = client_of(AdministratorFactory())

    def page() -> str:
        return str(client.get(f"/admin/audit/activitylog/{entry}/change/").content.decode())

    assert "(undone)" not in page()
    undo(loaded, folder / "undo.json")
    assert "(undone)" in page()
    assert import_mongo("--dump", folder).code == 0
    assert "(undone)" not in page()


def test_what_came_again_after_an_undo_can_be_undone_again(loaded: Outcome, folder: Path) -> None:
    administrator = AdministratorFactory()
    with system():
        for item in ImportItem.objects.filter(state="open").order_by("id")[:50]:
            item.resolve(by=administrator)  # so that their documents are not forgotten
    people = counts()["users"] - 1
    assert undo(loaded, folder / "undo.json").report["refused_count"] == 0
    again = import_mongo("--dump", folder, report=folder / "again.json")
    assert (again.code, counts()["users"] - 1) == (0, people)
    assert undo(again, folder / "undo.json").report["refused_count"] == 0
    assert counts()["users"] == 1


def test_an_interrupted_run_whose_undo_was_killed_begins_anew(
    loaded: Outcome, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = counts()
    with system():
        ImportRun.objects.update(status=ImportRun.Status.RUNNING)

    def killed(self: Undo) -> None:
        raise psycopg.OperationalError("the connection is gone")

    with monkeypatch.context() as patch:
        patch.setattr(Undo, "_count_log", killed)
        assert import_mongo("--undo", loaded.report["run"]).code == 2
    assert counts()["users"] == 0
    assert import_mongo("--dump", folder).code == 0
    after = counts()
    assert after.pop("activity_logs") > before.pop("activity_logs"), "the steps of the import are on record"
    assert after == before


def test_an_edited_entry_stays_with_the_whole_chart_and_everything_else_goes(loaded: Outcome, folder: Path) -> None:
    with system():
        allergy = Allergy.objects.filter(legacy_id__isnull=False).order_by("id").first()
        assert allergy is not None
        theirs = Allergy.objects.filter(patient_id=allergy.patient_id).count()
        Allergy.objects.filter(pk=allergy.pk).update(severity="severe")

    undone = undo(loaded, folder / "undo.json")

    assert undone.code == 1
    first, *doctors = undone.report["refused"]
    assert first == f"allergies {allergy.legacy_id}: edited here"
    assert len(doctors) <= 1, "whom the chart names"
    assert f"allergies {allergy.legacy_id}: edited here" in undone.console
    with system():
        assert Allergy.objects.filter(patient_id=allergy.patient_id).count() == theirs == Allergy.objects.count()
        kept = User.objects.filter(legacy_id__isnull=False)
        assert kept.filter(pk=allergy.patient_id).exists()
        assert kept.filter(role="patient").count() == 1
        assert Conversation.objects.count() == 0


def test_a_case_with_something_new_in_it_stays_with_its_patient_and_doctor(loaded: Outcome, folder: Path) -> None:
    with system():
        case = Conversation.objects.filter(doctor__isnull=False, status="doctor_responded").order_by("id").first()
        assert case is not None
        assert case.doctor_id is not None
        messages = case.messages.count()
        case.messages.create(
            patient_id=case.patient_id,
            position=9000,
            sender="assistant",
            text="Said here.",
            sent_at="2026-01-01T00:00Z",
        )

    undone = undo(loaded, folder / "undo.json")

    assert undone.code == 1
    assert f"conversations {case.legacy_id}: something that stays refers to it" in undone.report["refused"]
    with system():
        assert Conversation.objects.get().pk == case.pk
        assert case.messages.count() == messages + 1
        assert User.objects.filter(pk__in=[case.patient_id, case.doctor_id]).count() == 2
        assert CareRelation.objects.filter(case_id=case.pk).exists()


def test_whoever_has_signed_in_stays(loaded: Outcome, folder: Path) -> None:
    with system():
        person = User.objects.filter(role="patient", is_active=True, legacy_id__isnull=False).order_by("id").first()
        assert person is not None
        person.sessions.create(
            kind="browser", key_hash="0" * 64, last_active_at="2026-01-01T00:00Z", expires_at="2026-01-02T00:00Z"
        )
    undone = undo(loaded, folder / "undo.json")
    assert f"users {person.legacy_id}: something that stays refers to it" in undone.report["refused"]
    with system():
        assert User.objects.filter(pk=person.pk).exists()


def test_an_edited_prescription_keeps_its_case(loaded: Outcome, folder: Path) -> None:
    with system():
        given = Prescription.objects.order_by("id").first()
        assert given is not None
        Prescription.objects.filter(pk=given.pk).update(dose="half of it")
    undone = undo(loaded, folder / "undo.json")
    assert f"prescriptions {given.legacy_id}: edited here" in undone.report["refused"]
    with system():
        assert Conversation.objects.get().pk == given.conversation_id


def test_what_an_earlier_run_loaded_stays(loaded: Outcome, folder: Path, tmp_path: Path) -> None:
    OldClinic(SIZE, is_later=True).write_dump(folder.parent / "later")
    before = counts()
    later = import_mongo("--dump", folder.parent / "later", report=tmp_path / "later.json")
    assert later.code == 0, later.console

    undone = undo(later, tmp_path / "undo.json")

    assert undone.code == 1
    assert any("loaded by an earlier run" in sentence for sentence in undone.report["refused"])
    after = counts()
    assert after["users"] == before["users"]
    assert after["conversations"] == before["conversations"]


def test_an_undo_that_was_killed_can_be_started_again(
    loaded: Outcome, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("medichat.legacy.undo._BATCH", 5)
    passed: list[int] = []

    def killed(self: Undo, keys: list[UUID]) -> list[UUID]:
        passed.append(len(keys))
        if len(passed) == 3:
            raise psycopg.OperationalError("the connection is gone")
        return original(self, keys)

    original = Undo._remove_all
    monkeypatch.setattr(Undo, "_remove_all", killed)
    broken = import_mongo("--undo", loaded.report["run"])
    assert broken.code == 2
    monkeypatch.setattr(Undo, "_remove_all", original)
    assert undo(loaded, folder / "undo.json").code == 0
    assert counts()["users"] == 0


def test_a_run_is_undone_once_and_only_one_there_is(loaded: Outcome, folder: Path) -> None:
    undo(loaded, folder / "undo.json")
    assert import_mongo("--undo", loaded.report["run"]).code == 2
    assert import_mongo("--undo", "a run that never was").code == 2


def test_a_dry_run_removes_nothing(loaded: Outcome) -> None:
    before = counts()
    assert import_mongo("--undo", loaded.report["run"], "--dry-run").code == 2
    assert counts() == before


def test_an_account_that_only_its_owner_used_stays_when_it_was_edited(loaded: Outcome, folder: Path) -> None:
    with system():
        person = User.objects.filter(role="patient", is_active=True).order_by("id").first()
        assert person is not None
    with acting_as(person):
        person.phone = "+00 123"
        person.save(update_fields=["phone"])
        signals.profile_updated.send(User, user=person, fields=["phone"])
    undone = undo(loaded, folder / "undo.json")
    assert f"users {person.legacy_id}: edited here" in undone.report["refused"]


def test_nobody_but_the_system_may_delete_what_was_imported(
    loaded: Outcome, test_run: database.TestRun, clone_names: Names
) -> None:
    with psycopg.connect(test_run.application_url(clone_names)) as connection:
        for role in ("patient", "doctor", "admin", ""):
            connection.execute("SELECT set_config('medichat.role', %s, true)", [role])
            for table in ("messages", "allergies", "conversations", "users", "prescriptions"):
                # Table names are constants.
                # Names of tables and columns are constants.
                assert connection.execute(f"DELETE FROM {table}".encode()).rowcount == 0  # noqa: S608


def test_the_report_lists_some_and_counts_all() -> None:
    undone = Undone()
    undone.refuse(*[Refusal("users", str(number), "edited here") for number in range(LISTED + 5)])
    assert len(undone.for_report()["refused"]) == LISTED
    assert undone.for_report()["refused_count"] == LISTED + 5
