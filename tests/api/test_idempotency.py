"""What is sent twice with the same Idempotency-Key happens once."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, connections
from django.test import Client
from django.utils import timezone

from accounts.models import StoredAnswer, User
from audit.models import ActivityLog
from conversations.models import Attachment, Conversation, Message
from medichat.db.context import system
from tests.api.asking import is_error, sent
from tests.api.test_chat import picture
from tests.cast import ClientOf, api_client, as_person
from tests.factories import ConversationFactory

SAID = {"message": "My left knee has hurt since Monday."}
ANSWER = {"diagnosis": "<p>Sprain</p>", "recommendations": "<p>Rest</p>"}


@pytest.fixture
def ana(api_of: ClientOf, patient: User) -> Client:
    return api_of(patient)


def say(client: Client, key: str, body: Any = SAID) -> Any:
    return client.post("/api/chatbot/chat", body, content_type="application/json", headers={"Idempotency-Key": key})


def consultations(patient: User) -> int:
    with as_person(patient):
        return Conversation.objects.count()


def test_the_second_time_the_first_answer_comes_and_nothing_happens(ana: Client, patient: User) -> None:
    first, second = say(ana, "a"), say(ana, "a")
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json() == second.json()
    assert (first["Idempotency-Replayed"], second["Idempotency-Replayed"]) == ("false", "true")
    assert consultations(patient) == 1
    assert say(ana, "b").json() != first.json()
    assert consultations(patient) == 2


def test_the_order_of_the_fields_is_no_difference(ana: Client, patient: User) -> None:
    say(ana, "a", {"message": "My knee hurts.", "conversationId": None})
    assert say(ana, "a", {"conversationId": None, "message": "My knee hurts."})["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize("other", ["body", "path"])
def test_the_same_key_for_something_else_is_refused(ana: Client, patient: User, other: str) -> None:
    conversation = say(ana, "a").json()["conversationId"]
    if other == "body":
        response = say(ana, "a", {"message": "I have a rash."})
    else:
        response = ana.post(
            "/api/chatbot/upload",
            {"conversationId": conversation, "file": picture()},
            headers={"Idempotency-Key": "a"},
        )
    assert is_error(response, 422)
    assert response.json()["code"] == "idempotency_key_reused"
    assert consultations(patient) == 1


def test_keys_are_each_person_s_own(ana: Client, api_of: ClientOf, another_patient: User) -> None:
    hers, his = say(ana, "a"), say(api_of(another_patient), "a")
    assert hers.json()["conversationId"] != his.json()["conversationId"]
    assert his["Idempotency-Replayed"] == "false"
    with as_person(another_patient):
        assert StoredAnswer.objects.count() == 1


def test_what_was_refused_is_tried_again(ana: Client, patient: User) -> None:
    assert is_error(say(ana, "a", {"message": ""}), 400)
    assert say(ana, "a").status_code == 200
    assert is_error(say(ana, "b", {**SAID, "conversationId": str(uuid.uuid4())}), 404)
    with as_person(patient):
        assert StoredAnswer.objects.count() == 1


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "knie-schmerz-é"])
def test_a_key_that_is_none_is_said(ana: Client, patient: User, key: str) -> None:
    response = say(ana, key)
    assert is_error(response, 400)
    assert response.json()["errors"][0]["field"] == "Idempotency-Key"
    assert consultations(patient) == 0


def test_a_file_is_attached_once_and_another_one_is_another_act(ana: Client, patient: User) -> None:
    conversation = say(ana, "a").json()["conversationId"]

    def attach(file: SimpleUploadedFile) -> Any:
        fields = {"conversationId": conversation, "file": file}
        return ana.post("/api/chatbot/upload", fields, headers={"Idempotency-Key": "file"})

    assert attach(picture()).json()["attachment"]["id"] == attach(picture()).json()["attachment"]["id"]
    assert is_error(attach(picture("other.png")), 422)
    with as_person(patient):
        assert Attachment.objects.count() == 1


def test_a_case_is_answered_once(api_of: ClientOf, her_doctor: User, patient: User) -> None:
    case = ConversationFactory(patient=patient, awaiting=True)
    client = api_of(her_doctor)

    def answer() -> Any:
        path = f"/api/doctors/conversation/{case.pk}/respond"
        return client.post(path, ANSWER, content_type="application/json", headers={"Idempotency-Key": "answer"})

    assert answer().json() == answer().json()
    # Without the key it is what it always was: somebody has answered.
    assert is_error(sent(client, "POST", f"/doctors/conversation/{case.pk}/respond", ANSWER), 409)


def test_looking_at_a_kept_answer_is_on_record(ana: Client, patient: User) -> None:
    say(ana, "a")
    say(ana, "a")
    with system():
        look = ActivityLog.objects.get(resource_type="stored_answer")
    assert (look.actor_id, look.patient_id, look.purpose) == (patient.pk, patient.pk, "own")


def test_answers_and_keys_are_not_readable_in_the_database(ana: Client) -> None:
    text = say(ana, "my-secret-key").json()["response"]
    with system(), connection.cursor() as cursor:
        cursor.execute("SELECT stored_answers::text, body FROM stored_answers")
        row, body = cursor.fetchone()
    assert "my-secret-key" not in row
    assert text[:20].encode() not in bytes(body)


def test_answers_go_after_a_day(ana: Client, patient: User, monkeypatch: pytest.MonkeyPatch) -> None:
    from accounts.periodic import remove_old_answers

    say(ana, "a")
    with system():
        assert remove_old_answers() == "0 removed"
        monkeypatch.setattr(
            "accounts.models.stored_answers.timezone.now", lambda now=timezone.now: now() + timedelta(hours=25)
        )
        assert remove_old_answers() == "1 removed"


@pytest.mark.django_db(transaction=True)
def test_of_several_at_the_same_moment_one_happens_and_all_get_its_answer(patient: User) -> None:
    client_headers = api_client(patient).defaults
    barrier = Barrier(4)

    def run(_number: int) -> Any:
        client = Client()
        client.defaults.update(client_headers)
        barrier.wait(timeout=30)
        try:
            return say(client, "a").json()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=4) as pool:
        answers = list(pool.map(run, range(4)))
    assert {answer["conversationId"] for answer in answers} == {answers[0]["conversationId"]}
    with as_person(patient):
        assert Message.objects.filter(sender="patient").count() == 1
