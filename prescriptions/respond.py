"""Answering a case with prescriptions: one act across two apps, all of it or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from conversations.models import Answer, Attachment, Conversation, Message
from prescriptions import signals
from prescriptions.check import chart_of, check_items
from prescriptions.models import Prescription, PrescriptionAlert
from prescriptions.safety import Alert, ProposedItem


@dataclass(frozen=True)
class Proposal:
    """One medicine that the doctor wants to prescribe.

    ``override_reason`` is why they go on although a contraindicated or serious alert stands; ``acknowledged`` that they
    have seen a serious one.
    """

    medication_name: str
    dose: str = ""
    route: str = ""
    frequency: str = ""
    duration: str = ""
    quantity: Decimal | None = None
    quantity_unit: str = ""
    refills: int = 0
    expires_on: date | None = None
    instructions: str = ""
    override_reason: str = ""
    acknowledged: bool = False

    def for_check(self) -> ProposedItem:
        """The part that the safety check reads."""
        return ProposedItem(medication=self.medication_name, dose=self.dose, route=self.route, frequency=self.frequency)

    def settles(self, alert: Alert) -> bool:
        """Whether the doctor has said enough to go on in spite of the alert."""
        if alert.severity == "contraindicated":
            return bool(self.override_reason.strip())
        if alert.severity == "serious":
            return self.acknowledged or bool(self.override_reason.strip())
        return True


@dataclass
class UnsettledAlertsError(Exception):
    """Alerts to which the doctor has not said why they go on; nothing was written."""

    alerts: list[Alert] = field(default_factory=list)


class UnseenWordsError(Exception):
    """The patient has written or attached something since the doctor looked; nothing was written."""


def respond(
    conversation: Conversation, answer: Answer, proposals: Sequence[Proposal] = (), *, by: User, seen: str = ""
) -> list[Prescription]:
    """Answer the case, claiming it in the same act, and write the prescriptions.

    ``seen`` is ``CaseFile.seen`` of the page that the doctor read: UnseenWordsError is raised when the case holds more
    by now, because an answer ends it and what the patient added would not be read any more.

    Raises ConflictError when somebody else has the case or it was answered, UnsettledAlertsError when a medicine is
    contraindicated or seriously doubtful and the doctor has not said why it is given all the same.
    """
    with transaction.atomic():
        conversation.answer(answer, by=by)  # locked from here on: nothing can be added any more
        if seen:
            _refuse_unseen(conversation, seen, by=by)
        if not proposals:
            return []
        alerts = check_items([proposal.for_check() for proposal in proposals], chart_of(conversation.patient, by=by))
        unsettled = [alert for alert in alerts if not proposals[alert.item].settles(alert)]
        if unsettled:
            raise UnsettledAlertsError(unsettled)
        return _prescribe(conversation, proposals, alerts, by=by)


def _refuse_unseen(conversation: Conversation, seen: str, *, by: User) -> None:
    position, _, files = seen.partition("/")
    messages = Message.objects.visible_to(by).filter(conversation=conversation)
    attachments = Attachment.objects.visible_to(by).filter(conversation=conversation)
    try:
        has_more = messages.filter(position__gt=int(position)).exists() or attachments.count() > int(files)
    except ValueError:
        raise UnseenWordsError from None  # a damaged form: what was seen is not known
    if has_more:
        raise UnseenWordsError


def _prescribe(
    conversation: Conversation, proposals: Sequence[Proposal], alerts: Sequence[Alert], *, by: User
) -> list[Prescription]:
    now = timezone.now()
    prescriptions = []
    for position, proposal in enumerate(proposals):
        prescription = Prescription.objects.create(
            conversation=conversation,
            patient_id=conversation.patient_id,
            doctor=by,
            position=position,
            medication_name=proposal.medication_name,
            dose=proposal.dose,
            route=proposal.route,
            frequency=proposal.frequency,
            duration=proposal.duration,
            quantity=proposal.quantity,
            quantity_unit=proposal.quantity_unit,
            refills=proposal.refills,
            expires_on=proposal.expires_on,
            instructions=proposal.instructions or None,
            issued_at=now,
            issued_on=timezone.localdate(now),
        )
        prescriptions.append(prescription)
        signals.prescribed.send(Prescription, prescription=prescription, by=by)
        for alert in alerts:
            # What concerns all of them (such as allergies that nobody asked about) stands with the first.
            if alert.item == position:
                _keep(alert, prescription, proposal, by=by)
    return prescriptions


def _keep(alert: Alert, prescription: Prescription, proposal: Proposal, *, by: User) -> None:
    """What the doctor saw and why they went on stays with the prescription, out of the patient's sight."""
    kept = PrescriptionAlert.objects.create(
        prescription=prescription,
        patient_id=prescription.patient_id,
        kind=alert.kind,
        severity=alert.severity,
        title=alert.title[:300],
        reason=alert.reason,
        evidence=alert.evidence,
        source=alert.source[:300],
        override_reason=proposal.override_reason.strip() or None,
        overridden_by=by,
    )
    if alert.severity in {"contraindicated", "serious"}:
        signals.alert_overridden.send(PrescriptionAlert, prescription=prescription, by=by, alert=kept)
