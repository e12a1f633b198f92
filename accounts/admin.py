"""Accounts, sessions and second factors for administrators. Password hashes, keys and secrets are never shown."""

from collections.abc import Callable
from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts import mail, second_factor, signals
from accounts.admin_site import ReadOnlyAdmin, RecordedAdmin, WholeRowForm
from accounts.devices import describe
from accounts.forms import EmailAddressField
from accounts.imported import NO_ADDRESS, Imported
from accounts.models import AttemptCount, MfaToken, RequestCount, Role, Session, StoredAnswer, User
from accounts.passwords import send_reset_link
from accounts.recovery import RecoveryForm, recover
from accounts.second_factor import Loss


class UserForm(WholeRowForm):
    """An account as administrators see it: without its password."""

    email = EmailAddressField()

    class Meta:
        model = User
        exclude = ["password"]


class Approval(admin.SimpleListFilter):
    """Doctors by whether an administrator has checked the licence."""

    title = "approval"
    parameter_name = "approval"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The two answers."""
        return [("waiting", "Waits for approval"), ("approved", "Approved")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        """Doctors only, once one is chosen."""
        match self.value():
            case "waiting":
                return queryset.filter(role=Role.DOCTOR, approved_at__isnull=True, is_active=True)
            case "approved":
                return queryset.filter(role=Role.DOCTOR, approved_at__isnull=False)
            case _:
                return queryset


@admin.register(User)
class UserAdmin(RecordedAdmin):
    """People. New ones choose their password themselves, with a link that is sent to them."""

    form = UserForm
    list_display = ["__str__", "email", "role", "approval", "is_active", "record_number", "date_of_birth"]
    list_display_links = ["__str__", "email"]
    list_filter = ["role", Approval, "is_active", "on_duty", Imported]
    search_fields = ["email", "first_name", "last_name", "licence_number", "=record_number"]
    search_help_text = "Name, e-mail address, licence or record number"
    one_line = ("phone",)
    ordering = ("last_name", "first_name", "id")
    actions = ["approve", "withdraw_approval", "deactivate", "reactivate", "send_password_link"]
    fieldsets = [
        (None, {"fields": ["email", "role", "first_name", "last_name", "date_of_birth", "phone", "record_number"]}),
        ("Doctor", {"fields": ["specialization", "licence_number", "approved_at", "approved_by", "on_duty"]}),
        (
            "Account",
            {"fields": ["is_active", "deactivated_at", "email_verified", "second_step", "last_login", "legacy_id"]},
        ),
        ("Record", {"fields": ["created_at", "updated_at", "copy_of_record", "related_rows"]}),
    ]
    add_fieldsets = [
        (
            None,
            {
                "fields": ["email", "role", "first_name", "last_name", "date_of_birth", "phone"],
                "description": "A link with which the person chooses a password is sent to the address.",
            },
        ),
        ("Doctor", {"fields": ["specialization", "licence_number", "on_duty"]}),
    ]

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """A new account needs less."""
        return self.fieldsets if obj else self.add_fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        """Approval and activity change by actions, which are recorded; nobody changes their own role."""
        kept = ["copy_of_record", "record_number", "approved_at", "approved_by", "is_active", "deactivated_at"]
        kept += ["second_step", "last_login"]
        kept += ["role"] if obj is not None and obj.pk == request.user.pk else []
        return [*kept, *super().get_readonly_fields(request, obj)]

    @admin.display(description="copy of the record")
    def copy_of_record(self, user: User) -> str | SafeString:
        """Where a patient's whole record is downloaded for them."""
        if not user.is_patient:
            return "-"
        return format_html(
            '<a href="{}">Make a copy for the patient</a>', reverse("audit:copy_for_patient", args=[user.pk])
        )

    @admin.display(description="approval")
    def approval(self, user: User) -> str:
        """Whether a doctor's licence has been checked."""
        if user.role != Role.DOCTOR:
            return ""
        return "approved" if user.approved_at else "waits"

    @admin.display(description="second step")
    def second_step(self, user: User) -> str:
        """Whether there is one, and the way to clear a lost one."""
        if not second_factor.is_enrolled(user):
            return "set up at the next sign-in" if second_factor.is_required(user) else "not set up"
        address = reverse("admin:accounts_user_clear_second_factor", args=[user.pk])
        left = second_factor.backup_codes_left(user)
        return format_html('set up, {} backup codes left. <a href="{}">Clear a lost one</a>', left, address)

    def get_urls(self) -> list[URLPattern]:
        """The page that clears a lost second factor comes with the others."""
        clear = self.admin_site.admin_view(self.clear_second_factor)
        address = path("<path:object_id>/second-step/", clear, name="accounts_user_clear_second_factor")
        return [address, *super().get_urls()]

    def clear_second_factor(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Somebody has lost the app and the codes: ask why and how the administrator knows them, then clear it."""
        user = self.get_object(request, object_id)
        if not isinstance(user, User):
            raise Http404
        if user.pk == request.user.pk:
            raise PermissionDenied("Another administrator clears yours. You can set up another app under My account.")
        if not second_factor.is_enrolled(user):
            self.message_user(request, "There is no second step to clear.", messages.WARNING)
            return redirect("admin:accounts_user_change", user.pk)
        form = RecoveryForm(request.POST or None)
        if form.is_valid():
            reason = form.cleaned_data["reason"]
            recover(user, by=cast(User, request.user), reason=reason)
            said = f"Second step cleared ({Loss(reason).label}). Made sure by: {form.cleaned_data['made_sure']}"
            self.log_change(request, user, said)
            self.message_user(request, f"The second step of {user} is cleared, and all sessions have ended.")
            return redirect("admin:accounts_user_change", user.pk)
        context = {
            **self.admin_site.each_context(request),
            "title": "Clear a lost second step",
            "opts": self.opts,
            "person": user,
            "form": form,
        }
        status = 422 if form.is_bound else 200
        return TemplateResponse(request, "admin/accounts/user/clear_second_factor.html", context, status=status)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Store it; a new person gets a link, and an approval does not survive another licence or role."""
        if change and obj.approved_at and {"licence_number", "role"} & set(form.changed_data):
            obj.approved_at = obj.approved_by = None
            signals.approval_withdrawn.send(User, user=obj, by=cast(User, request.user))
            self.message_user(request, "The approval is withdrawn: the licence or the role has changed.")
        if not change:
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)
        if not change:
            send_reset_link(obj)

    @admin.action(description="Approve doctors")
    def approve(self, request: HttpRequest, people: QuerySet[User]) -> None:
        """The licence has been checked: these doctors may see patients' data from now on."""

        def act(user: User) -> None:
            user.approve(by=cast(User, request.user))
            mail.write("approved", user.email, person=user, sign_in=mail.address_of("accounts:sign_in"))

        waiting = people.filter(role=Role.DOCTOR, approved_at__isnull=True, is_active=True)
        self._act(request, people, waiting, act, "approved", "no active doctors who wait for approval")

    @admin.action(description="Withdraw approval of doctors")
    def withdraw_approval(self, request: HttpRequest, people: QuerySet[User]) -> None:
        """These doctors see no patients' data from their next click on."""
        approved = people.filter(role=Role.DOCTOR, approved_at__isnull=False)
        by = cast(User, request.user)
        self._act(request, people, approved, lambda user: user.withdraw_approval(by=by), "withdrawn", "not approved")

    @admin.action(description="Deactivate accounts and end their sessions")
    def deactivate(self, request: HttpRequest, people: QuerySet[User]) -> None:
        """They cannot sign in any more and are signed out at once; nothing else changes."""
        active = people.filter(is_active=True).exclude(pk=cast(User, request.user).pk)
        by = cast(User, request.user)
        self._act(
            request, people, active, lambda user: user.deactivate(by=by), "deactivated", "inactive already, or your own"
        )

    @admin.action(description="Reactivate accounts")
    def reactivate(self, request: HttpRequest, people: QuerySet[User]) -> None:
        """They may sign in again."""
        by = cast(User, request.user)
        self._act(
            request,
            people,
            people.filter(is_active=False),
            lambda user: user.reactivate(by=by),
            "reactivated",
            "active already",
        )

    @admin.action(description="Send a link for a new password")
    def send_password_link(self, request: HttpRequest, people: QuerySet[User]) -> None:
        """The link works once, for an hour."""

        def act(user: User) -> None:
            send_reset_link(user)
            signals.password_reset_requested.send(User, user=user)

        reachable = people.filter(is_active=True).exclude(NO_ADDRESS)
        self._act(request, people, reachable, act, "told by e-mail", "not active, or without an address of their own")

    def _act(
        self,
        request: HttpRequest,
        chosen: QuerySet[User],
        suitable: QuerySet[User],
        act: Callable[[User], None],
        done: str,
        why_not: str,
    ) -> None:
        number = chosen.count()
        people = list(suitable.select_for_update(of=("self",)))
        for user in people:
            act(user)
            self.log_change(request, user, done)
        self.tell_done(request, len(people), done, skipped=number - len(people), why=why_not)


@admin.register(Session)
class SessionAdmin(ReadOnlyAdmin):
    """Where people are signed in. Keys are not even stored; their hashes are not shown."""

    list_display = ["user", "kind", "where", "address", "created_at", "last_active_at", "expires_at", "revoked_at"]
    list_filter = ["kind", ("revoked_at", admin.EmptyFieldListFilter)]
    list_select_related = ["user"]
    search_fields = ["user__email", "user__last_name", "=address"]
    search_help_text = "E-mail address, last name or network address"
    exclude = ["key_hash", "refresh_hash", "data"]
    actions = ["end"]

    @admin.display(description="device")
    def where(self, session: Session) -> str:
        """The device in words."""
        return describe(session.device)

    @admin.action(description="End sessions", permissions=["view"])
    def end(self, request: HttpRequest, sessions: QuerySet[Session]) -> None:
        """Whoever uses them must sign in again."""
        running = list(sessions.running().select_related("user"))  # type: ignore[attr-defined]  # a SessionQuerySet
        for session in running:
            Session.objects.filter(pk=session.pk).end(reason="ended by an administrator")
            signals.session_ended.send(Session, user=session.user, session=session, reason="ended by an administrator")
        self.tell_done(request, len(running), "ended")


@admin.register(MfaToken)
class MfaTokenAdmin(ReadOnlyAdmin):
    """Second factors: that they exist and when they were used, never the secret."""

    list_display = ["user", "kind", "name", "confirmed_at", "used_at", "failures"]
    list_filter = ["kind"]
    list_select_related = ["user"]
    search_fields = ["user__email", "user__last_name"]
    search_help_text = "E-mail address or last name"
    exclude = ["secret", "code_hash", "last_step"]


@admin.register(AttemptCount)
class AttemptCountAdmin(ReadOnlyAdmin):
    """Who has to wait before the next attempt; the keys tell nobody's name."""

    list_display = ["__str__", "last_at", "blocked_until", "succeeded_at"]
    list_filter = [("blocked_until", admin.EmptyFieldListFilter)]
    ordering = ("-last_at",)


@admin.register(RequestCount)
class RequestCountAdmin(ReadOnlyAdmin):
    """How much the API is used by each person and address; the keys tell nobody's name."""

    list_display = ["__str__", "began_at"]
    ordering = ("-requests",)


@admin.register(StoredAnswer)
class StoredAnswerAdmin(ReadOnlyAdmin):
    """That somebody's client named an act by a key; never what was answered."""

    list_display = ["person", "status_code", "created_at"]
    list_select_related = ["person"]
    exclude = ["body", "key_hash", "request_hash"]
