"""Addresses of charts in the API, below ``/api``: a patient's own, and that of a doctor's patient."""

from typing import Any

from django.urls import URLPattern, path

from accounts.models import Role
from records.api import chart, chart_person, emergency


def both(route: str, view: Any, name: str = "") -> list[URLPattern]:
    """An act on one's own chart and on that of a patient."""
    own, doctors = view.as_view(roles=frozenset({Role.PATIENT})), view.as_view(roles=frozenset({Role.DOCTOR}))
    name = f"_{name}" if name else ""
    return [
        path(f"patients/chart{route}", own, name=f"chart{name}"),
        path(f"doctors/patient/<id:patient_id>/chart{route}", doctors, name=f"patient_chart{name}"),
    ]


urlpatterns = [
    *both("", chart.WholeView),
    *both("/about", chart_person.AboutView, "about"),
    *both("/photo", chart_person.PhotoOfPatientView, "photo"),
    *both("/contacts", chart_person.ContactsView, "contacts"),
    *both("/contacts/<id:contact_id>", chart_person.ContactView, "contact"),
    *both("/<str:slug>", chart.KindView, "kind"),
    *both("/<str:slug>/none", chart.NoneView, "none"),
    *both("/<str:slug>/<id:entry_id>", chart.EntryView, "entry"),
    *both("/<str:slug>/<id:entry_id>/correct", chart.CorrectView, "correct"),
    *both("/<str:slug>/<id:entry_id>/wrong", chart.WrongView, "wrong"),
    *both("/<str:slug>/<id:entry_id>/end", chart.EndView, "end"),
    path("doctors/emergency-access", emergency.EmergencyView.as_view(), name="emergency_access"),
    path("doctors/patient/<id:patient_id>/emergency-access", emergency.EndView.as_view(), name="emergency_access_end"),
]
