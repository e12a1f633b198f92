"""docs/access.md says who may do what, and it is what the pages, the API and the database answer today.

When this fails, look at what changed: somebody may do more or less than before. If that is meant, renew the document:

    RENEW_DOCUMENTS=1 .venv/bin/python -m pytest tests/security/test_access_document.py -n 0
"""

import os
import re
from pathlib import Path

import psycopg
import pytest
from django.test import RequestFactory

from tests.security import access
from tests.security.seed import Seed

DOCUMENT = Path(__file__).parents[2] / "docs" / "access.md"
RENEW = "RENEW_DOCUMENTS=1 .venv/bin/python -m pytest tests/security/test_access_document.py -n 0"


def section(name: str, measured: str) -> None:
    """Compare one measured table with the document's, between its marks, or write it there."""
    begin, end = f"<!-- measured: {name} -->\n", f"<!-- end: {name} -->"
    written = DOCUMENT.read_text()
    found = re.search(f"{re.escape(begin)}(.*?){re.escape(end)}", written, re.DOTALL)
    assert found, f"docs/access.md has no place for {name!r}"
    if os.environ.get("RENEW_DOCUMENTS"):
        DOCUMENT.write_text(written[: found.start(1)] + measured + written[found.end(1) :])
        return
    if found[1] != measured:
        before, after = set(found[1].splitlines()), set(measured.splitlines())
        pytest.fail(
            f"docs/access.md is out of date ({name}).\nNo longer true:\n"
            + "\n".join(sorted(before - after))
            + "\nTrue now:\n"
            + "\n".join(sorted(after - before))
            + f"\nIf that is meant: {RENEW}"
        )


@pytest.mark.django_db
def test_pages_and_files(seed: Seed) -> None:
    section("pages", access.pages(seed))


@pytest.mark.django_db
def test_the_api(seed: Seed) -> None:
    section("api", access.endpoints(seed))


@pytest.mark.django_db
def test_searches(seed: Seed) -> None:
    section("searches", access.searches(seed))


@pytest.mark.django_db
def test_the_administration(seed: Seed, rf: RequestFactory) -> None:
    section("administration", access.administration(seed, rf.get("/admin/")))


@pytest.mark.django_db
def test_the_administration_is_closed_to_everybody_else(seed: Seed) -> None:
    for heading, words in access.administration_for_others(seed).items():
        assert words <= {"sign in", "403", "404"}, heading


@pytest.mark.django_db
def test_tables(
    seed: Seed, application_connection: psycopg.Connection, superuser_connection: psycopg.Connection
) -> None:
    section("tables", access.tables(seed, application_connection, superuser_connection))


def test_every_place_is_measured() -> None:
    places = re.findall(r"<!-- measured: (\w+) -->", DOCUMENT.read_text())
    assert sorted(places) == ["administration", "api", "pages", "searches", "tables"]
