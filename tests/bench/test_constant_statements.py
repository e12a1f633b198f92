"""A case page asks the database equally often however long the conversation was."""

import pytest

from tests.bench.clinic import LONG_MESSAGES, MESSAGES_EACH, Size, Visit, doctor_id, has_long_visit, visits_of
from tests.bench.load import Server
from tests.bench.measuring import ask, statements_of
from tests.bench.pages import Application, Request, sign_in

pytestmark = pytest.mark.bench
MOST_STATEMENTS = 18


def waiting_visit(clinic: Server, *, long: bool) -> Visit:
    """A visit that waits, with many messages or with as many as usual."""
    numbers = (number for number in range(Size.wanted().patients) if has_long_visit(number) == long)
    lasts = (list(visits_of(number, clinic.loaded_at))[-1] for number in numbers)
    return next(visit for visit in lasts if visit.standing == "waiting")


def test_a_case_of_300_messages_needs_as_many_statements_as_one_of_20(clinic: Server, application: Application) -> None:
    cookie = sign_in(doctor_id(3))
    counts = []
    for long, messages in ((False, MESSAGES_EACH), (True, LONG_MESSAGES)):
        visit = waiting_visit(clinic, long=long)
        assert visit.messages == messages
        request = Request(f"/cases/{visit.id}/", cookie)
        page = ask(application, request)
        assert page.count(b'<li class="turn ') == messages
        counts.append(statements_of(application, request))
    assert counts[0] == counts[1] <= MOST_STATEMENTS
