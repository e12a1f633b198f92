"""The reports: which there are, each as a page, each as CSV."""

from collections.abc import Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import person, staff_required
from accounts.models import User
from accounts.signals import list_viewed
from medichat.paging import page_of
from medichat.templatetags.clinical import clinical_date
from records import signals
from records.csv_file import as_csv
from records.models import ChartEntry
from records.reporting import Answer, Figures, Listing, Report, all_reports

MOST_ROWS = 20_000
PATIENT_HEADINGS = ("Surname", "First name", "Born", "Record", "Telephone", "E-mail")


@require_safe
@staff_required
def index(request: HttpRequest) -> HttpResponse:
    """Which reports there are."""
    return render(request, "records/reports.html", {"reports": all_reports().values()})


@never_cache
@require_safe
@staff_required
def one(request: HttpRequest, report: str) -> HttpResponse:
    """One report: what it asks, and page by page what it answers."""
    found, asker = _report(report), person(request)
    form = found.form(request.GET) if _is_asked(request, found) else found.form()
    context: dict[str, Any] = {"report": found, "form": form}
    if form.is_bound and form.is_valid():
        answer = found.ask(asker, form.cleaned_data)
        context["answer"] = answer
        context["csv_query"] = request.GET.urlencode()
        if isinstance(answer, Listing):
            page = page_of(request, answer.rows.select_related(answer.patient), *answer.keys)
            context["page"] = page
            context["rows"] = [
                {
                    "patient": _patient(answer, row),
                    "cells": [(column.heading, column.text(row)) for column in answer.columns],
                }
                for row in page.rows
            ]
            _tell(asker, found, [row["patient"] for row in context["rows"]], "page", len(page.rows))
        else:
            _tell(asker, found, [], "page", len(answer.rows))
    return render(request, "records/report.html", context, status=422 if form.is_bound and form.errors else 200)


@never_cache
@require_safe
@staff_required
def csv(request: HttpRequest, report: str) -> HttpResponse:
    """The whole answer as CSV, with how to reach the patients; refused where it would be endless."""
    found, asker = _report(report), person(request)
    form = found.form(request.GET)
    if not form.is_valid():
        return render(request, "records/report.html", {"report": found, "form": form}, status=422)
    headings, rows, patients = _table(found.ask(asker, form.cleaned_data))
    if len(rows) > MOST_ROWS:
        form.add_error(None, f"These are more than {MOST_ROWS} rows. Ask for a shorter time, or for something rarer.")
        return render(request, "records/report.html", {"report": found, "form": form}, status=422)
    _tell(asker, found, patients, "csv", len(rows))
    name = f"medichat-{found.slug}-{timezone.localdate().isoformat()}.csv"
    return HttpResponse(
        as_csv(headings, rows),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _report(slug: str) -> Report:
    try:
        return all_reports()[slug]
    except KeyError:
        raise Http404 from None


def _is_asked(request: HttpRequest, found: Report) -> bool:
    return any(name in request.GET for name in found.form.base_fields)


def _patient(answer: Listing, row: Any) -> User:
    patient: Any = row
    for part in answer.patient.split("__"):
        patient = getattr(patient, part)
    assert isinstance(patient, User)
    return patient


def _table(answer: Answer) -> tuple[Sequence[str], list[list[str]], list[User]]:
    """Headings, rows and patients of an answer; at most one row more than is allowed."""
    if isinstance(answer, Figures):
        return answer.headings, [list(row) for row in answer.rows], []
    found = list(answer.rows.select_related(answer.patient).order_by(*answer.keys)[: MOST_ROWS + 1])
    patients = [_patient(answer, row) for row in found]
    rows = [
        [
            patient.last_name,
            patient.first_name,
            clinical_date(patient.date_of_birth),
            str(patient.record_number),
            patient.phone or "",
            patient.email,
            *(column.text(row) for column in answer.columns),
        ]
        for patient, row in zip(patients, found, strict=True)
    ]
    return [*PATIENT_HEADINGS, *(column.heading for column in answer.columns)], rows, patients


def _tell(asker: User, found: Report, patients: Sequence[User], form: str, rows: int) -> None:
    """Put on record that the report was made, and every patient whom it named."""
    signals.report_made.send(ChartEntry, by=asker, report=found.slug, form=form, rows=rows)
    if patients:
        why = "administration" if asker.is_administrator else "care"
        ids = {patient.pk for patient in patients}
        list_viewed.send(ChartEntry, by=asker, patient_ids=ids, resource_type="report", why=why)
