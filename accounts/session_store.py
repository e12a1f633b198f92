"""Browser sessions in the table ``sessions`` (settings.SESSION_ENGINE).

The cookie holds a key of 256 random bits; the row holds only its SHA-256. Only signed-in people have a row: an
anonymous visitor's session stays empty and sets no cookie. Row-level security lets a request open exactly the row whose
key it brings, so whoever calls ``load`` has named the key in the database context (see ``accounts.middleware``).
"""

import secrets
import uuid
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.db import models
from django.utils import timezone

from accounts.models import Session, User
from medichat.db.context import acting, system

BETWEEN_THE_STEPS = timedelta(minutes=10)
ENDED_ROWS_KEPT = timedelta(days=30)


class _OwnerBecomesContext(models.Func):
    """In the select list: the row that was found makes its owner the person of the database context."""

    template = "set_config('medichat.user_id', (%(expressions)s)::text, true)"
    output_field = models.TextField()


class SessionStore(SessionBase):
    """One browser's session. ``device`` and ``address`` are stored when it begins, and how far signing in has come.

    ``second_factor_id`` is the authenticator app with which it was opened and stays when the key changes.
    ``awaits_second_factor`` says that only the password was right so far: such a session lasts ten minutes.
    """

    def __init__(self, session_key: str | None = None, *, device: str = "", address: str | None = None) -> None:
        super().__init__(session_key)
        self.device = device
        self.address = address
        self.row: Session | None = None
        self.second_factor_id: uuid.UUID | None = None
        self.awaits_second_factor = False

    def load(self) -> dict[str, Any]:
        """What the session holds; empty, and without a key, when it has ended or never was.

        It has ended when it was revoked, is older than the absolute limit, or was idle for too long. Afterwards the
        database context names the owner.
        """
        found = (
            Session.objects.running()
            .active_lately()
            .filter(kind=Session.Kind.BROWSER, key_hash=Session.hash_of(self.session_key or ""))
        )
        self.row = found.annotate(owner=_OwnerBecomesContext("user_id")).order_by().first()
        if self.row is None:
            self._session_key = None
            return {}
        self.second_factor_id = self.row.second_factor_id
        self.awaits_second_factor = self.row.awaits_second_factor
        content: dict[str, Any] = self.decode(self.row.data)
        return content

    def create(self) -> None:
        """Take a new key; the row is written by ``save``, when somebody has signed in."""
        self._session_key = secrets.token_urlsafe(32)
        self.row = None
        self.modified = True

    def save(self, must_create: bool = False) -> None:
        """Write the row of the signed-in person. Raises RuntimeError when nobody is signed in."""
        content = self._get_session(no_load=must_create)  # type: ignore[attr-defined]  # missing in the stubs
        if SESSION_KEY not in content:
            raise RuntimeError("Only people who have signed in have a session; keep this in a form or a cookie.")
        if self.session_key is None:
            self.create()
        data = self.encode(content)
        if self.row is not None and not must_create:
            Session.objects.filter(pk=self.row.pk).update(data=data)
            return
        now = timezone.now()
        lasts = BETWEEN_THE_STEPS if self.awaits_second_factor else timedelta(hours=settings.SESSION_ABSOLUTE_HOURS)
        self.row = Session.objects.create(
            user_id=content[SESSION_KEY],
            key_hash=Session.hash_of(self.session_key or ""),
            data=data,
            device=self.device[:300],
            address=self.address,
            awaits_second_factor=self.awaits_second_factor,
            second_factor_id=self.second_factor_id,
            last_active_at=now,
            expires_at=now + lasts,
        )

    def flush(self) -> None:
        """End it; what begins next has passed no step."""
        super().flush()
        self.second_factor_id = None
        self.awaits_second_factor = False

    def exists(self, session_key: str) -> bool:
        """No key is ever made twice: 256 random bits."""
        return False

    def delete(self, session_key: str | None = None) -> None:
        """End the session; its row stays for a while, so that people see where they were signed in."""
        key = session_key or self.session_key
        if key:
            Session.objects.filter(key_hash=Session.hash_of(key), revoked_at__isnull=True).end(reason="signed out")

    def note_activity(self) -> None:
        """The person did something: the idle limit counts from now."""
        if self.row is not None:
            self.row.note_activity()

    @classmethod
    def clear_expired(cls) -> None:
        """Delete rows that ended a month ago (``manage.py clearsessions`` and the periodic work)."""
        with system():
            Session.objects.filter(expires_at__lt=timezone.now() - ENDED_ROWS_KEPT).delete()


def owner_of_session_that_ran_out(key: str) -> User | None:
    """Whose session this key opened until it was idle for too long or had lasted too long, today; else None.

    It opens nothing any more. A session that somebody ended, or whose second step was not passed, names nobody.
    """
    with acting(role="sign_in", sign_in_key=Session.hash_of(key)):
        ended = Session.objects.signed_in().filter(
            kind=Session.Kind.BROWSER,
            key_hash=Session.hash_of(key),
            revoked_at__isnull=True,
            last_active_at__gt=timezone.now() - timedelta(hours=settings.SESSION_ABSOLUTE_HOURS),
        )
        session = ended.exclude(pk__in=Session.objects.running().active_lately().values("pk")).order_by().first()
    if session is None:
        return None
    with acting(role="sign_in", user_id=session.user_id):
        return User.objects.filter(pk=session.user_id, is_active=True).order_by().first()
