"""From the cookie, or the token of an API client, to a person: the session is opened, the person loaded, and the
database context becomes theirs.

A request starts without any rights (``medichat.middleware``). The session's key opens one row of ``sessions``, that
row its owner's row of ``users``, and only then does the context get the owner's role. The person is loaded at every
request, so that deactivating an account or taking an approval back has effect at the next one.

Addresses of the API know no cookie and pages know no token: no other site can act there with a browser's session, and
no token opens a page.

Whose password was right but whose second factor is still missing is a visitor to every page: ``request.user`` is
nobody, the context has no role, and only the pages of the second step look at ``request.halfway``.
"""

from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.middleware import AuthenticationMiddleware as DjangoAuthenticationMiddleware
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.middleware import SessionMiddleware as DjangoSessionMiddleware
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware
from django.urls import Resolver404, resolve
from django.utils.cache import patch_cache_control, patch_vary_headers

from accounts import known_device, second_factor, tokens
from accounts.models import Session, User
from accounts.session_store import SessionStore
from accounts.throttle import count_attempt, is_limited, settle
from medichat import pages
from medichat.api.addresses import is_api
from medichat.api.errors import refusal
from medichat.client_address import client_address
from medichat.db.context import switch_to
from medichat.middleware import DATABASE_LOST

# What a page asks for by itself (a queue that refreshes) is no activity of the person.
BACKGROUND_HEADER = "X-Background-Request"


class ThrottleMiddleware:
    """Counts the attempts of throttled views before the request's transaction begins (see ``accounts.throttle``)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Count, answer, and take an attempt back that succeeded."""
        try:
            view = resolve(request.path_info).func
        except Resolver404:
            return self.get_response(request)
        if foreign := foreign_form(request, view):
            return foreign
        try:
            attempt = None if is_forged(request, view) else count_attempt(request, view)
        except DATABASE_LOST:
            return pages.unavailable(request)
        if attempt is None:
            return self.get_response(request)
        request.attempt = attempt  # type: ignore[attr-defined]  # our own mark on the request
        response = self.get_response(request)
        if response.status_code < 500:
            settle(attempt)
        return response


class _Forgery(CsrfViewMiddleware):
    """Django's own check, asked ahead of the session; the refusal itself is left to its usual place."""

    def _reject(self, request: HttpRequest, reason: str) -> HttpResponse:
        return HttpResponse(status=HTTPStatus.FORBIDDEN)


_forgery = _Forgery(lambda _request: HttpResponse())


def is_forged(request: HttpRequest, view: Callable[..., HttpResponseBase]) -> bool:
    """Whether a form comes without its token: it will be refused before anything is tried."""
    if not is_limited(request, view) or is_api(request):
        return False
    _forgery.process_request(request)
    return _forgery.process_view(request, view, (), {}) is not None


def foreign_form(request: HttpRequest, view: Callable[..., HttpResponseBase]) -> HttpResponse | None:
    """The refusal of what a page of another site made the browser send to the API, without asking it first.

    Forms are sent unasked and JSON is not; programs that are no browser name no origin.
    """
    if not is_limited(request, view) or not is_api(request) or request.content_type == "application/json":
        return None
    origin = request.headers.get("Origin")
    if origin is None or origin in {*settings.CORS_ALLOWED_ORIGINS, f"{request.scheme}://{request.get_host()}"}:
        return None
    return refusal(request, HTTPStatus.FORBIDDEN, "Send this as JSON.", code="forbidden")


class SessionMiddleware(DjangoSessionMiddleware):
    """Opens the session that the cookie names, and keeps it."""

    def process_request(self, request: HttpRequest) -> None:
        """Find the session; afterwards the context names its owner, still without a role."""
        key = None if is_api(request) else request.COOKIES.get(settings.SESSION_COOKIE_NAME)
        session = SessionStore(
            key, device=request.headers.get("User-Agent", "").replace("\0", ""), address=client_address(request)
        )
        request.session = session
        if key:
            switch_to(role="sign_in", sign_in_key=Session.hash_of(key))
            session.get(auth.SESSION_KEY)
            if session.row is None:
                switch_to(role="")

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Store what changed, note the activity, send or remove the cookie; nothing of that when the request failed."""
        if is_api(request):
            return self._after_api_call(request, response)
        known_device.keep(request, response)
        session = request.session
        if not isinstance(session, SessionStore):
            raise TypeError("settings.SESSION_ENGINE must be accounts.session_store.")
        patch_vary_headers(response, ("Cookie",))
        name = settings.SESSION_COOKIE_NAME
        if session.is_empty():
            if name in request.COOKIES:
                response.delete_cookie(name, path=settings.SESSION_COOKIE_PATH, samesite="Lax")
            return response
        if not response.has_header("Cache-Control"):
            # After signing out, the back button shows nobody's record.
            patch_cache_control(response, private=True, no_store=True)
        if response.status_code >= 500 or getattr(request, "failed", False):
            return response  # the transaction is rolled back
        if session.modified:
            session.save()
        elif BACKGROUND_HEADER not in request.headers:
            session.note_activity()
        if session.session_key != request.COOKIES.get(name):
            response.set_cookie(
                name,
                session.session_key or "",
                max_age=settings.SESSION_COOKIE_AGE,
                path=settings.SESSION_COOKIE_PATH,
                secure=settings.SESSION_COOKIE_SECURE,
                httponly=True,
                samesite="Lax",
            )
        return response

    def _after_api_call(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        session: Session | None = getattr(request, "api_session", None)
        patch_vary_headers(response, ("Authorization",))
        is_kept = response.status_code < 500 and not getattr(request, "failed", False)
        if session and is_kept and BACKGROUND_HEADER not in request.headers:
            session.note_activity()
        return response


class AuthenticationMiddleware(DjangoAuthenticationMiddleware):
    """Loads the session's owner and gives the database context their role."""

    def process_request(self, request: HttpRequest) -> None:
        """Set ``request.user``.

        A session ends whose owner may not sign in any more, whose password changed, or which has no second factor
        although its owner needs one by now.
        """
        if is_api(request):
            self._open_by_token(request)
            return
        user = request.user = auth.get_user(request)
        row: Session | None = getattr(request.session, "row", None)
        if row is None:
            return
        if isinstance(user, User) and row.awaits_second_factor:
            request.user = AnonymousUser()
            request.halfway = user  # type: ignore[attr-defined]  # our own mark; see accounts.access.halfway
            switch_to(role="sign_in", user_id=user.pk)
        elif isinstance(user, User) and not second_factor.is_missing(user, row):
            user.asks_with_second_factor = row.second_factor_id
            switch_to(role=user.database_role, user_id=user.pk)
        else:
            request.session.flush()
            request.user = AnonymousUser()
            switch_to(role="")

    def _open_by_token(self, request: HttpRequest) -> None:
        """The owner of the token in the header; ``request.token_fault`` is what ``BearerAuthentication`` says of a
        token that opens nothing. An address that needs no token is open with a bad one as well."""
        request.user = AnonymousUser()
        token = tokens.token_in(request.headers.get("Authorization", ""))
        if not token:
            return
        try:
            session = tokens.open_session(token)
        except tokens.InvalidTokenError as fault:
            request.token_fault = str(fault)  # type: ignore[attr-defined]  # our own mark on the request
            return
        request.user = session.user
        request.api_session = session  # type: ignore[attr-defined]  # our own mark on the request
