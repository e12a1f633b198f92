"""What one row says, and that it can be written by anybody at any time."""

import uuid

import psycopg
import pytest
from django.db import transaction
from django.test import RequestFactory

from audit.actions import Action, Status
from audit.models import ActivityLog
from audit.record import record
from audit.request import RequestFacts, facts_of_request
from medichat.db.context import Role, acting, system

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("role", ["patient", "doctor", "admin", "system", "sign_in", ""])
def test_a_row_is_written_in_any_context(role: Role) -> None:
    with acting(role=role, user_id=uuid.uuid4() if role not in {"system", ""} else None):
        record(Action.SIGN_IN_FAILED, actor=None, resource_type="user", status=Status.FAILURE)
    with system():
        assert ActivityLog.objects.get().action == "user.login.failed"


def test_a_row_needs_no_transaction_setting_at_all() -> None:
    record(Action.SYSTEM_STARTUP, actor=None, resource_type="system")
    assert not ActivityLog.objects.exists()  # and without a context nobody sees it
    with system():
        assert ActivityLog.objects.get().actor_role == "system"


def test_what_is_rolled_back_leaves_no_row() -> None:
    with transaction.atomic():
        record(Action.SYSTEM_STARTUP, actor=None, resource_type="system")
        transaction.set_rollback(True)
    with system():
        assert not ActivityLog.objects.exists()


def test_a_row_within_a_request_says_where_it_came_from(rf: RequestFactory) -> None:
    request = rf.post("/cases/?name=secret", headers={"User-Agent": "Test/1"}, REMOTE_ADDR="192.0.2.7")
    facts = RequestFacts(request)
    token = facts_of_request.set(facts)
    try:
        record(Action.SIGNED_OUT, actor=None, resource_type="user", codes={"fields": ["height_cm"]})
    finally:
        facts_of_request.reset(token)
    with system():
        row = ActivityLog.objects.get()
        assert (row.method, row.endpoint, row.address, row.user_agent) == ("POST", "/cases/", "192.0.2.7", "Test/1")
        assert row.request_id == facts.request_id
        assert row.actor_role == "system"
        assert row.metadata == '{"fields": ["height_cm"]}'


def test_an_unknown_action_is_refused() -> None:
    with pytest.raises(Exception, match="activity_logs_action"), transaction.atomic():
        record("something.else", actor=None, resource_type="system")  # type: ignore[arg-type]  # past the vocabulary


def test_nobody_chooses_the_order_or_the_time_of_writing(application_connection: psycopg.Connection) -> None:
    application_connection.execute("SELECT set_config('medichat.role', 'system', true)")
    row = application_connection.execute("SELECT max(sequence) FROM activity_logs").fetchone()
    before = row[0] if row and row[0] else 0
    application_connection.execute(
        "INSERT INTO activity_logs"
        " (id, action, actor_role, resource_type, status, severity, sequence, transaction_id, created_at)"
        " VALUES (gen_random_uuid(), 'system.startup', 'system', 'system', 'success', 'info', -5, '1', '2001-01-01')"
    )
    written = application_connection.execute(
        "SELECT sequence > %s, transaction_id = pg_current_xact_id(), created_at > now() - interval '1 minute'"
        " FROM activity_logs",
        [before],
    ).fetchone()
    assert written == (True, True, True)


def test_only_an_import_writes_rows_of_another_system(application_connection: psycopg.Connection) -> None:
    insert = "INSERT INTO activity_logs (id, action, legacy_id) VALUES (gen_random_uuid(), 'anything at all', 'x')"
    application_connection.execute("SELECT set_config('medichat.role', 'system', true)")
    application_connection.execute(insert)
    application_connection.execute("SELECT set_config('medichat.role', 'doctor', true)")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        application_connection.execute(insert)
