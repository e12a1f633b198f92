"""Secrets for production."""

import os
import subprocess
import sys

from django.conf import settings

from medichat.settings import encryption_key


def test_they_fit_what_production_asks_for_and_differ_each_time() -> None:
    def generate() -> dict[str, str]:
        # As an operator runs it: before there is any secret, for production.
        environment = {"PATH": os.environ["PATH"], "MEDICHAT_ENV": "production"}
        done = subprocess.run(
            [sys.executable, "manage.py", "generate_secrets"],
            cwd=settings.BASE_DIR,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return dict(line.split("=", 1) for line in done.stdout.splitlines())

    first, second = generate(), generate()

    assert set(first) == {
        "SECRET_KEY",
        "JWT_SECRET",
        "REFRESH_TOKEN_SECRET",
        "ENCRYPTION_KEY",
        "BLIND_INDEX_KEY",
        "AUDIT_SIGNING_KEY",
    }
    assert all(first[name] != second[name] for name in first)
    assert len(first["SECRET_KEY"]) >= 50
    for name in ("ENCRYPTION_KEY", "BLIND_INDEX_KEY", "AUDIT_SIGNING_KEY"):
        _key_id, key = encryption_key(name, first[name])
        assert len(key) == 32
