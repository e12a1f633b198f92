"""Thousands of patients in seconds, copied in the database from one row of each table, to look at plans with."""

from typing import Any, LiteralString

import psycopg
from psycopg import sql

from accounts.models import User
from conversations.models import Conversation
from tests import factories
from tests.security.plain import columns_of

# Waiting, the doctor's own, and everybody else's: what a policy must tell apart.
CROWD = "CREATE TEMP TABLE crowd AS SELECT gen_random_uuid() AS patient, n FROM generate_series(1, 2000) n"
VISITS = """
CREATE TEMP TABLE visits AS
    SELECT gen_random_uuid() AS visit, patient, n, k, k = 3 AND mod(n, 20) = 0 AS waits, n <= 60 AS mine
    FROM crowd, generate_series(1, 3) k
"""
ENDED = "now() - make_interval(hours => n)"


class Crowd:
    """Fills the tables as the superuser, without triggers, from the rows of one complete case."""

    def __init__(self, connection: psycopg.Connection, doctor: User) -> None:
        self.connection = connection
        self.doctor = doctor
        self.case: Conversation = factories.ConversationFactory(answered=True)
        self.rows: dict[str, Any] = {
            "users": self.case.patient.pk,
            "conversations": self.case.pk,
            "messages": factories.MessageFactory(conversation=self.case).pk,
            "symptoms": factories.SymptomFactory(conversation=self.case).pk,
            "prescriptions": factories.PrescriptionFactory(conversation=self.case).pk,
            "allergies": factories.AllergyFactory(patient=self.case.patient).pk,
            "medications": factories.MedicationFactory(patient=self.case.patient).pk,
            "medical_history": factories.MedicalHistoryFactory(patient=self.case.patient).pk,
            "care_relations": factories.CareRelationFactory(patient=self.case.patient).pk,
        }

    def copy(self, table: str, source: LiteralString, **values: LiteralString) -> None:
        """One row for each of the source's, like the row of the case but for these columns (SQL over the source)."""
        names = [column["name"] for column in columns_of(self.connection, table)]
        encrypted = {
            name
            for (name,) in self.connection.execute(
                "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND atttypid = 'bytea'::regtype"
                " AND NOT attnotnull",
                [table],
            )
        }
        written: dict[str, LiteralString] = {"id": "gen_random_uuid()", **values}
        chosen = [
            sql.SQL(written[name])
            if name in written
            else sql.SQL("NULL")
            if name in encrypted  # a ciphertext belongs to its own row
            else sql.SQL("model.{}").format(sql.Identifier(name))
            for name in names
        ]
        self.connection.execute(
            sql.SQL("INSERT INTO {table} ({names}) SELECT {chosen} FROM {table} model, {source} WHERE model.id = %s")
            .format(
                table=sql.Identifier(table),
                names=sql.SQL(", ").join(map(sql.Identifier, names)),
                chosen=sql.SQL(", ").join(chosen),
                source=sql.SQL(source),
            ),
            [self.rows[table]],
        )  # fmt: skip

    def gather(self) -> None:
        """Everything, committed and analysed."""
        execute = self.connection.execute
        execute("SET LOCAL session_replication_role = replica")
        execute(CROWD)
        execute(VISITS)
        self.copy(
            "users", "crowd", id="patient", email="'crowd' || n || '@example.org'", first_name="'First' || n",
            last_name="'Last' || n", record_number="nextval('record_numbers')",
        )  # fmt: skip
        self.copy(
            "conversations", "visits", id="visit", patient_id="patient", visit_number="k", diagnosis="model.diagnosis",
            status="CASE WHEN waits THEN 'awaiting_doctor' ELSE 'doctor_responded' END",
            doctor_id="CASE WHEN waits THEN NULL ELSE model.doctor_id END",
            queue_rank="mod(n, 4)", submitted_at=ENDED, responded_at=ENDED,
        )  # fmt: skip
        self._relations()
        self.copy("messages", "visits, generate_series(1, 10) place", conversation_id="visit", patient_id="patient",
                  position="place")  # fmt: skip
        self.copy("symptoms", "visits", conversation_id="visit", patient_id="patient")
        self.copy("prescriptions", "visits", conversation_id="visit", patient_id="patient")
        for table, column in (("allergies", "allergen"), ("medications", "medication_name")):
            name: LiteralString = "'Substance' || mod(n, 300)"
            self.copy(table, "crowd", patient_id="patient", **{column: name})
        self.copy("medical_history", "crowd", patient_id="patient", condition="'Condition' || mod(n, 300)")
        self._words()
        self.connection.commit()
        self.connection.autocommit = True
        execute("VACUUM (ANALYZE)")

    def _relations(self) -> None:
        self.copy(
            "care_relations", "visits", patient_id="patient", case_id="visit", doctor_id="NULL", kind="'waiting'",
            valid_until="CASE WHEN waits THEN NULL::timestamptz ELSE now() END", valid_from="now() - interval '1 day'",
        )  # fmt: skip
        self.copy("care_relations", "visits", patient_id="patient", case_id="visit", kind="'answered'")
        self.rows["care_relations"] = factories.CareRelationFactory(doctor=self.doctor).pk
        self.copy("care_relations", "(SELECT * FROM visits WHERE mine) own", patient_id="patient", case_id="visit")

    def _words(self) -> None:
        self.connection.execute(
            "INSERT INTO search_words (kind, word, patient_id, entry_id)"
            " SELECT kind, word || mod(n, 300), patient, gen_random_uuid() FROM crowd,"
            " (VALUES ('name', 'last'), ('name', 'first'), ('allergen', 'substance'), ('medication', 'substance'),"
            " ('condition', 'condition')) AS words (kind, word)"
        )
        self.connection.execute(
            "INSERT INTO vocabulary_words (kind, word) SELECT DISTINCT kind, word FROM search_words"
            " ON CONFLICT DO NOTHING"
        )
        self.connection.execute(
            "INSERT INTO conversation_words (token, conversation_id, patient_id)"
            " SELECT hashtext(visit::text || w)::bigint, visit, patient FROM visits, generate_series(1, 10) w"
        )
