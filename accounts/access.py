"""Who may open a page: signed in, and in the right role. Which rows they see is decided by ``visible_to``.

Signed in is who has passed every step that is asked of them; others are taken to the step that is missing.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect

from accounts.models import Role, User
from medichat.refusals import SignInRequiredError

View = Callable[..., HttpResponseBase]


def person(request: HttpRequest) -> User:
    """The signed-in person of a request behind one of the decorators below."""
    return cast(User, request.user)


def halfway(request: HttpRequest) -> User | None:
    """Whose password was right on this browser, and whose second factor is still missing."""
    found: User | None = getattr(request, "halfway", None)
    return found


def signed_in_required(view: View) -> View:
    """Anybody who is signed in; others are asked to sign in first and come back afterwards."""
    return _restricted(view, roles=set(Role))


def patient_required(view: View) -> View:
    """Patients only; other roles get 403."""
    return _restricted(view, roles={Role.PATIENT})


def doctor_required(view: View) -> View:
    """Approved doctors only; a doctor who waits for approval is shown the page that says so."""
    return _restricted(view, roles={Role.DOCTOR})


def staff_required(view: View) -> View:
    """Approved doctors and administrators."""
    return _restricted(view, roles={Role.DOCTOR, Role.ADMIN})


def administrator_required(view: View) -> View:
    """Administrators only; other roles get 403."""
    return _restricted(view, roles={Role.ADMIN})


def _restricted(view: View, *, roles: set[Role]) -> View:
    @wraps(view)
    def restricted(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return to_sign_in(request)
        if person(request).role not in roles:
            raise PermissionDenied
        if Role.PATIENT not in roles and person(request).role == Role.DOCTOR and not person(request).is_approved:
            return redirect("accounts:waiting")
        return view(request, *args, **kwargs)

    return restricted


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """The way to the step of signing in that is missing, and back afterwards.

    Raises SignInRequiredError where something was sent, so that it is not lost.
    """
    if request.method not in {"GET", "HEAD"}:
        # Going to the sign-in page would lose what was typed.
        raise SignInRequiredError
    login_url = "accounts:second_step" if halfway(request) else None
    response: HttpResponse = redirect_to_login(request.get_full_path(), login_url)
    if request.headers.get("HX-Request"):
        # A fragment cannot become the sign-in page: the whole page goes there.
        response = HttpResponse(status=204, headers={"HX-Redirect": response["Location"]})
    return response
