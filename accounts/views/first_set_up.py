"""The first second step of somebody who came from the previous system with its password: the mailbox must be theirs.

Old passwords are what may have got about before. Whoever has only that must not be the first to set up the second step
and so become the doctor or administrator: a link that is sent to the address in the file is asked for in between.
"""

from typing import cast

from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.crypto import constant_time_compare, salted_hmac
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import mail, second_factor
from accounts.access import halfway, to_sign_in
from accounts.models import User
from accounts.session_store import SessionStore
from accounts.throttle import RESET, Attempt, this_session, throttled

_LINK = "accounts.first-second-factor"
LINK_SECONDS = 60 * 60
# In the session between the steps: whose mailbox was opened from this browser.
_OPENED = "mailbox_of"


def is_awaited(request: HttpRequest, user: User) -> bool:
    """Whether this browser must open the link from the mailbox before a second step can be set up on it."""
    opened = cast(SessionStore, request.session).get(_OPENED)
    return halfway(request) is not None and second_factor.needs_mailbox(user) and opened != str(user.pk)


def _too_many(request: HttpRequest, attempt: Attempt) -> HttpResponse:
    return render(request, "accounts/second_factor_link.html", {"wait": attempt.wait_in_words}, status=429)


@never_cache
@throttled(RESET, account=this_session, refusal=_too_many)
def send_link(request: HttpRequest) -> HttpResponse:
    """Say why a link is needed; POST sends it."""
    user = halfway(request)
    if user is None:
        return redirect("accounts:second_factor") if request.user.is_authenticated else to_sign_in(request)
    if second_factor.is_enrolled(user) or not is_awaited(request, user):
        return redirect("accounts:second_step")
    if request.method != "POST":
        return render(request, "accounts/second_factor_link.html")
    token = signing.dumps({"user": str(user.pk), "while": _state(user)}, salt=_LINK)
    link = mail.address_of("accounts:second_factor_link_opened", token)
    mail.write(
        "second_factor_link", user.email, person=user, link=link, reset=mail.address_of("accounts:password_reset")
    )
    return render(request, "accounts/second_factor_link.html", {"is_sent": True})


@never_cache
@require_safe
def open_link(request: HttpRequest, token: str) -> HttpResponse:
    """The link from the mailbox: whoever opens it, on whatever device, still needs the password there.

    It is of no use to a browser on which it was not opened, and to nobody once a second step is set up.
    """
    user = halfway(request)
    if user is None:
        return redirect("accounts:second_factor") if request.user.is_authenticated else to_sign_in(request)
    try:
        told = signing.loads(token, salt=_LINK, max_age=LINK_SECONDS)
    except signing.BadSignature:
        told = {}
    theirs = told.get("user") == str(user.pk) and constant_time_compare(told.get("while", ""), _state(user))
    if not theirs or second_factor.is_enrolled(user):
        return render(request, "accounts/second_factor_link.html", {"is_over": True}, status=410)
    request.session[_OPENED] = str(user.pk)
    return redirect("accounts:second_factor_set_up")


def _state(user: User) -> str:
    """Changes with the password and the address: who corrects either makes earlier links worthless."""
    return salted_hmac(_LINK, f"{user.password}\0{user.email}", algorithm="sha256").hexdigest()
