"""Consultations: the conversation, what was said, what was found, and what was attached."""

from conversations.models.conversation import (
    Answer,
    Archive,
    Conversation,
    ConversationQuerySet,
    PrivateNote,
    Status,
    Urgency,
)
from conversations.models.drafts import Draft
from conversations.models.findings import RedFlag, Symptom
from conversations.models.messages import Attachment, ConversationWord, Message

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
