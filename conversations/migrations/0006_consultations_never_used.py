"""An administrator may delete a consultation in which nothing was said; foreign keys keep every other one."""

from django.db import migrations

# The assistant's opening and the marks of who put it away are nobody's record.
DELETE_UNUSED_CONSULTATION = """
CREATE FUNCTION delete_unused_consultation(consultation uuid) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    gone boolean := false;
BEGIN
    IF current_setting('medichat.role', true) IS DISTINCT FROM 'admin' THEN
        RETURN false;
    END IF;
    BEGIN
        PERFORM set_config('medichat.role', 'system', true);
        -- Whoever is writing in it at this moment is waited for.
        PERFORM FROM conversations WHERE id = consultation FOR UPDATE;
        DELETE FROM messages WHERE conversation_id = consultation AND sender = 'assistant';
        DELETE FROM conversation_archives WHERE conversation_id = consultation;
        DELETE FROM drafts WHERE conversation_id = consultation;
        DELETE FROM conversations
            WHERE id = consultation AND status = 'in_progress' AND submitted_at IS NULL AND legacy_id IS NULL;
        gone := FOUND;
        SET CONSTRAINTS ALL IMMEDIATE;
        SET CONSTRAINTS ALL DEFERRED;
        IF NOT gone THEN
            RAISE foreign_key_violation USING MESSAGE = 'a consultation that has gone on stays';
        END IF;
    EXCEPTION WHEN foreign_key_violation THEN
        gone := false;
    END;
    PERFORM set_config('medichat.role', 'admin', true);
    RETURN gone;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("conversations", "0005_one_key_for_conversation_and_patient")]
    operations = [migrations.RunSQL(DELETE_UNUSED_CONSULTATION, "DROP FUNCTION delete_unused_consultation")]
