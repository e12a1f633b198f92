"""What each protection costs: a case page with all of them, with each one left out, and with none.

Only the bench leaves them out, on a clinic that is made up. What is left out is replaced by the answer it would have
given, so that the page is the same and only the work is missing.
"""

import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from django.conf import settings
from django.http import HttpRequest
from rich.console import Console
from rich.table import Table

from accounts import second_factor
from accounts.middleware import AuthenticationMiddleware, SessionMiddleware
from accounts.session_store import SessionStore
from medichat.db import encrypted
from medichat.db.context import switch_to
from medichat.db.encryption import open_sealed
from tests.bench.load import Server
from tests.bench.logging_switch import no_record
from tests.bench.measuring import Figures, Variant, ask, time_requests
from tests.bench.pages import Application, Request

EACH = 20  # requests of one variant in one round
ALL, NONE = "all of them", "none of them"


@contextmanager
def without_row_security(server: Server) -> Iterator[None]:
    """The policies do not apply."""
    server.row_security(on=False)
    try:
        yield
    finally:
        server.row_security(on=True)


@contextmanager
def without_encryption(_server: Server) -> Iterator[None]:
    """Texts that were opened once are known from then on."""
    with patch.object(encrypted, "open_sealed", _remembering(open_sealed)):
        yield


_texts: dict[Any, str] = {}


def _remembering(opening: Callable[..., str]) -> Callable[..., str]:
    def remembered(table: str, column: str, row_id: Any, sealed: bytes) -> str:
        place = (table, column, row_id, bytes(sealed))
        if place not in _texts:
            _texts[place] = opening(table, column, row_id, sealed)
        return _texts[place]

    return remembered


@contextmanager
def without_log(_server: Server) -> Iterator[None]:
    """Nobody writes down what happened."""
    with no_record():
        yield


_people: dict[str, tuple[SessionStore, Any]] = {}


@contextmanager
def without_session_check(_server: Server) -> Iterator[None]:
    """Whoever a cookie belonged to once is taken to be there: no look at session or account, no note of activity."""
    first_session, first_person = SessionMiddleware.process_request, AuthenticationMiddleware.process_request

    def open_session(self: SessionMiddleware, request: HttpRequest) -> None:
        known = _people.get(request.COOKIES.get(settings.SESSION_COOKIE_NAME, ""))
        if known is None:
            first_session(self, request)
        else:
            request.session = known[0]

    def find_person(self: AuthenticationMiddleware, request: HttpRequest) -> None:
        key = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
        if key in _people:
            request.user = _people[key][1]
            switch_to(role=request.user.database_role, user_id=request.user.pk)  # type: ignore[union-attr]  # signed in
            return
        first_person(self, request)
        if request.user.is_authenticated and isinstance(request.session, SessionStore):
            _people[key] = (request.session, request.user)

    with (
        patch.object(SessionMiddleware, "process_request", open_session),
        patch.object(AuthenticationMiddleware, "process_request", find_person),
        patch.object(SessionStore, "note_activity", lambda self: None),
    ):
        yield


@contextmanager
def without_second_factor(_server: Server) -> Iterator[None]:
    """Nobody is asked whether a second factor is missing."""
    with patch.object(second_factor, "is_missing", lambda user, session: False):
        yield


PROTECTIONS: dict[str, Callable[[Server], AbstractContextManager[None]]] = {
    "row-level security": without_row_security,
    "encryption": without_encryption,
    "activity log": without_log,
    "session check": without_session_check,
    "second factor check": without_second_factor,
}


@dataclass
class Cost:
    """Processor time of a page in one variant, web and database together: milliseconds a request, round by round."""

    rounds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """The round in the middle."""
        return statistics.median(self.rounds)


def variants() -> dict[str, list[str]]:
    """The variants: which protections each leaves out."""
    return {ALL: [], **{name: [name] for name in PROTECTIONS}, NONE: list(PROTECTIONS)}


def costs(server: Server, application: Application, requests: Sequence[Request], rounds: int) -> dict[str, Cost]:
    """Every variant in turn, ``rounds`` times, in another order each time and with the same requests."""
    found = {name: Cost() for name in variants()}
    names = list(found)
    for turn in range(-1, rounds):  # the first is to warm up
        chosen = [requests[(turn * EACH + place) % len(requests)] for place in range(EACH)]
        start = turn % len(names)
        for name in names[start:] + names[:start]:
            with ExitStack() as stack:
                for protection in variants()[name]:
                    stack.enter_context(PROTECTIONS[protection](server))
                for request in chosen:
                    ask(application, request)  # plans and what is remembered know of the variant
                figures = Figures("case", Variant(row_security=True, record=True))
                time_requests(server, application, chosen, figures)
            if turn >= 0:
                found[name].rounds.append(1000 * (figures.web_seconds + figures.database_seconds) / EACH)
    return found


def share(found: dict[str, Cost], name: str) -> float:
    """What the protection costs, as a part of a page with all of them: the middle of the rounds' own differences."""
    return statistics.median(
        (whole - without) / whole for whole, without in zip(found[ALL].rounds, found[name].rounds, strict=True)
    )


def print_costs(found: dict[str, Cost], title: str) -> None:
    """One row for each protection."""
    table = Table(title=title)
    for number, heading in enumerate(("a case page without", "processor ms", "what it costs")):
        table.add_column(heading, justify="right" if number else "left")
    table.add_row("(nothing left out)", f"{found[ALL].median:.1f}", "")
    for name in (*PROTECTIONS, NONE):
        label = "all of these" if name == NONE else name
        table.add_row(label, f"{found[name].median:.1f}", f"{100 * share(found, name):.0f} %")
    Console(width=100).print(table)
