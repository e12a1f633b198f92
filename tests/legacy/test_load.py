"""A whole clinic comes over: every row as the parsers made it, with what the pages need around it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from accounts.models import Role, User
from audit.seal import seal_log
from conversations.models import Conversation, ConversationWord, Status
from medichat.db.blind_index import query_tokens
from medichat.legacy.load import Loaded, Options
from medichat.legacy.loader import Loader
from medichat.legacy.models import ImportBatch, ImportedDocument, ImportItem, ImportRun
from records.models import CareRelation
from tests.cast import as_person, system
from tests.legacy.generator import SMALL, OldClinic
from tests.legacy.loading import Ran, around, expected, load_dump, snapshot

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def dump(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return OldClinic(SMALL).write_dump(tmp_path_factory.mktemp("clinic"))


def test_every_row_is_as_the_parsers_and_the_rules_made_it(dump: Path) -> None:
    loaded = load_dump(dump)
    wanted, found = expected(OldClinic(SMALL).as_dict()), snapshot()
    assert {table: len(rows) for table, rows in found.items()} == {table: len(rows) for table, rows in wanted.items()}
    for table, rows in wanted.items():
        assert found[table] == rows, table
    assert loaded.counts.adds_up
    assert min(len(rows) for rows in found.values()) > 0, "the clinic has something for every table"


def test_worker_processes_and_other_batches_give_the_same_database(dump: Path) -> None:
    load_dump(dump, Options(batch=50, processes=2))
    assert snapshot() == expected(OldClinic(SMALL).as_dict())


def test_without_the_owner_the_rows_travel_as_arrays_and_are_the_same(
    dump: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "DATABASES", {"default": settings.DATABASES["default"]})
    load_dump(dump)
    assert snapshot() == expected(OldClinic(SMALL).as_dict())


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


def test_a_dry_run_cannot_write(dump: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its transactions are read-only: even a loader that forgot to be dry would be refused."""
    begin = Loader.__init__
    monkeypatch.setattr(Loader, "__init__", lambda self, place, run, is_dry: begin(self, place, run, is_dry=False))
    with pytest.raises(Exception, match="refused to work .SQLSTATE 25006"):
        load_dump(dump, Options(batch=7, processes=0, is_dry=True))
    assert sum(len(rows) for rows in snapshot().values()) == 0


def test_doctors_find_their_imported_patients(dump: Path) -> None:
    load_dump(dump)
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


def test_assigned_doctors_care_for_their_patients(dump: Path) -> None:
    load_dump(dump)
    with system():
        relations = set(CareRelation.objects.filter(kind="assigned").values_list("patient_id", "doctor_id"))
        with connection.cursor() as cursor:
            cursor.execute("SELECT patient_id, assigned_doctor_id FROM patient_medical_info")
            assigned = {(patient, doctor) for patient, doctor in cursor.fetchall() if doctor}
    assert relations == assigned
    assert assigned


def test_cases_are_found_by_the_words_of_their_patients(dump: Path) -> None:
    load_dump(dump)
    with system():
        case = Conversation.objects.filter(messages__sender="patient").first()
        assert case is not None
        text = max((message.text for message in case.messages.filter(sender="patient")), key=len)
        wanted = query_tokens(text)
        found = ConversationWord.objects.filter(conversation=case, token__in=wanted).values_list("token", flat=True)
        assert set(found) == wanted
        assert wanted


@pytest.fixture(scope="module")
def names(dump: Path) -> Iterator[set[str]]:
    """What must appear nowhere: addresses, names and what was said."""
    found = expected(OldClinic(SMALL).as_dict())
    people = [row for row in found["users"].values()]
    said = {row["text"] for row in found["messages"].values() if len(row["text"]) > 20}
    yield {row["email"] for row in people} | {row["last_name"] for row in people if len(row["last_name"]) > 4} | said


def test_neither_console_nor_report_shows_anything_of_anybody(dump: Path, names: set[str], tmp_path: Path) -> None:
    ran = Ran("--dump", str(dump), "--report", str(tmp_path / "report.json"))
    written = ran.output + (tmp_path / "report.json").read_text()
    assert [name for name in names if name in written] == []
    assert ran.status == 0
    assert "set aside" in ran.output


def test_the_report_has_every_entity_and_rule(dump: Path, tmp_path: Path) -> None:
    Ran("--dump", str(dump), "--report", str(tmp_path / "report.json"))
    report = Ran.report(tmp_path / "report.json")
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


def test_strict_counts_what_is_set_aside_as_a_failure(dump: Path) -> None:
    ran = Ran("--dump", str(dump), "--strict")
    assert ran.status == 1
    assert "set aside" in ran.refusal


def test_every_set_aside_value_is_kept_and_opens(dump: Path) -> None:
    load_dump(dump)
    with system():
        items = list(ImportItem.objects.filter(outcome="set_aside"))
        secrets = {item.rule for item in items if item.raw is None}
        assert secrets <= {"password_not_kept", "secret_not_kept", "possible_password_not_kept"}
        for item in items:
            assert item.raw is None or json.loads(item.raw) is not None
        kept = ImportedDocument.objects.exclude(raw=None)
        assert all("_id" in json.loads(document.raw) for document in kept)
        assert not any("$2b$" in document.raw or '"password"' in document.raw for document in kept)
    assert around()["ledger"]


def test_the_run_is_on_the_record(dump: Path) -> None:
    Ran("--dump", str(dump))
    with system(), connection.cursor() as cursor:
        cursor.execute("SELECT action, actor_role FROM activity_logs WHERE legacy_id IS NULL ORDER BY sequence")
        assert cursor.fetchall() == [("import.started", "system"), ("import.finished", "system")]


def test_imported_and_new_entries_of_the_log_are_sealed_together(dump: Path) -> None:
    loaded: Loaded = load_dump(dump)
    sealed = seal_log()
    assert sealed == loaded.counts.changes["activity_logs.inserted"] + 1
