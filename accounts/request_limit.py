"""How many requests the API answers in a quarter of an hour, for each signed-in person and for each address.

The previous system allowed a hundred to each address, which everybody in a clinic shares; here that is the measure for
whoever is not signed in, and a person with a token has a larger one of their own. Each request is counted in one
statement before anything else is done, so that all processes share the counts. The table is not written ahead: after a
crash of the database the counts begin anew.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts import tokens
from accounts.models import RequestCount
from medichat import pages
from medichat.api.addresses import ROOT, is_api
from medichat.api.errors import refusal
from medichat.client_address import client_address
from medichat.middleware import DATABASE_LOST

WINDOW = timedelta(minutes=15)
COUNT = """
INSERT INTO request_counts AS earlier (key, began_at, requests) VALUES (%(key)s, %(now)s, 1)
ON CONFLICT (key) DO UPDATE SET
    began_at = CASE WHEN earlier.began_at <= %(over)s THEN %(now)s ELSE earlier.began_at END,
    requests = CASE WHEN earlier.began_at <= %(over)s THEN 1 ELSE earlier.requests + 1 END
RETURNING began_at, requests
"""


@dataclass(frozen=True)
class Counted:
    """How many requests there have been with this one, of how many, and when counting begins anew."""

    requests: int
    limit: int
    ends_at: datetime

    @property
    def is_over(self) -> bool:
        """Whether it was one too many."""
        return self.requests > self.limit

    @property
    def seconds_left(self) -> int:
        """Until counting begins anew; at least one."""
        return max(1, math.ceil((self.ends_at - timezone.now()).total_seconds()))

    def tell(self, response: HttpResponse) -> None:
        """Say it in the headers, by the names that clients of the previous system know."""
        response["RateLimit-Policy"] = f"{self.limit};w={int(WINDOW.total_seconds())}"
        response["RateLimit-Limit"] = str(self.limit)
        response["RateLimit-Remaining"] = str(max(0, self.limit - self.requests))
        response["RateLimit-Reset"] = str(self.seconds_left)


class RequestLimitMiddleware:
    """Counts requests of the API and refuses those that are too many. Its root page is not counted."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Count, then answer or refuse."""
        if not is_api(request) or request.path_info == ROOT:
            return self.get_response(request)
        try:
            counted = count(request)
        except DATABASE_LOST:
            return pages.unavailable(request)
        if counted.is_over:
            # The first one is on the record; whoever sends a thousand more fills no log with them.
            request.refusal_is_told = counted.requests > counted.limit + 1  # type: ignore[attr-defined]  # our own mark
            minutes = math.ceil(counted.seconds_left / 60)
            response: HttpResponse = refusal(
                request,
                HTTPStatus.TOO_MANY_REQUESTS,
                f"Too many requests. Please wait {minutes} minute{'' if minutes == 1 else 's'}.",
                headers={"Retry-After": str(counted.seconds_left)},
            )
        else:
            response = self.get_response(request)
        counted.tell(response)
        return response


def count(request: HttpRequest) -> Counted:
    """Count this request for the person whose token it carries, or for its address."""
    person = tokens.person_named_by(request.headers.get("Authorization", ""))
    limit = settings.API_REQUESTS_PER_PERSON if person else settings.API_REQUESTS_PER_ADDRESS
    who = person or client_address(request) or "unknown"
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(COUNT, {"key": _key("person" if person else "address", who), "now": now, "over": now - WINDOW})
        began_at, requests = cursor.fetchone()
    return Counted(requests, limit, began_at + WINDOW)


def forget_old() -> int:
    """Delete counts whose time is over; returns how many (periodic work)."""
    return RequestCount.objects.filter(began_at__lt=timezone.now() - WINDOW).delete()[0]


def _key(kind: str, who: str) -> str:
    return salted_hmac(f"accounts.request_limit.{kind}", who, algorithm="sha256").hexdigest()
