"""What doctors see and do through the API."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from audit.actions import Action
from audit.models import ActivityLog
from conversations.models import Conversation, Symptom, Urgency
from records.models import CareRelation
from tests.api.asking import is_error, sent
from tests.api.test_own_conversations import CONV
from tests.cast import ClientOf, as_person, system
from tests.factories import (
    AllergyFactory,
    AttachmentFactory,
    ConversationFactory,
    DoctorFactory,
    MedicationFactory,
    MessageFactory,
    PrescriptionFactory,
    SymptomFactory,
)

CARD = {
    "id", "firstName", "lastName", "email", "phone", "dateOfBirth", "allergies", "allergyDetails",
    "patientMedications", "currentMedications",
}  # fmt: skip


@pytest.fixture
def clara(api_of: ClientOf, her_doctor: User) -> Client:
    """Clara's client."""
    return api_of(her_doctor)


@pytest.fixture
def darius(api_of: ClientOf, stranger_doctor: User) -> Client:
    """Darius's client."""
    return api_of(stranger_doctor)


def pending(client: Client, query: str = "") -> Any:
    return client.get(f"/api/doctors/pending-conversations{query}").json()


def test_the_queue_holds_what_waits_most_urgent_first(darius: Client, patient: User, another_patient: User) -> None:
    AllergyFactory(patient=patient)
    MedicationFactory(patient=patient)
    routine = ConversationFactory(patient=patient, awaiting=True)
    urgent = ConversationFactory(patient=another_patient, awaiting=True, urgency=Urgency.URGENT)
    ConversationFactory(patient=patient)
    ConversationFactory(answered=True)
    ConversationFactory(claimed=True)
    body = pending(darius)
    assert (body["status"], body["count"]) == ("success", 2)
    assert [case["id"] for case in body["conversations"]] == [str(urgent.pk), str(routine.pk)]
    case = body["conversations"][1]
    assert set(case) == {*CONV, "urgency", "patient", "summary"}
    assert set(case["patient"]) == CARD
    assert case["patient"]["allergies"] == ["Penicillin"]
    assert case["patient"]["allergyDetails"][0]["severity"] == "severe"
    assert case["patient"]["currentMedications"] == ["Enalapril 10 mg daily"]
    assert case["summary"]["chiefComplaint"] == "My knee has hurt since I fell."


def test_address_and_telephone_are_for_who_has_taken_the_case(
    api_of: ClientOf, darius: Client, stranger_doctor: User, patient: User
) -> None:
    with system():
        patient.phone = "01632 960001"
        patient.save()
    case = ConversationFactory(patient=patient, awaiting=True)
    (listed,) = pending(darius)["conversations"]
    assert (listed["patient"]["email"], listed["patient"]["phone"]) == ("", None)
    with as_person(stranger_doctor):
        case.claim(by=stranger_doctor)
    (listed,) = pending(darius)["conversations"]
    assert (listed["patient"]["email"], listed["patient"]["phone"]) == (patient.email, "01632 960001")


def test_statements_do_not_grow_with_the_queue(darius: Client, django_assert_max_num_queries: Any) -> None:
    for _ in range(5):
        case = ConversationFactory(awaiting=True)
        AllergyFactory(patient=case.patient)
    with django_assert_max_num_queries(14):
        assert pending(darius)["count"] == 5


def test_one_s_own_cases_latest_first_without_those_put_away(
    clara: Client, her_doctor: User, patient: User, another_patient: User
) -> None:
    first = ConversationFactory(patient=patient, answered=True, doctor=her_doctor, private_note="hypochondriasis")
    second = ConversationFactory(patient=another_patient, claimed=True, doctor=her_doctor)
    ConversationFactory(answered=True)

    def own(query: str = "") -> list[str]:
        body = clara.get(f"/api/doctors/my-conversations{query}").json()
        assert body["count"] == len(body["conversations"])
        return [case["id"] for case in body["conversations"]]

    assert own() == [str(second.pk), str(first.pk)]
    notes = [case["doctorNotes"] for case in clara.get("/api/doctors/my-conversations").json()["conversations"]]
    assert notes == [None, "hypochondriasis"]
    for call, act in ((clara.patch, "/archive"), (clara.delete, "")):
        for _ in range(2):
            assert call(f"/api/doctors/conversation/{first.pk}{act}").json()["status"] == "success"
        assert own() == [str(second.pk)]
        assert own("?includeArchived=true") == [str(second.pk), str(first.pk)]
        assert clara.patch(f"/api/doctors/conversation/{first.pk}/unarchive").json()["status"] == "success"
    assert len(own()) == 2


def test_what_one_doctor_puts_away_stays_for_the_others(clara: Client, darius: Client) -> None:
    case = ConversationFactory(awaiting=True)
    assert clara.patch(f"/api/doctors/conversation/{case.pk}/archive").status_code == 200
    assert (pending(clara)["count"], pending(darius)["count"]) == (0, 1)


def test_a_case_holds_everything_in_order_with_files(clara: Client, her_doctor: User, patient: User) -> None:
    AllergyFactory(patient=patient)
    case = ConversationFactory(patient=patient, answered=True, doctor=her_doctor, private_note="see again")
    for position, text in enumerate(["one", "two"]):
        MessageFactory(conversation=case, position=position, text=text)
    SymptomFactory(conversation=case)
    SymptomFactory(conversation=case, symptom="Fever", is_denied=True)
    PrescriptionFactory(conversation=case, doctor=her_doctor)
    AttachmentFactory(conversation=case)
    body = clara.get(f"/api/doctors/conversation/{case.pk}").json()["conversation"]
    assert {*CONV, "patient", "doctor", "messages", "symptoms", "prescriptions", "attachments"} <= set(body)
    assert [message["content"] for message in body["messages"]] == ["one", "two"]
    assert [symptom["symptom"] for symptom in body["symptoms"]] == ["Knee pain"]
    assert body["doctorResponse"]["notes"] == body["doctorNotes"] == "see again"
    (file,) = body["attachments"]
    assert (file["originalName"], file["path"]) == ("knee.jpg", "")  # the previous system did not keep it
    assert body["patient"]["allergies"] == ["Penicillin"]
    with system():
        (row,) = ActivityLog.objects.filter(action=Action.CONVERSATION_VIEWED, resource_id=str(case.pk))
    assert (row.actor_id, row.patient_id, row.purpose) == (her_doctor.pk, patient.pk, "care")


@pytest.mark.parametrize("state", ["in_progress", "claimed", "answered"])
def test_what_is_no_doctor_s_business_is_404(darius: Client, patient: User, state: str) -> None:
    traits = {} if state == "in_progress" else {state: True}
    case = ConversationFactory(patient=patient, **traits)
    with system():
        CareRelation.objects.open_to_all().update(
            valid_from=timezone.now() - timedelta(hours=4), valid_until=timezone.now() - timedelta(hours=3)
        )
    path = f"/api/doctors/conversation/{case.pk}"
    assert is_error(darius.get(path), 404)
    assert is_error(darius.delete(path), 404)
    for act in ("archive", "unarchive", "update-info"):
        assert is_error(darius.patch(f"{path}/{act}"), 404)
    assert is_error(sent(darius, "POST", f"/doctors/conversation/{case.pk}/respond", ANSWER), 404)
    assert is_error(darius.get(f"/api/doctors/patient/{patient.pk}/history"), 404)
    assert is_error(darius.get("/api/doctors/conversation/nonsense"), 400)


ANSWER: dict[str, Any] = {
    "diagnosis": "<p>Tension headache</p>",
    "recommendations": "<p>Rest</p>",
    "prescriptions": [{"medication": "Ibuprofen", "dosage": "400 mg", "frequency": "tid", "duration": "5 days"}],
    "referrals": "",
    "callToOffice": False,
    "notes": "",
}


@pytest.fixture
def waiting(patient: User) -> Conversation:
    """A case of Ana's that waits; her allergies were asked about."""
    AllergyFactory(patient=patient, allergen="Dust")
    case: Conversation = ConversationFactory(patient=patient, awaiting=True)
    return case


def respond(client: Client, case: Conversation, **changes: Any) -> Any:
    body = {name: value for name, value in {**ANSWER, **changes}.items() if value != "left out"}
    return sent(client, "POST", f"/doctors/conversation/{case.pk}/respond", body)


def test_answering_takes_the_case_and_prescribes_in_one_act(
    darius: Client, api_of: ClientOf, stranger_doctor: User, patient: User, waiting: Conversation
) -> None:
    response = respond(darius, waiting, notes="look again", callToOffice="true", referrals="<p>ENT</p>")
    body = response.json()
    assert response.status_code == 200, body
    assert body["status"] == "success"
    case = body["conversation"]
    assert {*CONV, "patient", "doctor"} <= set(case)
    assert (case["status"], case["doctorId"]) == ("doctor_responded", str(stranger_doctor.pk))
    assert (case["diagnosis"], case["callToOffice"]) == ("<p>Tension headache</p>", True)
    assert (case["doctorNotes"], case["patientNotified"]) == ("look again", True)
    assert case["patient"]["email"] == patient.email
    (shown,) = api_of(patient).get("/api/patients/conversations").json()["conversations"]
    assert shown["doctorResponse"]["recommendations"] == "<p>Rest</p>"
    (prescription,) = shown["doctorResponse"]["prescriptions"]
    assert (prescription["medication"], prescription["dosage"], prescription["status"]) == (
        "Ibuprofen", "400 mg", "active"
    )  # fmt: skip
    assert shown["doctorNotes"] is None


def test_an_answered_case_is_409_and_nothing_is_written_again(
    darius: Client, clara: Client, waiting: Conversation
) -> None:
    assert respond(darius, waiting).status_code == 200
    assert is_error(respond(darius, waiting), 409)
    assert is_error(respond(clara, waiting, diagnosis="Other"), 409)
    with system():
        waiting.refresh_from_db(fields=["diagnosis"])
        assert waiting.diagnosis == "<p>Tension headache</p>"
        assert waiting.prescriptions.count() == 1


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"diagnosis": "left out", "recommendations": "left out"}, ["diagnosis", "recommendations"]),
        ({"diagnosis": "", "recommendations": "  "}, ["diagnosis", "recommendations"]),
        ({"diagnosis": "<p></p>"}, ["diagnosis"]),
        ({"diagnosis": "x" * 5001}, ["diagnosis"]),
        ({"recommendations": None}, ["recommendations"]),
        ({"referrals": "x" * 10001}, ["referrals"]),
        ({"notes": "x" * 5001}, ["notes"]),
        ({"callToOffice": "maybe"}, ["callToOffice"]),
        ({"callToOffice": None}, ["callToOffice"]),
        ({"prescriptions": [{"dosage": "1"}]}, ["prescriptions.0.medication"]),
        ({"prescriptions": [{"medication": "A"}, {"medication": "", "dosage": None}]},
         ["prescriptions.1.medication", "prescriptions.1.dosage"]),
        ({"prescriptions": [{"medication": "A", "dosage": "x" * 201}]}, ["prescriptions.0.dosage"]),
        ({"prescriptions": {"medication": "A"}}, ["prescriptions"]),
        ({"prescriptions": None}, ["prescriptions"]),
        ({"prescriptions": [{"medication": "A"}] * 21}, ["prescriptions"]),
        ({"diagnosis": "a\0b"}, ["diagnosis"]),
    ],
    ids=lambda value: repr(value)[:60],
)  # fmt: skip
def test_what_is_wrong_is_told_at_once_as_a_list_and_nothing_is_stored(
    darius: Client, waiting: Conversation, changes: dict[str, Any], fields: list[str]
) -> None:
    response = respond(darius, waiting, **changes)
    assert is_error(response, 400)
    assert [fault["field"] for fault in json.loads(response.json()["message"])] == fields
    with system():
        waiting.refresh_from_db()
    assert (waiting.status, waiting.doctor_id) == ("awaiting_doctor", None)


def test_scripts_in_an_answer_are_not_stored(darius: Client, waiting: Conversation) -> None:
    respond(darius, waiting, diagnosis="<p onclick=x()>Sprain</p><script>alert(1)</script>")
    with system():
        waiting.refresh_from_db(fields=["diagnosis"])
    assert waiting.diagnosis == "<p>Sprain</p>"


def test_a_medicine_that_the_patient_must_not_have_is_not_prescribed_by_accident(
    darius: Client, patient: User, waiting: Conversation
) -> None:
    AllergyFactory(patient=patient, allergen="Penicillin")
    medicine = {"medication": "Amoxicillin", "dosage": "500 mg", "frequency": "three times a day"}
    response = respond(darius, waiting, prescriptions=[medicine])
    assert is_error(response, 409)
    body = response.json()
    assert body["code"] == "unsettled_alerts"
    assert body["alerts"][0]["medication"] == "Amoxicillin"
    assert "penicillins" in body["message"]
    with system():
        waiting.refresh_from_db()
        assert (waiting.status, waiting.prescriptions.count()) == ("awaiting_doctor", 0)
    settled = {**medicine, "overrideReason": "Tolerated twice under observation.", "acknowledged": True}
    assert respond(darius, waiting, prescriptions=[settled]).status_code == 200


def test_an_empty_change_is_a_look_and_on_record(darius: Client, stranger_doctor: User, patient: User) -> None:
    case = ConversationFactory(patient=patient, awaiting=True)
    shown = sent(darius, "PATCH", f"/doctors/conversation/{case.pk}/update-info", {})
    assert shown.json()["conversation"]["patientId"] == str(patient.pk)
    with system():
        look = ActivityLog.objects.get(action=Action.CONVERSATION_VIEWED)
    assert (look.actor_id, look.patient_id, look.purpose) == (stranger_doctor.pk, patient.pk, "care")


def test_symptoms_are_added_and_corrected_and_never_removed(
    darius: Client, stranger_doctor: User, waiting: Conversation
) -> None:
    known = SymptomFactory(conversation=waiting, symptom="Knee pain")
    path = f"/doctors/conversation/{waiting.pk}/update-info"
    assert sent(darius, "PATCH", path, {}).json()["status"] == "success"
    assert is_error(sent(darius, "PATCH", path, {"symptoms": [{"symptom": "Rash"}]}), 409)
    with as_person(stranger_doctor):
        waiting.claim(by=stranger_doctor)
    body = {"symptoms": [{"id": str(known.pk), "symptom": "Knee pain", "severity": "mild"}, {"symptom": "Rash"}]}
    response = sent(darius, "PATCH", path, body)
    assert response.status_code == 200, response.content
    with as_person(stranger_doctor):
        assert dict(Symptom.objects.values_list("symptom", "severity")) == {"Knee pain": "mild", "Rash": None}
    commands: list[Any] = [{"deleteMany": {}}, {"symptoms": {"deleteMany": {}}}, {"symptoms": [{"severity": "mild"}]}]
    assert sent(darius, "PATCH", path, commands[0]).status_code == 200
    for command in commands[1:]:
        assert is_error(sent(darius, "PATCH", path, command), 400)
    other = SymptomFactory()
    assert is_error(sent(darius, "PATCH", path, {"symptoms": [{"id": str(other.pk), "symptom": "x"}]}), 400)
    with as_person(stranger_doctor):
        assert Symptom.objects.count() == 2


def test_earlier_visits_of_a_patient(clara: Client, her_doctor: User, patient: User) -> None:
    AllergyFactory(patient=patient)
    for _ in range(12):
        ConversationFactory(patient=patient, answered=True, doctor=her_doctor)
    ConversationFactory(patient=patient, awaiting=True)
    body = clara.get(f"/api/doctors/patient/{patient.pk}/history").json()
    assert (body["status"], body["count"], len(body["history"])) == ("success", 10, 10)
    assert [visit["visitNumber"] for visit in body["history"]][:2] == [12, 11]
    assert (body["patient"]["allergies"], body["patient"]["firstName"]) == (["Penicillin"], "Ana")
    assert body["history"][0]["doctor"]["lastName"] == "Lindqvist"
    assert is_error(clara.get(f"/api/doctors/patient/{her_doctor.pk}/history"), 404)


def test_figures(clara: Client, her_doctor: User, patient: User, another_patient: User) -> None:
    ConversationFactory(patient=patient, answered=True, doctor=her_doctor)
    ConversationFactory(patient=patient, answered=True, doctor=her_doctor)
    old = ConversationFactory(patient=another_patient, answered=True, doctor=her_doctor)
    with system():
        Conversation.objects.filter(pk=old.pk).update(responded_at=timezone.now() - timedelta(days=2))
    ConversationFactory(awaiting=True)
    ConversationFactory(answered=True)
    assert clara.get("/api/doctors/stats").json() == {
        "status": "success", "pendingConversations": 1, "totalPatients": 2, "todayResponses": 2
    }  # fmt: skip


@pytest.mark.parametrize("who", ["patient", "administrator", "unapproved_doctor"])
def test_others_are_refused(api_of: ClientOf, request: pytest.FixtureRequest, who: str) -> None:
    client = api_of(request.getfixturevalue(who))
    for path in ("pending-conversations", "my-conversations", "stats"):
        assert is_error(client.get(f"/api/doctors/{path}"), 403)


def test_a_doctor_whose_second_factor_was_taken_away_sees_nothing(api_of: ClientOf, her_doctor: User) -> None:
    client = api_of(her_doctor)
    with system():
        her_doctor.mfa_tokens.all().delete()
    response = client.get("/api/doctors/stats")
    assert is_error(response, 403)
    assert response.json()["code"] == "second_factor_missing"


def test_a_new_doctor_s_list_is_empty(api_of: ClientOf) -> None:
    assert pending(api_of(DoctorFactory()))["conversations"] == []
