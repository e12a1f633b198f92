"""Addresses of pages of a list that no page gave."""

import base64
import json
from typing import Any

import pytest

from accounts.models import User
from tests.cast import ClientOf


def place(*values: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "after",
    [
        "%%%",
        place(["", "three"]),
        place(["", [1]]),
        place(["", float("inf")]),
        place(["u", "no-uuid"]),
        place(["", 1], ["", 2]),
        place(1),
    ],
)
def test_a_damaged_place_is_400(client_of: ClientOf, patient: User, after: str) -> None:
    assert client_of(patient).get("/consultations/", {"after": after}).status_code == 400


def test_a_place_with_nul_is_400(client_of: ClientOf, her_doctor: User) -> None:
    after = place(["", "a\0b"], ["", "c"], ["u", "0d5a4f0e-3f0b-4b7e-9f6f-000000000001"])
    assert client_of(her_doctor).get("/patients/", {"after": after}).status_code == 400
