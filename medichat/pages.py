"""The pages that belong to no app: landing page, error pages, and what every template knows about the clinic."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import person, signed_in_required
from accounts.models import Role

# A form that could not be accepted shows what was typed, but never these.
NEVER_SHOWN_AGAIN = ("password", "token", "code", "secret")


def clinic(request: HttpRequest) -> dict[str, Any]:
    """Context processor: the clinic, its numbers, and how this browser wants the page (``theme`` from a cookie)."""
    theme = request.COOKIES.get("theme", "")
    return {
        "clinic_name": settings.CLINIC_NAME,
        "clinic_address": settings.CLINIC_ADDRESS,
        "clinic_phone": settings.CLINIC_PHONE,
        "emergency_number": settings.EMERGENCY_NUMBER,
        "session_timeout_minutes": settings.SESSION_TIMEOUT_MINUTES,
        "demo": settings.DEMO_CLINIC,
        "theme": theme if theme in {"light", "dark"} else "",
    }


@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    """What this is, the emergency number, sign in and register; people who are signed in go straight home."""
    if request.user.is_authenticated:
        return redirect("home")
    return render(request, "landing.html")


@require_safe
@signed_in_required
def home(request: HttpRequest) -> HttpResponse:
    """The first page after signing in, which depends on who one is."""
    user = person(request)
    if user.is_administrator:
        return redirect("admin:index")
    if user.role == Role.DOCTOR:
        return redirect("conversations:queue" if user.is_approved else "accounts:waiting")
    return redirect("accounts:profile")


def handler400(request: HttpRequest, exception: Exception) -> HttpResponse:
    """What could not be read; a request body beyond the limit is answered as what it is, 413."""
    status = 413 if isinstance(exception, RequestDataTooBig) else 400
    return render(request, f"{status}.html", status=status)


def handler403(request: HttpRequest, exception: PermissionDenied) -> HttpResponse:
    """The wrong role; a sentence given to PermissionDenied is shown."""
    return render(request, "403.html", {"detail": str(exception)}, status=403)


def handler404(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Nothing here, or not for this person. What the exception says (a path, a model's name) is not for the reader."""
    return render(request, "404.html", status=404)


def conflict(request: HttpRequest, detail: str) -> HttpResponse:
    """The page for an act that the present state does not allow; ``detail`` says which state that is."""
    return render(request, "409.html", {"detail": detail}, status=409)


def handler500(request: HttpRequest) -> HttpResponse:
    """A mistake of ours: nothing on this page needs the database, a session or a context processor."""
    return _bare_page(request, 500)


def unavailable(request: HttpRequest) -> HttpResponse:
    """The page for a database that cannot be reached; browsers and monitors may try again after half a minute."""
    response = _bare_page(request, 503)
    response["Retry-After"] = "30"
    return response


def _bare_page(request: HttpRequest, status: int) -> HttpResponse:
    page = render_to_string(
        f"{status}.html",
        {
            "clinic_name": settings.CLINIC_NAME,
            "clinic_phone": settings.CLINIC_PHONE,
            "emergency_number": settings.EMERGENCY_NUMBER,
            "reference": getattr(request, "request_id", ""),
            # Without the manifest, whose absence may be the very reason for this page.
            "static_url": settings.STATIC_URL,
        },
    )
    return HttpResponse(page, status=status)


@never_cache
def expired_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without a valid token (settings.CSRF_FAILURE_VIEW): says so, and gives back what was typed.

    The words are repeated only when the browser says that they come from our own page, so that no other site can
    put words into ours. Passwords and codes are never repeated. ``reason`` is Django's and not for the reader.
    """
    from_our_page = _is_from_our_page(request)
    context = {
        "typed": _typed(request.POST) if from_our_page else [],
        "back_url": _previous_path(request) if from_our_page else "",
    }
    return render(request, "expired_form.html", context, status=403)


def _is_from_our_page(request: HttpRequest) -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site:
        return site == "same-origin"
    origin = request.headers.get("Origin") or request.headers.get("Referer", "")
    return urlsplit(origin).netloc == request.get_host()


def _previous_path(request: HttpRequest) -> str:
    """The path of the page with the form, from the Referer of our own site."""
    referer = urlsplit(request.headers.get("Referer", ""))
    if referer.netloc != request.get_host():
        return ""
    return f"{referer.path}?{referer.query}" if referer.query else referer.path


def _typed(sent: QueryDict) -> list[tuple[str, str]]:
    """What a person typed, with the field's name as the label."""
    return [
        (name.rsplit("-", 1)[-1].replace("_", " ").capitalize(), text)
        for name, texts in sent.lists()
        if not any(word in name.lower() for word in NEVER_SHOWN_AGAIN)
        for text in texts
        if isinstance(text, str) and text.strip()
    ]
