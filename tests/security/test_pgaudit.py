"""pgAudit beside the activity log: which tables were touched and how, and not a word of a patient."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from django.conf import settings

from medichat.db.roles import DEFAULT_NAMES, set_up, url_for
from tests.debian_server import WHY_NOT, debian_server, is_installed
from tests.security.words import SECRETS


@pytest.mark.skipif(not is_installed(), reason=WHY_NOT)
def test_classes_and_tables_are_logged_and_no_value(tmp_path: Path) -> None:
    with debian_server() as server:
        set_up(server.admin_url, owner_password="o", application_password="a")
        names = DEFAULT_NAMES
        environment = {
            **os.environ,
            "DATABASE_URL": url_for(server.admin_url, names.database, names.application, "a"),
            "DATABASE_OWNER_URL": url_for(server.admin_url, names.database, names.owner, "o"),
            "MEDICHAT_DATA_DIR": str(tmp_path),
            "FILES_DIR": str(tmp_path / "files"),
        }
        for command in (["manage.py", "migrate", "-v", "0"], ["-m", "tests.security.audited_clinic"]):
            subprocess.run([sys.executable, *command], cwd=settings.BASE_DIR, env=environment, check=True)
        with psycopg.connect(url_for(server.admin_url, names.database)) as past_the_application:
            found = past_the_application.execute("SELECT allergen FROM allergies WHERE allergen = 'Zirconfloxacin'")
            assert found.fetchone() == ("Zirconfloxacin",)  # a superuser with a word in the statement itself

        assert server.words_in_log((*SECRETS, "Tension headache", "Ibuprofen")) == []
        classes = server.classes()
        assert min(classes[kind] for kind in ("READ", "WRITE", "DDL", "FUNCTION", "ROLE")) > 0, classes
        for table in ("allergies", "messages", "conversations", "users"):
            assert server.audited("READ", table), table
        for table in ("messages", "prescriptions", "activity_logs", "care_relations"):
            assert server.audited("WRITE", table), table
        lines = server.log.read_text().splitlines()
        by_superuser = [line for line in lines if "postgres@medichat" in line and "AUDIT: SESSION" in line]
        assert any(",READ,SELECT,TABLE,public.allergies,<not logged>" in line for line in by_superuser)
        by_the_application = [line for line in lines if "medichat_application@medichat" in line]
        assert len(by_the_application) > 100
