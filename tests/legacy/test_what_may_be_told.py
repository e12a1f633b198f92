"""Ids and names of fields that may hold personal data stay out of console and report, whatever shape they have."""

from pathlib import Path

import bson
import pytest
from bson import ObjectId

from medichat.db.context import system
from medichat.legacy.account import discrepancies
from medichat.legacy.document import Document
from medichat.legacy.models import ImportItem
from medichat.legacy.parse.names import shown_id
from medichat.legacy.parse.users import parse_user
from tests.legacy.clinics import write_dump
from tests.legacy.importing import import_mongo

PLAIN = "600000000000000000000001"


def test_ids_of_mongodb_are_told_and_others_are_not() -> None:
    assert shown_id(PLAIN) == PLAIN
    assert shown_id(f"{PLAIN}.messages.#3") == f"{PLAIN}.messages.#3"
    for said in ("text:pat@example.org", "number:5550199", f"{PLAIN}.messages.text:Pat Kos", "text:a.text:b@c\nd"):
        shown = shown_id(said)
        assert "-digest:" in shown
        assert not any(word in shown for word in ("pat@", "5550199", "Kos", "b@c"))
    assert shown_id("text:a") != shown_id("text:b")


def test_what_does_not_add_up_is_told_without_names_of_unknown_fields() -> None:
    document = Document(bson.encode({"_id": ObjectId(), "email": "a@b.example", "pat@example.org": {"seen": 1}}))
    parsed = parse_user(document)
    parsed.claims.clear()
    told = " ".join(discrepancies("users", document, parsed))
    assert "email is claimed 0 times" in told
    assert "pat@" not in told


@pytest.mark.django_db(transaction=True)
def test_an_address_used_as_an_id_is_on_no_console_and_in_no_report(tmp_path: Path) -> None:
    user = {
        "_id": "pat@example.org",
        "email": "pat@example.org",
        "role": "patient",
        "firstName": "Pat",
        "gender": "yes",
    }
    write_dump(tmp_path, {"users": [bson.encode(user)], "conversations": [], "activity_logs": []})

    loaded = import_mongo("--dump", tmp_path, report=tmp_path / "report.json")
    with system():
        assert ImportItem.objects.filter(legacy_id="text:pat@example.org").exists(), "administrators find it"
        item = ImportItem.objects.get(rule="choice_unknown")
        assert item.document is not None
        item.document.rows = b""
        item.document.save(update_fields=["rows"])
    verified = import_mongo("--verify", "latest", report=tmp_path / "verified.json")
    undone = import_mongo("--undo", "latest")

    assert (loaded.code, verified.code) == (0, 1)
    told = [loaded.console, verified.console, undone.console]
    told += [(tmp_path / name).read_text() for name in ("report.json", "verified.json")]
    assert not [text for text in told if "pat@" in text]
    assert "text-digest:" in verified.console
