"""Signing in with a second factor: for clients that can ask for the code, and for those that cannot."""

import time
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from accounts.models import MfaToken, Session, User
from tests.api.asking import is_error, posted
from tests.api.test_login import login
from tests.authenticator import Clock
from tests.cast import as_person, system
from tests.factories import PASSWORD, MfaTokenFactory

SECRET = "JBSWY3DPEHPK3PXP"


@pytest.fixture
def app(her_doctor: User) -> MfaToken:
    """Clara's authenticator app."""
    made: MfaToken = MfaTokenFactory(user=her_doctor, confirmed_at=timezone.now())
    return made


def second(client: Client, step: str, code: str) -> Any:
    return posted(client, "/auth/mfa/verify", {"mfaToken": step, "code": code})


def first(client: Client, doctor: User) -> str:
    response = login(client, doctor.email)
    assert is_error(response, 403)
    assert response.json()["mfaRequired"] is True
    assert "token" not in response.json()
    return str(response.json()["mfaToken"])


def test_password_then_code_signs_in(client: Client, her_doctor: User, app: MfaToken, clock: Clock) -> None:
    response = second(client, first(client, her_doctor), clock.code(SECRET))
    assert response.status_code == 200
    assert response.json()["user"]["role"] == "doctor"
    with as_person(her_doctor):
        assert Session.objects.get().second_factor_id == app.pk


def test_the_code_may_stand_right_after_the_password(
    client: Client, her_doctor: User, app: MfaToken, clock: Clock
) -> None:
    response = login(client, her_doctor.email, PASSWORD + clock.code(SECRET))
    assert response.status_code == 200
    with as_person(her_doctor):
        assert Session.objects.get().second_factor_id == app.pk


def test_a_code_works_once(client: Client, her_doctor: User, app: MfaToken, clock: Clock) -> None:
    code = clock.code(SECRET)
    assert login(client, her_doctor.email, PASSWORD + code).status_code == 200
    assert is_error(login(client, her_doctor.email, PASSWORD + code), 401)
    assert is_error(second(client, first(client, her_doctor), code), 401)


def test_a_wrong_code_is_refused_and_counted(client: Client, her_doctor: User, app: MfaToken, clock: Clock) -> None:
    wrong = clock.wrong_code(SECRET)
    assert is_error(login(client, her_doctor.email, PASSWORD + wrong), 401)
    assert is_error(second(client, first(client, her_doctor), wrong), 401)
    with system():
        app.refresh_from_db(fields=["failures"])
    assert app.failures == 2


def test_after_too_many_wrong_codes_one_has_to_wait(
    client: Client, her_doctor: User, app: MfaToken, clock: Clock
) -> None:
    step = first(client, her_doctor)
    for _ in range(5):
        assert is_error(second(client, step, clock.wrong_code(SECRET)), 401)
    response = second(client, step, clock.code(SECRET))
    assert is_error(response, 429)
    assert int(response["Retry-After"]) > 0


def test_a_doctor_without_a_second_factor_is_told_where_to_set_it_up(client: Client, her_doctor: User) -> None:
    response = login(client, her_doctor.email)
    assert is_error(response, 403)
    assert settings.PUBLIC_URL in response.json()["error"]
    with system():
        assert not Session.objects.exists()


def test_digits_too_many_are_a_wrong_password(client: Client, patient: User, her_doctor: User) -> None:
    for user in (patient, her_doctor):
        assert is_error(login(client, user.email, f"{PASSWORD}123456"), 401)


def test_a_password_may_end_in_six_digits(client: Client, patient: User) -> None:
    with system():
        patient.set_password(f"{PASSWORD} 123456")
        patient.save()
    assert login(client, patient.email, f"{PASSWORD} 123456").status_code == 200


def test_a_patient_who_has_a_second_factor_is_asked_for_it(client: Client, patient: User, clock: Clock) -> None:
    MfaTokenFactory(user=patient, confirmed_at=timezone.now())
    response = second(client, first(client, patient), clock.code(SECRET))
    assert response.status_code == 200


def test_the_first_step_counts_for_five_minutes(
    client: Client, her_doctor: User, app: MfaToken, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = first(client, her_doctor)
    later = time.time() + timedelta(minutes=6).total_seconds()
    monkeypatch.setattr("django.core.signing.time", SimpleNamespace(time=lambda: later))
    response = second(client, step, clock.code(SECRET))
    assert is_error(response, 403)
    assert response.json()["code"] == "mfa_token_not_valid"


def test_the_first_step_ends_with_the_password(client: Client, her_doctor: User, app: MfaToken, clock: Clock) -> None:
    step = first(client, her_doctor)
    with system():
        her_doctor.set_password("other words than before")
        her_doctor.save()
    assert is_error(second(client, step, clock.code(SECRET)), 403)
    assert is_error(second(client, "made up", clock.code(SECRET)), 403)


def test_the_token_of_the_first_step_opens_nothing_else(client: Client, her_doctor: User, app: MfaToken) -> None:
    step = first(client, her_doctor)
    assert is_error(client.get("/api/auth/verify", headers={"Authorization": f"Bearer {step}"}), 401)


def test_taking_the_second_factor_away_ends_what_was_opened_with_it(
    client: Client, her_doctor: User, app: MfaToken, clock: Clock
) -> None:
    token = login(client, her_doctor.email, PASSWORD + clock.code(SECRET)).json()["token"]
    with system():
        app.delete()
    response = client.get("/api/doctors/stats", headers={"Authorization": f"Bearer {token}"})
    assert response.status_code in {403, 404}
