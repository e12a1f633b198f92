"""Administrators are told of emergency access."""

from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role, User
from medichat.db.context import system
from medichat.periodic import JobFailed, job
from records.models import EmergencyAccess


@job("tell administrators of emergency access", own_transactions=True)
def tell_administrators() -> str:
    """One letter to each administrator about all that is new; about whom and why stands behind the link only.

    Should the letters not go out, the next run tries again: rather twice than never.
    """
    with system():
        untold = list(EmergencyAccess.objects.untold().order_by("valid_from").values_list("pk", flat=True))
        addresses = list(User.objects.filter(role=Role.ADMIN, is_active=True).values_list("email", flat=True))
    if not untold:
        return "none"
    if not addresses:
        raise JobFailed(f"{len(untold)} emergency access(es) happened, and there is no active administrator to tell.")
    try:
        get_connection().send_messages([_letter(address, len(untold)) for address in addresses])
    except (SMTPException, OSError) as error:
        raise JobFailed(
            f"{len(untold)} emergency access(es) happened, and the mail could not be sent ({type(error).__name__}). "
            "Look at EMAIL_HOST and the other EMAIL settings."
        ) from error
    with system():
        told: QuerySet[EmergencyAccess] = EmergencyAccess.objects.filter(pk__in=untold)
        told.update(administrators_told_at=timezone.now())
    return f"{len(untold)} told to {len(addresses)} administrator(s)"


def _letter(address: str, number: int) -> EmailMessage:
    page = f"{settings.PUBLIC_URL}{reverse('admin:records_emergencyaccess_changelist')}?review=waiting"
    doctors = "A doctor has opened a record" if number == 1 else f"{number} times a doctor has opened a record"
    return EmailMessage(
        subject=f"{settings.CLINIC_NAME}: emergency access to a record",
        body=f"{doctors} without a relation to the patient.\n\nPlease review who, whose and why: {page}\n",
        to=[address],
    )
