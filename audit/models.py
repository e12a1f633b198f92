"""The activity log and the seals over it. Both are append-only for everybody (see migrations/0001 for the rules)."""

import uuid
from typing import Self

from django.db import models
from django.utils import timezone

from accounts.models import User
from audit.actions import LOOKS, ActorRole, Purpose, Severity, Status, all_actions
from medichat.db.base import new_id
from medichat.db.encrypted import EncryptedTextField


class ActivityLogQuerySet(models.QuerySet["ActivityLog"]):
    """Words for queries on the log."""

    def visible_to(self, user: User) -> Self:
        """A patient's own rows, a doctor's own acts, an administrator's all."""
        match user.database_role:
            case "admin":
                return self.all()
            case "patient":
                return self.filter(patient_id=user.pk)
            case "doctor":
                return self.filter(actor_id=user.pk)
            case _:
                return self.none()

    def of_patient(self, patient_id: uuid.UUID) -> Self:
        """What concerns one patient."""
        return self.filter(patient_id=patient_id)

    def looks(self) -> Self:
        """Somebody looked at patient data, took a copy, or opened it in an emergency."""
        return self.filter(action__in=LOOKS)

    def newest_first(self) -> Self:
        """Latest first, in an order that pages by key can follow."""
        return self.order_by("-occurred_at", "-id")


class ActivityLog(models.Model):
    """One act, one view, one refusal or one failure. Values and clinical text are never in it.

    No foreign keys: a row outlives what it names. ``resource_id`` is a UUID, or what an imported row held. Columns are
    NULL where an imported row was silent. ``occurred_at`` is when it happened, ``created_at`` (kept by the database)
    when the row was written; they differ in imported rows. ``sequence`` is the order of writing. The table is
    partitioned by month of ``occurred_at``; its key in the database is (id, occurred_at).
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    sequence = models.BigIntegerField(null=True, editable=False)  # set by the database, whatever is given
    occurred_at = models.DateTimeField(default=timezone.now)
    actor_id = models.UUIDField(null=True, blank=True)
    actor_role = models.CharField(max_length=10, choices=ActorRole, null=True)
    actor_email = EncryptedTextField(null=True, blank=True, help_text="What an imported row held; often typed text.")
    action = models.TextField(choices=all_actions)
    resource_type = models.TextField(null=True, blank=True)
    resource_id = models.TextField(null=True, blank=True)
    patient_id = models.UUIDField(null=True, blank=True)
    purpose = models.CharField(max_length=20, choices=Purpose, blank=True)
    method = models.TextField(null=True, blank=True)
    endpoint = models.TextField(null=True, blank=True, help_text="The path, without its query.")
    address = models.GenericIPAddressField(null=True, blank=True)
    address_text = models.TextField(null=True, blank=True, help_text="An imported address that is not a single one.")
    user_agent = models.TextField(null=True, blank=True)
    status = models.CharField(max_length=10, choices=Status, null=True)
    status_code = models.IntegerField(null=True, blank=True)
    description = EncryptedTextField(null=True, blank=True)
    metadata = EncryptedTextField(null=True, blank=True, help_text="JSON.")
    error_message = EncryptedTextField(null=True, blank=True)
    error_stack = EncryptedTextField(null=True, blank=True)
    error_code = EncryptedTextField(null=True, blank=True)
    duration_ms = models.FloatField(null=True, blank=True)
    severity = models.CharField(max_length=10, choices=Severity, null=True)
    request_id = models.UUIDField(null=True, blank=True)
    legacy_id = models.CharField(max_length=120, null=True, blank=True, editable=False)
    created_at = models.DateTimeField(null=True, editable=False)  # set by the database, whatever is given

    # Nothing in it changes, so a new encryption key changes nothing either: the old one stays needed to read old rows.
    is_append_only = True

    objects = ActivityLogQuerySet.as_manager()

    class Meta:
        db_table = "activity_logs"
        verbose_name = "activity"
        verbose_name_plural = "activity log"
        # Constraints and indexes stand in the migration's SQL: Django cannot say them of a partitioned table.

    def __str__(self) -> str:
        return str(self.get_action_display())


class AuditSeal(models.Model):
    """A signed statement of which rows the log held, in which order, when the seal was made.

    ``rows`` holds 56 bytes for each row: sequence (8), id (16), SHA-256 of its content (32). Rows are in the order
    (transaction, sequence): of settled transactions this order only ever grows at its end. They lie after the position
    ``after_...`` and up to ``to_...``. A server restored from a dump counts its transactions anew: from then on
    ``floor_sequence`` is the highest sequence of before, and only rows above it are meant.
    """

    number = models.BigIntegerField(primary_key=True)
    floor_sequence = models.BigIntegerField()
    after_transaction = models.BigIntegerField()
    after_sequence = models.BigIntegerField()
    to_transaction = models.BigIntegerField()
    to_sequence = models.BigIntegerField()
    highest_sequence = models.BigIntegerField()
    row_count = models.IntegerField()
    rows = models.BinaryField()
    previous_hash = models.BinaryField()
    hash = models.BinaryField()
    signature = models.BinaryField()
    sealed_at = models.DateTimeField()

    class Meta:
        db_table = "audit_seals"
        ordering = ["number"]

    def __str__(self) -> str:
        return f"Seal {self.number}"
