"""Requests that schemathesis makes from the schema, sent by the test client, and its judgement of the answers."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import requests
import schemathesis
from django.test import Client
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api.described import closed

BASE = "http://testserver"
JUDGED: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
# The client's own; what is generated for them is not sent.
OURS = {"authorization", "content-type", "content-length", "cookie", "host"}
# Ids of rows of several people, put here by whoever makes the rows; what is generated as an id is one of them.
IDS: list[str] = ["00000000-0000-4000-8000-000000000000"]

schemathesis.openapi.format("uuid", st.integers(0, 60).map(lambda number: IDS[number % len(IDS)]))


def operations() -> Iterator[Any]:
    """Every operation, of the schema whose objects are closed."""
    for found in schemathesis.openapi.from_dict(closed()).get_all_operations():
        assert isinstance(found, Ok)
        yield found.ok()


def takes_something(operation: Any) -> bool:
    """Whether anything can be sent with it."""
    return bool(operation.body or operation.query or operation.path_parameters)


def cases(operation: Any) -> st.SearchStrategy[Any]:
    """Requests as the schema allows them, and, where something can be sent, others."""
    allowed: st.SearchStrategy[Any] = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    if not takes_something(operation):
        return allowed
    return st.one_of(allowed, operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))


@dataclass(frozen=True)
class Answered:
    """What came back; the content of a streamed answer has been read."""

    status_code: int
    headers: dict[str, str]
    content: bytes


def ask(client: Client, case: Any) -> Answered:
    """Send it; returns the answer. Raises what schemathesis finds wrong with it."""
    prepared = requests.Request(**case.as_transport_kwargs(base_url=BASE)).prepare()
    assert prepared.url
    assert prepared.method
    headers = {name: str(value) for name, value in prepared.headers.items() if name.lower() not in OURS}
    response: Any = client.generic(
        prepared.method,
        prepared.url.removeprefix(BASE),
        prepared.body or b"",
        content_type=str(prepared.headers.get("Content-Type", "")),
        headers=headers,
    )
    content = b"".join(response.streaming_content) if response.streaming else response.content
    told = {name.lower(): [value] for name, value in response.headers.items()}
    case.validate_response(
        schemathesis.Response(response.status_code, told, content, prepared, 0.0, verify=False), checks=JUDGED
    )
    return Answered(response.status_code, dict(response.headers), content)
