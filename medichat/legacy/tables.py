"""The tables that the import writes: their columns, which are encrypted, and how a row's digest is made.

A column is of one kind:

- compared: part of a row's digest. It tells whether the source changed, and whether somebody edited the row here.
- volatile: what using the system changes although nobody edits anything: a sign-in replaces an old hash and notes its
  time, reading an answer marks it as read, every change stamps ``updated_at``. Taken over when the document changes,
  and no edit when it differs.
- fixed: constants that a table demands of a new row. Never compared, never updated: a file that is copied later makes
  ``is_stored`` true.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from operator import itemgetter
from typing import Any
from uuid import UUID


@dataclass(frozen=True)
class Table:
    """A table and the columns that the import writes; ``number`` stands for it in the ledger and never changes."""

    name: str
    number: int
    columns: tuple[str, ...]
    encrypted: frozenset[str]
    fixed: tuple[tuple[str, Any], ...] = ()
    volatile: frozenset[str] = frozenset()

    @cached_property
    def compared(self) -> tuple[int, ...]:
        """The places of the columns that make the digest."""
        return tuple(place for place, name in enumerate(self.columns) if name not in self.volatile)

    @cached_property
    def pick_compared(self) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
        """The values of these columns, out of those of a row."""
        return itemgetter(*self.compared)

    @cached_property
    def volatile_places(self) -> tuple[int, ...]:
        """The places of the volatile columns."""
        return tuple(place for place, name in enumerate(self.columns) if name in self.volatile)

    @cached_property
    def has_legacy_id(self) -> bool:
        """Marks of having put a conversation away have none."""
        return "legacy_id" in self.columns

    @cached_property
    def encrypted_places(self) -> tuple[int, ...]:
        """The places of the encrypted columns."""
        return tuple(place for place, name in enumerate(self.columns) if name in self.encrypted)


@dataclass(slots=True)
class Record:
    """One row for one table: the values of ``table.columns``, in the clear. Never shown: it is patient data.

    Nobody changes one; it is not frozen for the reason of ``parse.rows``.
    """

    table: Table
    values: tuple[Any, ...]
    _digest: bytes = field(default=b"", init=False, compare=False)

    @property
    def id(self) -> UUID:
        """The row's id, which is its first column."""
        identity: UUID = self.values[0]
        return identity

    @property
    def legacy_id(self) -> str | None:
        """Its second column; None in a table whose rows have none."""
        return str(self.values[1]) if self.table.has_legacy_id else None

    def __repr__(self) -> str:
        return f"<{self.table.name} {self.id}>"

    def digest(self) -> bytes:
        """See ``digest_of``; asked for by the plan, the ledger and the verification, and made once."""
        if not self._digest:
            self._digest = digest_of(self.table, self.values)
        return self._digest


def digest_of(table: Table, values: Sequence[Any]) -> bytes:
    """The digest of a row over its compared columns, whether the values come from the parser or from the database.

    Sixteen bytes of BLAKE2b; every value is written with its length, so that none runs into the next.
    """
    parts = []
    for value in table.pick_compared(values):
        kind = type(value)
        if kind is str:
            parts.append(f"{len(value)}:{value}")
        elif value is None:
            parts.append("-")
        elif kind is UUID:
            parts.append("%032x" % value.int)  # noqa: UP031  # half of what a format string takes
        else:
            stated = written(value)
            parts.append(f"{len(stated)}:{stated}")
    return hashlib.blake2b("".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def written(value: Any) -> str:
    """A value that is not NULL, in the form that counts when rows are compared."""
    if isinstance(value, datetime):
        return str(int(value.timestamp() * 1000))  # what BSON holds
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, float):
        return value.hex()
    return str(value)


_ENTRY_FIXED = (("source", "import"), ("entered_in_error_reason", ""))


def _table(
    name: str,
    number: int,
    columns: str,
    *,
    encrypted: str = "",
    fixed: tuple[tuple[str, Any], ...] = (),
    volatile: str = "",
) -> Table:
    return Table(name, number, tuple(columns.split()), frozenset(encrypted.split()), fixed, frozenset(volatile.split()))


# The order is that of loading: what is referred to stands before what refers to it.
TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        _table(
            "users", 1,
            "id legacy_id email password role first_name last_name phone date_of_birth specialization licence_number "
            "is_active deactivated_at email_verified last_login photo_path created_at updated_at",
            encrypted="phone photo_path", fixed=(("on_duty", False),), volatile="password last_login updated_at",
        ),
        _table(
            "patient_medical_info", 2,
            "id legacy_id patient_id sex blood_type height_cm height_text weight_kg weight_text assigned_doctor_id "
            "no_known_allergies_on no_medications_on no_conditions_on primary_physician pharmacy_name pharmacy_phone "
            "preferred_language insurance_provider insurance_policy_number insurance_group_number smoking alcohol "
            "exercise lifestyle_text created_at updated_at",
            encrypted="primary_physician pharmacy_name pharmacy_phone insurance_provider insurance_policy_number "
            "insurance_group_number lifestyle_text",
            volatile="updated_at",
        ),
        _table(
            "allergies", 3, "id legacy_id patient_id allergen reaction severity notes created_at updated_at",
            encrypted="reaction notes", fixed=_ENTRY_FIXED, volatile="updated_at",
        ),
        _table(
            "medications", 4,
            "id legacy_id patient_id medication_name dosage frequency is_active notes created_at updated_at",
            encrypted="notes", fixed=_ENTRY_FIXED, volatile="updated_at",
        ),
        _table(
            "medical_history", 5,
            "id legacy_id patient_id condition diagnosed_on diagnosed_text is_active notes created_at updated_at",
            encrypted="notes", fixed=_ENTRY_FIXED, volatile="updated_at",
        ),
        _table(
            "surgical_history", 6,
            "id legacy_id patient_id procedure performed_on date_text notes created_at updated_at",
            encrypted="notes", fixed=_ENTRY_FIXED, volatile="updated_at",
        ),
        _table(
            "family_history", 7, "id legacy_id patient_id condition relation notes created_at updated_at",
            encrypted="notes", fixed=_ENTRY_FIXED, volatile="updated_at",
        ),
        _table(
            "immunizations", 8, "id legacy_id patient_id vaccine given_on date_text notes created_at updated_at",
            encrypted="notes", fixed=_ENTRY_FIXED, volatile="updated_at",
        ),
        _table(
            "emergency_contacts", 9,
            "id legacy_id patient_id position name relationship phone email created_at updated_at",
            encrypted="name relationship phone email", volatile="updated_at",
        ),
        _table(
            "conversations", 10,
            "id legacy_id patient_id doctor_id visit_number status queue_rank submitted_at complaint summary "
            "intake_ended_at responded_at diagnosis recommendations referrals call_to_office unread_by_patient "
            "created_at updated_at",
            encrypted="complaint summary diagnosis recommendations referrals",
            fixed=(("summary_sources", []), ("questions_asked", 0)), volatile="unread_by_patient updated_at",
        ),
        _table("conversation_archives", 17, "id conversation_id patient_id person_id"),
        _table(
            "private_notes", 11, "id legacy_id conversation_id patient_id author_id text created_at updated_at",
            encrypted="text", volatile="updated_at",
        ),
        _table(
            "messages", 12,
            "id legacy_id conversation_id patient_id position sender text sent_at created_at updated_at",
            encrypted="text", fixed=(("topic", ""),), volatile="updated_at",
        ),
        _table(
            "symptoms", 13,
            "id legacy_id conversation_id patient_id position symptom location severity severity_score severity_text "
            "duration notes created_at updated_at",
            encrypted="notes", fixed=(("is_denied", False),), volatile="updated_at",
        ),
        _table(
            "attachments", 14,
            "id legacy_id conversation_id patient_id original_name claimed_type stored_path stored_name uploaded_at "
            "created_at updated_at",
            encrypted="original_name stored_path stored_name",
            fixed=(("content_type", ""), ("sha256", ""), ("is_stored", False)), volatile="updated_at",
        ),
        _table(
            "prescriptions", 15,
            "id legacy_id conversation_id patient_id doctor_id position medication_name dose frequency duration "
            "instructions issued_at issued_on status refills created_at updated_at",
            encrypted="instructions", fixed=(("route", ""), ("quantity_unit", "")), volatile="updated_at",
        ),
        _table(
            "activity_logs", 16,
            "id legacy_id occurred_at actor_id actor_role actor_email action resource_type resource_id method endpoint "
            "address address_text user_agent status status_code description metadata error_message error_stack "
            "error_code duration_ms severity",
            encrypted="actor_email description metadata error_message error_stack error_code",
            fixed=(("purpose", ""),),
        ),
    )
}  # fmt: skip
BY_NUMBER: dict[int, Table] = {table.number: table for table in TABLES.values()}


def in_order(found: Sequence[Record]) -> Iterator[tuple[Table, list[Record]]]:
    """The records table by table, in the order of loading."""
    by_table: dict[str, list[Record]] = {}
    for record in found:
        by_table.setdefault(record.table.name, []).append(record)
    for name, table in TABLES.items():
        if name in by_table:
            yield table, by_table[name]
