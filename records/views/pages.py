"""A patient's own record and a doctor's chart of a patient, with a form open in it while something is written."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from records.access import OpenChart, chart_required
from records.kinds import KINDS, TABS, Kind, Section, section_of
from records.models import Allergy, ChartEntry, EmergencyContact, MedicalInfo
from records.people import banner_of

OVERVIEW = ("conditions", "medicines", "allergies")


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
    sections = [_section(chart, kind, info, with_errors=with_errors) for kind in KINDS.values()]
    context = {
        "chart": chart,
        "sections": sections,
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
    kinds = [KINDS[slug] for slug in OVERVIEW] if tab == "overview" else KINDS.values()
    sections = [
        _section(chart, kind, info, with_errors=with_errors, entries=allergies if kind.model is Allergy else None)
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
        "struck": sum(section.struck for section in sections),
        "with_errors": with_errors,
        "open_form": open_form,
        "chart_url": chart.url(),
        "back_url": f"{chart.url()}?tab={tab}",
        **(_person(chart, info) if tab in {"overview", "person"} else {}),
    }
    return render(request, "records/chart.html", context, status=status)


def _info(chart: OpenChart) -> MedicalInfo | None:
    infos = MedicalInfo.objects.visible_to(chart.by).select_related("assigned_doctor")
    return infos.filter(patient=chart.patient).first()


def _entries(chart: OpenChart, kind: Kind) -> Iterable[Any]:
    entries: Iterable[Any] = kind.model.objects.visible_to(chart.by).of_patient(chart.patient).with_people()
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
        "about_url": chart.url("edit_person", part="about"),
        "services_url": chart.url("edit_person", part="services"),
        "add_contact_url": chart.url("add_contact"),
    }
