"""Search words, and the statements that entries withdraw, are kept for all new rows of a statement together.

An import adds thousands of entries at a time; looking at each by itself was most of what the database did with a chart.
"""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations

# One rule for what a word is; a SQL function of one SELECT is taken into the query that calls it.
WORDS = """
CREATE FUNCTION words_in(phrase text) RETURNS SETOF text LANGUAGE sql STABLE AS $$
    SELECT DISTINCT left(part, 100) FROM regexp_split_to_table(lower(unaccent(phrase)), '[^[:alnum:]]+') AS part
    WHERE part <> ''
$$;
CREATE OR REPLACE FUNCTION index_search_words(kind text, phrase text, patient uuid, entry uuid) RETURNS void
LANGUAGE sql AS $$
    WITH words AS MATERIALIZED (
        SELECT word FROM words_in($2) AS word
    ), vocabulary AS (
        INSERT INTO vocabulary_words (kind, word) SELECT $1, word FROM words ON CONFLICT DO NOTHING
    )
    INSERT INTO search_words (kind, word, patient_id, entry_id) SELECT $1, word, $3, $4 FROM words
$$
"""
WITHOUT_WORDS = """
CREATE OR REPLACE FUNCTION index_search_words(kind text, phrase text, patient uuid, entry uuid) RETURNS void
LANGUAGE sql AS $$
    WITH words AS (
        SELECT DISTINCT left(part, 100) AS word
        FROM regexp_split_to_table(lower(unaccent($2)), '[^[:alnum:]]+') AS part
        WHERE part <> ''
    ), vocabulary AS (
        INSERT INTO vocabulary_words (kind, word) SELECT $1, word FROM words ON CONFLICT DO NOTHING
    )
    INSERT INTO search_words (kind, word, patient_id, entry_id) SELECT $1, word, $3, $4 FROM words
$$;
DROP FUNCTION words_in(text)
"""
NEW_NAMES = """
CREATE FUNCTION index_new_patient_names() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    WITH said AS MATERIALIZED (
        SELECT id, word FROM added, LATERAL words_in(first_name || ' ' || last_name) AS word WHERE role = 'patient'
    ), vocabulary AS (
        INSERT INTO vocabulary_words (kind, word) SELECT DISTINCT 'name', word FROM said ORDER BY word
        ON CONFLICT DO NOTHING
    )
    INSERT INTO search_words (kind, word, patient_id, entry_id) SELECT 'name', word, id, id FROM said;
    RETURN NULL;
END $$;
DROP TRIGGER index_patient_names ON users;
CREATE TRIGGER index_patient_names AFTER UPDATE OF first_name, last_name, role ON users
    FOR EACH ROW EXECUTE FUNCTION index_patient_names();
CREATE TRIGGER index_new_patient_names AFTER INSERT ON users REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION index_new_patient_names();
"""
EACH_NAME_BY_ITSELF = """
DROP TRIGGER index_new_patient_names ON users;
DROP FUNCTION index_new_patient_names();
DROP TRIGGER index_patient_names ON users;
CREATE TRIGGER index_patient_names AFTER INSERT OR UPDATE OF first_name, last_name, role ON users
    FOR EACH ROW EXECUTE FUNCTION index_patient_names();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("records", "0006_vitals_and_versions"),
    ]

    operations = [
        migrations.RunSQL(WORDS, WITHOUT_WORDS),
        migrations.RunSQL(NEW_NAMES, EACH_NAME_BY_ITSELF),
        pgtrigger.migrations.RemoveTrigger(
            model_name="allergy",
            name="index_words",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="allergy",
            name="withdraws_none",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="medicalhistory",
            name="index_words",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="medicalhistory",
            name="withdraws_none",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="medication",
            name="index_words",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="medication",
            name="withdraws_none",
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="allergy",
            trigger=pgtrigger.compiler.Trigger(
                name="index_words",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                DELETE FROM search_words WHERE entry_id = OLD.id;\n                IF TG_OP = 'UPDATE' AND NEW.entered_in_error_at IS NULL THEN\n                    PERFORM index_search_words('allergen', NEW.allergen, NEW.patient_id, NEW.id);\n                END IF;\n                RETURN NULL;\n            ",
                    hash="fdd99dcb14796d9797ed668d5b700aefb587d58a",
                    operation='UPDATE OF "allergen", "patient_id", "entered_in_error_at" OR DELETE',
                    pgid="pgtrigger_index_words_b6290",
                    table="allergies",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="allergy",
            trigger=pgtrigger.compiler.Trigger(
                name="index_new_words",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                WITH said AS MATERIALIZED (\n                    SELECT patient_id, id, word FROM added, LATERAL words_in(allergen) AS word\n                    WHERE entered_in_error_at IS NULL\n                ), vocabulary AS (\n                    INSERT INTO vocabulary_words (kind, word) SELECT DISTINCT 'allergen', word FROM said ORDER BY word\n                    ON CONFLICT DO NOTHING\n                )\n                INSERT INTO search_words (kind, word, patient_id, entry_id)\n                SELECT 'allergen', word, patient_id, id FROM said;\n                RETURN NULL;\n            ",
                    hash="46532e95cbe3d2759a67e4d3ffd2018b759332bb",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_index_new_words_f79e8",
                    referencing="REFERENCING NEW TABLE AS added ",
                    table="allergies",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="allergy",
            trigger=pgtrigger.compiler.Trigger(
                name="withdraws_none",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                IF NEW.entered_in_error_at IS NULL AND NEW.certainty IS DISTINCT FROM 'refuted' THEN\n                    PERFORM 1 FROM patient_medical_info WHERE patient_id = NEW.patient_id FOR UPDATE;\n                    UPDATE patient_medical_info SET no_known_allergies_on = NULL\n                    WHERE patient_id = NEW.patient_id AND no_known_allergies_on IS NOT NULL;\n                END IF;\n                RETURN NULL;\n            ",
                    hash="71e26353c572fe3db8006b5e05bed1f5f905dd30",
                    operation='UPDATE OF "patient_id", "entered_in_error_at", "certainty"',
                    pgid="pgtrigger_withdraws_none_537c6",
                    table="allergies",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="allergy",
            trigger=pgtrigger.compiler.Trigger(
                name="new_withdraw_none",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                PERFORM 1 FROM patient_medical_info WHERE patient_id IN (SELECT patient_id FROM added WHERE entered_in_error_at IS NULL AND certainty IS DISTINCT FROM 'refuted') ORDER BY patient_id FOR UPDATE;\n                UPDATE patient_medical_info SET no_known_allergies_on = NULL\n                WHERE patient_id IN (SELECT patient_id FROM added WHERE entered_in_error_at IS NULL AND certainty IS DISTINCT FROM 'refuted') AND no_known_allergies_on IS NOT NULL;\n                RETURN NULL;\n            ",
                    hash="19c486552248e01d40e1b33780bb957281f59842",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_new_withdraw_none_f0506",
                    referencing="REFERENCING NEW TABLE AS added ",
                    table="allergies",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="medicalhistory",
            trigger=pgtrigger.compiler.Trigger(
                name="index_words",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                DELETE FROM search_words WHERE entry_id = OLD.id;\n                IF TG_OP = 'UPDATE' AND NEW.entered_in_error_at IS NULL THEN\n                    PERFORM index_search_words('condition', NEW.condition, NEW.patient_id, NEW.id);\n                END IF;\n                RETURN NULL;\n            ",
                    hash="c044d14246dd1aa3bdfa0ee74d86517c43d50d23",
                    operation='UPDATE OF "condition", "patient_id", "entered_in_error_at" OR DELETE',
                    pgid="pgtrigger_index_words_2f732",
                    table="medical_history",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="medicalhistory",
            trigger=pgtrigger.compiler.Trigger(
                name="index_new_words",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                WITH said AS MATERIALIZED (\n                    SELECT patient_id, id, word FROM added, LATERAL words_in(condition) AS word\n                    WHERE entered_in_error_at IS NULL\n                ), vocabulary AS (\n                    INSERT INTO vocabulary_words (kind, word) SELECT DISTINCT 'condition', word FROM said ORDER BY word\n                    ON CONFLICT DO NOTHING\n                )\n                INSERT INTO search_words (kind, word, patient_id, entry_id)\n                SELECT 'condition', word, patient_id, id FROM said;\n                RETURN NULL;\n            ",
                    hash="0dca11d96c307e4967d52e5b7a9f52076602259c",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_index_new_words_b10bd",
                    referencing="REFERENCING NEW TABLE AS added ",
                    table="medical_history",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="medicalhistory",
            trigger=pgtrigger.compiler.Trigger(
                name="withdraws_none",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                IF NEW.entered_in_error_at IS NULL THEN\n                    PERFORM 1 FROM patient_medical_info WHERE patient_id = NEW.patient_id FOR UPDATE;\n                    UPDATE patient_medical_info SET no_conditions_on = NULL\n                    WHERE patient_id = NEW.patient_id AND no_conditions_on IS NOT NULL;\n                END IF;\n                RETURN NULL;\n            ",
                    hash="02d416a46930f8a9a97ad6ff597c21c2a420e889",
                    operation='UPDATE OF "patient_id", "entered_in_error_at"',
                    pgid="pgtrigger_withdraws_none_f7aba",
                    table="medical_history",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="medicalhistory",
            trigger=pgtrigger.compiler.Trigger(
                name="new_withdraw_none",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                PERFORM 1 FROM patient_medical_info WHERE patient_id IN (SELECT patient_id FROM added WHERE entered_in_error_at IS NULL) ORDER BY patient_id FOR UPDATE;\n                UPDATE patient_medical_info SET no_conditions_on = NULL\n                WHERE patient_id IN (SELECT patient_id FROM added WHERE entered_in_error_at IS NULL) AND no_conditions_on IS NOT NULL;\n                RETURN NULL;\n            ",
                    hash="d257d8c8e93add88cff635d6cdbaaf8979873240",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_new_withdraw_none_a87dd",
                    referencing="REFERENCING NEW TABLE AS added ",
                    table="medical_history",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="medication",
            trigger=pgtrigger.compiler.Trigger(
                name="index_words",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                DELETE FROM search_words WHERE entry_id = OLD.id;\n                IF TG_OP = 'UPDATE' AND NEW.entered_in_error_at IS NULL THEN\n                    PERFORM index_search_words('medication', NEW.medication_name, NEW.patient_id, NEW.id);\n                END IF;\n                RETURN NULL;\n            ",
                    hash="e848bf27d2a6c442a817ddb6a4b818fcff107814",
                    operation='UPDATE OF "medication_name", "patient_id", "entered_in_error_at" OR DELETE',
                    pgid="pgtrigger_index_words_887c9",
                    table="medications",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="medication",
            trigger=pgtrigger.compiler.Trigger(
                name="index_new_words",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                WITH said AS MATERIALIZED (\n                    SELECT patient_id, id, word FROM added, LATERAL words_in(medication_name) AS word\n                    WHERE entered_in_error_at IS NULL\n                ), vocabulary AS (\n                    INSERT INTO vocabulary_words (kind, word) SELECT DISTINCT 'medication', word FROM said ORDER BY word\n                    ON CONFLICT DO NOTHING\n                )\n                INSERT INTO search_words (kind, word, patient_id, entry_id)\n                SELECT 'medication', word, patient_id, id FROM said;\n                RETURN NULL;\n            ",
                    hash="845d53989670a272f533256845532539ef01981a",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_index_new_words_7e030",
                    referencing="REFERENCING NEW TABLE AS added ",
                    table="medications",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="medication",
            trigger=pgtrigger.compiler.Trigger(
                name="withdraws_none",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                IF NEW.entered_in_error_at IS NULL AND NEW.is_active IS DISTINCT FROM false THEN\n                    PERFORM 1 FROM patient_medical_info WHERE patient_id = NEW.patient_id FOR UPDATE;\n                    UPDATE patient_medical_info SET no_medications_on = NULL\n                    WHERE patient_id = NEW.patient_id AND no_medications_on IS NOT NULL;\n                END IF;\n                RETURN NULL;\n            ",
                    hash="3e24b18dc991f426a4979e595dfb6718de376ce4",
                    operation='UPDATE OF "patient_id", "entered_in_error_at", "is_active"',
                    pgid="pgtrigger_withdraws_none_19221",
                    table="medications",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="medication",
            trigger=pgtrigger.compiler.Trigger(
                name="new_withdraw_none",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                PERFORM 1 FROM patient_medical_info WHERE patient_id IN (SELECT patient_id FROM added WHERE entered_in_error_at IS NULL AND is_active IS DISTINCT FROM false) ORDER BY patient_id FOR UPDATE;\n                UPDATE patient_medical_info SET no_medications_on = NULL\n                WHERE patient_id IN (SELECT patient_id FROM added WHERE entered_in_error_at IS NULL AND is_active IS DISTINCT FROM false) AND no_medications_on IS NOT NULL;\n                RETURN NULL;\n            ",
                    hash="ee6d2dda4541999267966bc4720b27029f7f217a",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_new_withdraw_none_89e5c",
                    referencing="REFERENCING NEW TABLE AS added ",
                    table="medications",
                    when="AFTER",
                ),
            ),
        ),
    ]
