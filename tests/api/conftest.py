"""What the tests of the API share."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from accounts.models import User
    from tests.api.world import World


@pytest.fixture
def world(patient: "User", her_doctor: "User", administrator: "User") -> "World":
    """Ana with a chart and a consultation in every state, and everybody's clients."""
    from tests.api.world import make_world

    return make_world(patient, her_doctor, administrator)
