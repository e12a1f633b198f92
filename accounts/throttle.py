"""How often somebody may try a password, register or ask for a reset before having to wait.

Every attempt is counted before it is made, in a statement of its own outside the request's transaction: neither a
rollback nor attempts made at the same moment escape the count, and no lock is held while a password is checked. An
attempt that succeeds is taken back. Counts are kept under a keyed hash, so the table names nobody.

Only real attempts count: a form without its token (another site made the browser send it) or without its words is none,
nor is asking for the present password without being signed in.

Nobody can lock somebody else out for good: waiting times grow per pair of account and address, up to 15 minutes. The
limits of an account over all addresses, and of an address over all accounts, are far higher. Where the account's owner
has signed in before, or has chosen a new password with the link from the mailbox, which strangers cannot keep from
arriving, the first does not apply, and the second counts attempts at such accounts alone. A browser on which its owner
has signed in is counted for itself (``accounts.known_device``), so strangers at the same address do not matter to it.
"""

import ipaddress
import math
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, cast

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts import known_device
from accounts.models import AttemptCount, normalise_email
from medichat.client_address import client_address

LONGEST_WAIT = timedelta(minutes=15)
KNOWN_ADDRESS_FOR = timedelta(days=90)


@dataclass(frozen=True)
class Limit:
    """So many attempts are free, then waiting doubles from ``first_wait``; an hour without an attempt forgets all."""

    free: int
    first_wait: timedelta = timedelta(seconds=30)
    longest_wait: timedelta = LONGEST_WAIT
    forget_after: timedelta = timedelta(hours=1)

    def counted(self, attempts: int, last_at: datetime | None, now: datetime) -> int:
        """How many of the attempts still count, where the row itself keeps them."""
        return attempts if last_at and last_at > now - self.forget_after else 0

    def wait(self, attempts: int, last_at: datetime | None, now: datetime) -> timedelta:
        """How long the next attempt has to wait, where the row itself keeps the count and the time of the last."""
        attempts = self.counted(attempts, last_at, now)
        if last_at is None or attempts < self.free:
            return timedelta()
        pause = min(self.longest_wait, self.first_wait * (1 << min(attempts - self.free, 20)))
        return max(timedelta(), last_at + pause - now)


@dataclass(frozen=True)
class Limits:
    """What is limited, and how much for one account from one address, one address, one account from anywhere."""

    act: str
    pair: Limit
    address: Limit
    account: Limit


SIGN_IN = Limits("sign_in", pair=Limit(5), address=Limit(50), account=Limit(100, longest_wait=timedelta(minutes=1)))
REGISTER = Limits("register", pair=Limit(5), address=Limit(20), account=Limit(10))
CHANGE = Limits("change", pair=Limit(5), address=Limit(50), account=Limit(10))
# Wrong codes are counted on the person's second factor (accounts.second_factor.verify): only who knows the password
# gets there, from any address, and only a right code ends the count. A hundred tries a day of a million codes, of which
# three are right, find one in nine years on average.
CODE = Limit(5, forget_after=timedelta(days=1))
# Two facts about one person must both be right, so few attempts say much; a doctor in a hurry mistypes some.
EMERGENCY_ACCESS = Limits(
    "emergency_access", pair=Limit(5), address=Limit(30), account=Limit(10, longest_wait=timedelta(minutes=5))
)
# Only codes that there are not stay counted: a pharmacy may look up as many prescriptions as it has.
VERIFY = Limits("verify", pair=Limit(20), address=Limit(20, timedelta(minutes=1)), account=Limit(200))
RESET = Limits("reset", pair=Limit(3, timedelta(minutes=1)), address=Limit(20), account=Limit(10))


@dataclass
class Attempt:
    """One attempt: how long to wait before it may be made (nothing when it may), whether it was one at all, and whether
    it succeeded."""

    limits: Limits
    keys: dict[str, Limit]
    pair: str
    wait: timedelta = timedelta()
    succeeded: bool = False
    was_made: bool = True

    @property
    def wait_in_words(self) -> str:
        """For the person: ``1 minute``, ``15 minutes``; rounded up."""
        return in_words(self.wait)


def in_words(wait: timedelta) -> str:
    """``1 minute``, ``15 minutes``; rounded up."""
    minutes = max(1, math.ceil(wait.total_seconds() / 60))
    return f"{minutes} minute{'' if minutes == 1 else 's'}"


COUNT = """
INSERT INTO attempt_counts AS earlier (key, attempts, last_at, blocked_until, refused)
VALUES (%(key)s, 1, %(now)s, CASE WHEN %(free)s <= 1 THEN %(now)s + %(first_wait)s END, false)
ON CONFLICT (key) DO UPDATE SET
    refused = coalesce(earlier.blocked_until > %(now)s, false),
    attempts = CASE WHEN earlier.blocked_until > %(now)s THEN earlier.attempts ELSE attempts_with_this(earlier) END,
    last_at = %(now)s,
    blocked_until = CASE WHEN earlier.blocked_until > %(now)s THEN earlier.blocked_until
        WHEN attempts_with_this(earlier) >= %(free)s THEN %(now)s + least(
            %(longest_wait)s, %(first_wait)s * power(2, least(attempts_with_this(earlier) - %(free)s, 20)))
        END
RETURNING refused, blocked_until
""".replace(  # nosec B608  # a constant in place of a word
    "attempts_with_this(earlier)",
    "(CASE WHEN earlier.last_at < %(now)s - %(forget_after)s THEN 1 ELSE earlier.attempts + 1 END)",
)


def begin(limits: Limits, *, account: str, address: str | None, device: str = "") -> Attempt:
    """Count an attempt; ``wait`` of the answer says whether it may be made. ``account`` is what was typed.

    ``device`` is the id of a browser on which the account's owner has signed in, '' when it is none.
    """
    account, address = normalise_email(account), _place(address)
    pair = _key(limits, "device", account, device) if device else _key(limits, "pair", account, address)
    keys = {pair: limits.pair}
    attempt = Attempt(limits, keys, pair)
    now = timezone.now()
    wider = {_key(limits, "address", address): limits.address, _key(limits, "account", account): limits.account}
    # Whoever tries all the accounts that are known here is held back as well, and strangers' attempts do not matter.
    among_known = {_key(limits, "known accounts of address", address): limits.address}
    known = {count.key: count for count in AttemptCount.objects.filter(key__in=[*keys, *wider, *among_known])}
    earlier = known.get(pair)
    if earlier and earlier.succeeded_at and earlier.succeeded_at > now - KNOWN_ADDRESS_FOR:
        wider = among_known
    if not device:
        keys.update(wider)
    blocked = [count.blocked_until for key, count in known.items() if key in keys and count.blocked_until]
    attempt.wait = max(timedelta(), *(end - now for end in blocked), timedelta())
    if not attempt.wait:
        for key, limit in keys.items():
            attempt.wait = max(attempt.wait, _count(key, limit, now))
    return attempt


def _count(key: str, limit: Limit, now: datetime) -> timedelta:
    """Count one attempt under one key in one statement; returns the wait when another one was faster to be refused."""
    values: dict[str, Any] = {"key": key, "now": now, **vars(limit)}
    with connection.cursor() as cursor:
        cursor.execute(COUNT, values)
        refused, blocked_until = cursor.fetchone()
    return blocked_until - now if refused else timedelta()


def take_back(attempt: Attempt) -> None:
    """The attempt succeeded: its pair starts anew and becomes known, the wider counts forget this one attempt."""
    now = timezone.now()
    AttemptCount.objects.filter(key=attempt.pair).update(attempts=0, blocked_until=None, succeeded_at=now)
    _forget_one(attempt.keys.keys() - {attempt.pair})


def not_count(attempt: Attempt) -> None:
    """The attempt succeeded and says nothing about the others: who guesses at many knows one of them."""
    _forget_one(attempt.keys)


def _forget_one(keys: Iterable[str]) -> None:
    for key in sorted(keys):
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE attempt_counts SET attempts = greatest(attempts - 1, 0), blocked_until = NULL WHERE key = %s",
                [key],
            )


def make_known(account: str, address: str | None) -> None:
    """Who opened the link in the owner's mailbox is the owner: signing in from there starts anew.

    However often strangers have tried the account from elsewhere, or from the same address, it does not matter now.
    """
    now = timezone.now()
    AttemptCount.objects.update_or_create(
        key=_key(SIGN_IN, "pair", normalise_email(account), _place(address)),
        defaults={"attempts": 0, "last_at": now, "blocked_until": None, "succeeded_at": now},
    )


def forget_old() -> int:
    """Delete counts that matter no more; returns how many (periodic work)."""
    now = timezone.now()
    old = AttemptCount.objects.filter(last_at__lt=now - timedelta(days=1)).exclude(
        succeeded_at__gt=now - KNOWN_ADDRESS_FOR
    )
    return old.delete()[0]


def _place(address: str | None) -> str:
    """What of a network address counts. Whoever has one address of version 6 has the 2^64 that begin alike."""
    if address is None:
        return "unknown"
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def _key(limits: Limits, *parts: str) -> str:
    return salted_hmac(f"accounts.throttle.{limits.act}", "\0".join(parts), algorithm="sha256").hexdigest()


View = Callable[..., HttpResponseBase]
Refusal = Callable[[HttpRequest, Attempt], HttpResponse]


def refuse(request: HttpRequest, attempt: Attempt) -> HttpResponse:
    """The page for views that have nothing better to say."""
    detail = f"Too many attempts. Please wait {attempt.wait_in_words}."
    return render(request, "429.html", {"detail": detail}, status=429)


def throttled(
    limits: Limits,
    *,
    account: Callable[[HttpRequest], str],
    refusal: Refusal = refuse,
    methods: Collection[str] = frozenset({"POST"}),
) -> Callable[[View], View]:
    """Limit the requests of a view with these methods; ``account`` reads from the request which account it is about.

    Counting happens in ``accounts.middleware.ThrottleMiddleware``, refusing here, where the person is known and what
    was typed can be shown again. The view sets ``attempt_of(request).succeeded``.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def limited(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.method not in methods:
                return view(request, *args, **kwargs)
            attempt = attempt_of(request)
            if not attempt.wait:
                # Without a session there is nobody whose password could be tried.
                attempt.was_made = not (limits is CHANGE and _is_nobody(request))
                return view(request, *args, **kwargs)
            refused = refusal(request, attempt)
            refused["Retry-After"] = str(math.ceil(attempt.wait.total_seconds()))
            return refused

        limited.throttle = (limits, account, methods)  # type: ignore[attr-defined]  # read by count_attempt
        return limited

    return decorate


def is_limited(request: HttpRequest, view: View) -> bool:
    """Whether this request is one of those that are limited."""
    _, _, methods = getattr(view, "throttle", (None, None, frozenset()))
    return request.method in methods


def count_attempt(request: HttpRequest, view: View) -> Attempt | None:
    """Count the request when its view is limited."""
    if not is_limited(request, view):
        return None
    limits, account, _ = view.throttle  # type: ignore[attr-defined]  # set by throttled
    about = account(request)
    device = known_device.device_of(request, about) if limits is SIGN_IN else ""
    return begin(limits, account=about, address=client_address(request), device=device)


def settle(attempt: Attempt) -> None:
    """The request is answered: an attempt that succeeded, or was none, does not count."""
    if attempt.wait:
        return
    if attempt.succeeded:
        take_back(attempt)
    elif not attempt.was_made:
        not_count(attempt)


def _is_nobody(request: HttpRequest) -> bool:
    return not request.user.is_authenticated and getattr(request, "halfway", None) is None


def attempt_of(request: HttpRequest) -> Attempt:
    """The counted attempt of a request to a throttled view."""
    return cast(Attempt, request.attempt)  # type: ignore[attr-defined]  # set by ThrottleMiddleware


def this_session(request: HttpRequest) -> str:
    """The signed-in browser, for forms that ask for the present password again."""
    return request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")


def typed_email(request: HttpRequest) -> str:
    """The account that a form is about: what was typed into the field ``email``."""
    return request.POST.get("email", "")[:255]
