"""What of the prescriptions stands on the front page of the administration."""

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Count
from django.db.models.functions import TruncDate
from django.urls import reverse

from accounts.models import User
from medichat.front_page import DailyChart, Notice, Part, Period, Series, Weight, counted, panel
from prescriptions.models import PrescriptionAlert, RefillRequest
from prescriptions.models.refill_requests import OVERDUE_AFTER_DAYS
from prescriptions.signing_key import clinic_key

CERTIFICATE_ENDS_SOON = timedelta(days=30)


@panel
def refill_requests(period: Period, asker: User) -> Iterator[Part]:
    """Requests that nobody has decided for days: perhaps no doctor is left who would."""
    long_ago = period.now - timedelta(days=OVERDUE_AFTER_DAYS)
    overdue = RefillRequest.objects.visible_to(asker).waiting().filter(created_at__lt=long_ago).count()
    if overdue:
        address = reverse("admin:prescriptions_refillrequest_changelist")
        yield Notice(
            Weight.TASK,
            f"{counted(overdue, 'request for a refill waits', 'requests for refills wait')} for more than "
            f"{OVERDUE_AFTER_DAYS} days",
            f"{address}?status__exact=waiting&created_at__lt={long_ago.isoformat().replace('+', '%2B')}",
        )


@panel
def overridden_alerts(period: Period, asker: User) -> Iterator[Part]:
    """How often doctors went past an alert, by its severity."""
    found = PrescriptionAlert.objects.visible_to(asker).overridden().order_by()
    found = found.filter(created_at__gte=period.begins, created_at__lt=period.ends)
    by_day = found.annotate(day=TruncDate("created_at")).values_list("severity", "day").annotate(times=Count("pk"))
    rows = list(by_day)
    yield DailyChart(
        "Overridden alerts",
        period.days,
        [
            Series(label, {day: times for severity, day, times in rows if severity == value})
            for value, label in (("contraindicated", "Contraindicated"), ("serious", "Serious"))
        ],
    )


@panel
def signing_certificate(period: Period, asker: User) -> Iterator[Part]:
    """The certificate with which prescriptions are signed ends, or is none that counts."""
    key = clinic_key()
    ends = key.certificate().not_valid_after_utc
    if ends - period.now < CERTIFICATE_ENDS_SOON:
        yield Notice(
            Weight.TROUBLE,
            f"The certificate that signs prescriptions is valid until {ends:%d-%b-%Y} only",
            reverse("prescriptions:of_day"),
            more="Afterwards PDF readers call the signatures invalid. Set PRESCRIPTION_SIGNING_KEY to a new one.",
        )
