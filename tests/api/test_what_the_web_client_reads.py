"""Where the previous server and its web client disagreed, the client finds what it reads: one test each (M1 to M13)."""

from typing import Any

from django.test import Client

from tests.api.asking import posted
from tests.api.world import World
from tests.factories import PASSWORD


def got(world: World, who: str, path: str) -> Any:
    response = world.client(who).get("/api" + world.filled(path))
    assert response.status_code == 200, response.content
    return response.json()


def answered_of(world: World) -> Any:
    rows = got(world, "patient", "/patients/conversations")["conversations"]
    return next(row for row in rows if row["id"] == world.values["answered"])


def test_01_conversations_are_a_list_in_an_object(world: World) -> None:
    rows = got(world, "patient", "/patients/conversations")["conversations"]
    assert len(rows) == 3
    read = {"id", "visitNumber", "status", "createdAt", "updatedAt", "archivedByPatient", "patientNotified", "doctor"}
    assert read <= set(rows[0])


def test_02_notices_are_a_list_in_an_object_with_the_time_of_the_answer(world: World) -> None:
    (notice,) = got(world, "patient", "/patients/notifications")["notifications"]
    assert isinstance(notice["doctorResponse"]["respondedAt"], str)
    assert (notice["status"], notice["patientNotified"]) == ("doctor_responded", True)
    assert notice["doctor"]["firstName"] == "Clara"


def test_03_rows_carry_their_id_under_both_names(world: World) -> None:
    rows = [
        answered_of(world),
        got(world, "patient", "/patients/notifications")["notifications"][0],
        got(world, "doctor", "/doctors/my-conversations")["conversations"][0],
        got(world, "admin", "/admin/logs/activities")["logs"][0],
        answered_of(world)["doctorResponse"]["prescriptions"][0],
    ]
    assert all(row["_id"] == row["id"] for row in rows)


def test_04_the_answer_is_nested_and_absent_until_there_is_one(world: World) -> None:
    answer = answered_of(world)["doctorResponse"]
    assert set(answer) == {
        "diagnosis", "recommendations", "referrals", "callToOffice", "notes", "respondedAt", "prescriptions", "doctor"
    }  # fmt: skip
    assert answer["diagnosis"] == answered_of(world)["diagnosis"]
    whole = got(world, "patient", "/chatbot/conversation/{answered}")["conversation"]
    assert len(whole["doctorResponse"]["prescriptions"]) == 1
    waiting = got(world, "patient", "/chatbot/conversation/{waiting}")["conversation"]
    assert waiting["doctorResponse"] is None


def test_05_messages_carry_their_time_under_both_names(world: World) -> None:
    for who, path in (("patient", "/chatbot/conversation/{answered}"), ("doctor", "/doctors/conversation/{answered}")):
        (message,) = got(world, who, path)["conversation"]["messages"]
        assert message["timestamp"] == message["createdAt"]


def test_06_files_have_a_path_below_api(world: World) -> None:
    (file,) = got(world, "doctor", "/doctors/conversation/{answered}")["conversation"]["attachments"]
    assert {"path", "originalName"} <= set(file)
    assert not file["path"].startswith("/")


def test_07_08_allergies_and_medicines_are_texts_with_the_entries_beside_them(world: World) -> None:
    patient = got(world, "doctor", "/doctors/conversation/{answered}")["conversation"]["patient"]
    assert patient["allergies"] == ["Penicillin"]
    assert patient["allergyDetails"][0]["allergen"] == "Penicillin"
    assert patient["currentMedications"] == ["Enalapril 10 mg daily"]
    assert patient["patientMedications"][0]["dosage"] == "10 mg"
    assert got(world, "patient", "/patients/profile")["patient"]["allergies"] == ["Penicillin"]


def test_09_medicines_have_every_name_by_which_they_are_read(world: World) -> None:
    (medicine,) = got(world, "patient", "/patients/profile")["patient"]["patientMedications"]
    assert medicine["name"] == medicine["medicationName"]
    (prescription,) = answered_of(world)["doctorResponse"]["prescriptions"]
    assert prescription["medication"] == prescription["medicationName"]


def test_10_a_photo_is_null_or_a_path(world: World) -> None:
    photos = [
        got(world, "patient", "/auth/verify")["user"]["profilePhoto"],
        got(world, "admin", "/admin/users")["users"][0]["profilePhoto"],
    ]
    assert all(photo is None or photo.startswith("/") for photo in photos)


def test_11_the_profile_holds_all_that_the_form_shows(world: World) -> None:
    read = {
        "phone", "dateOfBirth", "gender", "allergies", "patientMedications", "chronicConditions", "surgicalHistory",
        "familyHistory", "immunizations", "pharmacyName", "pharmacyPhone", "preferredLanguage", "smokingStatus",
        "alcoholConsumption", "exerciseFrequency",
    }  # fmt: skip
    assert read <= set(got(world, "patient", "/patients/profile")["patient"])


def test_12_the_chief_complaint_stands_in_the_lists(world: World) -> None:
    (case,) = got(world, "doctor", "/doctors/pending-conversations")["conversations"]
    assert case["summary"]["chiefComplaint"] == "My knee has hurt since I fell."


def test_13_the_log_has_duration_and_error_under_both_names(world: World) -> None:
    posted(Client(), "/auth/login", {"email": "ana@example.org", "password": "wrong"})
    for row in got(world, "admin", "/admin/logs/activities")["logs"]:
        assert row["duration"] == row["durationMs"]
        assert row["error"] is None or set(row["error"]) == {"message", "stack"}


def test_a_refused_sign_in_does_not_look_like_an_ended_session_when_a_code_is_wanted(world: World) -> None:
    """The client takes 401 for the end of the session, and any 2xx for a token."""
    world.client("doctor")  # sets the second factor up
    response = posted(Client(), "/auth/login", {"email": "clara@example.org", "password": PASSWORD})
    assert response.status_code == 403
    assert isinstance(response.json()["error"], str)


def test_parts_that_are_not_here_answer_404_for_which_the_screens_have_views(world: World) -> None:
    for path in ("appointments", "messages", "lab-results", "vital-signs", "care-plans", "documents", "billing"):
        assert world.client("patient").get(f"/api/{path}").status_code == 404
