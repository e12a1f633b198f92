"""What of the consultations stands on the front page of the administration."""

from collections.abc import Iterator
from datetime import date
from typing import Any, cast

from django.db import models
from django.db.models import Aggregate, Count, F, Min, Q, QuerySet
from django.db.models.functions import TruncDate
from django.urls import reverse

from accounts.models import User
from conversations.models import Conversation, Message, Urgency
from medichat.front_page import (
    DailyChart,
    MeasuredTime,
    Notice,
    Part,
    Period,
    Series,
    TimesTable,
    Weight,
    counted,
    panel,
)
from medichat.templatetags.clinical import duration

LIST = "admin:conversations_conversation_changelist"


class Median(Aggregate):
    """The value in the middle."""

    function = "percentile_cont"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"


@panel
def waiting_cases(period: Period, asker: User) -> Iterator[Part]:
    """Emergencies that nobody has taken, and cases that wait longer than they should."""
    mine = Conversation.objects.visible_to(asker)
    emergencies = mine.unclaimed_emergencies().count()
    if emergencies:
        yield Notice(
            Weight.DANGER,
            counted(emergencies, "emergency that nobody has taken", "emergencies that nobody has taken"),
            f"{reverse(LIST)}?queue=emergencies",
            "Call a doctor.",
        )
    late = (
        mine.past_target(period.now)
        .order_by()
        .values("urgency")
        .annotate(number=Count("pk"), since=Min("submitted_at"))
    )
    levels = {row["urgency"]: row for row in late}
    if levels:
        number = sum(row["number"] for row in levels.values())
        longest = period.now - min(row["since"] for row in levels.values())
        by_level = [f"{levels[level]['number']} {level.label.lower()}" for level in Urgency if level in levels]
        yield Notice(
            Weight.TROUBLE,
            counted(number, "case waits past its target", "cases wait past their target"),
            f"{reverse(LIST)}?queue=late",
            f"{', '.join(by_level)}; the longest wait is {duration(longest)}.",
        )


@panel
def consultations(period: Period, asker: User) -> Iterator[Part]:
    """How many came in and were answered each day, how soon, and how much was said."""
    mine = Conversation.objects.visible_to(asker)
    answered = mine.filter(responded_at__gte=period.begins, responded_at__lt=period.ends)
    yield DailyChart(
        "Consultations",
        period.days,
        [
            Series("Sent to the doctors", _by_day(mine, "submitted_at", period)),
            Series("Answered", _by_day(mine, "responded_at", period)),
        ],
    )
    said = Message.objects.visible_to(asker).filter(sender=Message.Sender.PATIENT)
    yield DailyChart("Messages", period.days, [Series("From patients", _by_day(said, "sent_at", period))])
    yield TimesTable("Median time to the answer", _times(answered, period))


def _by_day(rows: QuerySet[Any], moment: str, period: Period) -> dict[date, int]:
    """How many rows have this moment on each day of the period."""
    rows = rows.filter(**{f"{moment}__gte": period.begins, f"{moment}__lt": period.ends})
    counts = rows.order_by().values_list(TruncDate(moment)).annotate(number=Count("pk"))
    return dict(cast("list[tuple[date, int]]", list(counts)))


def _times(answered: QuerySet[Conversation], period: Period) -> list[MeasuredTime]:
    took = models.ExpressionWrapper(F("responded_at") - F("submitted_at"), models.DurationField())
    rows = answered.filter(submitted_at__isnull=False).order_by().values("urgency")
    medians = {
        str(row["urgency"]): (row["week"], row["month"])
        for row in rows.annotate(
            week=Median(took, filter=Q(responded_at__gte=period.week_begins), output_field=models.DurationField()),
            month=Median(took, output_field=models.DurationField()),
        )
    }
    times = [(level, *medians.get(level.value, (None, None))) for level in Urgency]
    return [MeasuredTime(level.label, week, month, level.target) for level, week, month in times]
