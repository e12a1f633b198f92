"""The contract with existing clients, line by line (see ``contract``)."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.api.asking import is_error
from tests.api.contract import LINES, Line
from tests.api.world import World
from tests.security.addresses import addresses


def ask(world: World, line: Line) -> Any:
    method, _, path = world.filled(line.call).partition(" ")
    call: Callable[..., Any] = getattr(world.client(line.who), method.lower())
    if line.body is None:
        return call(path)
    return call(path, world.filled(json.dumps(line.body)), content_type="application/json")


def part(body: Any, where: str) -> Any:
    """The part of the answer at 'conversations.0.patient'."""
    for name in where.split("."):
        body = body[int(name)] if name.isdecimal() else body[name]
    return body


@pytest.mark.parametrize("line", LINES, ids=str)
def test_the_contract_holds(world: World, line: Line) -> None:
    response = ask(world, line)
    if line.error:
        assert is_error(response, line.status)
        assert response.json()["message"].startswith("[{") or "EV" not in line.error or "E3" in line.error
        return
    body = response.json()
    assert response.status_code == line.status, body
    assert set(line.keys.split()) <= set(body)
    for where, keys in line.inside.items():
        assert set(keys.split()) - set(part(body, where)) == set(), where


def test_every_endpoint_of_the_contract_has_a_line_with_success_and_one_with_refusal() -> None:
    """The endpoints that the previous system had; what is new has tests of its own."""
    new = {
        "api:root", "api:second_step", "api:refresh", "api:logout", "api:password_forgot", "api:password_reset",
        "api:password_change", "api:attachment", "api:schema", "api:docs", "api:sessions", "api:session", "api:claims",
        "api:emergency_access", "api:emergency_access_end", "api:case_claim", "api:case_release", "api:case_close",
        "api:conversation_send", "api:own_prescriptions", "api:sheet", "api:prescription_cancel", "api:who_viewed",
        "api:copy", "api:my_access", "api:photo", "api:own_refills", "api:own_refill", "api:refills",
        "api:refill_approve", "api:refill_decline", "api:dispensed", "api:verify_prescription",
    }  # fmt: skip
    told = {(line.call.split()[0], line.call.split()[1].split("?")[0]) for line in LINES if not line.error}
    shapes = {(method, "/".join("*" if "{" in piece else piece for piece in path.split("/"))) for method, path in told}
    missing = []
    for address in addresses():
        is_chart = address.name.startswith(("api:chart", "api:patient_chart"))
        if not address.is_api or address.name in new or is_chart:
            continue
        (path,) = address.paths({name: ["*"] for name in address.parameters})
        missing += [(method, path) for method in address.methods if (method.upper(), path) not in shapes]
    # A file cannot stand in the table: see test_chat.
    assert missing == [("post", "/api/chatbot/upload")]
