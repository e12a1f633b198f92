"""Downloading a file: with a token, or with a signed link that a client got with the consultation."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request

from accounts import tokens
from accounts.models import User
from conversations.api.links import PARAMETER, read_link
from conversations.models import Attachment
from conversations.views.files import download
from medichat.api.declaring import asks, refuses, sends_file
from medichat.api.errors import refusal
from medichat.api.views import ApiView

EXPIRED = "This link has expired. Load the consultation again to get a new one."
DAMAGED = "This file cannot be read any more. The clinic's operators have been told."


class Link(serializers.Serializer[Any]):
    """The signature of a link that works without a header."""

    link = serializers.CharField(required=False, trim_whitespace=False, help_text="As it stands in `path`.")


class FileView(ApiView):
    """A file of a consultation, verified, always to be saved and never shown as a page."""

    permission_classes = []

    @asks(Link)
    @sends_file("*/*", "The file, always to be saved.")
    @refuses(410, "The link is too old, or its session has ended.")
    def get(self, request: Request, attachment_id: UUID) -> HttpResponseBase:
        """The file."""
        signed = self.asked(Link).get(PARAMETER)
        reader = request.user
        if signed is not None:
            link = read_link(signed)
            if link is None or link.attachment_id != attachment_id:
                return refusal(request, HTTPStatus.GONE, EXPIRED, code="link_not_valid")
            try:
                reader = tokens.open_session_of(link.user_id, link.session_id).user
            except tokens.InvalidTokenError:
                return refusal(request, HTTPStatus.GONE, EXPIRED, code="link_not_valid")
            request.user = reader
        if not isinstance(reader, User):
            raise NotAuthenticated
        visible = Attachment.objects.visible_to(reader).select_related("conversation")
        file = download(get_object_or_404(visible, pk=attachment_id), by=reader)
        return file or refusal(request, HTTPStatus.INTERNAL_SERVER_ERROR, DAMAGED, code="file_damaged")
