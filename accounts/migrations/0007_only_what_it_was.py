"""Sessions and second factors never become more than they were.

A session does not come back, last longer, pass a step or change its owner: each step of signing in makes a row of its
own. A confirmed app keeps its secret, and no code is fresh again. Whoever reaches the database in a person's context,
between the two steps even, could otherwise wake an ended session, or put an app of their own in the place of the
owner's.
"""

from django.db import migrations

GUARD = """
CREATE FUNCTION sessions_only_end() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF coalesce(current_setting('medichat.role', true), '') IN ('admin', 'system') THEN RETURN NEW; END IF;
    IF (NEW.id, NEW.user_id, NEW.kind, NEW.key_hash, NEW.awaits_second_factor)
           IS DISTINCT FROM (OLD.id, OLD.user_id, OLD.kind, OLD.key_hash, OLD.awaits_second_factor)
       OR NEW.expires_at > OLD.expires_at
       OR (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS NULL)
       OR (NEW.second_factor_id IS NOT NULL AND NEW.second_factor_id IS DISTINCT FROM OLD.second_factor_id) THEN
        RAISE EXCEPTION 'a session can only end; signing in makes another one'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER sessions_only_end BEFORE UPDATE ON sessions FOR EACH ROW EXECUTE FUNCTION sessions_only_end();
"""
GUARD_FACTORS = """
CREATE FUNCTION second_factors_stay() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF coalesce(current_setting('medichat.role', true), '') IN ('admin', 'system') THEN RETURN NEW; END IF;
    IF (NEW.id, NEW.user_id, NEW.kind, NEW.code_hash) IS DISTINCT FROM (OLD.id, OLD.user_id, OLD.kind, OLD.code_hash)
       OR NEW.last_step < OLD.last_step
       OR (OLD.used_at IS NOT NULL AND NEW.used_at IS NULL)
       OR (OLD.confirmed_at IS NOT NULL
           AND (NEW.confirmed_at, NEW.secret) IS DISTINCT FROM (OLD.confirmed_at, OLD.secret)) THEN
        RAISE EXCEPTION 'a second factor stays as it was set up, and a code works once'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER second_factors_stay BEFORE UPDATE ON mfa_tokens FOR EACH ROW EXECUTE FUNCTION second_factors_stay();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_request_counts")]
    operations = [
        migrations.RunSQL(GUARD, "DROP TRIGGER sessions_only_end ON sessions; DROP FUNCTION sessions_only_end()"),
        migrations.RunSQL(
            GUARD_FACTORS, "DROP TRIGGER second_factors_stay ON mfa_tokens; DROP FUNCTION second_factors_stay()"
        ),
    ]
