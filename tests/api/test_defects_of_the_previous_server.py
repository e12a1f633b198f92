"""Defects of the previous server that must not come back: one test each, numbered as in the list of them."""

import io
import json
import os
import socket
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from accounts.models import User
from audit.actions import Action
from audit.models import ActivityLog
from conversations.models import Conversation
from medichat.db.context import system
from prescriptions.models import Prescription
from tests.api.asking import is_error, posted, sent
from tests.api.contract import ANSWER, NEW
from tests.api.test_login import login
from tests.api.world import World
from tests.cast import api_client
from tests.factories import PASSWORD, ConversationFactory, UserFactory


def respond(world: World, case: str, **changes: Any) -> Any:
    path = f"/doctors/conversation/{world.values[case]}/respond"
    return posted(world.client("doctor"), path, {**ANSWER, **changes})


def case_of(world: World, name: str) -> Conversation:
    with system():
        return Conversation.objects.get(pk=world.values[name])


def test_01_validation_is_400_in_json(world: World) -> None:
    for response in (
        posted(Client(), "/auth/login"),
        posted(Client(), "/auth/register"),
        respond(world, "waiting", diagnosis=""),
    ):
        assert is_error(response, 400)


def test_02_an_error_of_ours_is_answered(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("prescriptions.api.doctor.respond", lambda *_, **__: 1 / 0)
    client = api_client(world.people["doctor"], raise_request_exception=False)
    response = posted(client, f"/doctors/conversation/{world.values['waiting']}/respond", ANSWER)
    assert is_error(response, 500)


def test_03_accounts_with_and_without_photo_are_answered(world: World) -> None:
    patient = world.client("patient")
    assert patient.get("/api/auth/verify").json()["user"]["profilePhoto"] is None
    assert sent(patient, "PATCH", "/patients/profile", {"phone": "01632 960009"}).status_code == 200


def test_04_the_whole_settings_form_is_stored(world: World) -> None:
    fields = {"pharmacyName": "At the Market", "gender": "female", "height": "172", "preferredLanguage": "French"}
    assert sent(world.client("patient"), "PATCH", "/patients/profile", fields).status_code == 200
    shown = world.client("patient").get("/api/patients/profile").json()["patient"]
    assert (shown["pharmacyName"], shown["gender"]) == ("At the Market", "female")
    assert (shown["patientMedicalInfo"]["heightCm"], shown["preferredLanguage"]) == ("172", "French")


def test_05_06_a_conversation_with_a_file_loads_for_patient_and_doctor_in_order(world: World) -> None:
    for who, path in (("patient", "chatbot"), ("doctor", "doctors")):
        body = world.client(who).get(f"/api/{path}/conversation/{world.values['answered']}").json()["conversation"]
        assert body["attachments"][0]["fileSizeBytes"] == 1000
        times = [message["createdAt"] for message in body["messages"]]
        assert times == sorted(times)


def test_07_who_registers_as_a_doctor_sees_no_patient(client: Client, db: None) -> None:
    doctor = {**NEW, "role": "doctor", "specialization": "X", "licenseNumber": "L"}
    token = posted(client, "/auth/register", doctor).json()["token"]
    for path in ("pending-conversations", "my-conversations", "stats"):
        assert is_error(client.get(f"/api/doctors/{path}", headers={"Authorization": f"Bearer {token}"}), 403)


def test_08_a_doctor_reads_only_what_waits_and_their_own_patients(world: World, stranger_doctor: User) -> None:
    stranger = api_client(stranger_doctor)
    assert is_error(stranger.get(f"/api/doctors/conversation/{world.values['unfinished']}"), 404)
    assert is_error(world.client("doctor").get(f"/api/doctors/conversation/{world.values['unfinished']}"), 404)
    other = ConversationFactory(answered=True)
    assert is_error(stranger.get(f"/api/doctors/patient/{other.patient_id}/history"), 404)


def test_09_an_answer_is_given_once(world: World) -> None:
    assert is_error(respond(world, "answered", prescriptions=[{"medication": "X"}]), 409)
    assert case_of(world, "answered").diagnosis == "Contusion of the knee"


def test_10_no_command_reaches_the_database_through_symptoms(world: World) -> None:
    path = f"/doctors/conversation/{world.values['answered']}/update-info"
    assert is_error(sent(world.client("doctor"), "PATCH", path, {"symptoms": {"deleteMany": {}}}), 400)
    assert sent(world.client("doctor"), "PATCH", path, {"symptoms": [{"symptom": "Rash"}]}).status_code == 200


def test_11_an_answer_is_stored_whole_or_not_at_all(world: World) -> None:
    medicines = [{"medication": "Paracetamol"}, {"medication": "X", "dosage": "x" * 201}]
    assert is_error(respond(world, "waiting", prescriptions=medicines), 400)
    assert case_of(world, "waiting").status == "awaiting_doctor"


def test_12_a_failing_assistant_leaves_nothing_behind(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conversations.chat.intake.assess", lambda *_, **__: 1 / 0)
    client = api_client(world.people["patient"], raise_request_exception=False)
    assert is_error(posted(client, "/chatbot/chat", {"message": "Hello"}), 500)
    with system():
        assert Conversation.objects.filter(patient=world.people["patient"]).count() == 3


def test_13_visit_numbers_follow_the_highest(world: World) -> None:
    with system():
        Conversation.objects.filter(pk=world.values["waiting"]).update(visit_number=7)
    patient = world.client("patient")
    # The first goes on where nothing was said yet.
    numbers = [posted(patient, "/chatbot/chat", {"message": "My knee hurts."}).json()["visitNumber"] for _ in range(2)]
    assert numbers == [1, 8]


def test_14_deleting_people_and_cases_keeps_the_record(world: World, her_doctor: User) -> None:
    admin = world.client("admin")
    for path in (
        f"users/{world.values['patient']}",
        f"users/{her_doctor.pk}",
        f"conversations/{world.values['answered']}",
    ):
        assert admin.delete(f"/api/admin/{path}").status_code == 200
    with system():
        assert Prescription.objects.get().doctor_id == her_doctor.pk
        assert Conversation.objects.filter(patient=world.people["patient"]).count() == 3


@pytest.mark.parametrize("path", ["/api/uploads/file-1.pdf", "/api/uploads/profiles/x.png", "/uploads/x.png"])
def test_15_files_are_not_public(client: Client, db: None, path: str) -> None:
    assert client.get(path).status_code == 404


def test_16_the_content_decides_what_a_file_is(world: World) -> None:
    file = SimpleUploadedFile("x.pdf", b"<html>", content_type="application/pdf")
    response = world.client("patient").post(
        "/api/chatbot/upload", {"file": file, "conversationId": world.values["unfinished"]}
    )
    assert is_error(response, 400)


def test_17_a_file_of_more_than_a_megabyte_is_taken(world: World) -> None:
    content = io.BytesIO()
    Image.frombytes("RGB", (700, 700), os.urandom(700 * 700 * 3)).save(content, "PNG")
    assert len(content.getvalue()) > 1_100_000
    file = SimpleUploadedFile("x.png", content.getvalue(), content_type="image/png")
    response = world.client("patient").post(
        "/api/chatbot/upload", {"file": file, "conversationId": world.values["unfinished"]}
    )
    assert response.status_code == 200, response.content


@pytest.mark.parametrize(
    ("who", "path"),
    [
        ("patient", "patients/conversations"), ("patient", "chatbot/history"), ("doctor", "doctors/my-conversations"),
        ("doctor", "doctors/pending-conversations"), ("admin", "admin/users"), ("admin", "admin/logs/activities"),
    ],
)  # fmt: skip
def test_18_every_list_has_a_ceiling(world: World, who: str, path: str) -> None:
    pages = world.client(who).get(f"/api/{path}?limit=1000000").json()["pagination"]
    assert (pages.get("perPage") or pages["logsPerPage"]) <= 2_000


def test_19_reads_and_acts_are_on_record(world: World) -> None:
    world.client("doctor").get(f"/api/doctors/conversation/{world.values['answered']}")
    with system():
        assert ActivityLog.objects.filter(action=Action.CONVERSATION_VIEWED).exists()
    assert world.client("admin").get("/api/admin/logs/recent").json()["activities"]


def test_20_a_token_can_be_taken_back(world: World) -> None:
    patient = world.client("patient")
    patient.post("/api/auth/logout")
    assert is_error(patient.get("/api/auth/verify"), 401)


def test_21_short_passwords_are_refused_everywhere(world: World) -> None:
    assert is_error(posted(Client(), "/auth/register", {**NEW, "password": "six666"}), 400)
    assert is_error(posted(world.client("admin"), "/admin/users", {**NEW, "password": "1"}), 400)


def test_22_signing_in_tells_nothing_about_accounts(world: World) -> None:
    with system():
        world.people["patient"].deactivate(by=None)
    answers = [
        login(Client(), "ana@example.org"),
        login(Client(), "nobody@example.org"),
        login(Client(), "ana@example.org", "x"),
    ]
    assert {(answer.status_code, answer.json()["error"]) for answer in answers} == {(401, answers[0].json()["error"])}


def test_23_an_address_is_trimmed_and_one_that_registers_signs_in(client: Client, db: None) -> None:
    assert posted(client, "/auth/register", {**NEW, "email": "  Nora@Host.local "}).status_code == 201
    assert login(client, "nora@host.local", NEW["password"]).status_code == 200


def test_24_addresses_and_notes_reach_only_who_needs_them(world: World, stranger_doctor: User) -> None:
    queue = api_client(stranger_doctor).get("/api/doctors/pending-conversations").content.decode()
    assert "ana@example.org" not in queue
    own = world.client("patient").get("/api/patients/conversations").content.decode()
    assert "clara@example.org" not in own
    assert '"doctorNotes":null' in own


def test_25_nobody_joins_a_stranger_s_notices(client: Client, db: None) -> None:
    assert client.get("/socket.io/?EIO=4&transport=polling").status_code == 404


def test_26_operators_of_a_query_are_no_credentials(client: Client, patient: User) -> None:
    body = {"email": {"$gt": ""}, "password": {"$gt": ""}}
    assert is_error(posted(client, "/auth/login", body), 400)


def test_27_malformed_input_is_400_and_unknown_rows_are_404(world: World) -> None:
    doctor = world.client("doctor")
    assert is_error(doctor.patch("/api/doctors/conversation/x/archive"), 400)
    assert is_error(doctor.patch("/api/doctors/conversation/{nobody}/archive".format(**world.values)), 404)
    assert is_error(doctor.post("/api/doctors/conversation/x/respond", "{", content_type="application/json"), 400)


@pytest.mark.parametrize("path", ["patients/conversations", "patients/notifications", "chatbot/history"])
def test_28_every_answer_is_an_object(world: World, path: str) -> None:
    assert isinstance(world.client("patient").get(f"/api/{path}").json(), dict)


def test_29_the_last_administrator_stays(world: World) -> None:
    for change in ({"role": "doctor", "specialization": "X", "licenseNumber": "L"}, {"isActive": False}):
        assert is_error(sent(world.client("admin"), "PATCH", f"/admin/users/{world.values['self']}", change), 403)


def test_30_one_doctor_hides_a_case_from_no_other(world: World, stranger_doctor: User) -> None:
    world.client("doctor").patch(f"/api/doctors/conversation/{world.values['waiting']}/archive")
    assert api_client(stranger_doctor).get("/api/doctors/pending-conversations").json()["count"] == 1


def test_31_a_waiting_case_is_not_put_away_by_its_patient(world: World) -> None:
    assert is_error(world.client("patient").delete(f"/api/patients/conversations/{world.values['waiting']}"), 409)


def test_32_messages_have_a_limit_and_an_end(world: World) -> None:
    patient, answered = world.client("patient"), world.values["answered"]
    assert is_error(posted(patient, "/chatbot/chat", {"message": "x" * 5001}), 400)
    assert is_error(posted(patient, "/chatbot/chat", {"message": "Hello", "conversationId": answered}), 409)


def test_33_no_script_gets_through_a_summary_or_an_answer(world: World) -> None:
    script = "<script>alert(1)</script>"
    patient = world.client("patient")
    body = posted(patient, "/chatbot/chat", {"message": f"{script} crushing chest pain into my left arm"}).json()
    summary = world.client("doctor").get(f"/api/doctors/conversation/{body['conversationId']}").json()
    assert script not in json.dumps(summary["conversation"]["aiSummary"])
    respond(world, "waiting", diagnosis=f"<p>Sprain</p>{script}")
    assert case_of(world, "waiting").diagnosis == "<p>Sprain</p>"


def test_34_no_patient_s_words_leave_the_clinic(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("somebody opened a connection")

    patient = world.client("patient")
    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert posted(patient, "/chatbot/chat", {"message": "My knee hurts."}).status_code == 200


def test_35_health_says_nothing_of_the_machine(client: Client, db: None) -> None:
    assert set(client.get("/health").json()) == {"status", "message", "timestamp"}


def test_36_an_origin_that_is_not_allowed_is_not_answered_as_another(client: Client, db: None) -> None:
    assert "Access-Control-Allow-Origin" not in client.get("/api", headers={"Origin": "https://evil.example"}).headers


def test_37_nobody_has_an_account_before_somebody_makes_one(db: None) -> None:
    with system():
        assert not User.objects.exists()


def test_38_who_waits_longest_comes_first(world: World) -> None:
    later = ConversationFactory(patient=UserFactory(), awaiting=True)
    body = world.client("doctor").get("/api/doctors/pending-conversations").json()
    assert [case["id"] for case in body["conversations"]] == [world.values["waiting"], str(later.pk)]


def test_39_filters_of_the_log_are_understood(world: World) -> None:
    admin = world.client("admin")
    admin.get("/api/admin/users")
    assert admin.get("/api/admin/logs/activities?userRole=system").status_code == 200


def test_40_rules_that_were_declared_are_in_force(world: World) -> None:
    assert is_error(posted(world.client("patient"), "/chatbot/chat", {"message": ""}), 400)
    assert is_error(sent(world.client("patient"), "PATCH", "/patients/profile", {"bloodType": "Q"}), 400)
    assert is_error(posted(world.client("admin"), "/admin/users", {**NEW, "role": "x", "password": PASSWORD}), 400)
