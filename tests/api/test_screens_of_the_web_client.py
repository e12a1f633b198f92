"""The web client of the previous system, screen by screen: what it calls on load and on click, and that every field it
reads is there with its type. It is not changed by us, so this is what must not break."""

import json
import re
from datetime import timedelta
from types import NoneType
from typing import Any

import pytest
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django.utils import timezone

from tests.accounts.test_photo import picture as photo
from tests.api.contract import ANSWER, NEW
from tests.api.test_chat import picture
from tests.api.test_settings_form import BLANK
from tests.api.world import World, make_world
from tests.factories import PASSWORD, FamilyHistoryFactory, ImmunizationFactory, SurgicalHistoryFactory

TEXT, MAYBE = (str,), (str, NoneType)
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
USER = {"id": TEXT, "role": TEXT, "firstName": TEXT, "lastName": TEXT, "email": TEXT, "dateOfBirth": MAYBE,
        "profilePhoto": MAYBE}  # fmt: skip


def reads(part: Any, fields: dict[str, Any]) -> None:
    """Every field is there, and of one of these types; a pattern is a text that it matches."""
    assert isinstance(part, dict)
    for name, kind in fields.items():
        assert name in part, name
        if isinstance(kind, re.Pattern):
            assert isinstance(part[name], str), name
            assert kind.fullmatch(part[name]), name
        else:
            assert isinstance(part[name], kind), (name, part[name])


class WebClient:
    """What the client does: a token in a header, JSON, and nothing else."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def get(self, path: str) -> Any:
        """The body of an answer that the screen goes on with."""
        return self._taken(self.client.get(f"/api{path}"))

    def send(self, method: str, path: str, body: Any = None) -> Any:
        """The same with a body, or without one."""
        call = getattr(self.client, method)
        return self._taken(call(f"/api{path}", body, content_type="application/json") if body else call(f"/api{path}"))

    def form(self, method: str, path: str, fields: dict[str, Any]) -> Any:
        """The same as a form with a file; what is empty is left out, lists are JSON texts."""
        sent = {
            name: json.dumps(value) if isinstance(value, list) else value
            for name, value in fields.items()
            if value not in ("", None)
        }
        content = encode_multipart(BOUNDARY, sent)
        return self._taken(self.client.generic(method.upper(), f"/api{path}", content, MULTIPART_CONTENT))

    def refused(self, method: str, path: str, body: Any, field: str) -> str:
        """The text that the screen shows, from ``error`` or ``message``; 401 would throw everything away."""
        response = getattr(self.client, method)(f"/api{path}", body, content_type="application/json")
        assert response.status_code >= 400
        assert response.status_code != 401 or path == "/auth/login"
        shown = response.json()[field]
        assert isinstance(shown, str)
        assert shown
        return shown

    @staticmethod
    def _taken(response: Any) -> Any:
        assert 200 <= response.status_code < 300, response.content
        return response.json()


@pytest.fixture
def world(patient: Any, her_doctor: Any, administrator: Any) -> World:
    """The same world with what the settings form shows besides."""
    for make in (SurgicalHistoryFactory, FamilyHistoryFactory, ImmunizationFactory):
        make(patient=patient)
    return make_world(patient, her_doctor, administrator)


def web(world: World, who: str) -> WebClient:
    return WebClient(world.client(who))


def visits(client: WebClient, archived: str = "false") -> Any:
    """What the dashboard, the history and the prescriptions show."""
    rows = client.get(f"/patients/conversations?includeArchived={archived}")["conversations"]
    for row in rows:
        reads(row, {
            "id": TEXT, "_id": TEXT, "visitNumber": int, "status": TEXT, "createdAt": MOMENT, "updatedAt": MOMENT,
            "archivedByPatient": bool, "patientNotified": bool, "doctor": (dict, NoneType),
            "doctorResponse": (dict, NoneType),
        })  # fmt: skip
        if row["doctorResponse"]:
            answer = row["doctorResponse"]
            reads(answer, {"diagnosis": TEXT, "recommendations": TEXT, "respondedAt": MOMENT, "prescriptions": list})
            for item in answer["prescriptions"]:
                reads(item, {"medication": TEXT, "dosage": TEXT, "frequency": TEXT, "duration": TEXT})
    return rows


def test_login_and_register(world: World) -> None:
    visitor = web(world, "visitor")
    body = visitor.send("post", "/auth/login", {"email": "ana@example.org", "password": PASSWORD})
    reads(body, {"token": TEXT, "user": dict})
    reads(body["user"], USER)
    # It is kept whole in the local storage.
    assert json.loads(json.dumps(body["user"])) == body["user"]
    visitor.refused("post", "/auth/login", {"email": "ana@example.org", "password": "wrong"}, "error")
    body = visitor.form("post", "/auth/register", {**NEW, "phone": "", "dateOfBirth": "", "profilePhoto": photo()})
    reads(body["user"], USER)
    # The client puts the server's address in front of it.
    assert body["user"]["profilePhoto"].startswith("/")
    assert Client().get(body["user"]["profilePhoto"]).status_code == 200
    visitor.refused("post", "/auth/register", NEW, "error")


def test_patient_dashboard(world: World) -> None:
    ana, answered = web(world, "patient"), world.values["answered"]
    assert len(visits(ana)) == 3
    (notice,) = ana.get("/patients/notifications")["notifications"]
    reads(notice, {"id": TEXT, "_id": TEXT, "status": TEXT, "patientNotified": bool, "doctorResponse": dict})
    reads(notice["doctor"], {"firstName": TEXT, "lastName": TEXT})
    reads(notice["doctorResponse"], {"respondedAt": MOMENT})
    ana.send("patch", f"/patients/conversations/{notice['_id']}/mark-read")
    assert ana.get("/patients/notifications")["notifications"] == []
    ana.send("patch", f"/patients/conversations/{answered}/archive")
    assert (len(visits(ana)), len(visits(ana, "true"))) == (2, 3)
    ana.send("patch", f"/patients/conversations/{answered}/unarchive")
    ana.send("delete", f"/patients/conversations/{answered}")
    assert len(visits(ana)) == 2
    ana.refused("delete", f"/patients/conversations/{world.values['waiting']}", None, "error")


def test_consultation(world: World) -> None:
    ana = web(world, "patient")
    conversation = ana.get(f"/chatbot/conversation/{world.values['answered']}")["conversation"]
    for message in conversation["messages"]:
        reads(message, {"role": TEXT, "content": TEXT, "timestamp": MOMENT})
    reads(conversation["doctorResponse"], {"doctor": dict, "diagnosis": TEXT, "recommendations": TEXT})
    assert len(conversation["doctorResponse"]["prescriptions"]) == 1
    assert ana.get(f"/chatbot/conversation/{world.values['unfinished']}")["conversation"]["doctorResponse"] is None
    # A new one with a file: chat, upload, chat.
    said = ana.send("post", "/chatbot/chat", {"message": "My knee hurts.", "conversationId": None})
    reads(said, {"response": TEXT, "conversationId": TEXT, "status": TEXT})
    ana.form("post", "/chatbot/upload", {"conversationId": said["conversationId"], "file": picture()})
    body = {"message": "I have uploaded a file: knee.png", "conversationId": said["conversationId"]}
    reads(ana.send("post", "/chatbot/chat", body), {"response": TEXT, "status": TEXT})


def test_settings(world: World) -> None:
    ana = web(world, "patient")
    shown = ana.get("/patients/profile")["patient"]
    reads(shown, {
        "phone": MAYBE, "dateOfBirth": MAYBE, "gender": MAYBE, "allergies": list, "patientMedications": list,
        "chronicConditions": list, "surgicalHistory": list, "familyHistory": list, "immunizations": list,
        "pharmacyName": MAYBE, "pharmacyPhone": MAYBE, "preferredLanguage": MAYBE, "smokingStatus": MAYBE,
        "alcoholConsumption": MAYBE, "exerciseFrequency": MAYBE, "patientMedicalInfo": dict,
    })  # fmt: skip
    assert all(isinstance(allergy, str) for allergy in shown["allergies"])
    for medicine in shown["patientMedications"]:
        reads(medicine, {"name": TEXT, "dosage": MAYBE, "frequency": MAYBE})
    info = shown["patientMedicalInfo"]
    reads(info, {
        "bloodType": MAYBE, "heightCm": MAYBE, "weightKg": MAYBE, "emergencyContactName": MAYBE,
        "emergencyContactRelationship": MAYBE, "emergencyContactPhone": MAYBE, "insuranceProvider": MAYBE,
        "insurancePolicyNumber": MAYBE, "insuranceGroupNumber": MAYBE,
    })  # fmt: skip
    reads(info["assignedDoctor"], {"firstName": TEXT, "lastName": TEXT})
    form = {**BLANK, "phone": "01632 960009", "allergies": shown["allergies"], "height": "5'10\"", "weight": "170 lbs"}
    saved = ana.send("patch", "/patients/profile", form)["patient"]
    # It is merged whole into the stored user.
    reads(saved, USER)
    with_photo = ana.form("patch", "/patients/profile", {**form, "profilePhoto": photo()})["patient"]
    assert with_photo["profilePhoto"].startswith("/")
    after = ana.get("/patients/profile")["patient"]
    assert (after["patientMedicalInfo"]["heightCm"], after["patientMedicalInfo"]["weightKg"]) == ("177.8", "77.1")
    for kept in ("allergies", "patientMedications", "surgicalHistory", "familyHistory", "immunizations"):
        assert after[kept] == shown[kept]
    told = ana.refused("patch", "/patients/profile", {**form, "bloodType": "Z"}, "message")
    assert not told.startswith("[")


@pytest.mark.parametrize(
    "path",
    [
        "/appointments?", "/messages", "/lab-results?", "/vital-signs?", "/care-plans?status=active", "/documents?",
        "/documents?category=lab", "/billing/invoices?", "/billing/payment-methods",
    ],
)  # fmt: skip
def test_screens_of_parts_that_are_not_here_have_a_view_for_404(world: World, path: str) -> None:
    response = world.client("patient").get(f"/api{path}")
    assert response.status_code == 404
    assert isinstance(response.json()["error"], str)


def test_doctor_dashboard(world: World) -> None:
    clara = web(world, "doctor")
    for path in ("/doctors/pending-conversations", "/doctors/my-conversations?includeArchived=false"):
        rows = clara.get(path)["conversations"]
        assert rows
        for row in rows:
            reads(row, {"id": TEXT, "_id": TEXT, "visitNumber": int, "status": TEXT, "createdAt": MOMENT})
            reads(row["patient"], {"firstName": TEXT, "lastName": TEXT})
            for name in ("allergies", "currentMedications"):
                assert all(isinstance(text, str) for text in row["patient"][name])
            reads(row["summary"], {"chiefComplaint": MAYBE})
    reads(clara.get("/doctors/stats"), {"pendingConversations": int, "totalPatients": int, "todayResponses": int})


def test_case_view_and_answering(world: World) -> None:
    clara = web(world, "doctor")
    case = clara.get(f"/doctors/conversation/{world.values['answered']}")["conversation"]
    reads(case, {"id": TEXT, "_id": TEXT, "visitNumber": int, "status": TEXT, "aiSummary": MAYBE})
    reads(case["patient"], {
        "firstName": TEXT, "lastName": TEXT, "dateOfBirth": MAYBE, "email": TEXT, "phone": MAYBE,
    })  # fmt: skip
    assert all(isinstance(text, str) for text in case["patient"]["allergies"] + case["patient"]["currentMedications"])
    for message in case["messages"]:
        reads(message, {"role": TEXT, "content": TEXT, "timestamp": MOMENT})
    for file in case["attachments"]:
        reads(file, {"path": TEXT, "originalName": TEXT})
    # The form's own faults come as a list in a text, everything else as a sentence.
    path = f"/doctors/conversation/{world.values['waiting']}/respond"
    faults = json.loads(clara.refused("post", path, {**ANSWER, "diagnosis": ""}, "message"))
    assert [(fault["field"], bool(fault["message"])) for fault in faults] == [("diagnosis", True)]
    answer = {**ANSWER, "prescriptions": [], "referrals": "", "callToOffice": False, "notes": ""}
    clara.send("post", path, answer)
    assert not clara.refused("post", path, answer, "message").startswith("[")


def test_a_document_opens_as_a_plain_link_behind_api(world: World) -> None:
    ana = web(world, "patient")
    said = ana.send("post", "/chatbot/chat", {"message": "My knee hurts.", "conversationId": None})
    ana.form("post", "/chatbot/upload", {"conversationId": said["conversationId"], "file": picture()})
    (file,) = ana.get(f"/chatbot/conversation/{said['conversationId']}")["conversation"]["attachments"]
    assert Client().get(f"/api/{file['path']}").status_code == 200


def test_admin_dashboard(world: World) -> None:
    farid = web(world, "admin")
    reads(farid.get("/admin/stats"), dict.fromkeys(
        ("totalPatients", "totalDoctors", "totalConversations", "pendingConversations", "completedConversations"), int
    ))  # fmt: skip
    for row in farid.get("/admin/users?")["users"]:
        reads(row, {
            "id": TEXT, "firstName": TEXT, "lastName": TEXT, "email": TEXT, "phone": MAYBE, "role": TEXT,
            "specialization": MAYBE, "createdAt": MOMENT, "profilePhoto": MAYBE,
        })  # fmt: skip
    made = farid.send("post", "/admin/users", NEW)["user"]
    farid.refused("post", "/admin/users", NEW, "error")
    farid.send("delete", f"/admin/users/{made['id']}")
    farid.refused("delete", f"/admin/users/{world.values['self']}", None, "error")


def test_admin_logs_and_analytics(world: World) -> None:
    farid = web(world, "admin")
    farid.get("/admin/users")
    body = farid.get("/admin/logs/activities?page=1&limit=50")
    reads(body["pagination"], dict.fromkeys(("currentPage", "totalPages", "totalLogs", "logsPerPage"), int))
    for row in body["logs"]:
        reads(row, {
            "_id": TEXT, "userRole": MAYBE, "severity": TEXT, "status": TEXT, "createdAt": MOMENT, "action": TEXT,
            "description": MAYBE, "user": (dict, NoneType), "userEmail": MAYBE, "ipAddress": TEXT,
            "error": (dict, NoneType), "duration": (int, float, NoneType), "metadata": object,
        })  # fmt: skip
        if row["user"]:
            reads(row["user"], {"firstName": TEXT, "lastName": TEXT, "email": TEXT})
    today = timezone.localdate()
    figures = farid.get(f"/admin/logs/statistics?startDate={today - timedelta(days=30)}&endDate={today}")
    reads(figures, {"totalLogs": int, "failedLogins": int})
    for name in ("byStatus", "byUserRole", "topActions"):
        assert figures[name]
        for each in figures[name]:
            reads(each, {"_id": TEXT, "count": int})
