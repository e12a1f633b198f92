"""The live source, over a socket with the real pymongo client (``MONGODB_URI``: of a real server, where it can)."""

import os
from collections.abc import Iterator
from typing import Any

import bson
import pytest
from bson import ObjectId
from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient

from medichat.legacy.document import Document
from medichat.legacy.read import SourceError, open_source
from medichat.legacy.read.server import ServerSource
from tests.legacy.clinics import canonical, clinic
from tests.legacy.mongo_server import TestServer, serving

READS = {"hello", "ismaster", "ping", "listCollections", "find", "getMore", "killCursors", "endSessions"}


@pytest.fixture
def address() -> Iterator[str]:
    """A server that holds the made-up clinic."""
    real = os.environ.get("MONGODB_URI")
    if not real:
        with serving(clinic()) as server:
            yield server.uri
        return
    client: MongoClient[RawBSONDocument] = MongoClient(real, document_class=RawBSONDocument)
    database = client.get_default_database(default="medichat_import_test")
    for name, raws in clinic().items():
        database[name].drop()
        database[name].insert_many([RawBSONDocument(raw) for raw in raws])
    yield real
    for name in clinic():
        database[name].drop()


def many(count: int) -> dict[str, list[bytes]]:
    ids: list[Any] = [*range(count // 3), *(f"text-{n:05}" for n in range(count // 3))]
    ids += [ObjectId(f"{n:024x}") for n in range(count // 3)]
    return {"users": [bson.encode({"_id": one, "filling": "x" * 50}) for one in ids]}


def asked(server: TestServer) -> list[str]:
    return [next(iter(command)) for command in server.commands]


def test_a_server_gives_the_same_documents_as_a_dump(address: str) -> None:
    with open_source(address) as source:
        assert source.missing() == []
        assert source.unknown() == []
        for name, raws in clinic().items():
            found = list(source.documents(name))
            if "MONGODB_URI" not in os.environ:
                assert canonical(one.values for one in found) == canonical(Document(raw).values for raw in raws)
            assert len(found) == len(raws)


def test_the_server_is_never_written() -> None:
    with serving(clinic()) as server:
        with open_source(server.uri) as source:
            for name in source.collections():
                list(source.documents(name))
        assert set(asked(server)) <= READS


def finds(server: TestServer) -> list[dict[str, dict[str, str]]]:
    return [command for command in server.commands if "find" in command]


def test_reading_goes_on_behind_any_document_whatever_the_types_of_ids() -> None:
    with serving(many(30)) as server, open_source(server.uri) as source:
        everything = list(source.documents("users"))
        assert len(everything) == 30
        for number in (1, 9, 10, 11, 20, 29, 30):
            later = list(source.documents("users", after=everything[number - 1].position))
            assert [one.raw for one in later] == [one.raw for one in everything[number:]]


def test_many_batches_are_read_in_the_order_of_ids() -> None:
    source_documents = many(1500)
    with serving(source_documents) as server, open_source(server.uri) as source:
        assert [one.raw for one in source.documents("users")] == source_documents["users"]
        assert "getMore" in asked(server)


def test_a_replica_set_is_read_as_of_one_moment() -> None:
    with serving(clinic(), is_replica_set=True) as server:
        with open_source(server.uri) as source:
            for name in source.collections():
                list(source.documents(name))
            assert isinstance(source, ServerSource)
            assert source.snapshots == 1
        assert all(command["readConcern"]["level"] == "snapshot" for command in finds(server))


def test_a_single_server_offers_no_snapshot_and_is_read_plainly() -> None:
    with serving(clinic()) as server:
        with open_source(server.uri) as source:
            list(source.documents("users"))
        assert all("readConcern" not in command for command in finds(server))


def test_a_snapshot_that_expires_is_replaced_and_nothing_is_read_twice() -> None:
    source_documents = many(1500)
    with serving(source_documents, is_replica_set=True) as server:
        server.forget_snapshot_after = 2
        with open_source(server.uri) as source:
            assert [one.raw for one in source.documents("users")] == source_documents["users"]
            assert isinstance(source, ServerSource)
            assert source.snapshots == 2


def test_a_lost_connection_is_said_and_reading_goes_on_later() -> None:
    source_documents = many(1500)
    with serving(source_documents) as server:
        server.lose_connection_after = 2
        read: list[Document] = []
        with open_source(server.uri) as source, pytest.raises(SourceError, match="connection was lost"):
            read.extend(iter_into(source.documents("users"), read))
        server.lose_connection_after = None
        assert 0 < len(read) < 1500
        with open_source(server.uri) as source:
            read.extend(source.documents("users", after=read[-1].position))
        assert [one.raw for one in read] == source_documents["users"]


def iter_into(documents: Iterator[Document], target: list[Document]) -> list[Document]:
    for document in documents:
        target.append(document)
    return []


def test_nobody_answers() -> None:
    with pytest.raises(SourceError, match="cannot be reached"):
        ServerSource("mongodb://127.0.0.1:9/medichat", timeout_seconds=0.2)


@pytest.mark.parametrize("address", ["mongodb://", "mongodb://user:secret@[bad/x", "mongodb://u:secret@127.0.0.1:9"])
def test_an_address_that_is_none_is_refused_without_repeating_it(address: str) -> None:
    with pytest.raises(SourceError) as refused:
        ServerSource(address, timeout_seconds=0.2)
    assert "secret" not in str(refused.value)


def test_a_missing_collection_is_said() -> None:
    with (
        serving({"users": []}) as server,
        open_source(server.uri) as source,
        pytest.raises(SourceError, match="no collection conversations"),
    ):
        list(source.documents("conversations"))


def test_a_database_of_the_same_name_on_another_server_is_another_source_and_a_password_makes_no_difference() -> None:
    with serving(clinic()) as one, serving(clinic()) as other:
        with open_source(one.uri) as first, open_source(other.uri) as second:
            assert first.description() == second.description()
            assert first.fingerprint() != second.fingerprint()
        with open_source(one.uri) as again:
            assert again.fingerprint() == first.fingerprint()
