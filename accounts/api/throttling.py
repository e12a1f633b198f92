"""The same limits of attempts as on the pages, for endpoints (see ``accounts.throttle``)."""

import json
from collections.abc import Callable, Collection
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse, RawPostDataException
from rest_framework.request import Request

from accounts import tokens
from accounts.throttle import Attempt, Limits, View, attempt_of, throttled
from medichat.api.errors import refusal


def limited(
    limits: Limits,
    view: View,
    *,
    about: Callable[[HttpRequest], str] | None = None,
    methods: Collection[str] = frozenset({"POST"}),
) -> View:
    """Limit the requests of an endpoint with these methods; ``about`` reads which account it is, the sent e-mail
    unless given."""
    return throttled(limits, account=about or sent_email, refusal=_too_many, methods=methods)(view)


def sent_email(request: HttpRequest) -> str:
    """The account that the request is about; empty when what was sent cannot be read."""
    return _sent(request, "email")


def sent_token(request: HttpRequest) -> str:
    """The signed-in client, where the present password is asked for again.

    Its session and not its token: a fresh one, or the same one written otherwise, would begin to count anew.
    """
    return tokens.session_named_by(request.headers.get("Authorization", ""))


def succeeded(request: Request) -> None:
    """The attempt does not count: it was right."""
    attempt_of(request._request).succeeded = True


def too_many(request: HttpRequest | Request, seconds: int, sentence: str) -> JsonResponse:
    """Status 429 with ``Retry-After``."""
    headers = {"Retry-After": str(seconds)}
    return refusal(request, HTTPStatus.TOO_MANY_REQUESTS, sentence, headers=headers)


def _too_many(request: HttpRequest, attempt: Attempt) -> HttpResponse:
    return refusal(
        request, HTTPStatus.TOO_MANY_REQUESTS, f"Too many attempts. Please wait {attempt.wait_in_words}."
    )  # the throttle adds Retry-After


def _sent(request: HttpRequest, name: str) -> str:
    try:
        body: Any = json.loads(request.body) if request.content_type == "application/json" else request.POST
    except (ValueError, RecursionError, RawPostDataException):
        return ""
    value = body.get(name, "") if hasattr(body, "get") else ""
    return value[:255] if isinstance(value, str) else ""
