"""What follows from imported rows in the tables around them: who may care for whom, and the words to find a case by.

Names, allergens, medicines and conditions are made findable by the database's own triggers. Words of messages are
those of the patient, as in the chat; a word that the source took back later may still lead to its case.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any
from uuid import UUID

from medichat.db import blind_index
from medichat.legacy.parse.identity import row_id
from medichat.legacy.tables import TABLES, Record
from medichat.legacy.writer import Writer

RELATION_COLUMNS = ("id", "patient_id", "doctor_id", "case_id", "kind", "reason", "valid_from")
_FINDABLE_SENDERS = frozenset({"patient", "unknown"})
_FROM_PREVIOUS_SYSTEM = "From the previous system"
# All words of a case as one value: there are more of them than of all other rows together.
_ADD_WORDS = """
INSERT INTO conversation_words (token, conversation_id, patient_id)
SELECT token, said.conversation_id, said.patient_id
FROM unnest(%s::uuid[], %s::uuid[], %s::text[]) AS said (conversation_id, patient_id, tokens),
    unnest(said.tokens::bigint[]) AS token
ON CONFLICT (conversation_id, token) DO NOTHING
"""
_ONCE_IN_FORCE = """
WHERE NOT EXISTS (
    SELECT FROM care_relations r WHERE r.valid_until IS NULL AND r.patient_id = staged.patient_id
    AND r.doctor_id IS NOT DISTINCT FROM staged.doctor_id AND r.kind = staged.kind
    AND r.case_id IS NOT DISTINCT FROM staged.case_id
)
ON CONFLICT (id) DO UPDATE SET valid_until = NULL
"""


@dataclass(frozen=True)
class Relation:
    """A care relation that a row gives grounds for; ``doctor`` None is any approved doctor."""

    patient: UUID
    doctor: UUID | None
    kind: str
    case: UUID | None

    @property
    def id(self) -> UUID:
        """The same for the same relation, so that two runs agree."""
        return row_id("care_relations", f"{self.patient}.{self.doctor}.{self.kind}.{self.case}")


def of_conversation(
    case: UUID, patient: UUID, doctor: UUID | None, status: str | None, answered: bool
) -> set[Relation]:
    """A case that waits is open to all or to who has taken it; who answered stays in touch with the patient."""
    if status == "awaiting_doctor":
        return {Relation(patient, doctor, "claimed" if doctor else "waiting", case)}
    if doctor is not None and (status in {"doctor_responded", "closed"} or (status is None and answered)):
        return {Relation(patient, doctor, "answered", case)}
    return set()


def of_medical_info(patient: UUID, doctor: UUID | None) -> set[Relation]:
    """The regular doctor."""
    return {Relation(patient, doctor, "assigned", None)} if doctor else set()


class Derived:
    """Keeps relations and words in step with the rows that one batch writes."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def before_update(self, updates: Iterable[Record]) -> set[Relation]:
        """The relations for which the rows to be updated give grounds as they are now."""
        records = list(updates)
        found: set[Relation] = set()
        cases = [record.id for record in records if record.table.name == "conversations"]
        if cases:
            for row in self._writer.connection.execute(
                "SELECT id, patient_id, doctor_id, status, diagnosis IS NOT NULL OR responded_at IS NOT NULL "
                "FROM conversations WHERE id = ANY(%s)",
                [cases],
            ):
                found |= of_conversation(*row)
        charts = [record.id for record in records if record.table.name == "patient_medical_info"]
        if charts:
            for row in self._writer.connection.execute(
                "SELECT patient_id, assigned_doctor_id FROM patient_medical_info WHERE id = ANY(%s)", [charts]
            ):
                found |= of_medical_info(*row)
        return found

    def follow(self, written: Sequence[Record], before: set[Relation]) -> None:
        """Write what follows from rows that were inserted or updated, and end what no longer does."""
        now = datetime.now(UTC)
        wanted: dict[Relation, datetime] = {}
        words: dict[UUID, tuple[UUID, set[int]]] = {}
        for record in written:
            name = record.table.name
            if name == "messages":
                case, patient, sender, text = _of_message(record.values)
                if sender in _FINDABLE_SENDERS:
                    _, tokens = words.setdefault(case, (patient, set()))
                    tokens |= blind_index.tokens(text)
            elif name == "conversations":
                values = _named(record)
                since = values["submitted_at"] or values["created_at"] or now
                wanted |= dict.fromkeys(_relations_of(values), min(since, now))
            elif name == "patient_medical_info":
                values = _named(record)
                wanted |= dict.fromkeys(of_medical_info(values["patient_id"], values["assigned_doctor_id"]), now)
        over = [relation.id for relation in before - wanted.keys()]
        if over:
            self._writer.connection.execute(
                "UPDATE care_relations SET valid_until = greatest(now(), valid_from) "
                "WHERE id = ANY(%s) AND valid_until IS NULL",
                [over],
            )
        self._writer.add(
            "care_relations",
            RELATION_COLUMNS,
            [
                (one.id, one.patient, one.doctor, one.case, one.kind, _FROM_PREVIOUS_SYSTEM, since)
                for one, since in wanted.items()
            ],
            on_conflict=_ONCE_IN_FORCE,
        )
        if words:
            patients = [patient for patient, _ in words.values()]
            arrays = [f"{{{','.join(map(str, sorted(found)))}}}" for _, found in words.values()]
            self._writer.connection.execute(_ADD_WORDS, [list(words), patients, arrays])


_of_message = itemgetter(
    *map(TABLES["messages"].columns.index, ("conversation_id", "patient_id", "sender", "text")),
)


def _named(record: Record) -> dict[str, Any]:
    """The values by their columns."""
    return dict(zip(record.table.columns, record.values, strict=True))


def _relations_of(conversation: dict[str, Any]) -> set[Relation]:
    answered = conversation["diagnosis"] is not None or conversation["responded_at"] is not None
    return of_conversation(
        conversation["id"], conversation["patient_id"], conversation["doctor_id"], conversation["status"], answered
    )
