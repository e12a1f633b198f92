"""What a copy of the files would find, told from the documents alone: for a dry run, which has no rows."""

from medichat.legacy.document import Document, UnreadableDocumentError
from medichat.legacy.parse import PARSERS, rules
from medichat.legacy.parse.parsing import Parsed
from medichat.legacy.parse.rows import AttachmentRow, UserRow
from medichat.legacy.read import Source
from medichat.legacy.uploads.copy import Tally, digest_of
from medichat.legacy.uploads.folder import NoFile, UploadsFolder

_NEEDED = {"users": ("_id", "profilePhoto"), "conversations": ("_id", "patient", "attachments")}
"""Without naming a patient a conversation would be set aside, and its attachments with it."""


def foresee(source: Source, folder: UploadsFolder) -> Tally:
    """Count what would be copied and what could not. Raises SourceError."""
    tally = Tally()
    seen: set[bytes] = set()
    for collection in _NEEDED:
        for document in source.documents(collection):
            parsed = _reduced(collection, document)
            if parsed is None:
                continue
            named = [(row.stored_path, row.stored_name) for row in parsed.rows_of(AttachmentRow)]
            named += [(row.photo_path, None) for row in parsed.rows_of(UserRow)]
            for path, name in named:
                _look(folder, path, name, tally, seen)
    for place in folder.places():
        if digest_of(place) not in seen:
            tally.count(rules.FILE_UNREFERENCED)
    return tally


def _reduced(collection: str, document: Document) -> Parsed | None:
    try:
        values = document.values
    except UnreadableDocumentError:
        return None
    light = Document(b"")
    light.__dict__["values"] = {name: values[name] for name in _NEEDED[collection] if name in values}
    return PARSERS[collection](light)


def _look(folder: UploadsFolder, path: str | None, name: str | None, tally: Tally, seen: set[bytes]) -> None:
    try:
        place = folder.place_of(path, name)
        if place is not None:
            seen.add(digest_of(place))
            tally.copied_bytes += folder.size(place)
            tally.copied += 1
    except NoFile as reason:
        tally.count(reason.rule)
