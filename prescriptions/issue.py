"""Writing prescriptions: what a doctor proposes, with the alerts they have seen, becomes rows and a sheet."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.db.models import Max
from django.utils import timezone

from accounts.models import User
from conversations.models import Conversation
from prescriptions import signals
from prescriptions.models import IssuedSheet, Prescription, PrescriptionAlert
from prescriptions.safety import Alert, ProposedItem
from prescriptions.wording import computed_quantity


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

    def __post_init__(self) -> None:
        """Where no quantity was given, the one that follows from dose, frequency and duration, if it does."""
        computed = computed_quantity(self.dose, self.frequency, self.duration) if self.quantity is None else None
        if computed:
            object.__setattr__(self, "quantity", computed.quantity)
            object.__setattr__(self, "quantity_unit", self.quantity_unit or computed.unit)

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


def issue(
    conversation: Conversation,
    proposals: Sequence[Proposal],
    alerts: Sequence[Alert],
    *,
    by: User,
    renews: Prescription | None = None,
) -> list[Prescription]:
    """Write the prescriptions on a new sheet of this case; ``renews`` is continued by them.

    Raises UnsettledAlertsError when the doctor has not said why one is given in spite of an alert.
    """
    unsettled = [alert for alert in alerts if not proposals[alert.item].settles(alert)]
    if unsettled:
        raise UnsettledAlertsError(unsettled)
    now = timezone.now()
    sheet = IssuedSheet.issue(conversation, by=by)
    before = Prescription.objects.filter(conversation=conversation).aggregate(last=Max("position"))["last"]
    first = 0 if before is None else before + 1
    prescriptions = []
    for number, proposal in enumerate(proposals):
        prescription = Prescription.objects.create(
            conversation=conversation,
            patient_id=conversation.patient_id,
            doctor=by,
            sheet=sheet,
            renews=renews,
            position=first + number,
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
            if alert.item == number:
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
