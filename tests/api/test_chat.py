"""The chat through the API."""

import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from accounts.models import User
from conversations.models import Attachment, Conversation, Message, PrivateNote
from tests.api.asking import is_error, posted
from tests.cast import ClientOf, as_person, system
from tests.factories import ConversationFactory, MessageFactory, PrescriptionFactory, SymptomFactory


@pytest.fixture
def ana(api_of: ClientOf, patient: User) -> Client:
    """Ana's client."""
    return api_of(patient)


def say(client: Client, message: Any, conversation_id: Any = None) -> Any:
    return posted(client, "/chatbot/chat", {"message": message, "conversationId": conversation_id})


def picture(name: str = "knee.png") -> SimpleUploadedFile:
    content = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(content, "PNG")
    return SimpleUploadedFile(name, content.getvalue(), content_type="image/png")


def test_a_first_message_begins_a_consultation_and_is_answered_at_once(ana: Client, patient: User) -> None:
    response = say(ana, "My left knee has hurt since Monday.")
    body = response.json()
    assert response.status_code == 200
    assert (body["status"], body["visitNumber"]) == ("in_progress", 1)
    assert body["response"].strip()
    with as_person(patient):
        conversation = Conversation.objects.get(pk=body["conversationId"])
        said = Message.objects.filter(conversation=conversation).order_by("position")
        assert [message.sender for message in said] == ["assistant", "patient", "assistant"]


@pytest.mark.parametrize("conversation_id", [None, ""])
def test_without_an_id_it_is_a_new_consultation_each_time(ana: Client, conversation_id: Any) -> None:
    first, second = say(ana, "My knee hurts.", conversation_id), say(ana, "I have a rash.", conversation_id)
    assert first.json()["conversationId"] != second.json()["conversationId"]
    assert [first.json()["visitNumber"], second.json()["visitNumber"]] == [1, 2]


def test_with_the_id_it_goes_on_until_the_case_is_with_the_doctors(ana: Client) -> None:
    body = say(ana, "My left knee has hurt since Monday.").json()
    for _ in range(12):
        if body["status"] == "awaiting_doctor":
            break
        body = say(ana, "It is about the same as before, nothing else.", body["conversationId"]).json()
    assert body["status"] == "awaiting_doctor"
    more = say(ana, "One more thing: it is swollen.", body["conversationId"]).json()
    assert more["response"]
    assert more["status"] == "awaiting_doctor"


def test_an_emergency_goes_to_the_doctors_at_once_with_advice(ana: Client) -> None:
    body = say(ana, "I have crushing chest pain that spreads to my left arm and I am sweating.").json()
    assert body["status"] == "awaiting_doctor"
    assert "112" in body["response"]


@pytest.mark.parametrize("message", ["", "   ", None, 5, [], {"a": 1}, "x" * 5001, "a\0b", "\ud800", "bell\x07"])
def test_a_message_that_is_none_stores_nothing(ana: Client, patient: User, message: Any) -> None:
    if message == 5:
        assert say(ana, message).status_code in {200, 400}
        return
    assert is_error(say(ana, message), 400)
    with as_person(patient):
        assert not Conversation.objects.exists()


def test_what_is_answered_takes_no_more_messages(ana: Client, patient: User) -> None:
    case = ConversationFactory(patient=patient, answered=True)
    assert is_error(say(ana, "And my foot?", str(case.pk)), 409)
    assert is_error(say(ana, "Hello?", "nonsense"), 400)


def test_another_s_consultation_is_not_there(ana: Client, another_patient: User) -> None:
    theirs = ConversationFactory(patient=another_patient)
    assert is_error(say(ana, "Hello?", str(theirs.pk)), 404)
    assert is_error(ana.get(f"/api/chatbot/conversation/{theirs.pk}"), 404)
    response = ana.post("/api/chatbot/upload", {"file": picture(), "conversationId": str(theirs.pk)})
    assert is_error(response, 404)


def test_a_file_is_attached_and_its_link_works_without_a_header_for_this_reader_only(
    ana: Client, api_of: ClientOf, patient: User, another_patient: User
) -> None:
    case = say(ana, "My knee hurts.").json()["conversationId"]
    response = ana.post("/api/chatbot/upload", {"file": picture("my knee.png"), "conversationId": case})
    assert response.status_code == 200, response.content
    assert response.json()["file"]["originalName"] == "my knee.png"
    body = ana.get(f"/api/chatbot/conversation/{case}").json()["conversation"]
    (file,) = body["attachments"]
    assert file["fileSizeBytes"] > 0
    opened = Client().get(f"/api/{file['path']}")
    assert opened.status_code == 200
    assert opened["Content-Disposition"].startswith("attachment")
    assert opened["Content-Type"] == "image/png"
    bare = f"/api/attachments/{file['id']}"
    assert ana.get(bare).status_code == 200
    assert is_error(Client().get(bare), 401)
    assert is_error(api_of(another_patient).get(bare), 404)
    other = file["path"].replace(file["id"], "00000000-0000-4000-8000-000000000000")
    assert is_error(Client().get(f"/api/{other}"), 410)
    assert is_error(Client().get(f"/api/{file['path']}x"), 410)
    ana.post("/api/auth/logout")
    assert is_error(Client().get(f"/api/{file['path']}"), 410)


def test_a_link_expires(ana: Client, patient: User, monkeypatch: pytest.MonkeyPatch) -> None:
    case = say(ana, "My knee hurts.").json()["conversationId"]
    path = ana.post("/api/chatbot/upload", {"file": picture(), "conversationId": case}).json()["attachment"]["path"]
    monkeypatch.setattr("conversations.api.links.SECONDS", -1)
    assert is_error(Client().get(f"/api/{path}"), 410)


def test_what_is_no_picture_or_document_is_refused_by_its_content(ana: Client, patient: User) -> None:
    case = say(ana, "My knee hurts.").json()["conversationId"]
    script = SimpleUploadedFile("knee.png", b"<script>alert(1)</script>", content_type="image/png")
    for file in (script, SimpleUploadedFile("x.pdfx", b"%PDF-nonsense", content_type="application/pdf")):
        assert is_error(ana.post("/api/chatbot/upload", {"file": file, "conversationId": case}), 400)
    assert is_error(ana.post("/api/chatbot/upload", {"conversationId": case}), 400)
    assert is_error(ana.post("/api/chatbot/upload", {"file": picture()}), 400)
    with as_person(patient):
        assert not Attachment.objects.exists()


def test_a_file_that_is_too_large_is_413(ana: Client, settings: Any) -> None:
    case = say(ana, "My knee hurts.").json()["conversationId"]
    settings.ATTACHMENT_MAX_BYTES = 10
    assert is_error(ana.post("/api/chatbot/upload", {"file": picture(), "conversationId": case}), 413)


def test_the_history_holds_what_was_put_away_too(ana: Client, patient: User) -> None:
    first = ConversationFactory(patient=patient, answered=True)
    second = ConversationFactory(patient=patient)
    with as_person(patient):
        first.archive(by=patient)
    body = ana.get("/api/chatbot/history").json()
    assert [entry["id"] for entry in body["conversations"]] == [str(second.pk), str(first.pk)]
    assert set(body["conversations"][0]) == {
        "id", "visitNumber", "status", "aiSummary", "createdAt", "updatedAt", "conversationEndedAt"
    }  # fmt: skip
    assert body["pagination"] == {"currentPage": 1, "totalPages": 1, "total": 2, "perPage": 200}


def test_one_consultation_holds_everything_in_order_and_no_private_note(
    ana: Client, patient: User, her_doctor: User
) -> None:
    case = ConversationFactory(patient=patient, answered=True, doctor=her_doctor, private_note="hypochondriasis")
    for position, text in enumerate(["one", "two", "three"]):
        MessageFactory(conversation=case, position=position, text=text)
    SymptomFactory(conversation=case, symptom="Knee pain")
    SymptomFactory(conversation=case, symptom="Fever", is_denied=True)
    PrescriptionFactory(conversation=case, doctor=her_doctor)
    response = ana.get(f"/api/chatbot/conversation/{case.pk}")
    body = response.json()["conversation"]
    assert [message["content"] for message in body["messages"]] == ["one", "two", "three"]
    assert body["messages"][0]["timestamp"] == body["messages"][0]["createdAt"]
    assert [symptom["symptom"] for symptom in body["symptoms"]] == ["Knee pain"]
    assert body["prescriptions"] == body["doctorResponse"]["prescriptions"]
    assert body["prescriptions"][0]["medication"] == "Ibuprofen"
    assert body["doctorNotes"] is None
    assert body["doctorResponse"]["notes"] is None
    assert b"hypochondriasis" not in response.content
    assert her_doctor.email.encode() not in response.content
    with system():
        assert PrivateNote.objects.exists()


def test_doctors_find_nobody_s_consultation_in_the_chat(api_of: ClientOf, patient: User, her_doctor: User) -> None:
    case = ConversationFactory(patient=patient, answered=True, doctor=her_doctor)
    assert is_error(api_of(her_doctor).get(f"/api/chatbot/conversation/{case.pk}"), 404)
