"""The pages that are measured, as requests to the real WSGI application by people who are really signed in."""

import io
import itertools
import random
import sys
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar
from urllib.parse import urlencode

import psycopg
from django.conf import settings

from accounts.models import User
from medichat.db.context import system
from tests.bench import words
from tests.bench.clinic import DOCTORS, SEED, Size, doctor_id, has_long_visit, patient_id, visits_of
from tests.bench.load import Server
from tests.cast import signed_in_cookie

Row = TypeVar("Row")
Application = Callable[..., Iterable[bytes]]
_CSRF = "a" * 32
PEOPLE_EACH = 200


@dataclass(frozen=True)
class Request:
    """What a browser would send. ``says``: a POST of the next message of a patient, as the page's script sends it."""

    path: str
    cookie: str
    says: bool = False

    @property
    def method(self) -> str:
        """GET, or POST for a message."""
        return "POST" if self.says else "GET"

    def headers(self) -> dict[str, str]:
        """The headers that matter."""
        cookies = f"{settings.SESSION_COOKIE_NAME}={self.cookie}; {settings.CSRF_COOKIE_NAME}={_CSRF}"
        headers = {"Host": "127.0.0.1", "Cookie": cookies, "User-Agent": "bench"}
        if self.says:
            headers |= {"HX-Request": "true", "Content-Type": "application/x-www-form-urlencoded"}
        return headers

    def body(self) -> bytes:
        """A new message each time: the same one twice would be stored once."""
        if not self.says:
            return b""
        said = {"text": next(_SAYINGS), "client_token": str(uuid.uuid4()), "csrfmiddlewaretoken": _CSRF}
        return urlencode(said).encode()


_SAYINGS: Iterator[str] = itertools.cycle(words.sentences(300, f"{SEED} said while measuring"))


@dataclass(frozen=True)
class Page:
    """A page, and requests for it by different people about different patients."""

    name: str
    requests: list[Request] = field(repr=False)


def pages(server: Server) -> list[Page]:
    """The measured pages, with sessions that begin now."""
    doctors = [sign_in(doctor_id(number)) for number in range(DOCTORS)]
    by_doctor = {doctor_id(number): cookie for number, cookie in enumerate(doctors)}
    waiting, going_on, answered = cases(server)
    case_of_anybody = [Request(f"/cases/{case}/", doctors[number % DOCTORS]) for number, case in enumerate(waiting)]
    own_case = [Request(f"/cases/{case}/", by_doctor[doctor]) for case, _patient, doctor in answered]
    return [
        Page("queue", [Request("/queue/", cookie) for cookie in doctors]),
        Page("case", _in_turn(case_of_anybody, own_case)),
        Page(
            "message", [Request(f"/consultations/{case}/message/", sign_in(who), says=True) for case, who in going_on]
        ),
        Page(
            "prescription PDF",
            [Request(f"/cases/{case}/prescriptions.pdf", sign_in(patient)) for case, patient, _ in answered],
        ),
    ]


def _in_turn(*lists: list[Request]) -> list[Request]:
    return [request for group in zip(*lists, strict=False) for request in group]


def cases(server: Server) -> tuple[list[uuid.UUID], list[tuple[uuid.UUID, uuid.UUID]], list[Any]]:
    """Cases that wait; visits in which the patient may write, with the patient; answered ones with a prescription."""
    waiting, going_on = [], []
    for number in range(Size.wanted().patients):
        last = list(visits_of(number, server.loaded_at))[-1]
        if has_long_visit(number):
            continue
        if last.standing == "waiting":
            waiting.append(last.id)
        if last.standing in {"waiting", "in_progress"}:
            going_on.append((last.id, patient_id(number)))
    with psycopg.connect(server.superuser_url) as admin:
        answered = admin.execute(
            "SELECT c.id, c.patient_id, c.doctor_id FROM conversations c WHERE c.status = 'doctor_responded'"
            " AND EXISTS (SELECT FROM prescriptions p WHERE p.conversation_id = c.id) ORDER BY c.id"
        ).fetchall()
    return _some(waiting), _some(going_on), _some(answered)


def _some(rows: list[Row]) -> list[Row]:
    return random.Random(SEED).sample(rows, min(PEOPLE_EACH, len(rows)))


def sign_in(person: uuid.UUID) -> str:
    """A real session of this person; returns what the cookie holds."""
    with system():
        return signed_in_cookie(User.objects.get(pk=person))


class Sendable(Protocol):
    """Anything that can be sent: a browser's request, or a client's of the API."""

    @property
    def path(self) -> str: ...

    @property
    def method(self) -> str: ...

    def headers(self) -> dict[str, str]: ...

    def body(self) -> bytes: ...


def answer_to(application: Application, request: Sendable) -> tuple[str, bytes]:
    """Ask the application as a web server would; returns status and body."""
    body = request.body()
    path, _, query = request.path.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method, "SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_LENGTH": str(len(body)), "wsgi.version": (1, 0), "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body), "wsgi.errors": sys.stderr, "wsgi.multithread": True,
        "wsgi.multiprocess": True, "wsgi.run_once": False,
    }  # fmt: skip
    for name, value in request.headers().items():
        key = name.upper().replace("-", "_")
        environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
    status = ""

    def start_response(line: str, _headers: Any, _error: Any = None) -> Any:
        nonlocal status
        status = line

    answer = application(environ, start_response)
    try:
        return status, b"".join(answer)
    finally:
        if hasattr(answer, "close"):
            answer.close()
