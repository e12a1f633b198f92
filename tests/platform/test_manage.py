"""manage.py lends the embedded database to the commands that need one, and to no other."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

import manage
from medichat.db.embedded import Embedded
from tests import database


def run(*words: str, data_dir: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run manage.py as a developer without any settings would."""
    environment = {name: value for name, value in os.environ.items() if name not in {*database.FIXED, database.RUN}}
    environment |= {"MEDICHAT_DATA_DIR": str(data_dir), "DATABASE_URL": "", "DATABASE_OWNER_URL": "", **variables}
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--help"],
        ["check"],
        ["check", "--deploy"],
        ["collectstatic", "--no-input"],
        ["help", "migrate"],
        ["migrate", "--help"],
        ["serve"],
        ["setup_database", "postgresql://..."],
    ],
)
def test_commands_that_need_no_database_start_none(words: list[str]) -> None:
    assert not manage.needs_database(words)


@pytest.mark.parametrize(
    "words",
    [
        ["migrate"],
        ["makemigrations", "--check"],
        ["shell"],
        ["createsuperuser"],
        ["run_periodic"],
        ["check", "--database", "default"],
    ],
)
def test_every_other_command_gets_it(words: list[str]) -> None:
    assert manage.needs_database(words)


def test_a_command_starts_the_embedded_database_and_stops_it_again(open_path: Path) -> None:
    asked = run(
        "shell",
        "-c",
        "from django.db import connection as c; print(c.cursor().execute('select current_user').fetchone())",
        data_dir=open_path,
    )
    assert "medichat_application" in asked.stdout, asked.stderr
    assert not Embedded(open_path).is_running()


def test_a_failing_command_stops_it_too(open_path: Path) -> None:
    failed = run("shell", "-c", "raise SystemExit(7)", data_dir=open_path)
    assert failed.returncode == 7
    assert not Embedded(open_path).is_running()


def test_setup_database_runs_before_anything_is_configured(open_path: Path) -> None:
    refused = run("setup_database", "localhost", data_dir=open_path, MEDICHAT_ENV="production")
    assert "administrative URL must look like" in refused.stderr
    assert list(open_path.iterdir()) == []


def test_migrate_without_the_owners_url_says_which_variable_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(settings.DATABASES, "owner")
    with pytest.raises(CommandError, match="DATABASE_OWNER_URL"):
        call_command("migrate")


def test_an_owners_url_alone_is_refused(open_path: Path) -> None:
    refused = run("check", data_dir=open_path, DATABASE_OWNER_URL="postgresql://a:b@h/clinic")
    assert refused.returncode != 0
    assert "DATABASE_OWNER_URL is set but DATABASE_URL is not" in refused.stderr
