"""A new password: by a link in an e-mail, or knowing the present one."""

from http import HTTPStatus
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.http import JsonResponse
from rest_framework import serializers
from rest_framework.request import Request

from accounts import passwords
from accounts.api import bodies
from accounts.api.people import AccountView, OpenView
from accounts.api.throttling import succeeded
from accounts.models import User, normalise_email
from accounts.throttle import make_known
from medichat.api.declaring import Answer, refuses, takes
from medichat.api.errors import refusal
from medichat.client_address import client_address


class Forgotten(serializers.Serializer[Any]):
    """Where to send the link."""

    email = serializers.EmailField(max_length=255)


class NewPassword(serializers.Serializer[Any]):
    """A new password for the person of the context."""

    newPassword = serializers.CharField(max_length=1000, trim_whitespace=False)

    def validate_newPassword(self, value: str) -> str:  # noqa: N802  # DRF's way: validate_ and the field's name
        """Long enough and not easily guessed."""
        validate_password(value, self.context.get("person"))
        return value


class ResetLink(serializers.Serializer[Any]):
    """The two parts of the link in the e-mail: ``/account/reset/<uid>/<token>/``."""

    uid = serializers.CharField(max_length=100)
    token = serializers.CharField(max_length=200)


class Change(NewPassword):
    """The present password and the new one."""

    password = serializers.CharField(max_length=1000, trim_whitespace=False)

    def validate_password(self, value: str) -> str:
        """It must be right."""
        person: User = self.context["person"]
        if not person.check_password(value):
            raise serializers.ValidationError("This is not your present password.")
        return value


class ForgotView(OpenView):
    """Ask for a link by e-mail; the answer is the same whether or not there is an account."""

    @takes(Forgotten)
    def post(self, request: Request) -> Answer[bodies.DoneBody]:
        """Send the link, if there is an account."""
        passwords.request_reset(normalise_email(self.sent(Forgotten)["email"]))
        return Answer(bodies.done("If there is an account with this address, a link for a new password is sent."))


class ResetView(OpenView):
    """Choose a new password with the link from the e-mail; it works once, for an hour, and ends all sessions."""

    @takes(ResetLink, NewPassword)
    @refuses(410, "The link was used before or is too old.")
    def post(self, request: Request) -> Answer[bodies.DoneBody] | JsonResponse:
        """Store the new password."""
        sent = self.sent(ResetLink)
        with passwords.owner_of_link(sent["uid"], sent["token"]) as user:
            if user is None:
                sentence = "This link was used before or is too old. Ask for a new one."
                return refusal(request, HTTPStatus.GONE, sentence, code="link_not_valid")
            passwords.set_password(user, self.sent(NewPassword, person=user)["newPassword"])
            passwords.end_sessions(user, reason="password reset")
            make_known(user.email, client_address(request._request))
        return Answer(bodies.done("Your new password is stored. Sign in with it."))


class ChangeView(AccountView):
    """Change the password; every other device is signed out."""

    @takes(Change)
    def post(self, request: Request) -> Answer[bodies.DoneBody]:
        """Store the new password."""
        sent = self.sent(Change, person=self.person)
        succeeded(request)
        passwords.set_password(self.person, sent["newPassword"])
        passwords.end_sessions(self.person, reason="password changed", but=self.session)
        return Answer(bodies.done("Your password is changed. Other devices were signed out."))
