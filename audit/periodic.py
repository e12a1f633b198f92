"""What the record needs from time to time: seals, months ahead, and the end of emergency access."""

from datetime import timedelta

from django.db import connection
from django.utils import timezone

from audit.actions import Action, Purpose
from audit.models import ActivityLog
from audit.record import record
from audit.seal import seal_log
from audit.seals_file import SealError
from medichat.periodic import JobFailed, job
from records.models import CareRelation

MONTHS_AHEAD = 24
ENDS_LOOKED_FOR = timedelta(days=7)  # should nothing have run for so long, older ends are not noted any more


@job("note the end of emergency access")
def note_ended_break_glass() -> str:
    """Emergency access ends by itself, by its time; that it did is put on the record once."""
    now = timezone.now()
    over = CareRelation.objects.filter(
        kind=CareRelation.Kind.BREAK_GLASS, valid_until__lte=now, valid_until__gt=now - ENDS_LOOKED_FOR
    ).order_by("valid_until")
    relations = list(over.select_related("doctor"))
    noted = set(
        ActivityLog.objects.filter(
            action=Action.BREAK_GLASS_ENDED, resource_id__in=[str(relation.pk) for relation in relations]
        ).values_list("resource_id", flat=True)
    )
    ended = [relation for relation in relations if str(relation.pk) not in noted]
    for relation in ended:
        record(
            Action.BREAK_GLASS_ENDED,
            actor=None,
            patient_id=relation.patient_id,
            resource_type="care_relation",
            resource_id=relation.pk,
            purpose=Purpose.BREAK_GLASS,
            codes={"doctor": str(relation.doctor_id)},
        )
    return f"{len(ended)} ended"


@job("make months of the log ahead")
def make_partitions() -> str:
    """Two years ahead. A month of which rows lie in the default partition already stays there, and nothing is lost."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT partition, result FROM ensure_activity_log_partitions(%s)", [MONTHS_AHEAD])
        results = dict(cursor.fetchall())
    kept = sorted(name for name, result in results.items() if "default" in result)
    said = f"{sum(result == 'made' for result in results.values())} made"
    return f"{said}; rows in the default partition stand in for {', '.join(kept)}" if kept else said


@job("seal the log", own_transactions=True, last=True)
def seal() -> str:
    """After the other jobs, so that what they wrote is sealed as well. JobFailed when the seals cannot be exported."""
    try:
        return f"{seal_log()} row(s) sealed"
    except SealError as error:
        raise JobFailed(str(error)) from error
    except OSError as error:
        raise JobFailed(f"AUDIT_SEALS_FILE cannot be written: {error}") from error
