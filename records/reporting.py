"""Reports: questions about many patients, each answered by one set-based query, as a page and as CSV.

An app offers its reports in a module ``reports``, which is found by its name:

    @report("symptoms", "Symptoms by severity", about="...", form=SymptomsForm, icon="vitals")
    def symptoms(asker: User, asked: dict[str, Any]) -> Listing:
        return Listing(rows=Symptom.objects.visible_to(asker)..., columns=[...])

What somebody may see decides what a report covers: a doctor's those patients whom they may see anyway, an
administrator's all. A report is no way to see more of a patient than their chart shows, and every patient in it is on
the record.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.module_loading import autodiscover_modules

from accounts.models import User
from medichat.db.plans import plan_for_these_values
from records.forms.fields import day_input


@dataclass(frozen=True)
class Column:
    """One column: its heading, and what stands there for a row."""

    heading: str
    text: Callable[[Any], str]


@dataclass(frozen=True)
class Listing:
    """Rows about patients, in pages. ``patient`` is the path from a row to its patient."""

    rows: "QuerySet[Any]"
    columns: Sequence[Column]
    caption: str
    patient: str = "patient"

    @property
    def keys(self) -> tuple[str, ...]:
        """The order: by name, and by the row where names are alike."""
        return (f"{self.patient}__last_name", f"{self.patient}__first_name", "pk")


@dataclass(frozen=True)
class Figures:
    """Counted rows that name no patient."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str
    note: str = ""

    @property
    def labelled(self) -> list[list[tuple[str, str]]]:
        """The rows with the heading beside each cell."""
        return [list(zip(self.headings, row, strict=True)) for row in self.rows]


Answer = Listing | Figures
Asking = Callable[[User, dict[str, Any]], Answer]


@dataclass(frozen=True)
class Report:
    """One report."""

    slug: str
    title: str
    about: str
    form: type[forms.Form]
    icon: str
    answer: Asking

    def ask(self, asker: User, asked: dict[str, Any]) -> Answer:
        """The answer, planned for what is asked."""
        plan_for_these_values()
        return self.answer(asker, asked)


class PeriodForm(forms.Form):
    """From one day to another, both included; without any answer the last ninety days."""

    since = forms.DateField(label="From", required=False, widget=day_input())
    until = forms.DateField(label="To", required=False, widget=day_input())

    def clean(self) -> dict[str, Any]:
        """An end is not before its beginning."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        cleaned["until"] = cleaned.get("until") or timezone.localdate()
        cleaned["since"] = cleaned.get("since") or cleaned["until"] - timedelta(days=90)
        if cleaned["since"] > cleaned["until"]:
            self.add_error("until", "The end is before the beginning.")
        return cleaned


def within(asked: dict[str, Any]) -> tuple[date, date]:
    """The first day, and the day after the last."""
    return asked["since"], asked["until"] + timedelta(days=1)


def moments(asked: dict[str, Any]) -> tuple[datetime, datetime]:
    """The same as moments at the clinic, so that an index on times can be used."""
    begin, end = (timezone.make_aware(datetime.combine(day, time.min)) for day in within(asked))
    return begin, end


_reports: dict[str, Report] = {}


def report(slug: str, title: str, *, about: str, form: type[forms.Form], icon: str) -> Callable[[Asking], Asking]:
    """Register a report."""

    def registered(answer: Asking) -> Asking:
        _reports[slug] = Report(slug, title, about, form, icon, answer)
        return answer

    return registered


def all_reports() -> dict[str, Report]:
    """Every report of every app, by its slug."""
    autodiscover_modules("reports")
    return _reports
