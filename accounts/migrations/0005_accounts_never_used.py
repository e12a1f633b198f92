"""An administrator may delete an account that never had any clinical record; the foreign keys say whether it had."""

from django.db import migrations

# What only belongs to the account goes with it. Everything else that names the person is a record, refuses, and leaves
# all as it was. An imported account is the proof of where it came from.
DELETE_UNUSED_ACCOUNT = """
CREATE FUNCTION delete_unused_account(account uuid) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    me uuid := nullif(current_setting('medichat.user_id', true), '')::uuid;
    gone boolean := false;
BEGIN
    IF current_setting('medichat.role', true) IS DISTINCT FROM 'admin' OR me IS NULL OR account = me THEN
        RETURN false;
    END IF;
    BEGIN
        PERFORM set_config('medichat.role', 'system', true);
        DELETE FROM stored_answers WHERE person_id = account;
        UPDATE sessions SET second_factor_id = NULL WHERE user_id = account;
        DELETE FROM mfa_tokens WHERE user_id = account;
        DELETE FROM sessions WHERE user_id = account;
        DELETE FROM users WHERE id = account AND legacy_id IS NULL;
        gone := FOUND;
        SET CONSTRAINTS ALL IMMEDIATE;
        SET CONSTRAINTS ALL DEFERRED;
        IF NOT gone THEN
            RAISE foreign_key_violation USING MESSAGE = 'an imported account stays';
        END IF;
    EXCEPTION WHEN foreign_key_violation THEN
        gone := false;
    END;
    PERFORM set_config('medichat.role', 'admin', true);
    RETURN gone;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_second_factor")]
    operations = [migrations.RunSQL(DELETE_UNUSED_ACCOUNT, "DROP FUNCTION delete_unused_account")]
