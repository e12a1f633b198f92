"""The search words of a patient's name are no record of their own: they go with an account that is deleted."""

from django.db import migrations

FORGET_PATIENT_NAMES = """
CREATE FUNCTION forget_patient_names() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM search_words WHERE entry_id = OLD.id AND patient_id = OLD.id;
    RETURN OLD;
END $$;
CREATE TRIGGER forget_patient_names BEFORE DELETE ON users FOR EACH ROW EXECUTE FUNCTION forget_patient_names();
"""


class Migration(migrations.Migration):
    dependencies = [("records", "0003_emergency_access"), ("accounts", "0005_accounts_never_used")]
    operations = [
        migrations.RunSQL(
            FORGET_PATIENT_NAMES, "DROP TRIGGER forget_patient_names ON users; DROP FUNCTION forget_patient_names()"
        )
    ]
