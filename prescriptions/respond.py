"""Answering a case with prescriptions: one act across two apps, all of it or nothing."""

from collections.abc import Sequence

from django.db import transaction

from accounts.models import User
from conversations.models import Answer, Attachment, Conversation, Message
from prescriptions.check import chart_of, check_items
from prescriptions.issue import Proposal, issue
from prescriptions.models import Prescription


class UnseenWordsError(Exception):
    """The patient has written or attached something since the doctor looked; nothing was written."""


def respond(
    conversation: Conversation, answer: Answer, proposals: Sequence[Proposal] = (), *, by: User, seen: str = ""
) -> list[Prescription]:
    """Answer the case, claiming it in the same act, and write the prescriptions.

    ``seen`` is ``CaseFile.seen`` of the page that the doctor read: UnseenWordsError is raised when the case holds more
    by now, because an answer ends it and what the patient added would not be read any more.

    Raises ConflictError when somebody else has the case or it was answered, UnsettledAlertsError when a medicine is
    contraindicated or seriously doubtful and the doctor has not said why it is given all the same.
    """
    with transaction.atomic():
        conversation.answer(answer, by=by)  # locked from here on: nothing can be added any more
        if seen:
            _refuse_unseen(conversation, seen, by=by)
        if not proposals:
            return []
        alerts = check_items([proposal.for_check() for proposal in proposals], chart_of(conversation.patient, by=by))
        return issue(conversation, proposals, alerts, by=by)


def _refuse_unseen(conversation: Conversation, seen: str, *, by: User) -> None:
    position, _, files = seen.partition("/")
    messages = Message.objects.visible_to(by).filter(conversation=conversation)
    attachments = Attachment.objects.visible_to(by).filter(conversation=conversation)
    try:
        has_more = messages.filter(position__gt=int(position)).exists() or attachments.count() > int(files)
    except ValueError:
        raise UnseenWordsError from None  # a damaged form: what was seen is not known
    if has_more:
        raise UnseenWordsError
