"""Opening a chart: one's own as a patient, or that of a patient whom the doctor may see."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse

from accounts.access import View, doctor_required, patient_required, person
from accounts.models import User
from accounts.signals import viewed
from records.models import EmergencyAccess
from records.models.emergency import access_in_force
from records.people import patients_visible_to, why_seen


@dataclass(frozen=True)
class OpenChart:
    """A patient's chart in the hands of somebody who may read and write it."""

    by: User
    patient: User
    why: str
    """'own', 'care' or 'break_glass', as the record calls it."""

    @property
    def is_own(self) -> bool:
        """Whether the patient reads their own."""
        return self.why == "own"

    @cached_property
    def emergency(self) -> EmergencyAccess | None:
        """The emergency access by which a doctor reads it, when there is no other reason."""
        return access_in_force(self.by, self.patient.pk) if self.why == "break_glass" else None

    def url(self, act: str = "", **parts: Any) -> str:
        """The address of the chart, or of an act on it (``add``, ``correct``, ...), from where this person stands."""
        if self.is_own:
            return reverse(f"records:{act}_mine" if act else "records:mine", kwargs=parts)
        return reverse(f"records:{act or 'chart'}", kwargs={"patient_id": self.patient.pk, **parts})

    def tell_viewed(self) -> None:
        """Put on record that the chart was looked at."""
        viewed.send(
            User,
            by=self.by,
            patient_id=self.patient.pk,
            resource_type="chart",
            resource_id=self.patient.pk,
            why=self.why,
        )


def chart_required(view: Callable[..., HttpResponse]) -> View:
    """The view gets an OpenChart: without ``patient_id`` in the address the patient's own, else a doctor's patient's.

    Strangers get 404, the wrong role 403.
    """

    @patient_required
    def own(request: HttpRequest, **parts: Any) -> HttpResponse:
        me = person(request)
        return view(request, OpenChart(by=me, patient=me, why="own"), **parts)

    @doctor_required
    def of_patient(request: HttpRequest, patient_id: uuid.UUID, **parts: Any) -> HttpResponse:
        patient = get_object_or_404(patients_visible_to(person(request)), pk=patient_id)
        chart = OpenChart(by=person(request), patient=patient, why=why_seen(patient))
        return view(request, chart, **parts)

    @wraps(view)
    def opened(request: HttpRequest, **parts: Any) -> HttpResponseBase:
        return of_patient(request, **parts) if "patient_id" in parts else own(request, **parts)

    return opened
