"""Where one is signed in: browsers and clients of the API alike."""

import uuid
from typing import Annotated, Literal, TypedDict

from django.shortcuts import get_object_or_404
from rest_framework.request import Request

from accounts import signals
from accounts.api.bodies import DoneBody, done
from accounts.api.people import AccountView
from accounts.devices import describe
from accounts.models import Session, SessionKind
from accounts.passwords import end_sessions
from medichat.api.declaring import Answer
from medichat.api.shapes import Id, OneOf, Timestamp
from medichat.api.values import timestamp

REASON = "ended by its owner"
MOST_SESSIONS = 200


class SessionBody(TypedDict):
    """A session. ``device`` is what its browser or client calls itself, in words."""

    id: Id
    kind: Annotated[str, OneOf(SessionKind)]
    device: str
    ipAddress: str | None
    startedAt: Timestamp
    lastActiveAt: Timestamp
    expiresAt: Timestamp
    isThisOne: bool


class SessionsBody(TypedDict):
    """The running sessions, the one used last first."""

    status: Literal["success"]
    sessions: list[SessionBody]


class SessionsView(AccountView):
    """One's own sessions: look, or end all others (``DELETE``)."""

    def get(self, request: Request) -> Answer[SessionsBody]:
        """Those that run."""
        rows = Session.objects.filter(user=self.person).in_use()[:MOST_SESSIONS]
        return Answer(SessionsBody(status="success", sessions=[self.shown(row) for row in rows]))

    def delete(self, request: Request) -> Answer[DoneBody]:
        """End every session but this one."""
        ended = end_sessions(self.person, reason=REASON, but=self.session)
        devices = "device is" if ended == 1 else "devices are"
        return Answer(done(f"{ended} other {devices} signed out."))

    def shown(self, row: Session) -> SessionBody:
        """A session as its owner sees it."""
        return SessionBody(
            id=str(row.pk),
            kind=row.kind,
            device=describe(row.device),
            ipAddress=row.address,
            startedAt=timestamp(row.created_at),
            lastActiveAt=timestamp(row.last_active_at),
            expiresAt=timestamp(row.expires_at),
            isThisOne=row.pk == self.session.pk,
        )


class SessionView(AccountView):
    """One of one's own sessions."""

    def delete(self, request: Request, session_id: uuid.UUID) -> Answer[DoneBody]:
        """End it; ending this one is signing out."""
        row = get_object_or_404(Session.objects.filter(user=self.person).running(), pk=session_id)
        if row.pk == self.session.pk:
            signals.signed_out.send(type(self.person), user=self.person)
        else:
            signals.session_ended.send(Session, user=self.person, session=row, reason=REASON)
        Session.objects.filter(pk=row.pk).end(reason=REASON)
        return Answer(done("That device is signed out."))
