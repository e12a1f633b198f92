"""What was said, what was attached, and the words to find it by."""

import uuid

from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q

from conversations.models.conversation import Conversation
from conversations.models.findings import OfCaseQuerySet
from medichat.db.base import ImportableModel, choices_constraint
from medichat.db.encrypted import EncryptedTextField


class MessageSender(models.TextChoices):
    """What the sender of a message may be."""

    PATIENT = "patient", "Patient"
    ASSISTANT = "assistant", "Assistant"
    SYSTEM = "system", "System"
    UNKNOWN = "unknown", "Unknown"


class Message(ImportableModel):
    """One message. ``position`` is the true order, whatever the times say.

    ``client_token`` comes with the form: the same form sent twice stores one message. ``topic`` is what the assistant's
    question asked about. ``sent_at`` is NULL only where the previous system did not know.
    """

    Sender = MessageSender

    # The key on both together (messages_same_patient) implies the two single ones, which only cost time.
    # Both indexes on the case alone would repeat the beginning of those on case and position, and on case and word.
    conversation = models.ForeignKey(
        Conversation, models.PROTECT, related_name="messages", db_constraint=False, db_index=False
    )
    patient = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_constraint=False)
    position = models.PositiveIntegerField()
    sender = models.CharField(max_length=10, choices=MessageSender)
    text = EncryptedTextField()
    topic = models.CharField(max_length=300, blank=True)
    client_token = models.UUIDField(null=True, blank=True, editable=False)
    sent_at = models.DateTimeField(null=True, blank=True)

    objects = OfCaseQuerySet.as_manager()

    class Meta(ImportableModel.Meta):
        db_table = "messages"
        ordering = ["position"]
        constraints = [
            *ImportableModel.Meta.constraints,
            choices_constraint("sender", MessageSender, name="messages_sender"),
            models.UniqueConstraint(fields=["conversation", "position"], name="messages_position_unique"),
            models.UniqueConstraint(
                fields=["conversation", "client_token"],
                condition=Q(client_token__isnull=False),
                name="messages_sent_once",
            ),
            models.CheckConstraint(
                name="messages_made_here_are_complete",
                condition=Q(legacy_id__isnull=False) | (Q(sent_at__isnull=False) & ~Q(sender="unknown")),
            ),
        ]
        # For the figures of the last days; tiny, as messages lie in the order of their times.
        indexes = [BrinIndex(fields=["sent_at"], name="messages_by_time", autosummarize=True)]

    def __str__(self) -> str:
        return f"Message {self.position}"


class ConversationWord(models.Model):
    """Blind index: a keyed hash of one word said in a conversation (see ``medichat.db.blind_index``).

    One row for each different word of a conversation, not of each message: a search finds the case, and the page finds
    the messages in it after decryption.
    """

    id = models.BigAutoField(primary_key=True)
    token = models.BigIntegerField()
    # As with messages: conversation_words_same_patient implies both.
    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    patient = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )

    objects = OfCaseQuerySet.as_manager()

    class Meta:
        db_table = "conversation_words"
        constraints = [
            models.UniqueConstraint(fields=["conversation", "token"], name="conversation_words_once"),
        ]
        indexes = [models.Index(fields=["token", "conversation"], name="conversation_words_by_token")]

    def __str__(self) -> str:
        return f"Word of {self.conversation_id}"


class Attachment(ImportableModel):
    """A file of a conversation, stored encrypted under its own id; ``sha256`` is verified at every download.

    Imported rows may lack the file (``is_stored`` false): then its type and size are unknown, and ``claimed_type`` is
    what a browser once said. ``stored_path`` and ``stored_name`` are where the previous system kept it: data, no path.
    """

    conversation = models.ForeignKey(Conversation, models.PROTECT, related_name="attachments")
    patient = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    original_name = EncryptedTextField(null=True, blank=True)
    content_type = models.CharField(max_length=100, blank=True)
    size = models.PositiveBigIntegerField(null=True, blank=True, help_text="Bytes before encryption.")
    sha256 = models.CharField(max_length=64, blank=True)
    is_stored = models.BooleanField(default=True)
    claimed_type = models.CharField(max_length=100, null=True, blank=True, editable=False)
    stored_path = EncryptedTextField(null=True, blank=True, editable=False)
    stored_name = EncryptedTextField(null=True, blank=True, editable=False)
    client_token = models.UUIDField(null=True, blank=True, editable=False, default=uuid.uuid4)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    uploaded_at = models.DateTimeField(null=True, blank=True)

    objects = OfCaseQuerySet.as_manager()

    class Meta(ImportableModel.Meta):
        db_table = "attachments"
        ordering = ["uploaded_at", "id"]
        constraints = [
            *ImportableModel.Meta.constraints,
            models.CheckConstraint(
                name="attachments_stored_are_complete",
                condition=Q(is_stored=False) | (Q(size__gt=0) & ~Q(sha256="") & ~Q(content_type="")),
            ),
            models.CheckConstraint(
                name="attachments_made_here_are_complete",
                condition=Q(legacy_id__isnull=False)
                | Q(uploaded_by__isnull=False, uploaded_at__isnull=False, is_stored=True),
            ),
            models.UniqueConstraint(
                fields=["conversation", "client_token"],
                condition=Q(client_token__isnull=False),
                name="attachments_sent_once",
            ),
        ]

    def __str__(self) -> str:
        return f"File {self.pk}"
