"""Making an account for somebody who registers, on the page or through the API."""

from typing import Literal

from django.db import IntegrityError, transaction

from accounts import mail, signals
from accounts.models import User
from medichat.db.context import acting

Taken = Literal["", "email", "licence"]


def register(user: User, *, stated: dict[str, str] | None = None) -> Taken:
    """Store the new account; returns what was taken already, '' when it is stored.

    Either way the owner of the address is told by e-mail: welcome, or that somebody tried to register with it.
    ``stated`` is what else was said for the chart.
    """
    taken = _create(user)
    sign_in = mail.address_of("accounts:sign_in")
    if taken == "email":
        # On the record like a new account, which is also about the same work for the server.
        with acting(role="sign_in", user_id=user.pk):
            signals.registration_refused.send(User)
        reset = mail.address_of("accounts:password_reset")
        mail.write("already_registered", user.email, sign_in=sign_in, reset=reset)
    elif not taken:
        with acting(role="sign_in", user_id=user.pk):
            signals.registered.send(User, user=user, stated=stated or {})
        mail.write("welcome", user.email, person=user, sign_in=sign_in)
    return taken


def _create(user: User) -> Taken:
    """Row-level security shows a visitor no account at all, so only the database's own constraints can tell."""
    try:
        with acting(role="sign_in", user_id=user.pk), transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as error:
        taken = taken_by(error)
        if not taken:
            raise
        return taken
    return ""


def taken_by(error: IntegrityError) -> Taken:
    """Which of an account's unique columns the database refused; '' when it was something else."""
    constraint = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) or ""
    if constraint == "users_licence_unique":
        return "licence"
    return "email" if "email" in constraint else ""
