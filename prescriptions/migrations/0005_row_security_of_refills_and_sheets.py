"""Who may see and change sheets, what was dispensed, and requests for refills; and what a sheet's code opens."""

from django.db import migrations

from medichat.db.policies import (
    ME,
    SIGN_IN_KEY,
    AddPolicies,
    Policy,
    ProtectRows,
    acts_as,
    adds,
    administration,
    cared_for,
    changes,
    chart_of_mine_or_waiting,
    own,
    reads,
)

# Everything of a patient's belongs to that patient: a sheet to its case, an item to its sheet, a request and what came
# of it to a prescription.
SAME_PATIENT = (
    ("prescription_sheets", "conversation_id", "conversations (id, patient_id)"),
    ("prescriptions", "sheet_hash", "prescription_sheets (code_hash, patient_id)"),
    ("prescriptions", "renews_id", "prescriptions (id, patient_id)"),
    ("prescription_fills", "prescription_id", "prescriptions (id, patient_id)"),
    ("refill_requests", "prescription_id", "prescriptions (id, patient_id)"),
    ("refill_requests", "renewal_id", "prescriptions (id, patient_id)"),
)


def _same_patient(table: str, column: str, referred: str) -> migrations.RunSQL:
    name = f"{table}_{column}_same_patient"
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY ({column}, patient_id) REFERENCES {referred}",
        f"ALTER TABLE {table} DROP CONSTRAINT {name}",
    )


class Migration(migrations.Migration):
    dependencies = [("prescriptions", "0004_refills_and_sheets"), ("records", "0002_row_security")]
    operations = [
        migrations.RunSQL(
            "ALTER TABLE prescription_sheets ADD CONSTRAINT sheets_with_patient UNIQUE (code_hash, patient_id)",
            "ALTER TABLE prescription_sheets DROP CONSTRAINT sheets_with_patient",
        ),
        *[_same_patient(*rule) for rule in SAME_PATIENT],
        ProtectRows(
            "prescription_sheets",
            [
                *administration(),
                reads("patient_reads", own()),
                reads("doctor_reads", chart_of_mine_or_waiting()),
                adds("doctor_adds", f"{cared_for()} AND doctor_id = {ME}"),
                # Whoever has the paper: this one sheet and its items, by the hash of the code.
                reads("verifier_reads", f"{acts_as('verify')} AND code_hash = {SIGN_IN_KEY}"),
            ],
        ),
        AddPolicies("prescriptions", [reads("verifier_reads", f"{acts_as('verify')} AND sheet_hash = {SIGN_IN_KEY}")]),
        ProtectRows(
            "prescription_fills",
            [
                *administration(),
                reads("patient_reads", own()),
                reads("doctor_reads", chart_of_mine_or_waiting()),
                adds("doctor_adds", f"{cared_for()} AND recorded_by_id = {ME}"),
            ],
        ),
        ProtectRows(
            "refill_requests",
            [
                *administration(),
                reads("patient_reads", own()),
                adds("patient_adds", f"{own()} AND status = 'waiting'"),
                # The patient may only take it back; what was decided stays.
                Policy(
                    "patient_changes",
                    "UPDATE",
                    using=f"{own()} AND status = 'waiting'",
                    check=f"{own()} AND status IN ('waiting', 'withdrawn')",
                ),
                reads("doctor_reads", cared_for()),
                changes("doctor_changes", cared_for()),
            ],
        ),
    ]
