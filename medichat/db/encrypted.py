"""Model fields whose column holds encrypted bytes.

``EncryptedTextField`` looks like a TextField to the code that uses it: assign text, read text. The column (bytea) holds
what ``medichat.db.encryption.seal`` made for this table, column and row.

- Encrypting happens in ``pre_save``, which knows the row, so ``save()`` and ``bulk_create()`` work. Decrypting happens
  when the attribute is read. A value that does not open raises DecryptionError then; other fields stay readable
  (``refresh_from_db()`` reads all fields: name those that you need).
- A value that was not changed is written back as the same bytes, without being opened.
- NULL stays NULL; '' is stored as an encrypted empty text. Neither becomes the other.
- ``QuerySet.update()`` and ``bulk_update()`` with a text, every lookup but ``isnull``, and using what ``values()`` or
  ``values_list()`` return raise: they cannot know the row. (``update(field=None)`` is allowed: NULL needs no row.)
- Instances that hold encrypted values refuse to be pickled: caches and queues are no place for patient data.
- Ordering by the column is meaningless, and renaming the table or the column makes what is stored unreadable: a
  migration that does so must decrypt and encrypt again.
- ``field.value_from_object(instance)`` and ``getattr`` return the clear text. Whatever stores diffs or dumps must look
  for ``field.is_encrypted`` and mask. ``value_to_string`` (dumpdata) refuses.
"""

from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from django import forms
from django.core import checks, validators
from django.core.exceptions import FieldError, ValidationError
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.constants import OnConflict
from django.db.models.query_utils import DeferredAttribute
from django.db.models.sql.compiler import SQLCompiler
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from medichat.db.encryption import DecryptionError, RowId, is_encodable, open_sealed, seal

__all__ = ["DecryptionError", "EncryptedTextField", "Sealed", "open_sealed", "seal"]


class Sealed:
    """What an instance holds, and what ``values()`` returns, for an encrypted column: an envelope.

    Only the field opens it. Everything that would show it, compare it or store it elsewhere raises TypeError instead
    of doing so with the wrong thing.
    """

    __slots__ = ("clear", "row_id", "stored")

    def __init__(self, stored: bytes | None = None, *, clear: str | None = None, row_id: RowId | None = None) -> None:
        self.stored = stored  # the column's bytes, None for a text that was assigned and not yet saved
        self.clear = clear  # the text, once known
        self.row_id = row_id  # the row from which the bytes were loaded, None when that is not certain

    def __repr__(self) -> str:
        return "<sealed value>"

    def _refuse(self, *_arguments: object) -> NoReturn:
        raise TypeError(
            "A sealed value was used outside its row. values() and values_list() cannot decrypt: "
            "load the objects (with only() or defer() if need be) and read the attribute."
        )

    __str__ = __format__ = __bytes__ = _refuse
    __iter__ = __len__ = __bool__ = __contains__ = __getitem__ = _refuse
    __eq__ = __lt__ = __le__ = __gt__ = __ge__ = __add__ = _refuse
    __hash__ = None  # type: ignore[assignment]  # neither comparable nor a key of a dictionary

    def __reduce__(self) -> NoReturn:
        raise TypeError("Encrypted values are not pickled: caches, queues and sessions are no place for patient data.")

    def __copy__(self) -> "Sealed":
        return self

    def __deepcopy__(self, memo: object) -> "Sealed":
        return Sealed(self.stored, clear=self.clear, row_id=self.row_id)


class _ReadyToStore(bytes):
    """Bytes that pre_save made for one row: nothing else may reach an encrypted column."""


class EncryptedAttribute(DeferredAttribute):
    """The attribute of an encrypted field: opens the envelope when it is read."""

    field: "EncryptedTextField[Any, Any]"

    def __get__(self, instance: models.Model | None, owner: Any = None) -> Any:
        held = super().__get__(instance, owner)
        if instance is None or not isinstance(held, Sealed):
            return held  # the descriptor itself, or None
        if held.clear is None:
            held.clear = self.field.opened(instance, held)
        return held.clear

    def __set__(self, instance: models.Model, value: Any) -> None:
        name = self.field.attname
        if isinstance(value, Promise):
            value = str(value)
        if isinstance(value, Sealed):
            if instance._state.adding and value.row_id is None:
                # Being loaded: the primary key comes from the same row of the result. (An object made by hand with
                # a sealed value is in the same state, so pre_save opens the value when it adds a row.)
                value.row_id = instance.__dict__.get(instance._meta.pk.attname)
            instance.__dict__[name] = value
            return
        held = instance.__dict__.get(name)
        if isinstance(value, str):
            if isinstance(held, Sealed) and held.clear is not None and held.clear == value:
                return  # unchanged (a form, full_clean): what is stored stays
            value = Sealed(clear=value)
        instance.__dict__[name] = value


if TYPE_CHECKING:
    _TextField = models.TextField
else:

    class _TextField(models.TextField):
        """A TextField that takes type arguments, which exist only in the type checker's view of Django."""

        def __class_getitem__(cls, _types: object) -> type["_TextField"]:
            return cls


_Assigned = TypeVar("_Assigned", contravariant=True)
_Read = TypeVar("_Read", covariant=True)


class EncryptedTextField(_TextField[_Assigned, _Read]):
    """Text, encrypted at rest; see the module's documentation. ``max_length`` counts characters of the clear text."""

    description = _("Encrypted text")
    descriptor_class = EncryptedAttribute
    is_encrypted = True
    # The schema editor must not put a default into existing rows: each row needs a ciphertext of its own.
    empty_strings_allowed = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.validators.append(validate_encodable)
        if self.max_length is not None:
            self.validators.append(validators.MaxLengthValidator(self.max_length))

    def check(self, **kwargs: Any) -> list[checks.CheckMessage]:
        """Refuse options that would compare or invent ciphertext."""
        wrong = [name for name in ("primary_key", "unique", "db_index", "db_collation") if getattr(self, name)]
        wrong += ["db_default"] if self.has_db_default() else []
        return [
            *super().check(**kwargs),
            *(checks.Error(f"An encrypted field cannot have {name}.", obj=self, id="medichat.E001") for name in wrong),
        ]

    def get_internal_type(self) -> str:
        return "BinaryField"

    def get_default(self) -> Any:
        if self.has_default() or self.null:
            return super().get_default()
        return ""

    def place_of(self, instance: models.Model) -> tuple[str, str, RowId]:
        """Where the value of this instance belongs: table, column and row."""
        key = instance._meta.pk
        row_id = None if key is None else key.to_python(instance.pk)
        if row_id is None:
            raise ValueError(f"{self} cannot be encrypted before the primary key is known.")
        assert self.column is not None
        return self.model._meta.db_table, self.column, row_id

    def opened(self, instance: models.Model, sealed: Sealed) -> str:
        """The text in the envelope. Raises DecryptionError."""
        table, column, row_id = self.place_of(instance)
        assert sealed.stored is not None
        return open_sealed(table, column, row_id if sealed.row_id is None else sealed.row_id, sealed.stored)

    def from_db_value(self, value: Any, _expression: object, _connection: object) -> Sealed | None:
        return None if value is None else Sealed(bytes(value))

    def pre_save(self, model_instance: models.Model, add: bool) -> bytes | None:
        """The bytes for this row: those that were loaded when nothing changed, newly encrypted ones otherwise."""
        if self.attname not in model_instance.__dict__:
            getattr(model_instance, self.attname)  # deferred: loads it
        held = model_instance.__dict__[self.attname]
        if held is None:
            return None
        if not isinstance(held, Sealed):
            raise TypeError(f"{self} holds text, not {type(held).__name__}; expressions cannot be encrypted.")
        table, column, row_id = self.place_of(model_instance)
        if held.clear is None:
            self._check_untouched(model_instance, held, row_id)
        if held.stored is None or (held.row_id is not None and held.row_id != row_id):
            assert held.clear is not None
            held = Sealed(seal(table, column, row_id, held.clear), clear=held.clear, row_id=row_id)
            model_instance.__dict__[self.attname] = held
        assert held.stored is not None
        return _ReadyToStore(held.stored)

    def _check_untouched(self, instance: models.Model, held: Sealed, row_id: RowId) -> None:
        """Refuse to write an unopened value to another row than the one that it came from."""
        if held.row_id is not None and held.row_id != row_id:
            raise ValueError(
                f"{self}: the primary key changed from {held.row_id} to {row_id} while the value was sealed. "
                "Read the attribute before changing the key."
            )
        if held.row_id is None or instance._state.adding:
            held.clear = self.opened(instance, held)

    def get_db_prep_save(self, value: Any, connection: BaseDatabaseWrapper) -> bytes | None:
        """Let through what pre_save made, and NULL; everything else does not know its row."""
        if value is None:
            return None
        if not isinstance(value, _ReadyToStore):
            raise FieldError(
                f"{self} is encrypted for its row: update(), bulk_update(), loaddata and defaults in migrations cannot "
                "write it. Save the objects one by one or bulk_create() them; add a column with null=True."
            )
        return bytes(value)

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> bytes | None:
        """What the database may see of a value outside of saving: whether there is one.

        Validating a CheckConstraint (diagnosis IS NOT NULL) sends the instance's values to the database.
        """
        return None if value is None else b""

    def get_placeholder(self, value: Any, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> str:
        query: Any = compiler.query  # the stubs do not know what an insert holds about conflicts
        if (
            getattr(query, "on_conflict", None) == OnConflict.UPDATE
            and self in query.update_fields
            and [field.primary_key for field in query.unique_fields] != [True]
        ):
            raise FieldError(
                f"{self} is encrypted for its row: bulk_create(update_conflicts=True) may update it only when "
                "unique_fields is the primary key, otherwise the row that stays has another key."
            )
        return "%s"

    def get_lookup(self, lookup: str) -> "type[models.Lookup[Any]] | None":
        if lookup != "isnull":
            raise FieldError(f"{self} is encrypted: only isnull can be asked of it, not {lookup}.")
        return super().get_lookup(lookup)

    def get_transform(self, name: str) -> NoReturn:
        raise FieldError(f"{self} is encrypted: only isnull can be asked of it, not {name}.")

    def value_to_string(self, obj: models.Model) -> NoReturn:
        raise TypeError(f"{self} is encrypted and not dumped in the clear; back up the database instead.")

    def formfield(self, **kwargs: Any) -> forms.Field | None:
        if self.null and not self.choices:
            kwargs.setdefault("empty_value", None)  # left empty means "nothing said", as with Django's CharField
        return super().formfield(**kwargs)


def validate_encodable(text: str) -> None:
    """Refuse half a character (a lone surrogate), which neither the database nor a page can hold."""
    if not is_encodable(text):
        raise ValidationError(_("This text contains a broken character. Remove it and try again."), code="surrogate")
