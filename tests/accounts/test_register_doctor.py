"""A doctor registers and waits for an administrator."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import timezone

from accounts.models import Role, User
from accounts.second_factor import begin_setup
from tests.authenticator import code_at
from tests.cast import as_person, system
from tests.factories import ConversationFactory

TYPED = {
    "first_name": "Hugo",
    "last_name": "Jansen",
    "specialization": "Cardiology",
    "licence_number": "NL-778",
    "email": "hugo@example.org",
    "password": "nine slow barges upriver",
}


def register(client: Client, **changes: str) -> Any:
    return client.post("/account/register/doctor/", {**TYPED, **changes})


def test_the_doctor_can_sign_in_and_is_told_to_wait(client: Client, mailbox: list[EmailMessage], db: None) -> None:
    assert register(client)["Location"] == "/account/registered/doctor/"
    with system():
        doctor = User.objects.get()
    assert (doctor.role, doctor.specialization, doctor.licence_number) == (Role.DOCTOR, "Cardiology", "NL-778")
    assert not doctor.is_approved
    assert client.post("/account/sign-in/", TYPED)["Location"].startswith("/account/code/")
    with as_person(doctor):
        secret = begin_setup(doctor).secret or ""
    typed = {"code": code_at(secret, timezone.now())}
    assert "backup codes" in client.post("/account/second-step/set-up/", typed).content.decode()
    page = client.get("/home/", follow=True)
    assert page.redirect_chain[-1][0] == "/account/waiting/"
    assert "Your account waits for approval" in page.content.decode()


def test_until_approved_there_is_no_patient_data(client_of: Callable[[User], Client], unapproved_doctor: User) -> None:
    conversation = ConversationFactory(awaiting=True)
    assert client_of(unapproved_doctor).get("/queue/")["Location"] == "/account/waiting/"
    with as_person(unapproved_doctor):
        assert list(User.objects.all()) == [unapproved_doctor]
        assert not type(conversation).objects.exists()


@pytest.mark.parametrize("change", [{"approved_at": "2026-01-01T00:00Z"}, {"role": "admin"}, {"role": "patient"}])
def test_a_doctor_cannot_approve_themselves_past_the_pages(unapproved_doctor: User, change: dict[str, str]) -> None:
    with (
        as_person(unapproved_doctor),
        pytest.raises(DatabaseError, match="only an administrator"),
        transaction.atomic(),
    ):
        User.objects.filter(pk=unapproved_doctor.pk).update(**change)


def test_an_approved_doctor_cannot_change_the_licence_that_was_checked(her_doctor: User) -> None:
    with as_person(her_doctor), pytest.raises(DatabaseError, match="only an administrator"), transaction.atomic():
        User.objects.filter(pk=her_doctor.pk).update(licence_number="another")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"specialization": ""}, "Enter your specialization"),
        ({"licence_number": " "}, "Enter the number of your licence"),
        ({"licence_number": "LIC-CLARA"}, "This licence number is registered already."),
    ],
)
def test_without_a_licence_of_their_own_nobody_registers_as_a_doctor(
    client: Client, her_doctor: User, changes: dict[str, str], sentence: str
) -> None:
    response = register(client, **changes)
    assert response.status_code == 422
    assert sentence in response.content.decode()
    with system():
        assert not User.objects.filter(email="hugo@example.org").exists()


def test_a_taken_address_is_told_to_its_owner_only(client: Client, mailbox: list[EmailMessage], patient: User) -> None:
    assert register(client, email=patient.email)["Location"] == "/account/registered/doctor/"
    assert mailbox[0].to == [patient.email]
    with system():
        assert User.objects.get(email=patient.email).role == Role.PATIENT
