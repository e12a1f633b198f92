"""A prescription: what was prescribed, what became of it, and how much of it is still to be had."""

from datetime import UTC, date, datetime, timedelta
from typing import Self

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import User
from conversations.models import Conversation
from medichat.db.base import ImportableModel, choices_constraint
from medichat.db.encrypted import EncryptedTextField
from medichat.refusals import ConflictError
from prescriptions import signals
from prescriptions.models.sheet import IssuedSheet
from prescriptions.wording import days_of
from records.models.care import visible_patients
from records.models.entry import normalised_field

STARTED_LATE = timedelta(days=7)


class PrescriptionQuerySet(models.QuerySet["Prescription"]):
    """Words for queries on prescriptions."""

    def visible_to(self, user: User) -> Self:
        """A patient's own; those of a doctor's patients or open cases; an administrator's all."""
        match user.database_role:
            case "admin":
                return self.all()
            case "patient":
                return self.filter(patient=user)
            case "doctor":
                return self.filter(visible_patients(user))
            case _:
                return self.none()

    def active(self) -> Self:
        """To be taken now: active and not past the last day."""
        return self.filter(
            Q(expires_on__isnull=True) | Q(expires_on__gte=timezone.localdate()), status=Prescription.Status.ACTIVE
        )

    def maybe_taken(self) -> Self:
        """Those whose ``may_be_taken`` can be true: neither ended nor past the last day; what nobody knows counts."""
        return self.filter(
            Q(expires_on__isnull=True) | Q(expires_on__gte=timezone.localdate()),
            Q(status=Prescription.Status.ACTIVE) | Q(status__isnull=True),
        )

    def past_their_last_day(self) -> Self:
        """Still marked active although the last day is over: the periodic work expires them."""
        return self.filter(status=Prescription.Status.ACTIVE, expires_on__lt=timezone.localdate())

    def with_sort_time(self) -> Self:
        """With the time to sort by: of issue, else of the row; those of unknown age count as the oldest."""
        return self.annotate(sort_time=Coalesce("issued_at", "created_at", Value(datetime(1970, 1, 1, tzinfo=UTC))))

    def newest_first(self) -> Self:
        """Latest first; those of unknown date last."""
        return self.order_by(F("issued_at").desc(nulls_last=True), "position", "id")


class PrescriptionStatus(models.TextChoices):
    """What the status of a prescription may be."""

    ACTIVE = "active", "Active"
    COMPLETED = "completed", "Completed"
    CANCELLED = "cancelled", "Cancelled"
    EXPIRED = "expired", "Expired"


class Prescription(ImportableModel):
    """One prescribed medicine. Several of one answer share the conversation and are printed on one sheet.

    ``status`` and ``doctor`` NULL mean unknown (imported rows only). ``expires_on`` is the last day of validity.
    """

    Status = PrescriptionStatus

    conversation = models.ForeignKey(Conversation, models.PROTECT, related_name="prescriptions")
    patient = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="prescriptions")
    doctor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="prescriptions_written"
    )
    position = models.PositiveSmallIntegerField(default=0)
    medication_name = models.CharField(max_length=200)
    name_normalised = normalised_field("medication_name")
    dose = models.CharField(max_length=200, blank=True)
    route = models.CharField(max_length=100, blank=True)
    frequency = models.CharField(max_length=200, blank=True)
    duration = models.CharField(max_length=200, blank=True)
    quantity = models.DecimalField(max_digits=9, decimal_places=2, null=True, blank=True)
    quantity_unit = models.CharField(max_length=50, blank=True)
    refills = models.SmallIntegerField(null=True, blank=True, default=0)
    instructions = EncryptedTextField(null=True, blank=True)
    warnings = EncryptedTextField(null=True, blank=True)
    status = models.CharField(max_length=10, choices=PrescriptionStatus, null=True, default=PrescriptionStatus.ACTIVE)
    issued_at = models.DateTimeField(null=True, blank=True)
    issued_on = models.DateField(null=True, blank=True, help_text="The day of issue where the clinic is.")
    expires_on = models.DateField(null=True, blank=True)
    filled_at = models.DateTimeField(null=True, blank=True, help_text="When a pharmacy last dispensed it.")
    supplies_given = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="How often a pharmacy has dispensed it, as far as the clinic was told."
    )
    sheet = models.ForeignKey(
        IssuedSheet,
        models.PROTECT,
        to_field="code_hash",
        db_column="sheet_hash",
        null=True,
        blank=True,
        related_name="prescriptions",
        help_text="The sheet it was issued on; imported prescriptions have none.",
    )
    renews = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="renewals", help_text="Which one it continues."
    )
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancelled_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    cancel_reason = EncryptedTextField(null=True, blank=True)
    cancel_notice = EncryptedTextField(null=True, blank=True, help_text="What the patient reads about it.")
    pharmacy_name = EncryptedTextField(null=True, blank=True)
    pharmacy_phone = EncryptedTextField(null=True, blank=True)

    objects = PrescriptionQuerySet.as_manager()

    class Meta(ImportableModel.Meta):
        db_table = "prescriptions"
        ordering = ["position", "id"]
        constraints = [
            *ImportableModel.Meta.constraints,
            choices_constraint("status", PrescriptionStatus, name="prescriptions_status", null=True),
            models.CheckConstraint(name="prescriptions_medication_not_blank", condition=~Q(medication_name="")),
            models.CheckConstraint(
                name="prescriptions_quantity_not_negative",
                condition=Q(quantity__isnull=True) | Q(quantity__gte=0),
                violation_error_message="A quantity cannot be negative.",
            ),
            models.CheckConstraint(
                name="prescriptions_refills_not_negative",
                condition=Q(refills__isnull=True) | Q(refills__gte=0),
                violation_error_message="Refills cannot be negative.",
            ),
            models.CheckConstraint(
                name="prescriptions_expire_after_issue",
                condition=Q(expires_on__isnull=True) | Q(issued_on__isnull=True) | Q(expires_on__gte=F("issued_on")),
                violation_error_message="The last day is before the day of issue.",
            ),
            models.CheckConstraint(
                name="prescriptions_made_here_are_complete",
                condition=Q(legacy_id__isnull=False)
                | Q(
                    doctor__isnull=False,
                    status__isnull=False,
                    issued_at__isnull=False,
                    issued_on__isnull=False,
                    refills__isnull=False,
                ),
            ),
            models.CheckConstraint(
                name="prescriptions_cancelled_has_person_and_time",
                condition=~Q(status="cancelled")
                | Q(legacy_id__isnull=False)
                | Q(cancelled_at__isnull=False, cancelled_by__isnull=False),
            ),
            models.CheckConstraint(
                name="prescriptions_no_more_supplies_than_written",
                condition=Q(legacy_id__isnull=False) | Q(supplies_given__lte=F("refills") + 1),
                violation_error_message="It cannot be dispensed more often than it was written for.",
            ),
            models.CheckConstraint(
                name="prescriptions_do_not_renew_themselves", condition=Q(renews__isnull=True) | ~Q(renews=F("id"))
            ),
        ]
        indexes = [
            models.Index(fields=["patient", "-issued_at"], name="prescriptions_of_patient"),
            models.Index(fields=["doctor", "-issued_at"], name="prescriptions_of_doctor"),
            models.Index(fields=["expires_on"], condition=Q(status="active"), name="prescriptions_to_expire"),
            models.Index(fields=["medication_name", "patient"], name="prescriptions_by_medication"),
            # For reports: of one medicine, and of a time.
            models.Index(fields=["name_normalised", "issued_on"], name="prescriptions_by_name"),
            models.Index(fields=["issued_on", "name_normalised"], name="prescriptions_by_day"),
        ]

    def __str__(self) -> str:
        return self.medication_name

    @property
    def state(self) -> str:
        """The state as of today: an active one past its last day is expired, whether or not the nightly work ran."""
        if self.status == self.Status.ACTIVE and self.expires_on and self.expires_on < timezone.localdate():
            return self.Status.EXPIRED
        return self.status or "unknown"

    @property
    def supplies_left(self) -> int | None:
        """How often a pharmacy may still dispense it (the first supply counts); None when nobody knows."""
        if self.refills is None or self.state == "unknown":
            return None
        if self.state != self.Status.ACTIVE:
            return 0
        # The previous system kept a time, not a number.
        given = max(self.supplies_given, 1 if self.filled_at else 0)
        return max(self.refills + 1 - given, 0)

    @property
    def standing(self) -> str:
        """What a pharmacist has to know: the state, and ``dispensed`` once nothing is left of an active one."""
        return "dispensed" if self.state == self.Status.ACTIVE and self.supplies_left == 0 else self.state

    @property
    def may_be_asked_for_again(self) -> bool:
        """Whether the patient may ask for more of it: what was cancelled, or continued by another one, is over."""
        return self.status != self.Status.CANCELLED and not self.is_renewed

    @property
    def is_renewed(self) -> bool:
        """Whether another prescription continues it."""
        return bool(self.renewals.all())

    @property
    def may_be_taken(self) -> bool:
        """Whether the patient may still be taking it, as far as known.

        A course of known length, every refill included, counts for a week longer than it lasts, for it may have begun
        late.
        """
        if self.state not in {self.Status.ACTIVE, "unknown"}:
            return False
        today = timezone.localdate()
        if self.expires_on and self.expires_on < today:
            return False
        days = days_of(self.duration)
        if days is None or self.issued_on is None or self.refills is None:
            return True
        return today <= self.issued_on + timedelta(days=days * (self.refills + 1)) + STARTED_LATE

    def _locked(self) -> "Prescription":
        return Prescription.objects.select_for_update(of=("self",), no_key=True).get(pk=self.pk)

    @transaction.atomic
    def cancel(self, *, by: User, reason: str, notice: str = "") -> None:
        """Withdraw it; ``reason`` is for the record, ``notice`` for the patient.

        ConflictError when it is not active any more; ValueError without a reason.
        """
        if not reason.strip():
            raise ValueError("Say why the prescription is cancelled.")
        current = self._locked()
        if current.status != self.Status.ACTIVE:
            raise ConflictError("Only an active prescription can be cancelled.")
        current.status = self.status = self.Status.CANCELLED
        current.cancelled_at = self.cancelled_at = timezone.now()
        current.cancelled_by = self.cancelled_by = by
        current.cancel_reason = self.cancel_reason = reason.strip()
        current.cancel_notice = self.cancel_notice = notice.strip() or None
        current.save(update_fields=["status", "cancelled_at", "cancelled_by", "cancel_reason", "cancel_notice"])
        signals.cancelled.send(type(self), prescription=self, by=by)

    @transaction.atomic
    def complete(self, *, by: User) -> None:
        """The treatment is finished. ConflictError when it is not active any more."""
        current = self._locked()
        if current.status != self.Status.ACTIVE:
            raise ConflictError("Only an active prescription can be completed.")
        current.status = self.status = self.Status.COMPLETED
        current.save(update_fields=["status"])
        signals.completed.send(type(self), prescription=self, by=by)

    def count_supply(self, *, at: datetime) -> int:
        """A pharmacy has dispensed it; returns which supply it was, 1 for the first.

        ConflictError when it is not active, past its last day, or used up. Belongs to ``PrescriptionFill.record``.
        """
        current = self._locked()
        if current.state != self.Status.ACTIVE:
            raise ConflictError(f"It cannot be dispensed: it is {current.state}.")
        if current.supplies_left == 0:
            raise ConflictError("It cannot be dispensed again: every refill has been given.")
        current.supplies_given = self.supplies_given = max(current.supplies_given, 1 if current.filled_at else 0) + 1
        current.filled_at = self.filled_at = max(at, current.filled_at or at)
        current.save(update_fields=["supplies_given", "filled_at"])
        return current.supplies_given

    @classmethod
    @transaction.atomic
    def expire_past(cls, *, today: date | None = None, limit: int = 1000) -> int:
        """Mark active prescriptions whose last day is over; returns how many. Run as the system."""
        past = (
            cls.objects.past_their_last_day()
            if today is None
            else cls.objects.filter(status=cls.Status.ACTIVE, expires_on__lt=today)
        )
        rows = list(past.select_for_update(skip_locked=True, no_key=True).order_by("expires_on")[:limit])
        for prescription in rows:
            prescription.status = cls.Status.EXPIRED
            prescription.save(update_fields=["status"])
            signals.expired.send(cls, prescription=prescription)
        return len(rows)
