"""A MongoDB server that is small enough for tests: the real pymongo client talks to it over a socket.

It knows the commands that reading needs and refuses every other one, writes above all; ``commands`` is what it was
asked. It answers as a replica set would when ``is_replica_set``, so that snapshot reads can be tried.
"""

import socketserver
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import bson
from bson import Int64, ObjectId
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.raw_bson import RawBSONDocument

_OP_REPLY, _OP_QUERY, _OP_MSG = 1, 2004, 2013
_MORE_TO_COME, _CHECKSUM = 2, 1
_RAW: CodecOptions[RawBSONDocument] = CodecOptions(
    document_class=RawBSONDocument,
    datetime_conversion=DatetimeConversion.DATETIME_AUTO,
    unicode_decode_error_handler="replace",
)


class TestServer(socketserver.ThreadingTCPServer):
    """Holds BSON documents by collection of one database and answers questions about them."""

    __test__ = False  # no test case, whatever its name
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, database: str, collections: Mapping[str, list[bytes]], *, is_replica_set: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.database = database
        self.documents = {name: sorted(raws, key=_id_order) for name, raws in collections.items()}
        self.is_replica_set = is_replica_set
        self.commands: list[dict[str, Any]] = []
        self.lose_connection_after: int | None = None
        self.forget_snapshot_after: int | None = None
        self._cursors: dict[int, tuple[str, list[bytes]]] = {}
        self._next_cursor = 2**33  # beyond 32 bits, as real ones are
        self._batches = 0

    @property
    def uri(self) -> str:
        """The address for pymongo."""
        return f"mongodb://127.0.0.1:{self.server_address[1]}/{self.database}?directConnection=true"

    def answer(self, command: dict[str, Any]) -> dict[str, Any] | bytes:
        """The reply to one command, or its BSON where it holds documents."""
        self.commands.append(command)
        name = next(iter(command))
        known = getattr(self, f"_{name.lower()}", None)
        if known is None:
            return _refusal(59, f"no such command: {name}")
        reply: dict[str, Any] | bytes = known(command)
        return reply

    def _hello(self, _command: dict[str, Any]) -> dict[str, Any]:
        host = f"127.0.0.1:{self.server_address[1]}"
        replica_set = {"setName": "rs0", "hosts": [host], "me": host, "setVersion": 1} if self.is_replica_set else {}
        return {
            "helloOk": True, "ismaster": True, "isWritablePrimary": True, "maxBsonObjectSize": 16 * 2**20,
            "maxMessageSizeBytes": 48_000_000, "maxWriteBatchSize": 100_000, "minWireVersion": 0, "maxWireVersion": 17,
            "readOnly": False, "logicalSessionTimeoutMinutes": 30, **replica_set, "ok": 1.0,
        }  # fmt: skip

    _ismaster = _hello

    def _ping(self, _command: dict[str, Any]) -> dict[str, Any]:
        return {"ok": 1.0}

    _endsessions = _ping

    def _buildinfo(self, _command: dict[str, Any]) -> dict[str, Any]:
        return {"version": "6.0.0", "versionArray": [6, 0, 0, 0], "ok": 1.0}

    def _listcollections(self, _command: dict[str, Any]) -> dict[str, Any]:
        batch = [{"name": name, "type": "collection", "options": {}} for name in self.documents]
        return {"cursor": {"id": Int64(0), "ns": f"{self.database}.$cmd", "firstBatch": batch}, "ok": 1.0}

    def _find(self, command: dict[str, Any]) -> dict[str, Any] | bytes:
        found = list(self.documents.get(command["find"], []))
        if "min" in command:
            least = _order(command["min"]["_id"])
            found = [raw for raw in found if _id_order(raw) >= least]
        return self._batch(command["find"], found, int(command.get("batchSize", 101)), "firstBatch")

    def _getmore(self, command: dict[str, Any]) -> dict[str, Any] | bytes:
        name, found = self._cursors.pop(int(command["getMore"]), ("", None))
        if found is None:
            return _refusal(43, "cursor not found")
        if self.forget_snapshot_after is not None and self._batches >= self.forget_snapshot_after:
            self.forget_snapshot_after = None
            return _refusal(239, "snapshot too old")
        if self.lose_connection_after is not None and self._batches >= self.lose_connection_after:
            raise ConnectionAbortedError
        return self._batch(name, found, int(command.get("batchSize", 101)), "nextBatch")

    def _batch(self, name: str, found: list[bytes], size: int, key: str) -> bytes:
        self._batches += 1
        now, later = found[:size], found[size:]
        cursor = 0
        if later:
            cursor = self._next_cursor
            self._next_cursor += 1
            self._cursors[cursor] = (name, later)
        return _cursor_reply(cursor, f"{self.database}.{name}", key, now)

    def _killcursors(self, command: dict[str, Any]) -> dict[str, Any]:
        for cursor in command["cursors"]:
            self._cursors.pop(int(cursor), None)
        return {"cursorsKilled": command["cursors"], "ok": 1.0}

    def _aggregate(self, command: dict[str, Any]) -> dict[str, Any]:
        batch = [{"_id": 1, "n": len(self.documents.get(command["aggregate"], []))}]
        name = f"{self.database}.{command['aggregate']}"
        return {"cursor": {"id": Int64(0), "ns": name, "firstBatch": batch}, "ok": 1.0}


class _Connection(socketserver.BaseRequestHandler):
    server: TestServer

    def handle(self) -> None:
        while header := self._exactly(16):
            length, request, _, operation = struct.unpack("<iiii", header)
            body = self._exactly(length - 16)
            try:
                reply = self._reply(operation, body)
            except ConnectionAbortedError:
                return  # as when the server dies
            if operation == _OP_QUERY:
                message, kind = struct.pack("<iqii", 0, 0, 0, 1) + reply, _OP_REPLY
            else:
                message, kind = struct.pack("<iB", 0, 0) + reply, _OP_MSG
            self.request.sendall(struct.pack("<iiii", len(message) + 16, 0, request, kind) + message)

    def _reply(self, operation: int, body: bytes) -> bytes:
        if operation == _OP_QUERY:
            start = body.index(b"\0", 4) + 1 + 8
            command = bson.decode(body[start:])
        elif operation == _OP_MSG and body[4] == 0:
            command = bson.decode(body[5 : 5 + int.from_bytes(body[5:9], "little")])
        else:
            command = {"unsupported message": 1}
        reply = self.server.answer(command)
        return reply if isinstance(reply, bytes) else bson.encode(reply)

    def _exactly(self, length: int) -> bytes:
        received = b""
        while len(received) < length:
            part = self.request.recv(length - len(received))
            if not part:
                return b""
            received += part
        return received


def _cursor_reply(cursor: int, namespace: str, key: str, raws: list[bytes]) -> bytes:
    """A reply with documents as they are: encoding them anew would repair what the tests mean to be broken."""
    items = b"".join(b"\x03" + str(index).encode() + b"\0" + raw for index, raw in enumerate(raws))
    batch = b"\x04" + key.encode() + b"\0" + _framed(items)
    head = bson.encode({"id": Int64(cursor), "ns": namespace})[4:-1]
    return _framed(b"\x03cursor\0" + _framed(head + batch) + bson.encode({"ok": 1.0})[4:-1])


def _framed(body: bytes) -> bytes:
    return (len(body) + 5).to_bytes(4, "little") + body + b"\0"


def _refusal(code: int, words: str) -> dict[str, Any]:
    return {"ok": 0.0, "code": code, "errmsg": words, "codeName": "Refused"}


def _order(value: Any) -> tuple[int, Any]:
    """MongoDB's order of the types that are used as ids here: numbers, text, ObjectIds."""
    if isinstance(value, (int, float)):
        return 1, value
    if isinstance(value, str):
        return 2, value
    assert isinstance(value, ObjectId)
    return 7, value.binary


def _id_order(raw: bytes) -> tuple[int, Any]:
    return _order(RawBSONDocument(raw, _RAW)["_id"])


@contextmanager
def serving(
    collections: Mapping[str, list[bytes]], *, database: str = "medichat", is_replica_set: bool = False
) -> Iterator[TestServer]:
    """A server with these documents on a free port, for as long as the block runs."""
    with TestServer(database, collections, is_replica_set=is_replica_set) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
