"""Who may call an endpoint: each view is built on one of these. Which rows they see is decided by ``visible_to``."""

from typing import Any, cast

from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts import second_factor
from accounts.api.once import REPLAYED, Act, AnsweredBefore
from accounts.models import Role, Session, User
from medichat.api.views import ApiView

SET_UP_FIRST = (
    "Your account needs a second factor, and this session was opened without one. Set it up on the clinic's web pages, "
    "then sign in again."
)
WAITS_FOR_APPROVAL = "An administrator has not checked your licence yet. Until then there is no patient data to see."


class InRole(BasePermission):
    """Signed in with everything that their account asks for, in the role of the view, and, as a doctor, approved."""

    message = "This is not open to your role."
    code = "forbidden"

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Whether this person may; ``message`` says why not."""
        user, session = cast(User, request.user), cast(Session, request.auth)
        if not isinstance(view, PersonView) or user.role not in view.roles:
            return False
        if user.role == Role.DOCTOR and not user.is_approved:
            self.message, self.code = WAITS_FOR_APPROVAL, "waits_for_approval"
            return False
        if second_factor.is_missing(user, session):
            self.message, self.code = SET_UP_FIRST, "second_factor_missing"
            return False
        return True


class OpenView(ApiView):
    """For everybody; a token that comes along is not looked at."""

    authentication_classes = []
    permission_classes = []


class AccountView(ApiView):
    """For whoever is signed in, about the own account: open to doctors who wait for approval as well."""

    permission_classes = [IsAuthenticated]

    @property
    def person(self) -> User:
        """Who calls."""
        return cast(User, self.request.user)

    @property
    def session(self) -> Session:
        """The API client's session."""
        return cast(Session, self.request.auth)


class PersonView(AccountView):
    """For people in certain roles who may see patient data.

    What is sent twice with the same ``Idempotency-Key`` happens once (see ``accounts.api.once``).
    """

    roles: frozenset[Role] = frozenset(Role)
    permission_classes = [IsAuthenticated, InRole]
    takes_keys = True
    once: Act | None = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """After who it is and whether they may: has it happened already?"""
        super().initial(request, *args, **kwargs)
        self.once = Act.named_in(request, self.person)
        if self.once:
            self.once.begin()

    def handle_exception(self, exc: Exception) -> Any:
        """That it happened before is an answer and undoes nothing."""
        if isinstance(exc, AnsweredBefore):
            self.once = None
            return exc.response
        return super().handle_exception(exc)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Keep what is answered, and say whether it was answered before."""
        if self.once:
            self.once.keep(response)
        if request.method == "POST":
            response.headers.setdefault(REPLAYED, "false")
        return super().finalize_response(request, response, *args, **kwargs)


class PatientView(PersonView):
    """For patients, about their own data."""

    roles = frozenset({Role.PATIENT})


class DoctorView(PersonView):
    """For approved doctors."""

    roles = frozenset({Role.DOCTOR})


class AdministratorView(PersonView):
    """For administrators."""

    roles = frozenset({Role.ADMIN})
