"""What comes along with a file does not reach the doctor: metadata go, and what could act is refused."""

import io
import zipfile

import pikepdf
import pytest
from PIL import Image, ImageFile

from conversations.file_types import made_safe
from medichat.file_checks import UnacceptableFile, documents, pictures
from tests.conversations import hostile, samples
from tests.conversations.hostile import CANARY


def kept(content: bytes, name: str = "") -> bytes:
    """What would be stored."""
    return made_safe(io.BytesIO(content), name=name).content.read()


def reason(content: bytes) -> str:
    """Why it is refused."""
    with pytest.raises(UnacceptableFile) as refusal:
        made_safe(io.BytesIO(content), name="")
    return str(refusal.value)


def encoded(canary: str = CANARY) -> tuple[bytes, ...]:
    return canary.encode(), canary.encode("utf-16-le"), canary.encode("utf-16-be")


PICTURES = {"photograph": hostile.photograph(), "drawing": hostile.drawing()}


@pytest.mark.parametrize("content", PICTURES.values(), ids=PICTURES)
def test_nothing_but_the_picture_is_kept(content: bytes) -> None:
    assert CANARY.encode() in content
    clean = kept(content)
    assert not any(form in clean for form in encoded())
    with Image.open(io.BytesIO(clean)) as picture:
        picture.load()
        assert picture.size == (64, 32)
        assert not dict(picture.getexif())
        assert not set(picture.info) - {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    for mark in (b"Exif", b"ICC_PROFILE", b"adobe", b"Photoshop", b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"iCCP", b"teSt"):
        assert mark not in clean


@pytest.mark.parametrize(
    ("orientation", "size", "red"),
    [
        (1, (64, 32), (8, 16)), (2, (64, 32), (56, 16)), (3, (64, 32), (56, 16)), (4, (64, 32), (8, 16)),
        (5, (32, 64), (16, 8)), (6, (32, 64), (16, 8)), (7, (32, 64), (16, 56)), (8, (32, 64), (16, 56)),
    ],
)  # fmt: skip
def test_a_photograph_stands_upright_without_its_exif(
    orientation: int, size: tuple[int, int], red: tuple[int, int]
) -> None:
    with Image.open(io.BytesIO(kept(hostile.photograph(orientation)))) as picture:
        assert picture.size == size
        pixel = picture.convert("RGB").getpixel(red)
    assert isinstance(pixel, tuple)
    assert pixel[0] > 200 > 60 > pixel[2]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_a_drawing_keeps_every_pixel(mode: str) -> None:
    out = io.BytesIO()
    before = Image.new("I;16", (8, 8), 40_000) if mode == "I;16" else hostile.half_red(mode=mode)
    before.save(out, "PNG")
    with Image.open(io.BytesIO(kept(out.getvalue()))) as after:
        assert after.mode == before.mode
        assert after.tobytes() == before.tobytes()


def test_a_transparent_palette_stays_transparent() -> None:
    out = io.BytesIO()
    hostile.half_red(mode="P").save(out, "PNG", transparency=0)
    with Image.open(io.BytesIO(kept(out.getvalue()))) as after:
        assert after.info["transparency"] == 0


def test_a_jpeg_loses_next_to_nothing() -> None:
    before = samples.jpeg()
    with Image.open(io.BytesIO(before)) as one, Image.open(io.BytesIO(kept(before))) as other:
        assert one.quantization == other.quantization  # type: ignore[attr-defined]  # a JPEG has them
        pixels = zip(one.convert("L").tobytes(), other.convert("L").tobytes(), strict=True)
        differences = [abs(first - second) for first, second in pixels]
    assert sum(differences) / len(differences) < 0.5


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_every_kind_of_jpeg_can_be_shown(mode: str) -> None:
    out = io.BytesIO()
    hostile.half_red(mode=mode).save(out, "JPEG")
    with Image.open(io.BytesIO(kept(out.getvalue()))) as picture:
        assert picture.mode in {"L", "RGB"}


def zip_of(name: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, CANARY)
    return out.getvalue()


@pytest.mark.parametrize("trailing", [zip_of("x.jar"), b"<script>alert('CANARY')</script>", hostile.EICAR, b"MZ" * 99])
@pytest.mark.parametrize("make", [hostile.photograph, hostile.drawing])
def test_what_is_hung_behind_a_picture_is_cut_off(make: object, trailing: bytes) -> None:
    clean = kept(make(trailing=trailing))  # type: ignore[operator]  # one of the two functions above
    assert trailing not in clean
    assert not zipfile.is_zipfile(io.BytesIO(clean))


def test_a_picture_that_unfolds_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MOST_PIXELS", 1000)
    assert "too large when it is opened" in reason(hostile.photograph())


def test_packed_text_is_not_unfolded_without_end() -> None:
    assert "damaged" in reason(hostile.text_bomb())


@pytest.mark.parametrize("content", PICTURES.values(), ids=PICTURES)
def test_a_picture_that_is_cut_off_is_refused_whatever_others_told_pillow(
    monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)  # as importing WeasyPrint does
    assert "damaged" in reason(content[: len(content) - 200])
    assert ImageFile.LOAD_TRUNCATED_IMAGES is True


def test_a_moving_picture_is_not_cut_silently() -> None:
    assert "moving picture" in reason(hostile.moving())


@pytest.mark.parametrize("hidden", [False, True], ids=["plain", "in-object-streams"])
@pytest.mark.parametrize("name", hostile.ACTIVE)
def test_a_document_that_acts_is_refused(name: str, hidden: bool) -> None:
    content = hostile.pdf(hostile.ACTIVE[name], hidden=hidden)
    assert "could harm the doctor's computer" in reason(content)


@pytest.mark.parametrize("name", hostile.ACTIVE)
def test_encryption_hides_nothing(name: str) -> None:
    content = hostile.pdf(hostile.ACTIVE[name], hidden=True, encryption=pikepdf.Encryption(owner="", user=""))
    assert b"/Encrypt" in content
    assert "could harm the doctor's computer" in reason(content)


@pytest.mark.parametrize("hidden", [False, True], ids=["plain", "in-object-streams"])
@pytest.mark.parametrize("name", hostile.HARMLESS)
def test_ordinary_documents_are_kept_as_they_are(name: str, hidden: bool) -> None:
    content = hostile.pdf(hostile.HARMLESS[name], hidden=hidden)
    assert kept(content) == content


def test_a_name_written_in_figures_is_read() -> None:
    content = hostile.pdf(hostile.ACTIVE["script-on-opening"]).replace(b"/JavaScript", b"/J#61vaScript")
    assert b"/J#61vaScript" in content
    with pytest.raises(UnacceptableFile):
        kept(content)


def appended(revision: bytes) -> bytes:
    """The document with a later revision that gives object 1, the catalogue, another content."""
    base = samples.pdf()
    start = int(base.rpartition(b"startxref")[2].split()[0])
    root = base.index(b"1 0 obj")
    assert b"/Catalog" in base[root : root + 200]
    at = len(base) + 1
    table = f"xref\n0 1\n0000000000 65535 f \n1 1\n{at:010d} 00000 n \ntrailer\n".encode()
    trailer = f"<< /Size 4 /Root 1 0 R /Prev {start} >>\nstartxref\n{at + len(revision)}\n%%EOF\n".encode()
    return base + b"\n" + revision + table + trailer


def test_a_later_revision_is_looked_at() -> None:
    harmful = (
        b"1 0 obj\n<< /Type /Catalog /Pages 2 0 R /OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >> >>\nendobj\n"
    )
    harmless = b"1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n"
    assert kept(appended(harmless))
    assert "could harm" in reason(appended(harmful))


POLYGLOTS = {
    "archive-behind": samples.pdf() + zip_of("x.jar"),
    "words-behind": samples.pdf() + b"<script>alert(1)</script>",
    "virus-behind": samples.pdf() + hostile.EICAR,
    "program-in-front": b"MZ\x90\0" + samples.pdf(),
    "page-in-front": b"<!doctype html><script>alert(1)</script>" + samples.pdf(),
    "gif-in-front": b"GIF89a" + samples.pdf(),
}


@pytest.mark.parametrize("content", POLYGLOTS.values(), ids=POLYGLOTS)
def test_a_document_that_is_something_else_as_well_is_refused(content: bytes) -> None:
    assert reason(content)


def test_a_document_that_unfolds_without_end_is_refused() -> None:
    assert kept(hostile.packed_document(padding=1000))
    bomb = hostile.packed_document(padding=100 * 1024 * 1024)
    assert len(bomb) < 1_000_000
    assert "damaged" in reason(bomb)


def test_a_document_of_too_many_parts_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MOST_OBJECTS", 3)
    assert "too complicated" in reason(samples.pdf(pages=20))


PREAMBLES = {
    "windows-program": b"MZ\x90\0\x03",
    "linux-program": b"\x7fELF\x02\x01",
    "mac-program": b"\xcf\xfa\xed\xfe",
    "archive": b"PK\x03\x04",
    "document": b"%PDF-1.7",
    "page": b"<script>alert(1)</script>",
    "picture": b"II*\0",
    "script": b"#!/bin/sh\n",
    "late": bytes(120) + b"MZ",
}


@pytest.mark.parametrize("preamble", PREAMBLES.values(), ids=PREAMBLES)
def test_an_image_with_something_in_front_is_refused(preamble: bytes) -> None:
    content = preamble.ljust(128, b"\0") + samples.dicom()[128:]
    assert "something else in front of the image" in reason(content)


def test_an_image_that_is_an_archive_as_well_is_refused() -> None:
    assert reason(samples.dicom() + zip_of("x.jar"))


def test_a_document_packed_into_an_image_file_is_refused() -> None:
    assert "holds another document" in reason(samples.dicom(document=b"%PDF-1.7 "))
