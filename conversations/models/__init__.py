"""Consultations: the conversation, what was said, what was found, and what was attached."""

from conversations.models.conversation import Archive, Conflict, Conversation, ConversationQuerySet, PrivateNote
from conversations.models.findings import RedFlag, Symptom
from conversations.models.messages import Attachment, ConversationWord, Message

__all__ = [
    "Archive",
    "Attachment",
    "Conflict",
    "Conversation",
    "ConversationQuerySet",
    "ConversationWord",
    "Message",
    "PrivateNote",
    "RedFlag",
    "Symptom",
]
