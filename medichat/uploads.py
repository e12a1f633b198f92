"""A request with files that is far too long is refused before it fills the disk."""

from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler


class RefuseTooLong(FileUploadHandler):
    """Stands first among the upload handlers and stores nothing itself.

    What is a little too large is read, so that the page can say so beside the field and keep what was typed; beyond
    ``settings.UPLOAD_MAX_BYTES`` the request is answered with the page for 413.
    """

    def handle_raw_input(
        self,
        input_data: IO[bytes],
        META: Mapping[str, Any],  # noqa: N803  # Django's name
        content_length: int,
        boundary: str,
        encoding: str | None = None,
    ) -> None:
        """Look at the announced length before anything is read."""
        if content_length > settings.UPLOAD_MAX_BYTES:
            raise RequestDataTooBig("The request announces more than settings.UPLOAD_MAX_BYTES.")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Hand the data on to the handlers that store it."""
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Nothing of this handler's."""
