"""Where one is signed in, through the API."""

from accounts.models import Session, User
from tests.api.asking import is_error
from tests.cast import ClientOf, system
from tests.factories import SessionFactory


def test_one_s_own_sessions_are_listed_and_ended(api_of: ClientOf, patient: User, another_patient: User) -> None:
    client, other = api_of(patient), api_of(patient)
    browser, strangers = SessionFactory(user=patient), SessionFactory(user=another_patient)
    listed = {row["id"]: row for row in client.get("/api/auth/sessions").json()["sessions"]}
    assert len(listed) == 3
    assert [row["isThisOne"] for row in listed.values()].count(True) == 1
    assert (listed[str(browser.pk)]["device"], listed[str(browser.pk)]["kind"]) == ("Firefox on Linux", "browser")
    assert client.delete(f"/api/auth/sessions/{browser.pk}").status_code == 200
    assert is_error(client.delete(f"/api/auth/sessions/{browser.pk}"), 404)
    assert is_error(client.delete(f"/api/auth/sessions/{strangers.pk}"), 404)
    assert client.delete("/api/auth/sessions").json()["message"] == "1 other device is signed out."
    assert is_error(other.get("/api/auth/verify"), 401)
    assert client.get("/api/auth/verify").status_code == 200
    with system():
        assert Session.objects.get(pk=strangers.pk).revoked_at is None


def test_ending_this_one_is_signing_out(api_of: ClientOf, unapproved_doctor: User) -> None:
    client = api_of(unapproved_doctor)
    (here,) = client.get("/api/auth/sessions").json()["sessions"]
    assert client.delete(f"/api/auth/sessions/{here['id']}").status_code == 200
    assert is_error(client.get("/api/auth/sessions"), 401)
