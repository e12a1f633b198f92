"""What is said to have happened to prescriptions, each as one row of the activity log."""

from collections.abc import Sequence
from typing import Any

from accounts.models import User
from audit.actions import Action, ActorRole, Purpose
from audit.receivers import about_case, on
from audit.record import Code, purpose_of, record
from conversations.models import Conversation
from prescriptions import signals as prescriptions
from prescriptions.models import IssuedSheet, Prescription, PrescriptionAlert, PrescriptionFill, RefillRequest


def about_prescription(action: Action, prescription: Prescription, by: User | None, **codes: Code) -> None:
    """A row about one prescription."""
    record(
        action,
        actor=by,
        patient_id=prescription.patient_id,
        resource_type="prescription",
        resource_id=prescription.pk,
        purpose=purpose_of(by, prescription.patient_id),
        codes={"conversation": str(prescription.conversation_id), **codes},
    )


@on(prescriptions.prescribed)
def prescribed(sender: Any, *, prescription: Prescription, by: User | None, **_: Any) -> None:
    about_prescription(Action.PRESCRIPTION_CREATED, prescription, by)


@on(prescriptions.alert_overridden)
def alert_overridden(
    sender: Any, *, prescription: Prescription, by: User | None, alert: PrescriptionAlert, **_: Any
) -> None:
    about_prescription(Action.ALERT_OVERRIDDEN, prescription, by, alert=str(alert.pk))


@on(prescriptions.cancelled)
def prescription_cancelled(sender: Any, *, prescription: Prescription, by: User | None, **_: Any) -> None:
    about_prescription(Action.PRESCRIPTION_CANCELLED, prescription, by)


@on(prescriptions.completed)
def prescription_completed(sender: Any, *, prescription: Prescription, by: User | None, **_: Any) -> None:
    about_prescription(Action.PRESCRIPTION_COMPLETED, prescription, by)


@on(prescriptions.expired)
def prescription_expired(sender: Any, *, prescription: Prescription, **_: Any) -> None:
    about_prescription(Action.PRESCRIPTION_EXPIRED, prescription, None)


@on(prescriptions.filled)
def prescription_filled(
    sender: Any, *, prescription: Prescription, by: User | None, fill: PrescriptionFill, **_: Any
) -> None:
    about_prescription(Action.PRESCRIPTION_FILLED, prescription, by, supply=fill.number)


@on(prescriptions.refill_asked)
def refill_asked(sender: Any, *, request: RefillRequest, by: User | None, **_: Any) -> None:
    about_prescription(Action.REFILL_REQUESTED, request.prescription, by, request=str(request.pk))


@on(prescriptions.refill_withdrawn)
def refill_withdrawn(sender: Any, *, request: RefillRequest, by: User | None, **_: Any) -> None:
    about_prescription(Action.REFILL_WITHDRAWN, request.prescription, by, request=str(request.pk))


@on(prescriptions.refill_decided)
def refill_decided(sender: Any, *, request: RefillRequest, by: User | None, **_: Any) -> None:
    """What was written in its place is one more row, as for every prescription."""
    is_approved = request.status == RefillRequest.Status.APPROVED
    action = Action.REFILL_APPROVED if is_approved else Action.REFILL_DECLINED
    about_prescription(action, request.prescription, by, request=str(request.pk))


@on(prescriptions.verified)
def prescription_verified(sender: Any, *, sheet: IssuedSheet, by: User | None, **_: Any) -> None:
    """Somebody who holds the paper, a pharmacist most likely, asked whether it is valid; mostly nobody knows who."""
    record(
        Action.PRESCRIPTION_VERIFIED,
        actor=by,
        actor_role=None if by else ActorRole.ANONYMOUS,
        patient_id=sheet.patient_id,
        resource_type="prescription_sheet",
        resource_id=sheet.pk,
    )


@on(prescriptions.overrides_reported)
def overrides_reported(sender: Any, *, by: User, **_: Any) -> None:
    record(
        Action.REPORT_GENERATED, actor=by, resource_type="prescription_alert", purpose=Purpose.ADMINISTRATION,
        codes={"report": "overridden alerts"},
    )  # fmt: skip


@on(prescriptions.downloaded)
def prescription_downloaded(
    sender: Any, *, conversation: Conversation, prescriptions: Sequence[Prescription], by: User | None, **_: Any
) -> None:
    """One sheet may hold several prescriptions: one row for the sheet, naming them."""
    ids = [str(prescription.pk) for prescription in prescriptions]
    about_case(Action.PRESCRIPTION_DOWNLOADED, conversation, by, prescriptions=ids)
