"""The server log in production: one JSON object a line, with the request's id and without patient data.

The messages of exceptions may quote what somebody typed or what a row holds (a database says which key exists
already), so an error is told by its kind and the lines of code it went through.
"""

import json
import logging
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.module_loading import import_string


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON. ``settings.AUDITLOG_CID_GETTER`` names what knows the request's id."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        said: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": self.message_of(record),
        }
        request_id = self.request_id(record)
        if request_id:
            said["request_id"] = request_id
        status = getattr(record, "status_code", None)
        if status is not None:
            said["status"] = status
        if record.exc_info and record.exc_info[1]:
            said["error"] = chain_of(record.exc_info[1])
        return json.dumps(said, ensure_ascii=False)

    def message_of(self, record: logging.LogRecord) -> str:
        """What is said. Django names the path of a request; it may hold a token, and the request's id leads there."""
        request = getattr(record, "request", None)
        if isinstance(request, HttpRequest):
            match = request.resolver_match
            return f"{request.method} {match.view_name if match else 'an address that leads nowhere'}"
        return record.getMessage()

    def request_id(self, record: logging.LogRecord) -> str | None:
        """The id of the request that the record is about."""
        of_record = getattr(getattr(record, "request", None), "request_id", None)
        if of_record:
            return str(of_record)
        current: Callable[[], str | None] = import_string(settings.AUDITLOG_CID_GETTER)
        return current()


def chain_of(error: BaseException) -> list[dict[str, Any]]:
    """The error and what caused it, each by its kind and the places it went through, without its message."""
    errors: list[dict[str, Any]] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        places = [
            f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(current.__traceback__)
        ]
        errors.append({"kind": f"{type(current).__module__}.{type(current).__qualname__}", "places": places})
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return errors
