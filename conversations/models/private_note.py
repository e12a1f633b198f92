"""Notes that no patient reads."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from medichat.db.base import ImportableModel
from medichat.db.encrypted import EncryptedTextField
from records.models.care import CarersOnlyQuerySet


class PrivateNote(ImportableModel):
    """A doctor's note to themselves and colleagues. No patient's database context can read this table."""

    conversation = models.ForeignKey("conversations.Conversation", models.PROTECT, related_name="private_notes")
    patient = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    text = EncryptedTextField()

    objects = CarersOnlyQuerySet.as_manager()

    class Meta(ImportableModel.Meta):
        db_table = "private_notes"
        ordering = ["created_at", "id"]
        constraints = [
            *ImportableModel.Meta.constraints,
            models.CheckConstraint(
                name="private_notes_made_here_have_an_author",
                condition=Q(legacy_id__isnull=False) | Q(author__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["conversation"], name="private_notes_of_case")]

    def __str__(self) -> str:
        return f"Private note {self.pk}"
