"""Signing in and out."""

from typing import cast

from django.conf import settings
from django.contrib.auth import authenticate, login, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from accounts import signals
from accounts.access import person, signed_in_required
from accounts.forms import SignInForm
from accounts.models import User
from accounts.session_store import SessionStore
from accounts.throttle import SIGN_IN, Attempt, attempt_of, throttled, typed_email
from medichat.db.context import switch_to

REFUSED = "E-mail address and password do not belong together, or the account is not active."


def _too_many(request: HttpRequest, attempt: Attempt) -> HttpResponse:
    form = SignInForm(initial={"email": request.POST.get("email", "")})
    context = {"form": form, "next": _following(request), "wait": attempt.wait_in_words}
    return render(request, "accounts/sign_in.html", context, status=429)


@sensitive_post_parameters("password")
@never_cache
@throttled(SIGN_IN, account=typed_email, refusal=_too_many)
def sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in with e-mail address and password; one answer for every reason why it did not work."""
    following = _following(request)
    if request.method != "POST":
        if request.user.is_authenticated:
            return redirect(following)
        return render(request, "accounts/sign_in.html", {"form": SignInForm(), "next": following})
    form = SignInForm(request.POST)
    if form.is_valid():
        user = authenticate(request, email=form.cleaned_data["email"], password=form.cleaned_data["password"])
        if isinstance(user, User):
            attempt_of(request).succeeded = True
            begin_session(request, user)
            return redirect(following)
        form.add_error(None, REFUSED)
    return render(request, "accounts/sign_in.html", {"form": form, "next": following}, status=422)


def begin_session(request: HttpRequest, user: User) -> None:
    """Sign this person in with a fresh session key; whoever was signed in on this browser is signed out first."""
    if request.user.is_authenticated:
        end_session(request)
    switch_to(role=user.database_role, user_id=user.pk)
    login(request, user)
    session = cast(SessionStore, request.session)
    session.save()
    session.modified = False
    signals.signed_in.send(User, user=user, session=session.row)


def end_session(request: HttpRequest) -> None:
    """Sign the person of this request out; the session's row is ended and the cookie removed."""
    signals.signed_out.send(User, user=person(request))
    logout(request)
    switch_to(role="")


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End this browser's session."""
    if request.user.is_authenticated:
        end_session(request)
    return redirect("landing")


@require_safe
@signed_in_required
def waiting(request: HttpRequest) -> HttpResponse:
    """What a doctor sees until an administrator has checked the licence."""
    if person(request).database_role:
        return redirect("home")
    return render(request, "accounts/waiting.html")


def _following(request: HttpRequest) -> str:
    """Where to go after signing in: the page that was asked for when it is one of ours, else home."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure()):
        return wanted
    return resolve_url(settings.LOGIN_REDIRECT_URL)
