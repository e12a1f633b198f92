"""Passwords of the previous system verify and are replaced; new ones are Argon2id."""

from collections.abc import Iterator

import bcrypt
import pytest
from django.contrib.auth.hashers import check_password, identify_hasher, make_password
from django.test import Client

from accounts.hashers import Argon2Hasher, LegacyBcryptHasher
from accounts.models import User
from tests.cast import system
from tests.hashing import OF_THE_CLINIC, OF_THE_TESTS

LONG = "ž" * 40  # 80 bytes in UTF-8, of which bcrypt looked at 72


def legacy(password: bytes, variant: bytes = b"2b", rounds: int = 4) -> str:
    hashed = bcrypt.hashpw(password[:72], bcrypt.gensalt(rounds))
    return "legacy_bcrypt$" + hashed.replace(b"$2b$", b"$" + variant + b"$", 1).decode()


@pytest.mark.parametrize("variant", [b"2a", b"2b"])
@pytest.mark.parametrize("password", ["secret", "pässwörd €", "a" * 72])
def test_a_hash_of_the_previous_system_verifies(password: str, variant: bytes) -> None:
    stored = legacy(password.encode(), variant)
    assert check_password(password, stored)
    assert not check_password(password[:-1] + "x", stored)


def test_only_the_first_72_bytes_counted() -> None:
    stored = legacy(LONG.encode())
    assert check_password(LONG, stored)
    assert check_password("ž" * 36 + "anything", stored)
    assert not check_password("ž" * 35 + "anything", stored)


@pytest.mark.parametrize(
    "damaged", ["legacy_bcrypt$", "legacy_bcrypt$2b$10$short", "legacy_bcrypt$$2b$10$short", "legacy_bcrypt$plain text"]
)
def test_what_is_no_hash_belongs_to_no_password(damaged: str) -> None:
    for password in ("", "plain text", "short"):
        assert not check_password(password, damaged)


def test_the_hash_is_replaced_when_its_owner_signs_in(client: Client, patient: User) -> None:
    with system():
        User.objects.filter(pk=patient.pk).update(password=legacy(b"secret"))
    response = client.post("/account/sign-in/", {"email": patient.email, "password": "secret"})
    assert response.status_code == 302
    with system():
        stored = User.objects.get(pk=patient.pk).password
    assert identify_hasher(stored).algorithm == "argon2"
    assert check_password("secret", stored)
    assert client.get("/account/profile/").status_code == 200


def test_the_hash_stays_when_a_stranger_guesses(client: Client, patient: User) -> None:
    stored = legacy(b"secret")
    with system():
        User.objects.filter(pk=patient.pk).update(password=stored)
    assert client.post("/account/sign-in/", {"email": patient.email, "password": "guess"}).status_code == 422
    with system():
        assert User.objects.get(pk=patient.pk).password == stored


@pytest.fixture
def at_full_cost() -> Iterator[None]:
    """Hashes cost what they cost in the clinic."""
    OF_THE_CLINIC.pay()
    yield
    OF_THE_TESTS.pay()


def test_new_hashes_are_argon2id_with_at_least_the_parameters_of_owasp(at_full_cost: None) -> None:
    assert OF_THE_CLINIC.memory >= 19 * 1024
    assert OF_THE_CLINIC.passes >= 2
    assert OF_THE_CLINIC.lanes == 1
    cost = f"m={OF_THE_CLINIC.memory},t={OF_THE_CLINIC.passes},p={OF_THE_CLINIC.lanes}"
    assert make_password("a").startswith(f"argon2$argon2id$v=19${cost}$")


def test_who_has_no_account_waits_as_long_as_with_a_hash_of_the_previous_system(at_full_cost: None) -> None:
    assert OF_THE_CLINIC.rounds == 10, "what the previous system used"
    assert LegacyBcryptHasher().salt().startswith("$2b$10$")


def test_an_accented_letter_is_the_same_however_it_was_typed() -> None:
    assert check_password("cafe\u0301 on the corner", make_password("caf\u00e9 on the corner"))


@pytest.mark.parametrize(
    "account", ["nobody@example.org", "argon@example.org", "bcrypt@example.org", "none@example.org"]
)
def test_every_refusal_computes_each_kind_of_hash_once(
    client: Client, db: None, monkeypatch: pytest.MonkeyPatch, account: str
) -> None:
    """So that the time it takes does not tell whether there is an account, and of which kind."""
    with system():
        User.objects.create_user("argon@example.org", "something long enough")
        User.objects.create_user("none@example.org", None)
        user = User.objects.create_user("bcrypt@example.org", None)
        User.objects.filter(pk=user.pk).update(password=legacy(b"secret"))
    computed: list[str] = []
    for hasher in (Argon2Hasher, LegacyBcryptHasher):
        for method in ("encode", "verify"):
            original = getattr(hasher, method)

            def counting(self: object, *values: str, _original: object = original) -> object:
                computed.append(self.algorithm)  # type: ignore[attr-defined]  # every hasher has one
                return _original(self, *values)  # type: ignore[operator]  # the method that was there

            monkeypatch.setattr(hasher, method, counting)
    assert client.post("/account/sign-in/", {"email": account, "password": "wrong"}).status_code == 422
    assert sorted(computed) == ["argon2", "legacy_bcrypt"]
