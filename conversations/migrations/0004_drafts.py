"""What somebody is still writing about a case: theirs alone."""

import django.db.models.deletion
import django.db.models.functions.datetime
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

import medichat.db.base
import medichat.db.encrypted
from medichat.db.policies import (
    ME,
    Policy,
    ProtectRows,
    acts_as,
    adds,
    administration,
    case_of_mine_or_waiting,
    changes,
    own,
    reads,
)

# One's own, and only as long as one may see the case.
OWN_DRAFT = f"{acts_as('patient', 'doctor')} AND person_id = {ME} AND (({own()}) OR ({case_of_mine_or_waiting()}))"
# A mark names a case of somebody's: who is no doctor any more has only those on their own cases.
MARK_BEFORE = f"{acts_as('patient', 'doctor')} AND person_id = {ME}"
MARK = f"person_id = {ME} AND ({acts_as('doctor')} OR ({own()}))"
SAME_PATIENT = (
    "ALTER TABLE drafts ADD CONSTRAINT drafts_same_patient "
    "FOREIGN KEY (conversation_id, patient_id) REFERENCES conversations (id, patient_id)"
)


class Migration(migrations.Migration):
    dependencies = [
        ("conversations", "0003_files_of_the_previous_system"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Draft",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=medichat.db.base.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                (
                    "updated_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                ("content", medichat.db.encrypted.EncryptedTextField()),
                (
                    "conversation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="drafts",
                        to="conversations.conversation",
                    ),
                ),
                (
                    "patient",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "db_table": "drafts",
                "abstract": False,
                "indexes": [models.Index(fields=["updated_at"], name="drafts_by_age")],
                "constraints": [models.UniqueConstraint(fields=("person", "conversation"), name="drafts_once")],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="draft",
            trigger=pgtrigger.compiler.Trigger(
                name="stamp_times",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="IF TG_OP = 'INSERT' THEN NEW.created_at := now(); NEW.updated_at := now(); ELSE NEW.created_at := OLD.created_at; NEW.updated_at := clock_timestamp(); END IF; RETURN NEW;",
                    hash="0473127ee1bdf8c7fc30ec0a9deff5e36c54a361",
                    operation="INSERT OR UPDATE",
                    pgid="pgtrigger_stamp_times_82102",
                    table="drafts",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.RunSQL(SAME_PATIENT, "ALTER TABLE drafts DROP CONSTRAINT drafts_same_patient"),
        ProtectRows(
            "drafts",
            [
                *administration(),
                reads("own_drafts", OWN_DRAFT),
                adds("own_drafts_begun", OWN_DRAFT),
                changes("own_drafts_changed", OWN_DRAFT),
                Policy("own_drafts_discarded", "DELETE", using=OWN_DRAFT),
            ],
        ),
        migrations.RunSQL(
            f"ALTER POLICY own_marks ON conversation_archives USING ({MARK})",
            f"ALTER POLICY own_marks ON conversation_archives USING ({MARK_BEFORE})",
        ),
    ]
