"""A migration operation for the log's vocabulary, so that an app which adds a word need not repeat all the others."""

import re
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db.migrations.operations.base import Operation
from psycopg import sql

CONSTRAINT = "activity_logs_action"
KNOWN = (
    "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'activity_logs'::regclass AND conname = %s"
)


class AllowActions(Operation):
    """Let rows that are made here bear these actions besides those that the log knows already. Reversible.

    Going back is refused by the database as long as a row bears one of them.
    """

    reversible = True

    def __init__(self, *actions: str) -> None:
        self.actions = actions

    def state_forwards(self, app_label: str, state: Any) -> None:
        """The model's choices are the enumeration itself: nothing changes in Django's state."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Widen the constraint."""
        _write(schema_editor, known_actions(schema_editor.connection) | set(self.actions))

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Narrow it again."""
        _write(schema_editor, known_actions(schema_editor.connection) - set(self.actions))

    def describe(self) -> str:
        """One line for the migration's output."""
        return f"Let the activity log say {', '.join(self.actions)}"


def known_actions(connection: Any) -> set[str]:
    """The actions that the database accepts of rows made here. ImproperlyConfigured when the rule is not there."""
    with connection.cursor() as cursor:
        cursor.execute(KNOWN, [CONSTRAINT])
        row = cursor.fetchone()
    if row is None:
        raise ImproperlyConfigured(f"The constraint {CONSTRAINT} of activity_logs is missing.")
    return set(re.findall(r"'([^']+)'::text", row[0]))


def _write(schema_editor: Any, actions: set[str]) -> None:
    statement = sql.SQL(
        "ALTER TABLE activity_logs DROP CONSTRAINT {name},"
        " ADD CONSTRAINT {name} CHECK (legacy_id IS NOT NULL OR action IN ({actions}))"
    ).format(name=sql.Identifier(CONSTRAINT), actions=sql.SQL(", ").join(sorted(map(sql.Literal, actions), key=str)))
    schema_editor.execute(statement.as_string(None), params=None)
