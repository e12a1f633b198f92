"""The rows of the bench's clinic, patient by patient, ready for COPY."""

import random
import uuid
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from django.utils import timezone

from medichat.db.blind_index import tokens
from medichat.db.encryption import seal
from tests.bench import words
from tests.bench.clinic import DOCTORS, SEED, Visit, doctor_id, key_from, patient_id, visits_of

PASSWORD = "!nobody signs in with a password here"
_TIMES = "created_at updated_at"
_ENTRY = f"id {_TIMES} patient_id source recorded_by_id entered_in_error_reason"
COLUMNS = {
    table: columns.split()
    for table, columns in {
        "users": f"id {_TIMES} password email role first_name last_name record_number phone date_of_birth "
        "specialization licence_number approved_at on_duty is_active email_verified",
        "sessions": f"id {_TIMES} user_id kind key_hash data device last_active_at expires_at revoked_at "
        "revoked_reason",
        "patient_medical_info": f"id {_TIMES} patient_id sex blood_type height_cm weight_kg no_known_allergies_on "
        "pharmacy_name smoking",
        "allergies": f"{_ENTRY} allergen kind reaction severity certainty",
        "medications": f"{_ENTRY} medication_name dosage frequency route started_on is_active",
        "medical_history": f"{_ENTRY} condition icd10_code diagnosed_on is_active",
        "conversations": f"id {_TIMES} patient_id doctor_id visit_number status urgency queue_rank complaint summary "
        "summary_sources questions_asked submitted_at intake_ended_at claimed_at responded_at closed_at diagnosis "
        "icd10_code recommendations call_to_office unread_by_patient",
        "care_relations": f"id {_TIMES} patient_id doctor_id case_id kind reason valid_from valid_until",
        "messages": f"id {_TIMES} conversation_id patient_id position sender text topic client_token sent_at",
        "conversation_words": "token conversation_id patient_id",
        "symptoms": f"id {_TIMES} conversation_id patient_id position symptom location severity severity_score "
        "duration is_denied evidence evidence_message_id",
        "red_flags": f"id {_TIMES} conversation_id patient_id code label is_emergency rule_source evidence "
        "evidence_message_id",
        "attachments": f"id {_TIMES} conversation_id patient_id original_name content_type size sha256 is_stored "
        "uploaded_by_id uploaded_at",
        "private_notes": f"id {_TIMES} conversation_id patient_id author_id text",
        "conversation_archives": f"id {_TIMES} conversation_id patient_id person_id",
        "prescriptions": f"id {_TIMES} conversation_id patient_id doctor_id position medication_name dose route "
        "frequency duration quantity quantity_unit refills instructions status issued_at issued_on expires_on",
        "activity_logs": "id occurred_at created_at actor_id actor_role action resource_type resource_id patient_id "
        "purpose method status severity",
    }.items()
}
Rows = dict[str, list[tuple[Any, ...]]]
_URGENCIES = (("emergency", 0), ("urgent", 1), ("urgent", 1), *[("routine", 2)] * 5, ("self_care", 3), ("self_care", 3))


def doctors(now: datetime) -> Rows:
    """The doctors, all approved."""
    long_ago = now - timedelta(days=1500)
    return {
        "users": [
            (
                doctor_id(number), long_ago, long_ago, PASSWORD, f"doctor{number}@bench.example", "doctor",
                words.FIRST_NAMES[number % len(words.FIRST_NAMES)], f"Bencher{number}", number + 1, None, None,
                "General practice", f"BENCH-{number:04}", long_ago, False, True, True,
            )
            for number in range(DOCTORS)
        ]
    }  # fmt: skip


class RowMaker:
    """Makes the rows of patients. ``now`` is the moment from which all ages are counted."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.rows: Rows = defaultdict(list)

    @cached_property
    def said(self) -> list[tuple[str, set[int]]]:
        """What patients say, with its tokens."""
        return [(sentence, tokens(sentence)) for sentence in words.sentences(5000, SEED)]

    def take(self) -> Rows:
        """The rows made since the last time."""
        rows, self.rows = self.rows, defaultdict(list)
        return rows

    def add_patient(self, number: int) -> None:
        """One patient with chart and visits."""
        chance = random.Random(f"{SEED} patient {number}")
        patient, since = patient_id(number), self.now - timedelta(days=1200 - number % 100)
        name = words.last_name(chance)
        phone = seal("users", "phone", patient, f"+00 555 {number:06}")
        born = date(1935, 1, 1) + timedelta(days=chance.randint(0, 30_000))
        self.rows["users"].append((
            patient, since, since, PASSWORD, f"patient{number}@bench.example", "patient",
            chance.choice(words.FIRST_NAMES), name, DOCTORS + number + 1, phone, born,
            None, None, None, False, True, True,
        ))  # fmt: skip
        self._add_session(patient, chance)
        self._add_chart(patient, since, chance)
        for visit in visits_of(number, self.now):
            self._add_visit(visit, patient, chance)

    def _add_session(self, patient: uuid.UUID, chance: random.Random) -> None:
        """One that ended last week, so that a request's own has to be found among many."""
        moment = self.now - timedelta(days=7)
        row = key_from(int(moment.timestamp() * 1000), chance)
        key_hash = f"{chance.getrandbits(256):064x}"
        self.rows["sessions"].append((
            row, moment, moment, patient, "browser", key_hash, "", "bench", moment, moment + timedelta(hours=12),
            moment, "signed out",
        ))  # fmt: skip

    def _add_chart(self, patient: uuid.UUID, since: datetime, chance: random.Random) -> None:
        start = int(since.timestamp() * 1000)

        def entry(table: str, *rest: Any) -> None:
            row = key_from(start, chance)
            sealed = [seal(table, "reaction", row, "Hives") if value is _REACTION else value for value in rest]
            self.rows[table].append((row, since, since, patient, "patient", patient, "", *sealed))

        allergens = chance.sample(words.ALLERGENS, chance.choice((0, 0, 1, 1, 2, 3)))
        for allergen in allergens:
            severity = chance.choice(("mild", "moderate", "severe", None))
            entry("allergies", allergen, "medication", _REACTION, severity, "confirmed")
        for name, dose, frequency in chance.sample(words.MEDICINES, chance.choice((0, 1, 2, 3, 5))):
            entry("medications", name, dose, frequency, "by mouth", since.date(), True)
        for condition, code in chance.sample(words.CONDITIONS, chance.choice((0, 1, 2, 3))):
            entry("medical_history", condition, code, since.date(), True)
        info = key_from(start, chance)
        self.rows["patient_medical_info"].append((
            info, since, since, patient, chance.choice(("female", "male")), chance.choice(("A+", "O+", None)),
            chance.randint(150, 195), chance.randint(48, 120), None if allergens else since.date(),
            seal("patient_medical_info", "pharmacy_name", info, "Corner pharmacy"), "never",
        ))  # fmt: skip

    def _add_visit(self, visit: Visit, patient: uuid.UUID, chance: random.Random) -> None:
        """The conversation with everything that belongs to it."""
        case, began = visit.id, visit.began
        start = int(began.timestamp() * 1000)
        urgency, rank = chance.choice(_URGENCIES)
        complaint, where = chance.choice(words.COMPLAINTS)
        messages = self._add_messages(visit, case, patient, chance)
        first_words, first_message = messages[0]
        submitted = None if visit.standing == "in_progress" else began + timedelta(minutes=10)
        doctor = doctor_id(visit.doctor) if visit.has_doctor else None
        claimed = submitted + timedelta(minutes=90) if submitted and doctor else None
        answered = claimed + timedelta(minutes=20) if claimed and visit.is_answered else None
        in_progress, status = submitted is None, _STATUS[visit.standing]
        summary = f"Chief complaint\n- {first_words}\n\nHistory of present illness\n- {complaint}, {where}"

        def sealed(column: str, text: str | None) -> bytes | None:
            return None if text is None else seal("conversations", column, case, text)

        self.rows["conversations"].append((
            case, began, answered or claimed or submitted or began, patient, doctor, visit.number, status,
            urgency, None if in_progress else rank, sealed("complaint", first_words),
            sealed("summary", None if in_progress else summary), f'[["{first_message}"], ["{first_message}"]]',
            visit.messages // 2, submitted, submitted, claimed, answered,
            answered + timedelta(days=7) if answered and visit.standing == "closed" else None,
            sealed("diagnosis", f"Probably harmless {complaint}" if answered else None), "R51" if answered else None,
            sealed("recommendations", "Rest, drink enough, come back if it gets worse." if answered else None),
            False if answered else None, visit.standing == "answered" and chance.random() < 0.2,
        ))  # fmt: skip
        self._add_relations(visit, patient, doctor, submitted, claimed, answered, chance)
        for position, (words_said, message) in enumerate(messages[:3]):
            row = key_from(start, chance)
            is_severe = position == 0 and (visit.patient * 3 + visit.number) % 25 == 0
            self.rows["symptoms"].append((
                row, began, began, case, patient, position, complaint if position == 0 else f"{complaint} {position}",
                where, "severe" if is_severe else "moderate", 8 if is_severe else 5, "two days", position == 2,
                seal("symptoms", "evidence", row, words_said), message,
            ))  # fmt: skip
        if urgency == "emergency":
            code, label, evidence = chance.choice(words.RED_FLAGS)
            row = key_from(start, chance)
            self.rows["red_flags"].append((
                row, began, began, case, patient, code, label, True, "bench",
                seal("red_flags", "evidence", row, evidence), first_message,
            ))  # fmt: skip
        if chance.random() < 0.05:
            row = key_from(start, chance)
            self.rows["attachments"].append((
                row, began, began, case, patient, seal("attachments", "original_name", row, "photo.jpg"),
                "image/jpeg", 250_000, "0" * 64, True, patient, began,
            ))  # fmt: skip
        if answered and doctor:
            self._add_answer(visit, case, patient, doctor, answered, chance)

    def _add_messages(
        self, visit: Visit, case: uuid.UUID, patient: uuid.UUID, chance: random.Random
    ) -> list[tuple[str, uuid.UUID]]:
        """Questions and answers in turn; returns the patient's words with their messages."""
        found: set[int] = set()
        said: list[tuple[str, uuid.UUID]] = []
        moment, milliseconds = visit.began, int(visit.began.timestamp() * 1000)
        for position in range(visit.messages):
            row = key_from(milliseconds + position * 30_000, chance)
            if position % 2 == 0:
                sender, token = "assistant", None
                topic, text = words.QUESTIONS[position // 2 % len(words.QUESTIONS)]
                if position == visit.messages - 2 and visit.standing != "in_progress":
                    topic, text = "closing", words.CLOSING
            else:
                sender, topic, token = "patient", "", key_from(milliseconds, chance)
                text, text_tokens = chance.choice(self.said)
                found |= text_tokens
                said.append((text, row))
            self.rows["messages"].append((
                row, moment, moment, case, patient, position, sender, seal("messages", "text", row, text), topic, token,
                moment,
            ))  # fmt: skip
            moment += _PAUSE
        self.rows["conversation_words"] += [(token, case, patient) for token in found]
        return said

    def _add_relations(
        self,
        visit: Visit,
        patient: uuid.UUID,
        doctor: uuid.UUID | None,
        submitted: datetime | None,
        claimed: datetime | None,
        answered: datetime | None,
        chance: random.Random,
    ) -> None:
        """Who may see the case, as submitting, claiming and answering would have written it."""

        def relation(whose: uuid.UUID | None, kind: str, begin: datetime, end: datetime | None, why: str = "") -> None:
            row = key_from(int(begin.timestamp() * 1000), chance)
            self.rows["care_relations"].append(
                (row, begin, end or begin, patient, whose, visit.id, kind, why, begin, end)
            )

        if submitted:
            relation(None, "waiting", submitted, claimed, "Taken by a doctor" if claimed else "")
        if claimed:
            relation(doctor, "claimed", claimed, answered)
        if answered:
            relation(doctor, "answered", answered, None)

    def _add_answer(
        self,
        visit: Visit,
        case: uuid.UUID,
        patient: uuid.UUID,
        doctor: uuid.UUID,
        answered: datetime,
        chance: random.Random,
    ) -> None:
        """Prescriptions, notes, what was put away, and the record of it."""
        start, day = int(answered.timestamp() * 1000), timezone.localdate(answered)
        for position in range(chance.choice((0, 1, 1, 2, 3))):
            row = key_from(start, chance)
            name, dose, frequency = chance.choice(words.MEDICINES)
            over = day + timedelta(days=28)
            self.rows["prescriptions"].append((
                row, answered, answered, case, patient, doctor, position, name, dose, "by mouth", frequency, "10 days",
                20, "tablets", 1, seal("prescriptions", "instructions", row, "With a glass of water."),
                "active" if over >= self.now.date() else "expired", answered, day, over,
            ))  # fmt: skip
        if chance.random() < 0.1:
            row = key_from(start, chance)
            note = seal("private_notes", "text", row, "Ask again about sleep.")
            self.rows["private_notes"].append((row, answered, answered, case, patient, doctor, note))
        if chance.random() < 0.1:
            self.rows["conversation_archives"].append((
                key_from(start, chance), answered, answered, case, patient, doctor,
            ))  # fmt: skip
        for action, kind in (("conversation.viewed", "conversation"), ("diagnosis.created", "conversation")):
            # The log begins with this month: older rows would all lie in its default partition.
            moment = self.now - timedelta(seconds=chance.randint(0, 80_000))
            self.rows["activity_logs"].append((
                key_from(int(moment.timestamp() * 1000), chance), moment, moment, doctor, "doctor", action, kind,
                str(case), patient, "care", "GET", "success", "info",
            ))  # fmt: skip


_REACTION = object()
_PAUSE = timedelta(seconds=30)
_STATUS = {
    "waiting": "awaiting_doctor",
    "claimed": "awaiting_doctor",
    "in_progress": "in_progress",
    "answered": "doctor_responded",
    "closed": "closed",
}


def rows_of(numbers: range, now: datetime, batch: int = 250) -> Iterator[Rows]:
    """The rows of these patients, some at a time."""
    maker = RowMaker(now)
    for number in numbers:
        maker.add_patient(number)
        if (number + 1) % batch == 0:
            yield maker.take()
    yield maker.take()
