"""Conversations: each way in which the old migration script lost or invented something."""

from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest

from tests.legacy.importing import Loaded, of_document, rows, stored
from tests.legacy.losses import WHEN, at, conversation, doctor, loaded, message, oid, user, without

LONG = "left side, then right side; " * 30
ANSWERED = at(2023, 5, 6, 7, 8, 9)


def _prescriptions() -> list[dict[str, Any]]:
    return [
        {"_id": oid(901), "medication": "Ibuprofen 400mg", "dosage": "one", "frequency": "twice", "duration": "a week"},
        {"_id": oid(902), "medication": "Zinc"},
        {"_id": oid(903), "medication": "Vitamin C", "dosage": "a spoonful " * 40, "frequency": "", "duration": ""},
        {"_id": oid(904), "dosage": "5 mg"},
    ]  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def clinic(loaded_database: Callable[[Path], Loaded], tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    users = [user(1), user(2), user(3), user(4), user(5), doctor(90)]
    attachments = [
        {"_id": oid(801), "path": "uploads/a.jpg"},
        {"_id": oid(802), "filename": "b", "originalName": "b", "path": "uploads/b", "mimeType": "image/jpeg"},
    ]  # fmt: skip
    symptoms = [
        {"_id": oid(701), "symptom": "cough", "severity": "8/10", "location": LONG, "duration": LONG},
        {"_id": oid(702), "symptom": "fever", "severity": "Severe"},
        {"_id": oid(703), "symptom": "rash", "severity": "very bad"},
        {"_id": oid(704), "location": "arm"},
    ]
    reordered = [message(1, timestamp=at(2023, 1, 1, 12)), message(2, timestamp=at(2023, 1, 1, 10)),
                 without(message(3), "timestamp"), without(message(4), "role")]  # fmt: skip
    answer = {"diagnosis": "Cold", "respondedAt": ANSWERED, "prescriptions": _prescriptions(), "referrals": ""}
    conversations = [
        conversation(10, oid(1)), conversation(11, oid(1)),  # both are visit 1
        conversation(12, oid(2), doctor=oid(999), status="doctor_responded"),
        conversation(13, oid(2), visitNumber=2, status="pending"),
        without(conversation(14, oid(3)), "visitNumber"),
        conversation(15, oid(3), visitNumber=1),
        without(conversation(16, oid(4)), "status"),
        conversation(17, oid(4), visitNumber=2, messages=reordered),
        conversation(18, oid(4), visitNumber=3, status="doctor_responded", doctor=oid(90), doctorResponse=answer),
        conversation(19, oid(4), visitNumber=4, status="doctor_responded",
                     doctorResponse={**answer, "callToOffice": False}),
        conversation(20, oid(5), symptoms=symptoms, attachments=attachments),
        conversation(21, oid(5), visitNumber=2, status="doctor_responded", doctor=oid(90),
                     doctorResponse={"diagnosis": "Cold", "prescriptions": [{"_id": oid(905), "medication": "Iron"}]}),
        conversation(22, oid(998), messages=[message(50), message(51)], symptoms=symptoms[:1]),
    ]  # fmt: skip
    folder = tmp_path_factory.mktemp("conversations")
    return loaded(loaded_database, folder, {"users": users, "conversations": conversations})


def visit(number: int) -> dict[str, Any]:
    return stored("conversations", str(oid(number)))


def of_visit(table: str, number: int) -> list[dict[str, Any]]:
    return of_document(table, str(oid(number)))


def test_no_conversation_is_lost_over_a_duplicate_visit_number(clinic: Loaded) -> None:
    assert sorted(visit(number)["visit_number"] for number in (10, 11)) == [1, 2]
    assert len(of_visit("messages", 10)) == len(of_visit("messages", 11)) == 1


def test_no_conversation_is_lost_over_a_deleted_doctor(clinic: Loaded) -> None:
    assert visit(12)["doctor_id"] is None
    assert of_visit("messages", 12)
    assert clinic.report["rules"]["reference_to_nobody"]["examples"] == [str(oid(12))]


def test_no_conversation_is_lost_over_an_unknown_status(clinic: Loaded) -> None:
    assert visit(13)["status"] is None
    assert of_visit("messages", 13)
    assert clinic.report["rules"]["choice_unknown"]["examples"] == [str(oid(13))]


def test_a_conversation_of_a_deleted_patient_is_set_aside_whole_and_its_children_are_counted(clinic: Loaded) -> None:
    assert of_visit("conversations", 22) == []
    entities = clinic.report["entities"]
    assert entities["conversations"]["set_aside"] == 1
    assert entities["messages"]["set_aside"] == 2
    assert entities["symptoms"]["set_aside"] == 1
    assert entities["prescriptions"]["set_aside"] == 2  # the ones without a name, in visits 18 and 19
    kept = rows("SELECT raw IS NOT NULL FROM import_items WHERE rule = 'patient_unknown' AND \"where\" = ''")
    assert kept == [(True,)]


def test_a_missing_visit_number_is_not_invented_to_be_one_that_is_taken(clinic: Loaded) -> None:
    assert {visit(14)["visit_number"], visit(15)["visit_number"]} == {1, 2}
    assert str(oid(14)) in rows_of_rule("visit_renumbered")


def rows_of_rule(rule: str) -> set[str]:
    return {legacy_id for (legacy_id,) in rows("SELECT legacy_id FROM import_items WHERE rule = %s", rule)}


def test_a_missing_status_and_a_missing_sender_stay_unknown() -> None:
    assert visit(16)["status"] is None
    assert of_visit("messages", 17)[3]["sender"] == "unknown"


def test_message_times_are_not_invented_and_the_order_of_the_array_is_kept() -> None:
    found = of_visit("messages", 17)
    assert [row["text"] for row in found] == ["words 1", "words 2", "words 3", "words 4"]
    assert [row["position"] for row in found] == [0, 1, 2, 3]
    assert found[0]["sent_at"] > found[1]["sent_at"]
    assert found[2]["sent_at"] is None


def test_an_absent_call_to_the_office_is_not_no_and_empty_text_is_not_absent() -> None:
    assert visit(18)["call_to_office"] is None
    assert visit(19)["call_to_office"] is False
    assert visit(18)["referrals"] == ""
    assert visit(18)["recommendations"] is None


def test_symptoms_with_a_severity_in_free_text_come_over() -> None:
    found = of_visit("symptoms", 20)
    assert [row["severity_text"] for row in found] == ["8/10", "Severe", "very bad", None]
    assert [row["severity"] for row in found] == [None, "severe", None, None]
    assert [row["severity_score"] for row in found] == [8, None, None, None]


def test_no_symptom_is_invented_or_stamped_and_overlong_text_is_kept() -> None:
    found = of_visit("symptoms", 20)
    assert found[3]["symptom"] == ""
    assert all(row["created_at"] is None for row in found)
    assert f"location: {LONG.strip()}" in found[0]["notes"]
    assert f"duration: {LONG.strip()}" in found[0]["notes"]


def test_attachments_without_names_come_over_and_the_mime_type_is_seen() -> None:
    first, second = sorted(of_visit("attachments", 20), key=lambda row: str(row["legacy_id"]))
    assert (first["stored_path"], first["stored_name"], first["original_name"]) == ("uploads/a.jpg", None, None)
    assert second["claimed_type"] == "image/jpeg"
    assert rows("SELECT count(*) FROM attachments WHERE is_stored") == [(0,)]  # there were no uploads to copy from


def test_no_upload_time_is_invented() -> None:
    assert [row["uploaded_at"] for row in of_visit("attachments", 20)] == [None, None]


def test_no_prescription_text_is_invented() -> None:
    found = of_visit("prescriptions", 18)
    assert [row["medication_name"] for row in found] == ["Ibuprofen 400mg", "Zinc", "Vitamin C"]
    assert [found[1][name] for name in ("dose", "frequency", "duration")] == ["", "", ""]
    assert rows("SELECT count(*) FROM prescriptions WHERE medication_name IN ('Unknown', '')") == [(0,)]


def test_the_patient_never_becomes_the_prescriber() -> None:
    assert {row["doctor_id"] for row in of_visit("prescriptions", 19)} == {None}
    assert {row["doctor_id"] for row in of_visit("prescriptions", 18)} == {stored("users", str(oid(90)))["id"]}


def test_no_status_of_a_prescription_is_invented_and_overlong_text_is_kept() -> None:
    assert rows("SELECT count(*) FROM prescriptions WHERE status IS NOT NULL OR refills IS NOT NULL") == [(0,)]
    vitamin = of_visit("prescriptions", 18)[2]
    assert vitamin["dose"].endswith("…")
    assert ("a spoonful " * 40).strip() in vitamin["instructions"]


def test_prescriptions_without_a_time_of_the_answer_get_none() -> None:
    (iron,) = of_visit("prescriptions", 21)
    assert (iron["issued_at"], iron["issued_on"]) == (None, None)
    assert {row["issued_at"] for row in of_visit("prescriptions", 18)} == {ANSWERED.replace(tzinfo=UTC)}


def test_times_of_conversations_are_those_of_the_source() -> None:
    assert visit(10)["created_at"] == WHEN.replace(tzinfo=UTC)
    assert visit(10)["updated_at"] == WHEN.replace(tzinfo=UTC)
