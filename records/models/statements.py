"""What was said of a person before something else was said: the earlier versions of the medical information."""

from collections.abc import Collection
from decimal import Decimal
from typing import Any, Self

from django.apps import apps
from django.conf import settings
from django.db import models

from accounts.models import User
from medichat.db.base import BaseModel
from medichat.db.encrypted import EncryptedTextField
from records.models.care import visible_patients


class EarlierStatementQuerySet(models.QuerySet["EarlierStatement"]):
    """Words for queries on earlier statements."""

    def visible_to(self, user: User) -> Self:
        """Of the patients whose chart this person may see."""
        return self.filter(visible_patients(user))


class EarlierStatement(BaseModel):
    """What the medical information said before it was changed: one row for each field that had said something."""

    patient = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    field = models.CharField(max_length=40)
    value = EncryptedTextField()
    # NULL is never written: it lets a reader who may not see that person see the statement all the same.
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    objects = EarlierStatementQuerySet.as_manager()

    class Meta(BaseModel.Meta):
        db_table = "earlier_statements"
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["patient", "-created_at", "-id"], name="earlier_statements_of_patient")]
        constraints = [
            models.CheckConstraint(
                name="earlier_statements_changed_by_somebody", condition=models.Q(changed_by__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"{self.label} of {self.patient_id}"

    @property
    def label(self) -> str:
        """What the field is called."""
        column: Any = apps.get_model("records", "MedicalInfo")._meta.get_field(self.field)
        return str(column.verbose_name).capitalize()

    @staticmethod
    def keep(before: Any, after: Any, *, by: User, fields: Collection[str]) -> None:
        """Keep what these fields of the medical information said, where it was something and is something else now."""
        said = [(name, _said(before, name)) for name in fields if _said(before, name) != _said(after, name)]
        EarlierStatement.objects.bulk_create(
            [
                EarlierStatement(patient_id=before.patient_id, field=name, value=words, changed_by=by)
                for name, words in said
                if words
            ]
        )


def _said(info: Any, name: str) -> str:
    """A field in words; a day in ISO form."""
    value = getattr(info, name)
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    words = getattr(info, f"get_{name}_display", None)
    return "" if value is None else str(words() if words else value)
