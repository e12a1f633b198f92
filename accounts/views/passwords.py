"""A new password: by a link in an e-mail, or knowing the present one."""

import uuid

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.tokens import default_token_generator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_safe

from accounts import mail, signals
from accounts.access import person, signed_in_required
from accounts.forms import NewPasswordForm, PasswordChangeForm, ResetRequestForm
from accounts.models import Session, User
from accounts.throttle import CHANGE, RESET, Attempt, attempt_of, this_session, throttled, typed_email
from medichat.db.context import acting


def _too_many_requests(request: HttpRequest, attempt: Attempt) -> HttpResponse:
    form = ResetRequestForm(initial={"email": request.POST.get("email", "")})
    return render(request, "accounts/password_reset.html", {"form": form, "wait": attempt.wait_in_words}, status=429)


@never_cache
@throttled(RESET, account=typed_email, refusal=_too_many_requests)
def password_reset(request: HttpRequest) -> HttpResponse:
    """Ask for a link; the answer is the same whether or not there is an account."""
    form = ResetRequestForm(request.POST or None)
    if not form.is_valid():
        return render(request, "accounts/password_reset.html", {"form": form}, status=422 if form.is_bound else 200)
    email = form.cleaned_data["email"]
    with acting(role="sign_in", sign_in_key=email):
        user = User.objects.filter(email=email, is_active=True).order_by().first()
    signals.password_reset_requested.send(User, user=user)
    if user is not None:
        send_reset_link(user)
    return redirect("accounts:password_reset_sent")


def send_reset_link(user: User) -> None:
    """Write the e-mail with the link for a new password."""
    link = mail.address_of(
        "accounts:password_reset_confirm",
        urlsafe_base64_encode(user.pk.bytes),
        default_token_generator.make_token(user),
    )
    mail.write("password_reset", user.email, person=user, link=link)


@require_safe
def password_reset_sent(request: HttpRequest) -> HttpResponse:
    """What to do next."""
    return render(request, "accounts/password_reset_sent.html")


@sensitive_post_parameters("new_password")
@never_cache
def password_reset_confirm(request: HttpRequest, uidb64: str, token: str) -> HttpResponse:
    """Choose a new password with the link from the e-mail; it works once, for an hour, and ends all sessions."""
    user_id = _user_id(uidb64)
    with acting(role="sign_in", user_id=user_id), transaction.atomic():
        # Locked, so that the same link used twice at the same moment works once.
        users = User.objects.select_for_update().filter(is_active=True).order_by()
        user = users.filter(pk=user_id).first() if user_id else None
        if user is None or not default_token_generator.check_token(user, token):
            return render(request, "accounts/password_reset_expired.html", status=410)
        form = NewPasswordForm(user, request.POST or None)
        if form.is_valid():
            _set_password(user, form.cleaned_data["new_password"])
            end_sessions(user, reason="password reset")
            messages.success(request, "Your new password is stored. Sign in with it.")
            return redirect("accounts:sign_in")
    context = {"form": form, "email": user.email}
    status = 422 if form.is_bound else 200
    return render(request, "accounts/password_reset_confirm.html", context, status=status)


@sensitive_post_parameters("password", "new_password")
@never_cache
@throttled(CHANGE, account=this_session)
@signed_in_required
def password_change(request: HttpRequest) -> HttpResponse:
    """Change the password; every other device is signed out."""
    user = person(request)
    form = PasswordChangeForm(user, request.POST or None)
    if not form.is_valid():
        return render(request, "accounts/password_change.html", {"form": form}, status=422 if form.is_bound else 200)
    attempt_of(request).succeeded = True
    _set_password(user, form.cleaned_data["new_password"])
    end_sessions(user, reason="password changed")
    update_session_auth_hash(request, user)
    messages.success(request, "Your password is changed. Other devices were signed out.")
    return redirect("accounts:profile")


def _set_password(user: User, password: str) -> None:
    user.set_password(password)
    user.save(update_fields=["password"])
    signals.password_changed.send(User, user=user)
    mail.write("password_changed", user.email, person=user, reset=mail.address_of("accounts:password_reset"))


def end_sessions(user: User, *, reason: str, but: Session | None = None) -> int:
    """End this person's sessions everywhere (or everywhere but here); returns how many."""
    ended = 0
    for session in Session.objects.filter(user=user).running():
        if but is None or session.pk != but.pk:
            Session.objects.filter(pk=session.pk).end(reason=reason)
            signals.session_ended.send(Session, user=user, session=session, reason=reason)
            ended += 1
    return ended


def _user_id(uidb64: str) -> uuid.UUID | None:
    """The id in a link, None when it is damaged."""
    try:
        return uuid.UUID(bytes=urlsafe_base64_decode(uidb64))
    except ValueError:
        return None
