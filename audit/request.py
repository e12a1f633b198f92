"""What the record needs to know of the request that is being answered, wherever in the code it is written."""

import time
import uuid
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.http import HttpRequest
from django.utils.encoding import escape_uri_path

from accounts.models import User
from medichat.client_address import client_address
from medichat.db.base import new_id

if TYPE_CHECKING:
    from audit.models import ActivityLog

# Parts of addresses that open something: they are nobody's to read in a log.
SECRET_PARTS = {"token", "uidb64", "key", "code", "signature"}
LONGEST_ENDPOINT = 500
LONGEST_USER_AGENT = 300


@dataclass
class RequestFacts:
    """One request: its id, who sent it from where, and what was refused in it so far."""

    request: HttpRequest
    request_id: uuid.UUID = field(default_factory=new_id)
    started: float = field(default_factory=time.perf_counter)
    # Failures that were recorded in the request's transaction: should that be rolled back, they are written again.
    failures: list["ActivityLog"] = field(default_factory=list)

    @property
    def duration_ms(self) -> float:
        """Milliseconds since the request arrived."""
        return round((time.perf_counter() - self.started) * 1000, 3)

    @property
    def address(self) -> str | None:
        """The client's network address."""
        return client_address(self.request)

    @property
    def user_agent(self) -> str:
        """What the client calls itself, cut to a reasonable length."""
        return self.request.headers.get("User-Agent", "").replace("\0", "")[:LONGEST_USER_AGENT]


facts_of_request: ContextVar[RequestFacts | None] = ContextVar("facts_of_request", default=None)


def endpoint(request: HttpRequest) -> str:
    """The path without its query and without secrets (the token of a password reset)."""
    path = escape_uri_path(request.path)
    match = request.resolver_match
    for name, value in (match.kwargs if match else {}).items():
        if name in SECRET_PARTS:
            path = path.replace(escape_uri_path(str(value)), f"<{name}>")
    return path[:LONGEST_ENDPOINT]


def current_request_id() -> str | None:
    """The id of the request being answered, or None outside of one."""
    facts = facts_of_request.get()
    return str(facts.request_id) if facts else None


def current_actor() -> User | None:
    """Who has signed in to the request being answered; None outside of one, and for anybody else."""
    facts = facts_of_request.get()
    user = getattr(facts.request, "user", None) if facts else None
    return user if isinstance(user, User) else None


def in_admin() -> bool:
    """Whether the request being answered is one of the admin site, or of the API's part for administrators."""
    facts = facts_of_request.get()
    match = facts.request.resolver_match if facts else None
    return match is not None and (match.app_name == "admin" or match.view_name.startswith("api:admin_"))
