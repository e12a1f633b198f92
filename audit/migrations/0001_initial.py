"""The activity log: partitioned by month, append-only for everybody; and the seals over it.

The log's SQL is written by hand: Django cannot say partitions. Its constraints and indexes stand here alone.
"""

import django.utils.timezone
from django.db import migrations, models

import medichat.db.base
import medichat.db.encrypted
from medichat.db.policies import ME, ProtectRows, acts_as, adds, own, reads

LOG = """
CREATE SEQUENCE activity_log_sequence AS bigint;
CREATE TABLE activity_logs (
    id uuid NOT NULL,
    sequence bigint NOT NULL DEFAULT nextval('activity_log_sequence'),
    transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
    occurred_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor_id uuid,
    actor_role varchar(10) CHECK (actor_role IN ('patient', 'doctor', 'admin', 'system', 'anonymous')),
    actor_email bytea,
    action text NOT NULL,
    resource_type text,
    resource_id text,
    patient_id uuid,
    purpose varchar(20) NOT NULL DEFAULT '' CHECK (purpose IN ('', 'own', 'care', 'break_glass', 'administration')),
    method text,
    endpoint text,
    address inet,
    address_text text,
    user_agent text,
    status varchar(10) CHECK (status IN ('success', 'failure', 'error', 'warning')),
    status_code integer,
    description bytea,
    metadata bytea,
    error_message bytea,
    error_stack bytea,
    error_code bytea,
    duration_ms double precision,
    severity varchar(10) CHECK (severity IN ('info', 'warning', 'error', 'critical')),
    request_id uuid,
    legacy_id varchar(120),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (id, occurred_at),
    -- What the system writes itself is complete and in its own words; imported rows may be silent or say other things.
    CONSTRAINT activity_logs_made_here_are_complete CHECK (
        legacy_id IS NOT NULL
        OR (actor_role IS NOT NULL AND status IS NOT NULL AND severity IS NOT NULL AND resource_type IS NOT NULL
            AND actor_email IS NULL AND address_text IS NULL)
    ),
    CONSTRAINT activity_logs_action CHECK (legacy_id IS NOT NULL OR action IN (
        'user.login', 'user.logout', 'user.register', 'user.login.failed', 'user.created', 'user.updated',
        'user.deleted', 'user.activated', 'user.deactivated', 'profile.updated', 'conversation.created',
        'conversation.updated', 'conversation.deleted', 'conversation.archived', 'conversation.unarchived',
        'conversation.assigned', 'message.sent', 'message.received', 'message.read', 'diagnosis.created',
        'prescription.created', 'referral.created', 'file.uploaded', 'file.downloaded', 'file.deleted',
        'admin.report.generated', 'admin.settings.changed', 'admin.backup.created', 'system.startup',
        'system.shutdown', 'system.error', 'user.password.changed', 'user.password.reset_requested',
        'doctor.approved', 'doctor.approval_withdrawn', 'session.ended', 'patient.viewed',
        'conversation.viewed', 'prescription.viewed', 'data.viewed', 'conversation.submitted',
        'conversation.claimed', 'conversation.released', 'conversation.closed',
        'conversation.urgency_raised', 'note.written', 'chart.changed', 'prescription.downloaded',
        'prescription.cancelled', 'prescription.completed', 'prescription.expired',
        'prescription.alert_overridden', 'break_glass.opened', 'break_glass.ended', 'conversation.overdue',
        'emergency.announced', 'request.refused', 'request.failed'
    )),
    CONSTRAINT activity_logs_endpoint_has_no_query CHECK (legacy_id IS NOT NULL OR position('?' IN endpoint) = 0)
) PARTITION BY RANGE (occurred_at);

CREATE UNIQUE INDEX activity_logs_legacy_once ON activity_logs (legacy_id, occurred_at) WHERE legacy_id IS NOT NULL;
CREATE INDEX activity_logs_by_time ON activity_logs (occurred_at, id);
CREATE INDEX activity_logs_of_patient ON activity_logs (patient_id, occurred_at, id) WHERE patient_id IS NOT NULL;
CREATE INDEX activity_logs_of_actor ON activity_logs (actor_id, occurred_at, id) WHERE actor_id IS NOT NULL;
CREATE INDEX activity_logs_by_action ON activity_logs (action, occurred_at, id);
CREATE INDEX activity_logs_of_resource ON activity_logs (resource_id, occurred_at, id) WHERE resource_id IS NOT NULL;
CREATE INDEX activity_logs_of_request ON activity_logs (request_id) WHERE request_id IS NOT NULL;
CREATE INDEX activity_logs_to_attend ON activity_logs (severity, occurred_at, id) WHERE severity <> 'info';
CREATE INDEX activity_logs_to_seal ON activity_logs (transaction_id, sequence);
"""

# Nobody chooses the order, the transaction or the time of writing of a row. (pg_restore makes triggers after the data:
# what it brings back keeps its own, and the seals fit. Inserting a dump's rows into this table would not do.)
STAMP = """
CREATE FUNCTION stamp_activity_log() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    NEW.sequence := nextval('public.activity_log_sequence');
    NEW.transaction_id := pg_current_xact_id();
    NEW.created_at := clock_timestamp();
    RETURN NEW;
END $$;
CREATE TRIGGER stamp BEFORE INSERT ON activity_logs FOR EACH ROW EXECUTE FUNCTION stamp_activity_log();
"""
UNSTAMP = "DROP TRIGGER stamp ON activity_logs; DROP FUNCTION stamp_activity_log()"

REFUSE = """
CREATE FUNCTION refuse_to_change_the_record() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'the record is append-only: % on % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;
"""

# Statement triggers refuse even where row security shows no rows; the row trigger is inherited by every partition.
LOG_IS_APPEND_ONLY = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON activity_logs
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_the_record();
CREATE TRIGGER append_only_rows BEFORE UPDATE OR DELETE ON activity_logs
    FOR EACH ROW EXECUTE FUNCTION refuse_to_change_the_record();
"""
LOG_IS_APPEND_ONLY_NO_MORE = """
DROP TRIGGER append_only ON activity_logs;
DROP TRIGGER append_only_rows ON activity_logs;
"""
SEALS_ARE_APPEND_ONLY = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_seals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_the_record();
"""

# Takes privileges from everybody but the owner, whoever has been granted them by default.
KEEP_ONLY = """
CREATE FUNCTION keep_only_privileges(target regclass, kept text[]) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    granted record;
BEGIN
    FOR granted IN
        SELECT grantee, privilege_type FROM pg_class, aclexplode(relacl)
        WHERE oid = target AND grantee <> relowner AND privilege_type <> ALL (kept)
    LOOP
        EXECUTE format('REVOKE %s ON TABLE %s FROM %s', granted.privilege_type, target,
            CASE granted.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(granted.grantee)) END);
    END LOOP;
END $$;
"""
# The application role cannot create tables; this creates nothing but months of the log, as the owner. A month whose
# rows lie in the default partition already stays there: nothing is moved, and the result says so.
PARTITIONS = """
CREATE FUNCTION ensure_activity_log_partitions(
    months_ahead integer, first_month date DEFAULT NULL, OUT partition text, OUT result text
) RETURNS SETOF record LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    month timestamp := date_trunc('month', coalesce(first_month::timestamp, now() AT TIME ZONE 'UTC'));
    last_month timestamp := date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => months_ahead);
BEGIN
    IF months_ahead NOT BETWEEN 0 AND 60 OR first_month < '2000-01-01' THEN
        RAISE EXCEPTION 'partitions reach from the year 2000 to 60 months ahead';
    END IF;
    WHILE month <= last_month LOOP
        partition := 'activity_logs_' || to_char(month, 'YYYY_MM');
        IF to_regclass('public.' || partition) IS NULL THEN
            BEGIN
                EXECUTE format('CREATE TABLE public.%I PARTITION OF public.activity_logs FOR VALUES FROM (%L) TO (%L)',
                    partition, month AT TIME ZONE 'UTC', (month + interval '1 month') AT TIME ZONE 'UTC');
                PERFORM public.close_activity_log_partition(('public.' || partition)::regclass);
                result := 'made';
            EXCEPTION
                WHEN check_violation THEN result := 'its rows are in the default partition';
                WHEN duplicate_table THEN result := 'made by somebody else meanwhile';
            END;
            RETURN NEXT;
        END IF;
        month := month + interval '1 month';
    END LOOP;
END $$;
CREATE FUNCTION close_activity_log_partition(target regclass) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- Rows are reached through the log and its policies alone; a partition itself shows nothing to anybody.
    PERFORM public.keep_only_privileges(target, ARRAY[]::text[]);
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %s '
        'FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_to_change_the_record()', target);
END $$;
"""
NO_PARTITIONS = """
DROP FUNCTION ensure_activity_log_partitions(integer, date);
DROP FUNCTION close_activity_log_partition(regclass);
"""
OWNERS_ALONE = """
DO $$
DECLARE
    granted record;
BEGIN
    FOR granted IN
        SELECT DISTINCT oid::regprocedure AS name, grantee
        FROM pg_proc, aclexplode(coalesce(proacl, acldefault('f', proowner)))
        WHERE grantee <> proowner AND (
            oid IN ('keep_only_privileges'::regproc, 'close_activity_log_partition'::regproc)
            OR (oid = 'ensure_activity_log_partitions'::regproc AND grantee = 0)
        )
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM %s', granted.name,
            CASE granted.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(granted.grantee)) END);
    END LOOP;
END $$;
"""
# A patient may know who looked at their data, also where no relation shows them that person: name and nothing else, of
# staff who stand in the patient's own rows, and in no other context.
NAMES = """
CREATE FUNCTION names_of_those_who_looked(people uuid[]) RETURNS TABLE (id uuid, first_name text, last_name text)
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    me uuid := nullif(current_setting('medichat.user_id', true), '')::uuid;
BEGIN
    IF me IS NULL OR current_setting('medichat.role', true) IS DISTINCT FROM 'patient' THEN
        RETURN;
    END IF;
    PERFORM set_config('medichat.role', 'system', true);
    RETURN QUERY
        SELECT u.id, u.first_name::text, u.last_name::text FROM users u
        WHERE u.id = ANY (people) AND u.role IN ('doctor', 'admin') AND EXISTS (
            SELECT FROM activity_logs looked WHERE looked.patient_id = me AND looked.actor_id = u.id
        );
    PERFORM set_config('medichat.role', 'patient', true);
END $$;
"""
FIRST_PARTITIONS = """
CREATE TABLE activity_logs_default PARTITION OF activity_logs DEFAULT;
SELECT close_activity_log_partition('activity_logs_default');
SELECT partition FROM ensure_activity_log_partitions(24);
"""


ADMINISTRATION = acts_as("admin", "system")


class Migration(migrations.Migration):
    initial = True
    dependencies = [("medichat", "0001_foundation"), ("accounts", "0002_row_security")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(LOG, "DROP TABLE activity_logs; DROP SEQUENCE activity_log_sequence"),
                migrations.RunSQL(STAMP, UNSTAMP),
                migrations.RunSQL(REFUSE, "DROP FUNCTION refuse_to_change_the_record()"),
                migrations.RunSQL(LOG_IS_APPEND_ONLY, LOG_IS_APPEND_ONLY_NO_MORE),
                migrations.RunSQL(KEEP_ONLY, "DROP FUNCTION keep_only_privileges(regclass, text[])"),
                migrations.RunSQL(PARTITIONS, NO_PARTITIONS),
                migrations.RunSQL(OWNERS_ALONE, migrations.RunSQL.noop),
                ProtectRows(
                    "activity_logs",
                    [
                        reads("administration_reads", ADMINISTRATION),
                        reads("patient_reads", own()),
                        reads("doctor_reads_own_acts", f"{acts_as('doctor')} AND actor_id = {ME}"),
                        # Whoever acts is recorded, signed in or not, but nobody under another's name; only an import
                        # writes rows of another system.
                        adds(
                            "everybody_adds",
                            f"(legacy_id IS NULL AND (actor_id IS NULL OR actor_id = {ME})) OR {ADMINISTRATION}",
                        ),
                    ],
                ),
                migrations.RunSQL(
                    "SELECT keep_only_privileges('activity_logs', ARRAY['SELECT', 'INSERT'])", migrations.RunSQL.noop
                ),
                migrations.RunSQL(FIRST_PARTITIONS, migrations.RunSQL.noop),
                migrations.RunSQL(NAMES, "DROP FUNCTION names_of_those_who_looked(uuid[])"),
            ],
            state_operations=[
                migrations.CreateModel(
                    name="ActivityLog",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=medichat.db.base.new_id, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("sequence", models.BigIntegerField(editable=False, null=True)),
                        ("occurred_at", models.DateTimeField(default=django.utils.timezone.now)),
                        ("actor_id", models.UUIDField(blank=True, null=True)),
                        (
                            "actor_role",
                            models.CharField(
                                choices=[
                                    ("patient", "Patient"),
                                    ("doctor", "Doctor"),
                                    ("admin", "Administrator"),
                                    ("system", "System"),
                                    ("anonymous", "Not signed in"),
                                ],
                                max_length=10,
                                null=True,
                            ),
                        ),
                        (
                            "actor_email",
                            medichat.db.encrypted.EncryptedTextField(
                                blank=True, help_text="What an imported row held; often typed text.", null=True
                            ),
                        ),
                        (
                            "action",
                            models.TextField(
                                choices=[
                                    ("user.login", "Signed in"),
                                    ("user.logout", "Signed out"),
                                    ("user.register", "Registered"),
                                    ("user.login.failed", "Sign-in failed"),
                                    ("user.created", "Account created"),
                                    ("user.updated", "Account changed"),
                                    ("user.deleted", "Account deleted"),
                                    ("user.activated", "Account activated"),
                                    ("user.deactivated", "Account deactivated"),
                                    ("profile.updated", "Profile changed"),
                                    ("conversation.created", "Consultation started"),
                                    ("conversation.updated", "Consultation changed"),
                                    ("conversation.deleted", "Consultation deleted"),
                                    ("conversation.archived", "Consultation put away"),
                                    ("conversation.unarchived", "Consultation brought back"),
                                    ("conversation.assigned", "Case assigned"),
                                    ("message.sent", "Message sent"),
                                    ("message.received", "Message received"),
                                    ("message.read", "Answer read"),
                                    ("diagnosis.created", "Answered with a diagnosis"),
                                    ("prescription.created", "Prescribed"),
                                    ("referral.created", "Referred"),
                                    ("file.uploaded", "File attached"),
                                    ("file.downloaded", "File downloaded"),
                                    ("file.deleted", "File deleted"),
                                    ("admin.report.generated", "Report generated"),
                                    ("admin.settings.changed", "Settings changed"),
                                    ("admin.backup.created", "Backup made"),
                                    ("system.startup", "System started"),
                                    ("system.shutdown", "System stopped"),
                                    ("system.error", "System error"),
                                    ("user.password.changed", "Password changed"),
                                    ("user.password.reset_requested", "Password reset asked for"),
                                    ("doctor.approved", "Doctor approved"),
                                    ("doctor.approval_withdrawn", "Doctor's approval withdrawn"),
                                    ("session.ended", "Session ended"),
                                    ("patient.viewed", "Patient's record viewed"),
                                    ("conversation.viewed", "Consultation viewed"),
                                    ("prescription.viewed", "Prescription viewed"),
                                    ("data.viewed", "Patient data viewed"),
                                    ("conversation.submitted", "Case put into the queue"),
                                    ("conversation.claimed", "Case taken"),
                                    ("conversation.released", "Case given back"),
                                    ("conversation.closed", "Consultation closed"),
                                    ("conversation.urgency_raised", "Urgency raised"),
                                    ("note.written", "Private note written"),
                                    ("chart.changed", "Chart changed"),
                                    ("prescription.downloaded", "Prescription downloaded"),
                                    ("prescription.cancelled", "Prescription cancelled"),
                                    ("prescription.completed", "Prescription completed"),
                                    ("prescription.expired", "Prescription expired"),
                                    ("prescription.alert_overridden", "Safety alert overridden"),
                                    ("break_glass.opened", "Emergency access opened"),
                                    ("break_glass.ended", "Emergency access ended"),
                                    ("conversation.overdue", "Case raised because it waited too long"),
                                    ("emergency.announced", "Doctors told of an unclaimed emergency"),
                                    ("request.refused", "Request refused"),
                                    ("request.failed", "Request failed"),
                                ],
                            ),
                        ),
                        ("resource_type", models.TextField(blank=True, null=True)),
                        ("resource_id", models.TextField(blank=True, null=True)),
                        ("patient_id", models.UUIDField(blank=True, null=True)),
                        (
                            "purpose",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("own", "Own record"),
                                    ("care", "Care"),
                                    ("break_glass", "Emergency access"),
                                    ("administration", "Administration"),
                                ],
                                max_length=20,
                            ),
                        ),
                        ("method", models.TextField(blank=True, null=True)),
                        ("endpoint", models.TextField(blank=True, help_text="The path, without its query.", null=True)),
                        ("address", models.GenericIPAddressField(blank=True, null=True)),
                        (
                            "address_text",
                            models.TextField(
                                blank=True, help_text="An imported address that is not a single one.", null=True
                            ),
                        ),
                        ("user_agent", models.TextField(blank=True, null=True)),
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("success", "Success"),
                                    ("failure", "Refused"),
                                    ("error", "Error"),
                                    ("warning", "Warning"),
                                ],
                                max_length=10,
                                null=True,
                            ),
                        ),
                        ("status_code", models.IntegerField(blank=True, null=True)),
                        ("description", medichat.db.encrypted.EncryptedTextField(blank=True, null=True)),
                        (
                            "metadata",
                            medichat.db.encrypted.EncryptedTextField(blank=True, help_text="JSON.", null=True),
                        ),
                        ("error_message", medichat.db.encrypted.EncryptedTextField(blank=True, null=True)),
                        ("error_stack", medichat.db.encrypted.EncryptedTextField(blank=True, null=True)),
                        ("error_code", medichat.db.encrypted.EncryptedTextField(blank=True, null=True)),
                        ("duration_ms", models.FloatField(blank=True, null=True)),
                        (
                            "severity",
                            models.CharField(
                                choices=[
                                    ("info", "Information"),
                                    ("warning", "Warning"),
                                    ("error", "Error"),
                                    ("critical", "Critical"),
                                ],
                                max_length=10,
                                null=True,
                            ),
                        ),
                        ("request_id", models.UUIDField(blank=True, null=True)),
                        ("legacy_id", models.CharField(blank=True, editable=False, max_length=120, null=True)),
                        ("created_at", models.DateTimeField(editable=False, null=True)),
                    ],
                    options={
                        "verbose_name": "activity",
                        "verbose_name_plural": "activity log",
                        "db_table": "activity_logs",
                    },
                ),
            ],
        ),
        migrations.CreateModel(
            name="AuditSeal",
            fields=[
                ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                ("floor_sequence", models.BigIntegerField()),
                ("after_transaction", models.BigIntegerField()),
                ("after_sequence", models.BigIntegerField()),
                ("to_transaction", models.BigIntegerField()),
                ("to_sequence", models.BigIntegerField()),
                ("highest_sequence", models.BigIntegerField()),
                ("row_count", models.IntegerField()),
                ("rows", models.BinaryField()),
                ("previous_hash", models.BinaryField()),
                ("hash", models.BinaryField()),
                ("signature", models.BinaryField()),
                ("sealed_at", models.DateTimeField()),
            ],
            options={
                "db_table": "audit_seals",
                "ordering": ["number"],
            },
        ),
        ProtectRows(
            "audit_seals",
            [reads("administration_reads", ADMINISTRATION), adds("system_adds", acts_as("system"))],
        ),
        migrations.RunSQL(SEALS_ARE_APPEND_ONLY, "DROP TRIGGER append_only ON audit_seals"),
        migrations.RunSQL(
            "SELECT keep_only_privileges('audit_seals', ARRAY['SELECT', 'INSERT'])", migrations.RunSQL.noop
        ),
    ]
