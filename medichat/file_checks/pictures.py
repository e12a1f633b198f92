"""Photographs and drawings: opened whole, and written again with nothing in them but the picture.

What a camera or an editor adds (place and time, names, serial numbers, thumbnails, comments, XMP) goes. The picture is
turned upright as its EXIF says, and its colours are converted to sRGB as its ICC profile says, before both are dropped:
the colour of a rash matters, and a profile may name its maker and owner. A JPEG keeps its own quantisation tables, so
that writing it again loses next to nothing. Of several pictures in a JPEG (a gain map, a preview) the main one stays.
"""

import io
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from PIL import Image, ImageCms, ImageFile, ImageOps, JpegImagePlugin, PngImagePlugin

from medichat.file_checks import UnacceptableFile

# A picture that unfolds to more than this is no photograph; 60 million pixels are at most 240 MB.
MOST_PIXELS = 60_000_000
PORTRAIT_PIXELS = 512
# One picture at a time in each process, so that a few large ones cannot take all of its memory.
_ONE_AT_A_TIME = threading.BoundedSemaphore(1)
# What says how the pixels are meant rather than where they come from.
_PART_OF_THE_PICTURE = ("transparency",)
_UNUSUAL_JPEG = {"CMYK", "YCbCr", "LAB", "HSV"}

# Packed text and profiles of a PNG: the size to which Pillow unfolds them at most.
PngImagePlugin.MAX_TEXT_CHUNK = 1024 * 1024
PngImagePlugin.MAX_TEXT_MEMORY = 4 * 1024 * 1024


def rewritten(file: BinaryIO) -> BinaryIO:
    """The picture as a new file of the same kind.

    Raises UnacceptableFile when it unfolds to more than ``MOST_PIXELS`` or moves, and whatever Pillow raises when it is
    damaged or cut off.
    """
    with _ONE_AT_A_TIME, _strictly():
        with Image.open(file, formats=["JPEG", "PNG"]) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise UnacceptableFile("This picture is too large when it is opened. Make it smaller and try again.")
            kind = "PNG" if picture.format == "PNG" else "JPEG"
            if kind == "PNG" and getattr(picture, "n_frames", 1) > 1:
                raise UnacceptableFile("This is a moving picture, and only still ones can be kept. Save one of it.")
            picture.verify()
        file.seek(0)
        with Image.open(file, formats=["JPEG", "PNG"]) as picture:
            picture.load()
            return _written(picture, kind)


def portrait(file: BinaryIO) -> BinaryIO:
    """A small JPEG of a photograph of somebody; WebP is read too. Raises as ``rewritten``."""
    with _ONE_AT_A_TIME, _strictly(), Image.open(file, formats=["JPEG", "PNG", "WEBP"]) as picture:
        if picture.width * picture.height > MOST_PIXELS:
            raise UnacceptableFile("This picture is too large when it is opened. Make it smaller and try again.")
        picture.load()
        upright = _in_standard_colours(ImageOps.exif_transpose(picture)).convert("RGBA")
    upright.thumbnail((PORTRAIT_PIXELS, PORTRAIT_PIXELS))
    plain = Image.new("RGB", upright.size, "white")
    plain.paste(upright, mask=upright.getchannel("A"))
    out = io.BytesIO()
    plain.save(out, "JPEG", quality=88)
    out.seek(0)
    return out


@contextmanager
def _strictly() -> Iterator[None]:
    """What is cut off or too large is an error. WeasyPrint tells Pillow, for all of the process, to take less."""
    lenient = ImageFile.LOAD_TRUNCATED_IMAGES
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = lenient


def _written(picture: Image.Image, kind: str) -> BinaryIO:
    options: dict[str, Any] = {}
    if kind == "JPEG":
        # Asked before anything is changed: afterwards it is no JPEG any more. The main picture comes first.
        sampling = JpegImagePlugin.get_sampling(picture) if picture.mode in {"RGB", "YCbCr"} else -1
        tables = getattr(picture, "quantization", None)
        options = {"qtables": tables} if tables else {"quality": 95}
        if sampling >= 0:
            options["subsampling"] = sampling
    plain = _in_standard_colours(ImageOps.exif_transpose(picture))
    if kind == "JPEG" and plain.mode in _UNUSUAL_JPEG:
        # Tables for other channels do not fit, and few browsers show such a picture rightly.
        plain, options = plain.convert("RGB"), {"quality": 95, "subsampling": 0}
    plain.info = {name: plain.info[name] for name in _PART_OF_THE_PICTURE if name in plain.info}
    out = io.BytesIO()
    plain.save(out, kind, **options)
    out.seek(0)
    return out


def _in_standard_colours(picture: Image.Image) -> Image.Image:
    """The picture in sRGB (grey stays grey). A profile that cannot be read or does not fit is left out."""
    profile = picture.info.get("icc_profile")
    if not profile or picture.mode not in {"RGB", "RGBA", "CMYK"}:
        return picture
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        mode = "RGB" if picture.mode == "CMYK" else picture.mode
        converted = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode=mode)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return picture
    return picture if converted is None else converted
