"""Secrets that are none: an example's, typed by hand, used twice. Production does not start with them."""

import itertools
from collections.abc import Mapping

from django.core.exceptions import ImproperlyConfigured

# Parts of words that stand in examples and in nothing that a generator makes.
EXAMPLES = (
    "changeme", "change-me", "change_me", "changethis", "insecure", "password", "example", "default", "replace",
    "secret", "letmein", "yourkey", "your-key", "your_key", "medichat", "qwerty",
)  # fmt: skip
KNOWN_PASSWORDS = {"postgres", "admin", "root", "test", "guest", "user", "pass", "1234", "12345", "123456"}
# 48 random characters have about 30 different ones, in hexadecimal about 15; 32 random bytes have about 30.
FEWEST_CHARACTERS, FEWEST_BYTES = 10, 16
MAKE_ONE = "Make one with 'manage.py generate_secrets'."


def refuse_weak_text(name: str, value: str) -> None:
    """Raise ImproperlyConfigured, without repeating the value, when it is an example's or hardly varies."""
    if any(example in value.lower() for example in EXAMPLES):
        raise ImproperlyConfigured(f"{name} looks like the value of an example, which everybody knows. {MAKE_ONE}")
    if len(set(value)) < FEWEST_CHARACTERS:
        raise ImproperlyConfigured(f"{name} hardly varies, so it can be guessed. {MAKE_ONE}")


def refuse_weak_key(name: str, key: bytes) -> None:
    """The same for the 32 bytes of a key; also a run such as 0, 1, 2 and readable words are no key."""
    steps = {(after - before) % 256 for before, after in itertools.pairwise(key)}
    if len(set(key)) < FEWEST_BYTES or len(steps) == 1 or (key.isascii() and key.decode().isprintable()):
        raise ImproperlyConfigured(f"{name} holds a key that was not made at random. {MAKE_ONE}")


def refuse_shared(secrets: Mapping[str, str | bytes]) -> None:
    """Each secret opens one door: whoever learns one must not hold another."""
    names: dict[str | bytes, str] = {}
    for name, value in secrets.items():
        if value in names:
            raise ImproperlyConfigured(f"{name} and {names[value]} are the same. Give each its own. {MAKE_ONE}")
        names[value] = name


def refuse_known_password(name: str, role: str, password: str) -> None:
    """The password in a database URL; none at all is left to the server, which may know the role by a certificate."""
    if not password:
        return
    lowered = password.lower()
    if lowered in KNOWN_PASSWORDS or lowered == role.lower() or any(example in lowered for example in EXAMPLES):
        raise ImproperlyConfigured(
            f"{name} has a password that everybody tries first. 'manage.py setup_database' makes roles with good ones."
        )
