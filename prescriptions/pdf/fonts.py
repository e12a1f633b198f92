"""The fonts of the document, all from installed packages, and the letters they hold.

A letter that none of these fonts holds is never left out silently: `Printable` puts a visible mark in its place and
remembers it, so that the page can say so.
"""

import importlib.util
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import uharfbuzz

MARK_FOR_A_MISSING_LETTER: Final = "\ufffd"
FONT_URL_SCHEME: Final = "packaged-font:"

# Characters that turn the direction of the text around them could make a page read differently from the data.
_DIRECTION_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_NO_GLYPH_NEEDED = frozenset("\u200b\u200c\u200d\u200e\u200f\u00ad\ufeff\u2060")


class PdfUnavailable(RuntimeError):  # noqa: N818  # it says what is the case, like ServiceUnavailable
    """The PDF cannot be made on this machine; the message says what to install."""


@dataclass(frozen=True, slots=True)
class PackagedFont:
    """A font file inside an installed package. The family is the name the stylesheet uses."""

    family: str
    package: str
    distribution: str
    pattern: str
    weights: tuple[int, ...]
    required: bool = False
    face: int = 0

    def path(self) -> Path | None:
        """Where the file is, or None when the package is not installed."""
        spec = importlib.util.find_spec(self.package)
        if spec is None or not spec.submodule_search_locations:
            return None
        return next(iter(sorted(Path(spec.submodule_search_locations[0]).glob(self.pattern))), None)

    def url(self, weight: int) -> str:
        """The name by which the stylesheet asks for one weight; it only means something to the document's fetcher."""
        return f"{FONT_URL_SCHEME}{self.package}-{weight}"


FONTS: Final = (
    # Latin with all its extensions, Greek, Cyrillic, Devanagari
    PackagedFont(
        "Sheet", "fontpkg_noto_sans", "fontpkg-noto-sans", "files/NotoSans[[]*.ttf", (400, 700), required=True
    ),
    PackagedFont(
        "Sheet Arabic", "fontpkg_noto_sans_arabic", "fontpkg-noto-sans-arabic", "files/NotoSansArabic*.ttf", (400, 700)
    ),
    # Chinese, Japanese and Korean; of the collection's faces the one with the forms of simplified Chinese. It has one
    # weight, which stands for bold too: left alone, each machine's own font settings decide how bold is imitated.
    PackagedFont("Sheet CJK", "noto_cjk_sans_otc", "noto-cjk-sans-otc", "NotoSansCJK*.ttc", (400, 700), face=2),
)


@cache
def installed_fonts() -> tuple[PackagedFont, ...]:
    """The fonts that are installed, in the order of preference. Raises PdfUnavailable when a required one is not."""
    for font in FONTS:
        if font.required and font.path() is None:
            raise PdfUnavailable(f"The font package is missing: pip install {font.distribution}")
    return tuple(font for font in FONTS if font.path() is not None)


def _face(font: PackagedFont) -> uharfbuzz.Face:
    return uharfbuzz.Face(uharfbuzz.Blob.from_file_path(str(font.path())), font.face)


@cache
def letters(font: PackagedFont) -> frozenset[int]:
    """The code points the font has a glyph for."""
    return frozenset(_face(font).unicodes)


@cache
def one_weight(font: PackagedFont, weight: int) -> bytes:
    """The font file fixed at one weight, and a single face where the package has a collection.

    The packages ship variable fonts. Fixing the weight here, once, takes 20 ms; left to WeasyPrint it is done again for
    every document, takes longer than everything else together and writes the time of day into the font.
    """
    face = _face(font)
    wanted = uharfbuzz.SubsetInput()
    wanted.keep_everything()
    if face.axis_infos:
        wanted.pin_all_axes_to_default(face)
        wanted.pin_axis_location(face, "wght", weight)
    return bytes(uharfbuzz.subset(face, wanted).blob.data)


class Printable:
    """Makes text printable, and remembers which fonts it needs and whether a letter had to be marked."""

    def __init__(self) -> None:
        self._fonts = installed_fonts()
        self.families: set[str] = {self._fonts[0].family}
        self.marked = False

    def __call__(self, text: str) -> str:
        """The text in composed form, without control characters, each letter without a glyph replaced by the mark."""
        if text.isascii() and text.isprintable():
            return text
        composed = unicodedata.normalize("NFC", text)
        return "".join(self._character(character) for character in composed)

    def _character(self, character: str) -> str:
        if character == "\n" or character in _NO_GLYPH_NEEDED:
            return character
        if character in _DIRECTION_CONTROLS:
            return ""
        if unicodedata.category(character) == "Cc":
            return " "
        for font in self._fonts:
            if ord(character) in letters(font):
                self.families.add(font.family)
                return character
        self.marked = True
        return MARK_FOR_A_MISSING_LETTER
