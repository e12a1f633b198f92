"""Consultations for administrators: figures, the latest, and putting one away."""

import uuid
from datetime import date, timedelta
from typing import Any, TypedDict

from django.db.models import Count
from django.db.models.functions import TruncDate
from django.shortcuts import get_object_or_404
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request

from accounts.api.administration import ToldBody
from accounts.api.bodies import DoctorBody, PatientBriefBody, doctor, patient_brief
from accounts.api.people import AdministratorView
from accounts.models import Role, User
from accounts.signals import list_viewed
from conversations.api import bodies
from conversations.models import Archive, Conversation, Status
from medichat.api.declaring import Answer, asks
from medichat.api.paging import PaginationBody, Paging, part_of
from medichat.api.shapes import Count as Number
from medichat.api.shapes import Day
from medichat.api.values import day

MOST_AT_ONCE = 100
DAYS = 7


class DayCountBody(TypedDict):
    """How many consultations began on a day of the clinic."""

    date: Day
    count: Number


class FiguresBody(TypedDict):
    """Figures of the clinic; days without a consultation are left out."""

    totalPatients: Number
    totalDoctors: Number
    totalConversations: Number
    pendingConversations: Number
    completedConversations: Number
    conversationsPerDay: list[DayCountBody]


class ListedConversationBody(bodies.ConversationBody):
    """A consultation in the administrators' list."""

    patient: PatientBriefBody
    doctor: DoctorBody | None


class ConversationsBody(TypedDict):
    """Consultations, latest first."""

    conversations: list[ListedConversationBody]
    pagination: PaginationBody


class ConversationsWanted(serializers.Serializer[Any]):
    """Which consultations."""

    status = serializers.ChoiceField(choices=Status.choices, required=False, allow_blank=True)


class FiguresView(AdministratorView):
    """Figures of the clinic."""

    def get(self, request: Request) -> Answer[FiguresBody]:
        """Counted now; days are those of the clinic."""
        mine = Conversation.objects.visible_to(self.person)
        people = dict(User.objects.order_by().values_list("role").annotate(count=Count("pk")))
        states = dict(mine.order_by().values_list("status").annotate(count=Count("pk")))
        since = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=DAYS)
        begun = mine.filter(created_at__gte=since).order_by().values_list(TruncDate("created_at"))
        per_day: list[tuple[date, int]] = sorted(begun.annotate(count=Count("pk")))
        return Answer(
            FiguresBody(
                totalPatients=people.get(Role.PATIENT, 0),
                totalDoctors=people.get(Role.DOCTOR, 0),
                totalConversations=sum(states.values()),
                pendingConversations=states.get(Status.AWAITING_DOCTOR, 0),
                completedConversations=states.get(Status.DOCTOR_RESPONDED, 0),
                conversationsPerDay=[DayCountBody(date=day(when) or "", count=count) for when, count in per_day],
            )
        )


class ListView(AdministratorView):
    """The latest consultations, without those that this administrator has put away."""

    @asks(ConversationsWanted, Paging)
    def get(self, request: Request) -> Answer[ConversationsBody]:
        """``status`` narrows it."""
        rows = Conversation.objects.visible_to(self.person).not_archived_by(self.person)
        if status := self.asked(ConversationsWanted).get("status"):
            rows = rows.filter(status=status)
        latest = rows.select_related("patient", "doctor").annotate(archived=Archive.of(self.person)).newest_first()
        part = part_of(request, latest, usual=MOST_AT_ONCE)
        list_viewed.send(
            Conversation,
            by=self.person,
            patient_ids={row.patient_id for row in part.rows},
            resource_type="conversation_list",
            why="administration",
        )
        listed = [
            ListedConversationBody(
                **bodies.conversation(row), patient=patient_brief(row.patient), doctor=doctor(row.doctor)
            )
            for row in part.rows
        ]
        return Answer(ConversationsBody(conversations=listed, pagination=part.pagination))


class OneView(AdministratorView):
    """One consultation: delete it, or put it away where it holds anything clinical."""

    def delete(self, request: Request, conversation_id: uuid.UUID) -> Answer[ToldBody]:
        """Delete it if nothing was ever said in it; else out of this administrator's list, and others keep it."""
        conversation = get_object_or_404(Conversation.objects.visible_to(self.person), pk=conversation_id)
        if not conversation.delete_if_unused(by=self.person):
            conversation.archive(by=self.person)
        return Answer(ToldBody(message="The consultation is put away."))
