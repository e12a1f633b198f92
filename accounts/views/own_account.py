"""One's own account: the profile, the e-mail address, and where one is signed in."""

import uuid
from typing import cast

from django.contrib import messages
from django.core import signing
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.crypto import constant_time_compare, salted_hmac
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from accounts import mail, signals
from accounts.access import person, signed_in_required
from accounts.devices import describe
from accounts.forms import EmailChangeForm, PhotoForm, ProfileForm
from accounts.models import Session, User
from accounts.passwords import end_sessions
from accounts.session_store import SessionStore
from accounts.throttle import CHANGE, attempt_of, this_session, throttled
from accounts.views.sign_in import end_session as sign_out_here
from medichat.db.context import acting

EMAIL_LINK = "accounts.change-email"
EMAIL_LINK_SECONDS = 60 * 60


@never_cache
@signed_in_required
def profile(request: HttpRequest) -> HttpResponse:
    """Name, date of birth, telephone."""
    user = person(request)
    form = ProfileForm(request.POST or None, instance=user)
    if not form.is_valid():
        # The frame of the page shows the person as stored, not as typed.
        request.user = User.objects.get(pk=user.pk) if form.is_bound else user
        context = {"form": form, "photo_form": PhotoForm()}
        return render(request, "accounts/profile.html", context, status=422 if form.is_bound else 200)
    if form.changed_data:
        user.save(update_fields=form.changed_data)
        signals.profile_updated.send(User, user=user, fields=form.changed_data)
        messages.success(request, "Your changes are stored.")
    return redirect("accounts:profile")


@sensitive_post_parameters("password")
@never_cache
@throttled(CHANGE, account=this_session)
@signed_in_required
def email_change(request: HttpRequest) -> HttpResponse:
    """Ask for another e-mail address; a link is sent there, and the old address is told."""
    user = person(request)
    form = EmailChangeForm(user, request.POST or None)
    if not form.is_valid():
        return render(request, "accounts/email_change.html", {"form": form}, status=422 if form.is_bound else 200)
    attempt_of(request).succeeded = True
    new = form.cleaned_data["email"]
    change = {"user": str(user.pk), "from": user.email, "to": new, "while": _password_state(user)}
    token = signing.dumps(change, salt=EMAIL_LINK)
    mail.write("email_confirm", new, person=user, link=mail.address_of("accounts:email_confirm", token))
    mail.write("email_changing", user.email, person=user, reset=mail.address_of("accounts:password_reset"))
    return render(request, "accounts/email_sent.html", {"email": new})


@never_cache
def email_confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Confirm the new address with the link; works once. An address that has an account reads like a dead link."""
    try:
        change = signing.loads(token, salt=EMAIL_LINK, max_age=EMAIL_LINK_SECONDS)
    except signing.BadSignature:
        return render(request, "accounts/email_expired.html", status=410)
    if request.method != "POST":
        return render(request, "accounts/email_confirm.html", {"email": change["to"]})
    with acting(role="sign_in", user_id=uuid.UUID(change["user"])):
        user = User.objects.filter(pk=change["user"], email=change["from"], is_active=True).order_by().first()
        unchanged = user is not None and constant_time_compare(change.get("while", ""), _password_state(user))
        if user is None or not unchanged or not _take_address(user, change["to"]):
            return render(request, "accounts/email_expired.html", status=410)
    messages.success(request, "Your new e-mail address is stored. Use it to sign in from now on.")
    return redirect("accounts:profile")


def _password_state(user: User) -> str:
    """Changes with the password: who chooses a new one because a stranger asked for the change undoes the request."""
    return salted_hmac(EMAIL_LINK, user.password, algorithm="sha256").hexdigest()


def _take_address(user: User, email: str) -> bool:
    user.email = email
    user.email_verified = True
    try:
        with transaction.atomic():
            user.save(update_fields=["email", "email_verified"])
    except IntegrityError:
        return False
    signals.profile_updated.send(User, user=user, fields=["email"])
    return True


@require_safe
@signed_in_required
def sessions(request: HttpRequest) -> HttpResponse:
    """Where this person is signed in."""
    here = cast(SessionStore, request.session).row
    rows = [
        {"session": session, "device": describe(session.device), "is_here": here is not None and session.pk == here.pk}
        for session in Session.objects.filter(user=person(request)).in_use()
    ]
    return render(request, "accounts/sessions.html", {"rows": rows})


@require_POST
@signed_in_required
def session_end(request: HttpRequest, session_id: uuid.UUID) -> HttpResponse:
    """End one of one's own sessions; ending this one is signing out."""
    session = get_object_or_404(Session.objects.filter(user=person(request)).running(), pk=session_id)
    here = cast(SessionStore, request.session).row
    if here is not None and session.pk == here.pk:
        sign_out_here(request)
        return redirect("landing")
    Session.objects.filter(pk=session.pk).end(reason="ended by its owner")
    signals.session_ended.send(Session, user=person(request), session=session, reason="ended by its owner")
    messages.success(request, "That device is signed out.")
    return redirect("accounts:sessions")


@require_POST
@signed_in_required
def sessions_end_others(request: HttpRequest) -> HttpResponse:
    """End every session but this one."""
    ended = end_sessions(person(request), reason="ended by its owner", but=cast(SessionStore, request.session).row)
    devices = "device is" if ended == 1 else "devices are"
    messages.success(request, f"{ended} other {devices} signed out." if ended else "You are signed in nowhere else.")
    return redirect("accounts:sessions")
