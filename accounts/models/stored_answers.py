"""What the API answered to an act that must not happen twice."""

from datetime import timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from medichat.db.base import BaseModel
from medichat.db.encrypted import EncryptedTextField

KEPT_FOR = timedelta(hours=24)


class StoredAnswerQuerySet(models.QuerySet["StoredAnswer"]):
    """Words for queries on stored answers."""

    def too_old(self) -> Self:
        """Nobody repeats a request after so long."""
        return self.filter(created_at__lt=timezone.now() - KEPT_FOR)


class StoredAnswer(BaseModel):
    """An act that a client named by a key of its own, and what it was answered (see ``accounts.api.once``).

    Keys and requests are kept as keyed hashes; the answer holds patient data and is encrypted. It is its person's
    alone.
    """

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    key_hash = models.CharField(max_length=64)
    request_hash = models.CharField(max_length=64)
    status_code = models.PositiveSmallIntegerField()
    body = EncryptedTextField()

    objects = StoredAnswerQuerySet.as_manager()

    class Meta(BaseModel.Meta):
        db_table = "stored_answers"
        constraints = [models.UniqueConstraint(fields=["person", "key_hash"], name="stored_answers_once")]
        indexes = [models.Index(fields=["created_at"], name="stored_answers_by_age")]

    def __str__(self) -> str:
        return f"Answer {self.status_code}"
