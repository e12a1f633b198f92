"""The chart through the API: everything that its pages show and do, by the same forms and acts.

A patient's own stands below ``/api/patients/chart``, a patient's whom a doctor may see below
``/api/doctors/patient/:id/chart``. Changing what exists needs ``If-Match`` (see ``medichat.api.versions``).
"""

import uuid
from collections.abc import Callable
from typing import Any, Literal, TypedDict, TypeVar, cast

from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from accounts.api.bodies import DoneBody, done
from accounts.api.people import PersonView
from accounts.models import Role
from medichat.api import versions
from medichat.api.declaring import Answer, Created, asks, reads_header, refuses, sends_header, takes
from medichat.api.versions import require_version
from records.access import OpenChart
from records.api import chart_bodies as bodies
from records.api import chart_sent as sent_forms
from records.api.chart_bodies import EntriesBody, EntryBody, WholeChartBody
from records.api.chart_sent import ChartEntrySent, EndSent, ReasonSent
from records.forms import EndForm
from records.kinds import KINDS, Kind, is_past, kind_named
from records.models import ChartEntry, EmergencyContact, MedicalHistory, MedicalInfo, Medication
from records.people import patients_visible_to, why_seen

MOST_ENTRIES = 500
Handler = TypeVar("Handler", bound=Callable[..., Any])
THE_CLINIC_S = "The clinic recorded this entry. Tell your doctor what is wrong about it."


class ChartBody(TypedDict):
    """The whole chart."""

    status: Literal["success"]
    chart: WholeChartBody


class KindBody(TypedDict):
    """The entries of one kind."""

    status: Literal["success"]
    entries: list[EntryBody]


class ChangedEntryBody(TypedDict):
    """The entry after the act."""

    status: Literal["success"]
    message: str
    entry: EntryBody


class OneEntryBody(TypedDict):
    """One entry."""

    status: Literal["success"]
    entry: EntryBody


class ErrorsToo(serializers.Serializer[Any]):
    """Whether struck-out entries are wanted too."""

    includeErrors = serializers.CharField(required=False, help_text="`true`: also what was entered in error.")


def changes_what_exists(handler: Handler) -> Handler:
    """The method needs the version that its client has seen."""
    handler = reads_header(versions.HEADER, versions.MEANING)(handler)
    return refuses(412, versions.STALE)(refuses(428, versions.MISSING)(handler))


class ChartView(PersonView):
    """A chart: one's own, or that of a patient whom the doctor may see. Below are its parts."""

    roles = frozenset({Role.PATIENT, Role.DOCTOR})

    def opened(self, patient_id: uuid.UUID | None) -> OpenChart:
        """The chart that the address names. Raises Http404 for one that this person may not see."""
        me = self.person
        if patient_id is None:
            return OpenChart(by=me, patient=me, why="own")
        patient = get_object_or_404(patients_visible_to(me), pk=patient_id)
        return OpenChart(by=me, patient=patient, why=why_seen(patient))

    def entries(self, chart: OpenChart, kind: Kind) -> Any:
        """The entries of a kind that this person may see."""
        return kind.model.objects.visible_to(chart.by).of_patient(chart.patient).with_people()

    def standing(self, chart: OpenChart, kind: Kind, entry_id: uuid.UUID, request: Request) -> Any:
        """The entry, locked, which this person may change and has seen as it is now."""
        rows = self.entries(chart, kind)
        row: ChartEntry = get_object_or_404(rows, pk=entry_id)
        if not row.may_be_changed_by(chart.by):
            raise PermissionDenied(THE_CLINIC_S)
        # Only who may change a row sees it to lock it.
        row = get_object_or_404(rows.select_for_update(of=("self",), no_key=True), pk=entry_id)
        require_version(request, bodies.entry(row, kind, chart)["etag"])
        return row

    def about(self, chart: OpenChart) -> MedicalInfo | None:
        """Body, habits and services."""
        return MedicalInfo.objects.visible_to(chart.by).filter(patient=chart.patient).first()

    def contacts(self, chart: OpenChart) -> Any:
        """Whom to call."""
        return EmergencyContact.objects.visible_to(chart.by).filter(patient=chart.patient).order_by("position", "id")


class WholeView(ChartView):
    """A chart with everything in it."""

    @asks(ErrorsToo)
    def get(self, request: Request, patient_id: uuid.UUID | None = None) -> Answer[ChartBody]:
        """All of it; up to 500 entries of each kind."""
        with_errors = self.asked(ErrorsToo).get("includeErrors") == "true"
        chart = self.opened(patient_id)
        chart.tell_viewed()
        rows = {slug: list(self.entries(chart, kind)[:MOST_ENTRIES]) for slug, kind in KINDS.items()}
        standing = [row for found in rows.values() for row in found if row.entered_in_error_at is None]
        shown = {
            slug: [
                bodies.entry(row, KINDS[slug], chart) for row in found if with_errors or row.entered_in_error_at is None
            ]
            for slug, found in rows.items()
        }
        info = self.about(chart)
        entries = cast(EntriesBody, shown)
        whole = WholeChartBody(
            patient=bodies.whose(chart.patient),
            why=chart.why,  # type: ignore[typeddict-item]  # what OpenChart says
            entries=entries,
            noneStated=bodies.none_stated(info, standing),
            about=bodies.about(info),
            contacts=[bodies.contact(row) for row in self.contacts(chart)],
        )
        return Answer(ChartBody(status="success", chart=whole))


class KindView(ChartView):
    """The entries of one kind: look, or add one."""

    @asks(ErrorsToo)
    def get(self, request: Request, slug: str, patient_id: uuid.UUID | None = None) -> Answer[KindBody]:
        """Those that stand; struck-out ones on demand."""
        kind, with_errors = kind_named(slug), self.asked(ErrorsToo).get("includeErrors") == "true"
        chart = self.opened(patient_id)
        chart.tell_viewed()
        rows = self.entries(chart, kind)
        rows = (rows if with_errors else rows.standing())[:MOST_ENTRIES]
        return Answer(KindBody(status="success", entries=[bodies.entry(row, kind, chart) for row in rows]))

    @takes(ChartEntrySent)
    def post(self, request: Request, slug: str, patient_id: uuid.UUID | None = None) -> Created[ChangedEntryBody]:
        """Add an entry."""
        kind, chart = kind_named(slug), self.opened(patient_id)
        form = sent_forms.entry_form(kind, chart, self.sent(ChartEntrySent))
        row = _valid(form, kind)
        try:
            row.record(by=chart.by)
        except DjangoValidationError as refused:
            raise ValidationError(_renamed(refused, kind)) from None
        return Created(_changed(self, "Added to the record.", kind, chart, row))


class NoneView(ChartView):
    """That there is nothing of a kind: no known allergies, no medicines, no illnesses."""

    @refuses(409, "There are entries that say otherwise.")
    def post(self, request: Request, slug: str, patient_id: uuid.UUID | None = None) -> Answer[DoneBody]:
        """State it, as of today."""
        kind, chart = kind_named(slug), self.opened(patient_id)
        if not kind.model.statement:
            raise Http404
        kind.model.state_none(patient=chart.patient, by=chart.by)
        return Answer(done(f"Stated today: {kind.none_stated[0].lower()}{kind.none_stated[1:]}."))


class EntryView(ChartView):
    """One entry."""

    @sends_header("ETag", "The version of the entry.")
    def get(
        self, request: Request, slug: str, entry_id: uuid.UUID, patient_id: uuid.UUID | None = None
    ) -> Answer[OneEntryBody]:
        """The entry with its version, struck out or not."""
        kind, chart = kind_named(slug), self.opened(patient_id)
        row = get_object_or_404(self.entries(chart, kind), pk=entry_id)
        chart.tell_viewed()
        body = bodies.entry(row, kind, chart)
        return Answer(OneEntryBody(status="success", entry=body), headers={"ETag": versions.etag(body["etag"])})


class CorrectView(ChartView):
    """An entry is wrong, and this is right."""

    @changes_what_exists
    @takes(ChartEntrySent, ReasonSent)
    @refuses(409, "It was struck out already.")
    def post(
        self, request: Request, slug: str, entry_id: uuid.UUID, patient_id: uuid.UUID | None = None
    ) -> Answer[ChangedEntryBody]:
        """Strike it out with the reason and put another in its place, as one act; what is not sent stays."""
        kind, chart = kind_named(slug), self.opened(patient_id)
        row = self.standing(chart, kind, entry_id, request)
        sent = self.sent(ChartEntrySent) | self.sent(ReasonSent)
        form = sent_forms.entry_form(kind, chart, sent, replaces=row)
        replacement = _valid(form, kind)
        try:
            row.correct(replacement, by=chart.by, reason=sent["reason"])
        except DjangoValidationError as refused:
            raise ValidationError(_renamed(refused, kind)) from None
        return Answer(_changed(self, "Corrected.", kind, chart, replacement))


class WrongView(ChartView):
    """An entry should not be there."""

    @changes_what_exists
    @takes(ReasonSent)
    @refuses(409, "It was struck out already.")
    def post(
        self, request: Request, slug: str, entry_id: uuid.UUID, patient_id: uuid.UUID | None = None
    ) -> Answer[ChangedEntryBody]:
        """Strike it out with the reason; it stays readable."""
        kind, chart = kind_named(slug), self.opened(patient_id)
        row = self.standing(chart, kind, entry_id, request)
        row.mark_entered_in_error(by=chart.by, reason=self.sent(ReasonSent)["reason"])
        return Answer(_changed(self, "Marked as entered in error.", kind, chart, row))


class EndView(ChartView):
    """A medicine is no longer taken, or a condition is over."""

    @changes_what_exists
    @takes(EndSent)
    @refuses(409, "It was struck out already.")
    def post(
        self, request: Request, slug: str, entry_id: uuid.UUID, patient_id: uuid.UUID | None = None
    ) -> Answer[ChangedEntryBody]:
        """Say since when."""
        kind, chart = kind_named(slug), self.opened(patient_id)
        if not kind.end_act:
            raise Http404
        row = self.standing(chart, kind, entry_id, request)
        if is_past(row):
            raise Http404
        began = row.started_on if isinstance(row, Medication) else row.diagnosed_on
        on = self.sent(EndSent).get("on") or timezone.localdate()
        form = EndForm({"on": on.isoformat()}, born=chart.patient.date_of_birth, began=began)
        if not form.is_valid():
            raise ValidationError({name: [str(each) for each in errors] for name, errors in form.errors.items()})
        assert isinstance(row, Medication | MedicalHistory)
        act = row.stop if isinstance(row, Medication) else row.resolve
        act(on=form.cleaned_data["on"], by=chart.by)
        return Answer(_changed(self, f"{kind.end_act}.", kind, chart, row))


def _valid(form: Any, kind: Kind) -> Any:
    """The entry that was filled in. Raises ValidationError with everything that is wrong."""
    if not form.is_valid():
        raise ValidationError(sent_forms.renamed(form.errors, sent_forms.FIELDS[kind.slug]))
    return form.entry()


def _renamed(refused: DjangoValidationError, kind: Kind) -> dict[str, list[str]]:
    return sent_forms.renamed(refused.message_dict, sent_forms.FIELDS[kind.slug])


def _changed(view: ChartView, message: str, kind: Kind, chart: OpenChart, row: ChartEntry) -> ChangedEntryBody:
    """The entry as it stands now."""
    stored = view.entries(chart, kind).get(pk=row.pk)
    return ChangedEntryBody(status="success", message=message, entry=bodies.entry(stored, kind, chart))
