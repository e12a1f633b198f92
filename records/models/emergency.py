"""Emergency access: a doctor opens a chart without a relation, for a reason and a short time, and others hear of it."""

import uuid
from datetime import date, datetime, timedelta
from typing import ClassVar, Self

from django.conf import settings
from django.db import connection, models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from accounts.models import User
from medichat.db.base import BaseModel, choices_constraint
from medichat.db.encrypted import EncryptedTextField
from records import signals
from records.models.care import CareRelation, CareRelationQuerySet, EmergencyReason


class EmergencyAccessQuerySet(CareRelationQuerySet):
    """Words for queries on emergency accesses."""

    def to_be_reviewed(self) -> Self:
        """Nobody has judged them yet."""
        return self.filter(~Exists(EmergencyReview.objects.filter(relation=OuterRef("pk"))))

    def untold(self) -> Self:
        """The administrators have not been told of them yet."""
        return self.filter(administrators_told_at__isnull=True)


class EmergencyAccessManager(models.Manager.from_queryset(EmergencyAccessQuerySet)):  # type: ignore[misc]  # made by Django
    """Of all relations those by emergency access."""

    def get_queryset(self) -> EmergencyAccessQuerySet:
        """Without the others."""
        accesses: EmergencyAccessQuerySet = super().get_queryset()
        return accesses.filter(kind=CareRelation.Kind.BREAK_GLASS)


class EmergencyAccess(CareRelation):
    """A relation that a doctor made by breaking the glass."""

    objects: ClassVar[EmergencyAccessManager] = EmergencyAccessManager()

    class Meta:
        proxy = True
        verbose_name = "emergency access"
        verbose_name_plural = "emergency accesses"
        ordering = ["-valid_from"]

    def __str__(self) -> str:
        return f"Emergency access of {timezone.localtime(self.valid_from):%d-%b-%Y %H:%M}"

    @property
    def minutes_left(self) -> int:
        """Whole minutes until it ends, rounded up; 0 when it has ended."""
        if self.valid_until is None:
            return 0
        return max(0, -((timezone.now() - self.valid_until) // timedelta(minutes=1)))

    def end_early(self, *, by: User) -> bool:
        """The doctor needs it no more. Returns whether it was in force until now."""
        ended = type(self).objects.filter(pk=self.pk, doctor=by).in_force().end()
        if ended:
            signals.emergency_access_ended.send(type(self), access=self, by=by)
        return bool(ended)


class EmergencyVerdict(models.TextChoices):
    """What an administrator thinks of an emergency access."""

    JUSTIFIED = "justified", "Justified"
    QUESTIONED = "questioned", "To be talked about with the doctor"
    UNJUSTIFIED = "unjustified", "Not justified"


class EmergencyReview(BaseModel):
    """An administrator has looked at an emergency access and judged it, once."""

    Verdict = EmergencyVerdict

    relation = models.OneToOneField(CareRelation, models.PROTECT, related_name="review", verbose_name="access")
    patient = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    reviewed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=20, choices=EmergencyVerdict)
    note = EncryptedTextField(null=True, blank=True, help_text="What was found out, and what follows from it.")

    class Meta(BaseModel.Meta):
        db_table = "emergency_reviews"
        verbose_name = "review of an emergency access"
        verbose_name_plural = "reviews of emergency accesses"
        constraints = [choices_constraint("verdict", EmergencyVerdict, name="emergency_reviews_verdict")]

    def __str__(self) -> str:
        return self.get_verdict_display()


def break_glass(
    *, patient_id: uuid.UUID, doctor: User, kind_of_reason: EmergencyReason, reason: str, until: datetime | None = None
) -> EmergencyAccess:
    """Open a chart without a relation until a time, by default for ``BREAK_GLASS_MINUTES``.

    The database refuses a reason that is too short, no kind of reason, and more than four hours (IntegrityError).
    """
    now = timezone.now()
    access: EmergencyAccess = EmergencyAccess.objects.create(
        patient_id=patient_id,
        doctor=doctor,
        kind=CareRelation.Kind.BREAK_GLASS,
        emergency_reason=kind_of_reason,
        reason=reason,
        valid_from=now,
        valid_until=until or now + timedelta(minutes=settings.BREAK_GLASS_MINUTES),
    )
    return access


def patient_in_emergency(record_number: int, born: date) -> uuid.UUID | None:
    """The patient with this record number and date of birth, for a doctor who may not see them yet; else None."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT patient_in_emergency(%s, %s)", [record_number, born])
        found: uuid.UUID | None = cursor.fetchone()[0]
    return found


def access_in_force(doctor: User, patient_id: uuid.UUID) -> EmergencyAccess | None:
    """The emergency access that the doctor has to this patient now: the one that lasts longest."""
    accesses = EmergencyAccess.objects.of_doctor(doctor).in_force().filter(patient_id=patient_id)
    found: EmergencyAccess | None = accesses.order_by("-valid_until").first()
    return found


def only_in_emergency(doctor: User) -> frozenset[uuid.UUID]:
    """The patients whom the doctor may see now by emergency access and for no other reason."""
    others = (
        CareRelation.objects.filter(Q(doctor=doctor) | Q(doctor__isnull=True))
        .in_force()
        .exclude(kind=CareRelation.Kind.BREAK_GLASS)
        .filter(patient_id=OuterRef("patient_id"))
    )
    accesses = EmergencyAccess.objects.of_doctor(doctor).in_force().filter(~Exists(others))
    return frozenset(accesses.order_by().values_list("patient_id", flat=True))
