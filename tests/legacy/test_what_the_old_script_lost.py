"""Each file of ``data/`` is a document beside what must become of it, named after a way in which data was once lost.

``rows`` names for each table the rows in their order, with the columns that matter; ``rules`` are all findings.
"""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from bson import json_util

from medichat.legacy import account
from medichat.legacy.document import Document, Fields, encode
from medichat.legacy.parse import PARSERS
from medichat.legacy.parse.parsing import Parsed

CASES = sorted(Path(__file__).with_name("data").glob("*.json"))


def shown(value: Any) -> Any:
    """A column as the files write it."""
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def parsed(collection: str, case: dict[str, Any]) -> tuple[Document, Parsed]:
    document = Document(encode(Fields(json_util.loads(json.dumps(case["document"])))))
    return document, PARSERS[collection](document)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_nothing_is_lost_and_nothing_invented_when(path: Path) -> None:
    collection, _, _ = path.stem.partition("--")
    case = json.loads(path.read_text())
    document, found = parsed(collection, case)
    for table, rows in case["rows"].items():
        there = [row for row in found.rows if row.table == table]
        assert [
            {column: shown(getattr(row, column)) for column in want} for row, want in zip(there, rows, strict=True)
        ] == rows
    assert sorted({finding.rule.code for finding in found.findings}) == case["rules"]
    assert account.discrepancies(collection, document, found) == []


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_no_credential_is_left_in_rows_or_findings_when(path: Path) -> None:
    collection, _, _ = path.stem.partition("--")
    _, found = parsed(collection, json.loads(path.read_text()))
    everything = repr([vars(row) for row in found.rows]) + repr([finding.raw_text() for finding in found.findings])
    assert "hunter2" not in everything
    assert "open sesame" not in everything
