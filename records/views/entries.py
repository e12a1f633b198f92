"""Adding, correcting, ending and striking out entries, and stating that there are none."""

import uuid
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods, require_POST

from records.access import OpenChart, chart_required
from records.forms import EndForm, WrongEntryForm
from records.kinds import Kind, is_past, kind_named
from records.models import ChartEntry, MedicalHistory, Medication
from records.views.pages import OpenForm, show

EntryView = Callable[[HttpRequest, OpenChart, Kind, Any], HttpResponse]


@require_http_methods(["GET", "HEAD", "POST"])
@chart_required
def add(request: HttpRequest, chart: OpenChart, slug: str) -> HttpResponse:
    """A new entry."""
    kind = kind_named(slug)
    form = kind.form_for(chart)(request.POST if request.method == "POST" else None, patient=chart.patient)
    if request.method == "POST" and form.is_valid():
        try:
            form.entry().record(by=chart.by)
        except ValidationError as refusal:
            form.refuse(refusal)
        else:
            return _back(request, chart, kind, f"Added to the record: {form.entry()}.")
    open_form = OpenForm(
        tab=kind.tab,
        place=kind.slug,
        title=f"Add {kind.one}",
        form=form,
        action=chart.url("add", slug=slug),
        button=f"Add this {kind.singular}",
    )
    return show(request, chart, open_form=open_form, status=_status(request))


def of_entry(view: EntryView) -> Callable[..., HttpResponse]:
    """The view gets the kind and the standing entry, which this person must be allowed to change."""

    @require_http_methods(["GET", "HEAD", "POST"])
    @chart_required
    @wraps(view)
    def found(request: HttpRequest, chart: OpenChart, slug: str, entry_id: uuid.UUID) -> HttpResponse:
        kind = kind_named(slug)
        entries = kind.model.objects.visible_to(chart.by).of_patient(chart.patient)
        entry = get_object_or_404(entries, pk=entry_id)
        if not entry.may_be_changed_by(chart.by):
            raise PermissionDenied("The clinic recorded this entry. Tell your doctor what is wrong about it.")
        return view(request, chart, kind, entry)

    return found  # type: ignore[return-value]  # the decorators speak of HttpResponseBase


@of_entry
def correct(request: HttpRequest, chart: OpenChart, kind: Kind, entry: ChartEntry) -> HttpResponse:
    """The entry was wrong: it is struck out and another takes its place, as one act."""
    data = request.POST if request.method == "POST" else None
    form = kind.form_for(chart)(data, patient=chart.patient, replaces=entry)
    if request.method == "POST" and form.is_valid():
        try:
            entry.correct(form.entry(), by=chart.by, reason=form.cleaned_data["reason"])
        except ValidationError as refusal:
            form.refuse(refusal)
        else:
            return _back(request, chart, kind, f"Corrected: {form.entry()}.")
    return _show(request, chart, kind, entry, form, act="correct", title=f"Correct {entry}", button="Correct it")


@of_entry
def wrong(request: HttpRequest, chart: OpenChart, kind: Kind, entry: ChartEntry) -> HttpResponse:
    """The entry should not be there: it is struck out, with the reason."""
    form = WrongEntryForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        entry.mark_entered_in_error(by=chart.by, reason=form.cleaned_data["reason"])
        return _back(request, chart, kind, f"Marked as entered in error: {entry}.")
    title = f"{entry}: this is wrong" if chart.is_own else f"Mark {entry} as entered in error"
    return _show(request, chart, kind, entry, form, act="wrong", title=title, button="Strike it out")


@of_entry
def end(request: HttpRequest, chart: OpenChart, kind: Kind, entry: ChartEntry) -> HttpResponse:
    """The medicine is no longer taken, or the condition is over."""
    if not isinstance(entry, Medication | MedicalHistory) or is_past(entry):
        raise Http404
    began = entry.started_on if isinstance(entry, Medication) else entry.diagnosed_on
    data = request.POST if request.method == "POST" else None
    form = EndForm(data, born=chart.patient.date_of_birth, began=began)
    title = f"{entry}: {kind.end_act.lower()}"
    if request.method == "POST" and form.is_valid():
        act = entry.stop if isinstance(entry, Medication) else entry.resolve
        act(on=form.cleaned_data["on"], by=chart.by)
        return _back(request, chart, kind, f"{title}.")
    return _show(request, chart, kind, entry, form, act="end", title=title, button=f"Save as {kind.end_act.lower()}")


@require_POST
@chart_required
def none(request: HttpRequest, chart: OpenChart, slug: str) -> HttpResponse:
    """The patient says that there is nothing of this kind; refused with 409 while an entry says otherwise."""
    kind = kind_named(slug)
    if not kind.model.statement:
        raise Http404
    kind.model.state_none(patient=chart.patient, by=chart.by)
    return _back(request, chart, kind, f"Stated today: {kind.none_stated[0].lower()}{kind.none_stated[1:]}.")


def _show(
    request: HttpRequest,
    chart: OpenChart,
    kind: Kind,
    entry: ChartEntry,
    form: Any,
    *,
    act: str,
    title: str,
    button: str,
) -> HttpResponse:
    """The page with the form where the entry stands."""
    action = chart.url(act, slug=kind.slug, entry_id=entry.pk)
    open_form = OpenForm(tab=kind.tab, place=kind.slug, title=title, form=form, action=action, button=button, row=entry)
    return show(request, chart, open_form=open_form, status=_status(request))


def _status(request: HttpRequest) -> int:
    """A form that is shown again after it was sent could not be accepted."""
    return HTTPStatus.UNPROCESSABLE_ENTITY if request.method == "POST" else HTTPStatus.OK


def _back(request: HttpRequest, chart: OpenChart, kind: Kind, said: str) -> HttpResponse:
    messages.success(request, said)
    return redirect(chart.url() + (f"#{kind.slug}" if chart.is_own else f"?tab={kind.tab}#{kind.slug}"))
