"""Looking after accounts through the API, for administrators."""

import uuid
from http import HTTPStatus
from typing import Any, TypedDict

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.http import JsonResponse
from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.request import Request

from accounts import signals
from accounts.api.bodies import AccountBody, account
from accounts.api.people import AdministratorView
from accounts.api.photos import Reader, reader_of
from accounts.api.registration import EMAIL_TAKEN, LICENCE_TAKEN
from accounts.models import Role, User, normalise_email
from accounts.passwords import send_reset_link
from accounts.registering import taken_by
from medichat.api.declaring import Answer, Created, asks, refuses, takes
from medichat.api.errors import refusal
from medichat.api.paging import PaginationBody, Paging, part_of
from medichat.api.shapes import Timestamp
from medichat.api.values import timestamp_or_none
from medichat.refusals import ConflictError

MOST_AT_ONCE = 500
COLUMNS = {
    "firstName": "first_name",
    "lastName": "last_name",
    "phone": "phone",
    "specialization": "specialization",
    "licenseNumber": "licence_number",
    "role": "role",
}
# What an administrator has checked: another one has not been.
APPROVED_WITH = {"licence_number", "role"}


class UserBody(AccountBody):
    """An account as administrators see it; ``isApproved`` is whether a doctor's licence has been checked."""

    isApproved: bool
    createdAt: Timestamp | None
    updatedAt: Timestamp | None


class UsersBody(TypedDict):
    """Accounts, latest first."""

    users: list[UserBody]
    pagination: PaginationBody


class OneUserBody(TypedDict):
    """One account after the act."""

    message: str
    user: UserBody


class ToldBody(TypedDict):
    """What was done."""

    message: str


class UserChange(serializers.Serializer[Any]):
    """What an administrator may change; everything else that is sent is not looked at."""

    firstName = serializers.CharField(max_length=100, required=False)
    lastName = serializers.CharField(max_length=100, required=False)
    phone = serializers.CharField(max_length=50, required=False, allow_blank=True, allow_null=True)
    specialization = serializers.CharField(max_length=100, required=False, allow_blank=True, allow_null=True)
    licenseNumber = serializers.CharField(max_length=50, required=False, allow_blank=True, allow_null=True)
    role = serializers.ChoiceField(choices=Role.choices, required=False)
    isActive = serializers.BooleanField(required=False)
    isApproved = serializers.BooleanField(required=False)


class NewUser(UserChange):
    """A new account; without a password its owner chooses one with a link that is sent to the address."""

    email = serializers.EmailField(max_length=255)
    password = serializers.CharField(max_length=1000, trim_whitespace=False, required=False)
    firstName = serializers.CharField(max_length=100)
    lastName = serializers.CharField(max_length=100)
    role = serializers.ChoiceField(choices=Role.choices)


class AccountsWanted(serializers.Serializer[Any]):
    """Which accounts."""

    role = serializers.ChoiceField(choices=Role.choices, required=False, allow_blank=True)
    search = serializers.CharField(max_length=200, required=False, allow_blank=True)


class UsersView(AdministratorView):
    """Accounts: look, or make one."""

    says_faults_plainly = True

    @asks(AccountsWanted, Paging)
    def get(self, request: Request) -> Answer[UsersBody]:
        """Latest first; ``role`` and ``search`` (a part of names or address) narrow it."""
        wanted = self.asked(AccountsWanted)
        people = User.objects.order_by("-created_at", "-id")
        if role := wanted.get("role"):
            people = people.filter(role=role)
        if words := wanted.get("search"):
            people = people.filter(
                Q(first_name__icontains=words) | Q(last_name__icontains=words) | Q(email__icontains=words)
            )
        part = part_of(request, people, usual=MOST_AT_ONCE)
        patients = {row.pk for row in part.rows if row.is_patient}
        signals.list_viewed.send(
            User, by=self.person, patient_ids=patients, resource_type="user_list", why="administration"
        )
        return Answer(
            UsersBody(users=[user_body(row, reader_of(self.session)) for row in part.rows], pagination=part.pagination)
        )

    @takes(NewUser)
    @refuses(409, "The address or the licence is registered already.")
    def post(self, request: Request) -> Created[OneUserBody] | JsonResponse:
        """Make an account. A doctor's licence is approved by an act of its own (``isApproved``)."""
        sent = self.sent(NewUser)
        user = User(email=normalise_email(sent["email"]))
        _set(user, sent)
        _require_complete(user)
        if "password" in sent:
            try:
                validate_password(sent["password"], user)
            except ValidationError as error:
                raise serializers.ValidationError({"password": error.messages}) from None
        user.set_password(sent.get("password"))
        taken = _save(user, force_insert=True)
        if taken:
            return refusal(request, HTTPStatus.CONFLICT, EMAIL_TAKEN if taken == "email" else LICENCE_TAKEN)
        if "password" not in sent:
            send_reset_link(user)
        if sent.get("isApproved") and user.role == Role.DOCTOR:
            user.approve(by=self.person)
        user.refresh_from_db()
        return Created(OneUserBody(message="The account is made.", user=user_body(user, reader_of(self.session))))


class UserView(AdministratorView):
    """One account: change it, or delete it; where there are clinical records it is only ended."""

    says_faults_plainly = True

    @takes(UserChange)
    @refuses(403, "Nobody changes the own role or activity.")
    @refuses(409, "The licence is registered already, or the person has a record in the other role.")
    def patch(self, request: Request, user_id: uuid.UUID) -> Answer[OneUserBody] | JsonResponse:
        """Change it. Nobody changes the own role or activity, so an administrator always remains."""
        sent = self.sent(UserChange)
        user = get_object_or_404(User.objects.select_for_update(), pk=user_id)
        is_self = user.pk == self.person.pk
        if is_self and (sent.get("role", user.role) != user.role or sent.get("isActive") is False):
            raise PermissionDenied("Another administrator changes your role or ends your account.")
        changed = _set(user, sent)
        _require_complete(user)
        if changed and (taken := _save(user, update_fields=changed)):
            return refusal(request, HTTPStatus.CONFLICT, EMAIL_TAKEN if taken == "email" else LICENCE_TAKEN)
        if user.approved_at and APPROVED_WITH & set(changed):
            user.withdraw_approval(by=self.person)
        self._switch(user, sent)
        user.refresh_from_db()
        # The answer shows the account, also where nothing was sent.
        _tell_viewed(self.person, "user", user.pk if user.is_patient else None, user.pk)
        return Answer(OneUserBody(message="The account is changed.", user=user_body(user, reader_of(self.session))))

    def _switch(self, user: User, sent: dict[str, Any]) -> None:
        """Acts that have a name: on and off, approved and not."""
        wanted = sent.get("isActive", user.is_active)
        if wanted != user.is_active:
            if wanted:
                user.reactivate(by=self.person)
            else:
                user.deactivate(by=self.person)
        is_approved = user.approved_at is not None
        if user.role == Role.DOCTOR and sent.get("isApproved", is_approved) != is_approved:
            if is_approved:
                user.withdraw_approval(by=self.person)
            else:
                user.approve(by=self.person)

    @refuses(403, "Nobody ends the own account.")
    def delete(self, request: Request, user_id: uuid.UUID) -> Answer[ToldBody]:
        """Delete an account that never had any clinical record; else end it and all its sessions, and all else stays.

        The answer is the same, as it was in the previous system.
        """
        if user_id == self.person.pk:
            raise PermissionDenied("Another administrator ends your account.")
        user = get_object_or_404(User, pk=user_id)
        if not user.delete_if_unused(by=self.person) and user.is_active:
            user.deactivate(by=self.person)
        return Answer(ToldBody(message="The account is ended."))


def user_body(user: User, reader: Reader | None = None) -> UserBody:
    """An account as administrators see it."""
    return UserBody(
        **account(user, reader),
        isApproved=user.approved_at is not None,
        createdAt=timestamp_or_none(user.created_at),
        updatedAt=timestamp_or_none(user.updated_at),
    )


def _set(user: User, sent: dict[str, Any]) -> list[str]:
    """Set what was sent; returns the columns that changed."""
    changed = []
    for name, column in COLUMNS.items():
        if name in sent:
            value = sent[name] or None
            if getattr(user, column) != value:
                setattr(user, column, value)
                changed.append(column)
    return changed


def _require_complete(user: User) -> None:
    if user.role == Role.DOCTOR and user.legacy_id is None:
        missing = {
            name: "A doctor needs this."
            for name in ("specialization", "licenseNumber")
            if not getattr(user, COLUMNS[name])
        }
        if missing:
            raise serializers.ValidationError(missing)


def _save(user: User, **how: Any) -> str:
    """Save; returns what is taken already (``email`` or ``licence``), '' when it is stored."""
    try:
        with transaction.atomic():
            user.save(**how)
    except IntegrityError as error:
        taken = taken_by(error)
        if not taken:
            raise ConflictError("This cannot be changed while the person has a record in the other role.") from error
        return taken
    return ""


def _tell_viewed(by: User, what: str, patient_id: uuid.UUID | None, user_id: uuid.UUID | None = None) -> None:
    signals.viewed.send(
        User, by=by, patient_id=patient_id, resource_type=what, resource_id=user_id, why="administration"
    )
