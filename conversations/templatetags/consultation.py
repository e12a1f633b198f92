"""Statuses in the patient's words."""

from datetime import timedelta

from django import template

from conversations.models import Conversation, Status, Urgency

register = template.Library()


@register.filter
def answered_within(urgency: str | None) -> str:
    """How soon a doctor means to answer, in words: '4 hours', '3 days'; empty when the urgency is not known.

    In an emergency nothing is promised that somebody might wait for.
    """
    if urgency not in Urgency.values or urgency == Urgency.EMERGENCY:
        return ""
    target = Urgency(urgency).target
    for length, name in ((timedelta(days=1), "day"), (timedelta(hours=1), "hour"), (timedelta(minutes=1), "minute")):
        if target >= length and (target > length or name != "day"):
            number = target // length
            return f"{number} {name}{'s' if number != 1 else ''}"
    return "a minute"


@register.inclusion_tag("components/status_chip.html")
def consultation_status(conversation: Conversation) -> dict[str, str]:
    """The chip that tells the patient where a consultation stands."""
    if conversation.unread_by_patient:
        return {"kind": "new", "label": "New answer"}
    match conversation.status:
        case Status.IN_PROGRESS:
            return {"kind": "attention", "label": "Not finished", "icon_name": "edit"}
        case Status.AWAITING_DOCTOR:
            return {"kind": "waiting", "label": "Waiting for a doctor"}
        case Status.DOCTOR_RESPONDED:
            return {"kind": "done", "label": "Answered"}
        case Status.CLOSED:
            return {"kind": "over", "label": "Closed"}
        case _:
            return {"kind": "over", "label": "Not known"}
