"""Who is no doctor any more sees nothing of their former patients, table by table, although the relations stand."""

from collections.abc import Callable

import psycopg
import pytest
from django.db import connection

from accounts.models import Role, User
from medichat.db.context import acting_as, system
from tests.security.plain import protected_tables
from tests.security.seed import Seed

# Of themselves everybody sees their account; who has become a patient also has names to be found by.
ONE_S_OWN = {"users": 1, "search_words": 2}


def withdrawn(doctor: User, administrator: User) -> None:
    doctor.withdraw_approval(by=administrator)


def deactivated(doctor: User, administrator: User) -> None:
    doctor.deactivate(by=administrator)


def made_a_patient(doctor: User, administrator: User) -> None:
    doctor.role = Role.PATIENT
    doctor.save(update_fields=["role"])


def seen(doctor: User, tables: list[str]) -> dict[str, int]:
    """How many rows of each table the person sees whose account is loaded now, as at each request."""
    with system():
        now = User.objects.get(pk=doctor.pk)
    found = {}
    with acting_as(now), connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")  # noqa: S608  # from the catalogue
            (found[table],) = cursor.fetchone()
    return found


@pytest.mark.django_db
@pytest.mark.parametrize("change", [withdrawn, deactivated, made_a_patient])
def test_relations_have_no_effect_from_the_next_request_on(
    seed: Seed, superuser_connection: psycopg.Connection, change: Callable[[User, User], None]
) -> None:
    clinical = [
        table
        for table in protected_tables(superuser_connection)
        # What they did and what was changed of themselves stays theirs to see.
        if table not in {"activity_logs", "auditlog_logentry", "sessions", "mfa_tokens"}
    ]
    before = seen(seed.her_doctor, clinical)
    assert sum(1 for table in clinical if before[table]) > 15
    with acting_as(seed.administrator):
        change(User.objects.get(pk=seed.her_doctor.pk), seed.administrator)
    after = seen(seed.her_doctor, clinical)
    assert {table: rows for table, rows in after.items() if rows > ONE_S_OWN.get(table, 0)} == {}
    with system(), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM care_relations WHERE doctor_id = %s", [seed.her_doctor.pk])
        assert cursor.fetchone()[0] > 0


@pytest.mark.django_db
def test_a_doctor_who_is_approved_again_sees_their_patients_again(
    seed: Seed, superuser_connection: psycopg.Connection
) -> None:
    tables = ["allergies", "prescriptions", "messages"]
    before = seen(seed.her_doctor, tables)
    with acting_as(seed.administrator):
        doctor = User.objects.get(pk=seed.her_doctor.pk)
        doctor.withdraw_approval(by=seed.administrator)
        assert set(seen(doctor, tables).values()) == {0}
        doctor.approve(by=seed.administrator)
    assert seen(seed.her_doctor, tables) == before
    assert before["allergies"] == 1
