"""A corrected value takes the place of one that could not be settled, and nothing else of the document changes."""

from typing import Any

import pytest
from bson import ObjectId
from hypothesis import HealthCheck, given, settings

from medichat.legacy.correction import (
    Correction,
    NotCorrectable,
    corrected,
    fields_of,
    parsed_json,
    places_of,
    shown_json,
    value_at,
)
from medichat.legacy.document import Document, Fields, Path, UnreadableDocumentError
from medichat.legacy.parse.parsing import extended_json
from tests.legacy.strategies import raw_documents

ONE = ObjectId("600000000000000000000001")


def visit() -> Fields:
    return Fields(
        {
            "_id": ONE,
            "patient": "nobody",
            "messages": [Fields({"role": "bot", "content": "a"}), Fields({"role": "user", "content": "b"})],
            "Ana's own": Fields({"x": 1}),
        }
    )


@pytest.mark.parametrize(
    ("where", "value", "path"),
    [
        ("patient", "nobody", ("patient",)),
        ("messages.0.role", "bot", ("messages", 0, "role")),
        ("?", Fields({"x": 1}), ("Ana's own",)),
        ("?.?", 1, ("Ana's own", "x")),
        ("", visit(), ()),
    ],
)
def test_the_place_of_an_item_is_found_by_its_path_and_its_value(where: str, value: Any, path: tuple[Any, ...]) -> None:
    assert places_of(visit(), where, extended_json(value)) == [path]


@pytest.mark.parametrize(
    ("where", "value"), [("patient", "somebody"), ("messages.7.role", "bot"), ("messages.x", 1), ("patient.0", "n")]
)
def test_a_value_that_does_not_stand_there_has_no_place(where: str, value: object) -> None:
    assert places_of(visit(), where, extended_json(value)) == []


def test_a_place_that_is_not_certain_is_not_guessed() -> None:
    document = Fields({"_id": ONE, "first unknown": 1, "second unknown": 1})
    assert len(places_of(document, "?", extended_json(1))) == 2


def test_only_the_named_value_changes() -> None:
    after = corrected(visit(), Correction.of(visit(), ("messages", 0, "role"), "assistant"))
    assert [message["role"] for message in after["messages"]] == ["assistant", "user"]
    assert {name: value for name, value in after.items() if name != "messages"} == {
        name: value for name, value in visit().items() if name != "messages"
    }
    assert list(after) == list(visit())


def test_a_missing_field_is_added_and_a_whole_document_replaced() -> None:
    assert corrected(visit(), Correction.of(visit(), ("status",), "closed"))["status"] == "closed"
    whole = Fields({"_id": ONE, "patient": ONE})
    assert corrected(visit(), Correction.of(visit(), (), whole)) == {"_id": ONE, "patient": ONE}


@pytest.mark.parametrize(
    ("path", "value", "why"),
    [
        ((), Fields({"_id": ObjectId()}), "_id says which"),
        (("_id",), "other", "_id says which"),
        ((), ["not", "a", "document"], "in braces"),
        (("messages", 9, "role"), "user", "not there any more"),
        (("messages", 9), "user", "not there any more"),
        (("patient", "name"), "x", "not there any more"),
    ],
)
def test_what_cannot_be_applied_is_refused_with_the_reason(path: Path, value: Any, why: str) -> None:
    with pytest.raises(NotCorrectable, match=why):
        corrected(visit(), Correction.of(visit(), path, value))


def test_another_entry_that_has_moved_into_the_place_is_not_changed() -> None:
    before = Fields({"_id": ONE, "currentMedications": [Fields({"name": "A", "dosage": "1"}), Fields({"name": "B"})]})
    after = Fields({"_id": ONE, "currentMedications": [Fields({"name": "C", "dosage": "1"})]})
    correction = Correction.of(before, ("currentMedications", 0, "dosage"), "1 mg")
    with pytest.raises(NotCorrectable, match="something else"):
        corrected(after, correction)


def test_an_entry_with_an_id_is_known_by_it_and_keeps_several_corrections() -> None:
    entry = Fields({"_id": ObjectId(), "vaccine": "?", "date": "soon"})
    before = Fields({"_id": ONE, "immunizations": [entry]})
    first = Correction.of(before, ("immunizations", 0, "vaccine"), "MMR")
    second = Correction.of(before, ("immunizations", 0, "date"), "2020")
    after = corrected(corrected(before, first), second)
    assert after["immunizations"] == [{"_id": entry["_id"], "vaccine": "MMR", "date": "2020"}]
    assert corrected(after, first) == after


def test_a_newer_value_of_the_source_is_not_changed() -> None:
    correction = Correction.of(visit(), ("patient",), "somebody")
    with pytest.raises(NotCorrectable, match="something else"):
        corrected(Fields(visit() | {"patient": "somebody else"}), correction)


@pytest.mark.parametrize(
    "text", ["", "{", "'single'", '{"$oid": "short"}', '{"$date": "whenever"}', '{"a": 1,}', '{"$numberInt": "x"}']
)
def test_what_is_no_json_is_refused_and_not_shown_again(text: str) -> None:
    with pytest.raises(NotCorrectable) as refused:
        parsed_json(text)
    assert "double quotes" in str(refused.value)
    assert "short" not in str(refused.value)


@given(raw_documents())
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_document_can_be_shown_read_and_kept_again(raw: bytes) -> None:
    try:
        value = parsed_json(extended_json(Document(raw).values))
    except (NotCorrectable, UnreadableDocumentError):
        return  # fields named like JSON's own words for types, such as $oid, or what is no BSON
    assert extended_json(parsed_json(shown_json(value))) == extended_json(value)
    kept = Correction.from_text(Correction(("messages", 3, "content"), value, "what stood there").to_text())
    assert (kept.path, kept.instead_of) == (("messages", 3, "content"), "what stood there")
    assert extended_json(kept.value) == extended_json(value)


def test_the_fields_of_a_document_are_offered_but_its_identity() -> None:
    assert fields_of(visit()) == [("patient", True), ("messages", True), ("Ana's own", True)]
    assert fields_of(Fields({"_id": 1, "a": "x" * 300_000})) == [("a", False)]
    assert fields_of("text") == []
    assert value_at(visit(), ("messages", 1, "content")) == "b"
