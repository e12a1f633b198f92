"""Production starts with good secrets only, and says which one is not, without repeating it."""

import base64
import os
import runpy
import secrets
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from tests.platform.test_generate_secrets import generated

SETTINGS = Path(__file__).parents[2] / "medichat" / "settings.py"
TEXTS = ("SECRET_KEY", "JWT_SECRET", "REFRESH_TOKEN_SECRET")
KEYS = ("ENCRYPTION_KEY", "BLIND_INDEX_KEY", "AUDIT_SIGNING_KEY")


def key(content: bytes) -> str:
    return f"k1:{base64.urlsafe_b64encode(content).decode()}"


@pytest.fixture
def good(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    """The environment of a production that starts; nothing else of this machine's is in it."""
    environment = {
        "PATH": os.environ["PATH"],
        "MEDICHAT_ENV": "production",
        "MEDICHAT_DATA_DIR": str(tmp_path),
        "ALLOWED_HOSTS": "clinic.example",
        "DATABASE_URL": f"postgresql://medichat_application:{secrets.token_urlsafe(24)}@127.0.0.1/clinic",
        **{name: secrets.token_urlsafe(48) for name in TEXTS},
        **{name: key(secrets.token_bytes(32)) for name in KEYS},
    }
    for name in list(os.environ):
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return environment


def start() -> dict[str, object]:
    """Read the settings as a new process does."""
    return runpy.run_path(str(SETTINGS))


def test_good_secrets_start(good: dict[str, str]) -> None:
    started = start()
    assert started["PRODUCTION"] is True
    assert started["SECRET_KEY"] == good["SECRET_KEY"]


def test_what_our_own_command_makes_starts(good: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in generated().items():
        monkeypatch.setenv(name, value)
    assert start()["PRODUCTION"] is True


@pytest.mark.parametrize("name", [*TEXTS, *KEYS, "DATABASE_URL", "ALLOWED_HOSTS"])
@pytest.mark.parametrize("value", [None, "", "   "], ids=["unset", "empty", "blank"])
def test_a_missing_one_stops_the_start(
    good: dict[str, str], monkeypatch: pytest.MonkeyPatch, name: str, value: str | None
) -> None:
    if value is None:
        monkeypatch.delenv(name)
    else:
        monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=name):
        start()


WEAK_TEXTS = {
    "short": "kJ8-2xQ_9vLmTz4",
    "an-example": "your_key-goes-here-0123456789-abcdefghijklmnop-qrstuvwxyz",
    "django's": "django-insecure-0q!8x&v2k#m9z7w4j6h3f5d1s0a8p7o6i5u4y3t2r1e0",
    "change-me": "CHANGE-ME-0q!8x&v2k#m9z7w4j6h3f5d1s0a8p7o6i5u4y3t2r1e0abcd",
    "one-letter": "a" * 64,
    "a-few-letters": "abc123" * 12,
}


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("value", WEAK_TEXTS.values(), ids=WEAK_TEXTS)
def test_a_weak_text_stops_the_start_and_is_not_repeated(
    good: dict[str, str], monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=name) as refusal:
        start()
    assert value not in str(refusal.value)


WEAK_KEYS = {
    "too-short": key(secrets.token_bytes(16)),
    "too-long": key(secrets.token_bytes(33)),
    "without-an-id": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    "no-base64": "k1:" + "?" * 43,
    "zeros": key(bytes(32)),
    "a-pattern": key(b"\x00\xff" * 16),
    "a-run": key(bytes(range(32))),
    "words": key(b"correct horse battery staple 123"),
}


@pytest.mark.parametrize("name", KEYS)
@pytest.mark.parametrize("value", WEAK_KEYS.values(), ids=WEAK_KEYS)
def test_a_weak_key_stops_the_start_and_is_not_repeated(
    good: dict[str, str], monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=name) as refusal:
        start()
    assert value not in str(refusal.value)


@pytest.mark.parametrize(("one", "other"), [("SECRET_KEY", "JWT_SECRET"), ("ENCRYPTION_KEY", "AUDIT_SIGNING_KEY")])
def test_one_secret_for_two_purposes_stops_the_start(
    good: dict[str, str], monkeypatch: pytest.MonkeyPatch, one: str, other: str
) -> None:
    monkeypatch.setenv(one, good[other])
    with pytest.raises(ImproperlyConfigured, match="are the same"):
        start()


@pytest.mark.parametrize("password", ["postgres", "medichat_application", "Password1", "changeme", "123456"])
@pytest.mark.parametrize("name", ["DATABASE_URL", "DATABASE_OWNER_URL"])
def test_a_known_password_of_the_database_stops_the_start(
    good: dict[str, str], monkeypatch: pytest.MonkeyPatch, name: str, password: str
) -> None:
    monkeypatch.setenv(name, f"postgresql://medichat_application:{password}@127.0.0.1/clinic")
    with pytest.raises(ImproperlyConfigured, match=name):
        start()


def test_half_an_account_at_the_mail_server_stops_the_start(
    good: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMAIL_HOST_USER", "clinic")
    with pytest.raises(ImproperlyConfigured, match="EMAIL_HOST_PASSWORD"):
        start()


def test_production_switches_off_what_helps_developers(good: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DEBUG", "LOG_SQL"):
        monkeypatch.setenv(name, "1")
    started = start()
    assert (started["DEBUG"], started["LOG_SQL"], started["DEMO_CLINIC"]) == (False, False, False)


def test_cookies_of_production_are_bound_to_their_host(good: dict[str, str]) -> None:
    started = start()
    for cookie in ("SESSION", "CSRF"):
        assert str(started[f"{cookie}_COOKIE_NAME"]).startswith("__Host-")
        assert started[f"{cookie}_COOKIE_SECURE"] is True
        assert started[f"{cookie}_COOKIE_HTTPONLY"] is True
    assert str(started["MESSAGE_COOKIE_NAME"]).startswith("__Host-")
    assert str(started["DEVICE_COOKIE_NAME"]).startswith("__Host-")
