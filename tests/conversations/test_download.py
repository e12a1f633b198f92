"""Downloading a file: verified, only for those who may see the case, never damaged content."""

import logging
import uuid
from io import BytesIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.models import User
from conversations import attachments
from conversations.file_types import offered_name
from conversations.models import Attachment, Conversation, Urgency
from medichat.db import encrypted_files
from tests.cast import ClientOf, as_person, system
from tests.conversations import hostile, samples
from tests.factories import AttachmentFactory

JPEG = samples.jpeg()


@pytest.fixture
def attachment(consultation: Conversation) -> Attachment:
    """A picture that Ana attached."""
    with as_person(consultation.patient):
        return attachments.attach(
            consultation,
            SimpleUploadedFile("my knee é.jpg", JPEG, "image/jpeg"),
            by=consultation.patient,
            client_token=uuid.uuid4(),
        )


def address(attachment: Attachment) -> str:
    return reverse("conversations:attachment", args=[attachment.conversation_id, attachment.pk])


def file_of(attachment: Attachment) -> Path:
    return next(path for path in Path(settings.FILES_DIR).rglob(str(attachment.pk)))


def test_the_patient_gets_the_file_to_save(attachment: Attachment, patient: User, client_of: ClientOf) -> None:
    response = client_of(patient).get(address(attachment))
    assert response.content == samples.as_kept(JPEG)
    assert response["Content-Type"] == "image/jpeg"
    assert response["Content-Disposition"] == "attachment; filename*=utf-8''my%20knee%20%C3%A9.jpg"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"] == "private, no-store"


def test_a_doctor_gets_it_when_the_case_waits(
    attachment: Attachment, consultation: Conversation, stranger_doctor: User, client_of: ClientOf
) -> None:
    client = client_of(stranger_doctor)
    assert client.get(address(attachment)).status_code == 404
    with system():
        consultation.submit(urgency=Urgency.ROUTINE)
    assert client.get(address(attachment)).content == samples.as_kept(JPEG)


def test_another_patient_finds_nothing(attachment: Attachment, another_patient: User, client_of: ClientOf) -> None:
    assert client_of(another_patient).get(address(attachment)).status_code == 404


def test_an_unapproved_doctor_finds_nothing(
    attachment: Attachment, consultation: Conversation, unapproved_doctor: User, client_of: ClientOf
) -> None:
    with system():
        consultation.submit(urgency=Urgency.ROUTINE)
    assert client_of(unapproved_doctor).get(address(attachment)).status_code == 404


def test_a_visitor_is_asked_to_sign_in(attachment: Attachment, client_of: ClientOf, client: object) -> None:
    response = client.get(address(attachment))  # type: ignore[attr-defined]  # pytest-django's client
    assert response.status_code == 302


def test_a_file_of_another_consultation_is_not_reached_through_this_one(
    attachment: Attachment, patient: User, client_of: ClientOf
) -> None:
    url = reverse("conversations:attachment", args=[uuid.uuid4(), attachment.pk])
    assert client_of(patient).get(url).status_code == 404


@pytest.mark.parametrize("harm", ["changed", "cut-off", "gone"])
def test_a_damaged_file_is_not_given_out(
    attachment: Attachment, patient: User, client_of: ClientOf, caplog: pytest.LogCaptureFixture, harm: str
) -> None:
    path = file_of(attachment)
    content = bytearray(path.read_bytes())
    if harm == "changed":
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    elif harm == "cut-off":
        path.write_bytes(content[:-1])
    else:
        path.unlink()
    with caplog.at_level(logging.ERROR, logger="conversations.views.files"):
        response = client_of(patient).get(address(attachment))
    assert response.status_code == 500
    assert "This file cannot be opened" in response.content.decode()
    assert str(attachment.pk) in caplog.text


def test_an_older_content_put_back_is_noticed(attachment: Attachment, patient: User, client_of: ClientOf) -> None:
    with system():
        Attachment.objects.filter(pk=attachment.pk).update(sha256="0" * 64)
    assert client_of(patient).get(address(attachment)).status_code == 500


def test_what_the_previous_system_did_not_keep_is_not_offered(
    consultation: Conversation, patient: User, client_of: ClientOf
) -> None:
    lost = AttachmentFactory(conversation=consultation)
    client = client_of(patient)
    assert client.get(address(lost)).status_code == 404
    page = client.get(reverse("conversations:chat", args=[consultation.pk])).content.decode()
    assert "Not kept by the previous system" in page
    assert address(lost) not in page


@pytest.mark.parametrize(
    ("name", "content_type", "offered"),
    [
        ("photo.JPG", "application/dicom", "photo.JPG.dcm"),
        ("scan.dcm", "application/dicom", "scan.dcm"),
        ("检查报告.pdf", "image/png", "检查报告.pdf.png"),
        ("../../../x.pdf", "application/pdf", "x.pdf"),
        ("letter.exe", "application/x-dosexec", "letter.exe.bin"),
        ("page.html", "text/html", "page.html.bin"),
        ("drawing.svg", "image/svg+xml", "drawing.svg.bin"),
        ("knee.webp", "image/webp", "knee.webp"),
        ("knee.jpg", "image/gif", "knee.jpg.gif"),
        ("", "application/octet-stream", "file.bin"),
    ],
)
def test_a_name_does_not_promise_what_is_not_in_the_file(name: str, content_type: str, offered: str) -> None:
    assert offered_name(name, content_type) == offered


def test_a_file_from_the_previous_system_is_saved_under_a_true_name(
    consultation: Conversation, patient: User, client_of: ClientOf
) -> None:
    row = from_the_previous_system(consultation, samples.dicom(), "application/dicom", "photo.JPG")
    response = client_of(patient).get(address(row))
    assert response["Content-Disposition"] == 'attachment; filename="photo.JPG.dcm"'


def from_the_previous_system(consultation: Conversation, content: bytes, content_type: str, name: str) -> Attachment:
    """A file that was copied as it was."""
    row: Attachment = AttachmentFactory(conversation=consultation, original_name=name)
    with encrypted_files.pending(), system():
        stored = encrypted_files.store(BytesIO(content), file_id=row.pk)
        Attachment.objects.filter(pk=row.pk).update(
            is_stored=True, size=stored.size, sha256=stored.sha256, content_type=content_type
        )
    return row


def test_a_picture_of_the_previous_system_is_given_out_without_what_came_along(
    consultation: Conversation, patient: User, client_of: ClientOf, api_of: ClientOf
) -> None:
    photograph = hostile.photograph(trailing=b"<script>" + hostile.CANARY.encode())
    row = from_the_previous_system(consultation, photograph, "image/jpeg", "knee.jpg")
    for response in (
        client_of(patient).get(address(row)),
        api_of(patient).get(f"/api/attachments/{row.pk}"),
    ):
        assert (response.status_code, response["Content-Type"]) == (200, "image/jpeg")
        assert response["Content-Disposition"] == 'attachment; filename="knee.jpg"'
        assert response["Content-Length"] == str(len(response.content))
        assert hostile.CANARY.encode() in photograph
        assert hostile.CANARY.encode() not in response.content
    with system():
        digest = Attachment.objects.values_list("sha256", flat=True).get(pk=row.pk)
    assert encrypted_files.open_verified(row.pk, digest) == photograph, "what is stored stays as it came"


@pytest.mark.parametrize(
    ("content", "content_type", "name"),
    [
        (hostile.pdf(hostile._script), "application/pdf", "letter.pdf"),
        (JPEG[:400], "image/jpeg", "knee.jpg"),
        (hostile.moving(), "image/png", "knee.png"),
    ],
    ids=["a document that acts", "a picture cut off", "a moving picture"],
)
def test_what_an_upload_would_refuse_opens_by_no_double_click(
    consultation: Conversation, patient: User, client_of: ClientOf, content: bytes, content_type: str, name: str
) -> None:
    row = from_the_previous_system(consultation, content, content_type, name)
    response = client_of(patient).get(address(row))
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"] == f'attachment; filename="{name}.bin"'
    assert response.content == content, "a doctor who needs it still has it"


def test_kinds_that_nobody_can_check_are_given_out_as_they_came(
    consultation: Conversation, patient: User, client_of: ClientOf
) -> None:
    row = from_the_previous_system(consultation, b"RIFF....WEBP", "image/webp", "knee.webp")
    response = client_of(patient).get(address(row))
    assert (response["Content-Type"], response.content) == ("image/webp", b"RIFF....WEBP")
