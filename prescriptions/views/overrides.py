"""The report for administrators: which safety alerts doctors went past, how often, and why."""

import csv
import io
from datetime import timedelta
from typing import Any

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.access import administrator_required, person
from medichat.paging import page_of
from prescriptions import signals
from prescriptions.forms import PeriodForm
from prescriptions.models import PrescriptionAlert
from prescriptions.models.alerts import PrescriptionAlertQuerySet

USUAL_PERIOD = timedelta(days=30)
MOST_ROWS = 20_000
"""Rows of a file: a longer period is asked for in parts."""
OFTEN_SHOWN = 10
COLUMNS = ("day", "severity", "kind", "alert", "rule", "medicine", "doctor", "patient record", "doctor's reason")
_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@administrator_required
@require_GET
def overrides(request: HttpRequest) -> HttpResponse:
    """Overridden alerts of a period, latest first, and those that are overridden most often."""
    form = _form(request)
    if not form.is_valid():
        return render(request, "prescriptions/overrides.html", {"form": form}, status=422)
    found = _found(request, form)
    often = found.order_by().values("severity", "title", "source").annotate(times=Count("pk"))
    page = page_of(request, _with_rows(found), "-created_at", "-id")
    signals.overrides_reported.send(PrescriptionAlert, by=person(request))
    context = {
        "form": form,
        "page": page,
        "often": list(often.order_by("-times", "title")[:OFTEN_SHOWN]),
        "query": form.data.urlencode() if hasattr(form.data, "urlencode") else "",
    }
    return render(request, "prescriptions/overrides.html", context)


@administrator_required
@require_GET
def overrides_file(request: HttpRequest) -> HttpResponse:
    """The same as a file for a spreadsheet."""
    form = _form(request)
    if not form.is_valid():
        return render(request, "prescriptions/overrides.html", {"form": form}, status=422)
    rows = list(_with_rows(_found(request, form)).order_by("created_at", "id")[: MOST_ROWS + 1])
    if len(rows) > MOST_ROWS:
        form.add_error("to", f"These are more than {MOST_ROWS:,} rows. Choose a shorter period.")
        return render(request, "prescriptions/overrides.html", {"form": form}, status=422)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows([plain(value) for value in _values(row)] for row in rows)
    signals.overrides_reported.send(PrescriptionAlert, by=person(request))
    name = f"overridden-alerts-{form.cleaned_data['since']}-{form.cleaned_data['to']}.csv"
    return HttpResponse(
        text.getvalue().encode("utf-8-sig"),  # the mark tells spreadsheets that these are not their own letters
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"},
    )


def plain(value: object) -> str:
    """A value that no spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_BEGINS_A_FORMULA) else text


def _form(request: HttpRequest) -> PeriodForm:
    today = timezone.localdate()
    asked = {"since": (today - USUAL_PERIOD).isoformat(), "to": today.isoformat(), "severity": ""}
    return PeriodForm(asked | {name: request.GET[name] for name in asked if name in request.GET})


def _found(request: HttpRequest, form: PeriodForm) -> PrescriptionAlertQuerySet:
    begin, end = form.moments()
    found = PrescriptionAlert.objects.visible_to(person(request)).overridden()
    found = found.filter(created_at__gte=begin, created_at__lt=end)
    severity = form.cleaned_data["severity"]
    return found.filter(severity=severity) if severity else found


def _with_rows(found: PrescriptionAlertQuerySet) -> PrescriptionAlertQuerySet:
    return found.select_related("prescription", "patient", "overridden_by")


def _values(row: PrescriptionAlert) -> tuple[Any, ...]:
    return (
        timezone.localtime(row.created_at).date().isoformat(),
        row.get_severity_display(),
        row.kind,
        row.title,
        row.source,
        row.prescription.medication_name,
        row.overridden_by,
        row.patient.record_number,
        row.override_reason or "seen, no words",
    )
