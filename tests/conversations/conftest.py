"""Ana's consultation, just begun. (Models are imported late: pytest reads this file before Django is set up.)"""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from accounts.models import User
    from conversations.models import Conversation


@pytest.fixture
def consultation(patient: "User") -> "Conversation":
    """A consultation of Ana's with the assistant's opening in it."""
    from conversations import chat
    from tests.cast import as_person

    with as_person(patient):
        return chat.open_consultation(patient)
