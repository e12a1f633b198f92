"""Small real files, made here: a photograph, a drawing, a document, a medical image."""

import io

import pikepdf
from PIL import Image
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

from medichat.file_checks import pictures


def jpeg() -> bytes:
    """A noisy picture, so that the file has some length."""
    return _picture("JPEG")


def png() -> bytes:
    """The same as PNG."""
    return _picture("PNG")


def _picture(kind: str) -> bytes:
    out = io.BytesIO()
    Image.effect_noise((120, 90), 60).save(out, kind)
    return out.getvalue()


def as_kept(picture: bytes) -> bytes:
    """The picture as it is stored: written again without what came along."""
    return pictures.rewritten(io.BytesIO(picture)).read()


def pdf(*, pages: int = 1, password: str = "") -> bytes:
    """A document of blank pages."""
    out = io.BytesIO()
    with pikepdf.new() as document:
        for _ in range(pages):
            document.add_blank_page()
        encryption = pikepdf.Encryption(owner="owner", user=password) if password else False
        document.save(out, encryption=encryption)
    return out.getvalue()


def dicom(*, transfer_syntax: UID = ExplicitVRLittleEndian, document: bytes = b"") -> bytes:
    """A grey square of 32 by 32 pixels; with a document, that is packed in as well."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = transfer_syntax
    meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    image = FileDataset("", {}, file_meta=meta, preamble=bytes(128))
    image.SOPClassUID = SecondaryCaptureImageStorage
    image.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    image.PatientName = "Test^Person"
    image.Modality = "OT"
    image.Rows = image.Columns = 32
    image.BitsAllocated = image.BitsStored = 8
    image.HighBit = 7
    image.SamplesPerPixel = 1
    image.PixelRepresentation = 0
    image.PhotometricInterpretation = "MONOCHROME2"
    image.PixelData = bytes(1024)
    if document:
        image.EncapsulatedDocument = document
    out = io.BytesIO()
    image.save_as(out, enforce_file_format=True)
    return out.getvalue()
