"""Runs of the import, and what administrators must look at: what it set aside or repaired, with the raw value."""

from typing import Any, ClassVar, cast
from uuid import UUID

from django import forms
from django.contrib import admin
from django.contrib.admin.helpers import ActionForm
from django.db import connection
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.admin_site import ReadOnlyAdmin
from accounts.models import User
from medichat.legacy.account import ENTITIES
from medichat.legacy.models import ImportBatch, ImportedDocument, ImportItem, ImportRun, ItemState
from medichat.legacy.parse.identity import row_id
from medichat.legacy.parse.rules import RULES
from medichat.legacy.raw_page import raw_page
from medichat.legacy.report_page import page_of
from medichat.refusals import ConflictError

PAGES = {"users": "accounts_user", "conversations": "conversations_conversation", "activity_logs": "audit_activitylog"}


@admin.register(ImportRun)
class ImportRunAdmin(ReadOnlyAdmin):
    """What was imported from where, how it ended, and what it says of itself."""

    ordering = ("-started_at",)
    list_display = ("__str__", "place", "status", "is_ok", "finished_at", "verified_at", "set_aside")
    list_filter = ("status", "is_ok")
    links_by: ClassVar[tuple[str, ...]] = ("run", "last_run")
    fieldsets = (
        (None, {"fields": ["status", "is_ok", "place", "failure", "options_text"]}),
        ("Times", {"fields": ["started_at", "finished_at", "verified_at", "undone_at"]}),
        ("What became of it", {"fields": ["figures"]}),
        ("Related rows", {"fields": ["related_rows"]}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """The report as tables."""
        return ["figures", "place", "options_text", *super().get_readonly_fields(request, obj)]

    @admin.display(description="source")
    def place(self, run: ImportRun) -> str:
        """Kind and place, which never hold credentials."""
        where = [str(run.source[name]) for name in ("folder", "database") if run.source.get(name)]
        return ": ".join([str(run.source.get("kind", "")), *where])

    @admin.display(description="set aside")
    def set_aside(self, run: ImportRun) -> int | None:
        """How many elements were set aside."""
        entities = run.report.get("entities")
        return sum(figures.get("set_aside", 0) for figures in entities.values()) if entities else None

    @admin.display(description="options")
    def options_text(self, run: ImportRun) -> str:
        """What it was called with."""
        return ", ".join(f"{name}: {value}" for name, value in run.options.items()) or "-"

    @admin.display(description="report")
    def figures(self, run: ImportRun) -> SafeString:
        """Each kind of data with what became of it, and each rule with its items one click away."""
        return render_to_string("admin/legacy/_report.html", {"page": page_of(run)})


@admin.register(ImportBatch)
class ImportBatchAdmin(ReadOnlyAdmin):
    """What was loaded in one transaction."""

    ordering = ("-id",)
    list_display = ("__str__", "run", "loaded_at")
    list_filter = ("stage",)
    list_select_related = ("run",)


@admin.register(ImportedDocument)
class ImportedDocumentAdmin(ReadOnlyAdmin):
    """Every document that the import ever looked at."""

    ordering = ("-id",)
    list_display = ("__str__", "first_run", "last_run")
    list_filter = ("collection",)
    list_select_related = ("first_run", "last_run")
    search_fields = ("=legacy_id",)
    search_help_text = "The document's id in the previous system"
    exclude = ("digest", "rows", "raw")
    links_by: ClassVar[tuple[str, ...]] = ("document",)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """What it became is one click away."""
        return [*super().get_fields(request, obj), "became"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """See ``became``."""
        return ["became", *super().get_readonly_fields(request, obj)]

    @admin.display(description="became")
    def became(self, document: ImportedDocument) -> SafeString:
        """A link to the account, the conversation or the entry of the log."""
        return link_to_row(document.collection, document.legacy_id)


class Rule(admin.SimpleListFilter):
    """Rules of which there are items."""

    title = "rule"
    parameter_name = "rule"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Asked for one by one along the index: to list what a million rows hold, all of them would be read."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT code FROM unnest(%s::varchar[]) AS code "
                "WHERE EXISTS (SELECT FROM import_items item WHERE item.rule = code) ORDER BY code",
                [list(RULES)],
            )
            return [(code, code.replace("_", " ")) for (code,) in cursor.fetchall()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ImportItem]) -> QuerySet[ImportItem]:
        """Its items."""
        return queryset.filter(rule=self.value()) if self.value() else queryset


class Entity(admin.SimpleListFilter):
    """Kinds of data."""

    title = "kind of data"
    parameter_name = "entity"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """All there can be."""
        return [(entity, entity.replace("_", " ")) for entity in (*ENTITIES, "files")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ImportItem]) -> QuerySet[ImportItem]:
        """Items of that kind."""
        return queryset.filter(entity=self.value()) if self.value() else queryset


class NoteForm(ActionForm):
    """An action with a note."""

    note = forms.CharField(required=False, max_length=300, label="Note")


@admin.register(ImportItem)
class ImportItemAdmin(ReadOnlyAdmin):
    """What the import set aside, repaired or merged. The raw value has a page of its own, and looks are recorded."""

    list_display = ("what", "kind", "where", "outcome", "state", "legacy_id")
    list_display_links = ("what",)
    list_filter = ("state", "outcome", Rule, Entity, "collection", "run")
    search_fields = ("=legacy_id",)
    search_help_text = "The document's id in the previous system"
    exclude = ("raw", "corrected", "document", "rule", "reason", "entity")
    actions = ("resolve",)
    action_form = NoteForm
    fieldsets = (
        (None, {"fields": ["what", "reason", "outcome", "value"]}),
        ("Where it stood", {"fields": ["collection", "legacy_id", "where", "kind", "became", "same_document"]}),
        ("What was done", {"fields": ["state", "handled_by", "handled_at", "note"]}),
        ("Found", {"fields": ["run", "found_at"]}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """What is shown beyond the columns."""
        return ["what", "kind", "value", "became", "same_document", *super().get_readonly_fields(request, obj)]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ImportItem]:
        """Without the raw values, which may be long; whether there is one is known."""
        has_raw = ExpressionWrapper(Q(raw__isnull=False), output_field=BooleanField())
        rows: QuerySet[ImportItem] = super().get_queryset(request)
        return rows.defer("raw", "corrected").annotate(has_raw=has_raw)

    def get_urls(self) -> list[URLPattern]:
        """The page of the raw value."""
        view = self.admin_site.admin_view(self.raw_view)
        return [path("<uuid:object_id>/raw/", view, name="legacy_importitem_raw"), *super().get_urls()]

    def raw_view(self, request: HttpRequest, object_id: UUID) -> HttpResponse:
        """The raw value; correcting it, or saying that it needs nothing more."""
        item = get_object_or_404(ImportItem.objects.visible_to(cast(User, request.user)), pk=object_id)
        response = raw_page(request, item, self.admin_site.each_context(request))
        if request.method == "POST" and response.status_code == 302:
            self.log_change(request, item, item.get_state_display())
        return response

    @admin.display(description="what", ordering="rule")
    def what(self, item: ImportItem) -> str:
        """The rule in a few words."""
        return item.rule.replace("_", " ")

    @admin.display(description="kind of data", ordering="entity")
    def kind(self, item: ImportItem) -> str:
        """What it is about."""
        return item.entity.replace("_", " ")

    @admin.display(description="raw value")
    def value(self, item: ImportItem) -> str | SafeString:
        """A link to its page; secrets were never kept."""
        if not getattr(item, "has_raw", True):
            return "not kept"
        return format_html(
            '<a href="{}">Look at it</a> (the look is recorded)', reverse("admin:legacy_importitem_raw", args=[item.pk])
        )

    @admin.display(description="became")
    def became(self, item: ImportItem) -> SafeString:
        """A link to what was loaded of the document."""
        return link_to_row(item.collection, item.legacy_id)

    @admin.display(description="same document")
    def same_document(self, item: ImportItem) -> SafeString:
        """A link to everything that was found in the document."""
        return format_html(
            '<a href="{}?q={}">Everything found in this document</a>',
            reverse("admin:legacy_importitem_changelist"),
            item.legacy_id,
        )

    @admin.action(description="Resolve: they need nothing more (a note may say why)", permissions=["view"])
    def resolve(self, request: HttpRequest, items: QuerySet[ImportItem]) -> None:
        """Somebody has looked at them."""
        note = request.POST.get("note", "").strip()[:300]
        number, done = items.count(), 0
        for item in items.filter(state=ItemState.OPEN).iterator():
            try:
                item.resolve(by=cast(User, request.user), note=note)
            except ConflictError:
                continue  # somebody else was faster: counted below as left as it was
            self.log_change(request, item, "resolved")
            done += 1
        self.tell_done(request, done, "resolved", skipped=number - done, why="they had been handled already")


def link_to_row(collection: str, legacy_id: str) -> SafeString:
    """To the page of the account or conversation that a document became."""
    if collection not in ("users", "conversations"):
        return SafeString("-")
    address = reverse(f"admin:{PAGES[collection]}_change", args=[row_id(collection, legacy_id)])
    return format_html('<a href="{}">{}</a>', address, "account" if collection == "users" else "conversation")
