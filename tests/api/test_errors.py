"""What every error of the API looks like, and what every address understands."""

from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from accounts.models import User
from medichat.api.errors import faults_of
from tests.api.asking import is_error, posted
from tests.cast import ClientOf


@pytest.mark.parametrize("path", ["/api/nothing", "/api/auth", "/api/billing/invoices", "/api/auth/login/x"])
def test_an_unknown_path_is_404(client: Client, db: None, path: str) -> None:
    assert is_error(client.get(path), 404)


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_a_wrong_method_is_404_like_an_unknown_path(client: Client, db: None, method: str) -> None:
    assert is_error(getattr(client, method)("/api/auth/login"), 404)


def test_paths_match_in_any_case_with_and_without_a_slash(client: Client, patient: User) -> None:
    for path in ("/api/auth/login", "/API/Auth/LOGIN/", "/api/auth/login/"):
        response = client.post(path, {"email": "x"}, content_type="application/json")
        assert is_error(response, 400), path
    for path in ("/api", "/api/", "/API"):
        assert client.get(path).json()["name"] == "MediChat API"


def test_the_root_names_the_parts_that_scripts_read(client: Client, db: None) -> None:
    body = client.get("/api").json()
    assert set(body) == {"name", "version", "description", "endpoints"}
    assert list(body["endpoints"]) == [
        "auth", "patients", "doctors", "chatbot", "admin", "appointments", "labResults", "vitalSigns", "carePlans",
        "documents", "billing", "messages",
    ]  # fmt: skip
    assert body["endpoints"]["labResults"] == "/api/lab-results"


def test_who_prefers_problem_details_gets_them_beside_the_old_body(client: Client, db: None) -> None:
    response = client.post(
        "/api/auth/login",
        {"email": "x"},
        content_type="application/json",
        headers={"Accept": "application/json, application/problem+json"},
    )
    body = response.json()
    assert response.headers["Content-Type"] == "application/problem+json"
    assert (body["type"], body["title"], body["status"]) == ("about:blank", "Bad Request", 400)
    assert body["detail"] == body["error"] == body["message"]
    assert body["errors"]


@pytest.mark.parametrize(
    "accept", ["*/*", "text/html", "application/xml", "application/json;q=0.1, text/plain", "nonsense", ""]
)
def test_whatever_a_client_accepts_it_gets_json(client: Client, db: None, accept: str) -> None:
    response = client.get("/api", headers={"Accept": accept})
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json")


def test_an_unknown_content_type_is_415(client: Client, db: None) -> None:
    assert is_error(client.post("/api/auth/login", "a: b", content_type="application/yaml"), 415)


def test_a_damaged_form_is_400(client: Client, db: None) -> None:
    body = client.post("/api/auth/login", b"\r\n--x", content_type="multipart/form-data")
    assert is_error(body, 400)


def test_a_failure_of_ours_is_500_in_the_same_form_and_says_nothing_of_its_cause(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("Brzovoljec")

    monkeypatch.setattr("accounts.api.sign_in.person_with", fail)
    response = posted(Client(raise_request_exception=False), "/auth/login", {"email": "a@b.org", "password": "x"})
    assert is_error(response, 500)
    assert b"Brzovoljec" not in response.content


def test_a_lost_database_is_503_with_a_time_to_wait(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def lose(*_: Any, **__: Any) -> None:
        raise OperationalError

    monkeypatch.setattr("accounts.api.sign_in.person_with", lose)
    response = posted(Client(raise_request_exception=False), "/auth/login", {"email": "a@b.org", "password": "x"})
    assert is_error(response, 503)
    assert response["Retry-After"] == "30"


def test_the_dotted_names_of_faults() -> None:
    detail = {
        "diagnosis": ["Write the diagnosis."],
        "prescriptions": [{}, {"medication": ["Name it.", "Twice."]}],
        "non_field_errors": ["Odd."],
    }
    assert list(faults_of(detail)) == [
        {"field": "diagnosis", "message": "Write the diagnosis."},
        {"field": "prescriptions.1.medication", "message": "Name it."},
        {"field": "prescriptions.1.medication", "message": "Twice."},
        {"field": "", "message": "Odd."},
    ]


def test_an_answer_is_kept_by_no_cache(api_of: ClientOf, patient: User) -> None:
    response = api_of(patient).get("/api/auth/verify")
    assert "no-store" in response.headers["Cache-Control"]
    assert "Authorization" in response.headers["Vary"]
