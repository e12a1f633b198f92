"""DICOM images: whole, and nothing but an image.

The first 128 bytes of such a file are free for anything, so that a program or a web page can stand there and the file
be both. Scanners leave them empty; everything else there is refused, and so are other documents packed into one.
"""

import zipfile
from typing import BinaryIO

import pydicom

from medichat.file_checks import UnacceptableFile

PREAMBLE_BYTES = 128
_HEAD_BYTES = 4096
# Data sets that are compressed as a whole unfold without limit when they are read.
_DEFLATED = b"1.2.840.10008.1.2.1.99"
_PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")


def check(file: BinaryIO) -> None:
    """Raise UnacceptableFile with what is wrong, or whatever the parser raises when the file is damaged."""
    head = file.read(_HEAD_BYTES)
    if head[:PREAMBLE_BYTES].strip(b"\0"):
        raise UnacceptableFile(
            "This DICOM file has something else in front of the image, as harmful files do. "
            "Export the image again, without a preamble."
        )
    if _DEFLATED in head:
        raise UnacceptableFile(
            "This DICOM file is compressed in a way that cannot be read here. Export it differently."
        )
    if zipfile.is_zipfile(file):
        raise UnacceptableFile("This DICOM file is an archive as well. Export the image again.")
    file.seek(0)
    watched = _WatchedReads(file)
    data_set = pydicom.dcmread(watched)
    if "EncapsulatedDocument" in data_set:
        raise UnacceptableFile("This DICOM file holds another document. Export that document and attach it by itself.")
    if watched.ran_short or "SOPClassUID" not in data_set:
        raise EOFError("the data set is cut off")
    if "Rows" in data_set and not any(name in data_set for name in _PIXELS):
        raise EOFError("an image without pixels")
    if "PixelData" in data_set and not data_set.file_meta.TransferSyntaxUID.is_encapsulated:
        _refuse_missing_pixels(data_set)


def _refuse_missing_pixels(data_set: pydicom.Dataset) -> None:
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
