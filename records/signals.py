"""What happened to a chart, told inside the transaction in which it happened."""

from collections.abc import Collection
from typing import Any

from django.dispatch import Signal

from accounts.models import User

# Receivers get ``sender`` (the model), ``by`` (a User), ``patient_id``, ``resource_type`` (the model's name),
# ``resource_id``, ``action`` ('added', 'corrected', 'ended', 'entered_in_error', 'stated', 'withdrawn', 'removed') and
# ``fields`` (names only, never what they hold).
chart_changed = Signal()

# A doctor ended an emergency access before its time, or named nobody whom there is. That one began, its row tells.
emergency_access_ended = Signal()  # access (EmergencyAccess), by
emergency_access_refused = Signal()  # by; what was typed is never passed on

# Somebody made a report: ``by``, ``report`` (its slug), ``form`` ('page' or 'csv'), ``rows`` (how many it gave).
report_made = Signal()


def tell(row: Any, action: str, *, by: User, fields: Collection[str]) -> None:
    """Send ``chart_changed`` about a row that belongs to a patient."""
    chart_changed.send(
        type(row),
        by=by,
        patient_id=row.patient_id,
        resource_type=row._meta.model_name,
        resource_id=row.pk,
        action=action,
        fields=list(fields),
    )
