"""Timing the pages in four variants, interleaved, so that a machine that slows down hits them alike."""

import itertools
import os
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import psutil
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rich.console import Console
from rich.table import Table

from tests.bench.load import Server
from tests.bench.logging_switch import no_record
from tests.bench.pages import Application, Page, Sendable, answer_to

EACH = 10  # requests of one page in one variant, one round
_BRACKETS = ("BEGIN", "COMMIT", "ROLLBACK")


@dataclass(frozen=True)
class Variant:
    """Which of the two things that cost time are on."""

    row_security: bool
    record: bool

    @property
    def name(self) -> str:
        """As it stands in the table."""
        return f"security {'on' if self.row_security else 'off'}, log {'on' if self.record else 'off'}"


VARIANTS = [Variant(security, record) for security in (True, False) for record in (True, False)]


@dataclass
class Figures:
    """What was measured of one page in one variant; times in milliseconds."""

    page: str
    variant: Variant
    times: list[float] = field(default_factory=list)
    web_seconds: float = 0
    database_seconds: float = 0
    statements: int = 0
    together: list[float] = field(default_factory=list)
    """Times of requests that were sent eight at a time to a web server."""
    together_seconds: float = 0

    def summary(self) -> dict[str, object]:
        """The figures that are reported."""
        count = len(self.times) or 1
        return {
            "page": self.page,
            "row_security": self.variant.row_security,
            "activity_log": self.variant.record,
            "requests": len(self.times),
            "p50_ms": _part(self.times, 50),
            "p95_ms": _part(self.times, 95),
            "requests_per_second": round(1000 * count / sum(self.times), 1) if self.times else None,
            "cpu_web_ms": round(1000 * self.web_seconds / count, 1),
            "cpu_database_ms": round(1000 * self.database_seconds / count, 1),
            "statements": self.statements,
            "eight_at_a_time_p50_ms": _part(self.together, 50),
            "eight_at_a_time_p95_ms": _part(self.together, 95),
            "eight_at_a_time_requests_per_second": (
                round(len(self.together) / self.together_seconds, 1) if self.together_seconds else None
            ),
        }


def _part(times: Sequence[float], percent: int) -> float | None:
    if len(times) < 2:
        return None
    return round(statistics.quantiles(times, n=100, method="inclusive")[percent - 1], 1)


@contextmanager
def switched(server: Server, variant: Variant) -> Iterator[None]:
    """The variant, in this process."""
    with ExitStack() as stack:
        if not variant.record:
            stack.enter_context(no_record())
        server.row_security(on=variant.row_security)
        yield


def rounds(default: int) -> int:
    """How many rounds to measure (``BENCH_ROUNDS``)."""
    return int(os.environ.get("BENCH_ROUNDS") or default)


def measure(server: Server, application: Application, measured: Sequence[Page], count: int) -> list[Figures]:
    """Each page in each variant, one request after the other, ``count`` rounds."""
    figures = {(page.name, variant): Figures(page.name, variant) for page in measured for variant in VARIANTS}
    for turn in range(-1, count):  # the first is to warm up
        for page in measured:
            # Another order each time, the same requests for every variant.
            start = (turn % len(VARIANTS)) if turn >= 0 else 0
            requests = [page.requests[(turn * EACH + place) % len(page.requests)] for place in range(EACH)]
            for variant in VARIANTS[start:] + VARIANTS[:start]:
                with switched(server, variant):
                    ask(application, requests[0])  # plans and caches know of the variant
                    if turn < 0:
                        figures[page.name, variant].statements = statements_of(application, requests[-1])
                        continue
                    time_requests(server, application, requests, figures[page.name, variant])
    return list(figures.values())


def time_requests(server: Server, application: Application, requests: Sequence[Sendable], into: Figures) -> None:
    """Send them one after another and add what they took."""
    database, web = database_seconds(server), time.process_time()
    for request in requests:
        begun = time.perf_counter()
        ask(application, request)
        into.times.append(1000 * (time.perf_counter() - begun))
    into.web_seconds += time.process_time() - web
    into.database_seconds += database_seconds(server) - database


def ask(application: Application, request: Sendable) -> bytes:
    """The page; anything but 200 means that nothing was measured."""
    status, body = answer_to(application, request)
    assert status == "200 OK", f"{request.method} {request.path}: {status}"
    return body


def statements_of(application: Application, request: Sendable) -> int:
    """How many statements the request sends, those that set its context included, begin and commit not."""
    with CaptureQueriesContext(connection) as captured:
        ask(application, request)
    return sum(not query["sql"].startswith(_BRACKETS) for query in captured.captured_queries)


def database_seconds(server: Server) -> float:
    """Processor time of all the server's processes that run now."""
    postmaster = psutil.Process(int((server.cluster.data / "postmaster.pid").read_text().split()[0]))
    total = 0.0
    for process in (postmaster, *postmaster.children()):
        try:
            used = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += used.user + used.system
    return total


def print_table(figures: Sequence[Figures], title: str) -> None:
    """One row for each page and variant."""
    table = Table(title=title)
    headings = ("page", "row security", "log", "p50 ms", "p95 ms", "req/s", "cpu web ms", "cpu db ms", "SQL",
                "8 at once: p50", "p95", "req/s")  # fmt: skip
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="left" if number < 3 else "right")
    for page, group in itertools.groupby(figures, key=lambda figure: figure.page):
        for figure in group:
            summary = figure.summary()
            on_off = ["on" if switch else "off" for switch in (figure.variant.row_security, figure.variant.record)]
            rest = [
                value
                for name, value in summary.items()
                if name not in {"page", "row_security", "activity_log", "requests"}
            ]
            table.add_row(page, *on_off, *("-" if value is None else str(value) for value in rest))
            page = ""
        table.add_section()
    Console(width=150).print(table)
