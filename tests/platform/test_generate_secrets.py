"""Secrets for production."""

import os
import subprocess
import sys

from django.conf import settings

from medichat.backup.envelope import public_key_of
from medichat.settings import encryption_key


def generated(*arguments: str) -> dict[str, str]:
    """What the command prints, run as an operator runs it: before there is any secret, for production."""
    done = subprocess.run(
        [sys.executable, "manage.py", "generate_secrets", *arguments],
        cwd=settings.BASE_DIR,
        env={"PATH": os.environ["PATH"], "MEDICHAT_ENV": "production"},
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(line.split("=", 1) for line in done.stdout.splitlines() if not line.startswith("#"))


def test_they_fit_what_production_asks_for_and_differ_each_time() -> None:
    first, second = generated(), generated()

    assert set(first) == {
        "SECRET_KEY",
        "JWT_SECRET",
        "REFRESH_TOKEN_SECRET",
        "ENCRYPTION_KEY",
        "BLIND_INDEX_KEY",
        "AUDIT_SIGNING_KEY",
        "PRESCRIPTION_SIGNING_KEY",
    }
    assert all(first[name] != second[name] for name in first)
    assert len(first["SECRET_KEY"]) >= 50
    for name in ("ENCRYPTION_KEY", "BLIND_INDEX_KEY", "AUDIT_SIGNING_KEY"):
        _key_id, key = encryption_key(name, first[name])
        assert len(key) == 32


def test_the_keys_of_backups_are_a_pair_of_their_own() -> None:
    pair = generated("--backup")
    assert set(pair) == {"BACKUP_PUBLIC_KEY", "BACKUP_PRIVATE_KEY"}
    _, private = encryption_key("BACKUP_PRIVATE_KEY", pair["BACKUP_PRIVATE_KEY"])
    _, public = encryption_key("BACKUP_PUBLIC_KEY", pair["BACKUP_PUBLIC_KEY"])
    assert public_key_of(private) == public
