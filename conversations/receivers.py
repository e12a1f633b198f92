"""Ties between a case and the doctor who took it: it goes back when they cannot answer; they hear of danger."""

from typing import Any

from django.dispatch import receiver

from accounts import mail
from accounts.models import User
from accounts.signals import approval_withdrawn, deactivated
from conversations.models import Conversation, Urgency
from conversations.signals import urgency_raised


@receiver([approval_withdrawn, deactivated])
def give_cases_back(sender: Any, *, user: User, by: User | None, **_: Any) -> None:
    """A doctor who can no longer answer holds no case: its patient would wait for ever, and nobody would be told."""
    for case in Conversation.objects.waiting().claimed_by(user).order_by("id"):
        case.release(by=by, reason="The doctor cannot answer any more.")


@receiver(urgency_raised)
def tell_the_doctor(sender: Any, *, conversation: Conversation, **_: Any) -> None:
    """A case that becomes an emergency after somebody took it is in nobody's list of waiting ones: they are told."""
    if conversation.urgency == Urgency.EMERGENCY and conversation.doctor is not None:
        link = mail.address_of("case", str(conversation.pk))
        mail.write("emergency_in_your_case", conversation.doctor.email, person=conversation.doctor, link=link)
