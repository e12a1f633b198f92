"""Who may care for whom: the one table that row-level security reads."""

import uuid
from datetime import timedelta
from typing import Any, Self

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Length, Trim
from django.db.models.lookups import GreaterThanOrEqual
from django.utils import timezone

from accounts.models import User
from medichat.db.base import BaseModel, choices_constraint


class CareRelationQuerySet(models.QuerySet["CareRelation"]):
    """Words for queries on relations."""

    def in_force(self) -> Self:
        """Begun and not ended."""
        now = timezone.now()
        return self.filter(Q(valid_until__isnull=True) | Q(valid_until__gt=now), valid_from__lte=now)

    def of_doctor(self, doctor: User) -> Self:
        """This doctor's own relations, without the cases that wait for anybody."""
        return self.filter(doctor=doctor)

    def open_to_all(self) -> Self:
        """Cases that wait, or waited, for any approved doctor."""
        return self.filter(doctor__isnull=True)

    def still_open(self) -> Self:
        """Cases that wait for any approved doctor now: they have no end until somebody takes them."""
        return self.open_to_all().filter(valid_until__isnull=True)

    def visible_to(self, user: User) -> Self:
        """Patients see who may see them, doctors their own relations and the open cases, administrators all."""
        match user.database_role:
            case "admin":
                return self.all()
            case "doctor":
                return self.filter(Q(doctor=user) | Q(doctor__isnull=True))
            case "patient":
                return self.filter(patient=user)
            case _:
                return self.none()

    def end(self) -> int:
        """End them now; returns how many."""
        return self.update(valid_until=timezone.now())


class CareRelationKind(models.TextChoices):
    """What the kind of a care relation may be."""

    WAITING = "waiting", "Case waits for a doctor"
    CLAIMED = "claimed", "Took the case"
    ANSWERED = "answered", "Answered a case"
    ASSIGNED = "assigned", "Regular doctor"
    BREAK_GLASS = "break_glass", "Emergency access with a reason"


class EmergencyReason(models.TextChoices):
    """Why a doctor opens a chart without a relation to the patient; the patient is told which of these it was."""

    DANGER = "danger", "The patient is in danger and cannot wait"
    UNABLE = "unable", "The patient cannot speak for themselves"
    COVERING = "covering", "The doctor who treats the patient cannot be reached"
    ASKED = "asked", "The patient is here and has asked for it"
    OTHER = "other", "Another urgent reason"


# What a doctor may not write more of, or less of, than this, whatever the way to the database.
LONGEST_EMERGENCY_ACCESS = timedelta(hours=4)
SHORTEST_REASON = 10


class CareRelation(BaseModel):
    """A doctor (or any approved doctor, while a case waits) may see a patient's data, for a reason and a time.

    ``case_id`` names the conversation that is the reason, where there is one. ``doctor`` NULL means any approved
    doctor. ``emergency_reason`` and ``administrators_told_at`` belong to emergency access alone.
    """

    Kind = CareRelationKind

    patient = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="care_relations")
    doctor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="patients_cared_for"
    )
    case_id = models.UUIDField(null=True, blank=True, editable=False)
    kind = models.CharField(max_length=20, choices=CareRelationKind)
    reason = models.CharField(max_length=500, blank=True)
    emergency_reason = models.CharField(max_length=20, choices=EmergencyReason, blank=True, db_default="", default="")
    administrators_told_at = models.DateTimeField(null=True, blank=True, editable=False)
    valid_from = models.DateTimeField(default=timezone.now)
    valid_until = models.DateTimeField(null=True, blank=True)

    objects = CareRelationQuerySet.as_manager()

    class Meta(BaseModel.Meta):
        db_table = "care_relations"
        ordering = ["-valid_from"]
        constraints = [
            choices_constraint("kind", CareRelationKind, name="care_relations_kind"),
            models.CheckConstraint(
                name="care_relations_ends_after_begin",
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=models.F("valid_from")),
            ),
            models.CheckConstraint(
                name="care_relations_only_waiting_is_open_to_all",
                condition=Q(doctor__isnull=False) | Q(kind="waiting", case_id__isnull=False),
            ),
            models.CheckConstraint(
                name="care_relations_break_glass_has_reason_and_end",
                condition=~Q(kind="break_glass")
                | (
                    Q(valid_until__isnull=False)
                    & ~Q(emergency_reason="")
                    & Q(GreaterThanOrEqual(Length(Trim("reason")), SHORTEST_REASON))
                ),
                violation_error_message=f"Emergency access needs a kind of reason, a reason of {SHORTEST_REASON} "
                "characters at least, and an end.",
            ),
            models.CheckConstraint(
                name="care_relations_break_glass_is_short",
                condition=~Q(kind="break_glass")
                | Q(valid_until__lte=models.F("valid_from") + LONGEST_EMERGENCY_ACCESS),
                violation_error_message="Emergency access lasts four hours at most.",
            ),
            models.CheckConstraint(
                name="care_relations_emergency_reason", condition=Q(emergency_reason__in=["", *EmergencyReason.values])
            ),
            models.UniqueConstraint(
                name="care_relations_once",
                fields=["patient", "doctor", "kind", "case_id"],
                condition=Q(valid_until__isnull=True),
                nulls_distinct=False,
            ),
        ]
        indexes = [
            models.Index(fields=["doctor", "patient"], name="care_relations_of_doctor"),
            models.Index(fields=["patient", "doctor"], name="care_relations_of_patient"),
            models.Index(fields=["case_id"], name="care_relations_of_case"),
            models.Index(
                fields=["doctor", "valid_until"],
                condition=Q(kind="break_glass"),
                name="care_relations_emergencies",
            ),
            # Every case waited once, few wait now: these stay small while the others grow for ever.
            models.Index(
                fields=["patient"],
                condition=Q(doctor__isnull=True, valid_until__isnull=True),
                name="care_relations_open_patients",
            ),
            models.Index(
                fields=["case_id"],
                condition=Q(doctor__isnull=True, valid_until__isnull=True),
                name="care_relations_open_cases",
            ),
        ]
        triggers = [
            *BaseModel.Meta.triggers,
            # A policy on this table cannot look into this table, nor at the row as it was; a trigger can.
            pgtrigger.Trigger(
                name="doctors_may_not_help_themselves",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                declare=[
                    ("acting", "text := coalesce(current_setting('medichat.role', true), '')"),
                    ("grounds", "text[]"),
                ],
                func="""
                    IF acting IN ('admin', 'system') THEN RETURN NEW; END IF;
                    IF TG_OP = 'UPDATE' THEN
                        -- A relation can be ended, earlier than it would, and nothing else.
                        IF (NEW.id, NEW.patient_id, NEW.doctor_id, NEW.case_id, NEW.kind, NEW.valid_from,
                            NEW.emergency_reason, NEW.administrators_told_at)
                            IS DISTINCT FROM
                            (OLD.id, OLD.patient_id, OLD.doctor_id, OLD.case_id, OLD.kind, OLD.valid_from,
                            OLD.emergency_reason, OLD.administrators_told_at)
                            OR (OLD.valid_until IS NOT NULL
                                AND (NEW.valid_until IS NULL OR NEW.valid_until > OLD.valid_until))
                            OR (NEW.reason IS DISTINCT FROM OLD.reason AND OLD.doctor_id IS NOT NULL) THEN
                            RAISE EXCEPTION 'a relation can only be ended'
                                USING ERRCODE = 'insufficient_privilege';
                        END IF;
                        IF acting <> 'doctor' OR OLD.doctor_id IS NOT NULL THEN RETURN NEW; END IF;
                        grounds := ARRAY['claimed'];  -- who has taken a case ends its waiting
                    ELSE
                        IF acting <> 'doctor' THEN RETURN NEW; END IF;
                        IF NEW.kind = 'break_glass' THEN
                            -- A later beginning would be a later end, and the periodic work must still tell of it.
                            IF NEW.valid_from > clock_timestamp() + interval '1 minute'
                               OR NEW.administrators_told_at IS NOT NULL THEN
                                RAISE EXCEPTION 'break-glass access begins now, and others are told of it'
                                    USING ERRCODE = 'insufficient_privilege';
                            END IF;
                            RETURN NEW;
                        END IF;
                        grounds := CASE NEW.kind
                            WHEN 'claimed' THEN ARRAY['waiting']
                            WHEN 'answered' THEN ARRAY['claimed']
                            WHEN 'waiting' THEN ARRAY['claimed']  -- given back
                            ELSE ARRAY[]::text[]  -- only an administrator assigns
                        END;
                    END IF;
                    IF EXISTS (
                        SELECT FROM care_relations r
                        WHERE r.patient_id = NEW.patient_id AND r.case_id = NEW.case_id AND r.kind = ANY (grounds)
                          AND (r.doctor_id IS NULL
                               OR r.doctor_id = nullif(current_setting('medichat.user_id', true), '')::uuid)
                          AND (r.valid_until IS NULL OR r.valid_until > now())
                    ) THEN RETURN NEW; END IF;
                    RAISE EXCEPTION 'a doctor without a waiting or claimed case needs break-glass access'
                        USING ERRCODE = 'insufficient_privilege';
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.patient_id}"


def open_case(*, patient_id: uuid.UUID, case_id: uuid.UUID) -> None:
    """Let any approved doctor see a waiting case with the chart that belongs to it. Safe to call again."""
    CareRelation.objects.bulk_create(
        [CareRelation(patient_id=patient_id, case_id=case_id, kind=CareRelation.Kind.WAITING)], ignore_conflicts=True
    )


def take_case(*, patient_id: uuid.UUID, case_id: uuid.UUID, doctor: User) -> None:
    """The doctor has claimed the case: theirs now, and no longer open to all, who may know who has it."""
    relation = CareRelation(patient_id=patient_id, case_id=case_id, doctor=doctor, kind=CareRelation.Kind.CLAIMED)
    CareRelation.objects.bulk_create([relation], ignore_conflicts=True)
    CareRelation.objects.filter(case_id=case_id).open_to_all().in_force().update(
        valid_until=timezone.now(), reason=f"Taken by {doctor.get_full_name() or 'another doctor'}"
    )


def who_has_taken(case_id: uuid.UUID) -> str | None:
    """What became of a case that waited for any doctor: 'Taken by ...'; None when it never did or still waits."""
    relations = CareRelation.objects.filter(case_id=case_id).open_to_all().order_by("-valid_from")
    latest = relations.first()
    if latest is None or latest.valid_until is None:
        return None
    return latest.reason or "Taken by another doctor"


def give_back_case(*, patient_id: uuid.UUID, case_id: uuid.UUID, doctor: User) -> None:
    """The doctor released the case: it waits for any approved doctor again."""
    open_case(patient_id=patient_id, case_id=case_id)
    CareRelation.objects.of_doctor(doctor).filter(case_id=case_id, kind=CareRelation.Kind.CLAIMED).in_force().end()


def keep_as_answered(*, patient_id: uuid.UUID, case_id: uuid.UUID, doctor: User) -> None:
    """The doctor answered: the relation lasts, so that follow-up is possible."""
    relation = CareRelation(patient_id=patient_id, case_id=case_id, doctor=doctor, kind=CareRelation.Kind.ANSWERED)
    CareRelation.objects.bulk_create([relation], ignore_conflicts=True)
    CareRelation.objects.of_doctor(doctor).filter(case_id=case_id, kind=CareRelation.Kind.CLAIMED).in_force().end()


def cares_for(doctor: User, *, patient: str = "patient_id", without: CareRelationKind | None = None) -> Exists:
    """The condition that the doctor has a relation in force with the patient named by this column.

    Relations of the kind ``without`` do not count. EXISTS and not IN, for the reason that is given in
    ``medichat.db.policies.my_patient``.
    """
    mine = CareRelation.objects.of_doctor(doctor).in_force().filter(patient_id=OuterRef(patient))
    if without:
        mine = mine.exclude(kind=without)
    return Exists(mine.order_by())


class CarersOnlyQuerySet(models.QuerySet[Any]):
    """Words for queries on rows that are for those who treat the patient, and never for the patient."""

    def visible_to(self, user: User) -> Self:
        """Doctors with a relation in force, and administrators; no patient."""
        match user.database_role:
            case "admin":
                return self.all()
            case "doctor":
                return self.filter(cares_for(user))
            case _:
                return self.none()


def waits_for_anybody(*, patient: str = "patient_id", case: str = "") -> Exists:
    """The condition that a case of the patient named by this column waits for any approved doctor.

    With ``case`` it is the very case named by that column.
    """
    waiting = CareRelation.objects.still_open().filter(patient_id=OuterRef(patient))
    if case:
        waiting = waiting.filter(case_id=OuterRef(case))
    return Exists(waiting.order_by())


def visible_patients(user: User) -> Q:
    """The condition on ``patient_id`` for chart entries that this person may see (the ORM's half of the two locks)."""
    match user.database_role:
        case "admin":
            return Q()
        case "patient":
            return Q(patient_id=user.pk)
        case "doctor":
            return Q(waits_for_anybody() | cares_for(user))
        case _:
            return Q(pk__in=[])
