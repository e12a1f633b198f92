"""Somebody has lost the app and the codes: an administrator, or an operator, clears the second step."""

import pytest
from django.contrib.admin.models import LogEntry
from django.core.mail import EmailMessage
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import MfaToken, Session, User
from audit.models import ActivityLog
from tests.cast import ClientOf, authenticator_of, system
from tests.factories import PASSWORD

TYPED = {"reason": "lost", "made_sure": "Called back at the number in the staff file."}


def page_of(user: User) -> str:
    return f"/admin/accounts/user/{user.pk}/second-step/"


def test_an_administrator_clears_it_and_says_why(
    client_of: ClientOf, administrator: User, her_doctor: User, mailbox: list[EmailMessage]
) -> None:
    doctors, client = client_of(her_doctor), client_of(administrator)
    assert page_of(her_doctor) in client.get(f"/admin/accounts/user/{her_doctor.pk}/change/").content.decode()
    assert "Clear a lost second step" in client.get(page_of(her_doctor)).content.decode()
    done = client.post(page_of(her_doctor), TYPED)
    assert done["Location"] == f"/admin/accounts/user/{her_doctor.pk}/change/"
    with system():
        assert not MfaToken.objects.filter(user=her_doctor).exists()
        assert not Session.objects.filter(user=her_doctor).running().exists()
        row = ActivityLog.objects.get(action="user.second_factor.changed")
        said = LogEntry.objects.get(object_id=str(her_doctor.pk)).change_message
    assert (row.actor_id, row.resource_id) == (administrator.pk, str(her_doctor.pk))
    assert '"lost"' in (row.metadata or "")
    assert "Called back" not in (row.metadata or "")
    assert "Called back at the number in the staff file." in said
    assert [letter.to for letter in mailbox] == [[her_doctor.email]]
    assert doctors.get("/queue/")["Location"].startswith("/account/sign-in/")


def test_afterwards_the_doctor_sets_it_up_anew(
    client: Client, client_of: ClientOf, administrator: User, her_doctor: User
) -> None:
    authenticator_of(her_doctor)
    client_of(administrator).post(page_of(her_doctor), TYPED)
    client.post("/account/sign-in/", {"email": her_doctor.email, "password": PASSWORD})
    assert client.get("/account/code/")["Location"].startswith("/account/second-step/set-up/")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"reason": ""}, "Choose what happened."),
        ({"reason": "because"}, "Select a valid choice"),
        ({"made_sure": ""}, "Say how you made sure."),
        ({"made_sure": "yes"}, "Say it in a few more words"),
    ],
)
def test_without_a_reason_nothing_happens(
    client_of: ClientOf, administrator: User, her_doctor: User, change: dict[str, str], sentence: str
) -> None:
    authenticator_of(her_doctor)
    response = client_of(administrator).post(page_of(her_doctor), {**TYPED, **change})
    assert response.status_code == 422
    assert sentence in response.content.decode()
    with system():
        assert MfaToken.objects.confirmed().filter(user=her_doctor).exists()


def test_nobody_clears_their_own_or_what_is_not_there(client_of: ClientOf, administrator: User, patient: User) -> None:
    client = client_of(administrator)
    assert client.post(page_of(administrator), TYPED).status_code == 403
    assert client.post(page_of(patient), TYPED)["Location"] == f"/admin/accounts/user/{patient.pk}/change/"
    assert client.get("/admin/accounts/user/0/second-step/").status_code == 404
    with system():
        assert MfaToken.objects.confirmed().filter(user=administrator).exists()


@pytest.mark.parametrize("who", ["patient", "her_doctor", "unapproved_doctor"])
def test_others_cannot(request: pytest.FixtureRequest, client_of: ClientOf, stranger_doctor: User, who: str) -> None:
    authenticator_of(stranger_doctor)
    client = client_of(request.getfixturevalue(who))
    response = client.post(page_of(stranger_doctor), TYPED, follow=True)
    assert response.status_code == 403
    with system():
        assert MfaToken.objects.confirmed().filter(user=stranger_doctor).exists()


def test_an_operator_helps_the_only_administrator(
    client_of: ClientOf, administrator: User, mailbox: list[EmailMessage], capsys: pytest.CaptureFixture[str]
) -> None:
    client = client_of(administrator)
    call_command("clear_second_factor", "Farid@example.org", "broken")
    assert "Cleared." in capsys.readouterr().out
    assert client.get("/admin/")["Location"].startswith("/admin/login/")
    with system():
        row = ActivityLog.objects.get(action="user.second_factor.changed")
    assert (row.actor_role, row.actor_id) == ("system", None)
    with pytest.raises(CommandError, match="no account with this address that has a second factor"):
        call_command("clear_second_factor", "nobody@example.org", "broken")
