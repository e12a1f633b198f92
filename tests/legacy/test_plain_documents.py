"""Plain log entries and messages are read at one look: it comes to the same as looking at each field by itself."""

import pytest

from medichat.legacy.document import Document
from medichat.legacy.parse import PARSERS, activity_logs, conversations
from medichat.legacy.parse.parsing import Parsed
from tests.legacy.generator import SMALL, OldClinic


def test_plain_log_entries_come_to_the_same_either_way(monkeypatch: pytest.MonkeyPatch) -> None:
    _come_to_the_same("activity_logs", monkeypatch, activity_logs, "_plain_entry")


def test_plain_messages_come_to_the_same_either_way(monkeypatch: pytest.MonkeyPatch) -> None:
    _come_to_the_same("conversations", monkeypatch, conversations, "_plain_message")


def _come_to_the_same(collection: str, monkeypatch: pytest.MonkeyPatch, parser: object, quick: str) -> None:
    raws = list(OldClinic(SMALL).documents(collection))
    at_one_look: list[object] = []
    look = getattr(parser, quick)

    def watched(*given: object) -> object:
        at_one_look.append(look(*given))
        return at_one_look[-1]

    monkeypatch.setattr(parser, quick, watched)
    found = [_shown(PARSERS[collection](Document(raw))) for raw in raws]
    monkeypatch.setattr(parser, quick, lambda *_: None)
    assert found == [_shown(PARSERS[collection](Document(raw))) for raw in raws]
    assert sum(one is not None for one in at_one_look) > len(at_one_look) * 0.5


def _shown(parsed: Parsed) -> tuple[object, ...]:
    """All that was parsed; in which order it was claimed says nothing."""
    findings = [(found.rule, found.path, found.note, found.raw_text()) for found in parsed.findings]
    return parsed.legacy_id, parsed.rows, findings, sorted(map(repr, parsed.claims)), parsed.tally
