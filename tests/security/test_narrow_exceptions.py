"""What the policies allow without a relation, and that it is no more than that."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString

import psycopg
import pytest
from django.utils import timezone
from psycopg import sql

from accounts.models import Session, User
from tests.security.plain import become, count, protected_tables, undone
from tests.security.seed import Seed

Refused = psycopg.errors.InsufficientPrivilege
LOG = (
    "INSERT INTO activity_logs (id, action, actor_id, actor_role, resource_type, status, severity, legacy_id)"
    " VALUES (%s, 'system.error', %s, 'patient', 'x', 'success', 'info', %s)"
)
# What of a relation is as a doctor would write it where a test says nothing else.
RELATED: dict[str, Any] = {"case": None, "reason": "", "why": "", "until": None, "told": None}
RELATION = (
    "INSERT INTO care_relations"
    " (id, patient_id, doctor_id, case_id, kind, reason, emergency_reason, valid_from, valid_until,"
    " administrators_told_at)"
    " VALUES (gen_random_uuid(), %(patient)s, %(doctor)s, %(case)s, %(kind)s, %(reason)s, %(why)s, %(from)s, %(until)s,"
    " %(told)s)"
)
USER = (
    "INSERT INTO users (id, email, password, role, first_name, last_name, on_duty, is_active, email_verified,"
    " approved_at, specialization, licence_number)"
    " VALUES (%(id)s, %(email)s, '!', %(role)s, 'A', 'B', false, true, false, %(approved)s, 'GP', %(licence)s)"
)


def related(**values: Any) -> dict[str, Any]:
    """The values of RELATION, from now on."""
    return RELATED | {"from": timezone.now()} | values


def refused(connection: psycopg.Connection, statement: LiteralString, values: Any, because: str | None = None) -> None:
    with undone(connection), pytest.raises(Refused, match=because):
        connection.execute(statement, values)


def rows(connection: psycopg.Connection, statement: LiteralString, values: Any = None) -> int:
    with undone(connection):
        return connection.execute(statement, values).rowcount


# The log


def test_everybody_writes_the_log_and_reads_nothing_of_it(
    seed: Seed, application_connection: psycopg.Connection
) -> None:
    application_connection.execute(LOG, [uuid.uuid4(), None, None])
    assert count(application_connection, "activity_logs") == 0


def test_nobody_writes_the_log_in_another_s_name_or_as_imported(
    seed: Seed, application_connection: psycopg.Connection
) -> None:
    for role, person in (("", None), ("patient", seed.another_patient.pk), ("doctor", seed.stranger_doctor.pk)):
        become(application_connection, role, person)
        refused(application_connection, LOG, [uuid.uuid4(), seed.patient.pk, None], "row-level security")
        refused(application_connection, LOG, [uuid.uuid4(), None, "65f0"], "row-level security")


def test_a_diff_names_whoever_the_context_names(
    seed: Seed, application_connection: psycopg.Connection, superuser_connection: psycopg.Connection
) -> None:
    statement: LiteralString = (
        "INSERT INTO auditlog_logentry (content_type_id, object_pk, object_repr, action, actor_id, timestamp,"
        " serialized_data, changes_text) VALUES (1, 'x', 'x', 0, %s, now(), '{}', '') RETURNING actor_id"
    )
    refused(application_connection, statement, [seed.patient.pk], "row-level security")
    become(application_connection, "patient", seed.another_patient.pk)
    assert application_connection.execute(statement, [seed.patient.pk]).fetchone() == (seed.another_patient.pk,)


# Registering and signing in


def test_registering_makes_exactly_the_patient_that_was_named(
    seed: Seed, application_connection: psycopg.Connection
) -> None:
    new = {"id": uuid.uuid4(), "email": "new@example.org", "role": "patient", "approved": None, "licence": None}
    for role, person in (("", None), ("", new["id"]), ("patient", new["id"]), ("sign_in", seed.another_patient.pk)):
        become(application_connection, role, person)  # type: ignore[arg-type]  # the dict holds other kinds as well
        refused(application_connection, USER, new, "row-level security")
    become(application_connection, "sign_in", new["id"])  # type: ignore[arg-type]  # see above
    refused(application_connection, USER, new | {"role": "admin"}, "only an administrator")
    refused(
        application_connection,
        USER,
        new | {"role": "doctor", "licence": "X", "approved": datetime.now(UTC)},
        "only an administrator",
    )
    assert rows(application_connection, USER, new) == 1
    assert rows(application_connection, USER, new | {"role": "doctor", "licence": "X"}) == 1


def test_signing_in_opens_exactly_the_account_with_the_address(
    seed: Seed, application_connection: psycopg.Connection
) -> None:
    become(application_connection, "sign_in", sign_in_key=seed.patient.email)
    assert application_connection.execute("SELECT id FROM users").fetchall() == [(seed.patient.pk,)]
    others = set(protected_tables(application_connection)) - {"users"}
    assert {table for table in others if count(application_connection, table)} == set()
    assert rows(application_connection, "UPDATE users SET first_name = 'X'") == 0


def test_a_key_opens_exactly_its_session(
    seed: Seed, application_connection: psycopg.Connection, superuser_connection: psycopg.Connection
) -> None:
    become(application_connection, "sign_in", sign_in_key=seed.session.key_hash)
    assert application_connection.execute("SELECT id FROM sessions").fetchall() == [(seed.session.pk,)]
    others = set(protected_tables(application_connection)) - {"sessions"}
    assert {table for table in others if count(application_connection, table)} == set()
    assert rows(application_connection, "UPDATE sessions SET device = 'X'") == 0
    become(application_connection, "sign_in", sign_in_key=Session.hash_of("a guess"))
    assert count(application_connection, "sessions") == 0
    become(application_connection, "", sign_in_key=seed.session.key_hash)
    assert count(application_connection, "sessions") == 0


def test_naming_a_person_while_signing_in_opens_the_account_and_nothing_clinical(
    seed: Seed, application_connection: psycopg.Connection
) -> None:
    """A password reset works so. The words of the own name are in the index of names."""
    become(application_connection, "sign_in", seed.patient.pk)
    opened = {table for table in protected_tables(application_connection) if count(application_connection, table)}
    assert opened <= {"users", "sessions", "mfa_tokens", "search_words", "auditlog_logentry"}


def test_a_session_is_begun_for_oneself_only(seed: Seed, application_connection: psycopg.Connection) -> None:
    begin: LiteralString = (
        "INSERT INTO sessions (id, user_id, kind, key_hash, data, device, last_active_at, expires_at, revoked_reason)"
        " VALUES (gen_random_uuid(), %s, 'browser', 'x', '', '', now(), now(), '')"
    )
    become(application_connection, "patient", seed.another_patient.pk)
    refused(application_connection, begin, [seed.patient.pk], "row-level security")
    assert rows(application_connection, begin, [seed.another_patient.pk]) == 1


# Roles and approval


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE users SET role = 'admin'",
        "UPDATE users SET role = 'doctor', licence_number = 'X', specialization = 'GP'",
        "UPDATE users SET approved_at = now()",
        "UPDATE users SET legacy_id = 'x'",
        "UPDATE users SET record_number = 1",
    ],
)
@pytest.mark.parametrize("who", ["another_patient", "unapproved_doctor", "stranger_doctor"])
def test_nobody_raises_themselves(
    seed: Seed, application_connection: psycopg.Connection, who: str, change: LiteralString
) -> None:
    person: User = getattr(seed, who)
    if who == "stranger_doctor" and "approved_at" in change:
        change = "UPDATE users SET approved_at = approved_at + interval '1 day'"
    if who != "another_patient" and "'doctor'" in change:
        change = "UPDATE users SET role = 'patient'"
    for role in {person.database_role, "", "sign_in"}:
        become(application_connection, role, person.pk)
        refused(application_connection, change, None, "only an administrator")


def test_a_deactivated_person_does_not_come_back_alone(
    seed: Seed, application_connection: psycopg.Connection, superuser_connection: psycopg.Connection
) -> None:
    become(application_connection, "patient", seed.another_patient.pk)
    application_connection.execute("UPDATE users SET is_active = false")
    refused(application_connection, "UPDATE users SET is_active = true", None, "reactivate")


# Relations


def test_a_doctor_opens_no_chart_without_a_waiting_case(seed: Seed, application_connection: psycopg.Connection) -> None:
    me = seed.stranger_doctor.pk
    become(application_connection, "doctor", me)
    plain = related(patient=seed.patient.pk, doctor=me, reason="I want to")
    for kind in ("claimed", "answered", "assigned"):
        for case in (None, seed.answered.pk, seed.claimed.pk, seed.unfinished.pk, uuid.uuid4()):
            refused(application_connection, RELATION, plain | {"kind": kind, "case": case}, "break-glass")
    opened = plain | {"kind": "waiting", "doctor": None, "case": seed.answered.pk}
    refused(application_connection, RELATION, opened, "break-glass")
    refused(application_connection, RELATION, plain | {"kind": "break_glass", "doctor": seed.her_doctor.pk}, "security")


def test_breaking_the_glass_needs_a_reason_and_an_end(seed: Seed, application_connection: psycopg.Connection) -> None:
    me, now = seed.stranger_doctor.pk, timezone.now()
    become(application_connection, "doctor", me)
    glass = related(patient=seed.patient.pk, doctor=me, kind="break_glass", reason="Unconscious", why="unable")
    glass |= {"until": now + timedelta(hours=1)}
    for missing in ({"reason": ""}, {"reason": "Because.     "}, {"why": ""}, {"until": None}):
        with undone(application_connection), pytest.raises(psycopg.errors.CheckViolation, match="reason_and_end"):
            application_connection.execute(RELATION, glass | missing)
    with undone(application_connection), pytest.raises(psycopg.errors.CheckViolation, match="emergency_reason"):
        application_connection.execute(RELATION, glass | {"why": "curiosity"})
    assert count(application_connection, "allergies") == 0
    application_connection.execute(RELATION, glass)
    assert count(application_connection, "allergies") == 1
    extend: list[LiteralString] = [
        "UPDATE care_relations SET valid_until = NULL WHERE kind = 'break_glass'",
        "UPDATE care_relations SET valid_until = valid_until + interval '1 day' WHERE kind = 'break_glass'",
        "UPDATE care_relations SET kind = 'assigned' WHERE kind = 'break_glass'",
        "UPDATE care_relations SET reason = 'Another reason' WHERE kind = 'break_glass'",
        "UPDATE care_relations SET emergency_reason = 'asked' WHERE kind = 'break_glass'",
        "UPDATE care_relations SET administrators_told_at = now() WHERE kind = 'break_glass'",
        "UPDATE care_relations SET valid_from = now() + interval '1 day' WHERE kind = 'break_glass'",
    ]
    for change in extend:
        refused(application_connection, change, None, "can only be ended")
    lasting = related(patient=seed.patient.pk, doctor=me, kind="answered", case=seed.claimed.pk)
    refused(application_connection, RELATION, lasting, "break-glass")
    assert rows(application_connection, "UPDATE care_relations SET valid_until = clock_timestamp()") >= 1


def test_the_glass_is_broken_for_four_hours_at_most_and_from_now_on(
    seed: Seed, application_connection: psycopg.Connection
) -> None:
    """Whatever a doctor writes: not longer, not later, and not as if others had been told already."""
    me, now = seed.stranger_doctor.pk, timezone.now()
    glass = related(patient=seed.patient.pk, doctor=me, kind="break_glass", reason="Unconscious", why="unable")
    become(application_connection, "doctor", me)
    with undone(application_connection), pytest.raises(psycopg.errors.CheckViolation, match="is_short"):
        application_connection.execute(RELATION, glass | {"until": now + timedelta(hours=4, minutes=1)})
    later = now + timedelta(days=365)
    refused(
        application_connection, RELATION, glass | {"from": later, "until": later + timedelta(hours=1)}, "begins now"
    )
    refused(
        application_connection, RELATION, glass | {"until": now + timedelta(hours=1), "told": now}, "others are told"
    )
    assert rows(application_connection, RELATION, glass | {"until": now + timedelta(hours=3, minutes=59)}) == 1


def test_what_ended_opens_nothing(seed: Seed, application_connection: psycopg.Connection) -> None:
    me, now = seed.stranger_doctor.pk, timezone.now()
    glass = related(patient=seed.patient.pk, doctor=me, kind="break_glass", reason="Unconscious", why="unable")
    become(application_connection, "doctor", me)
    past = {"from": now - timedelta(hours=2), "until": now - timedelta(seconds=1)}
    application_connection.execute(RELATION, glass | past)
    for table in ("allergies", "medications", "messages", "prescriptions", "conversations"):
        assert count(application_connection, table) == 0, table


@pytest.mark.parametrize(("role", "who"), [("patient", "another_patient"), ("", "unapproved_doctor"), ("", None)])
def test_only_approved_doctors_break_the_glass(
    seed: Seed, application_connection: psycopg.Connection, role: str, who: str | None
) -> None:
    me = getattr(seed, who).pk if who else None
    become(application_connection, role, me)
    glass = related(
        patient=seed.patient.pk,
        doctor=me or seed.stranger_doctor.pk,
        kind="break_glass",
        reason="Unconscious",
        why="unable",
        until=timezone.now() + timedelta(hours=1),
    )
    refused(application_connection, RELATION, glass, "row-level security")
    found = application_connection.execute(FIND, [seed.patient.record_number, seed.patient.date_of_birth]).fetchone()
    assert found == (None,)


FIND: LiteralString = "SELECT patient_in_emergency(%s, %s)"


def test_a_doctor_finds_exactly_the_patient_they_can_name_and_learns_nothing_else(
    seed: Seed, application_connection: psycopg.Connection
) -> None:
    number, born = seed.patient.record_number, seed.patient.date_of_birth
    assert born is not None
    become(application_connection, "doctor", seed.stranger_doctor.pk)

    def found(*named: Any) -> Any:
        row = application_connection.execute(FIND, named).fetchone()
        return row and row[0]

    assert found(number, born) == seed.patient.pk
    assert found(number, born + timedelta(days=1)) is None
    assert found(number + 1000, born) is None
    assert found(seed.her_doctor.record_number, seed.her_doctor.date_of_birth) is None
    role = application_connection.execute("SELECT current_setting('medichat.role')").fetchone()
    assert role == ("doctor",), "the context is as narrow as before"
    assert count(application_connection, "allergies") == 0


def test_a_relation_is_not_moved_to_another_patient_and_does_not_rise_again(
    seed: Seed, application_connection: psycopg.Connection
) -> None:
    become(application_connection, "doctor", seed.her_doctor.pk)
    moved: LiteralString = "UPDATE care_relations SET patient_id = %s WHERE kind = 'answered'"
    refused(application_connection, moved, [seed.another_patient.pk], "can only be ended")
    become(application_connection, "doctor", seed.stranger_doctor.pk)
    revive: LiteralString = "UPDATE care_relations SET valid_until = NULL WHERE doctor_id IS NULL"
    assert rows(application_connection, revive) == 0


def test_a_patient_gives_their_own_waiting_case_to_any_doctor_and_nobody_else_s(
    seed: Seed, application_connection: psycopg.Connection, superuser_connection: psycopg.Connection
) -> None:
    me = seed.another_patient.pk
    become(application_connection, "patient", me)
    mine = related(patient=me, doctor=None, case=seed.answered.pk, kind="waiting")
    refused(application_connection, RELATION, mine | {"patient": seed.patient.pk}, "row-level security")
    refused(application_connection, RELATION, mine | {"doctor": seed.stranger_doctor.pk}, "row-level security")
    refused(application_connection, RELATION, mine | {"doctor": me, "kind": "claimed"}, "row-level security")
    # Naming another patient's case opens nothing of it.
    application_connection.execute(RELATION, mine)
    become(application_connection, "doctor", seed.stranger_doctor.pk)
    for table in ("conversations", "messages", "attachments", "symptoms", "red_flags", "allergies"):
        assert count(application_connection, table) == 0, table


def test_who_took_a_case_is_told_for_an_hour_and_no_longer(
    seed: Seed, application_connection: psycopg.Connection, superuser_connection: psycopg.Connection
) -> None:
    become(application_connection, "doctor", seed.stranger_doctor.pk)
    assert count(application_connection, "care_relations") == 0
    ended: LiteralString = (
        "INSERT INTO care_relations (id, patient_id, case_id, kind, reason, valid_from, valid_until) VALUES"
        " (gen_random_uuid(), %s, %s, 'waiting', 'Taken by Clara', now() - interval '3 hours', now() - %s)"
    )
    become(application_connection, "system")
    for ago in (timedelta(minutes=59), timedelta(minutes=61)):
        application_connection.execute(ended, [seed.patient.pk, uuid.uuid4(), ago])
    become(application_connection, "doctor", seed.stranger_doctor.pk)
    assert count(application_connection, "care_relations") == 1
    assert count(application_connection, "allergies") == 0


# A patient's context writes nothing that is the doctors', and nothing into another's case


def test_a_patient_cannot_answer_a_case(seed: Seed, application_connection: psycopg.Connection) -> None:
    become(application_connection, "patient", seed.patient.pk)
    changes: list[LiteralString] = [
        "UPDATE conversations SET diagnosis = 'x'",
        "UPDATE conversations SET doctor_id = %(doctor)s WHERE doctor_id IS NULL",
        "UPDATE conversations SET status = 'closed' WHERE status = 'in_progress'",
        "UPDATE conversations SET status = 'in_progress' WHERE status <> 'in_progress'",
        "UPDATE conversations SET patient_id = %(other)s",
    ]
    names = {"doctor": seed.stranger_doctor.pk, "other": seed.another_patient.pk}
    for change in changes:
        refused(application_connection, change, names if "%(" in change else None)
    assert rows(application_connection, "UPDATE prescriptions SET dose = '10 kg'") == 0


CROSSED: dict[str, LiteralString] = {
    "messages": "INSERT INTO messages (id, conversation_id, patient_id, position, sender, text, topic, sent_at)"
    " VALUES (gen_random_uuid(), %(case)s, %(me)s, 999, 'patient', '', '', now())",
    "red_flags": "INSERT INTO red_flags (id, conversation_id, patient_id, code, label, is_emergency, rule_source,"
    " evidence) VALUES (gen_random_uuid(), %(case)s, %(me)s, 'x', 'x', true, '', '')",
    "symptoms": "INSERT INTO symptoms (id, conversation_id, patient_id, position, symptom, is_denied)"
    " VALUES (gen_random_uuid(), %(case)s, %(me)s, 1, 'x', false)",
    "conversation_words": "INSERT INTO conversation_words (conversation_id, patient_id, token)"
    " VALUES (%(case)s, %(me)s, 5)",
    "conversation_archives": "INSERT INTO conversation_archives (id, conversation_id, patient_id, person_id)"
    " VALUES (gen_random_uuid(), %(case)s, %(me)s, %(me)s)",
}


@pytest.mark.parametrize("table", CROSSED)
def test_nobody_puts_words_into_another_s_case(
    seed: Seed, application_connection: psycopg.Connection, table: str
) -> None:
    me = seed.another_patient.pk
    become(application_connection, "patient", me)
    with undone(application_connection), pytest.raises(psycopg.errors.ForeignKeyViolation, match="same_patient"):
        application_connection.execute(CROSSED[table], {"case": seed.unfinished.pk, "me": me})


CHART = [
    "allergies", "medications", "medical_history", "surgical_history", "family_history", "immunizations",
    "patient_medical_info", "emergency_contacts",
]  # fmt: skip


@pytest.mark.parametrize("table", CHART)
def test_a_doctor_moves_no_entry_from_one_patient_to_another(
    seed: Seed, application_connection: psycopg.Connection, table: str
) -> None:
    """Not even between two of their own."""
    become(application_connection, "system")
    both = related(patient=seed.another_patient.pk, doctor=seed.her_doctor.pk, kind="assigned")
    application_connection.execute(RELATION, both)
    become(application_connection, "doctor", seed.her_doctor.pk)
    move = sql.SQL("UPDATE {} SET patient_id = %s").format(sql.Identifier(table))
    with undone(application_connection), pytest.raises(Refused, match="stays in the chart"):
        application_connection.execute(move, [seed.another_patient.pk])
