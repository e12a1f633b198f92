"""Emergency access: a kind of reason, a longest time, whom it is told, and what administrators think of it."""

import datetime

import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
import django.db.models.functions.text
import django.db.models.lookups
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

import medichat.db.base
import medichat.db.encrypted
from medichat.db.policies import ProtectRows, administration

# What there is from before says no kind of reason.
NAME_EARLIER_REASONS = """
SELECT set_config('medichat.role', 'system', true);
UPDATE care_relations SET emergency_reason = 'other' WHERE kind = 'break_glass';
SELECT set_config('medichat.role', '', true);
"""

# A doctor without a relation sees nobody, and still must be able to name the one person in front of them: by two facts
# that only somebody who has the patient or their papers before them knows.
PATIENT_IN_EMERGENCY = """
CREATE FUNCTION patient_in_emergency(number bigint, born date) RETURNS uuid
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    found uuid;
BEGIN
    IF current_setting('medichat.role', true) IS DISTINCT FROM 'doctor' THEN
        RETURN NULL;
    END IF;
    PERFORM set_config('medichat.role', 'system', true);
    SELECT u.id INTO found FROM users u WHERE u.record_number = number AND u.date_of_birth = born AND u.role = 'patient';
    PERFORM set_config('medichat.role', 'doctor', true);
    RETURN found;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("records", "0002_row_security"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="EmergencyReview",
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
                (
                    "verdict",
                    models.CharField(
                        choices=[
                            ("justified", "Justified"),
                            ("questioned", "To be talked about with the doctor"),
                            ("unjustified", "Not justified"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "note",
                    medichat.db.encrypted.EncryptedTextField(
                        blank=True, null=True, help_text="What was found out, and what follows from it."
                    ),
                ),
            ],
            options={
                "verbose_name": "review of an emergency access",
                "verbose_name_plural": "reviews of emergency accesses",
                "db_table": "emergency_reviews",
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="EmergencyAccess",
            fields=[],
            options={
                "verbose_name": "emergency access",
                "verbose_name_plural": "emergency accesses",
                "ordering": ["-valid_from"],
                "proxy": True,
                "indexes": [],
                "constraints": [],
            },
            bases=("records.carerelation",),
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="carerelation",
            name="doctors_may_not_help_themselves",
        ),
        migrations.RemoveConstraint(
            model_name="carerelation",
            name="care_relations_break_glass_has_reason_and_end",
        ),
        migrations.AddField(
            model_name="carerelation",
            name="administrators_told_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="carerelation",
            name="emergency_reason",
            field=models.CharField(
                blank=True,
                choices=[
                    ("danger", "The patient is in danger and cannot wait"),
                    ("unable", "The patient cannot speak for themselves"),
                    ("covering", "The doctor who treats the patient cannot be reached"),
                    ("asked", "The patient is here and has asked for it"),
                    ("other", "Another urgent reason"),
                ],
                db_default="",
                default="",
                max_length=20,
            ),
        ),
        migrations.RunSQL(NAME_EARLIER_REASONS, migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name="carerelation",
            index=models.Index(
                condition=models.Q(("kind", "break_glass")),
                fields=["doctor", "valid_until"],
                name="care_relations_emergencies",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="carerelation",
            trigger=pgtrigger.compiler.Trigger(
                name="doctors_may_not_help_themselves",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE acting text := coalesce(current_setting('medichat.role', true), ''); grounds text[];",
                    func="\n                    IF acting IN ('admin', 'system') THEN RETURN NEW; END IF;\n                    IF TG_OP = 'UPDATE' THEN\n                        -- A relation can be ended, earlier than it would, and nothing else.\n                        IF (NEW.id, NEW.patient_id, NEW.doctor_id, NEW.case_id, NEW.kind, NEW.valid_from,\n                            NEW.emergency_reason, NEW.administrators_told_at)\n                            IS DISTINCT FROM\n                            (OLD.id, OLD.patient_id, OLD.doctor_id, OLD.case_id, OLD.kind, OLD.valid_from,\n                            OLD.emergency_reason, OLD.administrators_told_at)\n                            OR (OLD.valid_until IS NOT NULL\n                                AND (NEW.valid_until IS NULL OR NEW.valid_until > OLD.valid_until))\n                            OR (NEW.reason IS DISTINCT FROM OLD.reason AND OLD.doctor_id IS NOT NULL) THEN\n                            RAISE EXCEPTION 'a relation can only be ended'\n                                USING ERRCODE = 'insufficient_privilege';\n                        END IF;\n                        IF acting <> 'doctor' OR OLD.doctor_id IS NOT NULL THEN RETURN NEW; END IF;\n                        grounds := ARRAY['claimed'];  -- who has taken a case ends its waiting\n                    ELSE\n                        IF acting <> 'doctor' THEN RETURN NEW; END IF;\n                        IF NEW.kind = 'break_glass' THEN\n                            -- A later beginning would be a later end, and the periodic work must still tell of it.\n                            IF NEW.valid_from > clock_timestamp() + interval '1 minute'\n                               OR NEW.administrators_told_at IS NOT NULL THEN\n                                RAISE EXCEPTION 'break-glass access begins now, and others are told of it'\n                                    USING ERRCODE = 'insufficient_privilege';\n                            END IF;\n                            RETURN NEW;\n                        END IF;\n                        grounds := CASE NEW.kind\n                            WHEN 'claimed' THEN ARRAY['waiting']\n                            WHEN 'answered' THEN ARRAY['claimed']\n                            WHEN 'waiting' THEN ARRAY['claimed']  -- given back\n                            ELSE ARRAY[]::text[]  -- only an administrator assigns\n                        END;\n                    END IF;\n                    IF EXISTS (\n                        SELECT FROM care_relations r\n                        WHERE r.patient_id = NEW.patient_id AND r.case_id = NEW.case_id AND r.kind = ANY (grounds)\n                          AND (r.doctor_id IS NULL\n                               OR r.doctor_id = nullif(current_setting('medichat.user_id', true), '')::uuid)\n                          AND (r.valid_until IS NULL OR r.valid_until > now())\n                    ) THEN RETURN NEW; END IF;\n                    RAISE EXCEPTION 'a doctor without a waiting or claimed case needs break-glass access'\n                        USING ERRCODE = 'insufficient_privilege';\n                ",
                    hash="335706853d19a16c8d10494c0c20de3d8d414dc7",
                    operation="INSERT OR UPDATE",
                    pgid="pgtrigger_doctors_may_not_help_themselves_364e9",
                    table="care_relations",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="carerelation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "break_glass"), _negated=True),
                    models.Q(
                        ("valid_until__isnull", False),
                        models.Q(("emergency_reason", ""), _negated=True),
                        django.db.models.lookups.GreaterThanOrEqual(
                            django.db.models.functions.text.Length(django.db.models.functions.text.Trim("reason")), 10
                        ),
                    ),
                    _connector="OR",
                ),
                name="care_relations_break_glass_has_reason_and_end",
                violation_error_message="Emergency access needs a kind of reason, a reason of 10 characters at least, and an end.",
            ),
        ),
        migrations.AddConstraint(
            model_name="carerelation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "break_glass"), _negated=True),
                    (
                        "valid_until__lte",
                        django.db.models.expressions.CombinedExpression(
                            models.F("valid_from"), "+", models.Value(datetime.timedelta(seconds=14400))
                        ),
                    ),
                    _connector="OR",
                ),
                name="care_relations_break_glass_is_short",
                violation_error_message="Emergency access lasts four hours at most.",
            ),
        ),
        migrations.AddConstraint(
            model_name="carerelation",
            constraint=models.CheckConstraint(
                condition=models.Q(("emergency_reason__in", ["", "danger", "unable", "covering", "asked", "other"])),
                name="care_relations_emergency_reason",
            ),
        ),
        migrations.AddField(
            model_name="emergencyreview",
            name="patient",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="emergencyreview",
            name="relation",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="review",
                to="records.carerelation",
                verbose_name="access",
            ),
        ),
        migrations.AddField(
            model_name="emergencyreview",
            name="reviewed_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddConstraint(
            model_name="emergencyreview",
            constraint=models.CheckConstraint(
                condition=models.Q(("verdict__in", ["justified", "questioned", "unjustified"])),
                name="emergency_reviews_verdict",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="emergencyreview",
            trigger=pgtrigger.compiler.Trigger(
                name="stamp_times",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="IF TG_OP = 'INSERT' THEN NEW.created_at := now(); NEW.updated_at := now(); ELSE NEW.created_at := OLD.created_at; NEW.updated_at := clock_timestamp(); END IF; RETURN NEW;",
                    hash="a526bf94b47d13155034095bd049f6da3e3b89d3",
                    operation="INSERT OR UPDATE",
                    pgid="pgtrigger_stamp_times_11e5f",
                    table="emergency_reviews",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.RunSQL(PATIENT_IN_EMERGENCY, "DROP FUNCTION patient_in_emergency(bigint, date)"),
        # What administrators think of a doctor's act is for administrators.
        ProtectRows("emergency_reviews", administration()),
    ]
