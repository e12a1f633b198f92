"""Which web pages of other hosts may call the API."""

import pytest
from django.conf import LazySettings
from django.test import Client
from pytest_django import DjangoAssertNumQueries

CLINIC = "https://app.clinic.example"


@pytest.fixture(autouse=True)
def allowed(settings: LazySettings) -> None:
    """One page may."""
    settings.CORS_ALLOWED_ORIGINS = [CLINIC, "http://localhost:3001"]


def preflight(client: Client, origin: str, path: str = "/api/auth/login") -> dict[str, str]:
    response = client.options(
        path,
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": "PATCH",
            "Access-Control-Request-Headers": "authorization",
        },
    )
    assert (response.status_code, response.content) == (200, b"")
    return dict(response.headers)


def test_an_allowed_page_may_call_with_a_token(
    client: Client, db: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        headers = preflight(client, CLINIC)
    assert headers["Access-Control-Allow-Origin"] == CLINIC
    assert headers["Access-Control-Allow-Methods"] == "GET,POST,PUT,PATCH,DELETE,OPTIONS"
    assert {"Content-Type", "Authorization"} <= set(headers["Access-Control-Allow-Headers"].split(","))
    assert "Access-Control-Allow-Credentials" not in headers


def test_another_page_may_not(client: Client, db: None) -> None:
    assert "Access-Control-Allow-Origin" not in preflight(client, "https://evil.example")
    response = client.get("/api", headers={"Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in response.headers


def test_errors_are_readable_for_an_allowed_page(client: Client, db: None) -> None:
    response = client.get("/api/nothing", headers={"Origin": CLINIC})
    assert response.status_code == 404
    assert response.headers["Access-Control-Allow-Origin"] == CLINIC
    assert "Retry-After" in response.headers["Access-Control-Expose-Headers"]
    assert "Origin" in response.headers["Vary"]


def test_pages_have_nothing_to_do_with_it(client: Client, db: None) -> None:
    response = client.get("/", headers={"Origin": CLINIC})
    assert "Access-Control-Allow-Origin" not in response.headers
