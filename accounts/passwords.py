"""What happens around a new password: the link in an e-mail, storing it, and ending sessions elsewhere."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth.tokens import default_token_generator
from django.db import transaction
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from accounts import mail, signals
from accounts.models import Session, User
from medichat.db.context import acting


def request_reset(email: str) -> None:
    """Send a link for a new password to the owner of the address, if it has an active account."""
    with acting(role="sign_in", sign_in_key=email):
        user = User.objects.filter(email=email, is_active=True).order_by().first()
    signals.password_reset_requested.send(User, user=user)
    if user is not None:
        send_reset_link(user)


def send_reset_link(user: User) -> None:
    """Write the e-mail with the link for a new password."""
    link = mail.address_of(
        "accounts:password_reset_confirm",
        urlsafe_base64_encode(user.pk.bytes),
        default_token_generator.make_token(user),
    )
    mail.write("password_reset", user.email, person=user, link=link)


def set_password(user: User, password: str) -> None:
    """Store a new password and tell its owner by e-mail."""
    user.set_password(password)
    user.save(update_fields=["password"])
    signals.password_changed.send(User, user=user)
    mail.write("password_changed", user.email, person=user, reset=mail.address_of("accounts:password_reset"))


def end_sessions(user: User, *, reason: str, but: Session | None = None) -> int:
    """End this person's sessions everywhere (or everywhere but here); returns how many."""
    ended = 0
    for session in Session.objects.filter(user=user).running():
        if but is None or session.pk != but.pk:
            Session.objects.filter(pk=session.pk).end(reason=reason)
            signals.session_ended.send(Session, user=user, session=session, reason=reason)
            ended += 1
    return ended


@contextmanager
def owner_of_link(uidb64: str, token: str) -> Iterator[User | None]:
    """Whose link this is, locked and acting while the block lasts, so that a link used twice at the same moment works
    once; None when it is damaged, too old, or was used."""
    user_id = _user_id(uidb64)
    with acting(role="sign_in", user_id=user_id), transaction.atomic():
        users = User.objects.select_for_update().filter(is_active=True).order_by()
        user = users.filter(pk=user_id).first() if user_id else None
        yield user if user is not None and default_token_generator.check_token(user, token) else None


def _user_id(uidb64: str) -> uuid.UUID | None:
    """The id in a link, None when it is damaged."""
    try:
        return uuid.UUID(bytes=urlsafe_base64_decode(uidb64))
    except ValueError:
        return None
