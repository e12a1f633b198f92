"""What a token is worth, and for how long."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import jwt
import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import Session, User
from audit.actions import Action
from audit.models import ActivityLog
from tests.api.asking import is_error, posted
from tests.cast import api_token_of, system
from tests.factories import PASSWORD, UserFactory


def pair(client: Client, user: User) -> dict[str, Any]:
    body: dict[str, Any] = posted(client, "/auth/login", {"email": user.email, "password": PASSWORD}).json()
    return body


def verify(token: str) -> Any:
    return Client().get("/api/auth/verify", headers={"Authorization": f"Bearer {token}"})


def refreshed(token: str) -> Any:
    return posted(Client(), "/auth/refresh", {"refreshToken": token})


def test_a_refresh_token_gives_the_next_pair(client: Client, patient: User) -> None:
    first = pair(client, patient)
    response = refreshed(first["refreshToken"])
    assert response.status_code == 200
    second = response.json()
    assert set(second) == {"status", "token", "refreshToken", "expiresIn"}
    assert second["refreshToken"] != first["refreshToken"]
    assert verify(second["token"]).status_code == 200
    assert refreshed(second["refreshToken"]).status_code == 200


def test_using_an_old_refresh_token_ends_the_session(client: Client, patient: User) -> None:
    first = pair(client, patient)
    second = refreshed(first["refreshToken"]).json()
    assert is_error(refreshed(first["refreshToken"]), 401)
    assert is_error(refreshed(second["refreshToken"]), 401)
    assert is_error(verify(second["token"]), 401)
    with system():
        session = Session.objects.get(user=patient)
        assert session.revoked_reason == "refresh token used twice"
        assert ActivityLog.objects.filter(action=Action.SESSION_ENDED, resource_id=str(patient.pk)).exists()


@pytest.mark.django_db(transaction=True)
def test_a_refresh_token_used_by_several_at_once_works_for_one_and_ends_the_session() -> None:
    patient = UserFactory(email="ana@example.org")
    token = pair(Client(), patient)["refreshToken"]

    def use(_number: int) -> Any:
        try:
            return refreshed(token)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(use, range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401]
    (winner,) = (answer.json() for answer in answers if answer.status_code == 200)
    assert is_error(verify(winner["token"]), 401)
    assert is_error(refreshed(winner["refreshToken"]), 401)


def test_signing_out_ends_both_tokens_at_once(client: Client, patient: User) -> None:
    tokens = pair(client, patient)
    response = Client().post("/api/auth/logout", headers={"Authorization": f"Bearer {tokens['token']}"})
    assert (response.status_code, response.json()["status"]) == (200, "success")
    assert is_error(verify(tokens["token"]), 401)
    assert is_error(refreshed(tokens["refreshToken"]), 401)


def test_ending_the_session_on_the_page_ends_the_tokens(client: Client, patient: User) -> None:
    tokens = pair(client, patient)
    with system():
        Session.objects.filter(user=patient).end(reason="ended by its owner")
    assert is_error(verify(tokens["token"]), 401)
    assert is_error(refreshed(tokens["refreshToken"]), 401)


def test_deactivating_the_account_ends_the_tokens(client: Client, patient: User) -> None:
    tokens = pair(client, patient)
    with system():
        User.objects.filter(pk=patient.pk).update(is_active=False)  # not even through the model, which ends sessions
    assert is_error(verify(tokens["token"]), 401)
    assert is_error(refreshed(tokens["refreshToken"]), 401)


@pytest.mark.parametrize("kind", ["patient", "her_doctor", "administrator"])
def test_how_long_a_session_may_last_depends_on_the_role(kind: str, request: pytest.FixtureRequest) -> None:
    user = request.getfixturevalue(kind)
    api_token_of(user)
    with system():
        session = Session.objects.get(user=user)
    longest = timedelta(days=7) if kind == "patient" else timedelta(hours=12)
    assert timedelta() <= longest - (session.expires_at - timezone.now()) < timedelta(minutes=1)


@pytest.mark.parametrize(("kind", "status"), [("patient", 200), ("her_doctor", 401), ("administrator", 401)])
def test_only_a_patient_s_client_may_rest_for_longer_than_a_browser(
    kind: str, status: int, request: pytest.FixtureRequest
) -> None:
    token = api_token_of(request.getfixturevalue(kind))
    with system():
        Session.objects.update(last_active_at=timezone.now() - timedelta(minutes=settings.SESSION_TIMEOUT_MINUTES + 1))
    assert verify(token).status_code == status


def test_a_call_counts_as_activity_once_a_minute(her_doctor: User) -> None:
    token = api_token_of(her_doctor)
    earlier = timezone.now() - timedelta(minutes=5)
    with system():
        Session.objects.update(last_active_at=earlier)
    Client().get("/api/auth/verify", headers={"Authorization": f"Bearer {token}", "X-Background-Request": "1"})
    with system():
        assert Session.objects.get().last_active_at == earlier
    verify(token)
    with system():
        assert Session.objects.get().last_active_at > earlier


def test_no_token_outlives_its_session(client: Client, patient: User) -> None:
    first = pair(client, patient)
    end = timezone.now() + timedelta(minutes=10)
    with system():
        Session.objects.update(expires_at=end)
    second = refreshed(first["refreshToken"]).json()
    for token in (second["token"], second["refreshToken"]):
        assert jwt.decode(token, options={"verify_signature": False})["exp"] == int(end.timestamp())
    with system():
        Session.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert is_error(verify(second["token"]), 401)


def forged(**claims: Any) -> str:
    now = int(timezone.now().timestamp())
    body = {"token_type": "access", "jti": "x", "iat": now, "exp": now + 60, "aud": settings.PUBLIC_URL, **claims}
    return jwt.encode(body, settings.JWT_SECRET, algorithm="HS256")


def test_a_token_that_is_not_ours_opens_nothing(client: Client, patient: User, another_patient: User) -> None:
    mine, theirs = pair(client, patient), pair(client, another_patient)
    claims = jwt.decode(mine["token"], options={"verify_signature": False})
    other = jwt.decode(theirs["token"], options={"verify_signature": False})
    bad = [
        "x", "a.b.c", "", mine["token"][:-2], mine["refreshToken"],
        jwt.encode(claims, "", algorithm="none"),
        jwt.encode(claims, settings.JWT_SECRET * 2, algorithm="HS512"),
        jwt.encode(claims, settings.REFRESH_TOKEN_SECRET, algorithm="HS256"),
        forged(userId=str(patient.pk)),
        forged(userId="x", sid=claims["sid"]),
        forged(userId=5, sid=None),
        forged(userId=str(patient.pk), sid=other["sid"]),
        forged(userId=str(patient.pk), sid=claims["sid"], exp=1),
        forged(userId=str(patient.pk), sid=claims["sid"], aud="https://another.clinic.example"),
        jwt.encode({name: claims[name] for name in claims if name != "aud"}, settings.JWT_SECRET, algorithm="HS256"),
    ]  # fmt: skip
    assert forged(userId=claims["userId"], sid=claims["sid"]) != mine["token"]
    assert verify(forged(userId=claims["userId"], sid=claims["sid"])).status_code == 200
    for token in bad:
        assert is_error(verify(token), 401), token


def test_an_access_token_refreshes_nothing(client: Client, patient: User) -> None:
    tokens = pair(client, patient)
    for token in (tokens["token"], "x", "a.b.c"):
        assert is_error(refreshed(token), 401)
    assert refreshed(tokens["refreshToken"]).status_code == 200
    assert is_error(posted(Client(), "/auth/refresh", {}), 400)


def test_a_token_is_taken_without_bearer_where_it_only_says_whose_it_is(client: Client, patient: User) -> None:
    token = pair(client, patient)["token"]
    response = client.get("/api/auth/verify", headers={"Authorization": token})
    assert response.json()["user"]["id"] == str(patient.pk)
    assert is_error(client.get("/api/auth/verify", headers={"Authorization": f"Basic {token}"}), 401)
    assert is_error(client.get("/api/auth/verify"), 401)


def test_a_browser_session_is_no_api_session(patient: User) -> None:
    with system():
        session = Session.objects.create(
            user=patient,
            key_hash="0" * 64,
            last_active_at=timezone.now(),
            expires_at=timezone.now() + timedelta(hours=1),
        )
    assert is_error(verify(forged(userId=str(patient.pk), sid=str(session.pk))), 401)
