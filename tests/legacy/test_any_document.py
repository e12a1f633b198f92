"""Whatever a document holds, the parser does not raise, and everything in it is accounted for."""

import bson
import pytest
from hypothesis import HealthCheck, given, settings

from medichat.legacy import account
from medichat.legacy.document import Document
from medichat.legacy.parse import PARSERS
from tests.legacy.strategies import raw_documents

relaxed = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize("collection", list(PARSERS))
@relaxed
@given(raw=raw_documents())
def test_every_leaf_of_any_document_is_claimed_once_and_every_element_has_one_fate(collection: str, raw: bytes) -> None:
    document = Document(raw)
    parsed = PARSERS[collection](document)
    assert account.discrepancies(collection, document, parsed) == []


@pytest.mark.parametrize("collection", list(PARSERS))
@relaxed
@given(raw=raw_documents())
def test_two_runs_over_any_document_agree(collection: str, raw: bytes) -> None:
    first, second = PARSERS[collection](Document(raw)), PARSERS[collection](Document(raw))
    assert first.rows == second.rows
    assert [(found.rule.code, found.path) for found in first.findings] == [
        (found.rule.code, found.path) for found in second.findings
    ]


@pytest.mark.parametrize("collection", list(PARSERS))
@relaxed
@given(raw=raw_documents())
def test_rows_of_any_document_have_ids_of_their_own_and_fit_their_columns(collection: str, raw: bytes) -> None:
    parsed = PARSERS[collection](Document(raw))
    ids = [(row.table, row.legacy_id) for row in parsed.rows]
    assert len(ids) == len(set(ids))
    assert all(len(legacy_id) <= 120 and "\0" not in legacy_id for _, legacy_id in ids)
    for row in parsed.rows:
        assert not any(isinstance(value, str) and "\0" in value for value in vars(row).values())


@relaxed
@given(raw=raw_documents())
def test_raw_values_of_any_document_can_be_archived(raw: bytes) -> None:
    for parse in PARSERS.values():
        for finding in parse(Document(raw)).findings:
            archived = finding.raw_text()
            assert archived is None or isinstance(archived, str)


@pytest.mark.parametrize("collection", list(PARSERS))
@pytest.mark.parametrize("raw", [b"", b"\x05\0\0\0", b"\x07\0\0\0\x10a\0", b"no document at all"])
def test_bytes_that_are_no_document_are_set_aside_whole(collection: str, raw: bytes) -> None:
    document = Document(raw)
    parsed = PARSERS[collection](document)
    assert parsed.rows == []
    assert [found.rule.code for found in parsed.findings] == ["document_unreadable"]
    assert account.discrepancies(collection, document, parsed) == []


def test_the_accounting_notices_a_dropped_an_invented_and_a_double_claim() -> None:

    document = Document(bson.encode({"_id": 1, "email": "a@example.org", "extra": {"deep": [1, ""]}}))
    parsed = PARSERS["users"](document)
    assert account.discrepancies("users", document, parsed) == []
    for change, words in (
        (parsed.claims[1:], "is claimed 0 times"),
        ([*parsed.claims, parsed.claims[0]], "is claimed 2 times"),
        ([*parsed.claims, parsed.claims[0]._replace(path=("gender",))], "gender is claimed and does not exist"),
    ):
        parsed.claims, kept = change, parsed.claims
        assert any(words in sentence for sentence in account.discrepancies("users", document, parsed))
        parsed.claims = kept
    parsed.tally.pop()
    assert any("has no fate" in sentence for sentence in account.discrepancies("users", document, parsed))


@pytest.mark.parametrize("collection", list(PARSERS))
@pytest.mark.parametrize("depth", [90, 180, 400, 900, 5000])
def test_deep_nesting_is_accounted_for(collection: str, depth: int) -> None:
    document = Document(_nested(depth))
    parsed = PARSERS[collection](document)
    assert account.discrepancies(collection, document, parsed) == []
    for finding in parsed.findings:
        finding.raw_text()


def _nested(depth: int) -> bytes:
    raw = bson.encode({"b": 1})
    for _ in range(depth):
        raw = (len(raw) + 8).to_bytes(4, "little") + b"\x03a\0" + raw + b"\0"
    body = bson.encode({"_id": 1})[4:-1] + b"\x03metadata\0" + raw
    return (len(body) + 5).to_bytes(4, "little") + body + b"\0"
