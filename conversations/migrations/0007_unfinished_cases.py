"""What a patient has not sent off is theirs alone, also for a doctor who has treated them before.

The policies of messages and the like cannot look into ``conversations``: its own policies would be asked for each row.
A trigger keeps the ids of unfinished cases in a small table of the policies' own, which tells nothing but these ids.
"""

from django.db import migrations

from medichat.db.policies import (
    ProtectRows,
    ReplacePolicies,
    acts_as,
    adds,
    administration,
    cared_for,
    case_of_mine_or_waiting,
    changes,
    reads,
    sent_case_of_mine_or_waiting,
    sent_off,
)

UNFINISHED_CASES = """
CREATE TABLE unfinished_cases (
    conversation_id uuid PRIMARY KEY REFERENCES conversations (id) ON DELETE CASCADE
)
"""
# Whoever acts, the table follows the case; nobody else writes it.
KEEP = """
CREATE FUNCTION keep_unfinished_cases() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    acting text := coalesce(current_setting('medichat.role', true), '');
BEGIN
    PERFORM set_config('medichat.role', 'system', true);
    IF NEW.status = 'in_progress' THEN
        INSERT INTO unfinished_cases VALUES (NEW.id) ON CONFLICT DO NOTHING;
    ELSE
        DELETE FROM unfinished_cases WHERE conversation_id = NEW.id;
    END IF;
    PERFORM set_config('medichat.role', acting, true);
    RETURN NULL;
END $$;
CREATE TRIGGER keep_unfinished_cases_begun AFTER INSERT ON conversations
    FOR EACH ROW WHEN (NEW.status = 'in_progress') EXECUTE FUNCTION keep_unfinished_cases();
CREATE TRIGGER keep_unfinished_cases_changed AFTER UPDATE OF status ON conversations
    FOR EACH ROW WHEN (
        (OLD.status IS NOT DISTINCT FROM 'in_progress') <> (NEW.status IS NOT DISTINCT FROM 'in_progress')
    ) EXECUTE FUNCTION keep_unfinished_cases();
"""
DROP_KEEP = """
DROP TRIGGER keep_unfinished_cases_begun ON conversations;
DROP TRIGGER keep_unfinished_cases_changed ON conversations;
DROP FUNCTION keep_unfinished_cases();
"""
THOSE_THERE_ARE = """
SELECT set_config('medichat.role', 'system', true);
INSERT INTO unfinished_cases SELECT id FROM conversations WHERE status = 'in_progress';
SELECT set_config('medichat.role', '', true);
"""
OF_CASE = ["messages", "attachments", "red_flags", "conversation_words", "symptoms"]
OF_CARED_FOR_AND_SENT = f"{cared_for()} AND {sent_off()}"


class Migration(migrations.Migration):
    dependencies = [("conversations", "0006_consultations_never_used")]

    operations = [
        migrations.RunSQL(UNFINISHED_CASES, "DROP TABLE unfinished_cases"),
        ProtectRows("unfinished_cases", [*administration(), reads("doctor_reads", acts_as("doctor"))]),
        migrations.RunSQL(KEEP, DROP_KEEP),
        migrations.RunSQL(THOSE_THERE_ARE, migrations.RunSQL.noop),
        *[
            ReplacePolicies(
                table,
                [reads("doctor_reads", sent_case_of_mine_or_waiting())],
                before=[reads("doctor_reads", case_of_mine_or_waiting())],
            )
            for table in OF_CASE
        ],
        ReplacePolicies(
            "symptoms",
            [adds("doctor_adds", OF_CARED_FOR_AND_SENT), changes("doctor_changes", OF_CARED_FOR_AND_SENT)],
            before=[adds("doctor_adds", cared_for()), changes("doctor_changes", cared_for())],
        ),
    ]
