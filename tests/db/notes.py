"""A model with encrypted fields and a table of its own, for the tests of the field."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

import pytest
from django.apps.registry import Apps
from django.db import connection, models, transaction

from medichat.db.base import new_id
from medichat.db.encrypted import EncryptedTextField


class Note(models.Model):
    """Outside the registry of the project's models."""

    id = models.UUIDField(primary_key=True, default=new_id)
    title = models.CharField(max_length=20, blank=True, unique=True)
    text = EncryptedTextField()
    remark = EncryptedTextField(null=True, blank=True, max_length=20)

    objects: ClassVar[models.Manager["Note"]] = models.Manager()  # known to the plugin only for installed apps

    class Meta:
        apps = Apps()
        app_label = "tests"
        db_table = "sealed_notes"
        constraints = [
            models.CheckConstraint(
                name="odd_needs_remark", condition=~models.Q(title="odd") | models.Q(remark__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return self.title


@contextmanager
def refused(error: type[Exception], match: str = "") -> Iterator[pytest.ExceptionInfo[Exception]]:
    """The block raises this, and the test's transaction stays usable."""
    with pytest.raises(error, match=match) as caught, transaction.atomic():
        yield caught


def stored(note: Note, column: str = "text") -> bytes | None:
    """The bytes in the column, read past the ORM."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM sealed_notes WHERE id = %s", [note.pk])  # noqa: S608  # our own column
        value = cursor.fetchone()[0]
    return None if value is None else bytes(value)


def overwrite(note: Note, value: bytes | None) -> None:
    """Put bytes into the column past the ORM."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE sealed_notes SET text = %s WHERE id = %s", [value, note.pk])


def reload(note: Note) -> Note:
    return Note.objects.get(pk=note.pk)
