"""Consultations: the conversation, what was said, what was found, and what was attached."""

from conversations.models.answer import Answer
from conversations.models.archive import Archive
from conversations.models.conversation import Conversation
from conversations.models.drafts import Draft
from conversations.models.findings import RedFlag, Symptom
from conversations.models.messages import Attachment, ConversationWord, Message
from conversations.models.private_note import PrivateNote
from conversations.models.queries import ConversationQuerySet
from conversations.models.states import Status, Urgency

__all__ = [
    "Answer",
    "Archive",
    "Attachment",
    "Conversation",
    "ConversationQuerySet",
    "ConversationWord",
    "Draft",
    "Message",
    "PrivateNote",
    "RedFlag",
    "Status",
    "Symptom",
    "Urgency",
]
