"""Who is in the clinic of the bench and where each visit stands: the same people and visits at every run.

Nothing is drawn while loading: everything about a person follows from their number, so that two processes can build
their halves apart and tests know where to look.
"""

import os
import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

SEED = "medichat bench 1"
PATIENTS, DOCTORS, VISITS_EACH, MESSAGES_EACH = 20_000, 20, 3, 20
LONG_MESSAGES = 300
# Every so many patients' latest visit stands elsewhere than answered; of 1000: 100 wait, 10 are claimed, 40 go on.
LONGEST_WAIT = timedelta(days=3)


@dataclass(frozen=True)
class Size:
    """How large the clinic is."""

    scale: float

    @classmethod
    def wanted(cls) -> "Size":
        """As the environment says (``BENCH_SCALE``)."""
        return cls(float(os.environ.get("BENCH_SCALE") or 1))

    @property
    def patients(self) -> int:
        """How many patients there are; at least a thousand, so that every state occurs."""
        return max(1000, round(PATIENTS * self.scale))


@dataclass(frozen=True)
class Visit:
    """One conversation of a patient. ``standing``: 'waiting', 'claimed', 'in_progress', 'answered' or 'closed'."""

    patient: int
    number: int
    standing: str
    doctor: int
    """Who claimed or answered it (or would)."""
    began: datetime
    messages: int

    @property
    def id(self) -> uuid.UUID:
        """The key of its row."""
        return key_at(self.began, f"visit {self.patient} {self.number}")

    @property
    def has_doctor(self) -> bool:
        """Whether a doctor has taken it."""
        return self.standing in {"claimed", "answered", "closed"}

    @property
    def is_answered(self) -> bool:
        """Whether a doctor has answered."""
        return self.standing in {"answered", "closed"}


def patient_id(number: int) -> uuid.UUID:
    """The key of a patient."""
    return _fixed_key("patient", number)


def doctor_id(number: int) -> uuid.UUID:
    """The key of a doctor."""
    return _fixed_key("doctor", number)


def visits_of(patient: int, now: datetime) -> Iterator[Visit]:
    """A patient's visits; the earlier ones are over, the last may still wait or go on."""
    chance = random.Random(f"{SEED} visits {patient}")
    for number in range(1, VISITS_EACH + 1):
        standing = "closed" if chance.random() < 0.7 else "answered"
        ago = timedelta(days=chance.randint(30, 300) + 300 * (VISITS_EACH - number), minutes=chance.randint(0, 1439))
        if number == VISITS_EACH:
            standing = _last_standing(patient) or standing
            if standing in {"waiting", "claimed", "in_progress"}:
                ago = LONGEST_WAIT * chance.random()
        messages = 10 if standing == "in_progress" else MESSAGES_EACH
        if has_long_visit(patient) and number == VISITS_EACH:
            messages = LONG_MESSAGES
        yield Visit(patient, number, standing, (patient * 7 + number * 3) % DOCTORS, now - ago, messages)


def _last_standing(patient: int) -> str:
    if patient % 10 == 3:
        return "waiting"
    if patient % 100 == 7:
        return "claimed"
    return "in_progress" if patient % 25 == 11 else ""


def has_long_visit(patient: int) -> bool:
    """Whether the last visit (which waits) has many messages."""
    return patient % 500 == 13


def key_at(moment: datetime, what: str) -> uuid.UUID:
    """A UUIDv7 of this moment: always the same for the same thing."""
    return key_from(int(moment.timestamp() * 1000), random.Random(f"{SEED} {what}"))


def key_from(milliseconds: int, chance: random.Random) -> uuid.UUID:
    """A UUIDv7 of this time with the next random bits."""
    bits = chance.getrandbits(74)
    value = (milliseconds & (1 << 48) - 1) << 80 | 0x7 << 76 | (bits >> 62) << 64 | 0b10 << 62 | bits & (1 << 62) - 1
    return uuid.UUID(int=value)


def _fixed_key(kind: str, number: int) -> uuid.UUID:
    return key_from(1_600_000_000_000 + number, random.Random(f"{SEED} {kind} {number}"))
