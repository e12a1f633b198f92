"""Old sessions and counts of attempts go, and photos stay."""

from collections.abc import Iterator
from uuid import UUID

from django.utils import timezone

from accounts import request_limit
from accounts.models import Session, StoredAnswer, User
from accounts.session_store import ENDED_ROWS_KEPT
from accounts.throttle import forget_old
from medichat.periodic import job, keeps_files


@job("remove old sessions")
def remove_old_sessions() -> str:
    """Those that ended a month ago: until then people see where they were signed in."""
    removed, _ = Session.objects.filter(expires_at__lt=timezone.now() - ENDED_ROWS_KEPT).delete()
    return f"{removed} removed"


@job("forget old attempts")
def forget_old_attempts() -> str:
    """Counts that make nobody wait any more."""
    return f"{forget_old()} forgotten"


@job("forget old counts of requests")
def forget_old_requests() -> str:
    """Counts whose quarter of an hour is over."""
    return f"{request_limit.forget_old()} forgotten"


@job("remove old answers")
def remove_old_answers() -> str:
    """What was answered to acts that nobody repeats any more."""
    return f"{StoredAnswer.objects.too_old().delete()[0]} removed"


@keeps_files
def photos() -> Iterator[UUID]:
    """The files of photos."""
    for photo_file in User.objects.order_by().values_list("photo_file", flat=True).iterator():
        if photo_file is not None:
            yield photo_file
