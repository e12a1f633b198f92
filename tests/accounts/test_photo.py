"""A photo of oneself: checked, made small, kept encrypted, shown to oneself and to one's doctors."""

import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from accounts.models import User
from audit.models import ActivityLog
from medichat.db import encrypted_files
from tests.cast import ClientOf, system

pytestmark = pytest.mark.django_db
PAGE, CHANGE, REMOVE = "/account/photo/", "/account/photo/change/", "/account/photo/remove/"


def picture(kind: str = "PNG", size: tuple[int, int] = (900, 600), colour: str = "red") -> SimpleUploadedFile:
    """A picture with a comment in it that says where it was taken."""
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    Image.new("RGBA" if kind == "PNG" else "RGB", size, colour).save(out, kind, exif=exif)
    return SimpleUploadedFile(f"me.{kind.lower()}", out.getvalue(), f"image/{kind.lower()}")


def stored(user: User) -> User:
    with system():
        return User.objects.get(pk=user.pk)


def send(client: Client, file: Any) -> Any:
    return client.post(CHANGE, {"photo": file})


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_photo_is_made_small_and_shown_without_what_came_along(client_of: ClientOf, patient: User, kind: str) -> None:
    client = client_of(patient)
    assert client.get(PAGE).status_code == 204
    assert send(client, picture(kind)).status_code == 302
    user, response = stored(patient), client.get(PAGE)
    assert (response["Content-Type"], response["X-Content-Type-Options"]) == ("image/jpeg", "nosniff")
    assert "sandbox" in response["Content-Security-Policy"]
    assert "no-store" in response["Cache-Control"]
    shown = Image.open(io.BytesIO(response.content))
    assert (shown.format, shown.size, dict(shown.getexif())) == ("JPEG", (512, 341), {})
    assert user.photo_file is not None
    with encrypted_files.read_sealed(user.photo_file) as sealed:
        assert b"JFIF" not in sealed.read()
    assert f"{PAGE}?{user.photo_file}" in client.get("/account/profile/").content.decode()


def test_a_new_photo_takes_the_place_of_the_old_one_and_none_is_left_behind(
    client_of: ClientOf, patient: User, django_capture_on_commit_callbacks: Any
) -> None:
    client = client_of(patient)
    send(client, picture())
    first = stored(patient).photo_file
    assert first
    with django_capture_on_commit_callbacks(execute=True):
        send(client, picture(colour="blue"))
    second = stored(patient).photo_file
    assert second not in {None, first}
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post(REMOVE).status_code == 302
    assert (stored(patient).photo_file, stored(patient).photo_type) == (None, None)
    assert not {first, second} & set(encrypted_files.stored_ids())
    assert client.post(REMOVE).status_code == 302


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\xff\xd8\xff"])
def test_what_is_no_picture_is_refused_beside_the_field(client_of: ClientOf, patient: User, content: bytes) -> None:
    response = send(client_of(patient), SimpleUploadedFile("me.jpg", content, "image/jpeg"))
    assert response.status_code == 422
    assert 'id="id_photo_error"' in response.content.decode() or "field--wrong" in response.content.decode()
    assert stored(patient).photo_file is None


def test_a_photo_that_is_too_large_is_refused(
    client_of: ClientOf, patient: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accounts.photos.MOST_BYTES", 100)
    response = send(client_of(patient), picture())
    assert response.status_code == 422
    assert "too large" in response.content.decode()


def test_her_doctor_sees_it_above_the_chart_and_it_is_on_record(
    client_of: ClientOf, patient: User, her_doctor: User, stranger_doctor: User
) -> None:
    send(client_of(patient), picture())
    doctor, photo = client_of(her_doctor), f"/patients/{patient.pk}/photo/"
    page = doctor.get(f"/patients/{patient.pk}/").content.decode()
    assert f'src="{photo}?{stored(patient).photo_file}"' in page
    assert doctor.get(photo)["Content-Type"] == "image/jpeg"
    assert client_of(stranger_doctor).get(photo).status_code == 404
    with system():
        (look,) = ActivityLog.objects.filter(resource_type="photo", actor_id=her_doctor.pk)
    assert (look.patient_id, look.purpose) == (patient.pk, "care")


def test_a_patient_without_a_photo_shows_none(client_of: ClientOf, patient: User, her_doctor: User) -> None:
    doctor = client_of(her_doctor)
    assert "portrait" not in doctor.get(f"/patients/{patient.pk}/").content.decode()
    assert doctor.get(f"/patients/{patient.pk}/photo/").status_code == 204


def test_a_photo_that_was_changed_on_the_disk_is_not_shown(client_of: ClientOf, patient: User) -> None:
    client = client_of(patient)
    send(client, picture())
    with system():
        User.objects.filter(pk=patient.pk).update(photo_sha256="0" * 64)
    assert client.get(PAGE).status_code == 204
