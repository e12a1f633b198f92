"""What the tests of the API share."""

from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

if TYPE_CHECKING:
    from accounts.models import User
    from tests.api.world import World


@pytest.fixture
def world(patient: "User", her_doctor: "User", administrator: "User") -> "World":
    """Ana with a chart and a consultation in every state, and everybody's clients."""
    from tests.api.world import make_world

    return make_world(patient, her_doctor, administrator)


@pytest.fixture(autouse=True)
def answers_as_described(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every answer that a test of the API gets is held against the schema."""
    from tests.api import described

    original = Client.request

    def request(self: Client, **sent: Any) -> Any:
        response: Any = original(self, **sent)
        assert described.complaints(sent["REQUEST_METHOD"], sent["PATH_INFO"], response) == []
        return response

    monkeypatch.setattr(Client, "request", request)
