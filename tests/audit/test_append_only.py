"""Nobody changes the record: neither the application role nor the owner, neither the log nor a partition nor a seal."""

import psycopg
import pytest

from medichat.db.base import new_id

INSERT = (
    "INSERT INTO activity_logs (id, action, actor_role, resource_type, status, severity)"
    " VALUES (%s, 'system.startup', 'system', 'system', 'success', 'info')"
)
CHANGES = [
    "UPDATE activity_logs SET action = 'system.error'",
    "UPDATE activity_logs SET occurred_at = now() WHERE false",
    "DELETE FROM activity_logs",
    "TRUNCATE activity_logs",
    "UPDATE activity_logs_default SET action = 'system.error'",
    "DELETE FROM activity_logs_default",
    "TRUNCATE activity_logs_default",
    "UPDATE audit_seals SET number = 1",
    "DELETE FROM audit_seals",
    "TRUNCATE audit_seals",
]
# A role that may do anything in the context of the system: only privileges and triggers are left to refuse.
AS_SYSTEM = "SELECT set_config('medichat.role', 'system', true)"


@pytest.mark.parametrize("change", CHANGES)
def test_the_application_role_cannot_change_the_record(application_connection: psycopg.Connection, change: str) -> None:
    application_connection.execute(AS_SYSTEM)
    application_connection.execute(INSERT, [new_id()])
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        application_connection.execute(change)


@pytest.mark.parametrize("change", CHANGES)
def test_the_owner_cannot_change_the_record(owner_connection: psycopg.Connection, change: str) -> None:
    owner_connection.execute(AS_SYSTEM)
    owner_connection.execute(INSERT, [new_id()])
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
        owner_connection.execute(change)


@pytest.mark.parametrize("change", CHANGES)
def test_not_even_a_superuser_changes_it_in_passing(superuser_connection: psycopg.Connection, change: str) -> None:
    superuser_connection.execute(INSERT, [new_id()])
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
        superuser_connection.execute(change)
