"""``ETag`` and ``If-Match``: two editors do not overwrite each other.

The version of something is a hash of how it is shown, so that any change that a client could have seen makes another.
Changing what exists by the endpoints that ask for it needs ``If-Match`` with the version that was loaded.
"""

import hashlib
import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from rest_framework.exceptions import APIException
from rest_framework.request import Request

HEADER = "If-Match"
MEANING = "The `etag` of what was loaded, in quotation marks."
MISSING = "There is no `If-Match`."
STALE = "It was changed since it was loaded; nothing was stored."


class VersionMissingError(APIException):
    """The client does not say which version it has seen."""

    status_code = HTTPStatus.PRECONDITION_REQUIRED
    default_detail = "Send the header If-Match with the etag of what you loaded, so that nobody's change is lost."
    default_code = "precondition_required"


class VersionStaleError(APIException):
    """Somebody else changed it meanwhile."""

    status_code = HTTPStatus.PRECONDITION_FAILED
    default_detail = "This was changed since you loaded it. Load it again and look at what is different."
    default_code = "precondition_failed"


def version_of(shown: Mapping[str, Any]) -> str:
    """The version of something that is shown so; in the header it stands in quotation marks."""
    text = json.dumps(shown, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def etag(version: str) -> str:
    """As it stands in the header."""
    return f'"{version}"'


def require_version(request: Request, current: str) -> None:
    """Return when the client has seen the current version. Lock what it is about before.

    Raises VersionMissingError and VersionStaleError.
    """
    sent = request.headers.get(HEADER, "").strip()
    if not sent:
        raise VersionMissingError
    # A weak version never matches (RFC 9110, section 13.1.1).
    if sent != "*" and etag(current) not in {part.strip() for part in sent.split(",")}:
        raise VersionStaleError
