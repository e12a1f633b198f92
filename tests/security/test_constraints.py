"""What the database refuses whoever writes: raw SQL as the superuser, past the ORM, forms and policies."""

import uuid
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.db import models
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from tests.security.plain import become, columns_of, undone
from tests.security.seed import Seed

Check, Unique = psycopg.errors.CheckViolation, psycopg.errors.UniqueViolation
Exclusion, StillReferred = psycopg.errors.ExclusionViolation, psycopg.errors.ForeignKeyViolation
Connection = psycopg.Connection


def row_of(connection: Connection, table: str, patient: uuid.UUID) -> dict[str, Any]:
    """The patient's first row, without generated columns."""
    names = sql.SQL(", ").join(sql.Identifier(column["name"]) for column in columns_of(connection, table))
    query = sql.SQL("SELECT {} FROM {} WHERE patient_id = %s ORDER BY id LIMIT 1").format(names, sql.Identifier(table))
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(query, [patient]).fetchone()
    assert row is not None
    return row


def add(connection: Connection, table: str, patient: uuid.UUID, **values: Any) -> uuid.UUID:
    """A copy of the patient's row with another id and these values."""
    new = row_of(connection, table, patient) | {"id": uuid.uuid4()} | values
    written = {name: Jsonb(value) if isinstance(value, list | dict) else value for name, value in new.items()}
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, written)),
        sql.SQL(", ").join([sql.Placeholder()] * len(written)),
    )
    connection.execute(statement, list(written.values()))
    return new["id"]  # type: ignore[no-any-return]  # the id put in above


def change(connection: Connection, table: str, row: uuid.UUID, **values: Any) -> None:
    """Set these columns of one row."""
    pairs = sql.SQL(", ").join(sql.SQL("{} = %s").format(sql.Identifier(name)) for name in values)
    statement = sql.SQL("UPDATE {} SET {} WHERE id = %s").format(sql.Identifier(table), pairs)
    assert connection.execute(statement, [*values.values(), row]).rowcount == 1


@pytest.fixture(autouse=True)
def in_the_context_of_the_system(seed: Seed, superuser_connection: Connection) -> None:
    """Whom even the rules about privileges let through; and foreign keys answer at once, not at the end."""
    become(superuser_connection, "system")
    superuser_connection.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.fixture
def patient(seed: Seed) -> uuid.UUID:
    """Whose rows are copied."""
    return uuid.UUID(str(seed.patient.pk))


# Entries of the chart


def test_one_row_of_medical_information_for_each_patient(patient: uuid.UUID, superuser_connection: Connection) -> None:
    with pytest.raises(Unique):
        add(superuser_connection, "patient_medical_info", patient)


@pytest.mark.parametrize("spelt", ["Zirconfloxacin", "ZIRCONfloxacin", "  zirconfloxacin\t", "zirconfloxacin\n"])
def test_an_allergen_is_there_once_however_it_is_spelt(
    patient: uuid.UUID, superuser_connection: Connection, spelt: str
) -> None:
    with pytest.raises(Unique, match="allergies_once_per_patient"):
        add(superuser_connection, "allergies", patient, allergen=spelt)


def test_spaces_within_an_allergen_count_as_one(patient: uuid.UUID, superuser_connection: Connection) -> None:
    add(superuser_connection, "allergies", patient, allergen="Bee  \t sting")
    with pytest.raises(Unique, match="allergies_once_per_patient"):
        add(superuser_connection, "allergies", patient, allergen="bee sting")


def test_another_patient_has_the_same_allergy_and_a_wrong_entry_does_not_count(
    seed: Seed, patient: uuid.UUID, superuser_connection: Connection
) -> None:
    add(superuser_connection, "allergies", patient, patient_id=seed.another_patient.pk)
    wrong = {"entered_in_error_by_id": seed.her_doctor.pk, "entered_in_error_reason": "Somebody else's"}
    change(superuser_connection, "allergies", seed.allergy.pk, entered_in_error_at="2026-01-01", **wrong)
    again = add(superuser_connection, "allergies", patient, entered_in_error_at=None)
    with pytest.raises(Unique):  # nor does the wrong one come back beside it
        change(superuser_connection, "allergies", seed.allergy.pk, entered_in_error_at=None)
    assert again


MEDICINE = {"medication_name": "Metformin", "dosage": "500 mg", "started_on": None, "ended_on": None, "is_active": True}


@pytest.mark.parametrize(
    "second",
    [
        {},
        {"medication_name": " METFORMIN", "dosage": "500  MG"},
        {"started_on": "2026-01-01"},
        {"ended_on": "2020-01-01"},
    ],
)
def test_the_same_medicine_and_dose_is_not_active_twice_at_a_time(
    patient: uuid.UUID, superuser_connection: Connection, second: dict[str, Any]
) -> None:
    add(superuser_connection, "medications", patient, **MEDICINE)
    with pytest.raises(Exclusion, match="medications_no_overlap"):
        add(superuser_connection, "medications", patient, **MEDICINE | second)


@pytest.mark.parametrize("second", [None, "", "  "])
def test_an_unknown_dose_equals_an_unknown_dose(
    patient: uuid.UUID, superuser_connection: Connection, second: str | None
) -> None:
    add(superuser_connection, "medications", patient, **MEDICINE | {"dosage": None})
    with pytest.raises(Exclusion, match="medications_no_overlap"):
        add(superuser_connection, "medications", patient, **MEDICINE | {"dosage": second})


def test_the_last_day_counts(patient: uuid.UUID, superuser_connection: Connection) -> None:
    add(superuser_connection, "medications", patient, **MEDICINE | {"ended_on": "2026-01-31"})
    with pytest.raises(Exclusion, match="medications_no_overlap"):
        add(superuser_connection, "medications", patient, **MEDICINE | {"started_on": "2026-01-31"})


@pytest.mark.parametrize(
    "second",
    [
        {"dosage": "850 mg"},
        {"dosage": None},
        {"medication_name": "Metformin XR"},
        {"is_active": False},
        {"started_on": "2026-02-01"},
    ],
)
def test_what_is_not_the_same_at_the_same_time_is_accepted(
    patient: uuid.UUID, superuser_connection: Connection, second: dict[str, Any]
) -> None:
    add(superuser_connection, "medications", patient, **MEDICINE | {"ended_on": "2026-01-31"})
    assert add(superuser_connection, "medications", patient, **MEDICINE | second)


def test_a_medicine_entered_in_error_is_in_nobody_s_way(
    seed: Seed, patient: uuid.UUID, superuser_connection: Connection
) -> None:
    first = add(superuser_connection, "medications", patient, **MEDICINE)
    wrong = {"entered_in_error_by_id": seed.her_doctor.pk, "entered_in_error_reason": "Wrong patient"}
    change(superuser_connection, "medications", first, entered_in_error_at="2026-01-01", **wrong)
    assert add(superuser_connection, "medications", patient, **MEDICINE)


def test_a_condition_with_its_date_is_there_once_an_unknown_date_included(
    patient: uuid.UUID, superuser_connection: Connection
) -> None:
    with pytest.raises(Unique, match="medical_history_once_per_patient_and_date"):
        add(superuser_connection, "medical_history", patient, condition="morbus  TESTARICUS")


@pytest.mark.parametrize(
    ("table", "values", "constraint"),
    [
        ("medications", {"started_on": "2026-02-01", "ended_on": "2026-01-31"}, "medications_end_not_before_start"),
        (
            "medical_history",
            {"diagnosed_on": "2026-02-01", "resolved_on": "2026-01-31"},
            "medical_history_resolved_not_before_diagnosed",
        ),
        ("allergies", {"allergen": " \t"}, "allergies_allergen_not_blank"),
        ("medications", {"medication_name": "  "}, "medications_name_not_blank"),
        ("medications", {"is_active": None}, "medications_made_here_know_their_state"),
        ("allergies", {"entered_in_error_at": "2026-01-01"}, "allergy_error_has_person_and_reason"),
        ("patient_medical_info", {"height_cm": 1.75}, "medical_info_height_plausible"),
        ("patient_medical_info", {"weight_kg": -1}, "medical_info_weight_plausible"),
        ("prescriptions", {"refills": -1}, "prescriptions_refills_not_negative"),
        ("prescriptions", {"quantity": -1}, "prescriptions_quantity_not_negative"),
        (
            "prescriptions",
            {"issued_on": "2026-02-01", "expires_on": "2026-01-31"},
            "prescriptions_expire_after_issue",
        ),
        ("prescriptions", {"issued_on": None}, "prescriptions_made_here_are_complete"),
        ("prescriptions", {"doctor_id": None}, "prescriptions_made_here_are_complete"),
        ("prescriptions", {"status": "cancelled"}, "prescriptions_cancelled_has_person_and_time"),
        ("symptoms", {"severity_score": 11}, "symptoms_score_from_0_to_10"),
        ("care_relations", {"valid_until": "1999-01-01"}, "care_relations_ends_after_begin"),
    ],
)
def test_what_cannot_be_true_is_refused(
    patient: uuid.UUID, superuser_connection: Connection, table: str, values: dict[str, Any], constraint: str
) -> None:
    row = row_of(superuser_connection, table, patient)["id"]
    with pytest.raises(Check, match=constraint):
        change(superuser_connection, table, row, **values)


# Conversations


def test_a_visit_number_is_given_once(seed: Seed, superuser_connection: Connection) -> None:
    with pytest.raises(Unique, match="conversations_visit_number_unique"):
        change(superuser_connection, "conversations", seed.unfinished.pk, visit_number=1)


def test_visits_count_from_one(seed: Seed, superuser_connection: Connection) -> None:
    with pytest.raises(Check, match="conversations_visits_count_from_one"):
        change(superuser_connection, "conversations", seed.unfinished.pk, visit_number=0)


@pytest.mark.parametrize("missing", ["doctor_id", "diagnosis", "responded_at"])
@pytest.mark.parametrize("status", ["doctor_responded", "closed"])
def test_answered_means_a_doctor_a_diagnosis_and_a_time(
    seed: Seed, superuser_connection: Connection, missing: str, status: str
) -> None:
    answered = seed.answered.pk
    with undone(superuser_connection):
        change(superuser_connection, "conversations", answered, status=status)
    with undone(superuser_connection), pytest.raises(Check, match="conversations_answered_is_complete"):
        change(superuser_connection, "conversations", answered, status=status, **{missing: None})
    # Where the previous system was silent, the row says so instead.
    change(superuser_connection, "conversations", answered, status=status, legacy_id="65f0", **{missing: None})


@pytest.mark.parametrize("missing", ["submitted_at", "urgency", "queue_rank"])
def test_waiting_means_a_place_in_the_queue(seed: Seed, superuser_connection: Connection, missing: str) -> None:
    with pytest.raises(Check, match="conversations_waiting_has_a_place_in_the_queue"):
        change(superuser_connection, "conversations", seed.claimed.pk, **{missing: None})


def test_a_message_has_one_place_and_is_sent_once(patient: uuid.UUID, superuser_connection: Connection) -> None:
    with undone(superuser_connection), pytest.raises(Unique, match="messages_position_unique"):
        add(superuser_connection, "messages", patient)
    token = uuid.uuid4()
    add(superuser_connection, "messages", patient, position=500, client_token=token)
    with pytest.raises(Unique, match="messages_sent_once"):
        add(superuser_connection, "messages", patient, position=501, client_token=token)


# People


@pytest.mark.parametrize("email", ["SECRETIVE@example.org", " secretive@example.org", "Secretive@Example.org"])
def test_an_address_is_stored_in_one_form(seed: Seed, superuser_connection: Connection, email: str) -> None:
    with pytest.raises(Check, match="users_email_is_lower_case"):
        change(superuser_connection, "users", seed.another_patient.pk, email=email)


def test_two_people_never_have_one_address(seed: Seed, superuser_connection: Connection) -> None:
    with pytest.raises(Unique):
        change(superuser_connection, "users", seed.another_patient.pk, email="secretive@example.org")


def test_a_doctor_has_a_licence_and_nobody_else_the_same(seed: Seed, superuser_connection: Connection) -> None:
    with undone(superuser_connection), pytest.raises(Check, match="users_doctors_are_complete"):
        change(superuser_connection, "users", seed.stranger_doctor.pk, licence_number=None)
    with pytest.raises(Unique, match="users_licence_unique"):
        change(superuser_connection, "users", seed.stranger_doctor.pk, licence_number=seed.her_doctor.licence_number)


@pytest.mark.parametrize("whose", ["patient", "her_doctor"])
def test_a_person_with_clinical_records_is_not_deleted(
    seed: Seed, superuser_connection: Connection, whose: str
) -> None:
    with pytest.raises(StillReferred):
        superuser_connection.execute("DELETE FROM users WHERE id = %s", [getattr(seed, whose).pk])


@pytest.mark.parametrize("which", ["answered", "claimed", "unfinished"])
def test_a_case_with_clinical_records_is_not_deleted(seed: Seed, superuser_connection: Connection, which: str) -> None:
    with pytest.raises(StillReferred):
        superuser_connection.execute("DELETE FROM conversations WHERE id = %s", [getattr(seed, which).pk])


def test_a_prescription_with_what_was_overridden_is_not_deleted(seed: Seed, superuser_connection: Connection) -> None:
    with pytest.raises(StillReferred):
        superuser_connection.execute("DELETE FROM prescriptions WHERE id = %s", [seed.prescription.pk])


# Every table


def enumerations() -> list[tuple[str, str]]:
    """Every column of a model whose values are a closed list, but of other packages'."""
    ours = {"accounts", "records", "conversations", "prescriptions", "audit"}
    return sorted(
        (model._meta.db_table, str(field.column))
        for model in apps.get_models()
        if model._meta.app_label in ours
        for field in model._meta.local_fields
        if field.choices and isinstance(field, models.CharField | models.TextField)
    )


def test_every_enumeration_holds_its_values_only(seed: Seed, superuser_connection: Connection) -> None:
    columns = enumerations()
    assert len(columns) >= 22
    # The log is append-only: that what it is given must be in its lists is tested with the log.
    accepted = []
    for table, column in columns:
        if table == "activity_logs":
            continue
        statement = sql.SQL("UPDATE {} SET {} = 'nonsense'").format(sql.Identifier(table), sql.Identifier(column))
        with undone(superuser_connection):
            try:
                rows = superuser_connection.execute(statement).rowcount
            except Check:
                continue
            except psycopg.errors.StringDataRightTruncation:
                statement = sql.SQL("UPDATE {} SET {} = '?'").format(sql.Identifier(table), sql.Identifier(column))
            else:
                accepted.append((table, column, rows))
                continue
        with undone(superuser_connection), pytest.raises(Check):
            superuser_connection.execute(statement)
    assert accepted == []


@pytest.mark.parametrize("column", ["actor_role", "action", "purpose", "status", "severity"])
def test_the_log_holds_its_own_words_only(superuser_connection: Connection, column: str) -> None:
    row = {
        "id": uuid.uuid4(), "action": "system.startup", "actor_role": "system", "resource_type": "system",
        "status": "success", "severity": "info", "purpose": "",
    }  # fmt: skip
    statement = sql.SQL("INSERT INTO activity_logs ({}) VALUES ({})").format(
        sql.SQL(", ").join(map(sql.Identifier, row)), sql.SQL(", ").join([sql.Placeholder()] * len(row))
    )
    with undone(superuser_connection):
        superuser_connection.execute(statement, list(row.values()))
    with pytest.raises(Check):
        superuser_connection.execute(statement, list((row | {column: "nonsense"}).values()))


TIMED = (
    "SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'updated_at'"
    " ORDER BY 1"
)


def test_the_database_keeps_the_times_of_every_row(
    seed: Seed, patient: uuid.UUID, superuser_connection: Connection
) -> None:
    tables = [name for (name,) in superuser_connection.execute(TIMED)]
    assert len(tables) >= 20
    for table in tables:
        name = sql.Identifier(table)
        before: Any = superuser_connection.execute(
            sql.SQL("SELECT id, created_at, updated_at FROM {} WHERE created_at IS NOT NULL LIMIT 1").format(name)
        ).fetchone()
        superuser_connection.execute(
            sql.SQL("UPDATE {} SET created_at = '1999-01-01', updated_at = '1999-01-01' WHERE id = %s").format(name),
            [before[0]],
        )
        after: Any = superuser_connection.execute(
            sql.SQL("SELECT created_at, updated_at FROM {} WHERE id = %s").format(name), [before[0]]
        ).fetchone()
        assert after[0] == before[1], table
        assert after[1] > before[2], table


def test_a_new_row_cannot_bring_its_own_times_an_imported_one_keeps_them(
    patient: uuid.UUID, superuser_connection: Connection
) -> None:
    found = "SELECT extract(year FROM created_at)::int FROM allergies WHERE id = %s"
    new = add(superuser_connection, "allergies", patient, allergen="Dust", created_at="1999-01-01")
    imported = add(
        superuser_connection, "allergies", patient, allergen="Hay", created_at="1999-01-01", legacy_id="65f0"
    )
    assert superuser_connection.execute(found, [new]).fetchone() != (1999,)
    assert superuser_connection.execute(found, [imported]).fetchone() == (1999,)
    superuser_connection.execute("SET LOCAL session_replication_role = replica")  # without the trigger
    with pytest.raises(Check, match="made_here_has_times"):
        change(superuser_connection, "allergies", new, created_at=None)


WORDS = "SELECT word FROM search_words WHERE entry_id = %s ORDER BY word"


@pytest.mark.parametrize(
    ("table", "column"),
    [("allergies", "allergen"), ("medications", "medication_name"), ("medical_history", "condition")],
)
def test_search_words_follow_their_entry(
    seed: Seed, patient: uuid.UUID, superuser_connection: Connection, table: str, column: str
) -> None:
    def words(entry: uuid.UUID) -> list[str]:
        return [word for (word,) in superuser_connection.execute(WORDS, [entry])]

    entry = add(superuser_connection, table, patient, **{column: "Crème-Brûlée 20%"})
    assert words(entry) == ["20", "brulee", "creme"]
    change(superuser_connection, table, entry, **{column: "Plum, plum"})
    assert words(entry) == ["plum"]
    wrong = {"entered_in_error_by_id": seed.her_doctor.pk, "entered_in_error_reason": "Typed into the wrong chart"}
    change(superuser_connection, table, entry, entered_in_error_at="2026-01-01", **wrong)
    assert words(entry) == []
    change(superuser_connection, table, entry, entered_in_error_at=None)
    assert words(entry) == ["plum"]
    superuser_connection.execute(sql.SQL("DELETE FROM {} WHERE id = %s").format(sql.Identifier(table)), [entry])
    assert words(entry) == []


def test_search_words_follow_a_patient_s_name_and_nobody_else_s(
    seed: Seed, patient: uuid.UUID, superuser_connection: Connection
) -> None:
    def words(person: uuid.UUID) -> list[str]:
        return [word for (word,) in superuser_connection.execute(WORDS, [person])]

    assert words(patient) == ["anastazija", "brzovoljec"]
    change(superuser_connection, "users", patient, last_name="Müller-Łoś")
    assert words(patient) == ["anastazija", "los", "muller"]
    assert words(seed.her_doctor.pk) == []
