"""How the API says that something is wrong.

Existing clients read ``error`` or ``message``, so both are always there, and always strings. Faults of what was sent
stand in ``message`` as a JSON text (the doctor's form parses it) and in ``errors`` as a list. A client that accepts
``application/problem+json`` gets the members of RFC 9457 beside these; there ``status`` is the number.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Literal, NotRequired, TypedDict, cast, get_args

from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import Http404, HttpRequest, JsonResponse
from django.http.multipartparser import MultiPartParserError
from rest_framework import exceptions
from rest_framework.request import Request

from medichat.refusals import ConflictError

PROBLEM = "application/problem+json"
# For programs; every refusal has one of these.
Code = Literal[
    "bad_request", "not_authenticated", "forbidden", "not_found", "conflict", "too_large", "unsupported_media_type",
    "throttled", "failed", "unavailable", "refused", "validation", "parse_error", "token_not_valid",
    "wrong_credentials", "wrong_code", "mfa_required", "mfa_token_not_valid", "second_factor_missing",
    "waits_for_approval", "email_taken", "licence_taken", "link_not_valid", "file_damaged", "unsettled_alerts",
    "idempotency_key_reused", "precondition_required", "precondition_failed",
]  # fmt: skip
# One sentence for each status, when there is nothing more precise to say.
SENTENCES = {
    400: "The request cannot be read. Check how it is written.",
    401: "Sign in first: the request carries no valid token.",
    403: "This is not open to you.",
    404: "There is nothing here, or it is not yours to see.",
    409: "This is in another state by now. Load it again.",
    413: "This is too large.",
    415: "This content type is not understood here. Send JSON, or a form where a file comes along.",
    429: "Too many attempts. Please wait.",
    500: "Something went wrong on our side. Nothing was stored.",
    503: "The service is not available at the moment. Try again in half a minute.",
}
CODES: dict[int, Code] = {
    400: "bad_request",
    401: "not_authenticated",
    403: "forbidden",
    404: "not_found",
    409: "conflict",
    413: "too_large",
    415: "unsupported_media_type",
    429: "throttled",
    500: "failed",
    503: "unavailable",
}


class Fault(TypedDict):
    """What is wrong with one field; its name is dotted (``prescriptions.0.medication``), empty for the whole."""

    field: str
    message: str


class ErrorBody(TypedDict):
    """Something cannot be done. ``error`` and ``message`` are the same; ``code`` is for programs.

    Of faults in what was sent, ``message`` is the list ``errors`` as a JSON text, or one plain sentence.
    """

    status: Literal["fail", "error"]
    error: str
    message: str
    code: Code
    requestId: str | None
    errors: NotRequired[list[Fault]]


def refusal(
    request: HttpRequest | Request,
    status: int,
    sentence: str = "",
    *,
    code: Code | None = None,
    faults: Sequence[Fault] = (),
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> JsonResponse:
    """The answer for something that cannot be done. What the request changed is kept: raise to have it undone.

    ``faults`` are what is wrong with which field; ``more`` are members for this one kind of refusal.
    """
    sentence = sentence or SENTENCES.get(status, HTTPStatus(status).phrase)
    body: dict[str, Any] = {
        **ErrorBody(
            status="fail" if status < 500 else "error",
            error=sentence,
            message=sentence,
            code=code or CODES.get(status, "refused"),
            requestId=getattr(request, "request_id", None),
        )
    }
    if faults:
        body["errors"] = list(faults)
    content_type = "application/json"
    if PROBLEM in request.headers.get("Accept", ""):
        content_type = PROBLEM
        body |= {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": sentence}
    if status == HTTPStatus.UNAUTHORIZED:
        headers = {"WWW-Authenticate": "Bearer", **(headers or {})}
    return JsonResponse({**body, **more}, status=status, content_type=content_type, headers=headers)


def faulty(request: HttpRequest | Request, faults: Sequence[Fault], *, plainly: bool = False) -> JsonResponse:
    """Status 400: all faults at once; ``plainly`` for clients that show the sentence to a person as it is."""
    sentence = " ".join(dict.fromkeys(fault["message"] for fault in faults)) if plainly else json.dumps(list(faults))
    return refusal(request, HTTPStatus.BAD_REQUEST, sentence, code="validation", faults=faults)


def faults_of(detail: Any, field: str = "") -> Iterator[Fault]:
    """A serializer's or form's errors, one after the other, with dotted names (``prescriptions.0.medication``)."""
    if isinstance(detail, Mapping):
        for name, part in detail.items():
            below = "" if name in {"non_field_errors", "__all__"} else str(name)
            yield from faults_of(part, ".".join(filter(None, (field, below))))
    elif isinstance(detail, list | tuple):
        for number, part in enumerate(detail):
            yield from faults_of(part, f"{field}.{number}" if isinstance(part, Mapping) else field)
    else:
        yield Fault(field=field, message=str(detail))


def answer_exception(exception: Exception, context: dict[str, Any]) -> JsonResponse | None:
    """Turn what a view raised into an answer (REST_FRAMEWORK["EXCEPTION_HANDLER"]).

    Nothing of the request is kept, as with pages. None lets the exception go on to ``medichat.middleware`` and Django,
    which answer in the same form through ``medichat.pages``.
    """
    request: Request = context["request"]
    request._request.failed = True  # type: ignore[attr-defined]  # read by DatabaseContextMiddleware
    view = context["view"]
    match exception:
        case exceptions.ValidationError():
            return faulty(request, list(faults_of(exception.detail)), plainly=view.says_faults_plainly)
        case DjangoValidationError():
            detail = exception.message_dict if hasattr(exception, "error_dict") else exception.messages
            return faulty(request, list(faults_of(detail)), plainly=view.says_faults_plainly)
        case ConflictError():
            return refusal(request, HTTPStatus.CONFLICT, str(exception))
        case Http404() | exceptions.NotFound() | exceptions.MethodNotAllowed():
            return refusal(request, HTTPStatus.NOT_FOUND)
        case PermissionDenied():
            return refusal(request, HTTPStatus.FORBIDDEN, str(exception))
        case RequestDataTooBig():
            return refusal(request, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        case BadRequest():
            return refusal(request, HTTPStatus.BAD_REQUEST, str(exception))
        case SuspiciousOperation() | MultiPartParserError():
            return refusal(request, HTTPStatus.BAD_REQUEST)
        case exceptions.APIException():
            code = exception.get_codes()
            plain = exceptions.ErrorDetail if isinstance(exception.detail, exceptions.ErrorDetail) else None
            return refusal(
                request,
                exception.status_code,
                str(exception.detail) if plain else "",
                code=cast(Code, code) if code in get_args(Code) else None,
            )
    return None
