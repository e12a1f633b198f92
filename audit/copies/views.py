"""A patient takes a copy of everything about themselves; an administrator does so for a patient, with a reason."""

import uuid
from datetime import timedelta
from http import HTTPStatus

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods

from accounts.access import administrator_required, patient_required, person
from accounts.models import Role, User
from audit.actions import Action
from audit.copies.contents import LEFT_OUT
from audit.copies.pack import pack
from audit.models import ActivityLog
from audit.record import purpose_of, record

MOST_COPIES = 5
COUNTED_FOR = timedelta(hours=1)


class ReasonForm(forms.Form):
    """Why an administrator takes a copy of somebody's record."""

    REASONS = (
        ("patient_asked", "The patient asked for it"),
        ("other_clinic", "The patient goes to another clinic"),
        ("authority", "A court or an authority demands it"),
    )
    reason = forms.ChoiceField(
        label="Why is the copy made?",
        choices=[("", "Choose"), *REASONS],
        error_messages={"required": "Choose the reason."},
    )
    note = forms.CharField(
        label="More about it",
        required=False,
        max_length=300,
        help_text="Such as the number of the request. It is kept in the activity log, encrypted.",
    )


@patient_required
@require_http_methods(["GET", "POST"])
def own_copy(request: HttpRequest) -> HttpResponseBase:
    """The page that explains the copy; sending its form downloads it."""
    patient = person(request)
    if request.method == "GET":
        return render(request, "audit/copies/own.html", {"left_out": LEFT_OUT.values()})
    return _too_many(request, patient) or download(patient, reader=patient)


@administrator_required
@require_http_methods(["GET", "POST"])
def copy_for_patient(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponseBase:
    """The same for an administrator, who says why."""
    administrator = person(request)
    patient = get_object_or_404(User.objects.filter(role=Role.PATIENT), pk=patient_id)
    form = ReasonForm(request.POST or None)
    if not form.is_valid():
        status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
        return render(request, "audit/copies/for_patient.html", {"patient": patient, "form": form}, status=status)
    return _too_many(request, administrator) or download(
        patient, reader=administrator, reason=form.cleaned_data["reason"], note=form.cleaned_data["note"]
    )


def has_taken_enough(reader: User) -> bool:
    """A copy is work for the server and worth a thief's while: a few in an hour are enough for anybody."""
    lately = ActivityLog.objects.visible_to(reader).filter(
        action=Action.RECORD_EXPORTED, actor_id=reader.pk, occurred_at__gt=timezone.now() - COUNTED_FOR
    )
    return lately.count() >= MOST_COPIES


def _too_many(request: HttpRequest, reader: User) -> HttpResponse | None:
    if not has_taken_enough(reader):
        return None
    detail = f"You have taken {MOST_COPIES} copies within an hour. Please wait an hour before you take another one."
    response = render(request, "429.html", {"detail": detail}, status=HTTPStatus.TOO_MANY_REQUESTS)
    response["Retry-After"] = str(int(COUNTED_FOR.total_seconds()))
    return response


def download(patient: User, *, reader: User, reason: str = "", note: str = "") -> StreamingHttpResponse:
    """On the record first: what cannot be recorded is not given out. The copy is read after this transaction."""
    record(
        Action.RECORD_EXPORTED,
        actor=reader,
        patient_id=patient.pk,
        resource_type="patient",
        resource_id=patient.pk,
        purpose=purpose_of(reader, patient.pk),
        codes={"reason": reason} if reason else None,
        note=note,
    )
    response = StreamingHttpResponse(pack(patient, reader=reader), content_type="application/zip")
    name = f"health-record-{patient.record_number or patient.pk}-{timezone.localdate():%Y-%m-%d}.zip"
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name)
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response
