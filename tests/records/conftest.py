"""What the tests of the chart share."""

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture
def told() -> Iterator[list[dict[str, Any]]]:
    """What ``chart_changed`` told while the test ran."""
    from records.signals import chart_changed  # this file is read before Django is set up

    heard: list[dict[str, Any]] = []

    def hear(sender: Any, **what: Any) -> None:
        heard.append(what)

    chart_changed.connect(hear)
    yield heard
    chart_changed.disconnect(hear)
