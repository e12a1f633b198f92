"""Signing in with e-mail address and password."""

import uuid
from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.hashers import get_hasher, get_hashers, identify_hasher
from django.http import HttpRequest

from accounts import signals
from accounts.models import User, normalise_email
from medichat.db.context import acting


class EmailBackend(BaseBackend):
    """Finds the one account with the address, in a database context that can see no other.

    Whether an account exists, is active, or has an old kind of hash makes no difference to answer and time: every
    refusal computes each kind of hash exactly once.
    """

    def authenticate(
        self, request: HttpRequest | None, email: str | None = None, password: str | None = None, **others: Any
    ) -> User | None:
        """The person, when address and password belong together and the account is active; else None."""
        email = normalise_email(email or others.get(User.USERNAME_FIELD) or others.get("username") or "")
        if not email or password is None:
            return None
        user, _ = person_with(email, password)
        return user

    def get_user(self, user_id: uuid.UUID | str) -> User | None:
        """The owner of a session, unless the account was deactivated."""
        return User.objects.filter(pk=user_id, is_active=True).order_by().first()


def person_with(email: str, *passwords: str) -> tuple[User | None, str]:
    """The active person with this address, and which of these passwords is theirs; None and '' when none is.

    More than one is tried where a client sends password and code in one text.
    """
    email = normalise_email(email)
    with acting(role="sign_in", sign_in_key=email):
        user = User.objects.filter(email=email).order_by().first()
    # From here on the same statements and hashes, whoever it is or is not.
    with acting(role="sign_in", user_id=user.pk if user else None):
        for password in passwords:
            # An old kind of hash is replaced here when the password is right.
            if user is not None and user.check_password(password) and user.is_active:
                return user, password
            _compute_hashes(password, but=_kind_of_hash(user) if user else "")
        signals.sign_in_failed.send(EmailBackend, user=user, reason=_reason(user))
        return None, ""


def _reason(user: User | None) -> str:
    """Why it did not work: for the record, never for the answer."""
    if user is None:
        return "no such account"
    return "wrong password" if user.is_active else "account is deactivated"


def _kind_of_hash(user: User) -> str:
    """The algorithm that checking the password used; Django computes the preferred one where there is no hash."""
    try:
        return str(identify_hasher(user.password).algorithm)
    except ValueError:
        return str(get_hasher().algorithm)


def _compute_hashes(password: str, *, but: str) -> None:
    for hasher in get_hashers():
        if hasher.algorithm != but:
            hasher.encode(password, hasher.salt())
