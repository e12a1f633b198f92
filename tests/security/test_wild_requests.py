"""Attempts to reach another's rows by requests that nobody foresaw, over every address that there is.

Ids of her rows in all places and spellings, ids of other tables, parts added to the path, parameters, methods and their
overrides, kinds of content, headers of htmx: whatever comes together, no word of hers is told, none of her rows
changes, and nothing fails with a server error.
"""

import copy
import json
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from django.db.models import Count, Max
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conversations.models import Attachment, Conversation, Message, Symptom
from medichat.db.context import system
from prescriptions.models import Prescription
from records.models import Allergy, CareRelation, EmergencyContact, Medication
from tests.cast import api_client, signed_in
from tests.security.addresses import Address, addresses, plain_values
from tests.security.seed import SECRETS, Seed
from tests.security.walk import taken_back

STRANGERS = ["", "another_patient", "stranger_doctor", "unapproved_doctor"]
HERS = (Allergy, Attachment, CareRelation, Conversation, EmergencyContact, Medication, Message, Prescription, Symptom)
METHODS = ["GET", "GET", "POST", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]
SPELLINGS: list[Callable[[str], str]] = [
    str,
    str,
    str.upper,
    lambda text: text.replace("-", ""),
    lambda text: f"{{{text}}}",
    lambda text: f"urn:uuid:{text}",
    lambda text: quote(text[:1]) + f"%{ord(text[1]):02x}" + text[2:],
    lambda text: f"{text}%00",
    lambda text: f"{text}%20",
    lambda text: f"0{text}",
    lambda text: text[:-1],
    lambda text: f"{text},{uuid.UUID(int=1)}",
    lambda text: f"{text}' OR '1'='1",
    lambda text: "*",
    lambda text: "../" + text,
]
TAILS = [
    "",
    "",
    "",
    "/",
    "//",
    "/edit/",
    "/files/",
    "/../",
    "/..;/",
    ".json",
    ".pdf",
    "?",
    "/%2e%2e/",
    "/export/",
    ";x=1",
]
NAMES = [
    "id",
    "pk",
    "patient",
    "patient_id",
    "user",
    "user_id",
    "conversation",
    "case_id",
    "as",
    "on_behalf_of",
    "role",
]
OTHERS = {
    "format": "json",
    "messages": "all",
    "show": "all",
    "paper": "Letter",
    "page": "2",
    "_method": "PUT",
    "debug": "1",
}
HEADERS = [
    {},
    {},
    {"HX-Request": "true"},
    {"HX-Request": "true", "HX-Boosted": "true", "HX-History-Restore-Request": "true"},
    {"X-HTTP-Method-Override": "GET"},
    {"X-HTTP-Method-Override": "DELETE", "X-Method-Override": "PUT"},
    {"X-Original-URL": "/queue/", "X-Rewrite-URL": "/queue/"},
    {"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Host": "testserver", "X-Real-IP": "127.0.0.1"},
    {"Accept": "application/json"},
    {"Range": "bytes=0-10"},
    {"X-Background-Request": "1"},
    {"X-User-Id": "1", "X-Role": "admin", "Remote-User": "admin"},
]
KINDS = [
    "application/x-www-form-urlencoded",
    "application/json",
    "multipart/form-data; boundary=x",
    "text/xml",
    "",
    "x/y",
]
ADDRESSES = [address for address in addresses() if address.name not in {"accounts:sign_out", "api:logout"}]


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    """A request, with numbers in place of the ids, which are known only when the rows are there."""
    address: Address = draw(st.sampled_from(ADDRESSES))
    return {
        "address": address,
        "ids": [draw(st.integers(0, 40)) for _ in address.parameters],
        "spelling": draw(st.sampled_from(SPELLINGS)),
        "plain": draw(st.text(max_size=4)) if draw(st.integers(0, 9)) == 0 else "",
        "tail": draw(st.sampled_from(TAILS)),
        "query": draw(st.dictionaries(st.sampled_from(NAMES), st.integers(0, 40), max_size=3)),
        "other": draw(st.lists(st.sampled_from(sorted(OTHERS)), max_size=2)),
        "method": draw(st.sampled_from(METHODS)),
        "headers": draw(st.sampled_from(HEADERS)),
        "kind": draw(st.sampled_from(KINDS)),
    }


def ids_of(seed: Seed) -> list[str]:
    """Ids of all her rows, and a few of nothing."""
    with system():
        more = [str(pk) for model in HERS for pk in model.objects.order_by("pk").values_list("pk", flat=True)]
    return [*sorted(seed.ids), *more[:40], str(uuid.UUID(int=0)), str(seed.patient.record_number)]


def path_of(wild: dict[str, Any], ids: list[str]) -> str:
    """The address with ids, spelled as drawn."""
    address: Address = wild["address"]
    plain = plain_values()
    chosen = {name: plain.get(name, [str(uuid.UUID(int=place))]) for place, name in enumerate(address.parameters)}
    path = address.paths({name: values[:1] for name, values in chosen.items()})[0]
    for place, name in enumerate(address.parameters):
        if name.endswith("_id"):
            spelled = wild["spelling"](ids[wild["ids"][place] % len(ids)])
            path = path.replace(str(uuid.UUID(int=place)), quote(spelled, safe="/%"), 1)
        elif wild["plain"]:
            path = path.replace(f"/{chosen[name][0]}", f"/{quote(wild['plain'], safe='')}", 1)
    query = "&".join(
        [f"{name}={quote(ids[number % len(ids)])}" for name, number in wild["query"].items()]
        + [f"{name}={OTHERS[name]}" for name in wild["other"]]
    )
    return f"{path.rstrip('/') if wild['tail'] else path}{wild['tail']}{'?' if query else ''}{query}"


def body_of(wild: dict[str, Any], ids: list[str]) -> str:
    """The same parameters, in the kind of content that was drawn."""
    values = {name: ids[number % len(ids)] for name, number in wild["query"].items()}
    if "json" in wild["kind"]:
        return json.dumps(values)
    if "multipart" in wild["kind"]:
        parts = [f'--x\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in values.items()]
        return "".join(parts) + "--x--\r\n"
    return "&".join(f"{name}={value}" for name, value in values.items())


def state_of_hers(seed: Seed) -> list[list[Any]]:
    """What changes when any of her rows does: how many there are, and when the last was changed."""
    with system():
        return [
            list(model.objects.filter(patient=seed.patient).aggregate(Count("pk"), Max("updated_at")).values())
            for model in HERS
        ]


@pytest.mark.django_db
@pytest.mark.parametrize("who", STRANGERS)
def test_no_request_reaches_another_s_rows(seed: Seed, who: str) -> None:
    person = getattr(seed, who) if who else None
    pages = (
        signed_in(Client(raise_request_exception=False), person) if person else Client(raise_request_exception=False)
    )
    api = api_client(person, raise_request_exception=False) if person else Client(raise_request_exception=False)
    ids = ids_of(seed)
    before = state_of_hers(seed)
    statuses: set[int] = set()

    @settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
    @given(requests())
    def try_it(wild: dict[str, Any]) -> None:
        client = api if wild["address"].is_api else pages
        path = path_of(wild, ids)
        cookies = copy.deepcopy(client.cookies)
        with taken_back():
            response: Any = client.generic(
                wild["method"], path, body_of(wild, ids), content_type=wild["kind"], headers=wild["headers"]
            )
            content = b"".join(response.streaming_content) if response.streaming else response.content
            said = (content + repr(response.headers).encode()).lower()
            assert [word for word in SECRETS if word.lower().encode() in said] == [], path
            assert response.status_code < 500, f"{wild['method']} {path}: {response.status_code}"
            if wild["method"] not in {"GET", "HEAD"}:
                assert state_of_hers(seed) == before, path
        statuses.add(response.status_code)
        client.cookies = cookies  # a session that was ended goes on: what was done is taken back

    try_it()
    assert {404} < statuses


@pytest.mark.django_db
def test_the_same_requests_reach_them_for_who_may(seed: Seed) -> None:
    """Otherwise ids that lead nowhere would prove nothing."""
    client, ids, told = signed_in(Client(), seed.her_doctor), ids_of(seed), set()
    for address in (address for address in ADDRESSES if address.name in {"case", "records:chart"}):
        for place in range(len(ids)):
            wild = {
                "address": address,
                "ids": [place],
                "spelling": str,
                "plain": "",
                "tail": "",
                "query": {},
                "other": [],
            }
            page = client.get(path_of(wild, ids)).content.decode()
            told |= {word for word in SECRETS if word in page}
    assert len(told) > 10
