"""Patient data at rest: what an encrypted field stores and shows."""

import copy
import pickle
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps.registry import Apps
from django.core.exceptions import ValidationError
from django.db import connection, models
from django.db.migrations.writer import MigrationWriter
from django.forms import Textarea, modelform_factory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from conversations.models import Conversation, Message
from medichat.db.base import new_id
from medichat.db.context import system
from medichat.db.encrypted import DecryptionError, EncryptedTextField, Sealed, open_sealed, seal
from tests.db.notes import Note, overwrite, reload, stored

# What is stored


@given(st.text(), st.uuids())
def test_every_text_comes_back_as_it_was(text: str, row_id: uuid.UUID) -> None:
    assert open_sealed("notes", "text", row_id, seal("notes", "text", row_id, text)) == text


def test_the_same_text_is_stored_differently_each_time() -> None:
    row_id = new_id()
    assert seal("notes", "text", row_id, "chest pain") != seal("notes", "text", row_id, "chest pain")


def test_a_text_with_half_a_character_is_refused_without_repeating_it() -> None:
    with pytest.raises(ValueError, match=r"notes\.text") as refusal:
        seal("notes", "text", new_id(), "chest pain \ud800")
    assert "chest" not in str(refusal.value)


@pytest.mark.usefixtures("notes")
def test_the_column_holds_ciphertext_and_the_attribute_the_text() -> None:
    note = Note.objects.create(text="chest pain")
    column = stored(note)
    assert column is not None
    assert b"chest" not in column
    assert reload(note).text == "chest pain"


@pytest.mark.usefixtures("notes")
def test_null_stays_null_and_empty_stays_empty() -> None:
    note = Note.objects.create(text="", remark=None)
    assert stored(note)
    assert stored(note, "remark") is None
    assert (reload(note).text, reload(note).remark) == ("", None)


@pytest.mark.usefixtures("notes")
def test_nul_characters_survive() -> None:
    assert reload(Note.objects.create(text="a\0b")).text == "a\0b"


@pytest.mark.usefixtures("notes")
def test_bulk_create_encrypts_every_row_for_itself() -> None:
    made = Note.objects.bulk_create([Note(title=str(number), text=f"text {number}") for number in range(3)])
    assert [reload(note).text for note in made] == ["text 0", "text 1", "text 2"]


@pytest.mark.usefixtures("notes")
def test_get_or_create_and_update_or_create_take_texts_as_defaults() -> None:
    note, _created = Note.objects.get_or_create(title="one", defaults={"text": "first"})
    assert reload(note).text == "first"
    Note.objects.update_or_create(title="one", defaults={"text": "second"})
    assert reload(note).text == "second"


# Saving again


@pytest.mark.usefixtures("notes")
def test_an_unchanged_text_is_written_back_as_the_same_bytes() -> None:
    note = Note.objects.create(text="chest pain")
    before = stored(note)
    unread, read, cleaned = reload(note), reload(note), reload(note)
    assert read.text == "chest pain"
    cleaned.full_clean(validate_unique=False)
    for same in (unread, read, cleaned):
        same.save()
        assert stored(note) == before


@pytest.mark.usefixtures("notes")
def test_a_changed_text_is_encrypted_again() -> None:
    note = reload(Note.objects.create(text="chest pain"))
    note.text = "no pain"
    note.save(update_fields=["text"])
    assert reload(note).text == "no pain"


@pytest.mark.usefixtures("notes")
def test_a_damaged_text_neither_hides_nor_changes_when_another_field_is_saved() -> None:
    note = Note.objects.create(text="chest pain")
    overwrite(note, b"not encrypted at all")
    damaged = reload(note)
    damaged.title = "seen"
    damaged.save()
    assert reload(note).title == "seen"
    assert stored(note) == b"not encrypted at all"
    with pytest.raises(DecryptionError):
        _ = reload(note).text


@pytest.mark.usefixtures("notes")
def test_a_sealed_text_does_not_follow_a_changed_primary_key() -> None:
    note = reload(Note.objects.create(title="one", text="chest pain"))
    note.pk, note.title = new_id(), "two"
    with pytest.raises(ValueError, match="primary key changed"):
        note.save()


@pytest.mark.usefixtures("notes")
def test_a_text_that_was_read_may_be_copied_to_a_new_row() -> None:
    original = Note.objects.create(title="one", text="chest pain")
    twin = reload(original)
    assert twin.text == "chest pain"
    twin.pk, twin.title, twin._state.adding = new_id(), "two", True
    twin.save()
    assert reload(twin).text == "chest pain"
    assert stored(twin) != stored(original)


@pytest.mark.usefixtures("notes")
@pytest.mark.parametrize("assigned_when", ["constructing", "later"])
def test_a_sealed_value_of_another_row_is_not_stored(assigned_when: str) -> None:
    Note.objects.create(title="one", text="chest pain")
    foreign = Note.objects.values_list("text", flat=True).get(title="one")
    if assigned_when == "constructing":
        other = Note(title="two", text=foreign)
    else:
        other = reload(Note.objects.create(title="two", text="fine"))
        other.text = foreign
    with pytest.raises(DecryptionError):
        other.save()


@pytest.mark.usefixtures("notes")
def test_deferred_and_refreshed_texts_are_read() -> None:
    note = Note.objects.create(title="one", text="chest pain")
    assert Note.objects.only("title").get().text == "chest pain"
    assert Note.objects.defer("text").get().text == "chest pain"
    old = reload(note)
    note.text = "no pain"
    note.save()
    old.refresh_from_db()
    assert old.text == "no pain"
    untouched = Note.objects.defer("text").get()
    untouched.title = "two"
    untouched.save()
    assert reload(note).text == "no pain"


def test_something_that_is_no_text_is_refused_by_type_only() -> None:
    note = Note(text=models.Value("chest pain"))
    with pytest.raises(TypeError, match="Value") as refusal:
        Note._meta.get_field("text").pre_save(note, add=True)
    assert "chest" not in str(refusal.value)


# Around the instance


def test_an_instance_never_shows_its_texts_in_its_state() -> None:
    note = Note(text="chest pain")
    assert note.text == "chest pain"
    assert "chest" not in repr(vars(note))
    assert "chest" not in repr(note)


def test_an_instance_refuses_to_be_pickled() -> None:
    with pytest.raises(TypeError, match="pickled"):
        pickle.dumps(Note(text="chest pain"))


def test_an_envelope_can_be_copied_with_its_instance() -> None:
    sealed = Sealed(clear="chest pain")
    assert copy.copy(sealed).clear == copy.deepcopy(sealed).clear == "chest pain"


def test_a_form_checks_length_and_characters_beside_the_field() -> None:
    note_form = modelform_factory(Note, fields=["text", "remark"])
    assert isinstance(note_form().fields["text"].widget, Textarea)
    assert set(note_form({"text": "", "remark": "x" * 21}).errors) == {"text", "remark"}
    assert set(note_form({"text": "a\0b", "remark": "\ud800"}).errors) == {"text", "remark"}
    form = note_form({"text": "chest pain", "remark": ""})
    form.full_clean()
    assert (form.instance.text, form.instance.remark) == ("chest pain", None)


def test_the_model_checks_length_and_characters() -> None:
    with pytest.raises(ValidationError) as refusal:
        Note(text="half \ud800", remark="x" * 21).clean_fields()
    assert set(refusal.value.message_dict) == {"text", "remark"}


@pytest.mark.usefixtures("notes")
def test_validating_a_constraint_sends_no_text_to_the_database() -> None:
    with CaptureQueriesContext(connection) as queries:
        Note(title="odd", text="fine", remark="private").validate_constraints()
        with pytest.raises(ValidationError):
            Note(title="odd", text="fine").validate_constraints()
    sent = " ".join(query["sql"] for query in queries)
    assert "odd" in sent
    assert "private" not in sent
    assert "fine" not in sent


def test_the_field_reads_well_in_a_migration() -> None:
    written, _imports = MigrationWriter.serialize(Note._meta.get_field("remark"))
    assert written == "medichat.db.encrypted.EncryptedTextField(blank=True, max_length=20, null=True)"


def test_options_that_would_compare_ciphertext_are_an_error() -> None:
    class Wrong(models.Model):
        text = EncryptedTextField(unique=True, db_index=True)

        class Meta:
            apps = Apps()
            app_label = "tests"

        def __str__(self) -> str:
            return "wrong"

    found = [error for error in Wrong._meta.get_field("text").check() if error.id == "medichat.E001"]
    assert len(found) == 2


def test_the_field_says_that_it_is_encrypted_and_is_not_dumped() -> None:
    field: Any = Note._meta.get_field("text")
    assert field.is_encrypted
    with pytest.raises(TypeError, match="dumped"):
        field.value_to_string(Note(text="chest pain"))


# On the tables of the clinic


@pytest.fixture
def message(db: None) -> Iterator[Message]:
    with system():
        patient = User.objects.create(email="patient@example.org")
        case = Conversation.objects.create(patient=patient, visit_number=1)
        yield Message.objects.create(
            conversation=case,
            patient=patient,
            position=1,
            sender=Message.Sender.PATIENT,
            text="chest pain",
            sent_at=timezone.now(),
        )


def test_a_message_is_ciphertext_in_its_table_and_text_on_the_page(message: Message) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT text FROM messages WHERE id = %s", [message.pk])
        assert b"chest" not in bytes(cursor.fetchone()[0])
    assert Message.objects.get(pk=message.pk).text == "chest pain"


def test_a_message_moved_to_another_row_fails_loudly(message: Message) -> None:
    second = Message.objects.create(
        conversation=message.conversation,
        patient=message.patient,
        position=2,
        sender=Message.Sender.PATIENT,
        text="and a rash",
        sent_at=timezone.now(),
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE messages SET text = (SELECT text FROM messages WHERE id = %s) WHERE id = %s",
            [message.pk, second.pk],
        )
    moved = Message.objects.get(pk=second.pk)
    with pytest.raises(DecryptionError, match=str(second.pk)):
        _ = moved.text


def test_a_message_can_be_copied_in_memory_but_not_pickled(message: Message) -> None:
    loaded = Message.objects.get(pk=message.pk)
    assert copy.copy(loaded).text == copy.deepcopy(loaded).text == "chest pain"
    with pytest.raises(TypeError, match="pickled"):
        pickle.dumps(loaded)
