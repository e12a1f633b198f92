"""PDF documents: whole, readable without a password, and doing nothing by themselves.

A doctor opens the document on their own machine, with whatever program is there. So what acts (scripts, programs, forms
that send, anything that happens on opening), what hides other files, and what loads from elsewhere is refused. Links
that a reader clicks and jumps within the document stay. All objects are looked at, also those in compressed object
streams, those that no page leads to, and those of documents that are encrypted without a password for opening.
"""

import zipfile
from collections.abc import Iterator
from typing import Any, BinaryIO

import pikepdf
from pikepdf.settings import set_qpdf_limits

from medichat.file_checks import UnacceptableFile

_MEGABYTE = 1024 * 1024
# What qpdf unfolds at most to find its way: a small file may claim gigabytes.
set_qpdf_limits(
    flate_max_memory=64 * _MEGABYTE,
    png_max_memory=64 * _MEGABYTE,
    run_length_max_memory=64 * _MEGABYTE,
    tiff_max_memory=64 * _MEGABYTE,
    max_stream_filters=4,
    parser_max_nesting=200,
    parser_max_container_size=200_000,
)
MOST_OBJECTS = 200_000
_LONGEST_TAIL = 4096

SCRIPTS, PROGRAMS, FILES, FORMS, OPENING, MEDIA, ELSEWHERE = (
    "scripts",
    "a way to start programs",
    "other files inside it",
    "an interactive form that can act or send",
    "something that happens by itself when it is opened",
    "sound, film or 3D content",
    "content from elsewhere",
)
# By the name of an entry, whatever its value.
_ENTRIES = {
    "/JS": SCRIPTS,
    "/JavaScript": SCRIPTS,
    "/EmbeddedFiles": FILES,
    "/EF": FILES,
    "/Collection": FILES,
    "/XFA": FORMS,
    "/RichMediaContent": MEDIA,
}
# By the kind of an action.
_ACTIONS = {
    "/JavaScript": SCRIPTS,
    "/Rendition": MEDIA,
    "/Launch": PROGRAMS,
    "/SubmitForm": FORMS,
    "/ImportData": FORMS,
    "/ResetForm": FORMS,
    "/GoToR": ELSEWHERE,
    "/GoToE": FILES,
    "/Movie": MEDIA,
    "/Sound": MEDIA,
    "/RichMediaExecute": MEDIA,
    "/GoTo3DView": MEDIA,
}
# By the kind of an annotation or an object.
_KINDS = {
    "/FileAttachment": FILES,
    "/RichMedia": MEDIA,
    "/Movie": MEDIA,
    "/Sound": MEDIA,
    "/Screen": MEDIA,
    "/3D": MEDIA,
    "/EmbeddedFile": FILES,
}
# What may happen by itself: showing a place of the same document.
_HARMLESS_ON_OPENING = {"/GoTo", "/Named"}


def check(file: BinaryIO) -> None:
    """Raise UnacceptableFile with what is wrong, or whatever the parser raises when the document is damaged."""
    _refuse_another_kind(file)
    try:
        # Without recovery: a document that was cut off would otherwise be patched up and lose its last pages silently.
        with pikepdf.open(file, attempt_recovery=False) as document:
            if not len(document.pages):
                raise UnacceptableFile("This document has no pages. Choose another one.")
            for page in document.pages:
                page.get("/Contents")
            found = next(_active(document), None)
    except pikepdf.PasswordError:
        raise UnacceptableFile(
            "This document is protected with a password, so the doctor could not open it. Save it without one."
        ) from None
    if found is not None:
        raise UnacceptableFile(
            f"This document holds {found}, which could harm the doctor's computer. "
            "Print it to a new PDF file, or take a picture of it, and attach that."
        )


def _refuse_another_kind(file: BinaryIO) -> None:
    """A document that is an archive or a page as well: it begins and ends as a PDF, and with nothing else."""
    file.seek(0)
    begins_rightly = file.read(5) == b"%PDF-"
    file.seek(0, 2)
    length = file.tell()
    file.seek(max(0, length - _LONGEST_TAIL))
    _before, mark, after = file.read().rpartition(b"%%EOF")
    is_archive = zipfile.is_zipfile(file)
    file.seek(0)
    if mark and not is_archive and begins_rightly and not after.strip(b"\r\n\t\0 "):
        return
    if not mark and begins_rightly and not is_archive:
        raise EOFError("the end of the document is missing")
    raise UnacceptableFile(
        "This document holds something else besides the document. Print it to a new PDF file and attach that."
    )


def _active(document: pikepdf.Pdf) -> Iterator[str]:
    """What acts in the document, in words."""
    count = 0
    root = document.Root
    for holder, entry in ((root, "/OpenAction"), (root, "/AA")):
        yield from _happens_by_itself(holder.get(entry))
    for thing in [document.trailer, *document.objects]:
        for part in _dictionaries(thing):
            count += 1
            if count > MOST_OBJECTS:
                raise UnacceptableFile("This document is too complicated to be checked. Print it to a new PDF file.")
            yield from _acts(part)


def _dictionaries(thing: Any, depth: int = 0) -> Iterator[Any]:
    """The dictionaries directly in an object; what it refers to is an object of its own and comes by itself."""
    if depth > 100 or not isinstance(thing, pikepdf.Object):
        return
    if isinstance(thing, pikepdf.Dictionary | pikepdf.Stream):
        yield thing
        children = [value for _name, value in thing.items()]
    elif isinstance(thing, pikepdf.Array):
        children = list(thing)
    else:
        return
    for child in children:
        if isinstance(child, pikepdf.Object) and not child.is_indirect:
            yield from _dictionaries(child, depth + 1)


def _acts(part: Any) -> Iterator[str]:
    names = set(part.keys())
    yield from (_ENTRIES[name] for name in names & _ENTRIES.keys())
    if "/AA" in names:
        yield from _happens_by_itself(part["/AA"])
    kind = _name(part.get("/S"))
    if kind in _ACTIONS:
        yield _ACTIONS[kind]
    for entry in ("/Subtype", "/Type"):
        if _name(part.get(entry)) in _KINDS:
            yield _KINDS[_name(part.get(entry))]
    if isinstance(part, pikepdf.Stream) and "/F" in names:
        yield ELSEWHERE  # a stream whose bytes are in another file


def _happens_by_itself(trigger: Any) -> Iterator[str]:
    """``/OpenAction`` is a place or an action, ``/AA`` a dictionary of actions; actions may be chained."""
    if not isinstance(trigger, pikepdf.Dictionary):
        return
    actions = [trigger] if "/S" in trigger else [value for _name, value in trigger.items()]
    seen = 0
    while actions:
        action = actions.pop()
        seen += 1
        if isinstance(action, pikepdf.Array):
            actions += list(action)
        elif isinstance(action, pikepdf.Dictionary):
            if _name(action.get("/S")) not in _HARMLESS_ON_OPENING or seen > 100:
                yield OPENING
                return
            actions += [action.Next] if "/Next" in action else []


def _name(value: Any) -> str:
    return str(value) if isinstance(value, pikepdf.Name) else ""
