"""Browsers on which somebody has signed in before: strangers at the same address cannot make their owner wait.

A clinic is one address for everybody in it. A browser that has passed every step for an account keeps a signed cookie
that names the account by a keyed hash; its attempts are counted apart from those of all browsers without one. It opens
nothing and takes no step away: whoever steals it has the few tries that one device has.
"""

import secrets
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

from accounts.models import normalise_email

_SALT = "accounts.known-device"
KEPT_FOR = timedelta(days=90)
# A browser at the reception is shared.
MOST_ACCOUNTS = 10


def device_of(request: HttpRequest, account: str) -> str:
    """The id of this browser when somebody has signed in to the account on it, else ''.

    ``account`` is what was typed.
    """
    return _accounts_on(request).get(_name_of(account), "")


def remember(request: HttpRequest, account: str) -> None:
    """The person has passed every step here: ``keep`` sends it with the answer."""
    request.signed_in_account = account  # type: ignore[attr-defined]  # our own mark on the request


def keep(request: HttpRequest, response: HttpResponse) -> None:
    """Send the cookie when somebody has just signed in."""
    account: str = getattr(request, "signed_in_account", "")
    if not account or response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return
    known, name = _accounts_on(request), _name_of(account)
    device = known.pop(name, "") or secrets.token_urlsafe(16)
    latest = {name: device, **known}
    response.set_cookie(
        settings.DEVICE_COOKIE_NAME,
        signing.dumps(dict(list(latest.items())[:MOST_ACCOUNTS]), salt=_SALT),
        max_age=int(KEPT_FOR.total_seconds()),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _accounts_on(request: HttpRequest) -> dict[str, str]:
    try:
        known: Any = signing.loads(request.COOKIES.get(settings.DEVICE_COOKIE_NAME, ""), salt=_SALT, max_age=KEPT_FOR)
    except signing.BadSignature:
        return {}
    return known if isinstance(known, dict) else {}


def _name_of(account: str) -> str:
    return salted_hmac(_SALT, normalise_email(account), algorithm="sha256").hexdigest()[:32]
