"""What somebody is still writing: kept encrypted for this person and this case, until it is sent or too old."""

import uuid
from collections.abc import Iterable
from datetime import timedelta
from typing import Self

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.db.models import Exists, OuterRef
from django.http import QueryDict
from django.utils import timezone

from accounts.models import User
from conversations import signals
from conversations.models.conversation import Conversation
from medichat.db.base import BaseModel
from medichat.db.encrypted import EncryptedTextField

KEPT_FOR = timedelta(days=7)
LONGEST = 400_000
"""Characters of a whole form; a message has 5,000, an answer with twenty prescriptions seldom 20,000."""

# Fields that no person types: what the page needs for itself, and what it fills in beforehand.
NOT_KEPT = {"csrfmiddlewaretoken", "step"}
NOT_TYPED = {
    "client_token", "seen_token", "TOTAL_FORMS", "INITIAL_FORMS", "MIN_NUM_FORMS", "MAX_NUM_FORMS", "refills",
    "expires_on",
}  # fmt: skip


class DraftQuerySet(models.QuerySet["Draft"]):
    """Words for queries on drafts."""

    def visible_to(self, user: User) -> Self:
        """One's own; administrators know that there are some."""
        if user.database_role == "admin":
            return self.all()
        return self.filter(person=user) if user.database_role else self.none()

    def too_old(self) -> Self:
        """Nobody came back to them for a week."""
        return self.filter(updated_at__lt=timezone.now() - KEPT_FOR)


class Draft(BaseModel):
    """The fields of a form about a case as one person left them; ``content`` is encoded as the form would be sent."""

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="drafts")
    patient = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    content = EncryptedTextField()

    objects = DraftQuerySet.as_manager()

    class Meta(BaseModel.Meta):
        db_table = "drafts"
        constraints = [models.UniqueConstraint(fields=["person", "conversation"], name="drafts_once")]
        indexes = [models.Index(fields=["updated_at"], name="drafts_by_age")]

    def __str__(self) -> str:
        return f"Draft {self.pk}"

    @property
    def fields(self) -> QueryDict:
        """The fields as they were typed."""
        return QueryDict(self.content)


def has_draft(person: User) -> Exists:
    """The condition that this person has a draft about the case."""
    return Exists(Draft.objects.filter(person=person, conversation=OuterRef("pk")).order_by())


def draft_of(conversation: Conversation, person: User) -> Draft | None:
    """What this person has begun to write about the case."""
    return Draft.objects.visible_to(person).filter(conversation=conversation, person=person).first()


def keep_draft(conversation: Conversation, fields: QueryDict, *, person: User) -> bool:
    """Keep what was typed instead of what was kept before; nothing typed removes it. Returns whether there is a draft.

    What arrives after the case was answered, or after the very message was sent, is not kept: it was a slow copy of
    what is not a draft any more. Raises ValueError when it is longer than any form.
    """
    typed = _typed(fields)
    content = typed.urlencode()
    if len(content) > LONGEST:
        raise ValueError("Longer than any form.")
    words = any(value.strip() for name, values in typed.lists() if _is_typed(name) for value in values)
    if not words or not conversation.accepts_messages or _was_sent(conversation, typed):
        discard_draft(conversation, person=person)
        return False
    if not _replaced(conversation, content, person=person):
        draft = Draft(conversation=conversation, patient_id=conversation.patient_id, person=person, content=content)
        try:
            with transaction.atomic():
                draft.save(force_insert=True)
        except IntegrityError:  # another window of the same person was faster
            return _replaced(conversation, content, person=person)
        signals.draft_kept.send(Draft, conversation=conversation, by=person)
    return True


def _replaced(conversation: Conversation, content: str, *, person: User) -> bool:
    """Whether there was a draft, which now has this content."""
    draft = Draft.objects.select_for_update().filter(conversation=conversation, person=person).first()
    if draft is None:
        return False
    draft.content = content
    draft.save(update_fields=["content"])
    return True


def discard_draft(conversation: Conversation, *, person: User) -> None:
    """It was sent, or is not wanted any more."""
    Draft.objects.filter(conversation=conversation, person=person).delete()


def _typed(fields: QueryDict) -> QueryDict:
    kept = QueryDict(mutable=True)
    for name, values in fields.lists():
        if name not in NOT_KEPT:
            kept.setlist(name, _texts(values))
    return kept


def _texts(values: Iterable[object]) -> list[str]:
    return [value for value in values if isinstance(value, str)]


def _is_typed(name: str) -> bool:
    return name.rsplit("-", 1)[-1] not in NOT_TYPED


def _was_sent(conversation: Conversation, typed: QueryDict) -> bool:
    """Whether the message that this was a draft of has been stored; the same form with other words is another."""
    try:
        token = uuid.UUID(typed.get("client_token", ""))
    except ValueError:
        return False
    sent = conversation.messages.filter(client_token=token).first()
    return sent is not None and sent.text.split() == typed.get("text", "").split()
