"""What follows from what happens to a case: it goes back when its doctor cannot answer, they hear of danger, and what
was sent is no draft any more."""

from typing import Any

from django.dispatch import receiver
from django.http import HttpRequest

from accounts import mail
from accounts.models import User
from accounts.signals import approval_withdrawn, deactivated, sent_while_signed_out
from conversations.models import Conversation, Urgency
from conversations.models.drafts import discard_draft, draft_of, keep_draft
from conversations.signals import answered, message_sent, urgency_raised
from medichat.db.context import acting_as

# Where a form about a case is sent to, with the name of the case's id in the address.
FORMS_OF_A_CASE = {
    "conversations:message": "conversation_id",
    "conversations:send": "conversation_id",
    "conversations:attach": "conversation_id",
    "case": "case_id",
}


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


@receiver([message_sent, answered])
def discard_what_was_sent(sender: Any, *, conversation: Conversation, by: User | None, **_: Any) -> None:
    """The words are where they belong."""
    if by is not None:
        discard_draft(conversation, person=by)


@receiver(sent_while_signed_out)
def keep_what_arrived_too_late(sender: Any, *, request: HttpRequest, owner: User, **_: Any) -> bool:
    """A form about a case came after its session had ended: its owner finds the words where they were.

    Whether it was kept. A draft that there is already is not replaced: who sends now has not signed in.
    """
    match = request.resolver_match
    parameter = FORMS_OF_A_CASE.get(match.view_name) if match else None
    if match is None or parameter is None:
        return False
    with acting_as(owner):
        case = Conversation.objects.visible_to(owner).filter(pk=match.kwargs[parameter]).first()
        if case is None or owner.is_administrator or draft_of(case, owner) is not None:
            return False
        try:
            return keep_draft(case, request.POST, person=owner)
        except ValueError:
            return False
