"""The report for administrators: which safety alerts doctors went past, how often, and why."""

from collections.abc import Sequence
from datetime import timedelta

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.access import administrator_required, person
from accounts.signals import list_viewed
from medichat.paging import page_of
from prescriptions import signals
from prescriptions.forms import PeriodForm
from prescriptions.models import PrescriptionAlert
from prescriptions.models.alerts import PrescriptionAlertQuerySet
from records.csv_file import as_csv

USUAL_PERIOD = timedelta(days=30)
MOST_ROWS = 20_000
"""Rows of a file: a longer period is asked for in parts."""
OFTEN_SHOWN = 10
COLUMNS = ("day", "severity", "kind", "alert", "rule", "medicine", "doctor", "patient record", "doctor's reason")


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
    _tell(request, page.rows)
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
    _tell(request, rows)
    name = f"overridden-alerts-{form.cleaned_data['since']}-{form.cleaned_data['to']}.csv"
    return HttpResponse(
        as_csv(COLUMNS, (_values(row) for row in rows)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"},
    )


def _tell(request: HttpRequest, rows: Sequence[PrescriptionAlert]) -> None:
    """Put on record that the report was made, and every patient whom it named."""
    asker = person(request)
    signals.overrides_reported.send(PrescriptionAlert, by=asker)
    list_viewed.send(
        PrescriptionAlert,
        by=asker,
        patient_ids=[row.patient_id for row in rows],
        resource_type="report",
        why="administration",
    )


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


def _values(row: PrescriptionAlert) -> tuple[str, ...]:
    return (
        timezone.localtime(row.created_at).date().isoformat(),
        row.get_severity_display(),
        row.kind,
        row.title,
        row.source,
        row.prescription.medication_name,
        str(row.overridden_by or ""),
        str(row.patient.record_number),
        row.override_reason or "seen, no words",
    )
