"""The server log of production: lines of JSON that lead to a request and say nothing of a patient."""

import json
import logging
import sys
from typing import Any

from django.core.exceptions import PermissionDenied
from django.test import RequestFactory
from django.urls import resolve

from audit.request import RequestFacts, facts_of_request
from medichat.server_log import JsonLines


def line(record: logging.LogRecord) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(JsonLines().format(record))
    return said


def record(message: str, *args: object, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("medichat.test", logging.ERROR, __file__, 1, message, args, None)
    vars(made).update(extra)
    return made


def test_a_line_has_time_level_logger_and_message() -> None:
    said = line(record("%d jobs failed", 2))
    assert said["message"] == "2 jobs failed"
    assert (said["level"], said["logger"]) == ("ERROR", "medichat.test")
    assert said["time"].endswith("+00:00")
    assert "request_id" not in said


def test_nobody_writes_a_line_of_their_own() -> None:
    typed = 'x\n{"level": "INFO", "message": "all is well"}\r\u2028'
    written = JsonLines().format(record("refused: %s", typed))
    assert "\n" not in written
    assert "\r" not in written
    assert line(record("refused: %s", typed))["message"] == f"refused: {typed}"


def test_what_is_said_while_a_request_is_answered_bears_its_id(rf: RequestFactory) -> None:
    facts = RequestFacts(rf.get("/"))
    token = facts_of_request.set(facts)
    try:
        assert line(record("something"))["request_id"] == str(facts.request_id)
    finally:
        facts_of_request.reset(token)


def test_django_s_word_about_a_request_keeps_its_id_and_loses_its_path(rf: RequestFactory) -> None:
    request = rf.get("/reset/SECRET-token/?name=SECRET")
    request.request_id = "0192"  # type: ignore[attr-defined]  # set by the middleware
    request.resolver_match = resolve("/admin/")
    said = line(record("%s: %s", "Forbidden", request.path, request=request, status_code=403))
    assert said["message"] == "GET admin:index"
    assert (said["status"], said["request_id"]) == (403, "0192")
    request.resolver_match = None
    assert "SECRET" not in json.dumps(line(record("%s: %s", "Not Found", request.path, request=request)))


def test_an_error_is_told_by_kind_and_place_and_never_in_its_own_words() -> None:
    try:
        try:
            raise ValueError("Key (email)=(SECRET@example.org) already exists")
        except ValueError as error:
            raise PermissionDenied("SECRET") from error
    except PermissionDenied:
        made = record("Internal Server Error")
        made.exc_info = sys.exc_info()
    said = line(made)
    assert [error["kind"] for error in said["error"]] == [
        "django.core.exceptions.PermissionDenied",
        "builtins.ValueError",
    ]
    assert "test_server_log.py" in said["error"][0]["places"][0]
    assert "SECRET" not in json.dumps(said)
