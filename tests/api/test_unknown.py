"""What stands in an answer where the previous system did not know; the table in docs/api.md says the same."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from conversations.models import Conversation
from medichat.api import unknown
from tests.cast import ClientOf, system
from tests.factories import (
    ConversationFactory,
    MedicalHistoryFactory,
    MedicationFactory,
    MessageFactory,
    PrescriptionFactory,
)


@pytest.fixture
def imported(patient: User) -> Conversation:
    """A consultation of which the previous system knew next to nothing."""
    case: Conversation = ConversationFactory(patient=patient, legacy_id="a1")
    with system():
        case.status = None
        case.save(update_fields=["status"])
    MessageFactory(conversation=case, sender="unknown", sent_at=None, legacy_id="m1", text="Hello")
    PrescriptionFactory(
        conversation=case, doctor=None, status=None, refills=None, issued_at=None, issued_on=None, legacy_id="p1"
    )
    return case


@pytest.fixture
def body(api_of: ClientOf, patient: User, imported: Conversation) -> dict[str, Any]:
    """How it is shown."""
    shown: dict[str, Any] = api_of(patient).get(f"/api/chatbot/conversation/{imported.pk}").json()["conversation"]
    return shown


def test_a_consultation(body: dict[str, Any]) -> None:
    assert body["status"] == unknown.STATUS == "unknown"
    assert body["callToOffice"] is unknown.CALL_TO_OFFICE is False
    assert (body["doctor"], body["doctorResponse"], body["diagnosis"], body["respondedAt"]) == (None, None, None, None)


def test_a_message(body: dict[str, Any]) -> None:
    (message,) = body["messages"]
    assert message["role"] == unknown.MESSAGE_ROLE == "system"
    assert message["createdAt"] is None
    assert "timestamp" not in message


def test_a_prescription(body: dict[str, Any]) -> None:
    (prescription,) = body["prescriptions"]
    assert (prescription["status"], prescription["refills"]) == (unknown.STATUS, unknown.REFILLS)
    assert (prescription["doctorId"], prescription["issuedAt"]) == (None, None)


def test_entries_of_the_chart(api_of: ClientOf, patient: User) -> None:
    MedicationFactory(patient=patient, is_active=None, legacy_id="d1")
    MedicalHistoryFactory(patient=patient, is_active=None, legacy_id="h1")
    profile = api_of(patient).get("/api/patients/profile").json()["patient"]
    assert profile["patientMedications"][0]["isActive"] is unknown.MEDICATION_IS_ACTIVE is True
    assert profile["medicalHistory"][0]["isActive"] is unknown.CONDITION_IS_ACTIVE is True
    assert profile["currentMedications"] == ["Enalapril 10 mg daily"]
    assert profile["chronicConditions"] == ["Asthma"]


def test_the_table_in_the_documents_says_the_same(client: Client) -> None:
    text = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
    table = dict(re.findall(r"^\| `([\w.`, ]+)` \| `([^`]+)` \|", text, re.MULTILINE))
    assert table == {
        "conversation.status`, `prescription.status": f'"{unknown.STATUS}"',
        "message.role": f'"{unknown.MESSAGE_ROLE}"',
        "conversation.callToOffice": "false",
        "medication.isActive": "true",
        "history.isActive": "true",
        "prescription.refills": str(unknown.REFILLS),
    }
