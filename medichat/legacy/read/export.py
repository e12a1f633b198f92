"""Extended JSON as mongoexport writes it: one document a line, an array, pretty-printed; relaxed or canonical."""

import re
from collections.abc import Iterator
from typing import IO

from bson import json_util
from bson.codec_options import DatetimeConversion
from bson.errors import BSONError
from bson.json_util import JSONMode, JSONOptions

from medichat.legacy.document import Document, Fields, UnreadableDocumentError, encode
from medichat.legacy.read.source import SourceError

_CHUNK = 1 << 20
_LARGEST_TEXT = 256 * 1024 * 1024  # far more than 16 MB of BSON ever need as text
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|["{}]', re.DOTALL)
_BETWEEN = re.compile(rb"[\s,\[\]]*")
_OPTIONS = JSONOptions(
    json_mode=JSONMode.RELAXED,
    document_class=Fields,
    tz_aware=False,
    datetime_conversion=DatetimeConversion.DATETIME_AUTO,
)


def export_documents(stream: IO[bytes], name: str, start: int) -> Iterator[Document]:
    """The documents of an export, from this byte on; a position is the byte behind a document.

    Raises SourceError for what is no extended JSON and for a file that ends early.
    """
    is_list = _begins_a_list(stream)
    stream.seek(start)
    for text, end in _objects(stream, name, start, is_list=is_list):
        yield _document(text, name, end)


def _begins_a_list(stream: IO[bytes]) -> bool:
    while chunk := stream.read(4096):
        if begun := chunk.removeprefix(b"\xef\xbb\xbf").lstrip():
            return begun.startswith(b"[")
    return False


def _document(text: bytes, name: str, end: int) -> Document:
    where = f"{name}, byte {end - len(text)}"
    try:
        values = json_util.loads(text.decode("utf-8", "replace"), json_options=_OPTIONS, strict=False)
        return Document(encode(values), str(end), where)
    except RecursionError:
        return Document(text, str(end), where)  # too deep to be read: it is set aside as it is
    except (
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        OverflowError,
        BSONError,
        UnreadableDocumentError,
    ) as error:
        raise SourceError(f"{name} is corrupt: the text at byte {end - len(text)} is no extended JSON.") from error


def _objects(stream: IO[bytes], name: str, start: int, *, is_list: bool) -> Iterator[tuple[bytes, int]]:
    """The text of each document and the byte behind it."""
    window = _Window(stream, name, start)
    closed = False
    while True:
        between = window.skip_between(is_first=start == 0 and window.at == 0)
        closed = closed or b"]" in between
        if not window.more():
            break
        if closed or not window.starts_with(b"{"):
            raise SourceError(f"{name} is corrupt: no document begins at byte {window.place}.")
        text = window.take_object()
        yield text, window.place
    if is_list and not closed:
        raise SourceError(f"{name} is truncated: its list does not end.")


class _Window:
    """The part of the file that is being looked at."""

    def __init__(self, stream: IO[bytes], name: str, start: int) -> None:
        self._stream, self._name, self._start = stream, name, start
        self._buffer = b""
        self.at = 0

    @property
    def place(self) -> int:
        """The byte of the file that is looked at."""
        return self._start + self.at

    def more(self) -> bool:
        """Whether there is anything left; reads on when the window is used up."""
        return self.at < len(self._buffer) or self._grow()

    def starts_with(self, start: bytes) -> bool:
        """Whether this comes next."""
        return self._buffer.startswith(start, self.at)

    def skip_between(self, *, is_first: bool) -> bytes:
        """Blanks, commas and the brackets of the list."""
        skipped = b""
        if is_first and self.more() and self.starts_with(b"\xef\xbb\xbf"):
            self.at += 3
        while self.more():
            match = _BETWEEN.match(self._buffer, self.at)
            assert match is not None
            skipped += bytes(byte for byte in match[0] if byte in b"[]")
            self.at = match.end()
            if self.at < len(self._buffer):
                break
        return skipped

    def take_object(self) -> bytes:
        """One document in braces."""
        depth, scan = 0, self.at
        while True:
            for match in _TOKEN.finditer(self._buffer, scan):
                token = match[0]
                if token == b'"':
                    scan = match.start()  # a text that goes on behind the window
                    break
                scan = match.end()
                depth += (token == b"{") - (token == b"}")
                if depth == 0 and token == b"}":
                    text = self._buffer[self.at : scan]
                    self.at = scan
                    return text
            else:
                scan = max(scan, len(self._buffer))
            moved = self.at
            if len(self._buffer) - self.at > _LARGEST_TEXT or not self._grow():
                raise SourceError(f"{self._name} is truncated: it ends within the document at byte {self.place}.")
            scan -= moved - self.at

    def _grow(self) -> bool:
        """Read on, forgetting what lies behind."""
        kept = len(self._buffer) - self.at
        chunk = self._stream.read(max(_CHUNK, kept))
        if not chunk:
            return False
        self._start += self.at
        self._buffer = self._buffer[self.at :] + chunk
        self.at = 0
        return True
