"""Accounts: each way in which the old migration script lost something, by the words of its list."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from tests.legacy.importing import Loaded, of_document, rows, stored
from tests.legacy.losses import BCRYPT, PASSWORD, at, conversation, doctor, loaded, oid, user, without

LONG_PHONE = "+00 555 123456 ext. 77 (the night nurse answers)"
SEEN = at(2023, 1, 2, 3, 4, 5)


@pytest.fixture(scope="module", autouse=True)
def clinic(loaded_database: Callable[[Path], Loaded], tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    users = [
        user(1, isActive=False),
        user(2, emailVerified=True, lastLoginAt=SEEN),
        doctor(3, licenseNumber="SAME"),
        doctor(4, licenseNumber="SAME"),
        user(5, phone=LONG_PHONE, lastName="van der " * 20),
        without(user(6), "password"),
        without(user(7), "firstName"),
        user(8, email=" Person8@OLD.Example"),
        user(9, dateOfBirth=at(1971, 5, 3, 22)),
        user(10, dateOfBirth="some day in May"),
        user(11, profilePhoto="/uploads/profiles/profile-11.jpg"),
        user(12, email="PERSON2@old.example"),
        user(13, role="nurse"),
    ]
    conversations = [
        conversation(20 + number, oid(1), doctor=oid(number), status="doctor_responded", visitNumber=number)
        for number in (3, 4)
    ]
    conversations += [conversation(20 + number, oid(number)) for number in (5, 6, 7)]
    folder = tmp_path_factory.mktemp("accounts")
    return loaded(loaded_database, folder, {"users": users, "conversations": conversations})


def account(number: int) -> dict[str, object]:
    return stored("users", str(oid(number)))


def test_deactivated_accounts_are_not_reactivated() -> None:
    assert account(1)["is_active"] is False
    assert account(2)["is_active"] is True


def test_email_verified_and_last_login_are_not_reset() -> None:
    assert account(2)["email_verified"] is True
    assert account(2)["last_login"] == SEEN.replace(tzinfo=UTC)
    assert account(1)["email_verified"] is False
    assert account(1)["last_login"] is None


def test_doctors_with_a_duplicate_licence_number_and_their_conversations_come_over(clinic: Loaded) -> None:
    for number in (3, 4):
        assert account(number)["licence_number"] == "SAME"
        assert stored("conversations", str(oid(20 + number)))["doctor_id"] == account(number)["id"]
    assert clinic.report["rules"]["licence_duplicate"]["count"] == 2


def test_users_with_a_long_phone_or_other_overlong_text_come_over_with_their_conversations(clinic: Loaded) -> None:
    assert account(5)["phone"] == LONG_PHONE
    assert str(account(5)["last_name"]).endswith("…")
    assert stored("conversations", str(oid(25)))["patient_id"] == account(5)["id"]
    assert clinic.report["rules"]["text_shortened"]["examples"] == [str(oid(5))]


def test_users_without_a_password_hash_or_first_name_come_over_without_sign_in(clinic: Loaded) -> None:
    assert str(account(6)["password"]).startswith("!")
    assert account(7)["first_name"] == ""
    assert account(7)["password"] == f"legacy_bcrypt${BCRYPT}"
    for number in (6, 7):
        assert of_document("messages", str(oid(20 + number)))


def test_emails_are_stored_in_lower_case_so_that_their_owners_can_sign_in(clinic: Loaded) -> None:
    assert account(8)["email"] == "person8@old.example"
    browser = Client()
    assert (
        browser.post(reverse("accounts:sign_in"), {"email": "Person8@old.example", "password": "no"}).status_code != 302
    )
    page = browser.post(reverse("accounts:sign_in"), {"email": "Person8@old.example", "password": PASSWORD})
    assert page.status_code == 302


def test_the_civil_day_of_a_birth_is_kept_and_one_that_cannot_be_read_is_reported(clinic: Loaded) -> None:
    assert account(9)["date_of_birth"] == date(1971, 5, 4)
    assert account(10)["date_of_birth"] is None
    assert clinic.report["rules"]["date_not_understood"]["examples"] == [str(oid(10))]
    kept = rows("SELECT raw IS NOT NULL FROM import_items WHERE rule = 'date_not_understood'")
    assert kept == [(True,)]


def test_the_profile_photo_is_not_dropped() -> None:
    assert account(11)["photo_path"] == "/uploads/profiles/profile-11.jpg"


def test_an_address_that_two_accounts_have_stays_with_one_and_both_people_come_over(clinic: Loaded) -> None:
    assert account(2)["email"] == "person2@old.example"
    assert str(account(12)["email"]).endswith("@no-address.invalid")
    assert str(account(12)["password"]).startswith("!")
    assert clinic.report["accounts"]["email_conflicts"] == 1


def test_an_unknown_role_gets_the_least_rights_and_is_deactivated() -> None:
    assert account(13)["role"] == "patient"
    assert account(13)["is_active"] is False


def test_times_of_accounts_are_those_of_the_source() -> None:
    assert account(1)["created_at"] == datetime(2022, 3, 4, 5, 6, 7, 89_000, UTC)
