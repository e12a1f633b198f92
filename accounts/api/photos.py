"""Photos through the API: links that work without a header, because clients show them as plain pictures."""

import uuid
from http import HTTPStatus
from typing import Annotated, Any, NamedTuple, TypedDict

from django.core import signing
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpResponseBase
from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.exceptions import NotAuthenticated, ValidationError
from rest_framework.request import Request

from accounts import photos, tokens
from accounts.models import Session, User
from accounts.signals import viewed
from medichat.api.declaring import asks, refuses, sends_file
from medichat.api.errors import refusal
from medichat.api.shapes import Shape
from medichat.api.views import ApiView
from medichat.file_checks import UnacceptableFile

SALT = "accounts.api.photo-link"
FIELD = "profilePhoto"
EXPIRED = "This link has expired. Load the account again to get a new one."


class Reader(NamedTuple):
    """Whose session asks: a link opens nothing after that session."""

    user_id: uuid.UUID
    session_id: uuid.UUID


class PhotoSent(TypedDict, total=False):
    """A photo of oneself, as a file of a multipart form: JPEG, PNG or WebP, 5 MB at most."""

    profilePhoto: Annotated[str, Shape(format="binary")]


class PhotoLink(serializers.Serializer[Any]):
    """The signature of a link."""

    link = serializers.CharField(required=False, help_text="The signature of a link that works without a header.")


def reader_of(session: Session) -> Reader:
    """The reader whose session it is."""
    return Reader(session.user_id, session.pk)


def reader_with(user: User, access_token: str) -> Reader | None:
    """The reader who has just signed in and got this token."""
    session_id = tokens.session_named_by(f"Bearer {access_token}")
    return Reader(user.pk, uuid.UUID(session_id)) if session_id else None


def link_to(person: User, reader: Reader | None) -> str | None:
    """The path of the person's photo on this host, for this reader's session; None without a photo."""
    if person.photo_file is None or reader is None:
        return None
    named = [str(person.photo_file), str(person.pk), str(reader.user_id), str(reader.session_id)]
    return f"/api/photos/{person.pk}?link={signing.dumps(named, salt=SALT)}"


def keep_sent(request: Request, user: User) -> None:
    """Store the photo that came along, if one did. Raises ValidationError for what is none."""
    file: Any = request.FILES.get(FIELD)
    if not isinstance(file, UploadedFile):
        return
    try:
        photos.keep(user, file)
    except UnacceptableFile as fault:
        raise ValidationError({FIELD: [str(fault)]}) from None


class PhotoView(ApiView):
    """The photo of an account: for its owner and for administrators."""

    permission_classes = []

    @asks(PhotoLink)
    @sends_file("image/jpeg", "The photo.")
    @refuses(410, "The link is too old, or not ours.")
    def get(self, request: Request, user_id: uuid.UUID) -> HttpResponseBase:
        """With a token, or with the signed link of ``profilePhoto`` for as long as its session runs."""
        signed = self.asked(PhotoLink).get("link")
        reader = request.user
        if signed is not None:
            opened = _reader_of_link(signed, user_id)
            if opened is None:
                return refusal(request, HTTPStatus.GONE, EXPIRED, code="link_not_valid")
            reader = request.user = opened
        if not isinstance(reader, User):
            raise NotAuthenticated
        if reader.pk != user_id and not reader.is_administrator:
            raise Http404
        person = get_object_or_404(User, pk=user_id)
        response = photos.shown(person)
        if response is None:
            raise Http404
        if person.is_patient:
            why = "own" if reader.pk == person.pk else "administration"
            viewed.send(User, by=reader, patient_id=person.pk, resource_type="photo", resource_id=person.pk, why=why)
        return response


def _reader_of_link(signed: str, user_id: uuid.UUID) -> User | None:
    """Who may look by this link; the database context becomes theirs. None for one that opens nothing."""
    try:
        _photo, person_id, reader_id, session_id = map(uuid.UUID, signing.loads(signed, salt=SALT))
    except signing.BadSignature:
        return None
    if person_id != user_id:
        return None
    try:
        return tokens.open_session_of(reader_id, session_id).user
    except tokens.InvalidTokenError:
        return None
