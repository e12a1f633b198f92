"""Putting a corrected value in the place of one that the import could not settle: pure, on extended JSON.

A correction is a path into the document and the value that belongs there. It is kept as extended JSON, so that no type
is lost, and applied to the document as it is kept at the time of loading: several corrections add up.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bson import json_util
from bson.codec_options import DatetimeConversion
from bson.errors import BSONError

from medichat.legacy.document import Fields, Path
from medichat.legacy.parse.parsing import extended_json

UNNAMED = "?"
"""Stands in an item's path for the name of a field that the previous system did not know."""
LONGEST_TO_EDIT = 200_000
"""Characters of a value that is offered in a form; longer ones are corrected at the source."""
_OPTIONS = json_util.CANONICAL_JSON_OPTIONS.with_options(
    document_class=Fields, tz_aware=False, datetime_conversion=DatetimeConversion.DATETIME_AUTO
)


class NotCorrectable(Exception):  # noqa: N818  # a state, in words for the administrator
    """The correction cannot be applied; the message says why, without any value."""


@dataclass(frozen=True)
class Correction:
    """``value`` belongs at ``path``; the empty path is the whole document.

    ``instead_of`` is the digest of what stood there, and in which entry of a list, when somebody saw and corrected it.
    Later runs apply a correction to the document as the source has it then: where its list has moved on, another
    entry stands at the path, and where the value was changed over there, a newer one. Neither is overwritten.
    """

    path: Path
    value: Any
    instead_of: str

    @classmethod
    def of(cls, document: Any, path: Path, value: Any) -> "Correction":
        """Of this document as somebody saw it. Raises NotCorrectable when there is no such place."""
        return cls(path, value, _standing(document, path))

    def to_text(self) -> str:
        """For keeping it (encrypted)."""
        return extended_json({"path": list(self.path), "value": self.value, "instead_of": self.instead_of})

    @classmethod
    def from_text(cls, text: str) -> "Correction":
        """As it was kept."""
        kept = parsed_json(text)
        # A path's numbers come back as BSON's, which are plain ones by their value.
        path = tuple(int(step) if not isinstance(step, str) else step for step in kept["path"])
        return cls(path, kept["value"], kept["instead_of"])


def parsed_json(text: str) -> Any:
    """The value of an extended JSON text. Raises NotCorrectable."""
    try:
        return json_util.loads(text, json_options=_OPTIONS)
    except (BSONError, ValueError, TypeError, KeyError, AttributeError, ArithmeticError, RecursionError) as error:
        at = f" in line {error.lineno}" if hasattr(error, "lineno") else ""
        raise NotCorrectable(f"This is no JSON that can be read{at}: texts stand in double quotes.") from None


def shown_json(value: Any) -> str:
    """A value for people to read and edit, one field a line."""
    return json_util.dumps(value, json_options=json_util.CANONICAL_JSON_OPTIONS, ensure_ascii=False, indent=2)


def places_of(document: Any, where: str, raw: str) -> list[Path]:
    """Where in the document the value of an item stands: more than one place, or none, when it is not certain."""
    steps = where.split(".") if where else []
    return [path for path, value in _walk(document, steps, ()) if extended_json(value) == raw]


def _walk(value: Any, steps: list[str], path: Path) -> Iterator[tuple[Path, Any]]:
    if not steps:
        yield path, value
        return
    step, rest = steps[0], steps[1:]
    if isinstance(value, list):
        if step.isascii() and step.isdigit() and int(step) < len(value):
            yield from _walk(value[int(step)], rest, (*path, int(step)))
    elif isinstance(value, dict):
        for name, inner in value.items():
            if step in (name, UNNAMED):
                yield from _walk(inner, rest, (*path, name))


def value_at(document: Any, path: Path) -> Any:
    """What stands at the path. Raises NotCorrectable when there is no such place."""
    value = document
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            raise NotCorrectable("The document has changed: this place is not there any more.") from None
    return value


def corrected(document: Fields, correction: Correction) -> Fields:
    """The document with the correction, the same identity provided. Raises NotCorrectable."""
    standing = _standing(document, correction.path)
    result = _replaced(document, correction.path, correction.value)
    if not isinstance(result, Fields):
        raise NotCorrectable("A document is an object in braces.")
    if extended_json(result.get("_id")) != extended_json(document.get("_id")):
        raise NotCorrectable("The _id says which document it is, and stays.")
    if standing != correction.instead_of and extended_json(result) != extended_json(document):
        raise NotCorrectable("The document has changed: something else stands in this place now.")
    return result


def _replaced(value: Any, path: Path, new: Any) -> Any:
    if not path:
        return new
    step, rest = path[0], path[1:]
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return [_replaced(inner, rest, new) if index == step else inner for index, inner in enumerate(value)]
    if isinstance(value, dict) and step in value:
        return Fields([(name, _replaced(inner, rest, new) if name == step else inner) for name, inner in value.items()])
    if isinstance(value, dict) and not rest and isinstance(step, str):
        return Fields([*value.items(), (step, new)])
    raise NotCorrectable("The document has changed: this place is not there any more.")


def _standing(document: Any, path: Path) -> str:
    """A digest of what stands at the path, and of the entries of lists that lead there: by their ids, if they have any.

    Raises NotCorrectable when there is no such place; a field may be missing from an object that is there.
    """
    found: list[Any] = []
    value = document
    for step in path[:-1]:
        value = value_at(value, (step,))
        if isinstance(step, int) and isinstance(value, dict):
            found.append(value.get("_id", value))
    if path:
        is_missing = isinstance(value, dict) and isinstance(path[-1], str) and path[-1] not in value
        value = "" if is_missing else value_at(value, path[-1:])
        found.append(is_missing)
    return hashlib.sha256(extended_json([*found, value]).encode("utf-8", "surrogatepass")).hexdigest()


def fields_of(value: Any) -> list[tuple[str, bool]]:
    """The names of a document's own fields, and whether each is small enough to edit by itself."""
    if not isinstance(value, dict):
        return []
    return [(name, len(extended_json(inner)) <= LONGEST_TO_EDIT) for name, inner in value.items() if name != "_id"]
