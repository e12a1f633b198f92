"""The accounting, which does not trust the parser: it walks the bytes of a document on its own.

``discrepancies`` demands that every non-empty leaf is claimed exactly once and that every counted element has exactly
one fate; elements are counted by the rules of section 9 of the legacy schema. It believes decoded values only when it
has encoded them itself, after the parser was done with them, to the very same bytes; otherwise it walks the bytes. The
only thing shared with the parser is where one text is separated into several entries (``split_entries``,
``json_elements``): the rules for text values count its parts.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import bson
from bson import Binary, Code, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.datetime_ms import DatetimeMS

from medichat.legacy.document import TWICE, Document, Path
from medichat.legacy.parse.lists import json_elements, split_entries
from medichat.legacy.parse.names import shown_path
from medichat.legacy.parse.parsing import Fate, Finding, Parsed, extended_json
from medichat.legacy.parse.rules import RULES, SILENT_CLAIMS

ENTITIES = (
    "users", "patient_medical_info", "allergies", "medications", "medical_history", "surgical_history",
    "family_history", "immunizations", "emergency_contacts", "conversations", "messages", "symptoms", "attachments",
    "doctor_responses", "prescriptions", "activity_logs",
)  # fmt: skip

_ENTITIES = frozenset(ENTITIES)
_PLAIN: CodecOptions[dict[str, Any]] = CodecOptions(
    document_class=dict, datetime_conversion=DatetimeConversion.DATETIME_AUTO, unicode_decode_error_handler="replace"
)
_DEEPEST = 120
_SINGLE = frozenset(
    {bool, int, float, bytes, datetime, DatetimeMS, ObjectId, Int64, Decimal128, Binary, Code, Regex, Timestamp, MinKey,
     MaxKey}
)  # fmt: skip

_TEXT, _DOCUMENT, _LIST, _UNDEFINED, _NULL = 0x02, 0x03, 0x04, 0x06, 0x0A
_FIXED = {0x01: 8, 0x06: 0, 0x07: 12, 0x08: 1, 0x09: 8, 0x0A: 0, 0x10: 4, 0x11: 8, 0x12: 8, 0x13: 16, 0x7F: 0, 0xFF: 0}


class CorruptError(ValueError):
    """The bytes cannot be walked as BSON."""


def leaves(raw: bytes) -> Iterator[tuple[Path, bool]]:
    """Every leaf of a document in its order: the path, and whether it holds something.

    Leaves are all values but documents and lists; an empty document or list is a leaf that holds nothing. Of fields
    stored twice the earlier ones are called ``name`` + NUL + number, as in ``medichat.legacy.document``.
    """
    pending: list[tuple[int, Path, bool]] = [(0, (), False)]
    while pending:
        start, path, is_list = pending.pop()
        inner: list[tuple[int, Path, bool]] = []
        count = 0
        for step, kind, at, _ in _steps(raw, start, is_list=is_list):
            count += 1
            if kind in {_DOCUMENT, _LIST}:
                inner.append((at, (*path, step), kind == _LIST))
            else:
                yield (*path, step), _holds_something(raw, kind, at)
        if not count and path:
            yield path, False
        pending.extend(reversed(inner))


def _steps(raw: bytes, start: int, *, is_list: bool) -> Iterator[tuple[str | int, int, int, int]]:
    """The elements of the document at this place: step, type, where the value starts and ends."""
    found = list(_elements(raw, start))
    if is_list:
        yield from ((index, kind, at, end) for index, (_, kind, at, end) in enumerate(found))
        return
    total = Counter(name for name, *_ in found)
    seen: Counter[str] = Counter()
    for name, kind, at, end in found:
        seen[name] += 1
        step = name if seen[name] == total[name] else f"{name}{TWICE}{seen[name]}"
        yield step, kind, at, end


def _elements(raw: bytes, start: int) -> Iterator[tuple[str, int, int, int]]:
    if start + 5 > len(raw):
        raise CorruptError("the document ends early")
    end = start + int.from_bytes(raw[start : start + 4], "little", signed=True) - 1
    if not start + 4 <= end < len(raw) or raw[end] != 0:
        raise CorruptError("a length is wrong")
    at = start + 4
    while at < end:
        kind = raw[at]
        name_end = raw.find(b"\0", at + 1, end)
        if name_end < 0:
            raise CorruptError("a name does not end")
        value = name_end + 1
        after = _end_of(raw, kind, value)
        if after > end:
            raise CorruptError("a value is too long")
        yield raw[at + 1 : name_end].decode("utf-8", "replace"), kind, value, after
        at = after


def _end_of(raw: bytes, kind: int, at: int) -> int:
    if kind in _FIXED:
        return at + _FIXED[kind]
    length = int.from_bytes(raw[at : at + 4], "little", signed=True)
    if kind == 0x0B:  # a regular expression: two texts without lengths
        return raw.index(b"\0", raw.index(b"\0", at) + 1) + 1
    if length < 0:
        raise CorruptError("a length is negative")
    if kind in {0x02, 0x0D, 0x0E}:
        return at + 4 + length
    if kind == 0x05:
        return at + 5 + length
    if kind == 0x0C:
        return at + 4 + length + 12
    if kind in {_DOCUMENT, _LIST, 0x0F}:
        return at + length
    raise CorruptError("an unknown type")


def _holds_something(raw: bytes, kind: int, at: int) -> bool:
    if kind in {_UNDEFINED, _NULL}:
        return False
    if kind != _TEXT:
        return True
    length = int.from_bytes(raw[at : at + 4], "little", signed=True)
    return bool(raw[at + 4 : at + 3 + length].decode("utf-8", "replace").strip())


def _proven_values(document: Document) -> dict[str, Any] | None:
    """The decoded fields, if they are all there is and still are what they were: they encode to the very same bytes.

    None for what a decoder hides: a field stored twice, text that is no UTF-8, types that it converts.
    """
    try:
        values = document.values
        return values if bson.encode(values, codec_options=_PLAIN) == document.raw else None
    except (ValueError, TypeError, RecursionError, OverflowError, bson.errors.BSONError):
        return None


def _elements_of(collection: str, values: dict[str, Any]) -> set[tuple[str, Path]]:
    if collection == "activity_logs":
        return {("activity_logs", ())}
    return _of_user(values) if collection == "users" else _of_conversation(values)


_CHART = {
    "allergies": "allergies",
    "currentMedications": "medications",
    "chronicConditions": "medical_history",
}
_HISTORIES = {
    "medicalHistory": "medical_history",
    "surgicalHistory": "surgical_history",
    "familyHistory": "family_history",
    "immunizations": "immunizations",
    "emergencyContacts": "emergency_contacts",
}
_SECTION_2_2 = (
    "gender", "bloodType", "height", "weight", "assignedDoctor", "allergies", "currentMedications",
    "chronicConditions", "primaryPhysician", "pharmacyName", "pharmacyPhone", "preferredLanguage",
    "insuranceProvider", "insurancePolicyNumber", "insuranceGroupNumber", "smokingStatus",
    "alcoholConsumption", "exerciseFrequency",
)  # fmt: skip


def _of_user(values: dict[str, Any]) -> set[tuple[str, Path]]:
    found: set[tuple[str, Path]] = {("users", ())}
    for name, entity in _CHART.items():
        for path, value in _listed(values.get(name), (name,)):
            parts = split_entries(value) if isinstance(value, str) and value.strip() else [value]
            for number, part in enumerate(parts):
                if _says_more_than_its_id(part):
                    found.add((entity, path if len(parts) == 1 else (*path, f"{TWICE}part{number}")))
    for name, entity in _HISTORIES.items():
        found |= {(entity, path) for path, value in _listed(values.get(name), (name,)) if _says_more_than_its_id(value)}
    flat = next((name for name in ("emergencyContact", "emergencyContactPhone") if _says(values.get(name))), None)
    if flat:
        found.add(("emergency_contacts", (flat,)))
    stated = [name for name in _SECTION_2_2 if _says(values.get(name))]
    role = values.get("role")
    is_staff = isinstance(role, str) and " ".join(role.replace("\0", "").lower().split()) in {"doctor", "admin"}
    if is_staff and values.get("preferredLanguage") == "English":
        stated.remove("preferredLanguage")
    if stated:
        found.add(("patient_medical_info", ()))
    return found


def _of_conversation(values: dict[str, Any]) -> set[tuple[str, Path]]:
    found: set[tuple[str, Path]] = {("conversations", ())}
    for name in ("messages", "symptoms", "attachments"):
        found |= {(name, path) for path, _ in _listed(values.get(name), (name,))}
    answer = values.get("doctorResponse")
    answer = answer if isinstance(answer, dict) else {}
    prescribed = _listed(answer.get("prescriptions"), ("doctorResponse", "prescriptions"))
    found |= {("prescriptions", path) for path, _ in prescribed}
    status = values.get("status")
    says_answered = (
        isinstance(status, str)
        and "_".join(status.replace("\0", "").lower().replace("-", " ").replace("_", " ").split()) == "doctor_responded"
    )
    if (
        any(_says(answer.get(name)) for name in ("diagnosis", "recommendations", "respondedAt"))
        or any(_says_more_than_its_id(value) for _, value in prescribed)
        or says_answered
    ):
        found.add(("doctor_responses", ("doctorResponse",)))
    return found


def _listed(value: Any, path: Path) -> list[tuple[Path, Any]]:
    """The elements of a list, of JSON text, or of a single value in a list's place."""
    if value is None or value in ("", [], {}) or (isinstance(value, str) and not value.strip()):
        return []
    if not isinstance(value, list):
        return _read(value, path)
    found: list[tuple[Path, Any]] = []
    for index, item in enumerate(value):
        if isinstance(item, str):
            found += _read(item, (*path, index))
        else:
            found.append(((*path, index), item))
    return found


def _read(value: Any, path: Path) -> list[tuple[Path, Any]]:
    inside = json_elements(value)
    if inside is None:
        return [(path, value)]
    return [((*path, f"{TWICE}part{number}"), item) for number, item in enumerate(inside)]


def _says(value: Any) -> bool:
    """Whether there is anything but null and blank text in it."""
    pending = [value]
    while pending:
        one = pending.pop()
        if isinstance(one, dict):
            pending += one.values()
        elif isinstance(one, list):
            pending += one
        elif one is not None and not (isinstance(one, str) and not one.strip()):
            return True
    return False


def _says_more_than_its_id(value: Any) -> bool:
    if isinstance(value, dict):
        return any(name != "_id" and _says(inner) for name, inner in value.items())
    return _says(value)


def discrepancies(collection: str, document: Document, parsed: Parsed) -> list[str]:
    """What does not add up between a document and what the parser made of it; empty when all is accounted for.

    The sentences hold paths, never values, and no names of unknown fields.
    """
    return _compared(collection, document, parsed)[1]


def _compared(collection: str, document: Document, parsed: Parsed) -> tuple[set[tuple[str, Path]], list[str]]:
    """The elements of the document, and what does not add up."""
    sentences: list[str] = []
    proven = _proven_values(document)
    claimed = _counted([path for path, _ in parsed.claims])
    of_the_whole = claimed.pop((), 0)  # the whole is always there, also when it holds nothing
    if proven is not None and not of_the_whole and _each_claimed_once(proven, claimed):
        values = proven
    elif proven is not None and _walked(proven, (), of_the_whole, claimed, sentences):
        values = proven
        sentences += [f"{_shown(path)} is claimed and does not exist" for path in claimed]
    else:
        try:
            found = list(leaves(document.raw))
            values = Document(document.raw).values
        except (CorruptError, ValueError, RecursionError, bson.errors.BSONError):
            whole = [claim for claim in parsed.claims if claim.path == () and claim.by.startswith("set_aside:")]
            sentences = [] if whole and not parsed.rows else ["an unreadable document is not set aside whole"]
            return {(collection, ())}, sentences
        sentences = list(_claims(found, parsed))
    elements = _elements_of(collection, values)
    return elements, [*sentences, *_promises(values, parsed), *_fates(elements, parsed)]


def _promises(values: dict[str, Any], parsed: Parsed) -> Iterator[str]:
    """What is claimed as set aside must lie there with its raw value; a rule that accounts for something must exist."""
    for path, by in [claim for claim in parsed.claims if ":" in claim[1]]:
        kind, _, code = by.partition(":")
        if kind == "set_aside" and not _lies_there(values, path, code, parsed.findings):
            yield f"{_shown(path)} is claimed as set aside and does not lie there"
        elif kind == "rule" and code not in RULES and code not in SILENT_CLAIMS:
            yield f"{_shown(path)} is claimed by a rule that does not exist"


def _lies_there(values: dict[str, Any], path: Path, code: str, findings: list[Finding]) -> bool:
    """Whether a finding keeps what stands at this place; less of it only where secrets were taken out."""
    here = [found for found in findings if found.path == path and found.rule.code == code]
    if any(not found.rule.keeps_raw for found in here):
        return True
    value: Any = values
    try:
        for step in path:
            value = value[step]
    except (LookupError, TypeError):
        return False
    if any(found.raw == value for found in here):
        return True
    has_secrets = any(not found.rule.keeps_raw and found.path[: len(path)] == path for found in findings)
    stated = extended_json(value)  # equal also for what is not equal to itself
    return any(found.raw is not None and (has_secrets or extended_json(found.raw) == stated) for found in here)


def _counted(paths: list[Path]) -> dict[Path, int]:
    counted = dict.fromkeys(paths, 1)
    return counted if len(counted) == len(paths) else dict(Counter(paths))


def _each_claimed_once(values: dict[str, Any], claimed: dict[Path, int]) -> bool:
    """Whether the claims are just the leaves that hold something (or documents and lists that were claimed as one).

    True settles it; what is False here may be right all the same, and is walked (``_walked``).
    """
    found: list[Path] = []
    pending: list[tuple[Path, dict[str, Any] | list[Any]]] = [((), values)]
    while pending:
        above, outer = pending.pop()
        if len(above) > _DEEPEST:
            return False
        steps: Iterable[tuple[str | int, Any]] = outer.items() if isinstance(outer, dict) else enumerate(outer)
        for step, value in steps:
            kind = type(value)
            if kind is str:
                if value and not value.isspace():
                    found.append((*above, step))
            elif kind in _SINGLE:
                found.append((*above, step))
            elif kind is dict or kind is list:
                if value:
                    here = (*above, step)
                    if here in claimed:
                        found.append(here)
                    else:
                        pending.append((here, value))
            elif value is not None:
                return False
    # As many claims as leaves, and each leaf among them: no leaf comes twice, so that no claim does either.
    return len(found) == len(claimed) == sum(claimed.values()) and claimed.keys() >= set(found)


def _walked(
    values: dict[str, Any] | list[Any], path: Path, above: int, claimed: dict[Path, int], sentences: list[str]
) -> bool:
    """Ask of every leaf how often it is claimed, taking the claims away; ``above``: how often what it stands in is.

    False for a value of a type that this walk does not know, or too deep: then the bytes must be walked.
    """
    if len(path) > _DEEPEST:
        return False
    steps: Iterable[tuple[str | int, Any]] = values.items() if isinstance(values, dict) else enumerate(values)
    for step, value in steps:
        here = (*path, step)
        times = above + claimed.pop(here, 0)
        kind = type(value)
        if kind is str:
            holds_something = not (not value or value.isspace())
        elif value is None:
            holds_something = False
        elif kind is dict or kind is list:
            if value:
                if not _walked(value, here, times, claimed, sentences):
                    return False
                continue
            holds_something = False
        elif kind in _SINGLE:
            holds_something = True
        else:
            return False
        if times != 1 and (times or holds_something):
            sentences.append(f"{_shown(here)} is claimed {times} times")
    return True


def _claims(found: Iterable[tuple[Path, bool]], parsed: Parsed) -> Iterator[str]:
    """The same by the bytes: slower, and right for every document that there can be."""
    claimed = Counter(claim.path for claim in parsed.claims)
    used: set[Path] = {()}
    for path, holds_something in found:
        times = 0
        for length in range(len(path) + 1):
            prefix = path[:length]
            if prefix in claimed:
                times += claimed[prefix]
                used.add(prefix)
        if times > 1 or (holds_something and not times):
            yield f"{_shown(path)} is claimed {times} times"
    for path in claimed.keys() - used:
        yield f"{_shown(path)} is claimed and does not exist"


def _fates(elements: set[tuple[str, Path]], parsed: Parsed) -> Iterator[str]:
    fates = [(entity, path) for entity, path, _ in parsed.tally]
    if len(fates) != len(elements) or elements != set(fates):
        counted = Counter(fates)
        for entity, path in elements - counted.keys():
            yield f"{entity} at {_shown(path)} has no fate"
        for (entity, path), times in counted.items():
            if times > 1:
                yield f"{entity} at {_shown(path)} has {times} fates"
            if (entity, path) not in elements:
                yield f"{entity} at {_shown(path)} is no element of the source"
    loaded = [entity for entity, _, fate in parsed.tally if fate == "loaded" and entity != "doctor_responses"]
    rows = [row.table for row in parsed.rows if row.table in _ENTITIES]
    if len(loaded) != len(rows) or sorted(loaded) != sorted(rows):
        for entity in dict.fromkeys([*loaded, *rows]):
            difference = loaded.count(entity) - rows.count(entity)
            if difference:
                yield f"{entity}: {abs(difference)} {'more' if difference > 0 else 'fewer'} counted as loaded than rows"


def _shown(path: Path) -> str:
    return shown_path(".".join(str(step).replace(TWICE, "~") for step in path)) or "the document"


class Ledger:
    """The sums over documents: ``source = loaded + merged + set_aside`` for each entity."""

    def __init__(self) -> None:
        self.source: Counter[str] = Counter()
        self.fates: Counter[tuple[str, Fate]] = Counter()

    def add(self, collection: str, document: Document, parsed: Parsed) -> list[str]:
        """Count one document on both sides; returns its discrepancies."""
        elements, sentences = _compared(collection, document, parsed)
        self.source.update([entity for entity, _ in elements])
        self.fates.update([(entity, fate) for entity, _, fate in parsed.tally])
        return sentences

    def balances(self, entity: str) -> bool:
        """Whether every element of the entity has a fate."""
        fates: tuple[Fate, ...] = ("loaded", "merged", "set_aside")
        return self.source[entity] == sum(self.fates[entity, fate] for fate in fates)
