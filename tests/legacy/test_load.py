"""A whole clinic comes over: every row as the parsers made it, with what the pages need around it."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from accounts.models import Role, User
from conversations.models import Conversation, ConversationWord, Status
from medichat.db.blind_index import query_tokens
from medichat.legacy.load import Options
from medichat.legacy.loader import Loader
from medichat.legacy.models import ImportBatch, ImportedDocument, ImportItem, ImportRun
from medichat.legacy.parse.parsing import NOT_KEPT
from records.models import CareRelation
from tests import database
from tests.cast import as_person, system
from tests.conftest import disconnect
from tests.legacy.generator import SMALL, OldClinic
from tests.legacy.importing import Outcome, import_mongo
from tests.legacy.loading import Rows, expected, load_dump, snapshot
from tests.sealing import seal_settled_log

if TYPE_CHECKING:
    from medichat.db.roles import Names


@pytest.fixture(scope="module")
def dump(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The made-up clinic as mongodump writes it."""
    return OldClinic(SMALL).write_dump(tmp_path_factory.mktemp("clinic"))


@pytest.fixture(scope="module")
def wanted() -> Rows:
    """What the parsers and the rules make of it."""
    return expected(OldClinic(SMALL).as_dict())


@pytest.fixture(scope="module")
def outcome(
    dump: Path,
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    test_run: database.TestRun,
    clone_names: "Names",
) -> Iterator[Outcome]:
    """Loaded once for the tests that only look; at the module's end the database is as new."""
    with django_db_blocker.unblock():
        yield import_mongo("--dump", dump, "--batch", 7, report=dump / "report.json")
        disconnect()
        test_run.clone(clone_names)


@pytest.fixture
def fresh(transactional_db: None, test_run: database.TestRun, clone_names: "Names") -> None:
    """An empty database, although the module's loaded one may still be there."""
    disconnect()
    test_run.clone(clone_names)


@pytest.mark.django_db
def test_every_row_is_as_the_parsers_and_the_rules_made_it(outcome: Outcome, wanted: Rows) -> None:
    found = snapshot()
    assert {table: len(rows) for table, rows in found.items()} == {table: len(rows) for table, rows in wanted.items()}
    for table, rows in wanted.items():
        assert found[table] == rows, table
    assert min(len(rows) for rows in found.values()) > 0, "the clinic has something for every table"
    assert outcome.code == 0


@pytest.mark.django_db
def test_doctors_find_their_imported_patients(outcome: Outcome) -> None:
    with system():
        waiting = Conversation.objects.filter(status=Status.AWAITING_DOCTOR, doctor=None).first()
        answered = Conversation.objects.filter(status=Status.DOCTOR_RESPONDED, doctor__isnull=False).first()
        assert waiting is not None
        assert answered is not None
        doctor = User.objects.get(pk=answered.doctor_id)
        stranger = User.objects.filter(role=Role.DOCTOR, is_active=True).exclude(pk=doctor.pk).first()
        administrator = User.objects.filter(role=Role.ADMIN, is_active=True).first()
        assert stranger is not None
        assert administrator is not None
        assert not User.objects.doctors().exists(), "nobody has checked their licences here"
        for one in (doctor, stranger):
            one.approve(by=administrator)
    for one in (doctor, stranger):
        with as_person(one):
            queue = Conversation.objects.visible_to(one).waiting().unclaimed()
            assert waiting in queue.filter(queue_rank__isnull=False, submitted_at__isnull=False)
    with as_person(doctor):
        assert answered in Conversation.objects.visible_to(doctor)
        assert answered.patient_id in set(User.objects.patients().values_list("pk", flat=True))


@pytest.mark.django_db
def test_assigned_doctors_care_for_their_patients(outcome: Outcome) -> None:
    with system():
        relations = set(CareRelation.objects.filter(kind="assigned").values_list("patient_id", "doctor_id"))
        with connection.cursor() as cursor:
            cursor.execute("SELECT patient_id, assigned_doctor_id FROM patient_medical_info")
            assigned = {(patient, doctor) for patient, doctor in cursor.fetchall() if doctor}
    assert relations == assigned
    assert assigned


@pytest.mark.django_db
def test_cases_are_found_by_the_words_of_their_patients(outcome: Outcome) -> None:
    with system():
        case = Conversation.objects.filter(messages__sender="patient").first()
        assert case is not None
        text = max((message.text for message in case.messages.filter(sender="patient")), key=len)
        wanted = query_tokens(text)
        found = ConversationWord.objects.filter(conversation=case, token__in=wanted).values_list("token", flat=True)
        assert set(found) == wanted
        assert wanted


@pytest.mark.django_db
def test_every_set_aside_value_is_kept_and_opens(outcome: Outcome) -> None:
    with system():
        items = list(ImportItem.objects.filter(outcome="set_aside"))
        secrets = {item.rule for item in items if item.raw is None}
        assert secrets <= {"password_not_kept", "secret_not_kept", "possible_password_not_kept", "empty_element"}
        for item in items:
            assert item.raw is None or json.loads(item.raw) is not None
        kept = ImportedDocument.objects.filter(raw__isnull=False)
        assert all("_id" in json.loads(document.raw) for document in kept)
        assert not any("$2a$" in document.raw or "$2b$" in document.raw for document in kept)
        assert {json.loads(document.raw).get("password", NOT_KEPT) for document in kept} == {NOT_KEPT}


@pytest.mark.django_db
def test_neither_console_nor_report_shows_anything_of_anybody(outcome: Outcome, wanted: Rows) -> None:
    people = wanted["users"].values()
    secret = {row["email"] for row in people} | {row["last_name"] for row in people if len(row["last_name"]) > 4}
    secret |= {row["text"] for row in wanted["messages"].values() if len(row["text"]) > 20}
    shown = outcome.console + json.dumps(outcome.report)
    assert [one for one in secret if one in shown] == []
    assert "set aside" in shown


@pytest.mark.django_db
def test_the_report_has_every_entity_and_rule(outcome: Outcome) -> None:
    report: dict[str, Any] = outcome.report
    assert report["ok"] is True
    assert len(report["entities"]) == 16
    for figures in report["entities"].values():
        assert figures["source"] == figures["loaded"] + figures["merged"] + figures["set_aside"]
        assert figures["inserted"] == figures["loaded"]
    assert {rule["outcome"] for rule in report["rules"].values()} == {"repaired", "set_aside", "merged"}
    with system():
        run = ImportRun.objects.get()
        assert str(run.pk) == report["run"]
        assert run.status == "finished"
        assert run.is_ok is True
        assert ImportItem.objects.count() == sum(rule["count"] for rule in report["rules"].values())
        assert json.loads(json.dumps(run.report)) == report


@pytest.mark.django_db
def test_the_run_is_on_the_record(outcome: Outcome) -> None:
    with system(), connection.cursor() as cursor:
        cursor.execute("SELECT action, actor_role FROM activity_logs WHERE legacy_id IS NULL ORDER BY sequence")
        assert cursor.fetchall() == [("import.started", "system"), ("import.finished", "system")]


@pytest.mark.usefixtures("fresh")
@pytest.mark.django_db(transaction=True)
def test_worker_processes_and_other_batches_give_the_same_database(dump: Path, wanted: Rows) -> None:
    load_dump(dump, Options(batch=50, processes=2))
    assert snapshot() == wanted


@pytest.mark.usefixtures("fresh")
@pytest.mark.django_db(transaction=True)
def test_without_the_owner_the_rows_travel_as_arrays_and_are_the_same(
    dump: Path, wanted: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "DATABASES", {"default": settings.DATABASES["default"]})
    load_dump(dump)
    assert snapshot() == wanted


@pytest.mark.usefixtures("fresh")
@pytest.mark.django_db(transaction=True)
def test_entries_lie_in_their_months_as_far_back_as_entries_are_kept(
    dump: Path, wanted: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    first_kept = datetime(2023, 6, 1, tzinfo=UTC)
    monkeypatch.setattr(settings, "AUDIT_RETENTION_DAYS", (timezone.now() - first_kept).days)
    load_dump(dump)
    with system(), connection.cursor() as cursor:
        cursor.execute("SELECT id, tableoid::regclass::text FROM activity_logs WHERE legacy_id IS NOT NULL")
        lies_in = dict(cursor.fetchall())
    times = {key: row["occurred_at"] for key, row in wanted["activity_logs"].items()}
    assert lies_in == {
        key: f"activity_logs_{time:%Y_%m}" if time > first_kept else "activity_logs_default"
        for key, time in times.items()
    }
    assert len(set(lies_in.values())) > 10


@pytest.mark.usefixtures("fresh")
@pytest.mark.django_db(transaction=True)
def test_a_dry_run_says_the_same_and_writes_nothing(dump: Path) -> None:
    dry = load_dump(dump, Options(batch=7, processes=0, is_dry=True))
    assert sum(len(rows) for rows in snapshot().values()) == 0
    with system():
        left = [model.objects.count() for model in (ImportRun, ImportBatch, ImportedDocument, ImportItem)]
    assert left == [0, 0, 0, 0]

    real = load_dump(dump)

    assert dry.counts.entities() == real.counts.entities()
    assert dry.counts.rules_for_report() == real.counts.rules_for_report()
    assert dry.counts.accounts == real.counts.accounts


@pytest.mark.usefixtures("fresh")
@pytest.mark.django_db(transaction=True)
def test_a_dry_run_cannot_write(dump: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its transactions are read-only: even a loader that forgot to be dry would be refused."""
    begin = Loader.__init__
    monkeypatch.setattr(Loader, "__init__", lambda self, place, run, **_: begin(self, place, run, is_dry=False))
    with pytest.raises(Exception, match=r"refused to work \(SQLSTATE 25006"):
        load_dump(dump, Options(batch=7, processes=0, is_dry=True))
    assert sum(len(rows) for rows in snapshot().values()) == 0


@pytest.mark.usefixtures("fresh")
@pytest.mark.django_db(transaction=True)
def test_imported_and_new_entries_of_the_log_are_sealed_together_and_strict_is_strict(dump: Path) -> None:
    outcome = import_mongo("--dump", dump, "--strict", report=dump / "strict.json")
    assert outcome.code == 1
    assert "--strict was given" in outcome.console
    assert outcome.report["ok"] is False
    written_here = 2  # started and finished
    assert seal_settled_log() == outcome.report["entities"]["activity_logs"]["inserted"] + written_here
