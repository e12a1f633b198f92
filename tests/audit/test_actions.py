"""The words of the log are the same in the program and in the database."""

import psycopg
import pytest
from django.db import connection, connections

from audit.actions import Action
from audit.operations import AllowActions, known_actions
from medichat.db.base import new_id

pytestmark = pytest.mark.django_db

INSERT = (
    "INSERT INTO activity_logs (id, action, actor_role, resource_type, status, severity)"
    " VALUES (%s, %s, 'system', 'system', 'success', 'info')"
)


def test_the_database_accepts_every_word_of_the_program_and_no_other() -> None:
    assert known_actions(connection) == set(Action.values)


def test_a_word_that_nobody_allowed_is_refused(owner_connection: psycopg.Connection) -> None:
    owner_connection.execute("SELECT set_config('medichat.role', 'system', true)")
    with pytest.raises(psycopg.errors.CheckViolation, match="activity_logs_action"):
        owner_connection.execute(INSERT, [new_id(), "nobody.said"])


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_migration_adds_a_word_and_takes_it_back() -> None:
    operation = AllowActions("word.of_a_test")
    with connections["owner"].schema_editor() as editor:
        operation.database_forwards("audit", editor, None, None)
    assert known_actions(connection) == {*Action.values, "word.of_a_test"}
    with connections["owner"].schema_editor() as editor:
        operation.database_backwards("audit", editor, None, None)
    assert known_actions(connection) == set(Action.values)
