"""Dumps and exports: every form gives the same documents, and a damaged one says so."""

import gzip
import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import bson
import pytest

from medichat.legacy.document import Document
from medichat.legacy.read import SourceError, open_source
from tests.legacy.clinics import Clinic, canonical, clinic, write_dump, write_export


def read(folder: Path) -> dict[str, list[str]]:
    with open_source(str(folder)) as source:
        return {name: canonical(one.values for one in source.documents(name)) for name in source.collections()}


def expected(source: Clinic) -> dict[str, list[str]]:
    return {name: canonical(Document(raw).values for raw in raws) for name, raws in source.items()}


FORMS: dict[str, Callable[[Path, Clinic], Path]] = {
    "dump": write_dump,
    "compressed dump": lambda folder, source: write_dump(folder, source, compressed=True),
    "relaxed lines": write_export,
    "canonical lines": lambda folder, source: write_export(folder, source, canonical=True),
    "relaxed list": lambda folder, source: write_export(folder, source, as_list=True),
    "canonical list": lambda folder, source: write_export(folder, source, canonical=True, as_list=True),
    "pretty list": lambda folder, source: write_export(folder, source, as_list=True, pretty=True),
    "pretty documents": lambda folder, source: write_export(folder, source, pretty=True),
}


@pytest.mark.parametrize("form", list(FORMS))
def test_every_form_gives_the_same_documents(form: str, tmp_path: Path) -> None:
    source = clinic()
    assert read(FORMS[form](tmp_path, source)) == expected(source)


@pytest.mark.parametrize("form", list(FORMS))
def test_reading_goes_on_behind_any_document(form: str, tmp_path: Path) -> None:
    folder = FORMS[form](tmp_path, clinic())
    with open_source(str(folder)) as source:
        everything = list(source.documents("users"))
        for number, document in enumerate(everything, start=1):
            later = list(source.documents("users", after=document.position))
            assert [one.raw for one in later] == [one.raw for one in everything[number:]]


def test_the_database_folder_is_found_inside_the_dump(tmp_path: Path) -> None:
    write_dump(tmp_path / "medichat", clinic())
    (tmp_path / "admin").mkdir()
    assert read(tmp_path) == expected(clinic())


def test_other_files_beside_the_database_folder_do_not_hide_it(tmp_path: Path) -> None:
    write_dump(tmp_path / "medichat", clinic())
    (tmp_path / "notes.json").write_text("{}")
    assert read(tmp_path) == expected(clinic())


def test_several_databases_must_be_chosen_from(tmp_path: Path) -> None:
    write_dump(tmp_path / "old", clinic())
    write_dump(tmp_path / "new", clinic())
    with pytest.raises(SourceError, match=r"several databases.*new, old"):
        open_source(str(tmp_path))
    with open_source(str(tmp_path), "old") as source:
        assert source.missing() == []


def test_missing_and_unknown_collections_are_named(tmp_path: Path) -> None:
    write_dump(tmp_path, {"users": [], "invoices": []})
    with open_source(str(tmp_path)) as source:
        assert source.missing() == ["conversations", "activity_logs"]
        assert source.unknown() == ["invoices"]
        with pytest.raises(SourceError, match="no file of the collection conversations"):
            list(source.documents("conversations"))


@pytest.mark.parametrize(
    ("place", "words"), [("nowhere", "no folder"), ("empty", "no dump or export"), ("file", "is a file")]
)
def test_a_place_without_a_dump_is_refused(place: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(SourceError, match=words):
        open_source(str(tmp_path / place))


def test_the_same_collection_twice_is_refused(tmp_path: Path) -> None:
    write_export(write_dump(tmp_path, clinic()), clinic())
    with pytest.raises(SourceError, match="hold the same collection"):
        open_source(str(tmp_path))


@pytest.mark.parametrize("form", list(FORMS))
@pytest.mark.parametrize("lost", [1, 3, 40])
def test_a_truncated_file_is_noticed(form: str, lost: int, tmp_path: Path) -> None:
    folder = FORMS[form](tmp_path, clinic())
    (path,) = (path for path in folder.iterdir() if path.name.startswith("users.") and "metadata" not in path.name)
    whole = path.read_bytes().rstrip(b"\n")
    path.write_bytes(whole[:-lost])
    with open_source(str(folder)) as source, pytest.raises(SourceError, match=r"users\.\w+(\.gz)? is truncated"):
        list(source.documents("users"))


@pytest.mark.parametrize("damage", [b"\xff\xff\xff\x7f", b"\x00\x00\x00\x00", b"\x06\x00\x00\x00"])
def test_a_corrupt_length_is_noticed(damage: bytes, tmp_path: Path) -> None:
    folder = write_dump(tmp_path, clinic())
    path = folder / "users.bson"
    path.write_bytes(damage + path.read_bytes()[4:])
    with open_source(str(folder)) as source, pytest.raises(SourceError, match="is corrupt"):
        list(source.documents("users"))


def test_bytes_that_are_no_bson_are_noticed(tmp_path: Path) -> None:
    folder = write_dump(tmp_path, clinic())
    path = folder / "users.bson"
    path.write_bytes(path.read_bytes().replace(b"\x02email\0", b"\x55email\0", 1))
    with open_source(str(folder)) as source, pytest.raises(SourceError, match="byte 0 is no BSON"):
        list(source.documents("users"))


def test_a_damaged_compressed_file_is_noticed(tmp_path: Path) -> None:
    folder = write_dump(tmp_path, clinic(), compressed=True)
    path = folder / "users.bson.gz"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    with open_source(str(folder)) as source, pytest.raises(SourceError, match=r"users\.bson\.gz is"):
        list(source.documents("users"))


@pytest.mark.parametrize(
    "text", ["hello", '{"_id": 1} nonsense', '{"_id": {"$oid": "short"}}', "{'_id': 1}", '[{"_id": 1}] {"_id": 2}']
)
def test_text_that_is_no_export_is_noticed(text: str, tmp_path: Path) -> None:
    (tmp_path / "users.json").write_text(text)
    with open_source(str(tmp_path)) as source, pytest.raises(SourceError, match="is corrupt"):
        list(source.documents("users"))


def test_messages_of_errors_hold_nothing_of_the_documents(tmp_path: Path) -> None:
    (tmp_path / "users.json").write_text('{"email": "secret@example.org", "x": {"$date": "never"}}')
    with open_source(str(tmp_path)) as source, pytest.raises(SourceError) as refused:
        list(source.documents("users"))
    assert "secret" not in str(refused.value)


def test_fields_stored_twice_come_through_from_bson_and_from_json(tmp_path: Path) -> None:
    (tmp_path / "json").mkdir()
    (tmp_path / "json" / "users.json").write_text('{"_id": 1, "a": "first", "a": {"b": 1, "b": 2}}')
    with open_source(str(tmp_path / "json")) as source:
        (document,) = source.documents("users")
    assert document.values == {"_id": 1, "a\0" + "1": "first", "a": {"b\0" + "1": 1, "b": 2}}


def test_text_that_is_no_utf8_is_shown_and_its_place_known() -> None:
    raw = bson.encode({"_id": 1, "name": "abc", "list": [{"x": "abc"}]}).replace(b"abc", b"a\xffc")
    document = Document(raw)
    assert document.values["name"] == "a\ufffdc"
    assert document.replaced == [("name",), ("list", 0, "x")]
    assert Document(bson.encode({"name": "\ufffd"})).replaced == []


def test_a_list_on_one_line_is_read_in_constant_memory(tmp_path: Path) -> None:
    with (tmp_path / "users.json").open("w") as stream:
        stream.write("[" + ",".join(json.dumps({"_id": n, "text": "x{" * 500}) for n in range(20_000)) + "]")
    with open_source(str(tmp_path)) as source:
        tracemalloc.start()
        count = sum(1 for _ in source.documents("users"))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert count == 20_000
    assert (tmp_path / "users.json").stat().st_size > 20_000_000
    assert peak < 12_000_000


def test_a_compressed_file_that_ends_early_is_truncated(tmp_path: Path) -> None:
    folder = write_dump(tmp_path, clinic(), compressed=True)
    path = folder / "users.bson.gz"
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes())[:-5]))
    with open_source(str(folder)) as source, pytest.raises(SourceError, match="is truncated"):
        list(source.documents("users"))
