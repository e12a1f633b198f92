"""Registering as a patient or as a doctor."""

from datetime import date
from http import HTTPStatus
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.http import JsonResponse
from rest_framework import serializers
from rest_framework.request import Request

from accounts import registering
from accounts.api import bodies
from accounts.api.people import OpenView
from accounts.api.photos import PhotoSent, keep_sent
from accounts.api.sign_in import begin
from accounts.forms import check_date_of_birth
from accounts.models import Role, User, normalise_email
from medichat.api.declaring import Created, refuses, takes
from medichat.api.errors import refusal
from medichat.api.values import DayField

EMAIL_TAKEN = "There is an account with this e-mail address already. Sign in, or ask for a new password."
LICENCE_TAKEN = "This licence number is registered already. Sign in, or call the clinic if it is not you."
REGISTERED = "Your account is ready."
DOCTOR_REGISTERED = (
    "Your registration is stored. You can see patients' data when an administrator has checked your licence and you "
    "have signed in again, with a second factor."
)


class Registration(serializers.Serializer[Any]):
    """What somebody says who registers. What belongs to doctors only is not kept of a patient."""

    email = serializers.EmailField(max_length=255)
    password = serializers.CharField(max_length=1000, trim_whitespace=False)
    role = serializers.ChoiceField(choices=[Role.PATIENT, Role.DOCTOR])
    firstName = serializers.CharField(max_length=100)
    lastName = serializers.CharField(max_length=100)
    phone = serializers.CharField(max_length=50, required=False, allow_blank=True, allow_null=True)
    dateOfBirth = DayField(required=False, allow_null=True, validators=[check_date_of_birth])
    specialization = serializers.CharField(max_length=100, required=False, allow_blank=True, allow_null=True)
    licenseNumber = serializers.CharField(max_length=50, required=False, allow_blank=True, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """What depends on several of them: the doctor's facts, and a password that is not built from the name."""
        faults: dict[str, Any] = {}
        if attrs["role"] == Role.DOCTOR:
            facts = {"specialization": "your specialization", "licenseNumber": "the number of your licence to practise"}
            faults = {name: f"Enter {what}." for name, what in facts.items() if not attrs.get(name)}
        try:
            validate_password(attrs["password"], self.person(attrs))
        except ValidationError as error:
            faults["password"] = error.messages
        if faults:
            raise serializers.ValidationError(faults)
        return attrs

    @staticmethod
    def person(attrs: dict[str, Any]) -> User:
        """The account, not yet stored and without a password."""
        is_doctor = attrs["role"] == Role.DOCTOR
        born: date | None = attrs.get("dateOfBirth")
        return User(
            email=normalise_email(attrs["email"]),
            role=attrs["role"],
            first_name=attrs["firstName"],
            last_name=attrs["lastName"],
            phone=attrs.get("phone") or None,
            date_of_birth=born,
            specialization=attrs["specialization"] if is_doctor and attrs.get("specialization") else None,
            licence_number=attrs["licenseNumber"] if is_doctor and attrs.get("licenseNumber") else None,
        )


class RegisterView(OpenView):
    """Register and be signed in. A doctor sees no patient data before an administrator has checked the licence.

    That an address is known is said here, as the previous system did: its clients show it. On the pages nobody is
    told. The throttle keeps anybody from asking often.
    """

    says_faults_plainly = True

    @takes(Registration, PhotoSent)
    @refuses(409, "The address or the licence is registered already.")
    def post(self, request: Request) -> Created[bodies.SignedInBody] | JsonResponse:
        """Store the account and sign in."""
        sent = self.sent(Registration)
        user = Registration.person(sent)
        user.set_password(sent["password"])
        match registering.register(user):
            case "email":
                return refusal(request, HTTPStatus.CONFLICT, EMAIL_TAKEN, code="email_taken")
            case "licence":
                return refusal(request, HTTPStatus.CONFLICT, LICENCE_TAKEN, code="licence_taken")
        message = DOCTOR_REGISTERED if user.role == Role.DOCTOR else REGISTERED
        pair = begin(request, user)
        # As the person, who has just signed in; a photo that is none undoes the registration, and the answer says why.
        keep_sent(request, user)
        return Created(bodies.signed_in(user, pair, message))
