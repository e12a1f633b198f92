"""The record for administrators: to look at, and nothing else. Looking at it is on the record as well."""

import json
import uuid
from collections.abc import Iterable
from typing import Any

from auditlog.admin import LogEntryAdmin
from auditlog.models import LogEntry
from django.contrib import admin
from django.contrib.admin.models import LogEntry as AdminLogEntry
from django.contrib.admin.views.main import ChangeList
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.admin_site import ReadOnlyAdmin
from accounts.models import User, normalise_email
from audit.models import ActivityLog, AuditSeal
from medichat.legacy.models import ImportedDocument, RunStatus

# The page of a resource in the admin, by the log's word for it.
PAGES = {
    "user": "accounts_user",
    "patient": "accounts_user",
    "chart": "accounts_user",
    "conversation": "conversations_conversation",
    "message": "conversations_message",
    "file": "conversations_attachment",
    "prescription": "prescriptions_prescription",
    "care_relation": "records_carerelation",
    "allergy": "records_allergy",
    "emergencycontact": "records_emergencycontact",
    "familyhistory": "records_familyhistory",
    "immunization": "records_immunization",
    "medicalhistory": "records_medicalhistory",
    "medicalinfo": "records_medicalinfo",
    "medication": "records_medication",
    "surgicalhistory": "records_surgicalhistory",
    "import_run": "legacy_importrun",
    "import_item": "legacy_importitem",
}


def people_named(rows: Iterable[ActivityLog]) -> dict[uuid.UUID, User]:
    """The accounts that the rows name, in one query: the log has no foreign keys."""
    ids = {person_id for row in rows for person_id in (row.actor_id, row.patient_id) if person_id}
    return User.objects.in_bulk(ids)


class LogList(ChangeList):
    """A page of the log, with the people whom it names."""

    def get_results(self, request: HttpRequest) -> None:
        """Read the rows and their people."""
        super().get_results(request)
        people = people_named(self.result_list)
        for row in self.result_list:
            row.people = people


@admin.register(ActivityLog)
class ActivityLogAdmin(ReadOnlyAdmin):
    """Who did what, latest first."""

    # Whoever reads the log would fill what they read with the rows of their reading; the list itself is recorded.
    tells_whose = False
    ordering = ("-occurred_at", "-id")
    list_display = ("when", "action", "actor", "patient", "resource", "purpose", "status", "request")
    list_display_links = ("when", "action")
    list_filter = ("occurred_at", "status", "severity", "actor_role", "purpose", "action")
    search_fields = ("id",)  # shows the field; what is looked for: get_search_results
    search_help_text = "The reference of an error page, the id of a person, a case or another row, or an e-mail address"
    fieldsets = (
        (None, {"fields": ["when", "action", "status", "severity", "purpose", "codes"]}),
        ("Who and whose", {"fields": ["actor", "actor_role", "patient", "resource"]}),
        (
            "Request",
            {"fields": ["request", "method", "endpoint", "status_code", "duration_ms", "address", "user_agent"]},
        ),
        (
            "From the previous system",
            {
                "fields": [
                    "legacy_id",
                    "imported_by",
                    "actor_email",
                    "address_text",
                    "description",
                    "error_message",
                    "error_stack",
                    "error_code",
                ],
                "classes": ["collapse"],
            },
        ),
        ("Row", {"fields": ["id", "sequence", "created_at"]}),
    )

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """The list that knows the people."""
        return LogList

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """What is shown beyond the columns."""
        return [
            "when",
            "actor",
            "patient",
            "resource",
            "request",
            "codes",
            "imported_by",
            *super().get_readonly_fields(request, obj),
        ]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[ActivityLog], search_term: str
    ) -> tuple[QuerySet[ActivityLog], bool]:
        """Ids and addresses only, each by an index; other words are in no column that is not encrypted."""
        term = search_term.strip()
        if not term:
            return queryset, False
        try:
            sought = uuid.UUID(term)
        except ValueError:
            person = User.objects.filter(email=normalise_email(term)).order_by().first()
            if person is None:
                return queryset.filter(Q(resource_id=term) | Q(legacy_id=term)), False
            sought = person.pk
        of_row = Q(request_id=sought) | Q(actor_id=sought) | Q(patient_id=sought) | Q(resource_id=str(sought))
        return queryset.filter(of_row | Q(pk=sought)), False

    @admin.display(description="when", ordering="occurred_at")
    def when(self, row: ActivityLog) -> str:
        """To the second: many acts fall into one minute."""
        return f"{timezone.localtime(row.occurred_at):%d-%b-%Y %H:%M:%S %Z}"

    @admin.display(description="who")
    def actor(self, row: ActivityLog) -> str | SafeString:
        """The actor, with a link to the account."""
        return self._person(row, row.actor_id) or row.get_actor_role_display() or "unknown"

    @admin.display(description="patient")
    def patient(self, row: ActivityLog) -> str | SafeString:
        """Whose data, with a link to the account."""
        return self._person(row, row.patient_id)

    def _person(self, row: ActivityLog, person_id: uuid.UUID | None) -> str | SafeString:
        if person_id is None:
            return ""
        known = getattr(row, "people", None)
        person = (people_named([row]) if known is None else known).get(person_id)
        if person is None:
            return str(person_id)
        return format_html('<a href="{}">{}</a>', reverse("admin:accounts_user_change", args=[person_id]), person)

    @admin.display(description="what")
    def resource(self, row: ActivityLog) -> str | SafeString:
        """The thing that was acted on, with a link to its page."""
        kind = row.resource_type or ""
        if row.resource_id is None or kind not in PAGES:
            return kind
        try:
            page = reverse(f"admin:{PAGES[kind]}_change", args=[uuid.UUID(row.resource_id)])
        except (ValueError, NoReverseMatch):  # an imported row's own id, or a model that has no page
            return f"{kind} {row.resource_id}"
        return format_html('<a href="{}">{}</a>', page, kind)

    @admin.display(description="import")
    def imported_by(self, row: ActivityLog) -> str | SafeString:
        """The run that brought this entry, and whether it was undone: entries stay, marked."""
        found = ImportedDocument.objects.filter(collection="activity_logs", legacy_id=row.legacy_id)
        document = found.select_related("first_run").first() if row.legacy_id else None
        if document is None:
            return ""
        page = reverse("admin:legacy_importrun_change", args=[document.first_run_id])
        run = document.first_run
        said = f"{run} (undone)" if run.status == RunStatus.UNDONE else str(run)
        return format_html('<a href="{}">{}</a>', page, said)

    @admin.display(description="request")
    def request(self, row: ActivityLog) -> str | SafeString:
        """A link to all rows of the same request."""
        if row.request_id is None:
            return ""
        everything = f"{reverse('admin:audit_activitylog_changelist')}?q={row.request_id}"
        return format_html('<a href="{}" title="{}">{}</a>', everything, row.request_id, str(row.request_id)[-8:])

    @admin.display(description="codes")
    def codes(self, row: ActivityLog) -> str:
        """Field names and codes; of imported rows whatever they held."""
        try:
            said = json.loads(row.metadata or "{}")
        except ValueError:
            return row.metadata or ""
        if not isinstance(said, dict):
            return str(said)
        return "; ".join(
            f"{name}: {', '.join(map(str, value)) if isinstance(value, list) else value}"
            for name, value in said.items()
        )


@admin.register(AuditSeal)
class AuditSealAdmin(ReadOnlyAdmin):
    """Seals over the log; 'manage.py verify_audit' compares them with it."""

    ordering = ("-number",)
    list_display = ("number", "sealed_at", "row_count", "to_sequence")
    fieldsets = (
        (None, {"fields": ["number", "sealed_at", "row_count", "after_sequence", "to_sequence", "hash_text"]}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditSeal]:
        """Without the rows' hashes, which are long."""
        return super().get_queryset(request).defer("rows")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """The hash in figures."""
        return ["hash_text", *super().get_readonly_fields(request, obj)]

    @admin.display(description="hash")
    def hash_text(self, seal: AuditSeal) -> str:
        """The seal's own hash, in hexadecimal digits."""
        return bytes(seal.hash).hex()


admin.site.unregister(LogEntry)


@admin.register(LogEntry)
class DiffAdmin(ReadOnlyAdmin, LogEntryAdmin):  # type: ignore[misc]  # auditlog has no types
    """What was changed in which field; encrypted fields are masked."""

    ordering = ("-timestamp", "-id")
    date_hierarchy = None  # would sort the whole table at every look
    search_fields = ("=object_pk",)
    search_help_text = "The id of the row that was changed"
    list_filter = ("action", "content_type")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By the id of the row, with its index."""
        term = search_term.strip()
        return (queryset.filter(object_pk=term) if term else queryset), False


@admin.register(AdminLogEntry)
class AdminLogEntryAdmin(ReadOnlyAdmin):
    """What administrators did in these pages."""

    ordering = ("-action_time", "-id")
    list_display = ("action_time", "user", "content_type", "object_repr", "action_flag")
    list_filter = ("action_flag", "content_type")
    list_select_related = ("user", "content_type")
