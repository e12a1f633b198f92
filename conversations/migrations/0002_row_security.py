"""Who may see and change conversations and what belongs to them."""

from django.db import migrations

from medichat.db.policies import (
    ME,
    MY_PATIENTS,
    OPEN_CASES,
    ROLE,
    Policy,
    ProtectRows,
    adds,
    administration,
    cared_for,
    case_of_mine_or_waiting,
    changes,
    own,
    reads,
)

# While the patient still talks to the assistant, no doctor looks on.
DOCTORS_CASE = (
    f"{ROLE} = 'doctor' AND status IS DISTINCT FROM 'in_progress' "
    f"AND (doctor_id = {ME} OR patient_id IN ({MY_PATIENTS}) OR id IN ({OPEN_CASES}))"
)
OWN_MARK = f"{ROLE} IN ('patient', 'doctor') AND person_id = {ME}"


class Migration(migrations.Migration):
    dependencies = [("conversations", "0001_initial"), ("records", "0002_row_security")]
    operations = [
        ProtectRows(
            "conversations",
            [
                *administration(),
                reads("patient_reads", own()),
                adds("patient_adds", own()),
                changes("patient_changes", own()),
                reads("doctor_reads", DOCTORS_CASE),
                changes("doctor_changes", DOCTORS_CASE),
            ],
        ),
        *[
            ProtectRows(
                table,
                [
                    *administration(),
                    reads("patient_reads", own()),
                    adds("patient_adds", own()),
                    reads("doctor_reads", case_of_mine_or_waiting()),
                ],
            )
            for table in ("messages", "attachments", "red_flags", "conversation_words")
        ],
        ProtectRows(
            "symptoms",
            [
                *administration(),
                reads("patient_reads", own()),
                adds("patient_adds", own()),
                # The intake writes its findings anew after each message.
                Policy("patient_replaces", "DELETE", using=own()),
                reads("doctor_reads", case_of_mine_or_waiting()),
                adds("doctor_adds", cared_for()),
                changes("doctor_changes", cared_for()),
            ],
        ),
        ProtectRows(
            "conversation_archives",
            [
                *administration(),
                reads("own_marks", OWN_MARK),
                adds("own_marks_added", f"{OWN_MARK} AND (({own()}) OR ({case_of_mine_or_waiting()}))"),
                Policy("own_marks_removed", "DELETE", using=OWN_MARK),
            ],
        ),
        ProtectRows(
            "private_notes",
            [
                *administration(),
                reads("doctor_reads", cared_for()),
                adds("doctor_adds", f"{cared_for()} AND author_id = {ME}"),
            ],
        ),
    ]
