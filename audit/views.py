"""Pages about the record: a patient sees who looked at their data, a doctor at whose data they looked."""

import json
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import groupby

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import doctor_required, patient_required, person
from accounts.models import User
from accounts.signals import viewed
from audit.actions import Action, ActorRole, Purpose
from audit.models import ActivityLog
from medichat.paging import page_of
from medichat.templatetags.clinical import person_name
from records.models import EmergencyReason
from records.people import patients_visible_to

PAGE_SIZE = 50

# What was looked at, in a patient's words.
KINDS: dict[str, str] = {
    Action.PATIENT_VIEWED: "Your record",
    Action.CONVERSATION_VIEWED: "A consultation",
    Action.PRESCRIPTION_VIEWED: "Your prescriptions",
    Action.PRESCRIPTION_DOWNLOADED: "A prescription, as a file",
    Action.PRESCRIPTION_VERIFIED: "Whether a prescription is valid",
    Action.FILE_DOWNLOADED: "A file you sent",
    Action.RECORD_EXPORTED: "A copy of everything",
    Action.BREAK_GLASS_OPENED: "Your record was opened in an emergency",
}
OTHER_KINDS = {
    "refill_requests": "Requests for refills",
    "home": "Your home page",
    "history": "Your list of consultations",
    "who_viewed": "This page",
    "queue": "Your consultation, in a list of cases",
    "conversation_list": "Your consultation, in a list of cases",
    "patients": "Your name and warnings, in a list of patients",
    "recall": "An entry of your record, in a list of patients",
    "user_list": "Your account, in a list of people",
    "user_names": "Your name, in a list of people",
    "photo": "Your photo",
}
REASONS: dict[str, str] = {
    Purpose.CARE: "Your care",
    Purpose.BREAK_GLASS: "An emergency: without being your doctor",
    Purpose.ADMINISTRATION: "Administration of the clinic",
    Purpose.OWN: "You yourself",
}
# Why a doctor who does not treat the patient opened the record, in the patient's words.
EMERGENCIES: dict[str, str] = {
    EmergencyReason.DANGER: "you were in danger",
    EmergencyReason.UNABLE: "you could not speak for yourself",
    EmergencyReason.COVERING: "your doctor could not be reached",
    EmergencyReason.ASKED: "you asked for it",
    EmergencyReason.OTHER: "another urgent reason",
}
ROLES: dict[str, str] = {
    ActorRole.DOCTOR: "Doctor",
    ActorRole.ADMIN: "Administrator",
    ActorRole.PATIENT: "Patient",
    # Only a prescription's code opens anything to somebody who is not signed in.
    ActorRole.ANONYMOUS: "A pharmacy, or somebody else who has the paper",
}


@dataclass(frozen=True)
class Look:
    """One look at the patient's data, in words, or several that differ in nothing but the time.

    ``whose`` is the person on the other side; their name may not be known. ``when`` is the latest, ``since`` the first
    of ``times`` looks.
    """

    when: datetime
    whose: uuid.UUID | None
    name: str
    role: str
    kind: str
    reason: str
    is_emergency: bool
    since: datetime
    times: int = 1

    @property
    def day(self) -> date:
        """The day at the clinic."""
        return timezone.localtime(self.when).date()

    def is_like(self, other: "Look") -> bool:
        """Whether somebody did the same again on the same day."""
        return replace(self, when=other.when, since=other.since, times=other.times) == other and self.day == other.day


def by_day(looks: Sequence[Look]) -> list[tuple[date, list[Look]]]:
    """The looks of each day, the latest first; the same again and again is one line that says how often."""
    lines: list[Look] = []
    for look in looks:
        if lines and lines[-1].is_like(look):
            lines[-1] = replace(lines[-1], since=look.since, times=lines[-1].times + 1)
        else:
            lines.append(look)
    return [(day, list(of_day)) for day, of_day in groupby(lines, key=lambda line: line.day)]


@patient_required
@require_safe
def who_viewed(request: HttpRequest) -> HttpResponse:
    """Who looked at the patient's data, when, at what and why; the latest first. One's own looks are on request."""
    me = person(request)
    with_own = request.GET.get("show") == "all"
    rows = ActivityLog.objects.visible_to(me).of_patient(me.pk).looks()
    if not with_own:
        rows = rows.exclude(actor_id=me.pk)
    page = page_of(request, rows, "-occurred_at", "-id", size=PAGE_SIZE)
    names = names_of({row.actor_id for row in page.rows if row.actor_id})
    viewed.send(ActivityLog, by=me, patient_id=me.pk, resource_type="who_viewed", resource_id=None, why="own")
    looks = [look(row, me, names) for row in page.rows]
    context = {"looks": looks, "days": by_day(looks), "page": page, "with_own": with_own}
    return render(request, "audit/who_viewed.html", context)


@doctor_required
@require_safe
def my_access(request: HttpRequest) -> HttpResponse:
    """At whose data this doctor looked, when, at what and why: what the patients are told of them."""
    me = person(request)
    in_emergencies = request.GET.get("show") == "emergencies"
    rows = ActivityLog.objects.visible_to(me).filter(actor_id=me.pk, patient_id__isnull=False).looks()
    if in_emergencies:
        rows = rows.filter(purpose=Purpose.BREAK_GLASS)
    page = page_of(request, rows, "-occurred_at", "-id", size=PAGE_SIZE)
    viewed.send(ActivityLog, by=me, patient_id=None, resource_type="my_access", resource_id=None, why="own")
    # Names only of those whom the doctor may see now.
    seen = patients_visible_to(me).filter(pk__in={row.patient_id for row in page.rows}).in_bulk()
    looks = [own_look(row, seen.get(row.patient_id)) for row in page.rows]
    context = {"looks": looks, "days": by_day(looks), "page": page, "in_emergencies": in_emergencies}
    return render(request, "audit/my_access.html", context)


def names_of(people: Collection[uuid.UUID]) -> dict[uuid.UUID, str]:
    """The names of the staff who looked at the data of the patient whose context this is; nothing in any other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, first_name, last_name FROM names_of_those_who_looked(%s)", [list(people)])
        return {person_id: f"{first} {last}".strip() for person_id, first, last in cursor.fetchall()}


def look(row: ActivityLog, me: User, names: dict[uuid.UUID, str]) -> Look:
    """A row of the log in a patient's words."""
    return Look(
        when=row.occurred_at,
        since=row.occurred_at,
        whose=row.actor_id,
        name="You" if row.actor_id == me.pk else names.get(row.actor_id, "") if row.actor_id else "",
        role=ROLES.get(row.actor_role or "", "The system"),
        kind=KINDS.get(row.action) or OTHER_KINDS.get(row.resource_type or "", "Other data of yours"),
        reason=_reason(row),
        is_emergency=row.purpose == Purpose.BREAK_GLASS,
    )


def _reason(row: ActivityLog) -> str:
    if row.action == Action.PRESCRIPTION_VERIFIED:
        return "The code on the paper was entered. It shows your initials and year of birth, and the medicines on it."
    return _emergency(row) or REASONS.get(row.purpose, "Not stated")


def _emergency(row: ActivityLog) -> str:
    """Why the record was opened in an emergency, where the row says it."""
    if row.action != Action.BREAK_GLASS_OPENED:
        return ""
    said = EMERGENCIES.get(json.loads(row.metadata or "{}").get("reason", ""), "")
    return f"An emergency: {said}" if said else ""


# The same for the doctor who looked.
OWN_KINDS: dict[str, str] = {
    Action.PATIENT_VIEWED: "Chart",
    Action.CONVERSATION_VIEWED: "Consultation",
    Action.PRESCRIPTION_VIEWED: "Prescriptions",
    Action.PRESCRIPTION_DOWNLOADED: "Prescription as PDF",
    Action.FILE_DOWNLOADED: "File",
    Action.BREAK_GLASS_OPENED: "Emergency access opened",
}
OTHER_OWN_KINDS = {"queue": "In a list of cases", "patients": "In a list of patients", "recall": "In a recall list"}
OWN_REASONS: dict[str, str] = {Purpose.CARE: "Care", Purpose.BREAK_GLASS: "Emergency access"}


def own_look(row: ActivityLog, patient: User | None) -> Look:
    """A row of the log in the words of the doctor who looked."""
    return Look(
        when=row.occurred_at,
        since=row.occurred_at,
        whose=row.patient_id,
        name=person_name(patient) if patient else "",
        role=str(patient.record_number) if patient else "",
        kind=OWN_KINDS.get(row.action) or OTHER_OWN_KINDS.get(row.resource_type or "", "Other data"),
        reason=OWN_REASONS.get(row.purpose, "Not stated"),
        is_emergency=row.purpose == Purpose.BREAK_GLASS,
    )
