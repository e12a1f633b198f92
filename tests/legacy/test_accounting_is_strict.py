"""The accounting notices whatever a parser might forget, claim twice, invent or mislay: tried on every document.

Each change to what a parser returns stands for a fault that somebody might make in a parser.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

import bson
import pytest
from hypothesis import assume, given, settings

from medichat.legacy import account
from medichat.legacy.document import Document
from medichat.legacy.parse import PARSERS, rules
from medichat.legacy.parse.parsing import Parsed
from medichat.legacy.read import COLLECTIONS
from tests.legacy.generator import SMALL, OldClinic
from tests.legacy.strategies import raw_documents
from tests.legacy.test_any_document import relaxed

Faults = Callable[[Parsed], Iterator[Parsed]]


def _some(count: int) -> list[int]:
    """A few places in a list: the first, the last, and others that differ with its length."""
    return sorted({0, count - 1, count // 2, count * 7 % 11 % count}) if count else []


def _forgotten_claims(parsed: Parsed) -> Iterator[Parsed]:
    for place in _some(len(parsed.claims)):
        yield replace(parsed, claims=[*parsed.claims[:place], *parsed.claims[place + 1 :]])


def _double_claims(parsed: Parsed) -> Iterator[Parsed]:
    for place in _some(len(parsed.claims)):
        yield replace(parsed, claims=[*parsed.claims, parsed.claims[place]])


def _claims_of_the_whole(parsed: Parsed) -> Iterator[Parsed]:
    yield replace(parsed, claims=[*parsed.claims, parsed.claims[0]._replace(path=())])


def _claims_of_what_is_not_there(parsed: Parsed) -> Iterator[Parsed]:
    for place in _some(len(parsed.claims)):
        deeper = (*parsed.claims[place].path, "deeper")
        yield replace(parsed, claims=[*parsed.claims, parsed.claims[place]._replace(path=deeper)])


def _claims_by_unknown_rules(parsed: Parsed) -> Iterator[Parsed]:
    yield replace(parsed, claims=[parsed.claims[0]._replace(by="rule:nobody_wrote_this"), *parsed.claims[1:]])


def _forgotten_fates(parsed: Parsed) -> Iterator[Parsed]:
    for place in _some(len(parsed.tally)):
        yield replace(parsed, tally=[*parsed.tally[:place], *parsed.tally[place + 1 :]])


def _double_fates(parsed: Parsed) -> Iterator[Parsed]:
    for place in _some(len(parsed.tally)):
        yield replace(parsed, tally=[*parsed.tally, parsed.tally[place]])


def _invented_elements(parsed: Parsed) -> Iterator[Parsed]:
    yield replace(parsed, tally=[*parsed.tally, parsed.tally[0]._replace(path=("messages", 9999))])


def _forgotten_rows(parsed: Parsed) -> Iterator[Parsed]:
    for place in _some(len(parsed.rows)):
        if parsed.rows[place].table in account.ENTITIES:
            yield replace(parsed, rows=[*parsed.rows[:place], *parsed.rows[place + 1 :]])


def _double_rows(parsed: Parsed) -> Iterator[Parsed]:
    for place in _some(len(parsed.rows)):
        if parsed.rows[place].table in account.ENTITIES:
            yield replace(parsed, rows=[*parsed.rows, parsed.rows[place]])


def _mislaid_values(parsed: Parsed) -> Iterator[Parsed]:
    claimed = {(claim.path, claim.by.removeprefix("set_aside:")) for claim in parsed.claims}
    for place, finding in enumerate(parsed.findings):
        if (finding.path, finding.rule.code) in claimed and finding.rule.outcome == "set_aside":
            yield replace(parsed, findings=[*parsed.findings[:place], *parsed.findings[place + 1 :]])
            if finding.rule.keeps_raw:
                for other in (None, "something else"):
                    changed = replace(finding, raw=other)
                    yield replace(parsed, findings=[*parsed.findings[:place], changed, *parsed.findings[place + 1 :]])


EVERY_FAULT: list[Faults] = [
    _forgotten_claims, _double_claims, _claims_of_the_whole, _claims_of_what_is_not_there, _claims_by_unknown_rules,
    _forgotten_fates, _double_fates, _invented_elements, _forgotten_rows, _double_rows, _mislaid_values,
]  # fmt: skip


@pytest.mark.parametrize("collection", COLLECTIONS)
@pytest.mark.parametrize("faults", EVERY_FAULT, ids=lambda faults: faults.__name__.strip("_"))
def test_every_fault_in_every_document_is_noticed(faults: Faults, collection: str) -> None:
    tried = 0
    for raw in OldClinic(SMALL).documents(collection):
        document = Document(raw)
        for faulty in faults(PARSERS[collection](document)):
            tried += 1
            assert account.discrepancies(collection, document, faulty), raw
    assert tried


@pytest.mark.parametrize("collection", COLLECTIONS)
@settings(relaxed, max_examples=15)
@given(raw=raw_documents())
def test_every_fault_in_any_document_is_noticed(collection: str, raw: bytes) -> None:
    document = Document(raw)
    parsed = PARSERS[collection](document)
    assume(not any(finding.rule is rules.DOCUMENT_UNREADABLE for finding in parsed.findings))
    assume(any(holds_something for _, holds_something in account.leaves(raw)))
    for faults in EVERY_FAULT:
        for faulty in faults(parsed):
            if not _is_the_same_after_all(faulty, parsed):
                assert account.discrepancies(collection, document, faulty), faults.__name__


def _is_the_same_after_all(faulty: Parsed, parsed: Parsed) -> bool:
    """The same finding twice in a document: one of them may go without anything being lost.

    Where secrets were taken out the accounting cannot say what must be left. An element in which all is blank needs no
    claim.
    """
    if faulty.findings == parsed.findings:
        forgotten = [claim for claim in parsed.claims if claim not in faulty.claims]
        return any(claim.by == f"set_aside:{rules.EMPTY_ELEMENT.code}" for claim in forgotten)
    if any(not finding.rule.keeps_raw for finding in parsed.findings):
        return True
    left = [(one.path, one.rule.code) for one in faulty.findings if one in parsed.findings]
    return set(left) == {(one.path, one.rule.code) for one in parsed.findings}


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_a_parser_that_changes_the_values_it_was_given_deceives_nobody(collection: str) -> None:
    for raw in OldClinic(SMALL).documents(collection):
        document = Document(raw)
        document.values.clear()
        document.values["_id"] = bson.decode(bson.encode({"_id": 1}))["_id"]
        faulty = PARSERS[collection](document)
        if len(raw) > 60:
            assert account.discrepancies(collection, document, faulty)
