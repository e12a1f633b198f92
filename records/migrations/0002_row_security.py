"""Who may see and change the chart, and which people a doctor or patient can see at all."""

from django.db import migrations

from medichat.db.policies import (
    ME,
    AddPolicies,
    Policy,
    ProtectRows,
    acts_as,
    adds,
    administration,
    changes,
    chart_of_mine_or_waiting,
    chart_policies,
    own,
    reads,
)

PERSON_TABLES = ["patient_medical_info", "emergency_contacts"]
ENTRY_TABLES = [
    "allergies",
    "medications",
    "medical_history",
    "surgical_history",
    "family_history",
    "immunizations",
]
# Patients add what they say themselves, and change nothing that the clinic recorded.
OWN_WORDS = f"{own()} AND source IN ('patient', 'intake') AND recorded_by_id = {ME}"
OWN_RELATION_OR_OPEN = f"{acts_as('doctor')} AND (doctor_id = {ME} OR doctor_id IS NULL)"
# A doctor who saw a case waiting a moment ago is told who has taken it; older ones are nobody else's business.
OWN_RELATION_OR_JUST_OPEN = (
    f"{acts_as('doctor')} AND (doctor_id = {ME} "
    "OR doctor_id IS NULL AND (valid_until IS NULL OR valid_until > now() - interval '1 hour'))"
)
OWN_RELATION_OR_OPEN_NOW = f"{OWN_RELATION_OR_OPEN} AND (valid_until IS NULL OR valid_until > now())"
OWN_WAITING_CASE = f"{own()} AND doctor_id IS NULL AND kind = 'waiting'"
WORDS_OF_OWN_OR_CARED_FOR = (
    f"({own()}) OR ({chart_of_mine_or_waiting()}) OR ({acts_as('sign_in')} AND patient_id = {ME})"
)

INDEX_SEARCH_WORDS = """
CREATE FUNCTION index_search_words(kind text, phrase text, patient uuid, entry uuid) RETURNS void LANGUAGE sql AS $$
    WITH words AS (
        SELECT DISTINCT left(part, 100) AS word
        FROM regexp_split_to_table(lower(unaccent($2)), '[^[:alnum:]]+') AS part
        WHERE part <> ''
    ), vocabulary AS (
        INSERT INTO vocabulary_words (kind, word) SELECT $1, word FROM words ON CONFLICT DO NOTHING
    )
    INSERT INTO search_words (kind, word, patient_id, entry_id) SELECT $1, word, $3, $4 FROM words
$$
"""
INDEX_NAMES = """
CREATE FUNCTION index_patient_names() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        DELETE FROM search_words WHERE entry_id = OLD.id;
    END IF;
    IF NEW.role = 'patient' THEN
        PERFORM index_search_words('name', NEW.first_name || ' ' || NEW.last_name, NEW.id, NEW.id);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER index_patient_names AFTER INSERT OR UPDATE OF first_name, last_name, role ON users
    FOR EACH ROW EXECUTE FUNCTION index_patient_names();
"""

# An allergy that wanders into another chart is lost in one and wrong in the other. A policy cannot compare a row with
# what it was.
STAYS_WITH_ITS_PATIENT = """
CREATE FUNCTION stays_with_its_patient() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.patient_id IS DISTINCT FROM OLD.patient_id
       AND coalesce(current_setting('medichat.role', true), '') NOT IN ('admin', 'system') THEN
        RAISE EXCEPTION 'an entry stays in the chart of its patient' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
"""


def stays_with_its_patient(table: str) -> migrations.RunSQL:
    """Refuse to move rows of the table from one patient to another."""
    return migrations.RunSQL(
        f"CREATE TRIGGER stays_with_its_patient BEFORE UPDATE OF patient_id ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION stays_with_its_patient()",
        f"DROP TRIGGER stays_with_its_patient ON {table}",
    )


class Migration(migrations.Migration):
    dependencies = [("records", "0001_initial"), ("accounts", "0002_row_security")]
    operations = [
        migrations.RunSQL(STAYS_WITH_ITS_PATIENT, "DROP FUNCTION stays_with_its_patient"),
        *[stays_with_its_patient(table) for table in [*PERSON_TABLES, *ENTRY_TABLES]],
        migrations.RunSQL(INDEX_SEARCH_WORDS, "DROP FUNCTION index_search_words"),
        migrations.RunSQL(
            INDEX_NAMES, "DROP TRIGGER index_patient_names ON users; DROP FUNCTION index_patient_names()"
        ),
        ProtectRows(
            "care_relations",
            [
                *administration(),
                reads("patient_reads", own()),
                adds("patient_opens_case", OWN_WAITING_CASE),
                changes("patient_changes_open_case", OWN_WAITING_CASE),
                reads("doctor_reads", OWN_RELATION_OR_JUST_OPEN),
                # A trigger refuses what a policy on this table cannot see: relations without grounds, new life for
                # those that ended.
                adds("doctor_adds", OWN_RELATION_OR_OPEN),
                Policy("doctor_changes", "UPDATE", using=OWN_RELATION_OR_OPEN_NOW, check=OWN_RELATION_OR_OPEN),
            ],
        ),
        *[ProtectRows(table, chart_policies()) for table in PERSON_TABLES],
        *[ProtectRows(table, chart_policies(patient_writes=OWN_WORDS)) for table in ENTRY_TABLES],
        # Contacts are other people's data and no clinical record: those who keep them may remove them.
        AddPolicies(
            "emergency_contacts",
            [
                Policy("patient_removes", "DELETE", using=own()),
                Policy("doctor_removes", "DELETE", using=chart_of_mine_or_waiting()),
            ],
        ),
        ProtectRows(
            "search_words",
            [
                *administration(),
                reads("words_read", WORDS_OF_OWN_OR_CARED_FOR),
                adds("words_added", WORDS_OF_OWN_OR_CARED_FOR),
                Policy("words_removed", "DELETE", using=WORDS_OF_OWN_OR_CARED_FOR),
            ],
        ),
        AddPolicies(
            "users",
            [
                reads("doctor_reads_patients", f"role = 'patient' AND {chart_of_mine_or_waiting('id')}"),
                reads("doctor_reads_colleagues", f"{acts_as('doctor')} AND role = 'doctor'"),
                reads(
                    "patient_reads_own_doctors",
                    f"{acts_as('patient')} AND id IN "
                    # ME is a constant.
                    f"(SELECT relation.doctor_id FROM care_relations relation WHERE relation.patient_id = {ME})",  # nosec B608
                ),
            ],
        ),
    ]
