"""The activity log as the administrators' screens read it."""

import json
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Any, TypedDict

from django.db.models import Count, QuerySet
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request

from accounts.api.bodies import ROLE_NAMES, RoleName
from accounts.api.people import AdministratorView
from accounts.models import User
from accounts.signals import viewed
from audit.actions import Action, ActorRole, Severity, Status
from audit.models import ActivityLog
from medichat.api import unknown
from medichat.api.declaring import Answer, asks
from medichat.api.paging import Paging, part_of
from medichat.api.shapes import Count as Number
from medichat.api.shapes import Id, OneOf, Timestamp
from medichat.api.values import timestamp

USUAL, MOST = 100, 500
USUAL_OF_USER = 50
USUAL_PERIOD = timedelta(days=30)
MOST_ACTIONS = 10


class ErrorDetails(TypedDict):
    """What went wrong, where the previous system noted it."""

    message: str | None
    stack: str | None


class LogUserBody(TypedDict):
    """Who acted."""

    id: Id
    firstName: str
    lastName: str
    email: str
    role: RoleName


class LogBody(TypedDict):
    """One act, view, refusal or failure."""

    id: Id
    _id: Id
    userId: Id | None
    userRole: Annotated[str, OneOf(ActorRole)] | None
    userEmail: str | None
    action: Annotated[str, OneOf(Action)]
    resourceType: str | None
    resourceId: str | None
    patientId: Id | None
    purpose: str | None
    method: str | None
    endpoint: str | None
    ipAddress: str
    userAgent: str | None
    status: Annotated[str, OneOf(Status, unknown.STATUS)]
    statusCode: int | None
    description: str | None
    metadata: Any
    errorMessage: str | None
    errorStack: str | None
    errorCode: str | None
    error: ErrorDetails | None
    durationMs: float | None
    duration: float | None
    severity: Annotated[str, OneOf(Severity, unknown.STATUS)]
    createdAt: Timestamp
    user: LogUserBody | None


class LogPagination(TypedDict):
    """Which part of the log this is."""

    currentPage: Number
    totalPages: Number
    totalLogs: Number
    logsPerPage: Number


class LogsBody(TypedDict):
    """One page of the log, latest first."""

    logs: list[LogBody]
    pagination: LogPagination


class ActivitiesBody(TypedDict):
    """The latest rows."""

    activities: list[LogBody]


class Counted(TypedDict):
    """How many rows have this value."""

    _id: str
    count: Number


class PeriodBody(TypedDict):
    """From when to when was counted."""

    startDate: Timestamp
    endDate: Timestamp


class StatisticsBody(TypedDict):
    """Figures of the log in a period."""

    period: PeriodBody
    totalLogs: Number
    byStatus: list[Counted]
    bySeverity: list[Counted]
    byUserRole: list[Counted]
    topActions: list[Counted]
    failedLogins: Number


class MomentField(serializers.CharField):
    """A day, or a moment as a timestamp. ``at_end`` makes a day mean its end, so that the day itself is included."""

    def __init__(self, *, at_end: bool = False, **options: Any) -> None:
        super().__init__(required=False, allow_blank=True, **options)
        self.at_end = at_end

    def to_internal_value(self, data: Any) -> Any:
        """The moment, a day where the clinic is; None for nothing."""
        text = str(super().to_internal_value(data)).strip()
        if not text:
            return None
        try:
            moment = datetime.fromisoformat(text.replace(" ", "+"))
        except ValueError:
            raise serializers.ValidationError("Enter a date like 2026-01-31.") from None
        if len(text) <= len("2026-01-31") and self.at_end:
            moment = datetime.combine(moment.date(), time.max)
        return moment if moment.tzinfo else timezone.make_aware(moment)


class Period(serializers.Serializer[Any]):
    """From when to when; both ends are included."""

    startDate = MomentField()
    endDate = MomentField(at_end=True)


class LogsWanted(Period):
    """Which rows."""

    action = serializers.CharField(max_length=200, required=False, allow_blank=True)
    status = serializers.ChoiceField(choices=Status.choices, required=False, allow_blank=True)
    severity = serializers.ChoiceField(choices=Severity.choices, required=False, allow_blank=True)
    userRole = serializers.ChoiceField(choices=ActorRole.choices, required=False, allow_blank=True)
    userId = serializers.UUIDField(required=False)


class ActivitiesView(AdministratorView):
    """The log, page by page."""

    @asks(LogsWanted, Paging)
    def get(self, request: Request) -> Answer[LogsBody]:
        """Latest first; the query narrows it."""
        chosen = self.asked(LogsWanted)
        rows = of_period(chosen.get("startDate"), chosen.get("endDate"), self.person)
        columns = {"action": "action", "status": "status", "severity": "severity", "userRole": "actor_role"}
        rows = rows.filter(**{column: chosen[name] for name, column in columns.items() if chosen.get(name)})
        if "userId" in chosen:
            rows = rows.filter(actor_id=chosen["userId"])
        part = part_of(request, rows.newest_first(), usual=USUAL, most=MOST)
        pages = part.pagination
        _tell_viewed(self.person)
        return Answer(
            LogsBody(
                logs=log_bodies(part.rows),
                pagination=LogPagination(
                    currentPage=pages["currentPage"],
                    totalPages=pages["totalPages"],
                    totalLogs=pages["total"],
                    logsPerPage=pages["perPage"],
                ),
            )
        )


class LatestView(AdministratorView):
    """The latest rows: of everybody, or of one person's acts."""

    @asks(Paging)
    def get(self, request: Request, user_id: uuid.UUID | None = None) -> Answer[ActivitiesBody]:
        """As many as ``limit`` says."""
        rows = ActivityLog.objects.visible_to(self.person)
        if user_id is not None:
            rows = rows.filter(actor_id=user_id)
        usual = USUAL if user_id is None else USUAL_OF_USER
        part = part_of(request, rows.newest_first(), usual=usual, most=MOST)
        _tell_viewed(self.person)
        return Answer(ActivitiesBody(activities=log_bodies(part.rows)))


class StatisticsView(AdministratorView):
    """Figures of the log."""

    @asks(Period)
    def get(self, request: Request) -> Answer[StatisticsBody]:
        """Of the last 30 days, unless the query says otherwise."""
        wanted = self.asked(Period)
        end = wanted.get("endDate") or timezone.now()
        start = wanted.get("startDate") or end - USUAL_PERIOD
        rows = of_period(start, end, self.person)
        by_status = counted(rows, "status")
        return Answer(
            StatisticsBody(
                period=PeriodBody(startDate=timestamp(start), endDate=timestamp(end)),
                totalLogs=sum(each["count"] for each in by_status),
                byStatus=by_status,
                bySeverity=counted(rows, "severity"),
                byUserRole=counted(rows, "actor_role"),
                topActions=counted(rows, "action")[:MOST_ACTIONS],
                failedLogins=rows.filter(action=Action.SIGN_IN_FAILED).count(),
            )
        )


def of_period(start: datetime | None, end: datetime | None, reader: User) -> Any:
    """The rows that this person may see, from one moment to the other."""
    rows = ActivityLog.objects.visible_to(reader)
    if start:
        rows = rows.filter(occurred_at__gte=start)
    if end:
        rows = rows.filter(occurred_at__lte=end)
    return rows


def counted(rows: QuerySet[ActivityLog], column: str) -> list[Counted]:
    """How often each value occurs, most frequent first."""
    found = rows.order_by().values_list(column).annotate(count=Count("pk")).order_by("-count", column)
    return [Counted(_id=value or unknown.STATUS, count=count) for value, count in found]


def log_bodies(rows: Iterable[ActivityLog]) -> list[LogBody]:
    """The rows with who acted; the log has no foreign keys, so people are found at once."""
    rows = list(rows)
    people = User.objects.in_bulk({row.actor_id for row in rows if row.actor_id})
    return [log_body(row, people.get(row.actor_id) if row.actor_id else None) for row in rows]


def log_body(row: ActivityLog, user: User | None) -> LogBody:
    """One row."""
    return LogBody(
        id=str(row.pk),
        _id=str(row.pk),
        userId=str(row.actor_id) if row.actor_id else None,
        userRole=row.actor_role,
        userEmail=user.email if user else row.actor_email,
        action=row.action,
        resourceType=row.resource_type,
        resourceId=row.resource_id,
        patientId=str(row.patient_id) if row.patient_id else None,
        purpose=row.purpose or None,
        method=row.method,
        endpoint=row.endpoint,
        ipAddress=row.address or row.address_text or "",
        userAgent=row.user_agent,
        status=row.status or unknown.STATUS,
        statusCode=row.status_code,
        description=row.description or row.get_action_display(),
        metadata=_json(row.metadata),
        errorMessage=row.error_message,
        errorStack=row.error_stack,
        errorCode=row.error_code,
        error=ErrorDetails(message=row.error_message, stack=row.error_stack)
        if row.error_message or row.error_stack
        else None,
        durationMs=row.duration_ms,
        duration=row.duration_ms,
        severity=row.severity or unknown.STATUS,
        createdAt=timestamp(row.occurred_at.astimezone(UTC)),
        user=LogUserBody(
            id=str(user.pk),
            firstName=user.first_name,
            lastName=user.last_name,
            email=user.email,
            role=ROLE_NAMES[user.role],
        )
        if user
        else None,
    )


def _json(text: str | None) -> Any:
    """What an imported row held may be any text."""
    if text is None:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text


def _tell_viewed(by: User) -> None:
    viewed.send(
        ActivityLog,
        by=by,
        patient_id=None,
        resource_type="activitylog_list",
        resource_id=None,
        why="administration",
    )
