"""Gives each request its id, and records what was refused or failed after its transaction is over."""

import json
import logging
import uuid
from collections.abc import Callable

from django.db import Error, transaction
from django.http import HttpRequest, HttpResponse
from psycopg_pool import PoolTimeout

from audit.actions import Action, ActorRole, Severity, Status
from audit.models import ActivityLog
from audit.record import ClockTimestamp, role_of, write
from audit.request import RequestFacts, current_actor, endpoint, facts_of_request
from medichat.db.context import acting

logger = logging.getLogger(__name__)
requests = logging.getLogger("medichat.requests")

REFUSALS = {401, 403, 404, 409, 413, 429}
HEADER = "X-Request-ID"


class RequestRecordMiddleware:
    """Stands outside of the request's transaction, so that what it writes survives the rollback.

    The id of a request is always made here: one that a client sends could be that of another request.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request, then record a refusal or a failure."""
        facts = RequestFacts(request)
        request.request_id = str(facts.request_id)  # type: ignore[attr-defined]  # our own mark, shown on error pages
        token = facts_of_request.set(facts)
        try:
            response = self.get_response(request)
            self._record(facts, response)
            _tell(facts, response.status_code)
        finally:
            facts_of_request.reset(token)
        response[HEADER] = str(facts.request_id)
        return response

    def _record(self, facts: RequestFacts, response: HttpResponse) -> None:
        status_code = response.status_code
        worth_a_row = is_refused(facts.request, response) or status_code >= 500
        rows = [failure_row(facts, status_code)] if worth_a_row else []
        if status_code >= 500 or getattr(facts.request, "failed", False):
            rows += facts.failures  # they were rolled back with the rest, also where the answer is an ordinary 400
        if not rows:
            return
        try:
            if status_code == 503:
                raise Error  # the database was just found to be away: do not wait for it again
            with transaction.atomic():
                for row in rows:
                    # A row may be written under its own actor's name only, who may have signed in or out meanwhile.
                    with acting(role="", user_id=row.actor_id):
                        write([row])
        except (Error, PoolTimeout) as error:
            # The act itself did not happen; what is left to do is to say so where it can still be said.
            logger.critical(
                "Not in the activity log (%s): request %s, %s %s, status %d",
                type(error).__name__,
                facts.request_id,
                facts.request.method,
                endpoint(facts.request),
                status_code,
            )


def _tell(facts: RequestFacts, status_code: int) -> None:
    """One line of the server log for each request, by the name of its page: an address may hold an id or a token."""
    match = facts.request.resolver_match
    name = match.view_name if match else "an address that leads nowhere"
    requests.info(
        "%s %s %d in %.0f ms", facts.request.method, name, status_code, facts.duration_ms,
        extra={"status_code": status_code},
    )  # fmt: skip


def is_refused(request: HttpRequest, response: HttpResponse) -> bool:
    """Whether the answer is a refusal worth a row: a path that leads nowhere is not, a row that is not shown is."""
    if getattr(request, "refusal_is_told", False):
        return False
    if response.status_code == 404:
        return request.resolver_match is not None
    return response.status_code in REFUSALS


def failure_row(facts: RequestFacts, status_code: int) -> ActivityLog:
    """The row about a request that was refused (4xx) or failed (5xx)."""
    request = facts.request
    actor = current_actor()
    match = request.resolver_match
    failed = status_code >= 500
    named = [value for value in match.kwargs.values() if isinstance(value, uuid.UUID)] if match else []
    return ActivityLog(
        occurred_at=ClockTimestamp(),
        actor_id=actor.pk if actor else None,
        actor_role=role_of(actor) if actor else ActorRole.ANONYMOUS,
        action=Action.REQUEST_FAILED if failed else Action.REQUEST_REFUSED,
        resource_type="request",
        resource_id=str(named[-1]) if named else None,
        patient_id=actor.pk if actor and actor.is_patient else None,
        method=request.method,
        endpoint=endpoint(request),
        address=facts.address,
        user_agent=facts.user_agent,
        status=Status.ERROR if failed else Status.FAILURE,
        status_code=status_code,
        metadata=json.dumps({"view": match.view_name}) if match else None,
        duration_ms=facts.duration_ms,
        severity=Severity.ERROR if failed else Severity.WARNING,
        request_id=facts.request_id,
    )
