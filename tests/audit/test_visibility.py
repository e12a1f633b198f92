"""Who reads which rows of the log: by ``visible_to`` and, whatever the code says, by the database."""

import re

import psycopg
import pytest

from accounts.models import Role, User
from audit.actions import Action
from audit.models import ActivityLog, AuditSeal
from audit.record import record
from medichat.db.context import acting_as, system

pytestmark = pytest.mark.django_db


@pytest.fixture
def rows(patient: User, another_patient: User, her_doctor: User, administrator: User) -> None:
    """Acts of a doctor on two patients, and of an administrator."""
    with system():
        AuditSeal.objects.bulk_create(
            [
                AuditSeal(
                    number=1, floor_sequence=0, after_transaction=0, after_sequence=0, to_transaction=1, to_sequence=1,
                    highest_sequence=1, row_count=0, rows=b"", previous_hash=b"", hash=b"", signature=b"",
                    sealed_at="2026-11-22T12:00Z",
                )
            ]
        )  # fmt: skip
    for actor, whose in ((her_doctor, patient), (her_doctor, another_patient), (administrator, patient)):
        with acting_as(actor):
            record(Action.PATIENT_VIEWED, actor=actor, patient_id=whose.pk, resource_type="chart")


def seen(person: User) -> set[tuple[str, str]]:
    """Who acted on whom, as far as the person sees; the database and the code must agree."""
    with acting_as(person):
        everything = {(str(row.actor_id), str(row.patient_id)) for row in ActivityLog.objects.all()}
        said = {(str(row.actor_id), str(row.patient_id)) for row in ActivityLog.objects.visible_to(person)}
        assert everything == said
        assert AuditSeal.objects.exists() == (person.role == Role.ADMIN)
    return everything


@pytest.mark.usefixtures("rows")
def test_each_sees_what_is_theirs(
    patient: User,
    another_patient: User,
    her_doctor: User,
    stranger_doctor: User,
    unapproved_doctor: User,
    administrator: User,
) -> None:
    doctor, admin = str(her_doctor.pk), str(administrator.pk)
    one, other = str(patient.pk), str(another_patient.pk)
    assert seen(patient) == {(doctor, one), (admin, one)}
    assert seen(another_patient) == {(doctor, other)}
    assert seen(her_doctor) == {(doctor, one), (doctor, other)}
    assert seen(stranger_doctor) == seen(unapproved_doctor) == set()
    assert seen(administrator) == {(doctor, one), (doctor, other), (admin, one)}


@pytest.mark.usefixtures("rows")
def test_without_a_context_there_is_nothing() -> None:
    assert not ActivityLog.objects.exists()
    assert not AuditSeal.objects.exists()


def test_only_the_system_makes_seals(application_connection: psycopg.Connection) -> None:
    application_connection.execute("SELECT set_config('medichat.role', 'admin', true)")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        application_connection.execute(
            "INSERT INTO audit_seals (number, floor_sequence, after_transaction, after_sequence, to_transaction,"
            " to_sequence, highest_sequence, row_count, rows, previous_hash, hash, signature, sealed_at)"
            " VALUES (1, 0, 0, 0, 0, 0, 0, 0, '', '', '', '', now())"
        )


def test_the_database_knows_the_same_actions_as_the_code(application_connection: psycopg.Connection) -> None:
    row = application_connection.execute(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conrelid = 'activity_logs'::regclass AND conname = 'activity_logs_action'"
    ).fetchone()
    assert row
    assert set(re.findall(r"'([a-z_.]+)'", row[0])) == set(Action.values)
