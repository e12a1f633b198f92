"""What the import remembers: its runs, their batches, what became of every document, and what needs a look.

No table here holds patient data in the clear: raw values are encrypted, and all rows are for administrators and the
system alone.
"""

import uuid
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from conversations.models import Conversation
from medichat.db.base import BaseModel, choices_constraint, new_id
from medichat.db.encrypted import EncryptedTextField
from medichat.legacy import signals
from medichat.legacy.parse.identity import row_id
from medichat.refusals import ConflictError

DIGEST_BYTES = 16
"""Of a document's outcome and of a row: BLAKE2b, cut to 128 bits. It tells changes, it does not prove authorship."""


class RunStatus(models.TextChoices):
    """How a run stands. Running without anybody holding the lock of the import means interrupted."""

    RUNNING = "running", "Running"
    INTERRUPTED = "interrupted", "Interrupted"
    FINISHED = "finished", "Finished"
    FAILED = "failed", "Failed"
    UNDONE = "undone", "Undone"


class ForAdministratorsQuerySet(models.QuerySet[Any]):
    """Words for queries on the tables of the import."""

    def visible_to(self, user: User) -> Self:
        """Administrators only."""
        return self.all() if user.database_role == "admin" else self.none()


class ImportRun(BaseModel):
    """One import: from the first start to its end, through as many interruptions as there were.

    ``source`` says kind and place, without credentials; by ``source_key`` a later start recognises the same source.
    ``is_ok`` is whether accounting and verification hold, NULL until both are known. ``report`` is what ``--report``
    writes: counts, rules and legacy ids, no patient data.
    """

    Status = RunStatus

    source = models.JSONField()
    source_key = models.CharField(max_length=64)
    options = models.JSONField(default=dict)
    status = models.CharField(max_length=20, choices=RunStatus, default=RunStatus.RUNNING)
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)
    verified_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)
    is_ok = models.BooleanField(null=True)
    failure = models.CharField(max_length=500, blank=True, help_text="Why it ended early; no patient data.")
    report = models.JSONField(default=dict)

    objects = ForAdministratorsQuerySet.as_manager()

    class Meta(BaseModel.Meta):
        db_table = "import_runs"
        ordering = ["-started_at"]
        constraints = [choices_constraint("status", RunStatus, name="import_runs_status")]

    def __str__(self) -> str:
        return f"Import of {self.started_at:%Y-%m-%d %H:%M}"

    @classmethod
    def begin(cls, *, source: dict[str, Any], source_key: str, options: dict[str, Any]) -> "ImportRun":
        """A new run; earlier ones that nobody is at any more are called interrupted."""
        cls.objects.filter(status=RunStatus.RUNNING).update(status=RunStatus.INTERRUPTED)
        run = cls(source=source, source_key=source_key, options=options)
        run.save(force_insert=True)
        signals.started.send(cls, run=run)
        return run

    @classmethod
    def to_resume(cls, source_key: str) -> "ImportRun | None":
        """The latest run, when it is of this source and did not come to its end."""
        latest: ImportRun | None = cls.objects.exclude(status=RunStatus.UNDONE).order_by("-started_at", "-id").first()
        if latest is None or latest.source_key != source_key or latest.status == RunStatus.FINISHED:
            return None
        return latest

    def resume(self) -> None:
        """Go on after an interruption or a failure."""
        self.status, self.failure = RunStatus.RUNNING, ""
        self.save(update_fields=["status", "failure"])
        signals.resumed.send(type(self), run=self)

    def fail(self, why: str) -> None:
        """It ended early, for a reason that an operator can read; it can be resumed."""
        self.status, self.failure = RunStatus.FAILED, why[:500]
        self.save(update_fields=["status", "failure"])

    def finish(self, *, report: dict[str, Any], is_ok: bool | None) -> None:
        """It has loaded everything; ``is_ok`` None where the verification is still to come."""
        self.status, self.report, self.is_ok = RunStatus.FINISHED, report, is_ok
        self.finished_at = timezone.now()
        self.save(update_fields=["status", "report", "is_ok", "finished_at"])
        signals.finished.send(type(self), run=self)

    def mark_verified(self, *, report: dict[str, Any], is_ok: bool) -> None:
        """A verification has compared both sides (again)."""
        self.report, self.is_ok, self.verified_at = report, is_ok, timezone.now()
        self.save(update_fields=["report", "is_ok", "verified_at"])

    def mark_undone(self, *, report: dict[str, Any]) -> None:
        """What it loaded was removed, as far as nobody had worked on it."""
        self.status, self.undone_at, self.report = RunStatus.UNDONE, timezone.now(), report
        self.save(update_fields=["status", "undone_at", "report"])
        signals.undone.send(type(self), run=self)


class ImportBatch(models.Model):
    """Documents that were loaded in one transaction, which wrote this row as well: what is committed is done.

    ``position`` is that of the last document (see ``Source.documents``); ``counters`` is a ``tally.Counts``.
    """

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(ImportRun, models.CASCADE, related_name="batches")
    stage = models.CharField(max_length=20)
    number = models.PositiveIntegerField()
    position = models.TextField()
    counters = models.JSONField(default=dict)
    loaded_at = models.DateTimeField(default=timezone.now)

    objects = ForAdministratorsQuerySet.as_manager()

    class Meta:
        db_table = "import_batches"
        ordering = ["id"]
        verbose_name_plural = "import batches"
        constraints = [models.UniqueConstraint(fields=["run", "stage", "number"], name="import_batches_once")]

    def __str__(self) -> str:
        return f"{self.stage}, batch {self.number}"


class ImportedDocument(models.Model):
    """The ledger: one row for each document of the source that was ever looked at.

    ``digest`` is over what the document became: its rows and findings after they were settled with the other documents.
    It is the same from a dump, an export and a server but where exports lose something (see ``medichat.legacy``).
    Empty means: look again next time, because the outcome depends on something of this system that may change.
    ``rows`` holds for every row of the document its table, id and digest as loaded (``medichat.legacy.ledger``);
    entries of the activity log have none, for they cannot change. ``raw`` is the document as canonical extended JSON,
    without secrets, where something of it was set aside and no item has it whole.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    collection = models.CharField(max_length=20)
    legacy_id = models.CharField(max_length=120)
    digest = models.BinaryField()
    rows = models.BinaryField()
    raw = EncryptedTextField(null=True)
    first_run = models.ForeignKey(ImportRun, models.PROTECT, related_name="documents_loaded")
    last_run = models.ForeignKey(
        ImportRun, models.PROTECT, related_name="documents_changed", db_index=False, help_text="Which changed it last."
    )

    objects = ForAdministratorsQuerySet.as_manager()

    class Meta:
        db_table = "import_documents"
        ordering = ["collection", "legacy_id"]
        verbose_name = "imported document"
        constraints = [models.UniqueConstraint(fields=["legacy_id", "collection"], name="import_documents_once")]

    def __str__(self) -> str:
        return f"{self.collection} {self.legacy_id}"

    @staticmethod
    def key(collection: str, legacy_id: str) -> uuid.UUID:
        """The id of a document's row, which needs no look-up."""
        return row_id(f"import_documents.{collection}", legacy_id)


class ItemOutcome(models.TextChoices):
    """What the rule did."""

    REPAIRED = "repaired", "Repaired"
    SET_ASIDE = "set_aside", "Set aside"
    MERGED = "merged", "Merged"


class ItemState(models.TextChoices):
    """How far somebody has come with an item."""

    OPEN = "open", "To look at"
    CORRECTED = "corrected", "Corrected, waits to be loaded"
    RESOLVED = "resolved", "Resolved"
    RETRIED = "retried", "Corrected and loaded again"


class ImportItem(models.Model):
    """One application of a rule to one place of one document, with the raw value as it stood there.

    ``where`` is the path; names that are no field of the previous system's schema stand as ``?``, because the name of a
    field may hold personal data (the raw value has them). ``raw`` is canonical extended JSON, NULL where the value is a
    secret. An item that somebody has worked on stays when its document is loaded again; ``corrected`` is what was put
    in the place of ``raw``. Only a file that no document names has no document.
    """

    Outcome = ItemOutcome
    State = ItemState

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    run = models.ForeignKey(ImportRun, models.PROTECT, related_name="items")
    document = models.ForeignKey(ImportedDocument, models.CASCADE, null=True, related_name="items")
    collection = models.CharField(max_length=20)
    legacy_id = models.CharField(max_length=120)
    entity = models.CharField(max_length=30)
    where = models.TextField(blank=True)
    rule = models.CharField(max_length=40)
    outcome = models.CharField(max_length=10, choices=ItemOutcome)
    reason = models.TextField()
    raw = EncryptedTextField(null=True)
    corrected = EncryptedTextField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=ItemState, default=ItemState.OPEN)
    found_at = models.DateTimeField(default=timezone.now)
    handled_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    handled_at = models.DateTimeField(null=True, blank=True)
    note = EncryptedTextField(null=True, blank=True)

    objects = ForAdministratorsQuerySet.as_manager()

    class Meta:
        db_table = "import_items"
        ordering = ["-id"]
        constraints = [
            choices_constraint("outcome", ItemOutcome, name="import_items_outcome"),
            choices_constraint("state", ItemState, name="import_items_state"),
            models.CheckConstraint(
                name="import_items_handled_by_somebody",
                condition=Q(state="open") | Q(handled_by__isnull=False, handled_at__isnull=False),
            ),
            models.CheckConstraint(
                name="import_items_of_a_document", condition=Q(document__isnull=False) | Q(collection="uploads")
            ),
        ]
        indexes = [
            models.Index(fields=["rule", "-id"], name="import_items_by_rule"),
            models.Index(fields=["legacy_id"], name="import_items_of_document"),
            models.Index(
                fields=["-id"], name="import_items_to_look_at", condition=Q(state="open", outcome="set_aside")
            ),
            models.Index(fields=["handled_at"], name="import_items_to_load", condition=Q(state="corrected")),
        ]

    def __str__(self) -> str:
        return f"{self.rule} in {self.collection} {self.legacy_id}"

    def whose(self) -> uuid.UUID | None:
        """The id of the patient whose data it is, where that person is a patient here."""
        found: models.QuerySet[Any]
        if self.collection == "conversations":
            found = Conversation.objects.filter(legacy_id=self.legacy_id).values_list("patient_id")
        elif self.collection == "users":
            found = User.objects.patients().filter(legacy_id=self.legacy_id).values_list("pk")
        else:
            return None
        row: tuple[uuid.UUID] | None = found.order_by().first()
        return row[0] if row else None

    def resolve(self, *, by: User, note: str = "") -> None:
        """Somebody has looked at it and it needs nothing more. Raises ConflictError when it is handled already."""
        self._handle(ItemState.RESOLVED, by, note, only_from=ItemState.OPEN)

    def correct(self, corrected: str, *, by: User, note: str = "") -> None:
        """Somebody has put another value (extended JSON) in the place of this one; ``retry`` loads it next.

        Raises ConflictError when the item is handled already.
        """
        self.corrected = corrected
        self._handle(ItemState.CORRECTED, by, note, only_from=ItemState.OPEN)

    def mark_retried(self) -> None:
        """The document was loaded again with the corrected value."""
        assert self.handled_by is not None
        self._handle(ItemState.RETRIED, self.handled_by, self.note or "", only_from=ItemState.CORRECTED)

    def reopen(self, why: str) -> None:
        """The corrected value could not be loaded, for a reason without patient data: it needs another look."""
        assert self.handled_by is not None
        self._handle(ItemState.OPEN, self.handled_by, why, only_from=ItemState.CORRECTED)

    def _handle(self, state: ItemState, by: User, note: str, *, only_from: ItemState) -> None:
        current = type(self).objects.select_for_update(of=("self",)).only("state").get(pk=self.pk)
        if current.state != only_from:
            raise ConflictError("Somebody has handled this item meanwhile.")
        self.state, self.handled_by, self.handled_at, self.note = state, by, timezone.now(), note or None
        self.save(update_fields=["state", "handled_by", "handled_at", "note", "corrected"])
        signals.item_handled.send(type(self), item=self, by=by)
