"""The pages that belong to no app: landing page, error pages, and what every template knows about the clinic."""

import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, QueryDict, RawPostDataException, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import person, signed_in_required
from accounts.models import Role, User
from accounts.session_store import owner_of_session_that_ran_out
from accounts.signals import sent_while_signed_out
from medichat import demo
from medichat.api.addresses import is_api
from medichat.api.errors import refusal

# A form that could not be accepted shows what was typed, but never these.
NEVER_SHOWN_AGAIN = ("password", "token", "code", "secret", "_forms")
LAST_HOUR = timedelta(hours=1)
# Marks of boxes and numbers of rows, which nobody typed.
MADE_BY_THE_PAGE = re.compile(r"on|[0-9a-f]{8}-[0-9a-f-]{27}")


def clinic(request: HttpRequest) -> dict[str, Any]:
    """Context processor: the clinic, its numbers, and how this browser wants the page (``theme`` from a cookie)."""
    # Over TLS a browser takes a cookie of this name from this host alone; app.js names it alike.
    theme = request.COOKIES.get("__Host-theme" if request.is_secure() else "theme", "")
    return {
        "clinic_name": settings.CLINIC_NAME,
        "clinic_address": settings.CLINIC_ADDRESS,
        "clinic_phone": settings.CLINIC_PHONE,
        "emergency_number": settings.EMERGENCY_NUMBER,
        "session_timeout_minutes": settings.SESSION_TIMEOUT_MINUTES,
        "session_seconds_left": _session_seconds_left(request),
        "demo": settings.DEMO_CLINIC,
        "theme": theme if theme in {"light", "dark"} else "",
    }


def _session_seconds_left(request: HttpRequest) -> int | None:
    """Until the session ends whatever the person does, in its last hour; None before, and where nobody has one."""
    row = getattr(getattr(request, "session", None), "row", None)
    left = None if row is None else row.expires_at - timezone.now()
    return None if left is None or left > LAST_HOUR else max(0, int(left.total_seconds()))


@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    """What this is, the emergency number, sign in and register; people who are signed in go straight home."""
    if request.user.is_authenticated:
        return redirect("home")
    return render(request, "landing.html", {"demo_accounts": demo.ACCOUNTS if settings.DEMO_CLINIC else ()})


@require_safe
@signed_in_required
def home(request: HttpRequest) -> HttpResponse:
    """The first page after signing in, which depends on who one is."""
    user = person(request)
    if user.is_administrator:
        return redirect("admin:index")
    if user.role == Role.DOCTOR:
        return redirect("conversations:queue" if user.is_approved else "accounts:waiting")
    return redirect("conversations:home")


def handler400(request: HttpRequest, exception: Exception) -> HttpResponse:
    """What could not be read; a request body beyond the limit is answered as what it is, 413."""
    status = 413 if isinstance(exception, RequestDataTooBig) else 400
    return _error_page(request, status)


def handler403(request: HttpRequest, exception: PermissionDenied) -> HttpResponse:
    """The wrong role; a sentence given to PermissionDenied is shown."""
    return _error_page(request, 403, str(exception))


def handler404(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Nothing here, or not for this person. What the exception says (a path, a model's name) is not for the reader."""
    return _error_page(request, 404)


def conflict(request: HttpRequest, detail: str) -> HttpResponse:
    """The page for an act that the present state does not allow; ``detail`` says which state that is."""
    return _error_page(request, 409, detail)


def not_allowed(request: HttpRequest, refused: HttpResponse) -> HttpResponse:
    """The page for an address that was opened though only a form is sent there; Django's own answer is blank."""
    page = _error_page(request, 405)
    page["Allow"] = refused["Allow"]
    return page


def _error_page(request: HttpRequest, status: int, detail: str = "") -> HttpResponse:
    if is_api(request):
        return refusal(request, status, detail)
    return render(request, f"{status}.html", {"detail": detail, "typed": typed(request)}, status=status)


def handler500(request: HttpRequest) -> HttpResponse:
    """A mistake of ours: nothing on this page needs the database, a session or a context processor."""
    return _bare_page(request, 500)


def unavailable(request: HttpRequest) -> HttpResponse:
    """The page for a database that cannot be reached; browsers and monitors may try again after half a minute."""
    response = _bare_page(request, 503)
    response["Retry-After"] = "30"
    return response


def _bare_page(request: HttpRequest, status: int) -> HttpResponse:
    if is_api(request):
        return refusal(request, status)
    page = render_to_string(
        f"{status}.html",
        {
            "clinic_name": settings.CLINIC_NAME,
            "clinic_phone": settings.CLINIC_PHONE,
            "emergency_number": settings.EMERGENCY_NUMBER,
            "reference": getattr(request, "request_id", ""),
            "typed": typed(request),
            # Without the manifest, whose absence may be the very reason for this page.
            "static_url": settings.STATIC_URL,
        },
    )
    return HttpResponse(page, status=status)


@never_cache
def expired_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without a valid token (settings.CSRF_FAILURE_VIEW): says so, and gives back what was typed.

    ``reason`` is Django's and not for the reader.
    """
    context = {"typed": typed(request), "back_url": _previous_path(request) if _is_from_our_page(request) else ""}
    return render(request, "expired_form.html", context, status=403)


@never_cache
def signed_out(request: HttpRequest) -> HttpResponse:
    """A form that arrived when its session had ended: says so, and leads to signing in.

    What was typed about a case is kept for whose session it was, and found again after signing in; anything else is
    given back here, to be copied.
    """
    back = _previous_path(request) if _is_from_our_page(request) else ""
    kept = _is_kept_for_its_owner(request)
    context = {
        "kept": kept,
        "typed": [] if kept else typed(request),
        "next_url": redirect_to_login(back or reverse("home")).url,
    }
    return render(request, "signed_out.html", context | {"next_label": "Sign in again"}, status=401)


def _is_kept_for_its_owner(request: HttpRequest) -> bool:
    key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    if not key or not typed(request):
        return False
    owner = owner_of_session_that_ran_out(key)
    if owner is None:
        return False
    return any(kept for _, kept in sent_while_signed_out.send(User, request=request, owner=owner))


def typed(request: HttpRequest) -> list[tuple[str, str]]:
    """What a person typed into the form that could not be accepted, as pairs of label and text to be copied.

    The words are repeated only when the browser says that they come from our own page, so that no other site can
    put words into ours. Passwords and codes are never repeated. Empty when nothing could be read.
    """
    if request.method != "POST" or not _is_from_our_page(request):
        return []
    try:
        sent: QueryDict = request.POST
    except (UnreadablePostError, RawPostDataException, SuspiciousOperation, MultiPartParserError):
        return []  # the very reason for the page may be that the form cannot be read
    return [
        (_label(name), text)
        for name, texts in sent.lists()
        if not any(word in name.lower() for word in NEVER_SHOWN_AGAIN)
        for text in texts
        if isinstance(text, str) and text.strip() and not MADE_BY_THE_PAGE.fullmatch(text)
    ]


def _label(name: str) -> str:
    """``prescriptions-0-dose`` as ``Dose 1``."""
    *_, number, field = ["", "", *name.split("-")]
    words = field.replace("_", " ").capitalize()
    return f"{words} {int(number) + 1}" if number.isdecimal() else words


def _is_from_our_page(request: HttpRequest) -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site:
        return site == "same-origin"
    origin = request.headers.get("Origin") or request.headers.get("Referer", "")
    return bool(origin) and urlsplit(origin).netloc == _host(request)


def _host(request: HttpRequest) -> str:
    """The host as sent: ``get_host()`` refuses an unknown one, and its refusal is shown by a page of this module."""
    return str(request.META.get("HTTP_HOST", ""))


def _previous_path(request: HttpRequest) -> str:
    """The path of the page with the form, from the Referer of our own site."""
    referer = urlsplit(request.headers.get("Referer", ""))
    if referer.netloc != _host(request):
        return ""
    return f"{referer.path}?{referer.query}" if referer.query else referer.path
