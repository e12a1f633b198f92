"""A patient's consultations, notices, and what they do with them, through the API."""

from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from audit.actions import Action
from audit.models import ActivityLog
from conversations.models import Conversation
from tests.api.asking import is_error
from tests.cast import ClientOf, as_person, system
from tests.factories import ConversationFactory, PrescriptionFactory

CONV = {
    "id", "_id", "patientId", "doctorId", "visitNumber", "status", "aiSummary", "diagnosis", "recommendations",
    "referrals", "callToOffice", "doctorNotes", "respondedAt", "patientNotified", "archivedByPatient",
    "archivedByDoctor", "conversationEndedAt", "createdAt", "updatedAt",
}  # fmt: skip


@pytest.fixture
def ana(api_of: ClientOf, patient: User) -> Client:
    """Ana's client."""
    return api_of(patient)


@pytest.fixture
def answered(patient: User, her_doctor: User) -> Conversation:
    """A case of Ana's that Clara has answered."""
    case: Conversation = ConversationFactory(patient=patient, answered=True, doctor=her_doctor)
    return case


def listed(client: Client, query: str = "") -> Any:
    return client.get(f"/api/patients/conversations{query}").json()["conversations"]


def test_the_list_is_an_object_with_every_field_and_the_answer_nested(
    ana: Client, answered: Conversation, her_doctor: User
) -> None:
    PrescriptionFactory(conversation=answered, doctor=her_doctor, instructions="With food.")
    (body,) = listed(ana)
    assert set(body) == {*CONV, "doctor", "doctorResponse"}
    assert body["doctor"] == {
        "id": str(her_doctor.pk), "firstName": "Clara", "lastName": "Lindqvist", "specialization": "General practice"
    }  # fmt: skip
    assert body["_id"] == body["id"] == str(answered.pk)
    assert body["status"] == "doctor_responded"
    assert body["diagnosis"] == body["doctorResponse"]["diagnosis"] == "<p>Contusion of the knee</p>"
    assert body["doctorResponse"]["prescriptions"][0]["medicationName"] == "Ibuprofen"
    assert body["respondedAt"] == body["doctorResponse"]["respondedAt"]
    assert datetime.fromisoformat(body["createdAt"]).tzinfo
    assert body["createdAt"].endswith("Z")


def test_there_is_no_answer_before_a_doctor_gave_one(ana: Client, patient: User) -> None:
    ConversationFactory(patient=patient)
    ConversationFactory(patient=patient, awaiting=True)
    assert [body["doctorResponse"] for body in listed(ana)] == [None, None]
    assert [body["status"] for body in listed(ana)] == ["awaiting_doctor", "in_progress"]


def test_those_put_away_are_hidden_unless_asked_for_with_exactly_true(
    ana: Client, answered: Conversation, patient: User
) -> None:
    with as_person(patient):
        answered.archive(by=patient)
    for query in ("", "?includeArchived=", "?includeArchived=false", "?includeArchived=1", "?includeArchived=TRUE"):
        assert listed(ana, query) == [], query
    (body,) = listed(ana, "?includeArchived=true")
    assert (body["archivedByPatient"], body["archivedByDoctor"]) == (True, False)


def test_a_list_has_a_ceiling_and_pages(ana: Client, patient: User) -> None:
    for _ in range(3):
        ConversationFactory(patient=patient, answered=True)
    body = ana.get("/api/patients/conversations?limit=2&page=2").json()
    assert [entry["visitNumber"] for entry in body["conversations"]] == [1]
    assert body["pagination"] == {"currentPage": 2, "totalPages": 2, "total": 3, "perPage": 2}
    assert ana.get("/api/patients/conversations?limit=99999").json()["pagination"]["perPage"] == 200
    for query in ("?page=0", "?limit=x", "?page=-1", "?limit=1e3"):
        assert is_error(ana.get(f"/api/patients/conversations{query}"), 400), query


def test_the_number_of_statements_does_not_grow_with_the_list(
    ana: Client, patient: User, django_assert_max_num_queries: Any
) -> None:
    for _ in range(5):
        PrescriptionFactory(conversation=ConversationFactory(patient=patient, answered=True))
    with django_assert_max_num_queries(14):
        assert len(listed(ana)) == 5


def test_one_consultation_is_logged_as_viewed(ana: Client, answered: Conversation, patient: User) -> None:
    body = ana.get(f"/api/patients/conversations/{answered.pk}").json()
    assert body["status"] == "success"
    assert {*CONV, "doctor", "messages", "symptoms", "prescriptions"} <= set(body["conversation"])
    with system():
        (row,) = ActivityLog.objects.filter(action=Action.CONVERSATION_VIEWED, resource_id=str(answered.pk))
    assert (row.actor_id, row.patient_id, row.purpose) == (patient.pk, patient.pk, "own")
    assert row.endpoint == f"/api/patients/conversations/{answered.pk}"


@pytest.mark.parametrize("act", ["", "/mark-read", "/archive", "/unarchive"])
def test_malformed_ids_are_400_and_others_404(ana: Client, another_patient: User, act: str) -> None:
    theirs = ConversationFactory(patient=another_patient, answered=True)
    call = ana.patch if act else ana.get
    for known, status in (("nonsense", 400), ("0" * 24, 400), (theirs.pk, 404), (another_patient.pk, 404)):
        assert is_error(call(f"/api/patients/conversations/{known}{act}"), status), known


def test_a_notice_stands_until_it_is_marked_as_read(ana: Client, answered: Conversation) -> None:
    (notice,) = ana.get("/api/patients/notifications").json()["notifications"]
    assert notice["id"] == notice["_id"] == str(answered.pk)
    assert (notice["status"], notice["patientNotified"]) == ("doctor_responded", True)
    assert notice["doctor"]["lastName"] == "Lindqvist"
    assert notice["doctorResponse"]["respondedAt"] == notice["respondedAt"]
    for _ in range(2):
        response = ana.patch(f"/api/patients/conversations/{answered.pk}/mark-read")
        assert response.json()["status"] == "success"
    assert ana.get("/api/patients/notifications").json()["notifications"] == []
    assert listed(ana)[0]["patientNotified"] is False


def test_putting_away_and_bringing_back_can_be_repeated(ana: Client, answered: Conversation, patient: User) -> None:
    path = f"/api/patients/conversations/{answered.pk}"
    for call, act in ((ana.patch, f"{path}/archive"), (ana.delete, path)):
        for _ in range(2):
            assert call(act).json()["status"] == "success"
        assert listed(ana) == []
        for _ in range(2):
            assert ana.patch(f"{path}/unarchive").json()["status"] == "success"
        assert len(listed(ana)) == 1
    with as_person(patient):
        assert Conversation.objects.filter(pk=answered.pk).exists()


@pytest.mark.parametrize("state", ["in_progress", "awaiting"])
def test_what_still_runs_or_waits_is_not_put_away(ana: Client, patient: User, state: str) -> None:
    case = ConversationFactory(patient=patient, awaiting=state == "awaiting")
    path = f"/api/patients/conversations/{case.pk}"
    assert is_error(ana.patch(f"{path}/archive"), 409)
    assert is_error(ana.delete(path), 409)
    assert len(listed(ana)) == 1


def test_what_a_patient_typed_is_no_markup_in_the_summary(ana: Client, patient: User) -> None:
    ConversationFactory(
        patient=patient,
        awaiting=True,
        summary="Chief complaint\n- “<img src=x onerror=alert(1)>”\n\nPatient's concerns\nNot asked.",
        summary_sources=[["x"]],
    )
    (body,) = listed(ana)
    assert body["aiSummary"] == (
        "**Chief Complaint:** “&lt;img src=x onerror=alert(1)&gt;”\n\n**Patient's Concerns:** Not asked."
    )


def test_an_answer_from_the_previous_system_is_cleaned(ana: Client, answered: Conversation) -> None:
    with system():
        Conversation.objects.filter(pk=answered.pk).update(legacy_id="5f")
        answered.legacy_id = "5f"
        answered.diagnosis = "<p onclick='x()'>Sprain<script>alert(1)</script></p>"
        answered.save(update_fields=["diagnosis"])
    assert listed(ana)[0]["diagnosis"] == "<p>Sprain</p>"
