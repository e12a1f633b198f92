"""Writing the record: one row for each act, in the transaction of the act.

What cannot be recorded does not happen: nothing here catches an exception. Values, clinical text and addresses of
people never go in; field names and codes do.
"""

import json
import uuid
from collections.abc import Mapping, Sequence

from django.db.models import Func
from django.db.models.fields import DateTimeField

from accounts.models import Role, User
from audit.actions import Action, ActorRole, Purpose, Severity, Status
from audit.models import ActivityLog
from audit.request import endpoint, facts_of_request
from records.models.emergency import only_in_emergency

Code = str | int | bool | None | Sequence[str]


class ClockTimestamp(Func):
    """The database's time now, not that of the transaction's begin."""

    function = "clock_timestamp"
    output_field = DateTimeField()


def record(
    action: Action,
    *,
    actor: User | None,
    actor_role: ActorRole | None = None,
    patient_id: uuid.UUID | None = None,
    resource_type: str,
    resource_id: uuid.UUID | str | None = None,
    purpose: Purpose | str = "",
    status: Status = Status.SUCCESS,
    severity: Severity = Severity.INFO,
    codes: Mapping[str, Code] | None = None,
    note: str = "",
) -> None:
    """Write one row in the current transaction; what the arguments mean is said at ``row_of``."""
    write(
        [
            row_of(
                action,
                actor=actor,
                actor_role=actor_role,
                patient_id=patient_id,
                resource_type=resource_type,
                resource_id=resource_id,
                purpose=purpose,
                status=status,
                severity=severity,
                codes=codes,
                note=note,
            )
        ]
    )


def row_of(
    action: Action,
    *,
    actor: User | None,
    actor_role: ActorRole | None = None,
    patient_id: uuid.UUID | None = None,
    resource_type: str,
    resource_id: uuid.UUID | str | None = None,
    purpose: Purpose | str = "",
    status: Status = Status.SUCCESS,
    severity: Severity = Severity.INFO,
    codes: Mapping[str, Code] | None = None,
    note: str = "",
) -> ActivityLog:
    """One row that is still to be written (``write``), with what is known of the request.

    ``actor`` None is the system, unless ``actor_role`` says that it was somebody who is not signed in. ``codes`` are
    field names and codes of this program (``{"fields": ["height_cm"]}``): never a value that somebody typed. ``note``
    is the one exception, a reason that an administrator must give and that stands nowhere else; it is kept encrypted.
    Rows of a patient's own acts belong to that patient unless another is named.
    """
    facts = facts_of_request.get()
    if patient_id is None and actor is not None and actor.role == Role.PATIENT:
        patient_id = actor.pk
    row = ActivityLog(
        occurred_at=ClockTimestamp(),
        actor_id=actor.pk if actor else None,
        actor_role=actor_role or role_of(actor),
        action=action,
        resource_type=resource_type,
        resource_id=None if resource_id is None else str(resource_id),
        patient_id=patient_id,
        purpose=purpose,
        status=status,
        severity=severity,
        metadata=json.dumps(dict(codes)) if codes else None,
        description=note or None,
    )
    if facts:
        row.request_id = facts.request_id
        row.method = facts.request.method
        row.endpoint = endpoint(facts.request)
        row.address = facts.address
        row.user_agent = facts.user_agent
        if status != Status.SUCCESS:
            facts.failures.append(row)
    return row


def role_of(actor: User | None) -> ActorRole:
    """What the actor is: their role; nobody is the system."""
    return ActorRole.SYSTEM if actor is None else ActorRole(actor.role)


def purpose_of(actor: User | None, patient_id: uuid.UUID) -> Purpose | str:
    """Why the actor may act on this patient's data, as far as their role tells; the system has no purpose."""
    if actor is None:
        return ""
    if actor.pk == patient_id:
        return Purpose.OWN
    if actor.role != Role.DOCTOR:
        return Purpose.ADMINISTRATION
    return Purpose.BREAK_GLASS if patient_id in _seen_in_emergency(actor) else Purpose.CARE


def _seen_in_emergency(doctor: User) -> frozenset[uuid.UUID]:
    """Asked once for each request, whose person is loaded anew."""
    known: frozenset[uuid.UUID] | None = vars(doctor).get("_seen_in_emergency")
    if known is None:
        known = vars(doctor)["_seen_in_emergency"] = only_in_emergency(doctor)
    return known


def write(rows: list[ActivityLog]) -> None:
    """Insert without reading anything back: who may write a row may not always see it."""
    ActivityLog.objects.bulk_create(rows)
