"""A patient's own record and a doctor's chart of a patient, with a form open in it while something is written."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.core.exceptions import BadRequest
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from medichat.paging import Page, page_of
from records.access import OpenChart, chart_required
from records.kinds import KINDS, TABS, Kind
from records.models import ChartEntry, EarlierStatement, EmergencyContact, MedicalInfo, VitalSigns
from records.models.vitals import heights_known
from records.people import banner_of
from records.sections import Section, section_of
from records.timeline import events_of
from records.vitals.measures import Card, cards_of

OVERVIEW = ("conditions", "medicines", "allergies")
VITALS = KINDS["vitals"]
MEASUREMENTS_OF_ONE_S_OWN = 10
EARLIER_STATEMENTS = 20


@dataclass(frozen=True)
class OpenForm:
    """A form on the page: where it stands, what it is called, where it goes and what its button says."""

    tab: str
    place: str
    """The slug of the kind, or 'about', 'services', 'contacts'."""
    title: str
    form: forms.BaseForm
    action: str
    button: str
    row: Any = None
    """The entry or contact it is about; None where it adds one."""


@dataclass(frozen=True)
class Measurements:
    """A page of measurements: the sets, what they look like over time, and the neighbouring pages."""

    page: Page
    cards: list[Card]


@require_safe
@chart_required
def chart(request: HttpRequest, chart: OpenChart) -> HttpResponse:
    """The chart as it stands: the patient's whole record, or the tab that the doctor chose."""
    return show(request, chart, tab=request.GET.get("tab", "overview"))


def show(
    request: HttpRequest,
    chart: OpenChart,
    *,
    tab: str = "overview",
    open_form: OpenForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page of this chart for this person, and the note on record that it was looked at."""
    chart.tell_viewed()
    if chart.is_own:
        return _own_form(request, chart, open_form, status) if open_form else _own_record(request, chart)
    return _tab(request, chart, open_form.tab if open_form else tab, open_form, status)


def _own_form(request: HttpRequest, chart: OpenChart, open_form: OpenForm, status: int) -> HttpResponse:
    context = {"chart": chart, "open_form": open_form, "parents": [("My record", chart.url())]}
    return render(request, "records/own_form.html", context, status=status)


def _own_record(request: HttpRequest, chart: OpenChart) -> HttpResponse:
    info = _info(chart)
    with_errors = "errors" in request.GET
    measurements = _measurements(request, chart, info, size=MEASUREMENTS_OF_ONE_S_OWN)
    sections = [
        _section(chart, kind, info, with_errors=with_errors, entries=measurements.page.rows if kind is VITALS else None)
        for kind in KINDS.values()
    ]
    context = {
        "chart": chart,
        "sections": sections,
        "measurements": measurements,
        "struck": sum(section.struck for section in sections),
        "with_errors": with_errors,
        **_person(chart, info),
    }
    return render(request, "records/mine.html", context)


def _tab(request: HttpRequest, chart: OpenChart, tab: str, open_form: OpenForm | None, status: int) -> HttpResponse:
    if tab not in TABS:
        raise BadRequest("There is no such part of the chart.")
    info = _info(chart)
    with_errors = "errors" in request.GET
    # The allergies stand on every tab, in the banner.
    allergies = list(_entries(chart, KINDS["allergies"]))
    loaded: dict[str, list[ChartEntry]] = {"allergies": allergies}
    measurements = None
    if tab in {"overview", VITALS.tab}:
        measurements = _measurements(request, chart, info, size=VITALS.longest_list)
        loaded[VITALS.slug] = measurements.page.rows
    kinds = [KINDS[slug] for slug in OVERVIEW] if tab == "overview" else KINDS.values()
    sections = [
        _section(chart, kind, info, with_errors=with_errors, entries=loaded.get(kind.slug))
        for kind in kinds
        if tab in {"overview", kind.tab}
    ]
    context = {
        "chart": chart,
        "emergency": chart.emergency,
        "banner": banner_of(chart.patient, info=info, allergies=allergies),
        "tab": tab,
        "tabs": TABS,
        "tab_title": TABS[tab],
        "sections": sections,
        "measurements": measurements,
        "struck": sum(section.struck for section in sections),
        "with_errors": with_errors,
        "open_form": open_form,
        "chart_url": chart.url(),
        "back_url": f"{chart.url()}?tab={tab}",
        **(_person(chart, info) if tab in {"overview", "person"} else {}),
        **(_timeline(request, chart) if tab == "timeline" else {}),
    }
    return render(request, "records/chart.html", context, status=status)


@require_safe
@chart_required
def own_timeline(request: HttpRequest, chart: OpenChart) -> HttpResponse:
    """Everything in the patient's own record in the order of time."""
    chart.tell_viewed()
    context = {"chart": chart, "parents": [("My record", chart.url())], **_timeline(request, chart)}
    return render(request, "records/own_timeline.html", context)


def _timeline(request: HttpRequest, chart: OpenChart) -> dict[str, Any]:
    place = request.GET.get("before_event", "")
    events, has_more = events_of(chart, _place(place) if place else None)
    return {
        "events": events,
        "is_continued": bool(place),
        "next_place": f"{events[-1].at.isoformat()}_{events[-1].id}" if has_more else "",
    }


def _place(text: str) -> tuple[datetime, uuid.UUID]:
    """The place in the timeline that a page's address names. Raises BadRequest for one that no page gave."""
    moment, _, key = text.partition("_")
    try:
        at = datetime.fromisoformat(moment)
        return at if at.tzinfo else at.replace(tzinfo=UTC), uuid.UUID(key)
    except (ValueError, OverflowError):
        raise BadRequest("This page address is damaged.") from None


def _measurements(request: HttpRequest, chart: OpenChart, info: MedicalInfo | None, *, size: int) -> Measurements:
    """The latest sets of measurements, or the page of them that is asked for. Patients see no judgement of theirs."""
    page = page_of(request, _entries(chart, VITALS), "-measured_at", "-pk", size=size)
    born = chart.patient.date_of_birth
    ordered = heights_known(page.rows, born=born, stated=info.height_cm if info else None)
    standing: list[VitalSigns] = [one for one in ordered if one.entered_in_error_at is None]
    return Measurements(page, cards_of(standing, None if chart.is_own else born))


def _info(chart: OpenChart) -> MedicalInfo | None:
    infos = MedicalInfo.objects.visible_to(chart.by).select_related("assigned_doctor")
    return infos.filter(patient=chart.patient).first()


def _entries(chart: OpenChart, kind: Kind) -> "QuerySet[Any]":
    entries: QuerySet[Any] = kind.model.objects.visible_to(chart.by).of_patient(chart.patient).with_people()
    return entries


def _section(
    chart: OpenChart,
    kind: Kind,
    info: MedicalInfo | None,
    *,
    with_errors: bool,
    entries: Iterable[ChartEntry] | None = None,
) -> Section:
    if entries is None:
        entries = _entries(chart, kind)
    return section_of(chart, kind, entries, info, with_errors=with_errors)


def _person(chart: OpenChart, info: MedicalInfo | None) -> dict[str, Any]:
    """What the page shows of the person besides the entries."""
    contacts = EmergencyContact.objects.visible_to(chart.by).filter(patient=chart.patient)
    return {
        "info": info,
        "contacts": [
            {
                "contact": contact,
                "edit_url": chart.url("edit_contact", contact_id=contact.pk),
                "remove_url": chart.url("remove_contact", contact_id=contact.pk),
                "dialog": f"remove-{contact.pk}",
            }
            for contact in contacts
        ],
        "earlier_statements": EarlierStatement.objects.visible_to(chart.by)
        .filter(patient=chart.patient)
        .select_related("changed_by")[:EARLIER_STATEMENTS],
        "about_url": chart.url("edit_person", part="about"),
        "services_url": chart.url("edit_person", part="services"),
        "add_contact_url": chart.url("add_contact"),
    }
