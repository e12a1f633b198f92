"""A patient asks for more of a medicine, and a doctor decides."""

from typing import Self

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from medichat.db.base import BaseModel, choices_constraint
from medichat.db.encrypted import EncryptedTextField
from medichat.refusals import ConflictError
from prescriptions import signals
from prescriptions.models.prescription import Prescription
from records.models.care import cares_for

OVERDUE_AFTER_DAYS = 3


class RefillRequestStatus(models.TextChoices):
    """What the status of a refill request may be."""

    WAITING = "waiting", "Waiting for a doctor"
    APPROVED = "approved", "Approved"
    DECLINED = "declined", "Declined"
    WITHDRAWN = "withdrawn", "Taken back"


class RefillRequestQuerySet(models.QuerySet["RefillRequest"]):
    """Words for queries on refill requests."""

    def visible_to(self, user: User) -> Self:
        """A patient's own, those of a doctor's patients, an administrator's all."""
        match user.database_role:
            case "admin":
                return self.all()
            case "patient":
                return self.filter(patient=user)
            case "doctor":
                return self.filter(cares_for(user))
            case _:
                return self.none()

    def waiting(self) -> Self:
        """Those that nobody has decided."""
        return self.filter(status=RefillRequestStatus.WAITING)

    def longest_waiting_first(self) -> Self:
        """In the order in which they should be decided."""
        return self.order_by("created_at", "id")


class RefillRequest(BaseModel):
    """One request. ``created_at`` is when the patient asked; ``renewal`` is what an approving doctor wrote."""

    Status = RefillRequestStatus

    prescription = models.ForeignKey(Prescription, models.PROTECT, related_name="refill_requests")
    patient = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    message = EncryptedTextField(null=True, blank=True, help_text="What the patient wrote.")
    status = models.CharField(max_length=10, choices=RefillRequestStatus, default=RefillRequestStatus.WAITING)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    answer = EncryptedTextField(null=True, blank=True, help_text="What the doctor wrote to the patient.")
    renewal = models.OneToOneField(Prescription, models.PROTECT, null=True, blank=True, related_name="refill_request")

    objects = RefillRequestQuerySet.as_manager()

    class Meta(BaseModel.Meta):
        db_table = "refill_requests"
        ordering = ["-created_at", "id"]
        constraints = [
            choices_constraint("status", RefillRequestStatus, name="refill_requests_status"),
            models.UniqueConstraint(
                fields=["prescription"], condition=Q(status="waiting"), name="refill_requests_one_waiting"
            ),
            models.CheckConstraint(
                name="refill_requests_decided_has_person_and_time",
                condition=Q(status__in=["approved", "declined"], decided_at__isnull=False, decided_by__isnull=False)
                | Q(status__in=["waiting", "withdrawn"], decided_by__isnull=True),
            ),
            models.CheckConstraint(
                name="refill_requests_declined_has_answer", condition=~Q(status="declined") | Q(answer__isnull=False)
            ),
            models.CheckConstraint(
                name="refill_requests_approved_has_renewal",
                condition=Q(status="approved", renewal__isnull=False)
                | (~Q(status="approved") & Q(renewal__isnull=True)),
            ),
        ]
        indexes = [
            models.Index(fields=["patient", "-created_at"], name="refill_requests_of_patient"),
            models.Index(fields=["created_at", "id"], condition=Q(status="waiting"), name="refill_requests_waiting"),
        ]

    def __str__(self) -> str:
        return f"Request of {self.created_at:%Y-%m-%d}"

    @classmethod
    @transaction.atomic
    def ask(cls, prescription: Prescription, *, by: User, message: str = "") -> "RefillRequest":
        """The patient asks for more.

        ConflictError when a request waits already, or the prescription was cancelled or is continued by another one.
        """
        if not prescription.may_be_asked_for_again:
            raise ConflictError("You cannot ask for more of this one: it was cancelled, or there is a newer one.")
        if cls.objects.visible_to(by).waiting().filter(prescription=prescription).exists():
            raise ConflictError("You have asked already. A doctor will decide about it.")
        request = cls(prescription=prescription, patient_id=prescription.patient_id, message=message.strip() or None)
        request.save(force_insert=True)
        signals.refill_asked.send(cls, request=request, by=by)
        return request

    def _locked(self) -> "RefillRequest":
        current = RefillRequest.objects.select_for_update(of=("self",), no_key=True).filter(pk=self.pk).first()
        if current is None or current.status != RefillRequestStatus.WAITING:
            raise ConflictError("This request was decided or taken back meanwhile.")
        return current

    @transaction.atomic
    def withdraw(self, *, by: User) -> None:
        """The patient takes it back. ConflictError when it was decided meanwhile."""
        current = self._locked()
        current.status = self.status = RefillRequestStatus.WITHDRAWN
        current.save(update_fields=["status"])
        signals.refill_withdrawn.send(type(self), request=self, by=by)

    @transaction.atomic
    def decline(self, *, by: User, answer: str) -> None:
        """The doctor says no, and why. ConflictError when it was decided meanwhile; ValueError without words."""
        if not answer.strip():
            raise ValueError("Say why, so that the patient knows what to do.")
        self._decide(RefillRequestStatus.DECLINED, by=by, answer=answer)

    @transaction.atomic
    def approve(self, renewal: Prescription, *, by: User, answer: str = "") -> None:
        """The doctor has written ``renewal``. ConflictError when it was decided meanwhile."""
        self._decide(RefillRequestStatus.APPROVED, by=by, answer=answer, renewal=renewal)

    def _decide(
        self, status: RefillRequestStatus, *, by: User, answer: str, renewal: Prescription | None = None
    ) -> None:
        current = self._locked()
        current.status = self.status = status
        current.decided_at = self.decided_at = timezone.now()
        current.decided_by = self.decided_by = by
        current.answer = self.answer = answer.strip() or None
        current.renewal = self.renewal = renewal
        current.save(update_fields=["status", "decided_at", "decided_by", "answer", "renewal"])
        signals.refill_decided.send(type(self), request=self, by=by)
