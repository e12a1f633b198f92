"""Dirt in visits."""

from datetime import timedelta

import bson
from bson import Decimal128

from tests.legacy.generator.dirt import ABSENT, Kinds, Place

CONVERSATION_DIRT = Kinds()


def _file(name: str, path: str) -> list[dict[str, str]]:
    return [{"filename": "a.jpg", "originalName": name, "path": path}]


CONVERSATION_DIRT.values(
    ("patient_missing", "patient", ABSENT, "patient_unknown"),
    ("patient_not_understood", "patient", 17, "patient_unknown"),
    ("visit_number_missing", "visitNumber", ABSENT, "visit_renumbered"),
    ("visit_number_zero", "visitNumber", 0, "number_out_of_range"),
    ("visit_number_in_words", "visitNumber", "third", "not_a_number"),
    ("visit_number_as_text", "visitNumber", "77", "number_from_text"),
    ("visit_number_as_decimal", "visitNumber", Decimal128("78"), "decimal_number"),
    ("status_missing", "status", ABSENT, ""),
    ("status_unknown", "status", "pending", "choice_unknown"),
    ("status_respelled", "status", "Doctor-Responded", "choice_respelled"),
    ("response_null", "doctorResponse", None, ""),
    ("response_is_text", "doctorResponse", "see a dentist", "wrong_type"),
    ("answered_by_status_only", "doctorResponse", {"prescriptions": []}, ""),
    ("summary_of_the_client", "summary", {"chiefComplaint": "Cough", "extra": "x"}, "unknown_field"),
    ("summary_is_a_number", "aiSummary", 5, "number_as_text"),
    ("notified_as_text", "patientNotified", "true", "yes_no_from_text"),
    ("ended_before_computers", "conversationEndedAt", "1066-01-01T00:00:00Z", "date_out_of_range"),
    ("messages_missing", "messages", ABSENT, "no_messages"),
    ("messages_as_json", "messages", '[{"role": "user", "content": "hello"}]', "json_text_read"),
    ("message_is_text", "messages.2", "just a line", "text_instead_of_entry"),
    ("message_is_a_list", "messages.2", [1, 2], "wrong_type"),
    ("message_is_null", "messages.2", None, "empty_element"),
    ("message_of_a_bot", "messages.2.role", "bot", "sender_respelled"),
    ("message_of_nobody", "messages.2.role", ABSENT, "sender_unknown"),
    ("message_of_somebody", "messages.2.role", "janitor", "sender_unknown"),
    ("message_empty", "messages.3.content", "", "message_empty"),
    ("message_missing", "messages.3.content", ABSENT, "message_without_text"),
    ("message_is_a_number", "messages.3.content", 38.5, "number_as_text"),
    ("message_with_nul", "messages.3.content", "a\0b", "nul_removed"),
    ("message_with_script", "messages.3.content", "<img src=x onerror=alert(1)> ok", "markup_kept_as_text"),
    ("message_with_many_characters", "messages.3.content", "żółć 😷 " * 4000, ""),
    ("message_time_missing", "messages.3.timestamp", ABSENT, ""),
    ("message_time_as_text", "messages.3.timestamp", "2024-01-01T00:00:00Z", "date_text_parsed"),
    ("message_time_in_words", "messages.3.timestamp", "yesterday", "date_not_understood"),
    ("message_id_missing", "messages.3._id", ABSENT, "element_id_missing"),
    ("message_with_more", "messages.3.confidence", 0.5, "unknown_field"),
    ("symptoms_as_texts", "symptoms", ["cough", "fever"], "text_instead_of_entry"),
    ("symptom_unnamed", "symptoms", [{"location": "arm", "severity": "mild"}], "name_missing"),
    ("symptom_severity_a_number", "symptoms", [{"symptom": "cough", "severity": 8}], "number_as_text"),
    ("symptom_far_too_long", "symptoms", [{"symptom": "cough", "location": "left " * 90}], "text_shortened"),
    ("file_path_leads_outside", "attachments", _file("a.jpg", "../../etc/passwd"), "file_path_unsafe"),
    ("file_path_of_windows", "attachments", _file("a.jpg", "uploads\\a.jpg"), ""),
    ("file_name_missing", "attachments", [{"path": "uploads/b.jpg", "mimeType": "image/jpeg"}], "file_name_missing"),
    ("file_name_garbled", "attachments", _file("Å¾ila.pdf", "uploads/z"), "name_ungarbled"),
    ("archived_by_nobody", "archivedByDoctor", "yes", "yes_no_from_text"),
    ("unknown_field", "triage", {"colour": "red", "score": 3}, "unknown_field"),
    ("created_missing", "createdAt", ABSENT, ""),
)  # fmt: skip


@CONVERSATION_DIRT.kind("patient_unknown")
def _patient_was_deleted(place: Place) -> None:
    place.fields["patient"] = place.clinic.nobody(place.number)


@CONVERSATION_DIRT.kind("reference_from_text")
def _patient_as_text(place: Place) -> None:
    place.fields["patient"] = str(place.clinic.patient(place.number)).upper()


@CONVERSATION_DIRT.kind("reference_from_text")
def _patient_as_document(place: Place) -> None:
    place.fields["patient"] = {"_id": place.clinic.patient(place.number), "firstName": "Copied"}


@CONVERSATION_DIRT.kind("reference_to_nobody", "answer_without_doctor")
def _doctor_was_deleted(place: Place) -> None:
    place.fields |= {"doctor": place.clinic.nobody(place.number), "status": "doctor_responded"}


@CONVERSATION_DIRT.kind("reference_of_wrong_role")
def _doctor_is_none(place: Place) -> None:
    place.fields["doctor"] = place.clinic.patient(3)


@CONVERSATION_DIRT.kind("answer_without_doctor")
def _answered_by_nobody(place: Place) -> None:
    place.fields |= {"status": "doctor_responded", "doctorResponse": {"diagnosis": "Cold"}}
    place.fields.pop("doctor", None)


@CONVERSATION_DIRT.kind("state_contradictory")
def _answered_and_still_going_on(place: Place) -> None:
    place.fields |= {
        "status": "in_progress",
        "doctor": place.clinic.doctor(place.number),
        "doctorResponse": {"diagnosis": "Cold", "callToOffice": "yes", "prescriptions": []},
    }


@CONVERSATION_DIRT.kind("visit_renumbered")
def _visit_number_of_another(place: Place) -> None:
    patients = place.clinic.size.users - place.clinic.doctors - place.clinic.admins
    place.fields["visitNumber"] = 1
    place.fields["patient"] = place.clinic.patient(0 if place.number % patients else 1)


@CONVERSATION_DIRT.kind("message_repeated")
def _message_sent_twice(place: Place) -> None:
    first = place.fields["messages"][3]
    again = first | {"timestamp": first["timestamp"] + timedelta(milliseconds=800)}
    place.fields["messages"].insert(4, again | {"_id": place.clinic.id_of("conversations", place.number, 20_000)})


@CONVERSATION_DIRT.kind("element_id_twice")
def _message_ids_copied(place: Place) -> None:
    place.fields["messages"][3]["_id"] = place.fields["messages"][2]["_id"]


@CONVERSATION_DIRT.kind()
def _message_times_run_backwards(place: Place) -> None:
    times = [message["timestamp"] for message in place.fields["messages"]]
    for message, time in zip(place.fields["messages"], reversed(times), strict=True):
        message["timestamp"] = time


@CONVERSATION_DIRT.kind("entry_without_name", "prescription_incomplete", "text_shortened")
def _prescriptions_incomplete(place: Place) -> None:
    place.fields["doctorResponse"] = {
        "diagnosis": "Cold",
        "prescriptions": [
            {"dosage": "5 mg"},
            {"medication": "Zinc", "dosage": ""},
            {"medication": "Vitamin C", "dosage": "one tablet " * 40, "frequency": "daily", "duration": "a week"},
        ],
    }


@CONVERSATION_DIRT.kind("unreadable_characters")
def _text_that_is_no_utf8(place: Place) -> bytes:
    place.fields["messages"][3]["content"] = "it xxhurts"
    return bson.encode(place.fields).replace(b"xxhurts", b"\xc3\x28hurts")
