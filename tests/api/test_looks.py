"""Who looked at a patient's data, at whose data a doctor looked, and the copy of everything, through the API."""

import io
import zipfile

from accounts.models import User
from tests.api.asking import is_error
from tests.cast import ClientOf
from tests.factories import AllergyFactory


def test_a_patient_sees_who_looked_and_the_doctor_what_the_patient_is_told(
    api_of: ClientOf, patient: User, her_doctor: User
) -> None:
    clara, ana = api_of(her_doctor), api_of(patient)
    clara.get(f"/api/doctors/patient/{patient.pk}/chart")
    ana.get("/api/patients/profile")
    body = ana.get("/api/patients/who-viewed").json()
    (look,) = body["looks"]
    assert (look["name"], look["role"], look["what"], look["why"]) == (
        "Clara Lindqvist", "Doctor", "Your record", "Your care"
    )  # fmt: skip
    assert body["pagination"]["total"] == 1
    everything = ana.get("/api/patients/who-viewed?includeOwn=true").json()["looks"]
    assert "You" in {row["name"] for row in everything}
    (own,) = clara.get("/api/doctors/my-access").json()["looks"]
    assert (own["patient"], own["recordNumber"], own["what"]) == ("HORVAT, Ana", str(patient.record_number), "Chart")
    assert clara.get("/api/doctors/my-access?emergencies=true").json()["looks"] == []


def test_the_copy_holds_everything_and_is_not_for_others(api_of: ClientOf, patient: User, her_doctor: User) -> None:
    AllergyFactory(patient=patient)
    response = api_of(patient).get("/api/patients/copy")
    assert (response.status_code, response["Content-Type"]) == (200, "application/zip")
    content = response.getvalue()
    assert any(name.endswith(".json") for name in zipfile.ZipFile(io.BytesIO(content)).namelist())
    assert is_error(api_of(her_doctor).get("/api/patients/copy"), 403)


def test_copies_are_few(api_of: ClientOf, patient: User) -> None:
    ana = api_of(patient)
    assert [ana.get("/api/patients/copy").status_code for _ in range(5)] == [200] * 5
    response = ana.get("/api/patients/copy")
    assert is_error(response, 429)
    assert response["Retry-After"] == "3600"
