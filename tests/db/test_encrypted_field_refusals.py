"""What an encrypted field refuses: values that were damaged or moved, and operations that cannot know the row."""

import json
from typing import Any

import pytest
from django.core.exceptions import FieldError
from django.db import models

from medichat.db.base import new_id
from medichat.db.encrypted import DecryptionError, Sealed, open_sealed, seal
from tests.db.notes import Note, overwrite, refused, reload, stored

OLD, NEW = ("old", b"o" * 32), ("new", b"n" * 32)


# What does not open


@pytest.mark.usefixtures("notes")
def test_a_change_of_any_byte_is_noticed() -> None:
    note = Note.objects.create(text="pain")
    original = stored(note)
    assert original is not None
    for position in range(len(original)):
        damaged = bytearray(original)
        damaged[position] ^= 1
        overwrite(note, bytes(damaged))
        with pytest.raises(DecryptionError):
            _ = reload(note).text
    for length in range(len(original)):
        with pytest.raises(DecryptionError):
            open_sealed("sealed_notes", "text", note.pk, original[:length])


@pytest.mark.usefixtures("notes")
def test_a_text_moved_to_another_row_does_not_open_and_the_error_names_the_row() -> None:
    one, two = Note.objects.create(title="one", text="chest pain"), Note.objects.create(title="two", text="fine")
    overwrite(two, stored(one))
    with pytest.raises(DecryptionError) as refusal:
        _ = reload(two).text
    message = str(refusal.value)
    assert "sealed_notes.text" in message
    assert str(two.pk) in message
    assert "chest" not in message
    assert (refusal.value.table, refusal.value.column, refusal.value.row_id) == ("sealed_notes", "text", two.pk)


def test_a_text_moved_to_another_column_or_table_does_not_open() -> None:
    row_id = new_id()
    sealed = seal("notes", "text", row_id, "chest pain")
    for table, column in (("notes", "remark"), ("letters", "text")):
        with pytest.raises(DecryptionError):
            open_sealed(table, column, row_id, sealed)


def test_a_text_under_an_old_key_still_opens_and_new_ones_use_the_newest(settings: Any) -> None:
    row_id = new_id()
    settings.ENCRYPTION_KEYS = [OLD]
    earlier = seal("notes", "text", row_id, "chest pain")
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    assert open_sealed("notes", "text", row_id, earlier) == "chest pain"
    later = seal("notes", "text", row_id, "chest pain")
    settings.ENCRYPTION_KEYS = [NEW]
    assert open_sealed("notes", "text", row_id, later) == "chest pain"


def test_a_missing_key_is_named_and_a_wrong_key_of_the_same_name_opens_nothing(settings: Any) -> None:
    row_id = new_id()
    settings.ENCRYPTION_KEYS = [OLD]
    sealed = seal("notes", "text", row_id, "chest pain")
    settings.ENCRYPTION_KEYS = [NEW]
    with pytest.raises(DecryptionError, match="'old'"):
        open_sealed("notes", "text", row_id, sealed)
    settings.ENCRYPTION_KEYS = [("old", b"x" * 32)]
    with pytest.raises(DecryptionError):
        open_sealed("notes", "text", row_id, sealed)


# What cannot know the row


@pytest.mark.usefixtures("notes")
def test_update_and_bulk_update_refuse() -> None:
    note = Note.objects.create(text="chest pain", remark="private")
    before = stored(note)
    sealed = Note.objects.values_list("text", flat=True).get()
    for value in ("no pain", "", b"bytes", models.F("remark"), models.Value("x"), sealed):
        with refused(FieldError, "update"):
            Note.objects.update(text=value)
    note.text = "no pain"
    with refused(FieldError, "update"):
        Note.objects.bulk_update([note], ["text"])
    assert stored(note) == before


@pytest.mark.usefixtures("notes")
def test_update_may_forget_a_text() -> None:
    note = Note.objects.create(text="chest pain", remark="private")
    Note.objects.update(remark=None)
    assert reload(note).remark is None


@pytest.mark.usefixtures("notes")
def test_bulk_create_updates_a_conflicting_row_only_by_primary_key() -> None:
    note = Note.objects.create(title="one", text="chest pain")
    with refused(FieldError, "unique_fields"):
        Note.objects.bulk_create(
            [Note(title="one", text="no pain")],
            update_conflicts=True,
            update_fields=["text"],
            unique_fields=["title"],
        )
    Note.objects.bulk_create(
        [Note(id=note.pk, title="one", text="no pain")],
        update_conflicts=True,
        update_fields=["text"],
        unique_fields=["id"],
    )
    assert reload(note).text == "no pain"


@pytest.mark.parametrize("lookup", ["text", "text__icontains", "text__in", "text__gt", "text__unaccent__icontains"])
def test_looking_for_a_text_refuses(lookup: str) -> None:
    with pytest.raises(FieldError, match="encrypted"):
        Note.objects.filter(**{lookup: "pain"})


@pytest.mark.usefixtures("notes")
def test_looking_for_rows_that_have_a_text_works() -> None:
    Note.objects.create(title="one", text="chest pain")
    Note.objects.create(title="two", text="fine", remark="private")
    assert Note.objects.get(remark__isnull=False).title == "two"


@pytest.mark.usefixtures("notes")
def test_values_show_nothing_and_refuse_to_be_used() -> None:
    Note.objects.create(text="chest pain")
    row = Note.objects.values("text").get()
    assert "chest" not in repr(row)
    value: Any = row["text"]
    assert isinstance(value, Sealed)
    uses: list[Any] = [str, bytes, list, len, bool, json.dumps, hash, "{}".format, lambda sealed: f"{sealed:>5}"]
    uses += [lambda sealed: sealed == "chest pain", lambda sealed: "pain" in sealed, lambda sealed: sealed + ""]
    for use in uses:
        with pytest.raises(TypeError):
            use(value)
