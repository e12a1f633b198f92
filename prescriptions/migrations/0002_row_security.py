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
