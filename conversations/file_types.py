"""What an uploaded file really is: decided by its content, opened by the library that knows its kind.

No database and no storage here. The name and the type that the browser claims must not contradict the content, because
a doctor opens the file later and trusts its name.
"""

import logging
import mimetypes
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO

import magic
import pikepdf
import pydicom
from PIL import Image

logger = logging.getLogger(__name__)

LONGEST_NAME = 150
# A picture that unfolds to more than this is no photograph; 60 million pixels are at most 240 MB.
MOST_PIXELS = 60_000_000
HEAD_BYTES = 4096
_NOTHING_CLAIMED = {"", "application/octet-stream", "binary/octet-stream"}
# DICOM data sets that are compressed as a whole unfold without limit when they are read.
_DEFLATED_DICOM = b"1.2.840.10008.1.2.1.99"

WHAT_IS_ACCEPTED = "JPEG and PNG pictures, PDF documents and DICOM images"


class UnacceptableFile(Exception):  # noqa: N818 -- the state of the file, in the words that a page uses
    """The file is refused; the message is for the person who chose it."""


@dataclass(frozen=True)
class FileType:
    """One kind of file that is accepted."""

    content_type: str
    extensions: tuple[str, ...]
    claims: tuple[str, ...]
    check: Callable[[BinaryIO], None]

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


def identify(file: BinaryIO, *, name: str, claimed: str = "") -> FileType:
    """Say what the file is, having opened it; its position is the beginning afterwards.

    Raises UnacceptableFile when it is empty, of another kind, damaged, cut off, or not what its name or claim says.
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
        kind.check(file)
    except UnacceptableFile:
        raise
    except Exception as error:
        # A parser of bytes from a stranger raises whatever the bytes lead it to; each of them means "cannot be read".
        logger.info("An uploaded %s could not be read: %s", kind.content_type, type(error).__name__)
        raise UnacceptableFile(
            "This file is damaged or not complete. Open it on your device to see whether it is whole, then attach it "
            "again."
        ) from error
    file.seek(0)
    return kind


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


def _check_picture(file: BinaryIO) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(file, formats=["JPEG", "PNG"]) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise UnacceptableFile("This picture is too large when it is opened. Make it smaller and try again.")
            picture.verify()
        file.seek(0)
        with Image.open(file, formats=["JPEG", "PNG"]) as picture:
            # Reads all of the file, but unfolds a photograph to an eighth of its size only.
            picture.draft("RGB", (picture.width // 8 or 1, picture.height // 8 or 1))
            picture.load()


def _check_pdf(file: BinaryIO) -> None:
    try:
        # Without recovery: a document that was cut off would otherwise be patched up and lose its last pages silently.
        with pikepdf.open(file, attempt_recovery=False) as document:
            if not len(document.pages):
                raise UnacceptableFile("This document has no pages. Choose another one.")
            for page in document.pages:
                page.get("/Contents")
    except pikepdf.PasswordError:
        raise UnacceptableFile(
            "This document is protected with a password, so the doctor could not open it. Save it without one."
        ) from None


def _check_dicom(file: BinaryIO) -> None:
    if _DEFLATED_DICOM in file.read(HEAD_BYTES):
        raise UnacceptableFile(
            "This DICOM file is compressed in a way that cannot be read here. Export it differently."
        )
    file.seek(0)
    watched = _WatchedReads(file)
    data_set = pydicom.dcmread(watched)
    if watched.ran_short or "SOPClassUID" not in data_set:
        raise EOFError("the data set is cut off")
    if "Rows" in data_set and not any(name in data_set for name in _PIXELS):
        raise EOFError("an image without pixels")
    if "PixelData" in data_set and not data_set.file_meta.TransferSyntaxUID.is_encapsulated:
        bits = data_set.BitsAllocated * data_set.SamplesPerPixel * data_set.Rows * data_set.Columns
        expected = (bits * int(data_set.get("NumberOfFrames") or 1) + 7) // 8
        if data_set.get("PhotometricInterpretation") == "YBR_FULL_422":
            expected = expected * 2 // 3
        if len(data_set.PixelData) < expected:
            raise EOFError("the pixels are cut off")


class _WatchedReads:
    """A stream that notices when it has less than was asked for: the DICOM reader takes what is left as the value.

    Nothing left is the normal end when the next element is looked for, and cut off when a value is, after which the
    reader looks for the next element once more.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._partial = False
        self._empty = 0
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        if size > 0 and len(data) < size:
            self._partial |= bool(data)
            self._empty += not data
        return data

    @property
    def ran_short(self) -> bool:
        return self._partial or self._empty > 1


_PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
_KINDS = {
    kind.content_type: kind
    for kind in (
        FileType("image/jpeg", (".jpg", ".jpeg", ".jpe", ".jfif"), ("image/jpg", "image/pjpeg"), _check_picture),
        FileType("image/png", (".png",), ("image/x-png", "image/apng"), _check_picture),
        FileType("application/pdf", (".pdf",), ("application/x-pdf",), _check_pdf),
        FileType("application/dicom", (".dcm", ".dicom", ".dic", ".ima"), ("image/dicom",), _check_dicom),
    )
}
EXTENSIONS = tuple(extension for kind in _KINDS.values() for extension in kind.extensions)
