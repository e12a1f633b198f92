"""Who may see and change conversations and what belongs to them."""

from django.db import migrations

from medichat.db.policies import (
    ME,
    Policy,
    ProtectRows,
    acts_as,
    adds,
    administration,
    cared_for,
    case_of_mine_or_waiting,
    changes,
    my_patient,
    open_case,
    own,
    reads,
)

# While the patient still talks to the assistant, no doctor looks on.
DOCTORS_CASE = (
    f"{acts_as('doctor')} AND status IS DISTINCT FROM 'in_progress' "
    f"AND (doctor_id = {ME} OR {open_case('id')} OR {my_patient()})"
)
OWN_MARK = f"{acts_as('patient', 'doctor')} AND person_id = {ME}"

OF_CASE = [
    "messages",
    "attachments",
    "red_flags",
    "conversation_words",
    "symptoms",
    "conversation_archives",
    "private_notes",
]


def same_patient(table: str, parent: str = "conversations", column: str = "conversation_id") -> migrations.RunSQL:
    """A row belongs to the patient to whom the row above it belongs: nobody's words end up in another's case."""
    name = f"{table}_same_patient"
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {name} "
        f"FOREIGN KEY ({column}, patient_id) REFERENCES {parent} (id, patient_id)",
        f"ALTER TABLE {table} DROP CONSTRAINT {name}",
    )


# Whoever reaches the database as a patient can neither answer a case nor give it to a doctor.
DOCTORS_PART = (
    "patient_id, doctor_id, visit_number, claimed_at, responded_at, diagnosis, icd10_code, "
    "recommendations, referrals, call_to_office, legacy_id"
)
OF_NEW, OF_OLD = (", ".join(f"{row}.{column}" for column in DOCTORS_PART.split(", ")) for row in ("NEW", "OLD"))
ONLY_DOCTORS_ANSWER = f"""
CREATE FUNCTION only_doctors_answer() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF coalesce(current_setting('medichat.role', true), '') IN ('admin', 'system') THEN RETURN NEW; END IF;
    IF TG_OP = 'UPDATE' AND NEW.patient_id <> OLD.patient_id
       OR current_setting('medichat.role', true) = 'patient' AND (
           TG_OP = 'INSERT' AND (NEW.status IS DISTINCT FROM 'in_progress'
               OR num_nonnulls(NEW.doctor_id, NEW.responded_at, NEW.diagnosis, NEW.legacy_id) > 0)
           OR TG_OP = 'UPDATE' AND (
               ({OF_NEW}) IS DISTINCT FROM ({OF_OLD})
               OR NEW.status IS DISTINCT FROM OLD.status
                  AND (OLD.status, NEW.status) NOT IN (
                      ('in_progress', 'awaiting_doctor'), ('doctor_responded', 'closed'))))
    THEN
        RAISE EXCEPTION 'only a doctor answers a case, and it stays with its patient'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER only_doctors_answer BEFORE INSERT OR UPDATE ON conversations
    FOR EACH ROW EXECUTE FUNCTION only_doctors_answer();
"""


# Most cases are over, and nobody has taken most of those that wait. Without knowing that both go together PostgreSQL
# expects a handful to wait, and sorts them all instead of reading the first page from the index of the queue.
WAITING_GO_TOGETHER = "CREATE STATISTICS conversations_waiting (mcv) ON status, doctor_id FROM conversations"


class Migration(migrations.Migration):
    dependencies = [("conversations", "0001_initial"), ("records", "0002_row_security")]
    operations = [
        migrations.RunSQL(WAITING_GO_TOGETHER, "DROP STATISTICS conversations_waiting"),
        migrations.RunSQL(
            "ALTER TABLE conversations ADD CONSTRAINT conversations_with_patient UNIQUE (id, patient_id)",
            "ALTER TABLE conversations DROP CONSTRAINT conversations_with_patient",
        ),
        *[same_patient(table) for table in OF_CASE],
        migrations.RunSQL(
            ONLY_DOCTORS_ANSWER,
            "DROP TRIGGER only_doctors_answer ON conversations; DROP FUNCTION only_doctors_answer()",
        ),
        ProtectRows(
            "conversations",
            [
                *administration(),
                reads("patient_reads", own()),
                adds("patient_adds", own()),
                changes("patient_changes", own()),
                reads("doctor_reads", DOCTORS_CASE),
                changes("doctor_changes", DOCTORS_CASE),
            ],
        ),
        *[
            ProtectRows(
                table,
                [
                    *administration(),
                    reads("patient_reads", own()),
                    adds("patient_adds", own()),
                    reads("doctor_reads", case_of_mine_or_waiting()),
                ],
            )
            for table in ("messages", "attachments", "red_flags", "conversation_words")
        ],
        ProtectRows(
            "symptoms",
            [
                *administration(),
                reads("patient_reads", own()),
                adds("patient_adds", own()),
                # The intake writes its findings anew after each message.
                Policy("patient_replaces", "DELETE", using=own()),
                reads("doctor_reads", case_of_mine_or_waiting()),
                adds("doctor_adds", cared_for()),
                changes("doctor_changes", cared_for()),
            ],
        ),
        ProtectRows(
            "conversation_archives",
            [
                *administration(),
                reads("own_marks", OWN_MARK),
                adds("own_marks_added", f"{OWN_MARK} AND (({own()}) OR ({case_of_mine_or_waiting()}))"),
                Policy("own_marks_removed", "DELETE", using=OWN_MARK),
            ],
        ),
        ProtectRows(
            "private_notes",
            [
                *administration(),
                reads("doctor_reads", cared_for()),
                adds("doctor_adds", f"{cared_for()} AND author_id = {ME}"),
            ],
        ),
    ]
