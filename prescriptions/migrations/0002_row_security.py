"""Who may see and change prescriptions and the alerts that were overridden."""

from django.db import migrations

from medichat.db.policies import (
    ME,
    ProtectRows,
    adds,
    administration,
    cared_for,
    changes,
    chart_of_mine_or_waiting,
    own,
    reads,
)


class Migration(migrations.Migration):
    dependencies = [("prescriptions", "0001_initial"), ("conversations", "0002_row_security")]
    operations = [
        # A prescription belongs to the patient of its case, an alert to that of its prescription.
        migrations.RunSQL(
            "ALTER TABLE prescriptions ADD CONSTRAINT prescriptions_with_patient UNIQUE (id, patient_id), "
            "ADD CONSTRAINT prescriptions_same_patient "
            "FOREIGN KEY (conversation_id, patient_id) REFERENCES conversations (id, patient_id);"
            "ALTER TABLE prescription_alerts ADD CONSTRAINT prescription_alerts_same_patient "
            "FOREIGN KEY (prescription_id, patient_id) REFERENCES prescriptions (id, patient_id)",
            "ALTER TABLE prescription_alerts DROP CONSTRAINT prescription_alerts_same_patient;"
            "ALTER TABLE prescriptions DROP CONSTRAINT prescriptions_same_patient, "
            "DROP CONSTRAINT prescriptions_with_patient",
        ),
        ProtectRows(
            "prescriptions",
            [
                *administration(),
                reads("patient_reads", own()),
                reads("doctor_reads", chart_of_mine_or_waiting()),
                adds("doctor_adds", f"{cared_for()} AND doctor_id = {ME}"),
                changes("doctor_changes", cared_for()),
            ],
        ),
        ProtectRows(
            "prescription_alerts",
            [
                *administration(),
                reads("doctor_reads", cared_for()),
                adds("doctor_adds", f"{cared_for()} AND overridden_by_id = {ME}"),
            ],
        ),
    ]
