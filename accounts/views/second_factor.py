"""One's own second step: setting an authenticator app up, backup codes, another device, switching it off."""

from typing import cast

import segno
from django import forms
from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.safestring import SafeString
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from accounts import mail, second_factor
from accounts.access import halfway, person, signed_in_required, to_sign_in
from accounts.forms import WRONG_CODE, OwnSetUpForm, ProofForm, ReplaceAppForm, SetUpForm
from accounts.models import MfaToken, User
from accounts.passwords import end_sessions
from accounts.second_factor import TooManyCodes, WrongCode
from accounts.session_store import SessionStore
from accounts.throttle import CHANGE, attempt_of, in_words, this_session, throttled
from accounts.views import first_set_up
from accounts.views.sign_in import complete_session, following_page

CODES_TO_KEEP = "accounts.backup-codes"
CODES_TO_KEEP_SECONDS = 10 * 60
PRESENT_CODE_WRONG = "This code is not right, or was used already."


@require_safe
@never_cache
@signed_in_required
def overview(request: HttpRequest) -> HttpResponse:
    """Whether there is a second step, and what can be done about it."""
    user = person(request)
    app = MfaToken.objects.confirmed().filter(user=user).first()
    return render(
        request,
        "accounts/second_factor.html",
        {
            "app": app,
            "codes_left": second_factor.backup_codes_left(user),
            "is_required": second_factor.is_required(user),
        },
    )


@sensitive_post_parameters("code", "present_code", "password")
@never_cache
@throttled(CHANGE, account=this_session)
def set_up(request: HttpRequest) -> HttpResponse:
    """Set an authenticator app up, after the password where it is required, or later; also another one instead."""
    user = halfway(request) or request.user
    if not isinstance(user, User):
        return to_sign_in(request)
    is_enrolled = second_factor.is_enrolled(user)
    if halfway(request) and is_enrolled:
        return redirect("accounts:second_step")
    if first_set_up.is_awaited(request, user):
        return redirect("accounts:second_factor_link")
    app = second_factor.begin_setup(user)
    form = _set_up_form(request, user, is_enrolled=is_enrolled)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            codes = _confirm(request, user, app, form)
        except TooManyCodes as refusal:
            return _set_up_page(request, app, form, wait=refusal)
        if codes:
            attempt_of(request).succeeded = True
            _tell(user, "It is asked for from now on whenever you sign in.")
            return _codes_page(request, user, codes, following=following_page(request))
    return _set_up_page(request, app, form, status=status)


def _set_up_form(request: HttpRequest, user: User, *, is_enrolled: bool) -> forms.Form:
    typed = request.POST or None
    if halfway(request):
        return SetUpForm(typed)
    return ReplaceAppForm(user, typed) if is_enrolled else OwnSetUpForm(user, typed)


def _confirm(request: HttpRequest, user: User, app: MfaToken, form: forms.Form) -> list[str]:
    """The backup codes once everything is right; else none, and the form says what is wrong."""
    code, present_code = form.cleaned_data["code"], form.cleaned_data.get("present_code")
    # The new app's code first: a code of the present one is used up by looking at it.
    if not second_factor.is_first_code(app, code):
        form.add_error("code", WRONG_CODE)
        return []
    if present_code:
        try:
            second_factor.verify(user, present_code)
        except WrongCode:
            form.add_error("present_code", PRESENT_CODE_WRONG)
            return []
    app, codes = second_factor.confirm_setup(user, code)
    if halfway(request):
        complete_session(request, user, app)
    else:
        end_sessions(user, reason="second step changed")
        _go_on_here(request, app)
    return codes


def _go_on_here(request: HttpRequest, app: MfaToken | None) -> None:
    """A fresh key for this browser, after every session has ended."""
    session = cast(SessionStore, request.session)
    session.second_factor_id = app.pk if app else None
    session.cycle_key()


def _set_up_page(
    request: HttpRequest, app: MfaToken, form: forms.Form, *, status: int = 200, wait: TooManyCodes | None = None
) -> HttpResponse:
    address, secret = second_factor.setup_address(app), app.secret or ""
    picture = segno.make(address, error="m").svg_inline(border=4, light="#fff", dark="#000", omitsize=True)
    context = {
        "form": form,
        "address": address,
        "key": " ".join(secret[place : place + 4] for place in range(0, len(secret), 4)),
        "picture": SafeString(picture),  # nosec B703  # made of the modules of the code only
        "is_halfway": halfway(request) is not None,
        "next": following_page(request),
        "wait": in_words(wait.wait) if wait else "",
    }
    response = render(request, "accounts/second_factor_set_up.html", context, status=429 if wait else status)
    if wait:
        response["Retry-After"] = str(wait.retry_after)
    return response


@sensitive_post_parameters("present_code", "password")
@never_cache
@throttled(CHANGE, account=this_session)
@signed_in_required
def backup_codes(request: HttpRequest) -> HttpResponse:
    """Ten new backup codes; the earlier ones work no more."""
    user = person(request)
    refused = _unproved(request, user, "accounts/backup_codes_new.html")
    if refused:
        return refused
    attempt_of(request).succeeded = True
    codes = second_factor.new_backup_codes(user)
    _tell(user, "You have new backup codes. The earlier ones work no more.")
    return _codes_page(request, user, codes, following="")


@sensitive_post_parameters("present_code", "password")
@never_cache
@throttled(CHANGE, account=this_session)
@signed_in_required
def switch_off(request: HttpRequest) -> HttpResponse:
    """Go without the second step, where the role allows it."""
    user = person(request)
    if second_factor.is_required(user):
        messages.error(request, "Your role needs the second step. You can set up another app instead.")
        return redirect("accounts:second_factor")
    refused = _unproved(request, user, "accounts/second_factor_off.html")
    if refused:
        return refused
    attempt_of(request).succeeded = True
    second_factor.switch_off(user)
    end_sessions(user, reason="second step changed")
    _go_on_here(request, None)
    _tell(user, "It is not asked for any more when you sign in.")
    messages.success(request, "The second step is switched off.")
    return redirect("accounts:second_factor")


def _unproved(request: HttpRequest, user: User, template: str) -> HttpResponse | None:
    """The page that asks for password and code once more; None when both are right."""
    if not second_factor.is_enrolled(user):
        return redirect("accounts:second_factor")
    form = ProofForm(user, request.POST or None)
    if form.is_valid():
        try:
            second_factor.verify(user, form.cleaned_data["present_code"])
        except WrongCode:
            form.add_error("present_code", PRESENT_CODE_WRONG)
        except TooManyCodes as refusal:
            context = {"form": form, "wait": in_words(refusal.wait)}
            response = render(request, template, context, status=429)
            response["Retry-After"] = str(refusal.retry_after)
            return response
        else:
            return None
    return render(request, template, {"form": form}, status=422 if form.is_bound else 200)


def _codes_page(request: HttpRequest, user: User, codes: list[str], *, following: str) -> HttpResponse:
    """The only page that ever shows them; what its button sends back becomes a file."""
    kept = signing.dumps({"user": str(user.pk), "codes": codes}, salt=CODES_TO_KEEP)
    return render(request, "accounts/backup_codes.html", {"codes": codes, "kept": kept, "next": following})


@require_POST
@never_cache
@signed_in_required
def backup_codes_file(request: HttpRequest) -> HttpResponse:
    """The codes that a page has just shown, as a text file; they are stored nowhere."""
    user = person(request)
    try:
        kept = signing.loads(request.POST.get("kept", ""), salt=CODES_TO_KEEP, max_age=CODES_TO_KEEP_SECONDS)
    except signing.BadSignature:
        kept = {}
    if kept.get("user") != str(user.pk):
        messages.error(request, "The codes are shown once, for ten minutes. Make new ones if you have not kept them.")
        return redirect("accounts:second_factor")
    facts = {"codes": kept["codes"], "made": timezone.now(), "person": user}
    response = render(request, "accounts/backup_codes.txt", facts, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="backup-codes.txt"'
    return response


def _tell(user: User, what: str) -> None:
    mail.write("second_factor", user.email, person=user, what=what, reset=mail.address_of("accounts:password_reset"))
