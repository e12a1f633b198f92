"""What an uploaded file really is: decided by its content, opened by the library that knows its kind.

No database and no storage here. The name and the type that the browser claims must not contradict the content, because
a doctor opens the file later and trusts its name.
"""

import io
import logging
import mimetypes
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO

import magic

from medichat.file_checks import UnacceptableFile, documents, medical_images, pictures

logger = logging.getLogger(__name__)

LONGEST_NAME = 150
HEAD_BYTES = 4096
NO_KIND = "application/octet-stream"
_NOTHING_CLAIMED = {"", "application/octet-stream", "binary/octet-stream"}

WHAT_IS_ACCEPTED = "JPEG and PNG pictures, PDF documents and DICOM images"


@dataclass(frozen=True)
class FileType:
    """One kind of file that is accepted."""

    content_type: str
    extensions: tuple[str, ...]
    claims: tuple[str, ...]
    made_safe: Callable[[BinaryIO], BinaryIO]
    """The file as it is kept; raises when it is not whole or not harmless."""

    @property
    def extension(self) -> str:
        """The usual end of its name, with the dot."""
        return self.extensions[0]

    def fits_name(self, name: str) -> bool:
        """Whether the name's end does not contradict the content. Scanners name DICOM files by bare numbers."""
        end = PurePosixPath(name).suffix.lower()
        return not end or end in self.extensions or (self.content_type == "application/dicom" and end[1:].isdigit())

    def fits_claim(self, claimed: str) -> bool:
        """Whether the type that the browser claims does not contradict the content."""
        claimed = claimed.partition(";")[0].strip().lower()
        return claimed in _NOTHING_CLAIMED or claimed == self.content_type or claimed in self.claims


@dataclass(frozen=True)
class SafeFile:
    """What a file really is, and its content as it is kept: pictures are written again without what came along."""

    kind: FileType
    content: BinaryIO


def made_safe(file: BinaryIO, *, name: str, claimed: str = "") -> SafeFile:
    """Say what the file is, having opened it whole.

    Raises UnacceptableFile when it is empty, of another kind, damaged, cut off, harmful, or not what its name or claim
    says.
    """
    file.seek(0)
    head = file.read(HEAD_BYTES)
    if not head:
        raise UnacceptableFile("This file is empty. Choose another one.")
    kind = _KINDS.get(type_of(head))
    if kind is None:
        raise UnacceptableFile(f"This kind of file cannot be read here. Accepted are {WHAT_IS_ACCEPTED}.")
    if not kind.fits_name(name):
        raise UnacceptableFile(
            f"The name of this file says something else than what is in it ({kind.content_type}). "
            f"If you trust it, rename it to end in {kind.extension} and attach it again."
        )
    if not kind.fits_claim(claimed):
        raise UnacceptableFile(
            f"This file was announced as something else than what is in it ({kind.content_type}). "
            "If you trust it, open it, save it under a new name, and attach that."
        )
    file.seek(0)
    try:
        content = kind.made_safe(file)
    except UnacceptableFile:
        raise
    except Exception as error:
        # A parser of bytes from a stranger raises whatever the bytes lead it to; each of them means "cannot be read".
        logger.info("An uploaded %s could not be read: %s", kind.content_type, type(error).__name__)
        raise UnacceptableFile(
            "This file is damaged or not complete. Open it on your device to see whether it is whole, then attach it "
            "again."
        ) from error
    content.seek(0)
    return SafeFile(kind, content)


def as_an_upload(content: bytes, content_type: str) -> tuple[bytes, str]:
    """What is given out of a file that was never checked, and as what: a picture is written again without what came
    along, and what an upload would refuse is of no kind that a device opens by itself. Other kinds stay as they are.
    """
    if content_type not in _KINDS:
        return content, content_type
    try:
        safe = made_safe(io.BytesIO(content), name="")
    except UnacceptableFile:
        return content, NO_KIND
    return safe.content.read(), safe.kind.content_type


def type_of(head: bytes) -> str:
    """The media type that the first ``HEAD_BYTES`` bytes of a file tell, accepted here or not."""
    # The 128 bytes before DICOM's mark are free and may look like something else.
    return "application/dicom" if head[128:132] == b"DICM" else magic.from_buffer(head, mime=True)


def tidy_name(name: str, kind: FileType) -> str:
    """The name as it is kept: one line, no path, no invisible characters, its true ending."""
    return _named(name, kind.extensions)


def offered_name(name: str, content_type: str) -> str:
    """The name to save a file under, with an ending that is true: the doctor's device opens it by that.

    Files from the previous system were never checked: what is neither of a kind that is accepted here nor a picture
    does not open by a double click.
    """
    kind = _KINDS.get(content_type)
    if kind is not None:
        return tidy_name(name, kind)
    # A drawing in SVG may hold scripts.
    is_picture = content_type.startswith("image/") and "svg" not in content_type
    endings = mimetypes.guess_all_extensions(content_type, strict=False) if is_picture else []
    return _named(name, tuple(endings) or (".bin",))


def _named(name: str, endings: tuple[str, ...]) -> str:
    last = PurePosixPath(name.replace("\\", "/")).name
    visible = "".join(letter for letter in last if letter.isprintable()).strip(" .")
    stem, end = PurePosixPath(visible).stem, PurePosixPath(visible).suffix
    if end.lower() not in endings:
        stem, end = visible, endings[0]
    return f"{stem[:LONGEST_NAME] or 'file'}{end}"


def _unchanged(check: Callable[[BinaryIO], None]) -> Callable[[BinaryIO], BinaryIO]:
    """A kind of file that is kept byte for byte once the check has passed."""

    def made_safe(file: BinaryIO) -> BinaryIO:
        check(file)
        return file

    return made_safe


_KINDS = {
    kind.content_type: kind
    for kind in (
        FileType("image/jpeg", (".jpg", ".jpeg", ".jpe", ".jfif"), ("image/jpg", "image/pjpeg"), pictures.rewritten),
        FileType("image/png", (".png",), ("image/x-png", "image/apng"), pictures.rewritten),
        FileType("application/pdf", (".pdf",), ("application/x-pdf",), _unchanged(documents.check)),
        FileType(
            "application/dicom", (".dcm", ".dicom", ".dic", ".ima"), ("image/dicom",), _unchanged(medical_images.check)
        ),
    )
}
EXTENSIONS = tuple(extension for kind in _KINDS.values() for extension in kind.extensions)
