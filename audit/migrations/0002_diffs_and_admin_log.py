"""The tables in which django-auditlog and the admin keep who changed what hold patient data: protected like the rest."""

from django.db import migrations

from medichat.db.policies import ME, Policy, ProtectRows, acts_as, adds, reads

ADMINISTRATION = acts_as("admin", "system")

# Who acts is what the database knows, whatever the application believes; Django reads the new id back, which the
# policy allows for one's own acts only.
ACTOR = """
CREATE FUNCTION name_the_actor() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    NEW.actor_id := coalesce(nullif(current_setting('medichat.user_id', true), '')::uuid, NEW.actor_id);
    RETURN NEW;
END $$;
CREATE TRIGGER name_the_actor BEFORE INSERT ON auditlog_logentry FOR EACH ROW EXECUTE FUNCTION name_the_actor();
"""
NO_ACTOR = "DROP TRIGGER name_the_actor ON auditlog_logentry; DROP FUNCTION name_the_actor()"


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0001_initial"),
        ("auditlog", "0017_add_actor_email"),
        ("admin", "0003_logentry_add_action_flag_choices"),
    ]
    operations = [
        migrations.RunSQL(ACTOR, NO_ACTOR),
        ProtectRows(
            "auditlog_logentry",
            [
                reads("administration_reads", ADMINISTRATION),
                reads("own_acts", f"actor_id = {ME}"),
                # Without a context nothing can be changed, so there is nothing to note.
                adds("whoever_acts_adds", f"{ME} IS NOT NULL OR {ADMINISTRATION}"),
            ],
        ),
        migrations.RunSQL(
            "SELECT keep_only_privileges('auditlog_logentry', ARRAY['SELECT', 'INSERT'])", migrations.RunSQL.noop
        ),
        ProtectRows(
            "django_admin_log",
            [
                reads("administration_reads", ADMINISTRATION),
                reads("own_acts", f"user_id = {ME}"),
                adds("own_acts_add", f"user_id = {ME} OR {ADMINISTRATION}"),
                Policy("system_deletes", "DELETE", using=acts_as("system")),
            ],
        ),
    ]
