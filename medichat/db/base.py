"""The base of every table: a time-ordered key made in Python and two times kept by the database."""

import uuid
from typing import Any

import pgtrigger
import uuid_utils.compat
from django.db import models
from django.db.models.functions import Now


def new_id() -> uuid.UUID:
    """A UUIDv7: time-ordered, so that new rows land at the end of the index."""
    return uuid_utils.compat.uuid7()


def stamp_times(*, keep_source_times: bool = False) -> pgtrigger.Trigger:
    """The trigger that sets ``created_at`` and ``updated_at``, whoever writes.

    With ``keep_source_times`` a row that came from the previous system (it has a ``legacy_id``) keeps the times it
    brings, an unknown (NULL) creation time included; nothing invents one.
    """
    insert = "NEW.created_at := now(); NEW.updated_at := now();"
    if keep_source_times:
        insert = f"IF NEW.legacy_id IS NULL THEN {insert} END IF;"
    return pgtrigger.Trigger(
        name="stamp_times",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update,
        func=(
            f"IF TG_OP = 'INSERT' THEN {insert} "
            "ELSE NEW.created_at := OLD.created_at; NEW.updated_at := clock_timestamp(); END IF; RETURN NEW;"
        ),
    )


class BaseModel(models.Model):
    """A row with a UUIDv7 key and database-kept times."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        abstract = True
        triggers = [stamp_times()]


class ImportableModel(models.Model):
    """A row that may come from the previous system.

    ``legacy_id`` is the identity it had there (unique in its table). Such rows may have unknown times.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    legacy_id = models.CharField(max_length=120, null=True, blank=True, unique=True, editable=False)
    created_at = models.DateTimeField(db_default=Now(), null=True, editable=False)
    updated_at = models.DateTimeField(db_default=Now(), null=True, editable=False)

    class Meta:
        abstract = True
        triggers = [stamp_times(keep_source_times=True)]
        constraints = [
            models.CheckConstraint(
                name="%(class)s_made_here_has_times",
                condition=models.Q(legacy_id__isnull=False)
                | models.Q(created_at__isnull=False, updated_at__isnull=False),
            ),
        ]


def choices_constraint(field: str, choices: type[models.TextChoices], *, name: str, null: bool = False) -> Any:
    """A CHECK that a column holds one of the choices (or NULL where that is allowed)."""
    allowed = models.Q(**{f"{field}__in": choices.values})
    if null:
        allowed |= models.Q(**{f"{field}__isnull": True})
    return models.CheckConstraint(name=name, condition=allowed)
