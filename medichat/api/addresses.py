"""Which requests belong to the API, and the one form of their addresses."""

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.urls import register_converter

ROOT = "/api"
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def is_api(request: HttpRequest) -> bool:
    """Whether the request is one of the API: it brings a token and no cookie, and gets JSON, errors included."""
    path = request.path_info.lower()
    return path == ROOT or path.startswith(f"{ROOT}/")


class OneAddressMiddleware:
    """Paths of the API match whatever their case, with and without a slash at the end: existing clients use both."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Bring the path into the form in which the addresses are written; nothing in them depends on case."""
        if is_api(request):
            request.path_info = request.path_info.lower().rstrip("/")
        return self.get_response(request)


@dataclass(frozen=True)
class MalformedId:
    """What stands in an address where an id should; ``ApiView`` answers with status 400 once it knows who asks."""

    text: str

    def __str__(self) -> str:
        return self.text


class RowId:
    """The path converter ``id``: a UUID in its usual form. Imported ids carry arbitrary version and variant bits."""

    regex = "[^/]+"

    def to_python(self, value: str) -> uuid.UUID | MalformedId:
        """The id, or what was written instead."""
        return uuid.UUID(value) if _UUID.fullmatch(value) else MalformedId(value)

    def to_url(self, value: object) -> str:
        """As it stands in an address."""
        return str(value)


register_converter(RowId, "id")
