"""Access and refresh tokens of API clients. Each belongs to a row of ``sessions`` and dies with it.

An access token names its session and owner and lives an hour. A refresh token is used once: it is exchanged for the
next pair, and who uses an old one (a thief, or the owner after a thief) ends the session. A token is for this
installation alone (its audience is ``PUBLIC_URL``), also where somebody has given another one the same keys. Nothing in
it needs to be believed beyond that: person, role and session are read from the database at every request.
"""

import secrets
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import Token

from accounts import second_factor, signals
from accounts.models import MfaToken, Role, Session, SessionQuerySet, User
from medichat.db.context import Role as DatabaseRole
from medichat.db.context import acting, switch_to

ALGORITHM = "HS256"
ENDED = "Your session has ended. Please sign in again."
SESSION, PERSON, ROLE = "sid", "userId", "role"


class InvalidTokenError(Exception):
    """The token is none of ours, has expired, or its session has ended. The message says no more than that."""


class AccessToken(Token):
    """What a client sends with every request. Existing clients may read ``userId`` and ``role``; nobody here does."""

    token_type = "access"  # noqa: S105  # nosec B105  # the name of a kind
    lifetime = timedelta(seconds=settings.JWT_EXPIRES_IN)
    token_backend = TokenBackend(ALGORITHM, settings.JWT_SECRET, audience=settings.PUBLIC_URL)


class RefreshToken(Token):
    """What a client exchanges for the next pair; its ``jti`` is 256 random bits of which the session keeps a hash."""

    token_type = "refresh"  # noqa: S105  # nosec B105  # the name of a kind
    lifetime = timedelta(seconds=settings.REFRESH_TOKEN_EXPIRES_IN)
    token_backend = TokenBackend(ALGORITHM, settings.REFRESH_TOKEN_SECRET, audience=settings.PUBLIC_URL)

    def set_jti(self) -> None:
        """Not to be guessed, whatever becomes of the signing key."""
        self.payload["jti"] = secrets.token_urlsafe(32)


@dataclass(frozen=True)
class Tokens:
    """What a client gets when it signs in or refreshes; ``expires_in`` is the access token's life in seconds."""

    access: str
    refresh: str
    expires_in: int


def longest_session(user: User) -> timedelta:
    """A patient may stay signed in on an own device for days; who sees others' data no longer than in a browser."""
    if user.role == Role.PATIENT:
        return timedelta(seconds=settings.REFRESH_TOKEN_EXPIRES_IN)
    return timedelta(hours=settings.SESSION_ABSOLUTE_HOURS)


def begin_session(user: User, *, device: str, address: str | None, with_factor: MfaToken | None = None) -> Tokens:
    """Sign the person in on a new API client, ``with_factor`` after a second step; the database context becomes theirs.

    Without a second factor that is required the session gives no rights (see ``second_factor.is_missing``).
    Raises InvalidTokenError when the account was deactivated or its password changed while the steps were checked.
    """
    # Locked: who ends an account, or its sessions, at this moment waits for this session and ends it too.
    switch_to(role="sign_in", user_id=user.pk)
    found = User.objects.select_for_update().filter(pk=user.pk, is_active=True).order_by().first()
    if found is None or found.password != user.password:
        switch_to(role="")
        raise InvalidTokenError(ENDED)
    now = timezone.now()
    session = Session(
        second_factor=with_factor,
        user=user,
        kind=Session.Kind.API,
        # Only browsers open a session by a key; the column is unique, so this one opens nothing.
        key_hash=Session.hash_of(secrets.token_urlsafe(32)),
        device=device[:300],
        address=address,
        last_active_at=now,
        expires_at=now + longest_session(user),
    )
    _act_as_owner_of(session)
    tokens = _next_pair(session)
    session.save(force_insert=True)
    user.last_login = now
    user.save(update_fields=["last_login"])
    signals.signed_in.send(User, user=user, session=session)
    return tokens


def token_in(header: str) -> str:
    """The access token in an ``Authorization`` header; '' when it holds none.

    The previous system took a token without ``Bearer`` before it where it only said whose it is.
    """
    kind, _, token = header.partition(" ")
    if not token:
        return kind
    return token.strip() if kind.lower() == "bearer" else ""


def session_named_by(header: str) -> str:
    """The id of the session whose access token stands in this header, '' without one; it may have ended."""
    try:
        return str(_named_by(AccessToken(cast(Any, token_in(header))))[0])
    except TokenError:
        return ""


def person_named_by(header: str) -> str:
    """The id of the person whose access token stands in this header, '' without one; their session may have ended."""
    try:
        return str(_named_by(AccessToken(cast(Any, token_in(header))))[1]) if header else ""
    except TokenError:
        return ""


def open_session(access_token: str) -> Session:
    """The running session of an access token with its owner loaded; the database context becomes the owner's.

    Raises InvalidTokenError, and leaves the context without rights.
    """
    try:
        session_id, user_id = _named_by(AccessToken(cast(Any, access_token)))
    except TokenError:
        raise InvalidTokenError(ENDED) from None
    return open_session_of(user_id, session_id)


def open_session_of(user_id: uuid.UUID, session_id: uuid.UUID) -> Session:
    """The same from ids that came in something that we signed."""
    switch_to(role="", user_id=user_id)
    session = _running(session_id, user_id).first()
    if session is None or not session.user.is_active:
        switch_to(role="")
        raise InvalidTokenError(ENDED)
    _act_as_owner_of(session)
    return session


def refresh(refresh_token: str) -> Tokens:
    """Exchange a refresh token for the next pair. The session is locked, so that a token used twice works once.

    Raises InvalidTokenError. A token that was used before has then ended its session: the caller must not roll back.
    """
    try:
        token = RefreshToken(cast(Any, refresh_token))
        session_id, user_id = _named_by(token)
    except TokenError:
        raise InvalidTokenError("This refresh token is not valid any more. Please sign in again.") from None
    with acting(role="", user_id=user_id), transaction.atomic():
        session = _running(session_id, user_id).select_for_update(of=("self",)).first()
        if session is None or not session.user.is_active:
            raise InvalidTokenError(ENDED)
        if not secrets.compare_digest(session.refresh_hash or "", Session.hash_of(token["jti"])):
            end_session(session, reason="refresh token used twice")
        else:
            tokens = _next_pair(session)
            session.last_active_at = timezone.now()
            session.save(update_fields=["refresh_hash", "last_active_at"])
            return tokens
    raise InvalidTokenError("This refresh token was used before, so the session has ended. Please sign in again.")


def end_session(session: Session, *, reason: str) -> None:
    """End one API session now; its access tokens die with it."""
    Session.objects.filter(pk=session.pk).end(reason=reason)
    signals.session_ended.send(Session, user=session.user, session=session, reason=reason)


def _act_as_owner_of(session: Session) -> None:
    """The database context of the owner; only their own account where a required second factor is missing."""
    user = session.user
    role: DatabaseRole = "" if second_factor.is_missing(user, session) else user.database_role
    switch_to(role=role, user_id=user.pk)


def _running(session_id: uuid.UUID, user_id: uuid.UUID) -> SessionQuerySet:
    """The one session, with its owner, if it has not ended."""
    found = Session.objects.in_use().filter(kind=Session.Kind.API, pk=session_id, user_id=user_id)
    return found.select_related("user").order_by()


def _next_pair(session: Session) -> Tokens:
    """A fresh pair; the session, not yet saved, keeps the hash of the new refresh token."""
    access, refresh_token = AccessToken(), RefreshToken()
    for token in (access, refresh_token):
        token[SESSION], token[PERSON], token[ROLE] = str(session.pk), str(session.user_id), session.user.role
        token["exp"] = min(token["exp"], int(session.expires_at.timestamp()))
    session.refresh_hash = Session.hash_of(refresh_token["jti"])
    return Tokens(str(access), str(refresh_token), access["exp"] - access["iat"])


def _named_by(token: Token) -> tuple[uuid.UUID, uuid.UUID]:
    """The session and the person that a token names. Raises TokenError when it names none."""
    try:
        return uuid.UUID(token[SESSION]), uuid.UUID(token[PERSON])
    except (KeyError, ValueError, AttributeError, TypeError):
        raise TokenError from None
