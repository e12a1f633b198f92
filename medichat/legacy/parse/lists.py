"""Lists that are none: single values, JSON text, several entries in one text."""

import json
import re
from typing import Any

from bson import json_util
from bson.errors import BSONError

from medichat.legacy.document import Fields
from medichat.legacy.parse import rules
from medichat.legacy.parse.parsing import Field, is_empty

_LONGEST_SPLIT = 2000
_SEPARATOR = re.compile(r"\s*(?:[;\n\r]|,(?!\d))\s*")
_NOT_A_NAME = re.compile(
    r"\s*(?:$|[\d(]|(?:once|twice|three|four|one|two|half|every|each|daily|weekly|monthly|nightly|hourly|as|prn|at|in|on|"
    r"with|without|before|after|by|per|for|until|when|if|and|or|then|max|maximum|up|to|not|no|since|oral|orally|morning|"
    r"evening|night|bedtime|noon|od|bd|bid|tds|tid|qds|qid|qd|qhs|hs|q\d+h|stat|mane|nocte|tablets?|tabs?|capsules?|"
    r"caps?|drops?|puffs?|units?|mg|mcg|ml|g|iu|severe|mild|moderate|type|unspecified|other|due|all|any|including)\b)",
    re.IGNORECASE,
)


def elements(field: Field) -> list[Field]:
    """The elements of a list field, each standing where it stands, whatever the list was stored as.

    A single value counts as a list of one; JSON text of a list is read. Blank values are kept in real lists only.
    """
    if field.is_empty:
        return []
    value = field.value
    if isinstance(value, list):
        placed = [field.inner(index, value=item) for index, item in enumerate(value)]
        if str not in map(type, value):
            return placed
        return [inner for one in placed for inner in _read_json(one)]
    read = _read_json(field)
    if read == [field]:
        field.note(rules.ONE_INSTEAD_OF_LIST)
    return read


def _read_json(field: Field) -> list[Field]:
    """The elements of a JSON list or object in text, or the field itself."""
    found = json_elements(field.value)
    if found is None:
        return [field]
    field.consume(rules.JSON_TEXT_READ)
    return [field.part(number, item) for number, item in enumerate(found)]


def json_elements(value: Any) -> list[Any] | None:
    """What a JSON text of a list or an object holds; None for everything else."""
    if not isinstance(value, str) or value.lstrip()[:1] not in {"[", "{"}:
        return None
    try:
        found = json.loads(value, object_pairs_hook=_object)
    except (ValueError, RecursionError):
        return None
    if isinstance(found, dict):
        found = [found]
    return found if any(not is_empty(item) for item in found) else None


def _object(pairs: list[tuple[str, Any]]) -> Any:
    try:
        return json_util.object_hook(Fields(pairs))
    except (TypeError, ValueError, KeyError, OverflowError, AttributeError, BSONError):
        return Fields(pairs)


def split_entries(stated: str) -> list[str]:
    """The entries in one text: 'Penicillin, latex; nuts' holds three.

    A part that cannot be the name of something (a frequency, a dose, 'and ...') belongs to the entry before it, and
    nothing is separated inside brackets: 'Insulin 10 units, at night' holds one entry.
    """
    if len(stated) > _LONGEST_SPLIT:
        return [stated]
    parts: list[str] = []
    start = 0
    for match in _SEPARATOR.finditer(stated):
        inside = stated.count("(", start, match.start()) > stated.count(")", start, match.start())
        if inside or _NOT_A_NAME.match(stated, match.end()):
            continue
        parts.append(stated[start : match.start()])
        start = match.end()
    parts.append(stated[start:])
    filled = [part.strip() for part in parts if part.strip()]
    return filled or [stated]


def separated(field: Field) -> list[Field]:
    """A text element as its entries, each a field of its own; other values as they are."""
    if not isinstance(field.value, str) or field.is_empty:
        return [field]
    parts = split_entries(field.value)
    if len(parts) == 1:
        return [field]
    field.consume(rules.TEXT_SPLIT)
    return [field.part(number, part) for number, part in enumerate(parts)]
