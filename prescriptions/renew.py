"""A doctor approves a refill: the medicine is prescribed once more, on a sheet of its own."""

from django.db import transaction

from accounts.models import User
from prescriptions.check import chart_of, check_items
from prescriptions.issue import Proposal, issue
from prescriptions.models import Prescription, RefillRequest


def proposal_from(prescription: Prescription) -> Proposal:
    """The same medicine once more, as the doctor finds it in the form; reasons for overriding are not repeated."""
    return Proposal(
        medication_name=prescription.medication_name,
        dose=prescription.dose,
        route=prescription.route,
        frequency=prescription.frequency,
        duration=prescription.duration,
        quantity=prescription.quantity,
        quantity_unit=prescription.quantity_unit,
        refills=prescription.refills or 0,
        instructions=prescription.instructions or "",
    )


@transaction.atomic
def renew(request: RefillRequest, proposal: Proposal, *, by: User, answer: str = "") -> Prescription:
    """Write the renewal, end what it continues, and tell the patient: all of it or nothing.

    It is checked against the chart of today like every prescription. Raises UnsettledAlertsError when the doctor has
    not said why it is given in spite of an alert, ConflictError when the request was decided meanwhile.
    """
    earlier = Prescription.objects.select_related("conversation", "patient").get(pk=request.prescription_id)
    alerts = check_items([proposal.for_check()], chart_of(earlier.patient, by=by, renewing=earlier))
    (renewal,) = issue(earlier.conversation, [proposal], alerts, by=by, renews=earlier)
    request.approve(renewal, by=by, answer=answer)
    if earlier.status == Prescription.Status.ACTIVE:
        earlier.complete(by=by)
    return renewal
