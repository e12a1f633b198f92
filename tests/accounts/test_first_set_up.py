"""The first second step of somebody from the previous system: the old password is not enough, the mailbox counts."""

import re
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.test import Client

from accounts.models import MfaToken, User
from tests.authenticator import Clock
from tests.cast import as_person, authenticator_of, halfway_in, system
from tests.factories import AdministratorFactory, DoctorFactory, UserFactory

SET_UP = "/account/second-step/set-up/"
LINK = "/account/second-step/link/"


@pytest.fixture
def imported(db: None) -> User:
    """An administrator who came from the previous system with an old password."""
    user: User = AdministratorFactory(
        email="greta@example.org", first_name="Greta", legacy_id="61a0000000000000000000ab"
    )
    return user


def mailed(client: Client, mailbox: list[EmailMessage]) -> str:
    """The link that this browser asked for."""
    assert client.post(LINK).status_code == 200
    found = re.search(r"/account/second-step/link/\S+/", str(mailbox[-1].body))
    assert found
    return found[0]


def key_on(page: Any) -> str:
    found = re.search(r'<code class="key">([A-Z2-7 ]+)</code>', page.content.decode())
    assert found
    return found[1].replace(" ", "")


def test_the_old_password_alone_sets_nothing_up(client: Client, imported: User, mailbox: list[EmailMessage]) -> None:
    halfway_in(client, imported)
    for response in (client.get(SET_UP), client.post(SET_UP, {"code": "123456"})):
        assert response["Location"] == LINK
    page = client.get(LINK).content.decode()
    assert "show that your mailbox is yours" in page
    assert imported.email not in page
    with system():
        assert not MfaToken.objects.filter(user=imported).exists()
    assert mailbox == []


def test_with_the_link_from_the_mailbox_it_goes_on(
    client: Client, imported: User, mailbox: list[EmailMessage], clock: Clock
) -> None:
    halfway_in(client, imported)
    link = mailed(client, mailbox)
    assert mailbox[-1].to == [imported.email]
    assert client.get(link)["Location"] == SET_UP
    key = key_on(client.get(SET_UP))
    assert client.post(SET_UP, {"code": clock.code(key)}).status_code == 200
    assert client.get("/admin/").status_code == 200
    again = halfway_in(Client(), imported)
    assert again.get(link).status_code == 410, "one second step was set up with it"
    assert again.get(SET_UP)["Location"] == "/account/code/"


def test_the_link_helps_only_the_browser_on_which_it_is_opened(
    client: Client, imported: User, mailbox: list[EmailMessage]
) -> None:
    thief = halfway_in(client, imported)
    link = mailed(thief, mailbox)
    assert Client().get(link)["Location"].startswith("/account/sign-in/?next=")
    owner = halfway_in(Client(), imported)
    assert owner.get(link)["Location"] == SET_UP
    assert owner.get(SET_UP).status_code == 200
    assert thief.get(SET_UP)["Location"] == LINK


def test_a_link_is_worthless_for_others_and_after_a_new_password(
    client: Client, imported: User, mailbox: list[EmailMessage]
) -> None:
    link = mailed(halfway_in(client, imported), mailbox)
    other = AdministratorFactory(legacy_id="61a0000000000000000000ac")
    assert halfway_in(Client(), other).get(link).status_code == 410
    with as_person(imported):
        imported.set_password("four green ladders outside")
        imported.save(update_fields=["password"])
    assert halfway_in(Client(), imported).get(link).status_code == 410
    assert client.get(f"{LINK}{'x' * 40}/").status_code in {302, 410}


def test_who_was_never_elsewhere_and_who_needs_none_is_not_asked(
    client: Client, her_doctor: User, mailbox: list[EmailMessage]
) -> None:
    halfway_in(client, her_doctor)
    assert client.get(SET_UP).status_code == 200
    assert client.get(LINK)["Location"] == "/account/code/"
    patient = UserFactory(legacy_id="61a0000000000000000000ad")
    assert "Location" not in halfway_in(Client(), patient).get(SET_UP)


def test_who_has_a_second_step_is_asked_for_its_code(db: None, client: Client, mailbox: list[EmailMessage]) -> None:
    doctor = DoctorFactory(legacy_id="61a0000000000000000000ae")
    authenticator_of(doctor)
    halfway_in(client, doctor)
    assert client.get(LINK)["Location"] == "/account/code/"
    assert client.post(LINK)["Location"] == "/account/code/"
    assert mailbox == []


def test_letters_are_few(client: Client, imported: User, mailbox: list[EmailMessage]) -> None:
    halfway_in(client, imported)
    assert [client.post(LINK).status_code for _ in range(5)] == [200] * 3 + [429] * 2
    assert len(mailbox) == 3
