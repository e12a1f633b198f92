"""The clinic: who is in it by number, and its documents one after the other."""

import hashlib
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import bcrypt
import bson
from bson import ObjectId

from tests.bench import words
from tests.legacy.generator import conversations, logs, users
from tests.legacy.generator.conversation_dirt import CONVERSATION_DIRT
from tests.legacy.generator.dirt import Dirt, Kinds, Place
from tests.legacy.generator.log_dirt import LOG_DIRT
from tests.legacy.generator.user_dirt import USER_DIRT

SEED = "old clinic 1"
BEGAN = datetime(2021, 3, 1, 8, 0, 0, 250_000)  # noqa: DTZ001  # BSON's dates are UTC and have no zone
_KINDS = {"users": 1, "conversations": 2, "activity_logs": 3, "elements": 4, "nobody": 9}
_FIRST_PATIENTS = 8
"""The first documents of each kind stay clean, so that there is somebody to refer to."""
_EVERY = 20


@dataclass(frozen=True)
class Size:
    """How many documents there are. ``messages``: how many a conversation has on average (at least eight)."""

    users: int
    conversations: int
    logs: int
    messages: int = 8


SMALL = Size(users=140, conversations=120, logs=110)
FULL = Size(users=50_000, conversations=100_000, logs=1_000_000, messages=17)


class OldClinic:
    """Its documents follow from the seed, the size, and whether it is a month later."""

    def __init__(self, size: Size = SMALL, *, seed: str = SEED, is_later: bool = False) -> None:
        self.size, self.seed, self.is_later = size, seed, is_later
        self.doctors = max(5, size.users // 25)
        self.admins = 2

    # Who and when

    @cached_property
    def sentences(self) -> list[str]:
        """What people say."""
        return words.sentences(3000, self.seed)

    @cached_property
    def hashes(self) -> list[tuple[str, str]]:
        """Passwords and their hashes, in each of the forms that the previous system wrote (of the least cost)."""
        salts = [
            ("2a", b"abcdefghijklmnopqrstuu"),
            ("2b", b"ABCDEFGHIJKLMNOPQRSTUu"),
            ("2b", b"zyxwvutsrqponmlkjihgfe"),
        ]
        passwords = ("seven Small boats 1", "grüner Tee mit Honig 2", "x" * 80)
        return [
            (password, bcrypt.hashpw(password.encode()[:72], b"$%s$04$%s" % (prefix.encode(), salt)).decode())
            for password, (prefix, salt) in zip(passwords, salts, strict=True)
        ]

    def chance(self, collection: str, number: int) -> random.Random:
        """What is drawn for one document."""
        seeded = hashlib.blake2b(f"{self.seed} {collection} {number}".encode(), digest_size=8).digest()
        return random.Random(int.from_bytes(seeded, "little"))

    def moment(self, collection: str, number: int) -> datetime:
        """When the document was made: spread over four years."""
        total = max(1, len(self.numbers(collection)))
        day = timedelta(days=1400) * (number / total)
        return BEGAN + timedelta(milliseconds=int(day / timedelta(milliseconds=1)))

    def id_of(self, collection: str, number: int, position: int = 0) -> ObjectId:
        """An id: time, kind, number, position."""
        seconds = int((self.moment(collection, number) - datetime(1970, 1, 1)).total_seconds())  # noqa: DTZ001  # as above
        kind = _KINDS["elements"] + position // 2**16 if position else _KINDS[collection]
        return ObjectId(
            seconds.to_bytes(4, "big")
            + bytes([0xC0 | _KINDS[collection], kind])
            + number.to_bytes(4, "big")
            + (position % 2**16).to_bytes(2, "big")
        )

    def nobody(self, number: int = 0) -> ObjectId:
        """The id of an account that was deleted."""
        return ObjectId(bytes.fromhex("5f000000c9c9") + number.to_bytes(6, "big"))

    def user(self, number: int) -> ObjectId:
        """The id of an account."""
        return self.id_of("users", number)

    def doctor(self, number: int) -> ObjectId:
        """The id of a doctor."""
        return self.user(number % self.doctors)

    def patient_number(self, number: int) -> int:
        """The number of a patient's account; every patient has some visits."""
        begin = self.doctors + self.admins
        return begin + number % (self.size.users - begin)

    def patient(self, number: int) -> ObjectId:
        """The id of a patient."""
        return self.user(self.patient_number(number))

    def role(self, number: int) -> str:
        """What somebody is: doctors come first, then administrators, then patients."""
        return "doctor" if number < self.doctors else "admin" if number < self.doctors + self.admins else "patient"

    def email(self, number: int) -> str:
        """Somebody's address."""
        return f"{self.role(number)}{number}@old.example"

    # Documents

    def numbers(self, collection: str) -> range:
        """The numbers of all documents of a collection; a twentieth more when it is later."""
        there = {"users": self.size.users, "conversations": self.size.conversations, "activity_logs": self.size.logs}
        return range(there[collection])

    def new_numbers(self, collection: str) -> range:
        """The numbers of those that are new when it is later."""
        there = len(self.numbers(collection))
        return range(there, there + max(3, there // 20))

    def is_changed(self, collection: str, number: int) -> bool:
        """Whether the document is different when it is later."""
        return collection != "activity_logs" and number % 9 == 4

    def dirt_at(self, collection: str, number: int) -> Dirt | None:
        """The kind of dirt in the document of this number."""
        kinds = _DIRT[collection]
        first = _FIRST_PATIENTS + (self.doctors + self.admins if collection == "users" else 0)
        place = number - first
        if place < 0 or number >= len(self.numbers(collection)):
            return None
        if place < len(kinds):
            return kinds[place]
        return kinds[place // _EVERY % len(kinds)] if place % _EVERY == 0 else None

    def dirt(self, collection: str) -> dict[str, list[str]]:
        """Each kind of dirt with the ids of the documents that have it."""
        found: dict[str, list[str]] = {}
        for number in self.numbers(collection):
            if kind := self.dirt_at(collection, number):
                found.setdefault(kind.name, []).append(str(self.id_of(collection, number)))
        return found

    def document(self, collection: str, number: int) -> bytes:
        """One document as BSON."""
        chance = self.chance(collection, number)
        fields = _MAKERS[collection](self, number, chance)
        if self.is_later and self.is_changed(collection, number):
            _CHANGES[collection](self, number, fields)
        kind = self.dirt_at(collection, number)
        raw = kind.spoil(Place(self, number, chance, fields)) if kind else None
        return bson.encode(fields) if raw is None else raw

    def documents(self, collection: str) -> Iterator[bytes]:
        """All documents of a collection in their order."""
        for number in self.numbers(collection):
            yield self.document(collection, number)
        if self.is_later:
            for number in self.new_numbers(collection):
                yield self.document(collection, number)

    def write_dump(self, folder: Path) -> Path:
        """As mongodump writes it, without keeping documents in memory."""
        folder.mkdir(parents=True, exist_ok=True)
        for collection in _MAKERS:
            with (folder / f"{collection}.bson").open("wb") as stream:
                stream.writelines(self.documents(collection))
            (folder / f"{collection}.metadata.json").write_text(
                json.dumps({"indexes": [], "collectionName": collection})
            )
        return folder

    def as_dict(self) -> dict[str, list[bytes]]:
        """All documents of a small clinic, as ``tests.legacy.clinics`` writes them in other forms."""
        return {collection: list(self.documents(collection)) for collection in _MAKERS}


_MAKERS: dict[str, Callable[[OldClinic, int, random.Random], dict[str, Any]]] = {
    "users": users.user,
    "conversations": conversations.conversation,
    "activity_logs": logs.activity_log,
}
_CHANGES: dict[str, Callable[[OldClinic, int, dict[str, Any]], None]] = {
    "users": users.a_month_later,
    "conversations": conversations.a_month_later,
}
_DIRT: dict[str, Kinds] = {"users": USER_DIRT, "conversations": CONVERSATION_DIRT, "activity_logs": LOG_DIRT}
