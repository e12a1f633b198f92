"""The step after the password: a code of the app, or a backup code."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.mail import EmailMessage
from django.test import Client

from accounts import second_factor
from accounts.models import MfaToken, Session, User
from accounts.session_store import BETWEEN_THE_STEPS
from audit.models import ActivityLog
from tests.authenticator import Clock
from tests.cast import ClientOf, as_person, authenticator_of, halfway_in, system
from tests.factories import PASSWORD, MfaTokenFactory

COOKIE = settings.SESSION_COOKIE_NAME
CODE_PAGE = "/account/code/"


@pytest.fixture
def app(her_doctor: User) -> MfaToken:
    """The doctor's authenticator app."""
    return authenticator_of(her_doctor)


def with_password(client: Client, user: User, **more: str) -> Any:
    return client.post("/account/sign-in/", {"email": user.email, "password": PASSWORD, **more})


def with_code(client: Client, code: str, **more: str) -> Any:
    return client.post(CODE_PAGE, {"code": code, **more})


def secret_of(app: MfaToken) -> str:
    return app.secret or ""


def test_password_and_code_sign_in_and_lead_where_one_wanted(client: Client, app: MfaToken, clock: Clock) -> None:
    asked = client.get("/patients/")["Location"]
    assert asked == "/account/sign-in/?next=/patients/"
    first = with_password(client, app.user, next="/patients/")
    assert first["Location"] == f"{CODE_PAGE}?next=/patients/"
    page = client.get(first["Location"]).content.decode()
    assert 'autocomplete="one-time-code"' in page
    assert 'value="/patients/"' in page
    second = with_code(client, clock.code(secret_of(app)), next="/patients/")
    assert second["Location"] == "/patients/"
    assert client.get("/patients/").status_code == 200


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "javascript:alert(1)", CODE_PAGE])
def test_one_is_never_sent_to_another_site(client: Client, app: MfaToken, clock: Clock, elsewhere: str) -> None:
    first = with_password(client, app.user, next=elsewhere)
    if elsewhere != CODE_PAGE:
        assert first["Location"] == f"{CODE_PAGE}?next=/home/"
        assert with_code(client, clock.code(secret_of(app)), next=elsewhere)["Location"] == "/home/"
    else:
        with_code(client, clock.code(secret_of(app)), next=elsewhere)
        assert client.get(elsewhere)["Location"] == "/home/"


def test_each_step_changes_the_key_of_the_session(client: Client, app: MfaToken, clock: Clock) -> None:
    client.cookies[COOKIE] = "x" * 43
    with_password(client, app.user)
    first = client.cookies[COOKIE].value
    with_code(client, clock.code(secret_of(app)))
    second = client.cookies[COOKIE].value
    assert len({"x" * 43, first, second}) == 3
    with system():
        halfway, whole = (Session.objects.get(key_hash=Session.hash_of(key)) for key in (first, second))
    assert halfway.revoked_at is not None
    assert (whole.second_factor_id, whole.awaits_second_factor) == (app.pk, False)
    stale = Client()
    stale.cookies[COOKIE] = first
    assert stale.get("/queue/")["Location"].startswith("/account/sign-in/")


def test_between_the_steps_is_time_for_looking_at_the_telephone_and_no_more(
    client: Client, app: MfaToken, clock: Clock
) -> None:
    with_password(client, app.user)
    with system():
        session = Session.objects.get()
        assert session.awaits_second_factor
        assert session.expires_at - session.last_active_at == BETWEEN_THE_STEPS == timedelta(minutes=10)
        assert list(Session.objects.in_use().signed_in()) == []
        Session.objects.update(expires_at=session.last_active_at)
    assert with_code(client, clock.code(secret_of(app)))["Location"] == "/account/sign-in/"
    assert client.get("/queue/")["Location"].startswith("/account/sign-in/")


def test_a_wrong_code_is_said_beside_the_field_and_keeps_where_one_wanted(
    client: Client, app: MfaToken, clock: Clock
) -> None:
    halfway_in(client, app.user)
    response = with_code(client, clock.wrong_code(secret_of(app)), next="/patients/")
    page = response.content.decode()
    assert response.status_code == 422
    assert "This code is not right, or was used already." in page
    assert 'value="/patients/"' in page
    assert client.get("/patients/")["Location"] == f"{CODE_PAGE}?next=/patients/"


def test_after_five_wrong_codes_one_has_to_wait_and_the_right_password_does_not_help(
    client: Client, app: MfaToken, clock: Clock
) -> None:
    halfway_in(client, app.user)
    answers = [with_code(client, clock.wrong_code(secret_of(app))).status_code for _ in range(6)]
    assert answers == [422] * 5 + [429]
    elsewhere = Client(REMOTE_ADDR="198.51.100.7")
    assert with_password(elsewhere, app.user).status_code == 302
    refused = with_code(elsewhere, clock.code(secret_of(app)))
    assert (refused.status_code, refused["Retry-After"]) == (429, "30")
    assert "Please wait 1 minute" in refused.content.decode()
    clock.move(timedelta(seconds=31))
    assert with_code(elsewhere, clock.code(secret_of(app))).status_code == 302


def test_the_owner_is_told_once_that_somebody_knows_the_password(
    client: Client, app: MfaToken, clock: Clock, mailbox: list[EmailMessage]
) -> None:
    halfway_in(client, app.user)
    for _ in range(4):
        with_code(client, clock.wrong_code(secret_of(app)))
    assert mailbox == []
    for _ in range(3):
        with_code(client, clock.wrong_code(secret_of(app)))
    assert [letter.to for letter in mailbox] == [[app.user.email]]
    assert "somebody knows your password" in mailbox[0].body


def test_who_does_not_know_the_password_cannot_make_the_owner_wait(client: Client, app: MfaToken, clock: Clock) -> None:
    for _ in range(10):
        assert with_code(Client(), clock.wrong_code(secret_of(app)))["Location"] == "/account/sign-in/"
    with_password(client, app.user)
    assert with_code(client, clock.code(secret_of(app))).status_code == 302


def test_a_code_that_signed_in_once_signs_nobody_in_again(client: Client, app: MfaToken, clock: Clock) -> None:
    code = clock.code(secret_of(app))
    with_password(client, app.user)
    assert with_code(client, code).status_code == 302
    thief = Client()
    with_password(thief, app.user)
    assert with_code(thief, code).status_code == 422


def test_a_backup_code_signs_in_once_and_says_how_many_are_left(client: Client, app: MfaToken) -> None:
    with as_person(app.user):
        codes = second_factor.new_backup_codes(app.user)
    with_password(client, app.user)
    page = client.post(CODE_PAGE, {"code": codes[7], "kind": "backup", "next": "/account/profile/"}, follow=True)
    assert page.status_code == 200
    assert "9 backup codes are left" in page.content.decode()
    again = Client()
    with_password(again, app.user)
    response = again.post(CODE_PAGE, {"code": codes[7], "kind": "backup"})
    assert response.status_code == 422
    assert "none of your unused backup codes" in response.content.decode()


def test_a_patient_who_wanted_it_is_asked_and_others_are_not(
    client: Client, patient: User, another_patient: User, clock: Clock
) -> None:
    app = authenticator_of(patient)
    assert with_password(client, another_patient)["Location"] == "/home/"
    other = Client()
    assert with_password(other, patient)["Location"] == f"{CODE_PAGE}?next=/home/"
    assert other.get("/home/")["Location"] == f"{CODE_PAGE}?next=/home/"
    assert with_code(other, clock.code(secret_of(app)))["Location"] == "/home/"


def test_signing_in_as_somebody_else_ends_the_half_session(client: Client, app: MfaToken) -> None:
    halfway_in(client, app.user)
    assert client.post("/account/sign-out/").status_code == 302
    assert client.get(CODE_PAGE)["Location"] == "/account/sign-in/"
    with system():
        assert Session.objects.get().revoked_at is not None


def test_a_half_session_of_another_browser_is_of_no_use(
    client: Client, app: MfaToken, patient: User, clock: Clock
) -> None:
    """Neither step of one person completes the other's."""
    other = MfaTokenFactory(user=patient, confirmed_at=app.confirmed_at, secret="KRSXG5CTMVRXEZLU")
    halfway_in(client, patient)
    assert with_code(client, clock.code(secret_of(app))).status_code == 422
    with system():
        other.refresh_from_db()
        assert other.failures == 1
        app.refresh_from_db()
        assert app.failures == 0


def test_between_the_steps_the_database_gives_no_rights(client: Client, app: MfaToken, monkeypatch: Any) -> None:
    from django.db import connection

    seen: list[Any] = []

    def look(user: User) -> bool:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT current_setting('medichat.role', true), (SELECT count(*) FROM users),"
                " (SELECT count(*) FROM care_relations)"
            )
            seen.append(cursor.fetchone())
        return True

    monkeypatch.setattr("accounts.second_factor.is_enrolled", look)
    client = halfway_in(client, app.user)
    assert client.get(CODE_PAGE).status_code == 200
    assert seen == [("sign_in", 1, 0)]


def test_what_happened_is_on_the_record(client: Client, app: MfaToken, clock: Clock) -> None:
    with_password(client, app.user)
    with_code(client, clock.wrong_code(secret_of(app)))
    with_code(client, clock.code(secret_of(app)))
    with system():
        rows = ActivityLog.objects.filter(resource_id=str(app.user.pk)).order_by("occurred_at")
        found = [(row.action, row.metadata) for row in rows]
    assert [action for action, _ in found] == ["user.login.failed", "user.second_factor.used", "user.login"]
    assert '"wrong code"' in (found[0][1] or "")


def test_a_session_ends_when_its_second_factor_is_taken_away(
    client_of: ClientOf, app: MfaToken, administrator: User
) -> None:
    client = client_of(app.user)
    assert client.get("/queue/").status_code == 200
    with as_person(administrator):
        second_factor.clear(app.user, by=administrator, reason="lost")
    assert client.get("/queue/")["Location"] == "/account/sign-in/?next=/queue/"
    assert client.get("/account/second-step/set-up/")["Location"].startswith("/account/sign-in/")


def test_a_new_password_by_e_mail_does_not_go_around_it(
    client: Client, app: MfaToken, mailbox: list[EmailMessage]
) -> None:
    client.post("/account/reset/", {"email": app.user.email})
    link = "/account/reset/" + str(mailbox[0].body).split("/account/reset/")[1].split()[0]
    new = "four green ladders outside"
    assert client.post(link, {"new_password": new})["Location"] == "/account/sign-in/"
    assert COOKIE not in client.cookies
    first = client.post("/account/sign-in/", {"email": app.user.email, "password": new})
    assert first["Location"].startswith(CODE_PAGE)
    assert client.get("/patients/").status_code == 302
