"""What people keep up to date about themselves, and their e-mail address."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.test import Client

from accounts import signals
from accounts.models import Role, User
from tests.accounts.test_password_reset import link_in
from tests.cast import system
from tests.factories import PASSWORD, UserFactory

TYPED = {"first_name": "Ana", "last_name": "Horvat-Kos", "date_of_birth": "1990-06-15", "phone": "01632 960007"}


def stored(user: User) -> User:
    with system():
        return User.objects.get(pk=user.pk)


def test_changes_are_stored_and_named_without_their_values(client_of: Callable[[User], Client], patient: User) -> None:
    heard: list[Any] = []
    signals.profile_updated.connect(lambda fields, **_: heard.append(fields), weak=False, dispatch_uid="test")
    try:
        response = client_of(patient).post("/account/profile/", TYPED)
    finally:
        signals.profile_updated.disconnect(dispatch_uid="test")
    assert response.status_code == 302
    assert (stored(patient).last_name, stored(patient).phone) == ("Horvat-Kos", "01632 960007")
    assert heard == [["last_name", "phone"]]


def test_an_empty_telephone_is_unknown(client_of: Callable[[User], Client], patient: User) -> None:
    client = client_of(patient)
    client.post("/account/profile/", TYPED)
    client.post("/account/profile/", {**TYPED, "phone": " "})
    assert stored(patient).phone is None


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"last_name": ""}, "Enter your last name."),
        ({"date_of_birth": ""}, "Enter your date of birth."),
        ({"date_of_birth": "3000-01-01"}, "This date is in the future."),
        ({"phone": "0" * 51}, "A telephone number has at most 50 characters here."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_stored(
    client_of: Callable[[User], Client], patient: User, changes: dict[str, str], sentence: str
) -> None:
    response = client_of(patient).post("/account/profile/", {**TYPED, "first_name": "Typed", **changes})
    page = response.content.decode()
    assert response.status_code == 422
    assert sentence in page
    assert 'value="Typed"' in page
    assert stored(patient).first_name == "Ana"


def test_nothing_else_can_be_changed_here(client_of: Callable[[User], Client], unapproved_doctor: User) -> None:
    smuggled = {"role": "admin", "approved_at": "2026-01-01", "licence_number": "x", "email": "x@example.org"}
    client_of(unapproved_doctor).post("/account/profile/", {**TYPED, **smuggled})
    user = stored(unapproved_doctor)
    assert (user.role, user.approved_at, user.licence_number) == (Role.DOCTOR, None, "LIC-ELENA")
    assert user.email == "elena@example.org"


def test_the_address_changes_when_the_link_sent_there_is_opened(
    client_of: Callable[[User], Client], mailbox: list[EmailMessage], patient: User
) -> None:
    client = client_of(patient)
    client.post("/account/e-mail/", {"email": "New@example.org", "password": PASSWORD})
    assert [message.to for message in mailbox] == [["new@example.org"], ["ana@example.org"]]
    assert stored(patient).email == "ana@example.org"
    link = link_in(mailbox[0])
    assert client.get(link).status_code == 200
    assert stored(patient).email == "ana@example.org"
    assert client.post(link).status_code == 302
    assert (stored(patient).email, stored(patient).email_verified) == ("new@example.org", True)
    assert client.post(link).status_code == 410


def test_a_new_password_undoes_a_request_for_another_address(
    client_of: Callable[[User], Client], client: Client, mailbox: list[EmailMessage], patient: User
) -> None:
    """Who is told of a change they did not ask for chooses a new password: the stranger's link must be dead then."""
    client_of(patient).post("/account/e-mail/", {"email": "stranger@example.org", "password": PASSWORD})
    with system():
        patient.set_password("a few new words together")
        patient.save(update_fields=["password"])
    assert client.post(link_in(mailbox[0])).status_code == 410
    assert stored(patient).email == "ana@example.org"


def test_an_address_that_somebody_has_cannot_be_taken(
    client_of: Callable[[User], Client], mailbox: list[EmailMessage], patient: User
) -> None:
    UserFactory(email="taken@example.org")
    client = client_of(patient)
    response = client.post("/account/e-mail/", {"email": "taken@example.org", "password": PASSWORD})
    assert response.status_code == 200
    assert client.post(link_in(mailbox[0])).status_code == 410
    assert stored(patient).email == "ana@example.org"


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"email": "new@example.org", "password": "wrong"}, "This is not your present password."),
        ({"email": "ANA@example.org", "password": PASSWORD}, "This is your address already."),
        ({"email": "new", "password": PASSWORD}, "Enter an e-mail address like name@example.org."),
    ],
)
def test_the_address_is_not_changed_by_anybody_or_to_anything(
    client_of: Callable[[User], Client],
    mailbox: list[EmailMessage],
    patient: User,
    typed: dict[str, str],
    sentence: str,
) -> None:
    response = client_of(patient).post("/account/e-mail/", typed)
    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert mailbox == []


def test_a_made_up_link_changes_nothing(client: Client, patient: User) -> None:
    assert client.post("/account/e-mail/made-up:link:here/").status_code == 410
    assert stored(patient).email == "ana@example.org"


@pytest.mark.parametrize("page", ["/account/profile/", "/account/e-mail/", "/account/sessions/"])
def test_who_is_not_signed_in_is_asked_to(client: Client, db: None, page: str) -> None:
    assert client.get(page)["Location"] == f"/account/sign-in/?next={page}"
