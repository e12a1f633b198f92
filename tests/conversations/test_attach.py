"""Attaching a file: four kinds, known by their content; everything else is refused with a sentence."""

import struct
import uuid
import zlib
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from pydicom.uid import DeflatedExplicitVRLittleEndian
from pytest_django import Settings

from accounts.models import User
from conversations import attachments, signals
from conversations.models import Answer, Attachment, Conversation, Urgency
from medichat.db import encrypted_files
from tests.cast import ClientOf, as_person, system
from tests.conversations import samples
from tests.conversations.talk import say, words_of_the_patient
from tests.factories import ConversationFactory

JPEG, PNG, PDF, DICOM = samples.jpeg(), samples.png(), samples.pdf(), samples.dicom()


def upload(
    client: Client, conversation: Conversation, content: bytes, name: str, claimed: str = "", **more: Any
) -> HttpResponse:
    """Press 'Attach file' on the page."""
    file = SimpleUploadedFile(name, content, content_type=claimed or "application/octet-stream")
    data = {"file": file, "client_token": str(uuid.uuid4()), "text": "", **more}
    url = reverse("conversations:attach", args=[conversation.pk])
    response: HttpResponse = client.post(url, data)  # type: ignore[assignment]  # the client's own subclass
    return response


def stored(conversation: Conversation) -> list[Attachment]:
    with system():
        return list(Attachment.objects.filter(conversation=conversation))


def files_on_disk() -> list[Path]:
    return [path for path in Path(settings.FILES_DIR).rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("content", "name", "claimed", "content_type"),
    [
        (JPEG, "knee.jpg", "image/jpeg", "image/jpeg"),
        (JPEG, "KNEE.JPEG", "image/pjpeg", "image/jpeg"),
        (PNG, "rash.png", "image/png", "image/png"),
        (PDF, "letter.pdf", "application/pdf", "application/pdf"),
        (DICOM, "scan.dcm", "application/dicom", "application/dicom"),
        (DICOM, "IM-0001.0042", "", "application/dicom"),
        (PNG, "without-an-ending", "", "image/png"),
    ],
)
def test_the_four_kinds_are_stored_encrypted(
    consultation: Conversation, client_of: ClientOf, content: bytes, name: str, claimed: str, content_type: str
) -> None:
    response = upload(client_of(consultation.patient), consultation, content, name, claimed)
    assert response.status_code == 302
    (attachment,) = stored(consultation)
    kept = samples.as_kept(content) if content_type.startswith("image/") else content
    assert (attachment.content_type, attachment.size) == (content_type, len(kept))
    assert encrypted_files.open_verified(attachment.pk, attachment.sha256) == kept
    on_disk = next(path for path in files_on_disk() if path.name == str(attachment.pk)).read_bytes()
    assert kept[:40] not in on_disk


def bomb() -> bytes:
    """A picture of a few bytes that claims to be 50,000 pixels wide and high."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("content", "name", "claimed", "sentence"),
    [
        (b"", "knee.jpg", "image/jpeg", "This file is empty."),
        (b"just words", "notes.txt", "text/plain", "This kind of file cannot be read here."),
        (b"PK\x03\x04" + bytes(100), "letter.docx", "", "This kind of file cannot be read here."),
        (b"<html><script>alert(1)</script>", "rash.png", "image/png", "This kind of file cannot be read here."),
        (b"MZ" + bytes(200), "knee.jpg", "image/jpeg", "This kind of file cannot be read here."),
        (PNG, "knee.jpg", "", "says something else than what is in it"),
        (PNG, "knee.exe", "", "says something else than what is in it"),
        (PNG, "knee.png", "application/pdf", "announced as something else than what is in it"),
        (JPEG[:-200], "knee.jpg", "image/jpeg", "damaged or not complete"),
        (JPEG[: len(JPEG) // 2], "knee.jpg", "image/jpeg", "damaged or not complete"),
        (PNG[: len(PNG) // 2], "rash.png", "image/png", "damaged or not complete"),
        (PNG[:-12], "rash.png", "image/png", "damaged or not complete"),
        (PDF[: len(PDF) // 2], "letter.pdf", "application/pdf", "damaged or not complete"),
        (DICOM[:-1], "scan.dcm", "", "damaged or not complete"),
        (DICOM[:-1100], "scan.dcm", "", "damaged or not complete"),
        (bomb(), "rash.png", "image/png", "damaged or not complete"),
        (samples.pdf(pages=0), "letter.pdf", "", "has no pages"),
        (samples.pdf(password="secret"), "letter.pdf", "", "protected with a password"),
    ],
    ids=[
        "empty", "text", "zip", "html-as-picture", "program-as-picture", "png-named-jpg", "png-named-exe",
        "png-claimed-as-pdf", "jpeg-without-its-end", "half-a-jpeg", "half-a-png", "png-without-its-end", "half-a-pdf",
        "dicom-one-byte-short", "dicom-without-pixels", "decompression-bomb", "no-pages", "password",
    ],
)  # fmt: skip
def test_other_files_are_refused_with_a_sentence(
    consultation: Conversation, client_of: ClientOf, content: bytes, name: str, claimed: str, sentence: str
) -> None:
    before = files_on_disk()
    response = upload(client_of(consultation.patient), consultation, content, name, claimed, text="half a sentence")
    page = response.content.decode()
    assert response.status_code == 422
    assert sentence in page
    assert "half a sentence</textarea>" in page
    assert stored(consultation) == []
    assert files_on_disk() == before


def test_a_compressed_dicom_data_set_is_not_unfolded(consultation: Conversation, client_of: ClientOf) -> None:
    deflated = samples.dicom(transfer_syntax=DeflatedExplicitVRLittleEndian)
    response = upload(client_of(consultation.patient), consultation, deflated, "scan.dcm")
    assert response.status_code == 422
    assert "compressed in a way" in response.content.decode()


def test_too_large_is_413_with_the_size(consultation: Conversation, client_of: ClientOf, settings: Settings) -> None:
    settings.ATTACHMENT_MAX_BYTES = 2 * 1024 * 1024
    response = upload(client_of(consultation.patient), consultation, JPEG + bytes(3 * 1024 * 1024), "knee.jpg")
    page = response.content.decode()
    assert response.status_code == 413
    assert "too large: 3.0 MB. At most 2 MB" in page
    assert stored(consultation) == []


def test_far_too_large_is_refused_before_it_is_read(
    consultation: Conversation, client_of: ClientOf, settings: Settings
) -> None:
    settings.UPLOAD_MAX_BYTES = 1000
    response = upload(client_of(consultation.patient), consultation, JPEG, "knee.jpg")
    assert response.status_code == 413
    assert stored(consultation) == []


def test_no_file_chosen_is_said(consultation: Conversation, client_of: ClientOf) -> None:
    url = reverse("conversations:attach", args=[consultation.pk])
    response = client_of(consultation.patient).post(url, {"client_token": str(uuid.uuid4())})
    assert response.status_code == 422
    assert "Choose a file first." in response.content.decode()


def test_the_same_form_twice_stores_one_file(consultation: Conversation, client_of: ClientOf) -> None:
    client, token = client_of(consultation.patient), str(uuid.uuid4())
    before = len(files_on_disk())
    for _ in range(2):
        assert upload(client, consultation, JPEG, "knee.jpg", client_token=token).status_code == 302
    assert len(stored(consultation)) == 1
    assert len(files_on_disk()) == before + 1


def test_words_that_were_typed_are_kept(consultation: Conversation, client_of: ClientOf) -> None:
    response = upload(client_of(consultation.patient), consultation, JPEG, "knee.jpg", text="It began with")
    assert response.status_code == 200
    assert "It began with</textarea>" in response.content.decode()
    assert words_of_the_patient(consultation) == []


def test_a_chosen_file_travels_with_the_message(consultation: Conversation, client_of: ClientOf) -> None:
    url = reverse("conversations:message", args=[consultation.pk])
    data = {
        "text": "This is my knee.",
        "client_token": str(uuid.uuid4()),
        "file": SimpleUploadedFile("k.jpg", JPEG, "image/jpeg"),
    }
    assert client_of(consultation.patient).post(url, data).status_code == 302
    assert len(stored(consultation)) == 1
    assert words_of_the_patient(consultation) == ["This is my knee."]


def test_a_message_is_not_sent_without_its_file(consultation: Conversation, client_of: ClientOf) -> None:
    url = reverse("conversations:message", args=[consultation.pk])
    data = {"text": "My knee.", "client_token": str(uuid.uuid4()), "file": SimpleUploadedFile("k.jpg", b"words")}
    response = client_of(consultation.patient).post(url, data)
    assert response.status_code == 422
    assert "My knee.</textarea>" in response.content.decode()
    assert words_of_the_patient(consultation) == []


def test_the_summary_names_the_file(consultation: Conversation, client_of: ClientOf) -> None:
    say(consultation, "I have a rash.")
    upload(client_of(consultation.patient), consultation, PNG, "arm.png")
    with system():
        consultation.refresh_from_db()
    assert "arm.png" in (consultation.summary or "")


def test_the_name_is_tidied_and_encrypted(consultation: Conversation, client_of: ClientOf) -> None:
    upload(client_of(consultation.patient), consultation, PNG, "a\u202egpj.png")
    (attachment,) = stored(consultation)
    assert attachment.original_name == "agpj.png"


def test_a_consultation_holds_so_many_files(
    consultation: Conversation, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attachments, "MOST_FILES", 1)
    client = client_of(consultation.patient)
    upload(client, consultation, JPEG, "one.jpg")
    response = upload(client, consultation, JPEG, "two.jpg")
    assert response.status_code == 422
    assert len(stored(consultation)) == 1


def test_nothing_is_attached_after_the_answer(
    consultation: Conversation, her_doctor: User, client_of: ClientOf
) -> None:
    with system():
        consultation.submit(urgency=Urgency.ROUTINE)
        consultation.answer(Answer(diagnosis="Cough"), by=her_doctor)
    assert upload(client_of(consultation.patient), consultation, JPEG, "knee.jpg").status_code == 409
    assert stored(consultation) == []


def test_strangers_and_doctors_attach_nothing(
    consultation: Conversation, another_patient: User, her_doctor: User, client_of: ClientOf
) -> None:
    assert upload(client_of(another_patient), consultation, JPEG, "knee.jpg").status_code == 404
    assert upload(client_of(her_doctor), consultation, JPEG, "knee.jpg").status_code == 403
    assert stored(consultation) == []


def test_a_failure_afterwards_leaves_no_file(
    patient: User, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = ConversationFactory(patient=patient)

    def fail(**_rest: Any) -> None:
        raise RuntimeError("a receiver failed")

    before = files_on_disk()
    signals.file_attached.connect(fail)
    client = client_of(patient)
    client.raise_request_exception = False
    response = upload(client, conversation, JPEG, "knee.jpg")
    signals.file_attached.disconnect(fail)
    assert response.status_code == 500
    assert stored(conversation) == []
    assert files_on_disk() == before


def test_the_signal_tells_the_attachment(consultation: Conversation) -> None:
    heard: list[Attachment] = []

    def listen(attachment: Attachment, **_rest: Any) -> None:
        heard.append(attachment)

    signals.file_attached.connect(listen)
    with as_person(consultation.patient):
        attachment = attachments.attach(
            consultation,
            SimpleUploadedFile("k.jpg", JPEG, "image/jpeg"),
            by=consultation.patient,
            client_token=uuid.uuid4(),
        )
    signals.file_attached.disconnect(listen)
    assert heard == [attachment]
