"""Signing in and out."""

from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import (
    BACKEND_SESSION_KEY,
    HASH_SESSION_KEY,
    SESSION_KEY,
    authenticate,
    login,
    logout,
)
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import rotate_token
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from accounts import known_device, second_factor, signals
from accounts.access import halfway, person, signed_in_required
from accounts.forms import BackupCodeForm, CodeForm, SignInForm
from accounts.models import MfaToken, User
from accounts.second_factor import TooManyCodes, WrongCode
from accounts.session_store import SessionStore
from accounts.throttle import SIGN_IN, Attempt, attempt_of, in_words, throttled, typed_email
from medichat.db.context import switch_to
from medichat.refusals import SignInRequiredError

REFUSED = "E-mail address and password do not belong together, or the account is not active."


def _too_many(request: HttpRequest, attempt: Attempt) -> HttpResponse:
    form = SignInForm(initial={"email": request.POST.get("email", "")})
    context = {"form": form, "next": following_page(request), "wait": attempt.wait_in_words}
    return render(request, "accounts/sign_in.html", context, status=429)


@sensitive_post_parameters("password")
@never_cache
@throttled(SIGN_IN, account=typed_email, refusal=_too_many)
def sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in with e-mail address and password; one answer for every reason why it did not work."""
    following = following_page(request)
    if request.method != "POST":
        if request.user.is_authenticated:
            return redirect(following)
        return render(request, "accounts/sign_in.html", {"form": SignInForm(), "next": following})
    form = SignInForm(request.POST)
    if form.is_valid():
        user = authenticate(request, email=form.cleaned_data["email"], password=form.cleaned_data["password"])
        if isinstance(user, User):
            attempt_of(request).succeeded = True
            if begin_session(request, user):
                return redirect(following)
            return redirect_to_login(following, "accounts:second_step")
        form.add_error(None, REFUSED)
    else:
        attempt_of(request).was_made = False
    return render(request, "accounts/sign_in.html", {"form": form, "next": following}, status=422)


@sensitive_post_parameters("code")
@never_cache
def second_step(request: HttpRequest) -> HttpResponse:
    """The code after the password; who needs a second factor and has none sets it up instead."""
    following = following_page(request)
    user = halfway(request)
    if user is None:
        return redirect(following if request.user.is_authenticated else "accounts:sign_in")
    if not second_factor.is_enrolled(user):
        return redirect_to_login(following, "accounts:second_factor_set_up")
    with_backup_code = request.POST.get("kind") == "backup"
    app_form = CodeForm(None if with_backup_code else request.POST or None)
    backup_form = BackupCodeForm(request.POST if with_backup_code else None)
    form = backup_form if with_backup_code else app_form
    context: dict[str, Any] = {"form": app_form, "backup_form": backup_form, "next": following}
    if form.is_valid():
        try:
            app = second_factor.verify(user, form.cleaned_data["code"])
        except WrongCode:
            form.add_error("code", form.REFUSED)
        except TooManyCodes as refusal:
            context["wait"] = in_words(refusal.wait)
            response = render(request, "accounts/second_step.html", context, status=429)
            response["Retry-After"] = str(refusal.retry_after)
            return response
        else:
            complete_session(request, user, app)
            if with_backup_code:
                _say_how_many_are_left(request, user)
            return redirect(following)
    return render(request, "accounts/second_step.html", context, status=422 if form.is_bound else 200)


def _say_how_many_are_left(request: HttpRequest, user: User) -> None:
    left = second_factor.backup_codes_left(user)
    codes = "1 backup code is" if left == 1 else f"{left} backup codes are"
    messages.warning(request, f"{codes} left. You can make new ones under My account, Second step.")


def begin_session(request: HttpRequest, user: User) -> bool:
    """The password was right: sign the person in, unless a second factor is asked of them; whether they are signed in.

    The session has a fresh key; whoever was signed in on this browser is signed out first.
    """
    if request.user.is_authenticated:
        end_session(request)
    request.session.flush()
    switch_to(role="sign_in", user_id=user.pk)
    if not second_factor.is_asked(user):
        complete_session(request, user, None)
        return True
    session = cast(SessionStore, request.session)
    session.awaits_second_factor = True
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    session.modified = False
    rotate_token(request)
    return False


def complete_session(request: HttpRequest, user: User, app: MfaToken | None) -> None:
    """Every step is passed: sign the person in with a fresh session key, and the database gives them their role.

    Raises SignInRequiredError when the account was deactivated or its password changed while the steps were checked.
    """
    # Locked: who ends an account, or its sessions, at this moment waits for this session and ends it too.
    switch_to(role="sign_in", user_id=user.pk)
    now = User.objects.select_for_update().filter(pk=user.pk, is_active=True).order_by().first()
    if now is None or now.password != user.password:
        raise SignInRequiredError
    user = now
    session = cast(SessionStore, request.session)
    if session.session_key:  # the one that waited for this step; login makes the first key of a session itself
        session.cycle_key()
    session.awaits_second_factor = False
    session.second_factor_id = app.pk if app else None
    switch_to(role=user.database_role, user_id=user.pk)
    login(request, user)
    session.save()
    session.modified = False
    user.asks_with_second_factor = session.second_factor_id
    known_device.remember(request, user.email)
    signals.signed_in.send(User, user=user, session=session.row)


def end_session(request: HttpRequest) -> None:
    """Sign the person of this request out; the session's row is ended and the cookie removed."""
    signals.signed_out.send(User, user=person(request))
    logout(request)
    switch_to(role="")


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End this browser's session, also one that waits for the second step."""
    if request.user.is_authenticated:
        end_session(request)
    else:
        request.session.flush()
    return redirect("landing")


@require_safe
@signed_in_required
def waiting(request: HttpRequest) -> HttpResponse:
    """What a doctor sees until an administrator has checked the licence."""
    if person(request).database_role:
        return redirect("home")
    return render(request, "accounts/waiting.html")


def following_page(request: HttpRequest) -> str:
    """Where to go after signing in: the page that was asked for when it is one of ours, else home."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure()):
        return wanted
    return resolve_url(settings.LOGIN_REDIRECT_URL)
