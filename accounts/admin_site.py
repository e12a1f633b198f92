"""Django's admin site, entered by the same door as every other page, and what all of its lists have in common."""

import json
import uuid
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import AdminSite
from django.contrib.admin.widgets import AdminTextInputWidget
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from accounts import second_factor, signals
from accounts.access import halfway
from accounts.models import User
from medichat import front_page

if TYPE_CHECKING:
    VerifiedAdminSite = AdminSite
    AnyModelAdmin = admin.ModelAdmin[Any]
    AnyModelForm = forms.ModelForm[Any]
    AnyPaginator = Paginator[Any]
else:
    from django_otp.admin import OTPAdminSite as VerifiedAdminSite

    AnyModelAdmin, AnyModelForm, AnyPaginator = admin.ModelAdmin, forms.ModelForm, Paginator


class AdministrationSite(VerifiedAdminSite):
    """The administrators' pages. There is one sign-in for everybody, so the site has none of its own.

    It is django-otp's site: only sessions that were opened with a second factor get in, unless none is required (the
    demonstration).
    """

    site_title = "MediChat administration"
    site_header = "Administration"
    index_title = "Administration"

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)

    def has_permission(self, request: HttpRequest) -> bool:
        """Active administrators, with a second factor where one is required of them."""
        if super().has_permission(request):
            return True
        is_administrator = AdminSite.has_permission(self, request)
        return is_administrator and not second_factor.is_required(cast(User, request.user))

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Send people to the sign-in page; somebody who is signed in and no administrator is refused."""
        if request.user.is_authenticated and not self.has_permission(request):
            raise PermissionDenied("These pages are for administrators.")
        following = request.GET.get("next") or reverse("admin:index")
        return redirect_to_login(following, "accounts:second_step" if halfway(request) else None)

    def logout(  # type: ignore[override]  # the stubs know only a page, Django any answer
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Sign out like everywhere else (307 keeps the POST)."""
        response = redirect("accounts:sign_out")
        response.status_code = 307
        return response

    def password_change(  # type: ignore[override]  # as above
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The password is changed where everybody changes it."""
        return redirect("accounts:password_change")

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """The front page: what needs attention and how the last days were, above the list of all tables."""
        page = front_page.gather(cast(User, request.user))
        return super().index(request, {"front_page": page, **(extra_context or {})})

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        """Names that are offered while typing are patients' data like others."""
        response = super().autocomplete_view(request)
        if response.status_code == 200:
            offered = [entry["id"] for entry in json.loads(response.content)["results"]]
            patients = User.objects.patients().filter(pk__in=offered).order_by().values_list("pk", flat=True)
            tell_list_viewed(request, "user_names", patients)
        return response


def tell_viewed(
    request: HttpRequest, resource_type: str, *, patient_id: object = None, resource_id: object = None
) -> None:
    """Say that an administrator looked at something; whose it was, where it was one patient's."""
    signals.viewed.send(
        AdministrationSite,
        by=cast(User, request.user),
        patient_id=patient_id,
        resource_type=resource_type,
        resource_id=resource_id,
        why="administration",
    )


def tell_list_viewed(request: HttpRequest, resource_type: str, patient_ids: Iterable[uuid.UUID | None]) -> None:
    """Say that an administrator looked at a list, and whose rows it held, where they are patients'."""
    signals.list_viewed.send(
        AdministrationSite,
        by=cast(User, request.user),
        patient_ids={patient_id for patient_id in patient_ids if patient_id},
        resource_type=resource_type,
        why="administration",
    )


def patient_of(row: models.Model) -> uuid.UUID | None:
    """The patient whose data a row holds: its own column says it, or the row is the patient's account."""
    if isinstance(row, User):
        return row.pk if row.is_patient else None
    found: uuid.UUID | None = getattr(row, "patient_id", None)
    return found


class CappedPaginator(AnyPaginator):
    """Counts to ten thousand and no further: counting a million rows takes longer than looking at them."""

    most = 10_000

    @cached_property
    def count(self) -> int:
        """How many rows there are, at most ``most``."""
        rows = cast("models.QuerySet[Any]", self.object_list)
        return rows.order_by()[: self.most].count()


class WholeRowForm(AnyModelForm):
    """Checks the constraints of the whole row.

    Django leaves out a constraint as soon as it reads a column that is no field of the form (``legacy_id``, say), and
    what the database then refuses would be an error page instead of a sentence.
    """

    def validate_unique(self) -> None:
        """Ask every constraint, last; sentences about columns that are no field belong to the whole form."""
        super().validate_unique()
        if not self.errors:
            try:
                self.instance.validate_constraints()
            except ValidationError as error:
                self.add_error(None, error.messages)


class RecordedAdmin(AnyModelAdmin):
    """A list and a page for each row: nothing is deleted, every look is recorded, related rows are one click away.

    Searching goes where there is an index, lists read a constant number of times from the database, and newest rows
    come first (the keys are ordered by time).
    """

    form = WholeRowForm
    # Whether a look at the list is recorded for each patient in it.
    tells_whose: ClassVar[bool] = True
    ordering: ClassVar[tuple[str, ...]] = ("-id",)
    list_per_page = 50
    list_max_show_all = 0
    show_full_result_count = False
    paginator = CappedPaginator
    save_on_top = True
    # Which of the columns that point at a row are worth a link from its page, and whether these rows are.
    links_by: ClassVar[Sequence[str]] = ["patient", "doctor", "user", "conversation", "prescription"]
    worth_a_link = True
    # Encrypted texts that fit on a line.
    one_line: ClassVar[Sequence[str]] = []

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Accounts are deactivated, entries marked as entered in error, cases archived: nothing is deleted here."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Times and keys are the database's own, and a new row has none yet; related rows are links."""
        own_of_the_database = ("created_at", "updated_at", "legacy_id") if obj else ("legacy_id",)
        kept = [name for name in own_of_the_database if name in _field_names(self.model)]
        own = super().get_readonly_fields(request, obj)
        return [*own, *(name for name in kept if name not in own), *(["related_rows"] if obj else [])]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Short texts get a line and not a box."""
        if db_field.name in self.one_line:
            kwargs["widget"] = AdminTextInputWidget
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @admin.display(description="related rows")
    def related_rows(self, obj: models.Model) -> SafeString:
        """Links to the lists of the rows that belong to this one."""
        links = []
        for relation in self.model._meta.get_fields(include_hidden=True):
            if not isinstance(relation, models.ManyToOneRel) or relation.field.name not in self._links_of(obj):
                continue
            of_model = relation.related_model
            if not self.admin_site.is_registered(of_model):
                continue
            if not getattr(self.admin_site.get_model_admin(of_model), "worth_a_link", False):
                continue
            meta = of_model._meta
            address = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist", current_app=self.admin_site.name)
            title = str(meta.verbose_name_plural)
            links.append((f"{address}?{relation.field.name}__id__exact={obj.pk}", title))
        if not links:
            return SafeString("-")
        links.sort(key=lambda link: link[1])
        return format_html_join(SafeString("<br>"), '<a href="{}">{}</a>', links)

    def _links_of(self, obj: models.Model) -> set[str]:
        # A person is a patient or a doctor, and only one of them.
        not_this = {"patient" if not obj.is_patient else "doctor"} if isinstance(obj, User) else set()
        return set(self.links_by) - not_this

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list; that it was seen is recorded, for each patient in it."""
        response = super().changelist_view(request, extra_context)
        if request.method == "GET" and response.status_code == 200:
            self._tell_list_seen(request, cast(TemplateResponse, response))
        return response

    def _tell_list_seen(self, request: HttpRequest, response: TemplateResponse) -> None:
        shown = (response.context_data or {})["cl"].result_list if self.tells_whose else []
        patients = {patient_of(row) for row in shown}
        # That a patient has none of these rows is something about this patient, too.
        if asked := request.GET.get("patient__id__exact"):
            patients.add(uuid.UUID(asked))
        tell_list_viewed(request, f"{self.opts.model_name}_list", patients)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Remember the row that a page is about."""
        obj = super().get_object(request, object_id, from_field)
        request.row_of_page = obj  # type: ignore[attr-defined]  # our own mark on the request
        return obj

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """The page of a row; that it was seen is recorded."""
        response = super().changeform_view(request, object_id, form_url, extra_context)
        self._tell_seen(request)
        return response

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """What administrators changed in a row; that it was seen is recorded."""
        response = super().history_view(request, object_id, extra_context)
        self._tell_seen(request)
        return response

    def _tell_seen(self, request: HttpRequest) -> None:
        row = getattr(request, "row_of_page", None)
        if row is None or request.method != "GET":
            return
        tell_viewed(request, str(self.opts.model_name), patient_id=patient_of(row), resource_id=row.pk)

    def tell_done(self, request: HttpRequest, done: int, what: str, *, skipped: int = 0, why: str = "") -> None:
        """The sentence above the list after an action."""
        if done:
            self.message_user(request, f"{done} {what}.", messages.SUCCESS)
        if skipped:
            self.message_user(request, f"{skipped} left as they were: {why}.", messages.WARNING)


class ReadOnlyAdmin(RecordedAdmin):
    """Rows that only the pages of the clinic write: here they are looked at."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nothing is added here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing is changed here."""
        return False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Everything that is stored, what no form would ask for included."""
        hidden = {"id", *(self.exclude or ())}
        return [*(field.name for field in self.opts.concrete_fields if field.name not in hidden), "related_rows"]


def _field_names(model: type[models.Model]) -> set[str]:
    return {field.name for field in model._meta.get_fields()}
