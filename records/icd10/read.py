"""Reads a release of ICD-10-CM as the CDC publishes it; no database here.

The files (the tabular list as XML and the list of all codes) come with the package ``simple-icd-10-cm``. Its own module
keeps everything in memory, 163 MB in each process, so only its files are used.
"""

import re
import unicodedata
import xml.etree.ElementTree as ElementTree  # nosec B405 -- reads a file of a pinned package, never what somebody sent
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path

PACKAGE = "simple_icd_10_cm"
_TABULAR = re.compile(r"icd10c-tabular-(?P<month>[A-Z][a-z]+)-\d+-(?P<year>\d{4})\.xml")
_CODE = re.compile(r"[A-Z]\d[0-9A-Z]{1,5}")
# 'Not otherwise specified', and the brackets around what may or may not be said.
_NOT_SAID = re.compile(r"\bNOS\b|\bNEC\b|\([A-Z]\d[0-9A-Z.]*-?\)|[()\[\]]")
_WORD = re.compile(r"[^\W_]+")
# Words that tell no diagnosis from another; left out unless nothing else was written.
SMALL_WORDS = frozenset(
    {"a", "an", "and", "as", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with"}
)


class ReleaseMissingError(Exception):
    """The package with the codes is not installed, or does not hold what is expected."""


@dataclass
class Code:
    """One code. ``also_called`` are the classification's own further names for it."""

    code: str
    """With its point: ``J45.909``."""
    title: str
    is_complete: bool = True
    """False where more exact codes stand below it."""
    also_called: list[str] = field(default_factory=list)
    is_extension: bool = False
    """Made of a code and a seventh character; not looked for by words, because its words are those of the code."""


@dataclass(frozen=True)
class Release:
    """Where the files of a release are, and what it is called."""

    name: str
    """'April 2026'."""
    tabular: Path
    code_list: Path


def words_of(phrase: str) -> list[str]:
    """The words of a phrase: lower case, without accents and punctuation, British and American spelling alike.

    ``ae``, ``oe`` and ``our`` are written as American English does, on both sides of every comparison, so that
    *anaemia*, *diarrhoea* and *tumour* find what the classification calls anemia, diarrhea and tumor.
    """
    plain = "".join(c for c in unicodedata.normalize("NFKD", phrase.lower()) if not unicodedata.combining(c))
    plain = plain.replace("'s", "").replace("’s", "")
    american = plain.replace("ae", "e").replace("oe", "e").replace("our", "or")
    return _WORD.findall(american)


def telling_words(phrase: str) -> list[str]:
    """The words that tell one diagnosis from another, each once; all words when there are no others."""
    words = list(dict.fromkeys(words_of(phrase)))
    return [word for word in words if word not in SMALL_WORDS] or words


@cache
def packaged_release() -> Release:
    """The release that is installed. Raises ReleaseMissingError, with the remedy, when there is none."""
    spec = find_spec(PACKAGE)
    folders = list(spec.submodule_search_locations or ()) if spec else []
    for folder in folders:
        for tabular in sorted((Path(folder) / "data").glob("*.xml")):
            found = _TABULAR.fullmatch(tabular.name)
            code_list = next(iter(sorted(tabular.parent.glob("code-list-*.txt"))), None)
            if found and code_list:
                return Release(f"{found['month']} {found['year']}", tabular, code_list)
    raise ReleaseMissingError(
        "The files of ICD-10-CM were not found. Install the pinned packages again: pip install -r requirements.txt"
    )


def codes_of(release: Release) -> Iterator[Code]:
    """Every code of the release in the order of the list, those with a seventh character included."""
    written = [line for line in release.code_list.read_text(encoding="utf-8").split() if _CODE.fullmatch(line)]
    tabular, seventh = _tabular(release.tabular)
    following = [*written[1:], ""]
    for plain, after in zip(written, following, strict=True):
        code = tabular.get(plain) or _extended(plain, tabular, seventh)
        code.is_complete = not after.startswith(plain)
        yield code


def _tabular(path: Path) -> tuple[dict[str, Code], dict[str, dict[str, str]]]:
    """The codes that the tabular list writes out, and which seventh characters it allows below which code."""
    codes: dict[str, Code] = {}
    seventh: dict[str, dict[str, str]] = {}
    for _event, element in ElementTree.iterparse(path):  # noqa: S314 -- see the import  # nosec B314
        if element.tag != "diag":
            continue
        name = (element.findtext("name") or "").strip()
        plain = name.replace(".", "")
        notes = [*element.findall("includes/note"), *element.findall("inclusionTerm/note")]
        codes[plain] = Code(
            code=name,
            title=_tidy(element.findtext("desc") or ""),
            also_called=[called for note in notes if (called := _tidy(_NOT_SAID.sub(" ", note.text or "")))],
        )
        extensions = element.findall("sevenChrDef/extension")
        if extensions:
            seventh[plain] = {one.get("char", ""): _tidy(one.text or "") for one in extensions}
        # What was read is not needed again; the children were read before.
        for child in list(element):
            element.remove(child)
    return codes, seventh


def _extended(plain: str, tabular: dict[str, Code], seventh: dict[str, dict[str, str]]) -> Code:
    """A code with a seventh character: its title is that of the code with the character's meaning."""
    stem = plain[:-1] if plain[:-1] in tabular else plain[:-1].rstrip("X")
    meaning = next(
        (seventh[above][plain[-1]] for end in range(len(stem), 2, -1)
         if plain[-1] in seventh.get(above := stem[:end], {})), "",
    )  # fmt: skip
    base = tabular[stem]
    title = f"{base.title}, {meaning}" if meaning else base.title
    return Code(code=f"{plain[:3]}.{plain[3:]}", title=title, is_extension=True)


def _tidy(text: str) -> str:
    return " ".join(text.split()).strip(" ,;:")
