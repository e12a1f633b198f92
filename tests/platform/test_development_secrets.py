"""Development secrets: made once, private, the same for everybody who asks."""

import base64
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from medichat.db.embedded import development_secret


@pytest.mark.parametrize("name", ["ENCRYPTION_KEY", "BLIND_INDEX_KEY", "AUDIT_SIGNING_KEY"])
def test_a_key_is_32_random_bytes_with_the_name_dev(tmp_path: Path, name: str) -> None:
    key_id, _, encoded = development_secret(tmp_path, name).partition(":")
    assert key_id == "dev"
    assert len(base64.urlsafe_b64decode(encoded)) == 32


def test_other_secrets_are_long_and_differ_from_each_other(tmp_path: Path) -> None:
    secrets = {development_secret(tmp_path, name) for name in ("SECRET_KEY", "JWT_SECRET", "REFRESH_TOKEN_SECRET")}
    assert len(secrets) == 3
    assert all(len(secret) >= 64 for secret in secrets)


def test_a_secret_stays_the_same_and_is_readable_for_its_owner_only(tmp_path: Path) -> None:
    first = development_secret(tmp_path / "new" / "var", "SECRET_KEY")
    assert development_secret(tmp_path / "new" / "var", "SECRET_KEY") == first
    file = tmp_path / "new" / "var" / "secrets" / "SECRET_KEY"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_two_data_directories_have_different_secrets(tmp_path: Path) -> None:
    assert development_secret(tmp_path / "a", "SECRET_KEY") != development_secret(tmp_path / "b", "SECRET_KEY")


def test_processes_that_ask_at_once_get_the_same(tmp_path: Path) -> None:
    ask = (
        "import sys; from pathlib import Path; from medichat.db.embedded import development_secret\n"
        "sys.stdin.readline(); print(development_secret(Path(sys.argv[1]), 'SECRET_KEY'))"
    )
    command = [sys.executable, "-c", ask, str(tmp_path / "var")]
    together = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(6)]
    answers = {process.communicate("go\n", timeout=30)[0] for process in together}
    assert len(answers) == 1
    assert len(answers.pop().strip()) >= 64
