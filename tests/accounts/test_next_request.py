"""What an administrator changes about an account has effect at its next request, whatever is under way meanwhile."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from django.contrib.auth import login
from django.db import connection
from django.test import Client

from accounts import second_factor
from accounts.models import Role, Session, User
from tests.cast import ClientOf, as_person, authenticator_of, halfway_in, system
from tests.factories import PASSWORD

SIGN_IN = "/account/sign-in/"


def test_withdrawn_approval(client_of: ClientOf, her_doctor: User, patient: User, administrator: User) -> None:
    browsers = [client_of(her_doctor), client_of(her_doctor)]
    chart = f"/patients/{patient.pk}/"
    assert [client.get(chart).status_code for client in browsers] == [200, 200]
    with as_person(administrator):
        her_doctor.withdraw_approval(by=administrator)
    for client in browsers:
        assert client.get(chart)["Location"] == "/account/waiting/"
        assert client.get("/queue/")["Location"] == "/account/waiting/"


@pytest.mark.parametrize("role", [Role.PATIENT, Role.DOCTOR])
def test_an_administrator_who_is_one_no_more(
    client_of: ClientOf, administrator: User, patient: User, role: Role
) -> None:
    client = client_of(administrator)
    assert patient.email in client.get("/admin/accounts/user/").content.decode()
    with system():
        User.objects.filter(pk=administrator.pk).update(
            role=role, specialization="General practice", licence_number="LIC-NEW"
        )
    answer = client.get("/admin/accounts/user/", follow=True)
    assert answer.status_code == 403
    assert patient.email not in answer.content.decode()


def test_a_patient_who_becomes_a_doctor_signs_in_anew_with_both_steps(
    client_of: ClientOf, patient: User, administrator: User
) -> None:
    client = client_of(patient)
    with as_person(administrator):
        User.objects.filter(pk=patient.pk).update(
            role=Role.DOCTOR, specialization="General practice", licence_number="LIC-NEW"
        )
        patient.refresh_from_db()
        patient.approve(by=administrator)
    assert client.get("/queue/")["Location"].startswith(SIGN_IN)
    first = client.post(SIGN_IN, {"email": patient.email, "password": PASSWORD})
    assert first["Location"].startswith("/account/code/")


@pytest.mark.parametrize("page", ["/account/code/", "/account/second-step/set-up/"])
def test_deactivated_between_the_steps(client: Client, her_doctor: User, administrator: User, page: str) -> None:
    if page == "/account/code/":
        authenticator_of(her_doctor)
    halfway_in(client, her_doctor)
    assert client.get(page).status_code == 200
    with as_person(administrator):
        her_doctor.deactivate(by=administrator)
    assert client.get(page).status_code == 302
    assert client.post(page, {"code": "123456"}).status_code in {302, 401}


class Held:
    """A request that is stopped in the middle until it may go on."""

    def __init__(self) -> None:
        self.reached, self.go_on = Event(), Event()

    def stop(self) -> None:
        """Called within the request."""
        self.reached.set()
        assert self.go_on.wait(60)


@pytest.fixture
def in_flight() -> Iterator[Callable[[Callable[[], Any]], "Future[Any]"]]:
    """Begins a request in a thread of its own, with a connection of its own."""
    with ThreadPoolExecutor(1) as thread:

        def begin(ask: Callable[[], Any]) -> "Future[Any]":
            def asked() -> Any:
                try:
                    return ask()
                finally:
                    connection.close()

            return thread.submit(asked)

        yield begin


@pytest.fixture
def held_after(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Held]:
    """Stops the first request that comes to this function, after it has done its work."""

    def hold(name: str) -> Held:
        held, original = Held(), getattr(second_factor, name)

        def function(*values: Any) -> Any:
            found = original(*values)
            if not held.reached.is_set():
                held.stop()
            return found

        monkeypatch.setattr(second_factor, name, function)
        return held

    return hold


@pytest.mark.django_db(transaction=True)
def test_deactivated_while_a_request_is_under_way(
    in_flight: Callable[..., "Future[Any]"], held_after: Callable[[str], Held], client_of: ClientOf, patient: User
) -> None:
    """The request that had begun may end as it began, wholly; the session is over, and the next one is refused."""
    client, held = client_of(patient), held_after("is_missing")
    typed = {"first_name": "Anna", "last_name": "Horvat", "date_of_birth": "1990-06-15", "phone": ""}
    answer = in_flight(lambda: client.post("/account/profile/", typed))
    assert held.reached.wait(60)
    with system():
        User.objects.get(pk=patient.pk).deactivate(by=None)
    held.go_on.set()
    response = answer.result(60)
    with system():
        after = User.objects.get(pk=patient.pk)
        assert not Session.objects.running().filter(user=patient).exists()
    assert (response.status_code, after.first_name) in {(302, "Anna"), (401, "Ana")}
    assert not after.is_active, "what the request stored must not undo it"
    assert client.get("/account/profile/")["Location"].startswith(SIGN_IN)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("address", "step"), [(SIGN_IN, "is_asked"), ("/api/auth/login", "is_enrolled")])
@pytest.mark.parametrize("what", ["deactivated", "new password"])
def test_while_somebody_is_signing_in(
    in_flight: Callable[..., "Future[Any]"],
    held_after: Callable[[str], Held],
    patient: User,
    what: str,
    address: str,
    step: str,
) -> None:
    """The password was right a moment ago; no session comes of it, now or when the account is active again."""
    client, held = Client(), held_after(step)
    answer = in_flight(lambda: client.post(address, {"email": patient.email, "password": PASSWORD}))
    assert held.reached.wait(60)
    with system():
        user = User.objects.get(pk=patient.pk)
        if what == "deactivated":
            user.deactivate(by=None)
        else:
            user.set_password("another password entirely")
            user.save()
    held.go_on.set()
    assert answer.result(60).status_code == 401
    with system():
        User.objects.filter(pk=patient.pk).update(is_active=True)
        assert not Session.objects.running().filter(user=patient).exists()
    assert client.get("/account/profile/")["Location"].startswith(SIGN_IN)


@pytest.mark.django_db(transaction=True)
def test_deactivating_waits_for_a_sign_in_that_is_nearly_done_and_ends_it(
    in_flight: Callable[..., "Future[Any]"], monkeypatch: pytest.MonkeyPatch, patient: User
) -> None:
    held = Held()

    def slow(*values: Any) -> None:
        login(*values)
        held.stop()

    monkeypatch.setattr("accounts.views.sign_in.login", slow)
    client = Client()
    answer = in_flight(lambda: client.post(SIGN_IN, {"email": patient.email, "password": PASSWORD}))
    assert held.reached.wait(60)

    def deactivate() -> None:
        try:
            with system():
                User.objects.get(pk=patient.pk).deactivate(by=None)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as other:
        done = other.submit(deactivate)
        held.go_on.set()
        done.result(60)
    assert answer.result(60).status_code in {302, 401}
    with system():
        assert not Session.objects.running().filter(user=patient).exists()
    assert client.get("/account/profile/")["Location"].startswith(SIGN_IN)
