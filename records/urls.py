"""Addresses of the chart. What a patient does to their own record and a doctor to a chart are the same acts."""

from django.urls import URLPattern, path

from accounts.access import View
from records.views import codes, emergency, entries, pages, person, photos, reports, search

app_name = "records"


def both(route: str, view: View, name: str) -> list[URLPattern]:
    """An act on one's own record and on a patient's chart."""
    return [
        path(f"record/{route}", view, name=f"{name}_mine"),
        path(f"patients/<uuid:patient_id>/{route}", view, name=name),
    ]


urlpatterns = [
    path("patients/", search.patients, name="patients"),
    path("patients/recall/", search.recall, name="recall"),
    path("reports/", reports.index, name="reports"),
    path("reports/<slug:report>/", reports.one, name="report"),
    path("reports/<slug:report>/csv/", reports.csv, name="report_csv"),
    path("codes/", codes.codes, name="codes"),
    path("emergency-access/", emergency.open_chart, name="emergency_access"),
    path("patients/<uuid:patient_id>/emergency-access/end/", emergency.end, name="emergency_access_end"),
    path("record/", pages.chart, name="mine"),
    path("record/timeline/", pages.own_timeline, name="timeline_mine"),
    path("patients/<uuid:patient_id>/", pages.chart, name="chart"),
    path("patients/<uuid:patient_id>/photo/", photos.photo, name="photo"),
    *both("person/<slug:part>/", person.edit_person, "edit_person"),
    *both("contacts/new/", person.add_contact, "add_contact"),
    *both("contacts/<uuid:contact_id>/", person.edit_contact, "edit_contact"),
    *both("contacts/<uuid:contact_id>/remove/", person.remove_contact, "remove_contact"),
    *both("<slug:slug>/new/", entries.add, "add"),
    *both("<slug:slug>/none/", entries.none, "none"),
    *both("<slug:slug>/<uuid:entry_id>/correct/", entries.correct, "correct"),
    *both("<slug:slug>/<uuid:entry_id>/wrong/", entries.wrong, "wrong"),
    *both("<slug:slug>/<uuid:entry_id>/end/", entries.end, "end"),
]
