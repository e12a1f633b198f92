"""Signing in, the second step, fresh tokens, and signing out."""

import re
from http import HTTPStatus
from typing import Any

from django.core import signing
from django.http import JsonResponse
from django.utils.crypto import constant_time_compare, salted_hmac
from rest_framework import serializers
from rest_framework.request import Request

from accounts import mail, second_factor, signals, tokens
from accounts.api import bodies
from accounts.api.people import AccountView, OpenView
from accounts.api.photos import reader_of
from accounts.api.throttling import succeeded, too_many
from accounts.backends import person_with
from accounts.models import MfaToken, Session, User, normalise_email
from medichat.api.declaring import Answer, refuses, takes
from medichat.api.errors import ErrorBody, refusal
from medichat.client_address import client_address
from medichat.db.context import acting

REFUSED = "E-mail address and password do not belong together, or the account is not active."
CODE_REFUSED = "This code is not right, or it was used before."
STEP_SALT = "accounts.api.second-step"
STEP_SECONDS = 5 * 60
# A client that cannot show a second step lets its user type the code after the password.
WITH_CODE = re.compile(r"(?P<password>.+)(?P<code>[0-9]{6})", re.DOTALL)


class MfaRequiredBody(ErrorBody):
    """The password was right; ``mfaToken`` goes to the second step, within five minutes."""

    mfaRequired: bool
    mfaToken: str


class Credentials(serializers.Serializer[Any]):
    """E-mail address and password; the password may be followed by the six digits of the authenticator app."""

    email = serializers.EmailField(max_length=255)
    password = serializers.CharField(max_length=1000, trim_whitespace=False)


class SecondStep(serializers.Serializer[Any]):
    """The code of the authenticator app, or a backup code, and the token that the first step gave."""

    mfaToken = serializers.CharField(max_length=2000)
    code = serializers.CharField(max_length=40)


class RefreshTokenSent(serializers.Serializer[Any]):
    """The refresh token of the client."""

    refreshToken = serializers.CharField(max_length=4000)


class LoginView(OpenView):
    """Sign in with e-mail address and password. One answer for every reason why they do not work."""

    @takes(Credentials)
    @refuses(401, "Address, password or code are wrong, or the account is not active.")
    @refuses(403, "A second step is asked for.", body=MfaRequiredBody)
    @refuses(403, "A second factor must be set up on the web pages first.")
    def post(self, request: Request) -> Answer[bodies.SignedInBody] | JsonResponse:
        """Tokens and account; 403 with ``mfaRequired`` where a second step is asked for."""
        sent = self.sent(Credentials)
        passwords = [sent["password"]]
        with_code = WITH_CODE.fullmatch(sent["password"])
        if with_code:
            passwords.append(with_code["password"])
        user, password = person_with(normalise_email(sent["email"]), *passwords)
        if user is None:
            return refusal(request, HTTPStatus.UNAUTHORIZED, REFUSED, code="wrong_credentials")
        code = with_code["code"] if with_code and password != sent["password"] else ""
        with acting(role="sign_in", user_id=user.pk):
            is_enrolled = second_factor.is_enrolled(user)
            if code and not is_enrolled:
                # Digits too many are a wrong password.
                signals.sign_in_failed.send(User, user=user, reason="wrong password")
                return refusal(request, HTTPStatus.UNAUTHORIZED, REFUSED, code="wrong_credentials")
            app = _app_that_accepts(request, user, code) if code else None
        if isinstance(app, JsonResponse):
            return app
        succeeded(request)
        if is_enrolled and app is None:
            return _second_step(request, user)
        if app is None and second_factor.is_required(user):
            return _set_up_first(request)
        return _signed_in(request, user, app)


class SecondStepView(OpenView):
    """The second step of signing in."""

    @takes(SecondStep)
    @refuses(401, "The code is wrong, or was used before.")
    @refuses(403, "The token of the first step is too old or not right: start again with the password.")
    def post(self, request: Request) -> Answer[bodies.SignedInBody] | JsonResponse:
        """Tokens and account, as after the first step where none is asked for."""
        sent = self.sent(SecondStep)
        user = _person_of_step(sent["mfaToken"])
        if user is None:
            sentence = "This took too long, or the token is not right. Start again with your password."
            return refusal(request, HTTPStatus.FORBIDDEN, sentence, code="mfa_token_not_valid")
        with acting(role="sign_in", user_id=user.pk):
            app = _app_that_accepts(request, user, sent["code"])
        return app if isinstance(app, JsonResponse) else _signed_in(request, user, app)


class RefreshView(OpenView):
    """Exchange a refresh token for the next pair. Each works once; using an old one ends the session."""

    @takes(RefreshTokenSent)
    @refuses(401, "The token is not valid; an old one has ended its session.")
    def post(self, request: Request) -> Answer[bodies.TokensBody] | JsonResponse:
        """A fresh access token and the next refresh token."""
        try:
            pair = tokens.refresh(self.sent(RefreshTokenSent)["refreshToken"])
        except tokens.InvalidTokenError as fault:
            # An answer and not an exception: that the session has ended must be kept.
            return refusal(request, HTTPStatus.UNAUTHORIZED, str(fault), code="token_not_valid")
        return Answer(
            bodies.TokensBody(status="success", token=pair.access, refreshToken=pair.refresh, expiresIn=pair.expires_in)
        )


class LogoutView(AccountView):
    """Sign out: this client's session ends, and both its tokens with it."""

    def post(self, request: Request) -> Answer[bodies.DoneBody]:
        """End the session."""
        signals.signed_out.send(User, user=self.person)
        Session.objects.filter(pk=self.session.pk).end(reason="signed out")
        return Answer(bodies.done("You are signed out."))


class VerifyView(AccountView):
    """Whose token this is (also without ``Bearer`` before it, as the previous system took it)."""

    def get(self, request: Request) -> Answer[bodies.OwnAccountBody]:
        """The account."""
        return Answer(
            bodies.OwnAccountBody(status="success", user=bodies.account(self.person, reader_of(self.session)))
        )


def begin(request: Request, user: User, *, with_factor: MfaToken | None = None) -> tokens.Tokens:
    """Sign the person in on the client that sends this request."""
    device = request.headers.get("User-Agent", "").replace("\0", "")
    return tokens.begin_session(user, device=device, address=client_address(request._request), with_factor=with_factor)


def _signed_in(request: Request, user: User, app: MfaToken | None) -> Answer[bodies.SignedInBody] | JsonResponse:
    try:
        pair = begin(request, user, with_factor=app)
    except tokens.InvalidTokenError:
        return refusal(request, HTTPStatus.UNAUTHORIZED, REFUSED, code="wrong_credentials")
    return Answer(bodies.signed_in(user, pair, "You are signed in."))


def _app_that_accepts(request: Request, user: User, code: str) -> MfaToken | JsonResponse:
    """The authenticator app whose code it is, or the refusal; answered, not raised, because the count must be kept."""
    try:
        return second_factor.verify(user, code)
    except second_factor.WrongCode:
        return refusal(request, HTTPStatus.UNAUTHORIZED, CODE_REFUSED, code="wrong_code")
    except second_factor.TooManyCodes as fault:
        return too_many(request, fault.retry_after, "Too many codes were wrong. Please wait.")


def _second_step(request: Request, user: User) -> JsonResponse:
    """Status 403: existing clients take 401 for the end of the session and would lose what was typed."""
    step = signing.dumps({"user": str(user.pk), "while": _state(user)}, salt=STEP_SALT)
    sentence = (
        "Enter the six digits of your authenticator app. If this program does not ask for them, sign in again with the "
        "digits typed right after your password."
    )
    return refusal(request, HTTPStatus.FORBIDDEN, sentence, code="mfa_required", mfaRequired=True, mfaToken=step)


def _set_up_first(request: Request) -> JsonResponse:
    sentence = f"Your account needs a second factor. Sign in at {mail.address_of('accounts:sign_in')} to set it up."
    return refusal(request, HTTPStatus.FORBIDDEN, sentence, code="second_factor_missing")


def _person_of_step(step: str) -> User | None:
    """Who has passed the first step with this token within five minutes, and has the same password still."""
    try:
        told = signing.loads(step, salt=STEP_SALT, max_age=STEP_SECONDS)
    except signing.BadSignature:
        return None
    with acting(role="sign_in", user_id=told["user"]):
        user = User.objects.filter(pk=told["user"], is_active=True).order_by().first()
    return user if user is not None and constant_time_compare(told["while"], _state(user)) else None


def _state(user: User) -> str:
    return salted_hmac(STEP_SALT, user.password, algorithm="sha256").hexdigest()
