"""From rows to plain values, a few at a time, in the context of whoever takes the copy."""

import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.db import models

from accounts.models import User
from audit.copies.contents import NEVER, Part
from medichat.db.context import acting_as
from medichat.db.encryption import DecryptionError

BATCH = 200

Value = Any  # what JSON can say
Row = dict[str, Value]


def rows_of(part: Part, patient_id: uuid.UUID, *, reader: User) -> Iterator[Row]:
    """The patient's rows of one table, in the order of their making.

    Each batch is read in a transaction of its own, so that a slow download keeps no connection waiting.
    """
    after: uuid.UUID | None = None
    while True:
        with acting_as(reader):
            found = part.model._base_manager.filter(**{part.by: patient_id}).order_by("pk")
            batch = list((found.filter(pk__gt=after) if after else found)[:BATCH])
            names = _names(batch)
            rows = [_row(part, row, names) for row in batch]
        yield from rows
        if len(batch) < BATCH:
            return
        after = batch[-1].pk


def fields_of(part: Part) -> "list[models.Field[Any, Any]]":
    """The columns of a table that go into the copy."""
    return [
        field
        for field in part.model._meta.concrete_fields
        if (field.name in part.only if part.only else field.name not in NEVER)
        and not isinstance(field, models.GeneratedField)
    ]


def _row(part: Part, row: models.Model, names: dict[uuid.UUID, str]) -> Row:
    plain: Row = {"resourceType": part.resource}
    damaged = []
    for field in fields_of(part):
        try:
            value = getattr(row, field.attname)
        except DecryptionError:  # the rest of the record is still the patient's
            damaged.append(field.name)
            continue
        if field.name == "actor_id" or (field.is_relation and field.related_model is User):
            plain[field.name.removesuffix("_id")] = _person(value, names)
        else:
            plain[field.name] = _plain(value)
    if damaged:
        plain["cannot_be_read"] = damaged
    return plain


def _person(person_id: uuid.UUID | None, names: dict[uuid.UUID, str]) -> Value:
    """Who it was; the name where the reader may know it."""
    return None if person_id is None else {"id": str(person_id), "name": names.get(person_id)}


def _names(rows: list[Any]) -> dict[uuid.UUID, str]:
    ids = set()
    for row in rows:
        ids |= {getattr(row, field.attname) for field in row._meta.concrete_fields if field.related_model is User}
        ids.add(getattr(row, "actor_id", None))
    people = User.objects.in_bulk([person_id for person_id in ids if person_id])
    return {person_id: str(person) for person_id, person in people.items()}


def _plain(value: Any) -> Value:
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat()
        case date():
            return value.isoformat()
        case Decimal() | uuid.UUID():
            return str(value)
        case None | bool() | int() | float() | str() | list() | dict():
            return value
    raise TypeError(f"A copy cannot say a {type(value).__name__}.")
