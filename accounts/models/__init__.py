"""People who sign in, their sessions and their second factors."""

from accounts.models.attempts import AttemptCount, RequestCount
from accounts.models.person import NextRecordNumber, User, UserManager, UserQuerySet, normalise_email
from accounts.models.roles import Role, Sex
from accounts.models.second_factors import MfaToken, MfaTokenKind, MfaTokenQuerySet
from accounts.models.sessions import ACTIVITY_WRITTEN_EVERY, Session, SessionKind, SessionQuerySet
from accounts.models.stored_answers import StoredAnswer

__all__ = [
    "ACTIVITY_WRITTEN_EVERY",
    "AttemptCount",
    "MfaToken",
    "MfaTokenKind",
    "MfaTokenQuerySet",
    "NextRecordNumber",
    "RequestCount",
    "Role",
    "Session",
    "SessionKind",
    "SessionQuerySet",
    "Sex",
    "StoredAnswer",
    "User",
    "UserManager",
    "UserQuerySet",
    "normalise_email",
]
