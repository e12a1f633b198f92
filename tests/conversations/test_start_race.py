"""Twenty at once: every started visit has a number of its own, and twenty clicks on 'Start' are one consultation."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections

from accounts.models import User
from conversations import chat
from conversations.models import Conversation
from tests.cast import as_person, system

AT_ONCE = 20


def all_at_once(act: Callable[[], int]) -> list[int]:
    """Run the act in twenty threads that begin together, each on a connection of its own."""
    # As many as there are connections in the pool may begin in the same moment.
    barrier = Barrier(4)

    def run(_number: int) -> int:
        barrier.wait(timeout=30)
        try:
            return act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        return list(pool.map(run, range(AT_ONCE)))


@pytest.mark.django_db(transaction=True)
def test_twenty_visits_have_twenty_numbers(patient: User) -> None:
    def start() -> int:
        with as_person(patient):
            return Conversation.start(patient=patient).visit_number

    assert sorted(all_at_once(start)) == list(range(1, AT_ONCE + 1))


@pytest.mark.django_db(transaction=True)
def test_twenty_clicks_are_one_consultation(patient: User) -> None:
    def click() -> int:
        with as_person(patient):
            return chat.open_consultation(patient).visit_number

    assert all_at_once(click) == [1] * AT_ONCE
    with system():
        assert Conversation.objects.filter(patient=patient).count() == 1
