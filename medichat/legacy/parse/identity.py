"""Who is who: legacy ids of documents and elements, references, and the UUIDs derived from them.

A document's legacy id is its ``_id`` (24 hexadecimal digits; other types say which they are). An element's is
``<document>.<array>.<its own _id>``; without an own id its position (``#3``), and for the plain texts of ``allergies``,
``currentMedications`` and ``chronicConditions`` a digest of what they say, so that a changed order changes nothing.
"""

import hashlib
import re
import uuid
from datetime import UTC, datetime
from typing import Any

import bson
from bson import Binary, DBRef, ObjectId
from bson.errors import BSONError

from medichat.legacy.parse import rules
from medichat.legacy.parse.parsing import Field, Section
from medichat.legacy.parse.values import plain

_NAMESPACE = uuid.UUID("6f1d2a52-5c1e-5d0b-9a57-0d8c1e6b7f43")  # fixed for ever: two runs must agree
_NAMESPACE_BYTES = _NAMESPACE.bytes
_NO_VERSION = ~(0xF000 << 64 | 0xC000 << 48)
_VERSION_5 = 0x5000 << 64 | 0x8000 << 48
_new_uuid, _set = object.__new__, object.__setattr__
_HEX_ID = re.compile(r"[0-9a-f]{24}", re.ASCII | re.IGNORECASE)
_OLD_SCRIPT_ID = re.compile(r"([0-9a-f]{24})0{8}", re.ASCII | re.IGNORECASE)
_LONGEST = 40


def row_id(table: str, legacy_id: str) -> uuid.UUID:
    """The UUID of an imported row: UUIDv5 of table and legacy id in a fixed namespace."""
    hashed = hashlib.sha1(_NAMESPACE_BYTES + f"{table}:{legacy_id}".encode(), usedforsecurity=False).digest()
    # What uuid.UUID(bytes=hashed[:16], version=5) does, in a third of the time: every row asks for one.
    made = _new_uuid(uuid.UUID)
    _set(made, "int", int.from_bytes(hashed[:16], "big") & _NO_VERSION | _VERSION_5)
    _set(made, "is_safe", uuid.SafeUUID.unknown)
    return made


def identity(value: Any) -> str:
    """An ``_id`` as text, different for different values, at most 60 characters."""
    if isinstance(value, ObjectId):
        return str(value)
    stated = plain(value)
    if stated is not None:
        kind = "text" if isinstance(value, str) else "date" if isinstance(value, datetime) else "number"
        if len(stated) <= _LONGEST and "\0" not in stated:
            return f"{kind}:{stated}"
        return f"{kind}-digest:{digest(stated)}"
    try:
        return f"bson-digest:{hashlib.sha256(bson.encode({'': value})).hexdigest()[:_LONGEST]}"
    except (BSONError, OverflowError):
        return f"bson-digest:{digest(repr(value))}"


def digest(stated: str) -> str:
    """A short digest by which a text is told from others."""
    return hashlib.sha256(stated.encode("utf-8", "surrogatepass")).hexdigest()[:_LONGEST]


def time_of_id(value: Any) -> datetime | None:
    """When an ObjectId was made, to the second."""
    return value.generation_time.astimezone(UTC) if isinstance(value, ObjectId) else None


def original_of(value: str | uuid.UUID | Binary) -> str | None:
    """The legacy id from which an earlier migration script made this one: 24 digits and eight zeros, as text or UUID.

    None for anything else. (No UUID that is made today ends so: version and variant would have to fit as well.)
    """
    digits = value.hex() if isinstance(value, bytes) else str(value).strip().replace("-", "")
    found = _OLD_SCRIPT_ID.fullmatch(digits)
    return found[1].lower() if found else None


def reference(field: Field, column: str) -> str | None:
    """The legacy id of the account that the field names; None where it is silent or cannot be understood."""
    if field.is_empty:
        return None
    value = field.value
    if isinstance(value, ObjectId):
        field.claim(column)
        return str(value)
    if isinstance(value, str) and _HEX_ID.fullmatch(value.strip()):
        field.claim(column)
        field.note(rules.REFERENCE_FROM_TEXT)
        return value.strip().lower()
    if isinstance(value, (str, uuid.UUID, Binary)) and (original := original_of(value)):
        field.claim(column)
        field.note(rules.REFERENCE_OF_OLD_SCRIPT)
        return original
    if isinstance(value, DBRef) and isinstance(value.id, ObjectId):
        field.claim(column)
        field.note(rules.REFERENCE_FROM_TEXT)
        return str(value.id)
    if isinstance(value, dict) and isinstance(value.get("_id"), (ObjectId, str)):
        section = Section(field)
        found = reference(section.take("_id"), column)
        if found:
            field.note(rules.REFERENCE_FROM_TEXT)
        section.set_aside_rest()
        return found
    field.set_aside(rules.REFERENCE_NOT_UNDERSTOOD)
    return None


def reference_of(section: Section, name: str, column: str) -> str | None:
    """``reference`` of the section's field of this name; quick for an id."""
    stored = section.peek(name)
    if type(stored) is ObjectId:
        section.claim(name, column)
        return str(stored)
    return reference(section.take(name), column)


class ElementIds:
    """Gives the elements of one array their legacy ids, each once."""

    def __init__(self, document: str, array: str) -> None:
        self._start = f"{document}.{array}"
        self._given: set[str] = set()

    def of(self, element: Field, section: Section, position: int) -> str:
        """The id of this element, taken from its fields."""
        stored = section.peek("_id")
        if type(stored) is ObjectId:
            section.claim("_id", "legacy_id")
            return self.once(element, str(stored), position)
        own = section.take("_id")
        if own.value is None:
            element.note(rules.ELEMENT_ID_MISSING)
            return self.once(element, f"#{position}", position)
        own.claim("legacy_id")
        return self.once(element, identity(own.value), position)

    def of_text(self, element: Field, says: str, position: int) -> str:
        """The id of a plain text, by what it says."""
        return self.once(element, digest(says)[:16], position, is_stored=False)

    def once(self, element: Field, own: str, position: int, *, is_stored: bool = True) -> str:
        """The id of an element that has this one of its own, or this place, already."""
        if own in self._given:
            if is_stored:
                element.note(rules.ELEMENT_ID_TWICE)
            own = f"{own}#{position}"
        while own in self._given:
            own += "+"
        self._given.add(own)
        return f"{self._start}.{own}"
