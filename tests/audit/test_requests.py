"""Through the real middleware: what is refused and what fails leaves its row, whatever else was rolled back."""

import uuid
from collections.abc import Callable

import pytest
from django.conf import LazySettings
from django.test import Client
from django.urls import reverse

from accounts.models import User
from audit.models import ActivityLog
from conversations.models import Conversation
from medichat.db.context import system
from tests.factories import PASSWORD, ConversationFactory

pytestmark = pytest.mark.django_db

ClientOf = Callable[[User], Client]


def row_of(request_id: str, action: str) -> ActivityLog:
    with system():
        return ActivityLog.objects.get(request_id=request_id, action=action)


def test_a_stranger_s_attempt_names_the_case_and_the_stranger(
    client_of: ClientOf, patient: User, another_patient: User
) -> None:
    conversation = ConversationFactory(patient=patient)
    response = client_of(another_patient).get(reverse("conversations:chat", args=[conversation.pk]))
    assert response.status_code == 404
    row = row_of(response["X-Request-ID"], "request.refused")
    assert (row.actor_id, row.actor_role, row.resource_id) == (another_patient.pk, "patient", str(conversation.pk))
    assert row.patient_id == another_patient.pk  # whose data it would have been is not told to the stranger
    assert response["X-Request-ID"] in response.content.decode()


def test_a_form_without_a_token_is_recorded(patient: User) -> None:
    client = Client(enforce_csrf_checks=True)
    response = client.post(reverse("accounts:sign_in"), {"email": patient.email, "password": PASSWORD})
    assert response.status_code == 403
    row = row_of(response["X-Request-ID"], "request.refused")
    assert (row.actor_id, row.actor_role, row.status_code) == (None, "anonymous", 403)


def test_a_claim_that_comes_second_is_recorded_although_nothing_of_it_is_kept(
    client_of: ClientOf, her_doctor: User, stranger_doctor: User
) -> None:
    case = ConversationFactory(claimed=True, doctor=her_doctor)
    response = client_of(stranger_doctor).post(reverse("conversations:claim", args=[case.pk]))
    assert response.status_code in {404, 409}
    assert row_of(response["X-Request-ID"], "request.refused").actor_id == stranger_doctor.pk
    with system():
        assert Conversation.objects.get(pk=case.pk).doctor_id == her_doctor.pk


def test_a_mistake_of_ours_rolls_back_and_is_recorded(
    client_of: ClientOf, patient: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_of(patient)
    client.raise_request_exception = False

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("SECRET")

    with system():
        before = Conversation.objects.count()
    monkeypatch.setattr("audit.receivers.about_case", broken)
    response = client.post(reverse("conversations:start"))
    assert response.status_code == 500
    row = row_of(response["X-Request-ID"], "request.failed")
    assert (row.actor_id, row.status, row.severity) == (patient.pk, "error", "error")
    assert response["X-Request-ID"] in response.content.decode()
    with system():
        assert Conversation.objects.count() == before
        assert not ActivityLog.objects.filter(action="conversation.created").exists()


def test_a_failed_sign_in_is_recorded_without_what_was_typed(client: Client, patient: User) -> None:
    response = client.post(reverse("accounts:sign_in"), {"email": "ana@example.org", "password": "SECRET password"})
    row = row_of(response["X-Request-ID"], "user.login.failed")
    assert (row.actor_id, row.resource_id, row.status) == (None, str(patient.pk), "failure")
    with system():
        said = " ".join(str(getattr(row, field.name)) for field in ActivityLog._meta.get_fields())
    assert "SECRET" not in said
    assert "ana@example.org" not in said


def test_the_address_is_the_client_s_behind_our_own_proxies(client: Client, settings: LazySettings) -> None:
    settings.TRUSTED_PROXIES = 1
    response = client.post(
        reverse("accounts:sign_in"),
        {"email": f"{uuid.uuid4()}@example.org", "password": "x"},
        headers={"X-Forwarded-For": "203.0.113.9, 192.0.2.44"},
    )
    assert row_of(response["X-Request-ID"], "user.login.failed").address == "192.0.2.44"


def test_static_files_and_health_leave_no_row(client: Client) -> None:
    client.get("/health")
    client.get("/ready")
    client.get("/static/nothing.css")
    with system():
        assert not ActivityLog.objects.exists()
