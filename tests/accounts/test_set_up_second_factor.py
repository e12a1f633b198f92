"""Setting the second step up, changing it, its backup codes, and switching it off."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.mail import EmailMessage
from django.test import Client

from accounts import second_factor
from accounts.models import MfaToken, Session, User
from audit.models import ActivityLog
from tests.authenticator import Clock
from tests.cast import ClientOf, as_person, authenticator_of, halfway_in, system
from tests.factories import PASSWORD, SessionFactory

SET_UP = "/account/second-step/set-up/"
CODES = re.compile(r"(?<![0-9a-f])\d-[2-9a-z]{4}-[2-9a-z]{4}(?!-)")


def being_set_up(user: User) -> MfaToken:
    with system():
        return MfaToken.objects.unconfirmed().get(user=user)


def key_on(page: Any) -> str:
    """The key in letters, as somebody types it over."""
    found = re.search(r'<code class="key">([A-Z2-7 ]+)</code>', page.content.decode())
    assert found
    return found[1].replace(" ", "")


def test_a_doctor_sets_it_up_after_the_first_password_and_is_signed_in(
    client: Client, her_doctor: User, clock: Clock, mailbox: list[EmailMessage]
) -> None:
    halfway_in(client, her_doctor)
    page = client.get(f"{SET_UP}?next=/patients/")
    text = page.content.decode()
    assert "<svg viewBox=" in text  # scales as a whole
    assert "style=" not in text.split("<svg")[1].split("</svg>")[0]  # the content policy would refuse it
    key = key_on(page)
    assert f"secret={key}" in text
    done = client.post(SET_UP, {"code": clock.code(key), "next": "/patients/"})
    codes = CODES.findall(done.content.decode())
    assert (done.status_code, len(set(codes))) == (200, 10)
    assert 'href="/patients/"' in done.content.decode()
    assert client.get("/patients/").status_code == 200
    assert [letter.to for letter in mailbox] == [[her_doctor.email]]
    assert key not in mailbox[0].body


def test_opening_the_page_again_shows_the_same_key_and_another_person_another(
    client: Client, her_doctor: User, stranger_doctor: User
) -> None:
    halfway_in(client, her_doctor)
    first, again = key_on(client.get(SET_UP)), key_on(client.get(SET_UP))
    assert first == again
    assert key_on(halfway_in(Client(), stranger_doctor).get(SET_UP)) != first


def test_the_key_and_the_codes_are_in_no_readable_column(client: Client, her_doctor: User, clock: Clock) -> None:
    from django.db import connection

    halfway_in(client, her_doctor)
    key = key_on(client.get(SET_UP))
    codes = CODES.findall(client.post(SET_UP, {"code": clock.code(key)}).content.decode())
    with system(), connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(mfa_tokens::text, '') FROM mfa_tokens")
        (stored,) = cursor.fetchone()
    assert key not in stored
    assert not any(code[2:].replace("-", "") in stored for code in codes)


def test_a_wrong_first_code_leaves_it_off(client: Client, her_doctor: User, clock: Clock) -> None:
    halfway_in(client, her_doctor)
    key = key_on(client.get(SET_UP))
    response = client.post(SET_UP, {"code": clock.wrong_code(key)})
    assert response.status_code == 422
    assert "This code is not right" in response.content.decode()
    assert key_on(response) == key
    assert client.get("/queue/")["Location"].startswith("/account/code/")


def test_who_has_one_cannot_set_up_another_before_the_code(client: Client, her_doctor: User, clock: Clock) -> None:
    authenticator_of(her_doctor)
    halfway_in(client, her_doctor)
    assert client.get(SET_UP)["Location"] == "/account/code/"
    assert client.post(SET_UP, {"code": "123456"})["Location"] == "/account/code/"
    with system():
        assert not MfaToken.objects.unconfirmed().exists()


def test_a_patient_sets_it_up_with_the_password_and_other_devices_are_signed_out(
    client_of: ClientOf, patient: User, clock: Clock, mailbox: list[EmailMessage]
) -> None:
    client, elsewhere = client_of(patient), client_of(patient)
    key = key_on(client.get(SET_UP))
    typed = {"code": clock.code(key), "password": "not the password"}
    assert client.post(SET_UP, typed).status_code == 422
    before = client.cookies[settings.SESSION_COOKIE_NAME].value
    done = client.post(SET_UP, {**typed, "password": PASSWORD})
    assert len(CODES.findall(done.content.decode())) == 10
    assert client.get("/account/second-step/").status_code == 200
    assert elsewhere.get("/account/second-step/").status_code == 302
    assert client.cookies[settings.SESSION_COOKIE_NAME].value != before


def test_another_app_needs_the_present_one_too(client_of: ClientOf, her_doctor: User, clock: Clock) -> None:
    old = authenticator_of(her_doctor)
    with as_person(her_doctor):
        backup = second_factor.new_backup_codes(her_doctor)
    client = client_of(her_doctor)
    key = key_on(client.get(SET_UP))
    typed = {"code": clock.code(key), "password": PASSWORD}
    for present in ("", clock.wrong_code(old.secret or ""), clock.code(key)):
        assert client.post(SET_UP, {**typed, "present_code": present}).status_code == 422
    done = client.post(SET_UP, {**typed, "present_code": backup[0]})
    assert len(CODES.findall(done.content.decode())) == 10
    assert client.get("/queue/").status_code == 200
    with system():
        (app,) = MfaToken.objects.confirmed().filter(user=her_doctor)
        assert app.pk != old.pk
        assert MfaToken.objects.filter(user=her_doctor).count() == 11
        assert Session.objects.running().get(user=her_doctor).second_factor_id == app.pk


@pytest.mark.parametrize("code", ["backup", "app"])
def test_new_backup_codes_need_password_and_code(
    client_of: ClientOf, her_doctor: User, clock: Clock, code: str
) -> None:
    app = authenticator_of(her_doctor)
    with as_person(her_doctor):
        earlier = second_factor.new_backup_codes(her_doctor)
    client, page = client_of(her_doctor), "/account/second-step/backup-codes/"
    present = earlier[0] if code == "backup" else clock.code(app.secret or "")
    assert client.post(page, {"password": "wrong", "present_code": present}).status_code == 422
    assert client.post(page, {"password": PASSWORD, "present_code": "000-000"}).status_code == 422
    done = client.post(page, {"password": PASSWORD, "present_code": present})
    fresh = CODES.findall(done.content.decode())
    assert len(set(fresh) - set(earlier)) == 10
    assert client.get("/queue/").status_code == 200


def test_the_codes_can_be_stored_as_a_file_by_their_owner_for_ten_minutes(
    client_of: ClientOf, her_doctor: User, patient: User, clock: Clock
) -> None:
    app = authenticator_of(her_doctor)
    client = client_of(her_doctor)
    typed = {"password": PASSWORD, "present_code": clock.code(app.secret or "")}
    page = client.post("/account/second-step/backup-codes/", typed).content.decode()
    kept = re.search(r'name="kept" value="([^"]+)"', page)
    assert kept
    file = client.post("/account/second-step/backup-codes/file/", {"kept": kept[1]})
    assert file["Content-Disposition"] == 'attachment; filename="backup-codes.txt"'
    assert "no-store" in file["Cache-Control"]
    assert set(CODES.findall(file.content.decode())) == set(CODES.findall(page))
    for spoilt, browser in [("x" + kept[1], client), ("", client), (kept[1], client_of(patient))]:
        refused = browser.post("/account/second-step/backup-codes/file/", {"kept": spoilt})
        assert refused["Location"] == "/account/second-step/"


def test_a_patient_may_switch_it_off_with_password_and_code(
    client_of: ClientOf, patient: User, clock: Clock, mailbox: list[EmailMessage]
) -> None:
    app = authenticator_of(patient)
    SessionFactory(user=patient)
    client, page = client_of(patient), "/account/second-step/off/"
    code = clock.code(app.secret or "")
    assert client.post(page, {"password": "wrong", "present_code": code}).status_code == 422
    assert client.post(page, {"password": PASSWORD, "present_code": ""}).status_code == 422
    assert client.post(page, {"password": PASSWORD, "present_code": code})["Location"] == "/account/second-step/"
    with system():
        assert not MfaToken.objects.filter(user=patient).exists()
        assert Session.objects.filter(user=patient).running().count() == 1
        row = ActivityLog.objects.filter(action="user.second_factor.changed").get()
    assert '"switched off"' in (row.metadata or "")
    assert len(mailbox) == 1


def test_who_needs_it_cannot_switch_it_off(client_of: ClientOf, her_doctor: User, clock: Clock) -> None:
    app = authenticator_of(her_doctor)
    client = client_of(her_doctor)
    typed = {"password": PASSWORD, "present_code": clock.code(app.secret or "")}
    assert client.post("/account/second-step/off/", typed)["Location"] == "/account/second-step/"
    with system():
        assert MfaToken.objects.confirmed().filter(user=her_doctor).exists()
    assert "Switch it off" not in client.get("/account/second-step/").content.decode()


def test_wrong_codes_are_counted_here_too(client_of: ClientOf, patient: User, clock: Clock) -> None:
    app = authenticator_of(patient)
    with system():
        MfaToken.objects.filter(pk=app.pk).update(failures=5, last_failure_at=clock.now())
    typed = {"password": PASSWORD, "present_code": clock.code(app.secret or "")}
    response = client_of(patient).post("/account/second-step/off/", typed)
    assert (response.status_code, response["Retry-After"]) == (429, "30")


def test_changing_the_password_keeps_the_second_factor_of_this_session(client_of: ClientOf, her_doctor: User) -> None:
    client = client_of(her_doctor)
    typed = {"password": PASSWORD, "new_password": "four green ladders outside"}
    assert client.post("/account/password/", typed)["Location"] == "/account/profile/"
    assert client.get("/queue/").status_code == 200


def test_a_set_up_that_was_left_lying_gets_a_fresh_key(client: Client, her_doctor: User, clock: Clock) -> None:
    halfway_in(client, her_doctor)
    first = key_on(client.get(SET_UP))
    clock.move(timedelta(hours=1, minutes=1))
    assert key_on(client.get(SET_UP)) != first
