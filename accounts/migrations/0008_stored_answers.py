"""What the API answered to acts that a client named by a key: each person's own."""

import django.db.models.deletion
import django.db.models.functions.datetime
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

import medichat.db.base
import medichat.db.encrypted
from medichat.db.policies import ME, ProtectRows, acts_as, adds, administration, reads

# Who has lost the role in which it was answered does not see it again: it may hold patients' data.
OWN = f"{acts_as('patient', 'doctor', 'admin')} AND person_id = {ME}"


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_only_what_it_was"),
    ]

    operations = [
        migrations.CreateModel(
            name="StoredAnswer",
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
                ("key_hash", models.CharField(max_length=64)),
                ("request_hash", models.CharField(max_length=64)),
                ("status_code", models.PositiveSmallIntegerField()),
                ("body", medichat.db.encrypted.EncryptedTextField()),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "db_table": "stored_answers",
                "abstract": False,
                "indexes": [models.Index(fields=["created_at"], name="stored_answers_by_age")],
                "constraints": [models.UniqueConstraint(fields=("person", "key_hash"), name="stored_answers_once")],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="storedanswer",
            trigger=pgtrigger.compiler.Trigger(
                name="stamp_times",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="IF TG_OP = 'INSERT' THEN NEW.created_at := now(); NEW.updated_at := now(); ELSE NEW.created_at := OLD.created_at; NEW.updated_at := clock_timestamp(); END IF; RETURN NEW;",
                    hash="b83756b7a71693936fbf331ca0f17381fc8e8907",
                    operation="INSERT OR UPDATE",
                    pgid="pgtrigger_stamp_times_219bf",
                    table="stored_answers",
                    when="BEFORE",
                ),
            ),
        ),
        ProtectRows(
            "stored_answers",
            [
                *administration(),
                reads("own_answers", OWN),
                adds("own_answers_kept", OWN),
            ],
        ),
    ]
