"""The made-up clinic of the tests and the bench is what it says: the same every time, and each dirt is there."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from medichat.legacy import account
from medichat.legacy.document import Document
from medichat.legacy.parse import PARSERS
from medichat.legacy.parse.parsing import Parsed
from medichat.legacy.parse.users import parse_user
from medichat.legacy.read import COLLECTIONS, open_source
from medichat.legacy.relations import AccountKey, Directory
from tests.legacy.generator import SMALL, OldClinic
from tests.legacy.generator.dirt import Dirt

# Known only when several documents are compared, by SQL over all of them.
_OF_THE_WHOLE = {"visit_renumbered"}


@pytest.fixture(scope="module")
def clinic() -> OldClinic:
    return OldClinic(SMALL)


@pytest.fixture(scope="module")
def directory(clinic: OldClinic) -> Directory:
    return Directory(AccountKey.of(parse_user(Document(raw))) for raw in clinic.documents("users"))


def settled(collection: str, document: Document, directory: Directory) -> Parsed:
    parsed = PARSERS[collection](document)
    if collection == "users":
        return directory.settle_user(parsed)
    if collection == "conversations":
        return directory.settle_conversation(parsed, document.values)
    return directory.settle_activity_log(parsed)


def dirty(clinic: OldClinic, collection: str) -> Iterator[tuple[Dirt, bytes]]:
    for number in clinic.numbers(collection):
        if kind := clinic.dirt_at(collection, number):
            yield kind, clinic.document(collection, number)


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_every_dirt_is_there_and_found_under_its_rule(clinic: OldClinic, directory: Directory, collection: str) -> None:
    seen = set()
    for kind, raw in dirty(clinic, collection):
        document = Document(raw)
        parsed = settled(collection, document, directory)
        found = {finding.rule.code for finding in parsed.findings}
        assert set(kind.rules) - _OF_THE_WHOLE <= found, kind.name
        seen.add(kind.name)
    assert seen == set(clinic.dirt(collection))
    assert len(seen) >= 35


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_everything_in_it_is_accounted_for(clinic: OldClinic, directory: Directory, collection: str) -> None:
    ledger = account.Ledger()
    for raw in clinic.documents(collection):
        document = Document(raw)
        assert ledger.add(collection, document, settled(collection, document, directory)) == []
    assert all(ledger.balances(entity) for entity in account.ENTITIES)
    assert ledger.source[collection] == len(clinic.numbers(collection))


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_it_is_the_same_at_every_run_and_ids_are_given_once(clinic: OldClinic, collection: str) -> None:
    raws = list(clinic.documents(collection))
    assert raws == list(OldClinic(SMALL).documents(collection))
    ids = [Document(raw).values["_id"] for raw in raws]
    assert len(set(ids)) == len(ids)


def test_a_month_later_some_documents_changed_and_some_are_new(clinic: OldClinic) -> None:
    later = OldClinic(SMALL, is_later=True)
    for collection in COLLECTIONS:
        before, after = list(clinic.documents(collection)), list(later.documents(collection))
        assert len(after) > len(before)
        changed = {number for number, raw in enumerate(before) if raw != after[number]}
        may_change = {number for number in clinic.numbers(collection) if clinic.is_changed(collection, number)}
        assert changed <= may_change
        assert bool(changed) == (collection != "activity_logs")


def test_the_dump_that_is_written_can_be_read(clinic: OldClinic, tmp_path: Path) -> None:
    clinic.write_dump(tmp_path / "dump")
    with open_source(str(tmp_path / "dump")) as source:
        for collection in COLLECTIONS:
            assert [document.raw for document in source.documents(collection)] == list(clinic.documents(collection))
