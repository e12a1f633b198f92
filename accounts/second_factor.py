"""The second step of signing in: a code of an authenticator app, or one of ten backup codes.

Where it stands: the secret and the hashes are rows of ``mfa_tokens``; the codes are those of RFC 6238 as django-otp
computes them; ``Session.second_factor`` names the app with which a session was opened. Taking an app away (another
one is set up, it is switched off, an administrator clears it) leaves its sessions without one at the same moment.

Everything here needs a database context that may see the person's own rows: their own, an administrator's, or
``acting(role="sign_in", user_id=user.pk)`` while they sign in.
"""

import base64
import math
import secrets
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.db import models, transaction
from django.utils import timezone
from django_otp.oath import TOTP

from accounts import mail, signals
from accounts.models import MfaToken, Session, User
from accounts.throttle import CODE

STEP_SECONDS = 30
DIGITS = 6
# One step to either side: clocks differ, and typing takes time (RFC 6238, section 5.2).
TOLERANCE_STEPS = 1
SECRET_BYTES = 20  # RFC 4226 advises 160 bits
SETUP_LASTS = timedelta(hours=1)
BACKUP_CODES = 10
# Without letters that look like others when written by hand.
BACKUP_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
BACKUP_SYMBOLS = 8


class WrongCode(Exception):  # noqa: N818 - it says what happened
    """The code is not right, is no longer right, or was used before. The count of wrong codes is stored."""


class TooManyCodes(Exception):  # noqa: N818 - as above
    """So many codes were wrong that this one was not looked at. ``retry_after`` is in whole seconds, rounded up."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__(f"Wait {wait} before the next code.")
        self.wait = wait
        self.retry_after = math.ceil(wait.total_seconds())


def is_required(user: User) -> bool:
    """Whether this person's role must use a second factor (settings.MFA_REQUIRED_ROLES)."""
    return user.role in settings.MFA_REQUIRED_ROLES


def is_enrolled(user: User) -> bool:
    """Whether this person has set up a second factor. One who has is asked for it, required or not."""
    return _app_of(user) is not None


def needs_mailbox(user: User) -> bool:
    """Whether the password is not enough to set up the first one: it came from the previous system, and the role must
    have one. Who has no role that needs it signs in with the password anyway."""
    return user.legacy_id is not None and is_required(user)


def is_asked(user: User) -> bool:
    """Whether the password alone does not sign this person in."""
    return is_required(user) or is_enrolled(user)


def is_missing(user: User, session: Session) -> bool:
    """Whether this session gives no rights yet, or no more: to be asked at every request, of browsers and API alike.

    True between the two steps; and when a second factor has become required since, by another role or setting, or the
    one that opened the session was taken away.
    """
    return session.awaits_second_factor or (is_required(user) and session.second_factor_id is None)


def verify(user: User, code: str) -> MfaToken:
    """Accept a code of the app or an unused backup code; returns the app, for ``Session.second_factor``.

    A code is accepted once, also when it comes twice at the same moment. Blanks and hyphens in it do not matter.

    Raises WrongCode, or TooManyCodes when it was not even looked at. Wrong codes are counted in the transaction that
    is open, under a lock of the person's row: whoever catches the exception must let that transaction commit.
    """
    now, typed = timezone.now(), _plain(code)
    # The exceptions are raised outside, because they would roll the count back.
    with transaction.atomic():
        app = MfaToken.objects.select_for_update().confirmed().filter(user=user).first()
        wait = CODE.wait(app.failures, app.last_failure_at, now) if app else timedelta()
        used = _use(app, typed, now) if app and not wait else None
        if app and used:
            app.failures = 0
            app.save(update_fields=["failures"])
            signals.second_factor_used.send(MfaToken, user=user, kind=used.kind)
        elif app and not wait:
            app.failures = CODE.counted(app.failures, app.last_failure_at, now) + 1
            app.last_failure_at = now
            app.save(update_fields=["failures", "last_failure_at"])
            if app.failures == CODE.free:
                # Whoever gets this far knows the password; if it is not the owner, only they can change that.
                mail.write("wrong_codes", user.email, person=user, reset=mail.address_of("accounts:password_reset"))
            signals.sign_in_failed.send(MfaToken, user=user, reason="wrong code")
    if wait:
        raise TooManyCodes(wait)
    if app is None or used is None:
        raise WrongCode
    return app


def _app_of(user: User) -> MfaToken | None:
    return MfaToken.objects.confirmed().filter(user=user).first()


def _plain(code: str) -> str:
    return "".join(character for character in code.casefold() if character.isalnum())


def _is_of_an_app(typed: str) -> bool:
    return len(typed) == DIGITS and typed.isascii() and typed.isdigit()


def _use(app: MfaToken, typed: str, now: datetime) -> MfaToken | None:
    """The row that accepts the code, marked as used; None when none does. ``app`` is locked by the caller."""
    if _is_of_an_app(typed):
        step = matching_step(app, typed, now)
        if step is None:
            return None
        app.last_step = step
        app.used_at = now
        app.save(update_fields=["last_step", "used_at"])
        return app
    # The first character says which of the ten it is, so that one hash is computed and not ten.
    backup = MfaToken.objects.filter(user_id=app.user_id, kind=MfaToken.Kind.BACKUP, name=typed[:1]).first()
    if backup is None or backup.used_at or not check_password(typed[1:], backup.code_hash):
        return None
    backup.used_at = now
    backup.save(update_fields=["used_at"])
    return backup


def matching_step(app: MfaToken, typed: str, now: datetime) -> int | None:
    """The time step of which this is the code, later than any that was accepted; None when there is none."""
    totp = TOTP(base64.b32decode(app.secret or ""), step=STEP_SECONDS, digits=DIGITS)
    totp.time = now.timestamp()
    if not totp.verify(int(typed), tolerance=TOLERANCE_STEPS, min_t=app.last_step + 1):
        return None
    return int(totp.t())


# Setting up, changing and taking away


def begin_setup(user: User) -> MfaToken:
    """The app that is being set up: with a fresh secret, or the same one while the page is opened again."""
    app, is_new = MfaToken.objects.get_or_create(
        user=user, kind=MfaToken.Kind.TOTP, confirmed_at=None, defaults={"secret": _new_secret()}
    )
    if not is_new and app.updated_at < timezone.now() - SETUP_LASTS:
        app.secret = _new_secret()
        app.save(update_fields=["secret"])
    return app


def _new_secret() -> str:
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()


def is_first_code(app: MfaToken, code: str) -> bool:
    """Whether this is the code that an app being set up shows; it is not used up."""
    return _first_step(app, code, timezone.now()) is not None


def _first_step(app: MfaToken, code: str, now: datetime) -> int | None:
    typed = _plain(code)
    return matching_step(app, typed, now) if _is_of_an_app(typed) else None


def confirm_setup(user: User, code: str, *, name: str = "") -> tuple[MfaToken, list[str]]:
    """The first code proves that the app works: from now on it is asked for. Returns it, and ten new backup codes.

    An app that was there before works no more, nor do its codes; sessions that were opened with it have none now.

    Raises WrongCode when the code is not the app's, or nothing is being set up.
    """
    now = timezone.now()
    with transaction.atomic():
        app = MfaToken.objects.select_for_update().unconfirmed().filter(user=user).first()
        step = _first_step(app, code, now) if app else None
        if app is None or step is None:
            raise WrongCode
        MfaToken.objects.filter(user=user).exclude(pk=app.pk).delete()
        app.name = name
        app.confirmed_at = app.used_at = now
        app.last_step = step
        app.save(update_fields=["name", "confirmed_at", "used_at", "last_step"])
        codes = _make_backup_codes(user)
        signals.second_factor_changed.send(MfaToken, user=user, by=user, change="set up", reason="")
    return app, codes


def new_backup_codes(user: User) -> list[str]:
    """Ten fresh codes instead of the present ones, to be shown once; only their hashes are stored."""
    with transaction.atomic():
        MfaToken.objects.filter(user=user, kind=MfaToken.Kind.BACKUP).delete()
        codes = _make_backup_codes(user)
        signals.second_factor_changed.send(MfaToken, user=user, by=user, change="new backup codes", reason="")
    return codes


def _make_backup_codes(user: User) -> list[str]:
    """Hashed like passwords: eight symbols are 40 bits, too few for a fast hash (OWASP ASVS 5.0, 6.5.2)."""
    codes = []
    for number in range(BACKUP_CODES):
        symbols = "".join(secrets.choice(BACKUP_ALPHABET) for _ in range(BACKUP_SYMBOLS))
        MfaToken.objects.create(
            user=user, kind=MfaToken.Kind.BACKUP, name=str(number), code_hash=make_password(symbols)
        )
        codes.append(f"{number}-{symbols[:4]}-{symbols[4:]}")
    return codes


def backup_codes_left(user: User) -> int:
    """How many backup codes have not been used."""
    return MfaToken.objects.filter(user=user, kind=MfaToken.Kind.BACKUP, used_at__isnull=True).count()


class Loss(models.TextChoices):
    """Why an administrator clears somebody's second factor."""

    LOST = "lost", "The device is lost or was stolen"
    BROKEN = "broken", "The device is broken or was reset"
    REPLACED = "replaced", "There is a new device, and the old one is gone"
    DELETED = "deleted", "The app or its entry was deleted"


def switch_off(user: User) -> None:
    """The person goes without a second factor from now on. Raises ValueError when their role must have one."""
    if is_required(user):
        raise ValueError("A second factor that is required is not switched off.")
    _take_away(user, by=user, change="switched off", reason="")


def clear(user: User, *, by: User | None, reason: str) -> None:
    """Who has lost it gets a new start: it is set up again after the next password. ``by`` None is an operator.

    ``reason`` is one of ``Loss``. The caller has made sure who asks, and ends the person's sessions. Raises ValueError
    for another reason, and when it is one's own.
    """
    if by is not None and by.pk == user.pk:
        raise ValueError("Nobody clears their own second factor.")
    _take_away(user, by=by, change="cleared", reason=Loss(reason).value)


def _take_away(user: User, *, by: User | None, change: str, reason: str) -> None:
    with transaction.atomic():
        MfaToken.objects.filter(user=user).delete()
        signals.second_factor_changed.send(MfaToken, user=user, by=by, change=change, reason=reason)


def setup_address(app: MfaToken) -> str:
    """What the QR code holds: the ``otpauth`` address that authenticator apps read."""
    label = quote(f"{settings.CLINIC_NAME}:{app.user.email}")
    facts = {"secret": app.secret or "", "issuer": settings.CLINIC_NAME, "digits": DIGITS, "period": STEP_SECONDS}
    return f"otpauth://totp/{label}?{urlencode(facts, quote_via=quote)}"
