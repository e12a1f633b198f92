"""Pages about the record: a patient sees who looked at their data."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access import patient_required, person
from accounts.models import User
from accounts.signals import viewed
from audit.actions import Action, ActorRole, Purpose
from audit.models import ActivityLog
from medichat.paging import page_of

PAGE_SIZE = 50

# What was looked at, in a patient's words.
KINDS: dict[str, str] = {
    Action.PATIENT_VIEWED: "Your record",
    Action.CONVERSATION_VIEWED: "A consultation",
    Action.PRESCRIPTION_VIEWED: "Your prescriptions",
    Action.PRESCRIPTION_DOWNLOADED: "A prescription, as a file",
    Action.FILE_DOWNLOADED: "A file you sent",
    Action.RECORD_EXPORTED: "A copy of everything",
    Action.BREAK_GLASS_OPENED: "Your record was opened in an emergency",
}
OTHER_KINDS = {
    "home": "Your home page",
    "history": "Your list of consultations",
    "who_viewed": "This page",
}
REASONS: dict[str, str] = {
    Purpose.CARE: "Your care",
    Purpose.BREAK_GLASS: "An emergency: without being your doctor",
    Purpose.ADMINISTRATION: "Administration of the clinic",
    Purpose.OWN: "You yourself",
}
ROLES: dict[str, str] = {
    ActorRole.DOCTOR: "Doctor",
    ActorRole.ADMIN: "Administrator",
    ActorRole.PATIENT: "Patient",
}


@dataclass(frozen=True)
class Look:
    """One look at the patient's data, in words. ``name`` is empty for the system."""

    when: datetime
    name: str
    role: str
    kind: str
    reason: str
    is_emergency: bool


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
    return render(request, "audit/who_viewed.html", {"looks": looks, "page": page, "with_own": with_own})


def names_of(people: Collection[uuid.UUID]) -> dict[uuid.UUID, str]:
    """The names of the staff who looked at the data of the patient whose context this is; nothing in any other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, first_name, last_name FROM names_of_those_who_looked(%s)", [list(people)])
        return {person_id: f"{first} {last}".strip() for person_id, first, last in cursor.fetchall()}


def look(row: ActivityLog, me: User, names: dict[uuid.UUID, str]) -> Look:
    """A row of the log in a patient's words."""
    return Look(
        when=row.occurred_at,
        name="You" if row.actor_id == me.pk else names.get(row.actor_id, "") if row.actor_id else "",
        role=ROLES.get(row.actor_role or "", "The system"),
        kind=KINDS.get(row.action) or OTHER_KINDS.get(row.resource_type or "", "Other data of yours"),
        reason=REASONS.get(row.purpose, "Not stated"),
        is_emergency=row.purpose == Purpose.BREAK_GLASS,
    )
