"""People who sign in."""

import uuid
from datetime import datetime
from typing import Any, ClassVar, Self

import pgtrigger
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import connection, models
from django.db.models import Q
from django.utils import timezone

from accounts import signals
from accounts.models.roles import Role
from accounts.models.sessions import Session
from medichat.db.base import ImportableModel, choices_constraint
from medichat.db.context import Role as DatabaseRole
from medichat.db.context import system
from medichat.db.encrypted import EncryptedTextField


class UserQuerySet(models.QuerySet["User"]):
    """Words for queries on people."""

    def patients(self) -> Self:
        """Everybody who is a patient."""
        return self.filter(role=Role.PATIENT)

    def doctors(self) -> Self:
        """Doctors whose licence an administrator has checked and whose account is active."""
        return self.filter(role=Role.DOCTOR, approved_at__isnull=False, is_active=True)

    def waiting_for_approval(self) -> Self:
        """Doctors who registered and have not been approved yet."""
        return self.filter(role=Role.DOCTOR, approved_at__isnull=True, is_active=True)


class UserManager(BaseUserManager["User"]):
    """Creates people; e-mail addresses are stored in lower case without surrounding blanks."""

    def get_by_natural_key(self, username: str | None) -> "User":
        """Find by e-mail address, whatever its case."""
        return self.get(email=normalise_email(username or ""))

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create a person; without a password the account cannot sign in."""
        user = self.model(email=normalise_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create an administrator (``manage.py createsuperuser``), as the system: nobody is signed in there."""
        with system():
            return self.create_user(email, password, role=Role.ADMIN, **fields)


def normalise_email(email: str) -> str:
    """The form in which addresses are stored and compared: trimmed and in lower case."""
    return email.strip().lower()


# A patient or doctor who reaches the database directly must not become somebody else.
_ROLE_GUARD = pgtrigger.Trigger(
    name="privileges_need_administration",
    when=pgtrigger.Before,
    operation=pgtrigger.Insert | pgtrigger.Update,
    func="""
        IF coalesce(current_setting('medichat.role', true), '') IN ('admin', 'system') THEN RETURN NEW; END IF;
        IF TG_OP = 'INSERT' AND (NEW.role = 'admin' OR NEW.approved_at IS NOT NULL OR NEW.legacy_id IS NOT NULL) THEN
            RAISE EXCEPTION 'only an administrator may create an administrator or approve a doctor'
                USING ERRCODE = 'insufficient_privilege';
        END IF;
        -- The licence is what an administrator has checked.
        IF TG_OP = 'UPDATE' AND (NEW.role, NEW.approved_at, NEW.approved_by_id, NEW.legacy_id, NEW.record_number)
            IS DISTINCT FROM (OLD.role, OLD.approved_at, OLD.approved_by_id, OLD.legacy_id, OLD.record_number)
            OR TG_OP = 'UPDATE' AND OLD.approved_at IS NOT NULL
               AND NEW.licence_number IS DISTINCT FROM OLD.licence_number
            OR TG_OP = 'UPDATE' AND NEW.is_active AND NOT OLD.is_active THEN
            RAISE EXCEPTION 'only an administrator may change a role, an approval or reactivate an account'
                USING ERRCODE = 'insufficient_privilege';
        END IF;
        RETURN NEW;
    """,
)


class NextRecordNumber(models.Func):
    """The next number of the sequence under which the clinic files people."""

    template = "nextval('record_numbers')"
    output_field = models.BigIntegerField()


class User(AbstractBaseUser, ImportableModel):
    """A person who may sign in: patient, doctor or administrator. Never deleted when clinical records exist.

    ``licence_number`` is unique among doctors made here; imported duplicates are kept and listed for an administrator.
    ``approved_at`` is when an administrator checked a doctor's licence; before that the doctor sees no patient data.
    """

    email = models.EmailField(
        max_length=255, unique=True, error_messages={"unique": "There is already an account with this e-mail address."}
    )
    role = models.CharField(max_length=10, choices=Role, default=Role.PATIENT)
    first_name = models.CharField(max_length=100, blank=True)
    last_name = models.CharField(max_length=100, blank=True)
    record_number = models.BigIntegerField(
        unique=True,
        db_default=NextRecordNumber(),
        editable=False,
        help_text="The number under which the clinic files this person.",
    )
    phone = EncryptedTextField(null=True, blank=True)
    date_of_birth = models.DateField(null=True, blank=True)
    specialization = models.CharField(max_length=100, null=True, blank=True)
    licence_number = models.CharField(max_length=50, null=True, blank=True)
    approved_at = models.DateTimeField(null=True, blank=True)
    approved_by = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="approved by"
    )
    on_duty = models.BooleanField(default=False, help_text="Told when an emergency waits and nobody has taken it.")
    is_active = models.BooleanField(default=True)
    deactivated_at = models.DateTimeField(null=True, blank=True)
    email_verified = models.BooleanField(default=False)
    photo_file = models.UUIDField(null=True, blank=True, editable=False, help_text="The stored file's id.")
    photo_type = models.CharField(max_length=100, null=True, blank=True, editable=False)
    photo_size = models.PositiveBigIntegerField(null=True, blank=True, editable=False)
    photo_sha256 = models.CharField(max_length=64, null=True, blank=True, editable=False)
    photo_path = EncryptedTextField(
        null=True, blank=True, editable=False, help_text="Where the previous system looked for the photo."
    )

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["first_name", "last_name"]

    objects = UserManager.from_queryset(UserQuerySet)()

    # The second factor of the session with which this person asks; set for each request (accounts.middleware).
    asks_with_second_factor: uuid.UUID | None = None

    class Meta(ImportableModel.Meta):
        db_table = "users"
        ordering = ["last_name", "first_name", "id"]
        constraints = [
            *ImportableModel.Meta.constraints,
            choices_constraint("role", Role, name="users_role"),
            models.CheckConstraint(
                name="users_email_is_lower_case",
                condition=Q(email=models.functions.Lower(models.functions.Trim("email"))),
            ),
            models.UniqueConstraint(
                name="users_licence_unique",
                fields=["licence_number"],
                condition=Q(role="doctor", legacy_id__isnull=True, licence_number__isnull=False),
                violation_error_message="There is already a doctor with this licence number.",
            ),
            models.CheckConstraint(
                name="users_doctors_are_complete",
                condition=~Q(role="doctor")
                | Q(legacy_id__isnull=False)
                | Q(specialization__isnull=False, licence_number__isnull=False),
                violation_error_message="A doctor needs a specialization and a licence number.",
            ),
            models.CheckConstraint(
                name="users_born_after_1880",
                condition=Q(date_of_birth__isnull=True) | Q(date_of_birth__gt="1880-01-01"),
            ),
            models.CheckConstraint(
                name="users_stored_photo_is_complete",
                condition=Q(photo_file__isnull=True)
                | Q(photo_type__isnull=False, photo_size__gt=0, photo_sha256__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["role", "last_name", "first_name", "id"], name="users_by_role_and_name"),
            models.Index(fields=["approved_at"], condition=Q(role="doctor"), name="users_doctors_by_approval"),
        ]
        triggers = [
            *ImportableModel.Meta.triggers,
            _ROLE_GUARD,
        ]

    def __str__(self) -> str:
        return self.get_full_name() or self.email

    def clean(self) -> None:
        """Store the address in its one form; empty doctor fields are unknown, not empty."""
        super().clean()
        self.email = normalise_email(self.email)
        self.specialization = self.specialization or None
        self.licence_number = self.licence_number or None

    def get_full_name(self) -> str:
        """First and last name, or nothing when both are unknown."""
        return f"{self.first_name} {self.last_name}".strip()

    def get_short_name(self) -> str:
        """The name used in greetings."""
        return self.first_name or self.email

    @property
    def is_patient(self) -> bool:
        """Whether this person is a patient."""
        return self.role == Role.PATIENT

    @property
    def is_administrator(self) -> bool:
        """Whether this person is an active administrator."""
        return self.role == Role.ADMIN and self.is_active

    @property
    def is_approved(self) -> bool:
        """Whether this is a doctor whose licence has been checked."""
        return self.role == Role.DOCTOR and self.approved_at is not None and self.is_active

    @property
    def database_role(self) -> DatabaseRole:
        """The role of this person's database context; an unapproved doctor or a deactivated account has none."""
        if not self.is_active:
            return ""
        if self.role == Role.DOCTOR:
            return "doctor" if self.is_approved else ""
        return "admin" if self.role == Role.ADMIN else "patient"

    def is_verified(self) -> bool:
        """Whether the session of this request was opened with a second factor (what django-otp's admin site asks)."""
        return self.asks_with_second_factor is not None

    @property
    def is_staff(self) -> bool:
        """The admin site is for administrators."""
        return self.is_administrator

    @property
    def is_superuser(self) -> bool:
        """Administrators may do everything the admin site offers; it has no finer permissions."""
        return self.is_administrator

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """What the admin site asks before it shows or changes something."""
        return self.is_administrator

    def has_perms(self, perm_list: Any, obj: object = None) -> bool:
        """See ``has_perm``."""
        return self.is_administrator

    def has_module_perms(self, app_label: str) -> bool:
        """See ``has_perm``."""
        return self.is_administrator

    def age(self, on: datetime | None = None) -> int | None:
        """Completed years of life on the day, or None when the birth date is unknown."""
        if self.date_of_birth is None:
            return None
        day = timezone.localdate(on) if on else timezone.localdate()
        born = self.date_of_birth
        return day.year - born.year - ((day.month, day.day) < (born.month, born.day))

    def approve(self, *, by: "User") -> None:
        """An administrator has checked the licence: from now on this doctor may see patient data.

        Raises ValueError when this is no doctor.
        """
        if self.role != Role.DOCTOR:
            raise ValueError("Only doctors are approved.")
        self.approved_at = timezone.now()
        self.approved_by = by
        self.save(update_fields=["approved_at", "approved_by"])
        signals.approved.send(type(self), user=self, by=by)

    def withdraw_approval(self, *, by: "User") -> None:
        """Take the approval back; patient data is out of reach at the next request."""
        self.approved_at = None
        self.approved_by = None
        self.save(update_fields=["approved_at", "approved_by"])
        signals.approval_withdrawn.send(type(self), user=self, by=by)

    def deactivate(self, *, by: "User | None") -> None:
        """End the account and every session of it; nothing clinical is deleted. ``by`` None is the system."""
        self.is_active = False
        self.deactivated_at = timezone.now()
        self.save(update_fields=["is_active", "deactivated_at"])
        Session.objects.filter(user=self).running().end(reason="account deactivated")
        signals.deactivated.send(type(self), user=self, by=by)

    def delete_if_unused(self, *, by: "User") -> bool:
        """Delete an account that never had any clinical record; returns whether it did, else nothing has changed.

        What counts as a record is said by the database (``delete_unused_account``): every row that names the person
        and is more than the account itself. ``by`` is the administrator in whose context this runs.
        """
        with connection.cursor() as cursor:
            cursor.execute("SELECT delete_unused_account(%s)", [self.pk])
            (gone,) = cursor.fetchone()
        if gone:
            signals.deleted.send(type(self), user=self, by=by)
        return bool(gone)

    def reactivate(self, *, by: "User") -> None:
        """Let the person sign in again."""
        self.is_active = True
        self.deactivated_at = None
        self.save(update_fields=["is_active", "deactivated_at"])
        signals.reactivated.send(type(self), user=self, by=by)
