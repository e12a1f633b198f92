"""A running MongoDB server, read through pymongo and never written."""

from collections.abc import Iterator
from typing import Any

from bson import json_util
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.json_util import CANONICAL_JSON_OPTIONS
from bson.raw_bson import RawBSONDocument
from pymongo import ASCENDING, MongoClient
from pymongo.client_session import ClientSession
from pymongo.errors import ConfigurationError, ConnectionFailure, InvalidURI, OperationFailure, PyMongoError
from pymongo.read_preferences import SecondaryPreferred

from medichat.legacy.document import Document
from medichat.legacy.read.source import Source, SourceError

_SNAPSHOT_GONE = {239, 246}  # SnapshotTooOld, SnapshotUnavailable: the server keeps five minutes by default
_SNAPSHOTS_SINCE = 13  # MongoDB 5.0, and only replica sets and sharded clusters
_RAW: CodecOptions[RawBSONDocument] = CodecOptions(
    document_class=RawBSONDocument,
    datetime_conversion=DatetimeConversion.DATETIME_AUTO,
    unicode_decode_error_handler="replace",
)


class ServerSource(Source):
    """One database of a server; all collections are read as of one moment where the server can do that.

    ``snapshots`` counts the moments: more than one means that reading took longer than the server keeps its past, and
    that the verification has to look for what changed in between.
    """

    stands_still = False

    def __init__(self, uri: str, database: str = "", *, timeout_seconds: float = 20) -> None:
        """Raises SourceError when the address is none, nobody answers, or no database is named."""
        self.snapshots = 0
        self._hosts = uri.partition("://")[2].partition("/")[0].partition("?")[0].rpartition("@")[2].lower()
        self._session: ClientSession | None = None
        milliseconds = int(timeout_seconds * 1000)
        try:
            self._client: MongoClient[RawBSONDocument] = MongoClient(
                uri,
                document_class=RawBSONDocument,
                read_preference=SecondaryPreferred(),
                retryWrites=False,
                serverSelectionTimeoutMS=milliseconds,
                connectTimeoutMS=milliseconds,
                appname="medichat-import",
            )
            named = database or self._client.get_default_database(default="").name
            self._database = self._client.get_database(named, codec_options=_RAW)
            self._hello = dict(self._client.admin.command("hello"))
        except (InvalidURI, ConfigurationError, ValueError, TypeError) as error:
            # The message of an invalid address may hold its password.
            raise SourceError("The address of the MongoDB server is not valid, or names no database.") from error
        except PyMongoError as error:
            self._client.close()
            raise _unreachable(error) from error

    def description(self) -> dict[str, str]:
        """Kind and database; the address may hold a password and is left out."""
        return {"kind": "server", "database": self._database.name}

    def _state(self) -> object:
        """Which server it is: another one with a database of this name is another source."""
        return self._hosts

    def collections(self) -> list[str]:
        """The collections of the database, without MongoDB's own and without views."""
        try:
            found = self._database.list_collections(filter={"type": "collection"})
            names = [str(entry["name"]) for entry in found]
        except PyMongoError as error:
            raise _unreachable(error) from error
        return sorted(name for name in names if not name.startswith("system."))

    def documents(self, collection: str, after: str = "") -> Iterator[Document]:
        """The documents in the order of ``_id``; a position is an ``_id`` in extended JSON."""
        if collection not in self.collections():
            raise SourceError(f"There is no collection {collection} in the database {self._database.name}.")
        while True:
            try:
                for document in self._from(collection, after):
                    after = document.position
                    yield document
            except OperationFailure as error:
                if error.code not in _SNAPSHOT_GONE or self._session is None:
                    raise _unreachable(error) from error
                self._end_session()
            except PyMongoError as error:
                raise _unreachable(error) from error
            else:
                return

    def _from(self, collection: str, after: str) -> Iterator[Document]:
        found = self._database[collection].find(session=self._moment(), batch_size=500).sort("_id", ASCENDING)
        last: Any = json_util.loads(after, json_options=CANONICAL_JSON_OPTIONS)["_id"] if after else None
        if after:
            # Bounds of the index, not $gt: ids of several types follow each other, and $gt stays within one.
            found = found.hint([("_id", ASCENDING)]).min([("_id", last)])
        try:
            for one in found:
                raw = RawBSONDocument(one.raw, _RAW)
                document = Document(bytes(one.raw), _position(raw), f"{collection} on the server")
                if document.position != after:
                    yield document
        finally:
            found.close()

    def _moment(self) -> ClientSession | None:
        """The session in which everything is as of one moment; None where the server does not offer that."""
        if self._session is None and self._offers_snapshots():
            self._session = self._client.start_session(snapshot=True)
            self.snapshots += 1
        return self._session

    def _offers_snapshots(self) -> bool:
        is_cluster = "setName" in self._hello or self._hello.get("msg") == "isdbgrid"
        return is_cluster and int(self._hello.get("maxWireVersion", 0)) >= _SNAPSHOTS_SINCE

    def _end_session(self) -> None:
        if self._session is not None:
            self._session.end_session()
            self._session = None

    def close(self) -> None:
        """End the session and the connections."""
        self._end_session()
        self._client.close()


def _position(document: RawBSONDocument) -> str:
    own: Any = document.get("_id")
    return json_util.dumps({"_id": own}, json_options=CANONICAL_JSON_OPTIONS)


def _unreachable(error: PyMongoError) -> SourceError:
    """What went wrong, without what the server or the address says: both may hold names and passwords."""
    if isinstance(error, OperationFailure):
        return SourceError(f"The MongoDB server refused to read (code {error.code}).")
    if isinstance(error, ConnectionFailure):
        return SourceError("The MongoDB server cannot be reached, or the connection was lost.")
    return SourceError(f"The MongoDB server cannot be read ({type(error).__name__}).")
