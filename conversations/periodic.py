"""The queue while time passes, and the files that belong to consultations."""

from collections.abc import Iterator
from smtplib import SMTPException
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.urls import reverse

from accounts.models import User
from conversations.models import Attachment, Conversation, Draft
from conversations.models.queue import emergencies_to_announce, raise_overdue, take_back_announcement
from medichat.db.context import system
from medichat.periodic import JobFailed, job, keeps_files


@job("raise overdue cases")
def raise_cases() -> str:
    """Cases past the target of their level rise one level."""
    return f"{raise_overdue()} raised"


@job("announce unclaimed emergencies", own_transactions=True)
def announce_emergencies() -> str:
    """Tell the doctors on duty, every five minutes, until somebody takes the case; nothing about the patient is said.

    When nobody is on duty every approved doctor is told: an emergency must reach somebody.
    """
    with system():
        emergencies = emergencies_to_announce()
        doctors = User.objects.doctors().order_by("pk")
        addresses = list((doctors.filter(on_duty=True) or doctors).values_list("email", flat=True))
    if not emergencies:
        return "none"
    if not addresses:
        raise JobFailed(f"{len(emergencies)} emergency case(s) wait, and there is no approved doctor to tell.")
    try:
        # One message each: nobody learns who else is on duty.
        get_connection().send_messages([announcement(case, address) for case in emergencies for address in addresses])
    except (SMTPException, OSError) as error:
        with system():
            take_back_announcement(emergencies)
        raise JobFailed(
            f"{len(emergencies)} emergency case(s) wait, and the mail could not be sent ({type(error).__name__}). "
            "Look at EMAIL_HOST and the other EMAIL settings."
        ) from error
    return f"{len(emergencies)} announced to {len(addresses)} doctor(s)"


def announcement(case: Conversation, address: str) -> EmailMessage:
    """The mail about one case: a link that only a doctor can follow."""
    link = f"{settings.PUBLIC_URL}{reverse('case', args=[case.pk])}"
    return EmailMessage(
        subject=f"{settings.CLINIC_NAME}: an emergency case is waiting",
        body=f"An emergency case is waiting: {link}\n\nNobody has taken it yet.\n",
        to=[address],
    )


@job("remove old drafts")
def remove_old_drafts() -> str:
    """Those to which nobody came back for a week."""
    removed, _ = Draft.objects.too_old().delete()
    return f"{removed} removed"


@keeps_files
def attachments() -> Iterator[UUID]:
    """The files of consultations: a file has the id of its attachment."""
    yield from Attachment.objects.order_by().values_list("pk", flat=True).iterator()
