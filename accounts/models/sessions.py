"""Signed-in devices: browsers and API clients."""

import hashlib
from datetime import timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models.roles import Role
from medichat.db.base import BaseModel, choices_constraint

ACTIVITY_WRITTEN_EVERY = timedelta(minutes=1)


class SessionQuerySet(models.QuerySet["Session"]):
    """Words for queries on sessions."""

    def running(self) -> Self:
        """Neither ended nor past their absolute end; they may have been idle for too long."""
        return self.filter(revoked_at__isnull=True, expires_at__gt=timezone.now())

    def signed_in(self) -> Self:
        """Not between the password and the second step."""
        return self.filter(awaits_second_factor=False)

    def active_lately(self) -> Self:
        """Not idle for longer than ``SESSION_TIMEOUT_MINUTES``."""
        return self.filter(last_active_at__gt=timezone.now() - timedelta(minutes=settings.SESSION_TIMEOUT_MINUTES))

    def in_use(self) -> Self:
        """Running, signed in, and not idle for too long: of patients' own API clients nobody expects that."""
        idle_since = timezone.now() - timedelta(minutes=settings.SESSION_TIMEOUT_MINUTES)
        may_idle = Q(kind=SessionKind.API, user__role=Role.PATIENT)
        return self.running().signed_in().filter(may_idle | Q(last_active_at__gt=idle_since))

    def end(self, *, reason: str) -> int:
        """End them all now; returns how many."""
        return self.update(revoked_at=timezone.now(), revoked_reason=reason)


class SessionKind(models.TextChoices):
    """What the kind of a session may be."""

    BROWSER = "browser", "Browser"
    API = "api", "App or API client"


class Session(BaseModel):
    """A signed-in device: a browser or an API client. The key itself is never stored, only its SHA-256.

    Anonymous browsers have no row. ``expires_at`` is the absolute end; the idle limit counts from ``last_active_at``.
    ``second_factor`` is the authenticator app with which it was opened; between the password and the code a browser's
    session ``awaits_second_factor`` and gives no rights (see ``accounts.second_factor.is_missing``).
    """

    Kind = SessionKind

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="sessions")
    kind = models.CharField(max_length=10, choices=SessionKind, default=SessionKind.BROWSER)
    key_hash = models.CharField(max_length=64, unique=True, editable=False)
    refresh_hash = models.CharField(max_length=64, unique=True, null=True, editable=False)
    data = models.TextField(blank=True, editable=False)
    device = models.CharField(max_length=300, blank=True)
    address = models.GenericIPAddressField(null=True, blank=True)
    awaits_second_factor = models.BooleanField(default=False, db_default=False, editable=False)
    second_factor = models.ForeignKey(
        "accounts.MfaToken", models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    last_active_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_reason = models.CharField(max_length=100, blank=True)

    objects = SessionQuerySet.as_manager()

    class Meta(BaseModel.Meta):
        db_table = "sessions"
        ordering = ["-last_active_at"]
        constraints = [choices_constraint("kind", SessionKind, name="sessions_kind")]
        indexes = [
            models.Index(fields=["user", "-last_active_at"], name="sessions_of_user"),
            models.Index(fields=["expires_at"], name="sessions_by_end"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} session {self.pk}"

    def note_activity(self) -> None:
        """The person did something: the idle limit counts from now. Written once a minute at most."""
        now = timezone.now()
        if self.last_active_at < now - ACTIVITY_WRITTEN_EVERY:
            Session.objects.filter(pk=self.pk, last_active_at__lt=now).update(last_active_at=now)

    @staticmethod
    def hash_of(key: str) -> str:
        """What is stored of a session key: its SHA-256, in hexadecimal digits."""
        return hashlib.sha256(key.encode()).hexdigest()
