"""The profile photo through the API: sent with the form, shown by a link that needs no header."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from accounts.models import Session, User
from tests.accounts.test_photo import picture
from tests.api.asking import is_error
from tests.api.contract import NEW
from tests.cast import ClientOf, system


@pytest.fixture
def ana(api_of: ClientOf, patient: User) -> Client:
    return api_of(patient)


def save(client: Client, **fields: object) -> object:
    return client.patch("/api/patients/profile", encode_multipart(BOUNDARY, fields), MULTIPART_CONTENT)


def link(client: Client) -> str:
    shown: str = client.get("/api/auth/verify").json()["user"]["profilePhoto"]
    return shown


def test_it_is_stored_with_the_form_and_shown_by_a_plain_link(ana: Client, client: Client, patient: User) -> None:
    assert link(ana) is None
    response = save(ana, phone="01632 960009", profilePhoto=picture())
    path = response.json()["patient"]["profilePhoto"]  # type: ignore[attr-defined]  # the test client's answer
    assert path.startswith("/api/photos/")
    shown = client.get(path)
    assert (shown.status_code, shown["Content-Type"]) == (200, "image/jpeg")
    assert ana.get(f"/api/photos/{patient.pk}").status_code == 200
    assert ana.get("/api/patients/profile").json()["patient"]["profilePhoto"].startswith("/api/photos/")


def test_a_form_without_a_photo_keeps_it(ana: Client) -> None:
    save(ana, profilePhoto=picture())
    save(ana, phone="01632 960009")
    ana.patch("/api/patients/profile", {"profilePhoto": ""}, content_type="application/json")
    assert link(ana)


def test_a_link_dies_with_its_session_and_opens_no_other_photo(
    ana: Client, client: Client, patient: User, another_patient: User
) -> None:
    save(ana, profilePhoto=picture())
    path = link(ana)
    assert is_error(client.get(path.replace(str(patient.pk), str(another_patient.pk))), 410)
    assert is_error(client.get(f"/api/photos/{patient.pk}?link=made-up"), 410)
    with system():
        Session.objects.filter(user=patient).end(reason="test")
    assert is_error(client.get(path), 410)


def test_administrators_get_links_of_their_own_and_others_nothing(
    ana: Client, api_of: ClientOf, client: Client, administrator: User, her_doctor: User, stranger_doctor: User,
    patient: User, another_patient: User,
) -> None:  # fmt: skip
    save(ana, profilePhoto=picture())
    listed = {row["id"]: row for row in api_of(administrator).get("/api/admin/users").json()["users"]}
    assert client.get(listed[str(patient.pk)]["profilePhoto"]).status_code == 200
    assert listed[str(another_patient.pk)]["profilePhoto"] is None
    assert is_error(api_of(another_patient).get(f"/api/photos/{patient.pk}"), 404)
    assert is_error(client.get(f"/api/photos/{patient.pk}"), 401)
    chart = f"/api/doctors/patient/{patient.pk}/chart/photo"
    assert api_of(her_doctor).get(chart)["Content-Type"] == "image/jpeg"
    assert is_error(api_of(stranger_doctor).get(chart), 404)


def test_what_is_no_photo_is_said_plainly_and_nothing_is_stored(ana: Client, patient: User) -> None:
    file = SimpleUploadedFile("me.png", b"<svg/>", "image/png")
    response = save(ana, phone="01632 960009", profilePhoto=file)
    assert is_error(response, 400)
    assert response.json()["errors"][0]["field"] == "profilePhoto"  # type: ignore[attr-defined]  # as above
    with system():
        assert User.objects.get(pk=patient.pk).phone is None


@pytest.mark.parametrize("role", ["patient", "doctor"])
def test_it_comes_with_the_registration(client: Client, db: None, role: str) -> None:
    form = {**NEW, "role": role, "profilePhoto": picture("JPEG")}
    if role == "doctor":
        form |= {"specialization": "GP", "licenseNumber": "LIC-PHOTO"}
    response = client.post("/api/auth/register", form)
    assert response.status_code == 201, response.content
    assert client.get(response.json()["user"]["profilePhoto"])["Content-Type"] == "image/jpeg"


def test_a_registration_with_something_else_is_refused_as_a_whole(client: Client, db: None) -> None:
    file = SimpleUploadedFile("me.jpg", b"%PDF-1.7", "image/jpeg")
    assert is_error(client.post("/api/auth/register", {**NEW, "profilePhoto": file}), 400)
    with system():
        assert not User.objects.filter(email=NEW["email"]).exists()


def test_two_editors_of_the_profile(ana: Client) -> None:
    version = ana.get("/api/patients/profile")["ETag"]
    assert ana.get("/api/patients/profile")["ETag"] == version

    def change(language: str) -> int:
        body, headers = {"preferredLanguage": language}, {"If-Match": version}
        response = ana.patch("/api/patients/profile", body, content_type="application/json", headers=headers)
        return response.status_code

    assert [change("Croatian"), change("Spanish")] == [200, 412]
