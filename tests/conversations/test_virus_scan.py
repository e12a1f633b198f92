"""Scanning what is uploaded: against a stand-in for clamd, and against clamd itself where that is installed."""

import io
import json
import logging
import os
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import User
from audit.actions import Action
from audit.models import ActivityLog
from conversations.models import Attachment, Conversation
from medichat import virus_scan
from medichat.virus_scan import ScannerUnavailable, scan
from tests.cast import ClientOf, system
from tests.conversations import hostile, samples, scanner
from tests.conversations.scanner import Scanner

PNG = samples.png()
INFECTED = PNG + hostile.EICAR


@pytest.fixture(params=["unix", "tcp"])
def clamd(request: pytest.FixtureRequest, settings: Settings) -> Iterator[Scanner]:
    """A stand-in that the settings name, on either kind of socket."""
    with tempfile.TemporaryDirectory() as directory:  # short: the path of a socket has at most 107 characters
        address = f"{directory}/clamd.ctl" if request.param == "unix" else ""
        with scanner.running(address) as stand_in:
            settings.CLAMAV_SOCKET = stand_in.address
            settings.CLAMAV_TIMEOUT_SECONDS = 3
            yield stand_in


def upload(client: Client, conversation: Conversation, content: bytes, **more: str) -> HttpResponse:
    url = reverse("conversations:attach", args=[conversation.pk])
    file = SimpleUploadedFile("knee.png", content, "image/png")
    data = {"client_token": str(uuid.uuid4()), "file": file, **more}
    return client.post(url, data)  # type: ignore[return-value]  # the test client's answer is one


def stored(conversation: Conversation) -> int:
    with system():
        return Attachment.objects.filter(conversation=conversation).count()


def viruses_on_record(sender: User) -> list[dict[str, str]]:
    """What the activity log says of refused files of this person."""
    with system():
        rows = ActivityLog.objects.filter(action=Action.VIRUS_FOUND, actor_id=sender.pk)
        assert all((row.patient_id, row.status, row.severity) == (sender.pk, "failure", "warning") for row in rows)
        return [json.loads(row.metadata or "") for row in rows]


def test_administrators_see_it_on_their_front_page(
    clamd: Scanner, consultation: Conversation, client_of: ClientOf, administrator: User
) -> None:
    upload(client_of(consultation.patient), consultation, INFECTED)
    page = client_of(administrator).get("/admin/").content.decode()
    assert "1 file with a virus was refused in the last 24 hours" in page
    assert "action__exact=file.virus_found" in page


def test_a_clean_file_is_scanned_whole_and_attached(
    clamd: Scanner, consultation: Conversation, client_of: ClientOf
) -> None:
    assert upload(client_of(consultation.patient), consultation, PNG).status_code == 302
    assert clamd.received == [PNG]
    assert stored(consultation) == 1


def test_a_virus_is_refused_and_the_operators_are_told(
    clamd: Scanner, consultation: Conversation, client_of: ClientOf, caplog: pytest.LogCaptureFixture
) -> None:
    response = upload(client_of(consultation.patient), consultation, INFECTED, text="It began with")
    page = response.content.decode()
    assert response.status_code == 422
    assert "A virus was found in this file" in page
    assert "It began with</textarea>" in page
    assert stored(consultation) == 0
    assert "Eicar-Signature" in caplog.text
    assert "knee.png" not in caplog.text
    assert viruses_on_record(consultation.patient) == [{"found": "Eicar-Signature", "where": "upload"}]


@pytest.mark.parametrize(("content", "status", "kept"), [(PNG, 200, 1), (INFECTED, 400, 0)], ids=["clean", "virus"])
def test_what_comes_through_the_api_is_scanned_as_well(
    clamd: Scanner, consultation: Conversation, api_of: ClientOf, content: bytes, status: int, kept: int
) -> None:
    file = SimpleUploadedFile("knee.png", content, "image/png")
    sent = {"file": file, "conversationId": str(consultation.pk)}
    response = api_of(consultation.patient).post("/api/chatbot/upload", sent)
    assert response.status_code == status, response.content
    assert clamd.received == [content]
    assert stored(consultation) == kept
    assert len(viruses_on_record(consultation.patient)) == (0 if kept else 1)


def test_what_the_cleaning_would_remove_is_scanned_before(
    clamd: Scanner, consultation: Conversation, client_of: ClientOf
) -> None:
    """Who sends a virus should hear of it, even where it would be cut off."""
    upload(client_of(consultation.patient), consultation, INFECTED)
    assert clamd.received == [INFECTED]


@pytest.mark.parametrize(
    ("misbehaviour", "told"),
    [
        ({"silent": True}, "TimeoutError"),
        ({"reply": b"stream: lstat() failed ERROR\0"}, "lstat() failed ERROR"),
        ({"reply": b"\0"}, "clamd answered ''"),
        ({"reply": b"\xff\xfe OK\0"}, "clamd answered"),
        ({"limit": 100}, "Set StreamMaxLength"),
    ],
    ids=["silent", "error", "nothing", "nonsense", "too-long-for-it"],
)
def test_without_a_clear_answer_nothing_is_accepted(
    clamd: Scanner,
    consultation: Conversation,
    client_of: ClientOf,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
    misbehaviour: dict[str, object],
    told: str,
) -> None:
    settings.CLAMAV_TIMEOUT_SECONDS = 1
    for name, value in misbehaviour.items():
        setattr(clamd, name, value)
    response = upload(client_of(consultation.patient), consultation, PNG, text="It began with")
    page = response.content.decode()
    assert response.status_code == 422
    assert "cannot be checked for viruses at the moment" in page
    assert "It began with</textarea>" in page
    assert stored(consultation) == 0
    assert told in caplog.text


@pytest.mark.parametrize("address", ["/nowhere/clamd.ctl", "unix:/nowhere/clamd.ctl", "127.0.0.1:1", "nonsense", "x:y"])
def test_a_scanner_that_cannot_be_reached_refuses_uploads(
    consultation: Conversation, client_of: ClientOf, settings: Settings, caplog: pytest.LogCaptureFixture, address: str
) -> None:
    settings.CLAMAV_SOCKET = address
    with caplog.at_level(logging.ERROR, logger="medichat.virus_scan"):
        response = upload(client_of(consultation.patient), consultation, PNG)
    assert response.status_code == 422
    assert "cannot be checked for viruses at the moment" in response.content.decode()
    assert stored(consultation) == 0
    assert "CLAMAV_SOCKET" in caplog.text


def test_a_message_without_a_file_needs_no_scanner(
    consultation: Conversation, client_of: ClientOf, settings: Settings
) -> None:
    settings.CLAMAV_SOCKET = "/nowhere/clamd.ctl"
    url = reverse("conversations:message", args=[consultation.pk])
    data = {"text": "My knee hurts.", "client_token": str(uuid.uuid4())}
    assert client_of(consultation.patient).post(url, data).status_code == 302


def test_strangers_have_nothing_scanned(
    clamd: Scanner, consultation: Conversation, another_patient: User, client: Client, client_of: ClientOf
) -> None:
    assert upload(client_of(another_patient), consultation, PNG).status_code == 404
    assert upload(client, consultation, PNG).status_code == 401
    assert clamd.received == []


def test_the_message_of_a_scanned_file_is_said_once(
    clamd: Scanner, consultation: Conversation, client_of: ClientOf
) -> None:
    url = reverse("conversations:message", args=[consultation.pk])
    file = SimpleUploadedFile("knee.png", PNG, "image/png")
    data = {"text": "This is my knee.", "client_token": str(uuid.uuid4()), "file": file}
    assert client_of(consultation.patient).post(url, data).status_code == 302
    with system():
        assert consultation.messages.filter(sender="patient").count() == 1
        assert ActivityLog.objects.filter(action="file.uploaded").count() == 1
        assert not ActivityLog.objects.filter(action="request.failed").exists()
    assert stored(consultation) == 1


@pytest.mark.django_db(transaction=True)
def test_no_transaction_waits_for_the_scanner(
    client_of: ClientOf, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.factories import ConversationFactory, UserFactory

    waited: list[bool] = []

    def look(_file: object) -> virus_scan.Verdict:
        waited.append(connection.in_atomic_block)
        return virus_scan.Verdict()

    settings.CLAMAV_SOCKET = "127.0.0.1:1"
    monkeypatch.setattr(virus_scan, "scan", look)
    conversation = ConversationFactory(patient=UserFactory())
    assert upload(client_of(conversation.patient), conversation, PNG).status_code == 302
    assert waited == [False]
    assert stored(conversation) == 1


@pytest.fixture
def real_clamd(tmp_path: Path, settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """ClamAV's own daemon, with a database of one signature, for its own is far too large for a test."""
    program = shutil.which("clamd", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("clamd is not installed (Debian: clamav-daemon)")
    with tempfile.TemporaryDirectory() as directory:
        signature = f"Eicar-Test:0:*:{hostile.EICAR.hex()}\n"
        (Path(directory) / "test.ndb").write_text(signature)
        Path(directory).chmod(0o755)
        (Path(directory) / "clamd.conf").write_text(
            f"LocalSocket {directory}/clamd.ctl\nDatabaseDirectory {directory}\nForeground yes\nStreamMaxLength 1M\n"
        )
        process = subprocess.Popen([program, f"--config-file={directory}/clamd.conf"], stdout=subprocess.DEVNULL)
        settings.CLAMAV_SOCKET = f"unix:{directory}/clamd.ctl"
        try:
            wait_for(process, f"{directory}/clamd.ctl")
            yield process
        finally:
            process.terminate()
            process.wait(timeout=30)


def wait_for(process: "subprocess.Popen[bytes]", path: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            if probe.connect_ex(path) == 0:
                return
        time.sleep(0.1)
    pytest.fail("clamd did not start")


def test_clamd_itself_is_understood(real_clamd: "subprocess.Popen[bytes]") -> None:
    assert scan(io.BytesIO(PNG)).is_clean
    assert scan(io.BytesIO(hostile.EICAR)).found.startswith("Eicar-Test")
    with pytest.raises(ScannerUnavailable, match="StreamMaxLength"):
        scan(io.BytesIO(bytes(3 * 1024 * 1024)))
