"""Statuses in the patient's words."""

from datetime import timedelta

from django import template

from conversations import intake
from conversations.models import Conversation, RedFlag, Status, Urgency

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


@register.filter
def rule_in_words(flag: RedFlag) -> str:
    """What the rule that raised a flag says, for the clinician: 'Drooping face, weakness on one side, ...'."""
    return intake.reason_of(flag.code)


@register.filter
def level_without_flags(urgency: str | None) -> str:
    """Why a case without red flags is where it is in the queue; '' when that is not known."""
    match urgency:
        case Urgency.URGENT:
            return "No warning sign for certain: the patient said yes to several and not which."
        case Urgency.ROUTINE:
            return "No warning sign was recognised in what the patient wrote."
        case Urgency.SELF_CARE:
            return "No warning sign, short and not severe, at an age and without illnesses that weigh in."
        case _:
            return ""


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
