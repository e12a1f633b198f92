"""How fast the API is, eight requests at a time, beside the previous server. Nothing here judges time."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table

from tests.bench.clinic import Size
from tests.bench.endpoints import Endpoint, endpoints
from tests.bench.load import Server
from tests.bench.measuring import Figures, Variant, ask, rounds, statements_of, time_requests
from tests.bench.pages import Application
from tests.bench.serving import eight_at_a_time, web_server
from tests.hashing import OF_THE_CLINIC, OF_THE_TESTS

pytestmark = pytest.mark.bench
EVERYTHING_ON = Variant(row_security=True, record=True)
WARM_UP = 16
AT_ONCE_EACH = 80
ALONE_EACH = 10
# Whatever a client asks for in a second, here it is the bench that asks.
NO_LIMIT = {"API_REQUESTS_PER_PERSON": "100000000", "API_REQUESTS_PER_ADDRESS": "100000000"}


def measure(clinic: Server, application: Application, measured: list[Endpoint]) -> list[tuple[Figures, int]]:
    """Each endpoint alone in this process (statements, processor time), then eight at a time over the loopback."""
    found = []
    for endpoint in measured:
        figures = Figures(endpoint.name, EVERYTHING_ON)
        size = len(ask(application, endpoint.requests[0]))
        figures.statements = statements_of(application, endpoint.requests[-1])
        time_requests(clinic, application, _some(endpoint, ALONE_EACH), figures)
        found.append((figures, size))
    with web_server("medichat.wsgi:application", NO_LIMIT) as port:
        for endpoint, (figures, _size) in zip(measured, found, strict=True):
            eight_at_a_time(port, _some(endpoint, WARM_UP))
            for _turn in range(rounds(3)):
                times, seconds = eight_at_a_time(port, _some(endpoint, AT_ONCE_EACH))
                figures.together += times
                figures.together_seconds += seconds
    return found


def _some(endpoint: Endpoint, count: int) -> list[Any]:
    return [endpoint.requests[place % len(endpoint.requests)] for place in range(count)]


def print_endpoints(measured: list[Endpoint], found: list[tuple[Figures, int]], title: str) -> None:
    """One row for each endpoint, the previous server's figures beside."""
    table = Table(title=title)
    for number, heading in enumerate(
        ("endpoint", "KB", "SQL", "cpu web ms", "cpu db ms", "p50 ms", "p95", "req/s", "before: p50", "req/s")
    ):
        table.add_column(heading, justify="right" if number else "left")
    for endpoint, (figures, size) in zip(measured, found, strict=True):
        summary = figures.summary()
        names = ("cpu_web_ms", "cpu_database_ms", "eight_at_a_time_p50_ms", "eight_at_a_time_p95_ms",
                 "eight_at_a_time_requests_per_second")  # fmt: skip
        before = (endpoint.previous_p50_ms, endpoint.previous_per_second)
        cells = [round(size / 1024, 1), figures.statements, *[summary[name] for name in names], *before]
        table.add_row(endpoint.name, *["-" if cell is None else f"{cell}" for cell in cells])
    Console(width=150).print(table)


def test_endpoints_with_everything_on(clinic: Server, application: Application) -> None:
    OF_THE_CLINIC.pay()  # signing in is measured with the hash that everybody gets
    try:
        measured = endpoints(clinic)
        found = measure(clinic, application, measured)
    finally:
        OF_THE_TESTS.pay()
    waiting = Size.wanted().patients // 10
    print_endpoints(measured, found, f"The API, eight requests at a time, {waiting} cases waiting")
    output = os.environ.get("BENCH_OUTPUT", "").strip()
    if output:
        content = [
            {**figures.summary(), "bytes": size, "previous_per_second": endpoint.previous_per_second}
            for endpoint, (figures, size) in zip(measured, found, strict=True)
        ]
        Path(output).mkdir(parents=True, exist_ok=True)
        (Path(output) / "endpoints.json").write_text(json.dumps(content, indent=2) + "\n")
    assert all(figures.times and figures.together for figures, _size in found)


def test_the_queue_holds_every_case_that_waits_and_one_case_every_message(
    clinic: Server, application: Application
) -> None:
    """Faster because less is answered would be no success."""
    one, queue, *_rest = endpoints(clinic)
    listed = json.loads(ask(application, queue.requests[0]))["conversations"]
    assert len(listed) >= Size.wanted().patients // 10
    assert all(row["patient"]["lastName"] and row["aiSummary"] is not None for row in listed)
    case = json.loads(ask(application, one.requests[0]))["conversation"]
    assert len(case["messages"]) >= 10
    assert all(message["content"] for message in case["messages"])
