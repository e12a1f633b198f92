"""Where one is signed in, and ending it."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.devices import describe
from accounts.models import Session, User
from accounts.session_store import SessionStore
from tests.cast import system
from tests.factories import SessionFactory

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def test_the_page_lists_ones_own_running_sessions_only(
    client_of: Callable[[User], Client], patient: User, another_patient: User
) -> None:
    SessionFactory(user=patient, address="192.0.2.1", device=FIREFOX)
    SessionFactory(user=patient, address="192.0.2.2", revoked_at=timezone.now())
    SessionFactory(user=patient, address="192.0.2.3", last_active_at=timezone.now() - timedelta(minutes=16))
    SessionFactory(user=another_patient, address="192.0.2.4")
    page = client_of(patient).get("/account/sessions/").content.decode()
    assert [address for address in ("192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4") if address in page] == [
        "192.0.2.1"
    ]
    assert "Firefox on Linux" in page
    assert page.count("(this one)") == 1


def test_one_device_can_be_signed_out(client_of: Callable[[User], Client], patient: User) -> None:
    here, there = client_of(patient), client_of(patient)
    key = there.cookies["sessionid"].value
    with system():
        session = Session.objects.get(key_hash=Session.hash_of(key))
    assert here.post(f"/account/sessions/{session.pk}/end/")["Location"] == "/account/sessions/"
    assert there.get("/account/sessions/").status_code == 302
    assert here.get("/account/sessions/").status_code == 200


def test_signing_out_this_device_leads_to_the_start(client_of: Callable[[User], Client], patient: User) -> None:
    client = client_of(patient)
    with system():
        session = Session.objects.get()
    assert client.post(f"/account/sessions/{session.pk}/end/")["Location"] == "/"
    assert client.get("/account/sessions/").status_code == 302


def test_all_others_can_be_signed_out_at_once(client_of: Callable[[User], Client], patient: User) -> None:
    here, there, everywhere = client_of(patient), client_of(patient), client_of(patient)
    here.post("/account/sessions/end-others/")
    assert here.get("/account/sessions/").status_code == 200
    assert there.get("/account/sessions/").status_code == 302
    assert everywhere.get("/account/sessions/").status_code == 302


@pytest.mark.parametrize("who", ["another_patient", "her_doctor", "administrator"])
def test_nobody_ends_somebody_elses_session_here(
    request: pytest.FixtureRequest, client_of: Callable[[User], Client], patient: User, who: str
) -> None:
    hers = SessionFactory(user=patient)
    client = client_of(request.getfixturevalue(who))
    assert client.post(f"/account/sessions/{hers.pk}/end/").status_code == 404
    client.post("/account/sessions/end-others/")
    with system():
        assert Session.objects.get(pk=hers.pk).revoked_at is None


def test_old_rows_are_cleared_and_younger_ones_kept(patient: User) -> None:
    old = SessionFactory(user=patient, expires_at=timezone.now() - timedelta(days=31))
    ended = SessionFactory(user=patient, expires_at=timezone.now() - timedelta(days=29))
    SessionStore.clear_expired()
    with system():
        assert list(Session.objects.all()) == [ended]
        assert not Session.objects.filter(pk=old.pk).exists()


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (FIREFOX, "Firefox on Linux"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
            "Version/18.0 Mobile/15E148 Safari/604.1",
            "Safari on iPhone",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 "
            "Safari/537.36 Edg/140.0",
            "Edge on Windows",
        ),
        ("curl/8.0", "Unknown device"),
        ("", "Unknown device"),
    ],
)
def test_devices_are_named_in_words(user_agent: str, words: str) -> None:
    assert describe(user_agent) == words
