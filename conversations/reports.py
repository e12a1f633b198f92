"""Reports about consultations: symptoms by severity, and how long answers took."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.db import models
from django.db.models import Count, F, Q
from django.db.models.functions import TruncMonth

from accounts.models import User
from conversations.front_page import Median
from conversations.models import Conversation, Symptom, Urgency
from medichat.templatetags.clinical import clinical_date, duration
from records.reporting import Column, Figures, Listing, PeriodForm, moments, report

GRADES = list(Symptom.Severity)


class NinthDecile(Median):
    """The value that nine of ten do not exceed."""

    template = "%(function)s(0.9) WITHIN GROUP (ORDER BY %(expressions)s)"


class SymptomsForm(PeriodForm):
    """How severe, what, and when."""

    severity = forms.ChoiceField(
        label="At least", choices=Symptom.Severity.choices, initial=Symptom.Severity.SEVERE.value
    )
    symptom = forms.CharField(
        label="Symptom", max_length=200, required=False, help_text="Exactly as in the summaries; empty for all."
    )
    field_order = ["severity", "symptom", "since", "until"]


class TimesForm(PeriodForm):
    """By what the times are grouped."""

    by = forms.ChoiceField(
        label="By", choices=[("urgency", "Urgency"), ("doctor", "Doctor"), ("month", "Month")], initial="urgency"
    )
    field_order = ["by", "since", "until"]


def _severity(symptom: Symptom) -> str:
    words = symptom.get_severity_display() if symptom.severity else ""
    return f"{words} ({symptom.severity_score} of 10)" if symptom.severity_score is not None else words


@report(
    "symptoms", "Symptoms by severity", icon="vitals", form=SymptomsForm,
    about="Everybody who said to have such a symptom in a consultation that was sent to the doctors in this time.",
)  # fmt: skip
def symptoms(asker: User, asked: dict[str, Any]) -> Listing:
    """By the grade that is certain; what only words say of it is not graded."""
    begin, end = moments(asked)
    grades = GRADES[GRADES.index(Symptom.Severity(asked["severity"])) :]
    rows = Symptom.objects.visible_to(asker).filter(severity__in=grades, is_denied=False)
    rows = rows.filter(conversation__submitted_at__gte=begin, conversation__submitted_at__lt=end)
    if name := " ".join(asked["symptom"].split()):
        rows = rows.filter(symptom__in={name, name.lower(), name.capitalize()})
    columns = [
        Column("Symptom", lambda one: one.symptom),
        Column("Severity", _severity),
        Column("Where", lambda one: one.location or ""),
        Column("How long", lambda one: one.duration or ""),
        Column("Consultation", lambda one: clinical_date(one.conversation.submitted_at)),
    ]
    grade = Symptom.Severity(asked["severity"]).label.lower()
    return Listing(rows.select_related("conversation"), columns, caption=f"{name or 'Symptoms'}, at least {grade}")


@report(
    "response-times", "Response times", icon="clock", form=TimesForm,
    about="How long patients waited for an answer. Doctors see their own answers, administrators everybody’s.",
)  # fmt: skip
def response_times(asker: User, asked: dict[str, Any]) -> Figures:
    """From sending it off to the claim and to the answer, of consultations answered in this time."""
    begin, end = moments(asked)
    answered = Conversation.objects.visible_to(asker).filter(
        responded_at__gte=begin, responded_at__lt=end, submitted_at__isnull=False
    )
    if not asker.is_administrator:
        answered = answered.filter(doctor=asker)
    heading, group, name = _grouping(asked["by"])
    took = models.ExpressionWrapper(F("responded_at") - F("submitted_at"), models.DurationField())
    claim = models.ExpressionWrapper(F("claimed_at") - F("submitted_at"), models.DurationField())
    in_time = Q()
    for urgency in Urgency:
        in_time |= Q(urgency=urgency, responded_at__lte=F("submitted_at") + urgency.target)
    length = models.DurationField()
    rows = (
        answered.order_by()
        .annotate(**group)
        .values(*group)
        .annotate(
            number=Count("pk"),
            claimed=Median(claim, output_field=length),
            median=Median(took, output_field=length),
            ninth=NinthDecile(took, output_field=length),
            timely=Count("pk", filter=in_time),
            judged=Count("pk", filter=Q(urgency__isnull=False)),
        )
        .order_by(*group)
    )
    headings = [heading, "Answered", "Median until claimed", "Median until answered", "9 of 10 within", "In time"]
    return Figures(
        headings=headings,
        rows=[
            [
                name(row),
                str(row["number"]),
                duration(row["claimed"]),
                duration(row["median"]),
                duration(row["ninth"]),
                f"{round(100 * row['timely'] / row['judged'])} %" if row["judged"] else "",
            ]
            for row in rows
        ],
        caption=f"Answered from {clinical_date(asked['since'])} to {clinical_date(asked['until'])}",
        note="In time: "
        + ", ".join(f"{urgency.label.lower()} within {duration(urgency.target)}" for urgency in Urgency)
        + ".",
    )


Row = dict[str, Any]


def _grouping(by: str) -> tuple[str, dict[str, Any], Callable[[Row], str]]:
    match by:
        case "doctor":
            names = {"last": F("doctor__last_name"), "first": F("doctor__first_name")}
            return "Doctor", names, lambda row: f"{row['last'] or ''}, {row['first'] or ''}".strip(", ") or "not known"
        case "month":
            month = {"month": TruncMonth("responded_at")}
            return "Month", month, lambda row: f"{row['month']:%b-%Y}"
        case _:
            label = {level.value: level.label for level in Urgency}
            return "Urgency", {"level": F("urgency")}, lambda row: label.get(row["level"], "Not assessed")
