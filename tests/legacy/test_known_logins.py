"""Whoever could sign in to the previous system signs in here with the same password, by the page and by the API.

With ``MEDICHAT_LEGACY_DUMP`` (a folder with a dump in ``medichat`` and its ``known_logins.json``) the same is asked of
that clinic.
"""

import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import bcrypt
import bson
import pytest
from bson import ObjectId
from django.contrib.auth.hashers import identify_hasher
from django.test import Client

from accounts.models import User
from medichat.db.context import system
from tests.api.asking import posted
from tests.authenticator import Clock
from tests.cast import authenticator_of
from tests.legacy.clinics import write_dump
from tests.legacy.importing import import_mongo, rows

pytestmark = pytest.mark.django_db(transaction=True)
WHEN = datetime(2024, 5, 6, 7, 8, 9)  # noqa: DTZ001  # BSON's dates are UTC and have no zone
LONG = "long " * 20
SHARED = Path(os.environ.get("MEDICHAT_LEGACY_DUMP", ""))


@dataclass(frozen=True)
class Login:
    """Somebody of the previous system, what they type, and whether that must be enough."""

    legacy_id: str
    email: str
    password: str
    role: str
    must_succeed: bool


def hashed(password: str, prefix: str = "2b", rounds: int = 4) -> str:
    made = bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(rounds)).decode()
    return made.replace("$2b$", f"${prefix}$", 1)


PEOPLE: list[tuple[str, str, str, object, dict[str, object], bool]] = [
    ("ana@example.org", "patient", "seven Herons", hashed("seven Herons", "2a"), {}, True),
    ("ben@example.org", "patient", "pässwörd-Ω", hashed("pässwörd-Ω", "2b", 12), {}, True),
    ("cy@example.org", "patient", LONG + "and more", hashed(LONG), {}, True),  # beyond 72 bytes nothing counted
    ("dr@example.org", "doctor", "a quiet dusk", hashed("a quiet dusk"), {"licenseNumber": "L-1"}, True),
    ("admin@example.org", "admin", "Admin123!", hashed("Admin123!", "2a"), {}, True),
    (" Upper@Example.ORG ", "patient", "capital letters", hashed("capital letters"), {}, True),
    ("plain@example.org", "patient", "clear-text-1", "clear-text-1", {}, False),
    ("gone@example.org", "patient", "was here once", hashed("was here once"), {"isActive": False}, False),
    ("king@example.org", "king", "nobody knows me", hashed("nobody knows me"), {}, False),
    ("other@example.org", "patient", "of another kind", {"hash": "x"}, {}, False),
]


def generated(folder: Path) -> list[Login]:
    """A clinic of these people, as a dump."""
    users, logins = [], []
    for number, (email, role, password, stored, more, must_succeed) in enumerate(PEOPLE):
        identity = ObjectId(f"6000000000000000000000{number:02x}")
        user = {"_id": identity, "email": email, "role": role, "password": stored, "firstName": "A", "lastName": "B"}
        users.append({**user, **more, "createdAt": WHEN, "updatedAt": WHEN, "__v": 0})
        logins.append(Login(str(identity), email, password, role, must_succeed))
    write_dump(folder, {"users": [bson.encode(one) for one in users], "conversations": [], "activity_logs": []})
    return logins


def known(folder: Path) -> list[Login]:
    """The people of a clinic of which passwords are known."""
    return [
        Login(one["id"], one["email"], one["password"], one["role"], one["loginMustSucceed"])
        for one in json.loads((folder / "known_logins.json").read_text())
    ]


def person_of(login: Login) -> User:
    with system():
        return User.objects.get(legacy_id=login.legacy_id)


def signs_in_by_page(login: Login, code: str) -> bool:
    """Password, the code where one is asked for, and a page of one's own."""
    client = Client()
    response = client.post("/account/sign-in/", {"email": login.email, "password": login.password})
    if response.status_code == 302 and response["Location"].startswith("/account/code/"):
        response = client.post("/account/code/", {"code": code})
    assert response.status_code in (302, 422), response.status_code
    return response.status_code == 302 and client.get("/account/profile/").status_code == 200


def signs_in_by_api(login: Login, code: str) -> bool:
    """Password, the code where one is asked for, and a token that says whose it is."""
    client = Client()
    response = posted(client, "/auth/login", {"email": login.email.strip(), "password": login.password})
    if response.status_code == 403 and response.json().get("mfaRequired"):
        response = posted(client, "/auth/mfa/verify", {"mfaToken": response.json()["mfaToken"], "code": code})
    assert response.status_code in (200, 401), response.status_code
    if response.status_code == 401:
        return False
    verified = client.get("/api/auth/verify", headers={"Authorization": f"Bearer {response.json()['token']}"})
    return bool(verified.json()["user"]["email"] == login.email.strip().lower())


def assert_as_known(logins: list[Login], clock: Clock) -> None:
    for login in logins:
        person = person_of(login)
        app = authenticator_of(person) if person.role != "patient" and person.is_active else None
        codes = ["", ""] if app is None else [clock.code(app.secret or ""), clock.code(app.secret or "", steps=1)]
        assert signs_in_by_page(login, codes[0]) == login.must_succeed, (login.legacy_id, "page")
        assert signs_in_by_api(login, codes[1]) == login.must_succeed, (login.legacy_id, "api")
        stored = person_of(login).password
        if login.must_succeed:
            assert identify_hasher(stored).algorithm == "argon2", login.legacy_id
        assert login.password not in stored


def imported(folder: Path) -> None:
    outcome = import_mongo("--dump", folder)
    assert outcome.code == 0, outcome.console


def test_people_of_an_imported_clinic_sign_in_as_before_and_their_hashes_are_renewed(
    tmp_path: Path, clock: Clock
) -> None:
    logins = generated(tmp_path)
    imported(tmp_path)
    assert_as_known(logins, clock)


def test_the_first_72_bytes_of_a_long_password_are_needed(tmp_path: Path) -> None:
    logins = generated(tmp_path)
    imported(tmp_path)
    (cy,) = [login for login in logins if login.email == "cy@example.org"]
    spoilt = Login(cy.legacy_id, cy.email, cy.password[:71] + "?" + cy.password[72:], cy.role, must_succeed=False)
    assert not signs_in_by_page(spoilt, "")


def test_a_later_run_does_not_bring_the_old_hash_back(tmp_path: Path) -> None:
    logins = generated(tmp_path)
    imported(tmp_path)
    assert signs_in_by_page(logins[0], "")
    renewed = person_of(logins[0]).password
    users = bson.decode_all((tmp_path / "users.bson").read_bytes())
    users[0]["firstName"] = "Another"
    (tmp_path / "users.bson").write_bytes(b"".join(map(bson.encode, users)))
    imported(tmp_path)
    after = person_of(logins[0])
    assert (after.first_name, after.password) == ("Another", renewed)


def test_a_clear_text_password_is_kept_nowhere(tmp_path: Path) -> None:
    generated(tmp_path)
    outcome = import_mongo("--dump", tmp_path, report=tmp_path / "report.json")
    assert "clear-text-1" not in outcome.console
    assert "clear-text-1" not in json.dumps(outcome.report)
    with system():
        assert not User.objects.filter(password__contains="clear-text-1").exists()
    assert rows("SELECT count(*) FROM import_items WHERE rule = 'password_not_kept' AND raw IS NULL") == [(2,)]


@pytest.mark.skipif(not SHARED.name, reason="MEDICHAT_LEGACY_DUMP names no dump of a clinic with known logins")
def test_people_of_the_clinic_with_known_logins_sign_in_as_before(clock: Clock) -> None:
    imported(SHARED / "medichat")
    assert_as_known(known(SHARED), clock)
