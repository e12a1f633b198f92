"""The token in the header, as DRF asks for it. ``accounts.middleware`` has opened it before the view is called."""

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.models import Session, User


class BearerAuthentication(BaseAuthentication):
    """``Authorization: Bearer <access token>``; never a cookie."""

    def authenticate(self, request: Request) -> tuple[User, Session] | None:
        """The person and their session, None without a token. Raises AuthenticationFailed for one that opens none."""
        sent = request._request
        if hasattr(sent, "token_fault"):
            raise AuthenticationFailed(sent.token_fault, code="token_not_valid")
        if isinstance(sent.user, User):
            return sent.user, sent.api_session  # type: ignore[attr-defined]  # set with the user
        return None

    def authenticate_header(self, request: Request) -> str:
        """Makes an unauthenticated request 401."""
        return "Bearer"
