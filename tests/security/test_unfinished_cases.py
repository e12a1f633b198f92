"""What a patient has not sent off is theirs alone, also for the database context of a doctor who treats them."""

import uuid

import psycopg
import pytest
from psycopg import sql

from tests.security.plain import become, undone
from tests.security.seed import Seed

OF_CASE = ["messages", "attachments", "red_flags", "conversation_words", "symptoms"]
IDS = "SELECT conversation_id FROM unfinished_cases"


def of_case(connection: psycopg.Connection, table: str, case: uuid.UUID) -> int:
    """How many rows of the table this connection sees of the case."""
    statement = sql.SQL("SELECT count(*) FROM {} WHERE conversation_id = %s").format(sql.Identifier(table))
    row = connection.execute(statement, [case]).fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize("table", OF_CASE)
def test_her_doctor_sees_nothing_of_it_until_she_sends_it_off(
    seed: Seed, application_connection: psycopg.Connection, table: str
) -> None:
    case = seed.unfinished.pk
    become(application_connection, "patient", seed.patient.pk)
    hers = of_case(application_connection, table, case)
    assert hers > 0

    become(application_connection, "doctor", seed.her_doctor.pk)
    assert of_case(application_connection, table, case) == 0

    with undone(application_connection):
        become(application_connection, "patient", seed.patient.pk)
        application_connection.execute(
            "UPDATE conversations SET status = 'awaiting_doctor', urgency = 'routine', queue_rank = 2,"
            " submitted_at = now() WHERE id = %s",
            [case],
        )
        become(application_connection, "doctor", seed.her_doctor.pk)
        assert of_case(application_connection, table, case) == hers


def test_her_doctor_writes_no_symptom_into_it(seed: Seed, application_connection: psycopg.Connection) -> None:
    become(application_connection, "doctor", seed.her_doctor.pk)
    adding = (
        "INSERT INTO symptoms (id, conversation_id, patient_id, position, symptom, is_denied)"
        " VALUES (gen_random_uuid(), %s, %s, 7, 'Cough', false)"
    )
    with undone(application_connection), pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level"):
        application_connection.execute(adding, [seed.unfinished.pk, seed.patient.pk])
    with undone(application_connection):
        application_connection.execute(adding, [seed.claimed.pk, seed.patient.pk])


@pytest.mark.parametrize("role", ["doctor", "patient", "sign_in", ""])
def test_nobody_says_by_hand_which_cases_are_unfinished(
    seed: Seed, application_connection: psycopg.Connection, role: str
) -> None:
    become(application_connection, role, seed.patient.pk if role == "patient" else seed.her_doctor.pk)
    assert application_connection.execute("DELETE FROM unfinished_cases").rowcount == 0
    with undone(application_connection), pytest.raises(psycopg.errors.InsufficientPrivilege):
        application_connection.execute("INSERT INTO unfinished_cases VALUES (%s)", [seed.answered.pk])


def test_the_table_follows_the_case_whoever_acts(
    seed: Seed, application_connection: psycopg.Connection, superuser_connection: psycopg.Connection
) -> None:
    known = superuser_connection.execute(IDS).fetchall()
    there_are = superuser_connection.execute("SELECT id FROM conversations WHERE status = 'in_progress'").fetchall()
    assert known == there_are == [(seed.unfinished.pk,)]

    for role, person in (("admin", seed.administrator), ("system", None)):
        with undone(application_connection):
            become(application_connection, role, person.pk if person else None)
            change = "UPDATE conversations SET status = %s WHERE id = %s"
            # An administrator may put a case back into its patient's hands; imported rows may have no status at all.
            application_connection.execute(change, ["in_progress", seed.claimed.pk])
            assert (seed.claimed.pk,) in application_connection.execute(IDS).fetchall()
            application_connection.execute(change, ["awaiting_doctor", seed.claimed.pk])
            assert application_connection.execute(IDS).fetchall() == [(seed.unfinished.pk,)]
            row = application_connection.execute("SELECT current_setting('medichat.role')").fetchone()
            assert row == (role,), "the context is what it was"


def test_a_case_that_goes_leaves_nothing(seed: Seed, application_connection: psycopg.Connection) -> None:
    become(application_connection, "system")
    begun = (
        "INSERT INTO conversations (id, patient_id, visit_number, status, legacy_id, questions_asked, summary_sources,"
    )
    values = " unread_by_patient) VALUES (%s, %s, 77, 'in_progress', 'x', 0, '[]', false)"
    case = uuid.uuid4()
    with undone(application_connection):
        application_connection.execute(begun + values, [case, seed.patient.pk])
        assert (case,) in application_connection.execute(IDS).fetchall()
        application_connection.execute("DELETE FROM conversations WHERE id = %s", [case])
        assert application_connection.execute(IDS).fetchall() == [(seed.unfinished.pk,)]
