"""Who looked at the patient's data; and at whose data a doctor looked. And the copy of everything."""

from typing import Any, Literal, TypedDict

from django.http import HttpResponseBase
from rest_framework import serializers
from rest_framework.request import Request

from accounts.api.people import DoctorView, PatientView
from accounts.signals import viewed
from audit.actions import Purpose
from audit.copies.views import COUNTED_FOR, MOST_COPIES, download, has_taken_enough
from audit.models import ActivityLog
from audit.views import Look, look, names_of, own_look
from medichat.api.declaring import Answer, asks, sends_file
from medichat.api.errors import refusal
from medichat.api.paging import PaginationBody, Paging, part_of
from medichat.api.shapes import Timestamp
from medichat.api.values import timestamp
from records.people import patients_visible_to

USUAL, MOST = 50, 200


class LookBody(TypedDict):
    """One look, in words. ``name`` is empty where it is not to be seen, ``role`` a doctor's or administrator's."""

    at: Timestamp
    name: str
    role: str
    what: str
    why: str
    isEmergency: bool


class LooksBody(TypedDict):
    """Looks at the patient's data, latest first."""

    status: Literal["success"]
    looks: list[LookBody]
    pagination: PaginationBody


class OwnLookBody(TypedDict):
    """A look of the doctor's own; name and number only of patients whom the doctor may see now."""

    at: Timestamp
    patient: str
    recordNumber: str
    what: str
    why: str
    isEmergency: bool


class OwnLooksBody(TypedDict):
    """At whose data the doctor looked, latest first."""

    status: Literal["success"]
    looks: list[OwnLookBody]
    pagination: PaginationBody


class OwnLooksToo(serializers.Serializer[Any]):
    """Whether one's own looks are wanted too."""

    includeOwn = serializers.CharField(required=False, help_text="`true`: also one's own.")


class EmergenciesOnly(serializers.Serializer[Any]):
    """Whether only looks in emergencies are wanted."""

    emergencies = serializers.CharField(required=False, help_text="`true`: only by emergency access.")


class WhoViewedView(PatientView):
    """Who looked at the patient's data, when, at what and why."""

    @asks(OwnLooksToo, Paging)
    def get(self, request: Request) -> Answer[LooksBody]:
        """Latest first; one's own looks on request."""
        me = self.person
        rows = ActivityLog.objects.visible_to(me).of_patient(me.pk).looks()
        if self.asked(OwnLooksToo).get("includeOwn") != "true":
            rows = rows.exclude(actor_id=me.pk)
        part = part_of(request, rows.order_by("-occurred_at", "-id"), usual=USUAL, most=MOST)
        names = names_of({row.actor_id for row in part.rows if row.actor_id})
        viewed.send(ActivityLog, by=me, patient_id=me.pk, resource_type="who_viewed", resource_id=None, why="own")
        found = [_body(look(row, me, names)) for row in part.rows]
        return Answer(LooksBody(status="success", looks=found, pagination=part.pagination))


class OwnAccessView(DoctorView):
    """At whose data this doctor looked: what the patients are told of them."""

    @asks(EmergenciesOnly, Paging)
    def get(self, request: Request) -> Answer[OwnLooksBody]:
        """Latest first."""
        me = self.person
        rows = ActivityLog.objects.visible_to(me).filter(actor_id=me.pk, patient_id__isnull=False).looks()
        if self.asked(EmergenciesOnly).get("emergencies") == "true":
            rows = rows.filter(purpose=Purpose.BREAK_GLASS)
        part = part_of(request, rows.order_by("-occurred_at", "-id"), usual=USUAL, most=MOST)
        viewed.send(ActivityLog, by=me, patient_id=None, resource_type="my_access", resource_id=None, why="own")
        seen = patients_visible_to(me).filter(pk__in={row.patient_id for row in part.rows}).in_bulk()
        found = []
        for row in part.rows:
            body = _body(own_look(row, seen.get(row.patient_id)))
            found.append(
                OwnLookBody(
                    at=body["at"],
                    patient=body["name"],
                    recordNumber=body["role"],
                    what=body["what"],
                    why=body["why"],
                    isEmergency=body["isEmergency"],
                )
            )
        return Answer(OwnLooksBody(status="success", looks=found, pagination=part.pagination))


class CopyView(PatientView):
    """A copy of everything that the clinic keeps about the patient."""

    @sends_file("application/zip", "The copy: readable pages, data for programs, and the files.")
    def get(self, request: Request) -> HttpResponseBase:
        """Five in an hour at most."""
        if has_taken_enough(self.person):
            return refusal(
                request,
                429,
                f"You have taken {MOST_COPIES} copies within an hour. Please wait an hour before you take another one.",
                headers={"Retry-After": str(int(COUNTED_FOR.total_seconds()))},
            )
        return download(self.person, reader=self.person)


def _body(one: Look) -> LookBody:
    return LookBody(
        at=timestamp(one.when),
        name=one.name,
        role=one.role,
        what=one.kind,
        why=one.reason,
        isEmergency=one.is_emergency,
    )
