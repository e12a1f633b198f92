"""Authenticator apps and backup codes."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from medichat.db.base import BaseModel, choices_constraint
from medichat.db.encrypted import EncryptedTextField


class MfaTokenKind(models.TextChoices):
    """What the kind of a mfa token may be."""

    TOTP = "totp", "Authenticator app"
    BACKUP = "backup", "Backup code"


class MfaTokenQuerySet(models.QuerySet["MfaToken"]):
    """Words for queries on second factors."""

    def confirmed(self) -> Self:
        """Authenticator apps that are asked for when their owner signs in; a person has one at most."""
        return self.filter(kind=MfaTokenKind.TOTP, confirmed_at__isnull=False).order_by()

    def unconfirmed(self) -> Self:
        """Authenticator apps that are being set up; a person has one at most."""
        return self.filter(kind=MfaTokenKind.TOTP, confirmed_at__isnull=True).order_by()


class MfaToken(BaseModel):
    """A second factor: an authenticator app (secret encrypted) or one single-use backup code (hashed).

    ``secret`` is in base 32, as apps want it. The ``name`` of a backup code is its number, the first character of it.
    ``failures`` counts the wrong codes since the last right one, backup codes included; it stands on the app.
    """

    Kind = MfaTokenKind

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="mfa_tokens")
    kind = models.CharField(max_length=10, choices=MfaTokenKind)
    name = models.CharField(max_length=64, blank=True)
    secret = EncryptedTextField(null=True, blank=True)
    code_hash = models.CharField(max_length=200, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    last_step = models.BigIntegerField(default=-1, help_text="The last time step that was accepted: a code works once.")
    used_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    last_failure_at = models.DateTimeField(null=True, blank=True)

    objects = MfaTokenQuerySet.as_manager()

    class Meta(BaseModel.Meta):
        db_table = "mfa_tokens"
        verbose_name = "second factor"
        constraints = [
            choices_constraint("kind", MfaTokenKind, name="mfa_tokens_kind"),
            models.UniqueConstraint(
                name="mfa_tokens_one_app",
                fields=["user"],
                condition=Q(kind="totp", confirmed_at__isnull=False),
                violation_error_message="This person has an authenticator app already.",
            ),
            models.UniqueConstraint(
                name="mfa_tokens_one_setup",
                fields=["user"],
                condition=Q(kind="totp", confirmed_at__isnull=True),
                violation_error_message="An authenticator app is being set up already.",
            ),
            models.UniqueConstraint(
                name="mfa_tokens_backup_numbers", fields=["user", "name"], condition=Q(kind="backup")
            ),
            models.CheckConstraint(
                name="mfa_tokens_are_complete",
                condition=Q(kind="totp", secret__isnull=False) | (Q(kind="backup") & ~Q(code_hash="")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.user_id}"
