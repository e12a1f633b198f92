"""A new password: by a link in an e-mail, or knowing the present one."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_safe

from accounts import known_device
from accounts.access import person, signed_in_required
from accounts.forms import NewPasswordForm, PasswordChangeForm, ResetRequestForm
from accounts.passwords import end_sessions, owner_of_link, request_reset, set_password
from accounts.throttle import CHANGE, RESET, Attempt, attempt_of, make_known, this_session, throttled, typed_email
from medichat.client_address import client_address


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
    request_reset(form.cleaned_data["email"])
    return redirect("accounts:password_reset_sent")


@require_safe
def password_reset_sent(request: HttpRequest) -> HttpResponse:
    """What to do next."""
    return render(request, "accounts/password_reset_sent.html")


@sensitive_post_parameters("new_password")
@never_cache
def password_reset_confirm(request: HttpRequest, uidb64: str, token: str) -> HttpResponse:
    """Choose a new password with the link from the e-mail; it works once, for an hour, and ends all sessions."""
    with owner_of_link(uidb64, token) as user:
        if user is None:
            return render(request, "accounts/password_reset_expired.html", status=410)
        form = NewPasswordForm(user, request.POST or None)
        if form.is_valid():
            set_password(user, form.cleaned_data["new_password"])
            end_sessions(user, reason="password reset")
            make_known(user.email, client_address(request))
            known_device.remember(request, user.email)
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
    set_password(user, form.cleaned_data["new_password"])
    end_sessions(user, reason="password changed")
    update_session_auth_hash(request, user)
    messages.success(request, "Your password is changed. Other devices were signed out.")
    return redirect("accounts:profile")
