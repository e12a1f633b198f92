"""What of the record stands on the front page of the administration."""

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlencode

from django.db.models import Count
from django.db.models.functions import TruncDate
from django.urls import reverse

from accounts.models import User
from audit.actions import Action
from audit.models import ActivityLog, AuditSeal
from medichat.front_page import DailyChart, Notice, Part, Period, Series, Weight, counted, panel
from medichat.templatetags.clinical import clinical_datetime

# The log is sealed every minute.
SEALED_WITHIN = timedelta(minutes=15)


@panel
def last_day(period: Period, asker: User) -> Iterator[Part]:
    """What of the last 24 hours somebody should know of."""
    log = ActivityLog.objects.visible_to(asker).filter(occurred_at__gte=period.day_ago, occurred_at__lt=period.ends)
    of_interest = [Action.REQUEST_FAILED, Action.BREAK_GLASS_REFUSED, Action.SIGN_IN_FAILED, Action.VIRUS_FOUND]
    rows = log.filter(action__in=of_interest).order_by().values("action")
    found = {
        row["action"]: (row["number"], row["addresses"])
        for row in rows.annotate(number=Count("pk"), addresses=Count("address", distinct=True))
    }
    if Action.REQUEST_FAILED in found:
        number, _ = found[Action.REQUEST_FAILED]
        yield Notice(
            Weight.TROUBLE,
            counted(number, "page failed in the last 24 hours", "pages failed in the last 24 hours"),
            _rows_of(Action.REQUEST_FAILED, period),
            "Each was answered with an error page; the server's log says why.",
        )
    if Action.VIRUS_FOUND in found:
        number, _ = found[Action.VIRUS_FOUND]
        yield Notice(
            Weight.TROUBLE,
            counted(
                number,
                "file with a virus was refused in the last 24 hours",
                "files with a virus were refused in the last 24 hours",
            ),
            _rows_of(Action.VIRUS_FOUND, period),
            "Nothing of it was kept. Tell whoever sent it: their device may need help.",
        )
    if Action.BREAK_GLASS_REFUSED in found:
        number, _ = found[Action.BREAK_GLASS_REFUSED]
        yield Notice(
            Weight.NOTE,
            counted(
                number,
                "emergency access named nobody in the last 24 hours",
                "emergency accesses named nobody in the last 24 hours",
            ),
            _rows_of(Action.BREAK_GLASS_REFUSED, period),
            "Many by one doctor may be a search for people.",
        )
    if Action.SIGN_IN_FAILED in found:
        number, addresses = found[Action.SIGN_IN_FAILED]
        yield Notice(
            Weight.NOTE,
            counted(number, "sign-in failed in the last 24 hours", "sign-ins failed in the last 24 hours"),
            _rows_of(Action.SIGN_IN_FAILED, period),
            f"From {counted(addresses, 'network address', 'network addresses')}." if addresses else "",
        )


def _rows_of(action: Action, period: Period) -> str:
    chosen = urlencode({"action__exact": action.value, "occurred_at__gte": period.day_ago.isoformat()})
    return f"{reverse('admin:audit_activitylog_changelist')}?{chosen}"


@panel
def seals(period: Period, asker: User) -> Iterator[Part]:
    """Rows that should have been sealed by now: then nothing that is due again and again runs."""
    last = AuditSeal.objects.order_by("-number").values_list("sealed_at", flat=True).first()
    due = ActivityLog.objects.visible_to(asker).filter(occurred_at__lt=period.now - SEALED_WITHIN)
    # Bounded below also without a seal, so that the months before are not opened.
    if due.filter(occurred_at__gt=max(last or period.begins, period.begins)).exists():
        yield Notice(
            Weight.TROUBLE,
            "The record is not sealed",
            reverse("admin:audit_auditseal_changelist"),
            f"{'No seal yet' if last is None else f'The last seal is of {clinical_datetime(last)}'}: see that "
            "'manage.py run_periodic' runs every minute, and what it says.",
        )


@panel
def sign_ins(period: Period, asker: User) -> Iterator[Part]:
    """Who came in, and who did not, day by day."""
    log = ActivityLog.objects.visible_to(asker).filter(occurred_at__gte=period.begins, occurred_at__lt=period.ends)
    rows = log.filter(action__in=[Action.SIGNED_IN, Action.SIGN_IN_FAILED]).order_by()
    counts = list(rows.values_list("action", TruncDate("occurred_at")).annotate(number=Count("pk")))
    yield DailyChart(
        "Sign-ins",
        period.days,
        [
            Series(label, {day: number for done, day, number in counts if done == action})
            for label, action in (("Signed in", Action.SIGNED_IN), ("Failed", Action.SIGN_IN_FAILED))
        ],
    )
