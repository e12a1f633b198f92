"""What happens to cases when something happens to the doctor who has taken them."""

from typing import Any

from django.dispatch import receiver

from accounts.models import User
from accounts.signals import approval_withdrawn, deactivated
from conversations.models import Conversation


@receiver([approval_withdrawn, deactivated])
def give_cases_back(sender: Any, *, user: User, by: User | None, **_: Any) -> None:
    """A doctor who can no longer answer holds no case: its patient would wait for ever, and nobody would be told."""
    for case in Conversation.objects.waiting().claimed_by(user).order_by("id"):
        case.release(by=by, reason="The doctor cannot answer any more.")
