"""Consultations for administrators: to look at. What was said and found is never changed here."""

from typing import Any, ClassVar, cast

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin_site import ReadOnlyAdmin
from accounts.models import User
from conversations.models import (
    Archive,
    Attachment,
    Conversation,
    ConversationQuerySet,
    ConversationWord,
    Draft,
    Message,
    PrivateNote,
    RedFlag,
    Symptom,
)
from records.admin import ReasonForm, SearchByPatientMixin

SHOWN_IN_LISTS = 120


class OfCaseAdmin(SearchByPatientMixin, ReadOnlyAdmin):
    """What belongs to a consultation."""

    list_select_related: ClassVar[tuple[str, ...]] = ("conversation", "patient")


class Queue(admin.SimpleListFilter):
    """Waiting cases that somebody should see to."""

    title = "queue"
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """What may be wrong."""
        return [("emergencies", "Emergencies that nobody has taken"), ("late", "Past their target")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Conversation]) -> QuerySet[Conversation]:
        """The same words as on the front page."""
        cases = cast(ConversationQuerySet, queryset)
        match self.value():
            case "emergencies":
                return cases.unclaimed_emergencies()
            case "late":
                return cases.past_target()
            case _:
                return cases


@admin.register(Conversation)
class ConversationAdmin(SearchByPatientMixin, ReadOnlyAdmin):
    """Visits, newest first."""

    list_display = ("__str__", "patient", "status", "urgency", "doctor", "created_at", "submitted_at", "responded_at")
    list_filter = (Queue, "status", "urgency", "unread_by_patient", "call_to_office")
    action_form = ReasonForm
    actions = ("release",)
    list_select_related = ("patient", "doctor")
    date_hierarchy = "submitted_at"

    @admin.action(description="Release to the queue (give a reason)", permissions=["view"])
    def release(self, request: HttpRequest, cases: QuerySet[Conversation]) -> None:
        """A case whose doctor does not come back to it waits for any doctor again, at its place in the queue."""
        reason = request.POST.get("reason", "").strip()[:300]
        number = cases.count()
        if not reason:
            self.tell_done(request, 0, "", skipped=number, why="say why in the field Reason, then choose them again")
            return
        taken = cast(ConversationQuerySet, cases).waiting().filter(doctor__isnull=False)
        held = list(taken.select_for_update(of=("self",), no_key=True).order_by("pk"))
        for case in held:
            case.release(by=cast(User, request.user), reason=reason)
            self.log_change(request, case, "released to the queue")
        self.tell_done(
            request, len(held), "released to the queue", skipped=number - len(held), why="no doctor holds them"
        )


@admin.register(Message)
class MessageAdmin(OfCaseAdmin):
    """What was said."""

    list_display = ("position", "sender", "beginning", "conversation", "patient", "sent_at")
    list_filter = ("sender",)

    @admin.display(description="text")
    def beginning(self, message: Message) -> str:
        """Enough of it to recognise it."""
        return message.text if len(message.text) <= SHOWN_IN_LISTS else f"{message.text[:SHOWN_IN_LISTS]}…"


@admin.register(Symptom)
class SymptomAdmin(OfCaseAdmin):
    """What was found."""

    list_display = ("symptom", "severity", "severity_score", "location", "duration", "is_denied", "patient")
    list_filter = ("severity", "is_denied")


@admin.register(RedFlag)
class RedFlagAdmin(OfCaseAdmin):
    """Signs of danger, with the words that raised them."""

    list_display = ("label", "code", "is_emergency", "conversation", "patient", "created_at")
    list_filter = ("is_emergency", "code")


@admin.register(Attachment)
class AttachmentAdmin(OfCaseAdmin):
    """Files: what is known of them. They are opened on the page of the case."""

    list_display = ("__str__", "original_name", "content_type", "size", "is_stored", "patient", "uploaded_at")
    list_filter = ("content_type", "is_stored")
    list_select_related = ("conversation", "patient", "uploaded_by")


@admin.register(PrivateNote)
class PrivateNoteAdmin(OfCaseAdmin):
    """Notes that patients never see."""

    list_display = ("__str__", "author", "conversation", "patient", "created_at")
    list_select_related = ("conversation", "patient", "author")


@admin.register(Archive)
class ArchiveAdmin(OfCaseAdmin):
    """Who has put which consultation away."""

    list_display = ("conversation", "person", "patient", "created_at")
    list_select_related = ("conversation", "person", "patient")


@admin.register(Draft)
class DraftAdmin(OfCaseAdmin):
    """That somebody has begun to write; what, is theirs alone until they send it."""

    list_display = ("conversation", "person", "patient", "created_at", "updated_at")
    list_select_related = ("conversation", "person", "patient")
    exclude = ("content",)
    worth_a_link = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Draft]:
        """Without the words."""
        return super().get_queryset(request).defer("content")


@admin.register(ConversationWord)
class ConversationWordAdmin(OfCaseAdmin):
    """The blind index: keyed hashes of words, which say nothing by themselves."""

    worth_a_link = False

    list_display = ("token", "conversation", "patient")
    search_fields = ("patient__email",)
