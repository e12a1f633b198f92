"""One document of the source: its bytes, its values, and where in the source it stood.

Values are decoded without Mongoose and without loss of shape: dates outside Python's calendar stay ``DatetimeMS``, text
that is no UTF-8 is shown with U+FFFD, and a field that BSON holds twice appears twice: the last one under its name (it
is what the previous system saw), the earlier ones under ``name`` + NUL + their number, which no BSON name can be.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import bson
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.errors import BSONError, InvalidBSON

Step = str | int
Path = tuple[Step, ...]

_DEEPEST = 200
UNREADABLE = "\ufffd"
TWICE = "\0"
"""Stands between a field's name and its number in the earlier occurrences of a field that is stored twice."""


Made = TypeVar("Made")


class kept(Generic[Made]):  # noqa: N801  # used like functools.cached_property
    """What is made when it is first asked for. ``functools.cached_property`` of Python 3.11 takes a lock each time."""

    def __init__(self, make: Callable[[Any], Made]) -> None:
        self._make = make
        self._name = make.__name__
        self.__doc__ = make.__doc__

    def __get__(self, owner: Any, kind: type | None = None) -> Made:
        made = owner.__dict__[self._name] = self._make(owner)
        return made


class Fields(dict[str, Any]):
    """The fields of a document in their order; of a field stored twice none is lost (see the module)."""

    def __init__(self, pairs: Iterable[tuple[str, Any]] | Mapping[str, Any] = ()) -> None:
        super().__init__()
        for name, value in pairs.items() if isinstance(pairs, Mapping) else pairs:
            self[name] = value

    def __setitem__(self, name: str, value: Any) -> None:
        if name in self:
            number = 1
            while f"{name}{TWICE}{number}" in self:
                number += 1
            super().__setitem__(f"{name}{TWICE}{number}", super().pop(name))
        super().__setitem__(name, value)


_PLAIN: CodecOptions[dict[str, Any]] = CodecOptions(
    document_class=dict,
    tz_aware=False,
    datetime_conversion=DatetimeConversion.DATETIME_AUTO,
    unicode_decode_error_handler="strict",
)
CODEC: CodecOptions[Fields] = CodecOptions(
    document_class=Fields,
    tz_aware=False,
    datetime_conversion=DatetimeConversion.DATETIME_AUTO,
    unicode_decode_error_handler="replace",
)
_STRICT = CODEC.with_options(unicode_decode_error_handler="strict")
_ESCAPED = CODEC.with_options(unicode_decode_error_handler="surrogateescape")


class UnreadableDocumentError(ValueError):
    """The bytes are no BSON document, or nested more deeply than can be read."""


@dataclass(frozen=True)
class Document:
    """A document as BSON bytes. ``position`` is where reading goes on after it (see ``Source.documents``)."""

    raw: bytes
    position: str = ""
    where: str = field(default="", compare=False)
    """For messages: file and byte or line; never content."""

    @kept
    def values(self) -> dict[str, Any]:
        """The decoded fields. Raises UnreadableDocumentError."""
        try:
            values = _plain_values(self.raw)
            if values is None:
                values = bson.decode(self.raw, CODEC)
        except (BSONError, RecursionError, OverflowError, ValueError) as error:
            raise UnreadableDocumentError(f"no readable BSON at {self.where or 'unknown place'}") from error
        if self._may_be_deep and _is_too_deep(values):
            raise UnreadableDocumentError("nested too deeply") from RecursionError("recursion")
        return values

    @property
    def _may_be_deep(self) -> bool:
        """Whether there are as many bytes that may begin a document or a list inside."""
        return self.raw.count(b"\x03") + self.raw.count(b"\x04") > _DEEPEST

    @kept
    def replaced(self) -> list[Path]:
        """Where text or a field's name is no UTF-8, so that ``values`` shows U+FFFD for some of its bytes."""
        try:
            bson.decode(self.raw, _STRICT)
        except InvalidBSON:
            return list(_escaped(bson.decode(self.raw, _ESCAPED), ()))
        return []


def bytes_at(document: Document, path: Path) -> bytes | None:
    """The bytes of a text that is no UTF-8; None where the source has none any more (an export has replaced them)."""
    value: Any = bson.decode(document.raw, _ESCAPED)
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None  # under a name that is no UTF-8 itself, or read out of a text
    if not isinstance(value, str) or not any("\udc80" <= character <= "\udcff" for character in value):
        return None
    return value.encode("utf-8", "surrogateescape")


def _plain_values(raw: bytes) -> dict[str, Any] | None:
    """What a plain decoder sees, which is fast; None where it hides a field stored twice, or bytes that are no UTF-8.

    Nothing is hidden when the values encode to the very same bytes.
    """
    try:
        values = bson.decode(raw, _PLAIN)
    except InvalidBSON:
        return None
    return values if bson.encode(values, codec_options=_PLAIN) == raw else None


def is_plain(raw: bytes) -> bool:
    """Whether a plain decoder reads the bytes to their end: then they are BSON, however much it may hide of it."""
    try:
        bson.decode(raw, _PLAIN)
    except (BSONError, RecursionError, OverflowError, ValueError):
        return False
    return True


def _is_too_deep(values: dict[str, Any]) -> bool:
    """Deeper than MongoDB itself allows by far; whatever walks such values would end in a RecursionError."""
    level: list[Any] = [values]
    for _ in range(_DEEPEST):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, (dict, list))
        ]
        if not level:
            return False
    return True


def _escaped(value: object, path: Path) -> Iterable[Path]:
    if isinstance(value, str):
        if any("\udc80" <= character <= "\udcff" for character in value):
            yield path
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            shown = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            if shown != name:
                yield (*path, shown)
            yield from _escaped(inner, (*path, shown))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _escaped(inner, (*path, index))


def encode(values: Mapping[str, Any]) -> bytes:
    """BSON of decoded fields, also of those stored twice. Raises UnreadableDocumentError for what BSON cannot hold."""
    try:
        return bson.encode(values, codec_options=CODEC)
    except UnicodeEncodeError:
        return encode(_without_surrogates(values))
    except (BSONError, OverflowError, TypeError, ValueError) as error:
        if any(TWICE in name for name in _names(values)):
            return _encode_twice(values)
        raise UnreadableDocumentError("a value that BSON cannot hold") from error


def _names(value: object) -> Iterable[str]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield name
            yield from _names(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _names(inner)


def _encode_twice(values: Mapping[str, Any]) -> bytes:
    body = bytearray()
    for name, value in values.items():
        plain, _, number = name.partition(TWICE)
        if number and not number.isdigit():
            raise UnreadableDocumentError("a field's name with a NUL character")
        if isinstance(value, Mapping):
            body += b"\x03" + plain.encode() + b"\0" + encode(value)
        elif isinstance(value, list):
            items = {str(index): item for index, item in enumerate(value)}
            body += b"\x04" + plain.encode() + b"\0" + encode(items)
        else:
            body += bson.encode({plain: value}, codec_options=CODEC)[4:-1]
    return (len(body) + 5).to_bytes(4, "little") + bytes(body) + b"\0"


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, Mapping):
        return Fields([(_without_surrogates(name), _without_surrogates(inner)) for name, inner in value.items()])
    if isinstance(value, list):
        return [_without_surrogates(inner) for inner in value]
    return value
