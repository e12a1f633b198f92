"""/health and /ready: for machines, without sign-in, without a word too many."""

from datetime import datetime

import psycopg
import pytest
from django.db import connection
from django.test import Client


def test_health_answers_with_the_keys_that_existing_monitors_read(client: Client) -> None:
    response = client.get("/health")
    assert response.status_code == 200
    answer = response.json()
    assert answer["status"] == "success"
    assert answer["message"]
    assert datetime.fromisoformat(answer["timestamp"]).tzinfo is not None
    assert answer["timestamp"].endswith("Z")


def test_health_tells_nothing_of_the_environment(client: Client) -> None:
    assert set(client.get("/health").json()) == {"status", "message", "timestamp"}


def test_health_needs_no_database(client: Client) -> None:
    # No django_db mark: any use of the database would fail this test.
    assert client.get("/health").status_code == 200


@pytest.mark.parametrize("path", ["/health", "/health/", "/ready"])
@pytest.mark.django_db
def test_the_addresses_work_under_any_host_name_and_are_not_cached(client: Client, path: str) -> None:
    response = client.get(path, headers={"host": "10.0.0.7:8000"})
    assert response.status_code == 200
    assert response["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/health", "/ready"])
def test_other_methods_are_refused(client: Client, path: str) -> None:
    assert client.post(path).status_code == 405


@pytest.mark.django_db
def test_ready_when_the_database_answers_and_is_migrated(client: Client) -> None:
    response = client.get("/ready")
    assert (response.status_code, response.json()) == (200, {"status": "ready"})


@pytest.mark.django_db
def test_not_ready_without_the_database_and_no_detail_is_given(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict, "HOST", "/nowhere")
    response = client.get("/ready")
    assert (response.status_code, response.json()) == (503, {"status": "unavailable"})


@pytest.mark.django_db(transaction=True)
def test_not_ready_with_a_migration_missing(client: Client, owner_connection: psycopg.Connection) -> None:
    owner_connection.execute("DELETE FROM django_migrations WHERE app = 'prescriptions'")
    owner_connection.commit()
    response = client.get("/ready")
    assert (response.status_code, response.json()) == (503, {"status": "unavailable"})
