"""The table of the notes (see ``tests.db.notes``)."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from medichat.db.roles import Names
from tests.database import TestRun


@pytest.fixture
def notes_table(django_db_setup: None, test_run: TestRun, clone_names: Names) -> Iterator[None]:
    """The owner's table for the notes: the application role makes none, not even a temporary one."""
    with psycopg.connect(test_run.owner_url(clone_names), autocommit=True) as owner:
        owner.execute(
            "CREATE TABLE sealed_notes (id uuid PRIMARY KEY, title varchar(20) NOT NULL UNIQUE, "
            "text bytea NOT NULL, remark bytea)"
        )
        owner.execute(
            sql.SQL("GRANT SELECT, INSERT, UPDATE ON sealed_notes TO {}").format(
                sql.Identifier(clone_names.application)
            )
        )
        yield
        owner.execute("DROP TABLE sealed_notes")


@pytest.fixture
def notes(notes_table: None, db: None) -> None:
    """Notes can be saved; the order of the two matters, for the table is dropped after the rollback."""
