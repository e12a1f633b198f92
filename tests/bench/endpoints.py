"""The endpoints of the API that existing clients call most, as requests by people with real tokens."""

import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.contrib.auth.hashers import make_password

from accounts.models import User
from medichat.db.context import system
from tests.bench import words
from tests.bench.clinic import DOCTORS, SEED, doctor_id, patient_id
from tests.bench.load import Server
from tests.bench.pages import cases
from tests.cast import api_token_of

PASSWORD = "nine slow barges under a bridge"
SIGNING_IN = 40
_SAYINGS: Iterator[str] = itertools.cycle(words.sentences(300, f"{SEED} said to the API while measuring"))


@dataclass(frozen=True)
class Call:
    """What a client sends. ``sends`` is the body; of the chat the message is a new one each time."""

    path: str
    token: str = ""
    sends: dict[str, Any] | None = None

    @property
    def method(self) -> str:
        """GET without a body."""
        return "GET" if self.sends is None else "POST"

    def headers(self) -> dict[str, str]:
        """The headers that matter."""
        found = {"Host": "127.0.0.1", "User-Agent": "bench", "Content-Type": "application/json"}
        return found | ({"Authorization": f"Bearer {self.token}"} if self.token else {})

    def body(self) -> bytes:
        """As JSON."""
        if self.sends is None:
            return b""
        said = {"message": next(_SAYINGS)} if "message" in self.sends else {}
        return json.dumps(self.sends | said).encode()


@dataclass(frozen=True)
class Endpoint:
    """An endpoint, requests for it, and what the previous server reached on a machine with two processors, without
    row-level security, encryption and log (None where it was not measured)."""

    name: str
    requests: Sequence[Call] = field(repr=False)
    previous_per_second: float | None = None
    previous_p50_ms: float | None = None


def endpoints(server: Server) -> list[Endpoint]:
    """The measured endpoints, with sessions that begin now."""
    people = [doctor_id(number) for number in range(DOCTORS)]
    tokens = {person: _token(person) for person in people}
    waiting, going_on, _answered = cases(server)
    return [
        Endpoint(
            "GET /api/doctors/conversation/:id",
            [
                Call(f"/api/doctors/conversation/{case}", tokens[people[number % DOCTORS]])
                for number, case in enumerate(waiting)
            ],
            125,
            58,
        ),
        Endpoint(
            "GET /api/doctors/pending-conversations",
            [Call("/api/doctors/pending-conversations", token) for token in tokens.values()],
            8,
            908,
        ),
        Endpoint("GET /api/doctors/stats", [Call("/api/doctors/stats", token) for token in tokens.values()], 240, 32),
        Endpoint("POST /api/auth/login", _logins(), 11, 643),
        Endpoint(
            "POST /api/chatbot/chat",
            [
                Call("/api/chatbot/chat", _token(who), {"message": "", "conversationId": str(case)})
                for case, who in going_on
            ],
        ),
    ]


def _token(person: UUID) -> str:
    with system():
        return api_token_of(User.objects.get(pk=person))


def _logins() -> list[Call]:
    """Patients with a password that the bench knows, hashed as for anybody."""
    people = [patient_id(number) for number in range(SIGNING_IN)]
    with system():
        User.objects.filter(pk__in=people).update(password=make_password(PASSWORD))
        addresses = User.objects.filter(pk__in=people).values_list("email", flat=True)
        return [Call("/api/auth/login", sends={"email": email, "password": PASSWORD}) for email in addresses]
