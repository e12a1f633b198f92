"""What people have put away."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef

from accounts.models import User
from medichat.db.base import BaseModel


class ArchiveQuerySet(models.QuerySet["Archive"]):
    """Words for queries on archived conversations."""

    def visible_to(self, user: User) -> Self:
        """One's own marks; administrators see all."""
        return self.all() if user.database_role == "admin" else self.filter(person=user)


class Archive(BaseModel):
    """A person has put a conversation away; for others it stays where it is."""

    conversation = models.ForeignKey("conversations.Conversation", models.CASCADE, related_name="archives")
    patient = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    objects = ArchiveQuerySet.as_manager()

    class Meta(BaseModel.Meta):
        db_table = "conversation_archives"
        constraints = [models.UniqueConstraint(fields=["person", "conversation"], name="conversation_archives_once")]

    @classmethod
    def of(cls, person: User) -> Exists:
        """The condition on a conversation that this person has put it away."""
        return Exists(cls.objects.filter(conversation=OuterRef("pk"), person=person).order_by())

    def __str__(self) -> str:
        return f"{self.conversation_id} put away by {self.person_id}"
