"""One request, followed by its id: from the answer (or its error page) to the server log and the activity log."""

import json
import logging
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from audit.models import ActivityLog
from medichat.db.context import system
from medichat.server_log import JsonLines
from tests.cast import ClientOf
from tests.factories import ConversationFactory

pytestmark = pytest.mark.django_db

COMPLAINT = "purple itching of the elbow"


class Lines(logging.Handler):
    """What production writes to its log, line by line."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(JsonLines())
        self.written: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.written.append(self.format(record))

    def of(self, request_id: str) -> list[dict[str, object]]:
        """The lines of one request."""
        return [line for line in map(json.loads, self.written) if line.get("request_id") == request_id]


@pytest.fixture
def server_log() -> Iterator[Lines]:
    """Everything that is logged, as lines of production's log."""
    lines, root = Lines(), logging.getLogger()
    before = root.level
    root.addHandler(lines)
    root.setLevel(logging.INFO)
    yield lines
    root.removeHandler(lines)
    root.setLevel(before)


def recorded(request_id: str) -> list[ActivityLog]:
    with system():
        return list(ActivityLog.objects.filter(request_id=request_id).order_by("sequence"))


def assert_says_nothing_of(patient: User, lines: Lines) -> None:
    said = "\n".join(lines.written)
    for word in (COMPLAINT, patient.last_name, patient.email, str(patient.pk)):
        assert word not in said


def test_a_success(client_of: ClientOf, patient: User, server_log: Lines) -> None:
    case = ConversationFactory(patient=patient, complaint=COMPLAINT)
    response = client_of(patient).get(reverse("conversations:chat", args=[case.pk]))
    request_id = response["X-Request-ID"]
    assert response.status_code == 200
    (line,) = server_log.of(request_id)
    assert (line["logger"], line["status"]) == ("medichat.requests", 200)
    assert str(line["message"]).startswith("GET conversations:chat 200 in ")
    assert [(row.action, row.resource_id) for row in recorded(request_id)] == [("conversation.viewed", str(case.pk))]
    assert_says_nothing_of(patient, server_log)


def test_a_stranger_s_attempt(client_of: ClientOf, patient: User, another_patient: User, server_log: Lines) -> None:
    case = ConversationFactory(patient=patient, complaint=COMPLAINT)
    response = client_of(another_patient).get(reverse("conversations:chat", args=[case.pk]))
    request_id = response["X-Request-ID"]
    assert response.status_code == 404
    assert request_id in response.content.decode()  # the reference on the page
    assert 404 in {line.get("status") for line in server_log.of(request_id)}
    assert [(row.action, row.actor_id) for row in recorded(request_id)] == [("request.refused", another_patient.pk)]
    assert_says_nothing_of(patient, server_log)
    assert str(case.pk) not in "\n".join(server_log.written)


def test_a_mistake_of_ours(
    client_of: ClientOf, patient: User, server_log: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError(COMPLAINT)

    client = client_of(patient)
    client.raise_request_exception = False
    monkeypatch.setattr("audit.receivers.about_case", broken)
    response = client.post(reverse("conversations:start"))
    request_id = response["X-Request-ID"]
    assert response.status_code == 500
    assert request_id in response.content.decode()
    lines = server_log.of(request_id)
    (error,) = (line["error"] for line in lines if "error" in line)
    assert "ZeroDivisionError" in json.dumps(error)
    assert "conversations" in json.dumps(error)  # where it happened
    assert [(row.action, row.status_code) for row in recorded(request_id)] == [("request.failed", 500)]
    assert_says_nothing_of(patient, server_log)


def test_a_conflict(
    client_of: ClientOf, patient: User, her_doctor: User, stranger_doctor: User, server_log: Lines
) -> None:
    case = ConversationFactory(patient=patient, complaint=COMPLAINT, claimed=True, doctor=stranger_doctor)
    response = client_of(her_doctor).post(reverse("conversations:claim", args=[case.pk]))
    request_id = response["X-Request-ID"]
    assert response.status_code == 409
    assert request_id in response.content.decode()
    assert 409 in {line.get("status") for line in server_log.of(request_id)}
    assert [(row.action, row.actor_id) for row in recorded(request_id)] == [("request.refused", her_doctor.pk)]
    assert_says_nothing_of(patient, server_log)


def test_a_page_that_needs_no_patient_has_its_line_as_well(client: Client, server_log: Lines) -> None:
    response = client.get("/")
    assert [line["status"] for line in server_log.of(response["X-Request-ID"])] == [200]
