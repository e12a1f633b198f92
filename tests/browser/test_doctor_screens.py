"""The doctors' pages as they look: full and empty, wide and narrow, light and dark."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page

from accounts.models import User
from conversations.models import Conversation, Urgency
from tests.browser.looking import OpenAs, look_at
from tests.cast import system
from tests.factories import (
    AllergyFactory,
    ConversationFactory,
    MedicalHistoryFactory,
    MedicalInfoFactory,
    MedicationFactory,
    MessageFactory,
    RedFlagFactory,
    SymptomFactory,
    UserFactory,
)

TALK = [
    ("assistant", "What brings you here today?"),
    ("patient", "I have a tight feeling in my chest since this morning and it goes into my left arm"),
    ("assistant", "How bad is it, from 0 to 10?"),
    ("patient", "about 7, I am a bit short of breath too"),
    ("assistant", "Do you have any allergies?"),
    ("patient", "penicillin gives me a rash"),
]


@pytest.fixture
def full_case(patient: User) -> Conversation:
    """A waiting emergency with a talk, findings and a chart."""
    case: Conversation = ConversationFactory(awaiting=True, patient=patient, urgency=Urgency.EMERGENCY)
    said = [
        MessageFactory(conversation=case, patient=patient, sender=sender, text=text, position=100 + place)
        for place, (sender, text) in enumerate(TALK)
    ]
    RedFlagFactory(
        conversation=case,
        patient=patient,
        label="Chest pain that may come from the heart",
        code="chest_pain_cardiac",
        is_emergency=True,
        rule_source="unreviewed",
        evidence="tight feeling in my chest",
        evidence_message_id=said[1].pk,
    )
    SymptomFactory(
        conversation=case,
        patient=patient,
        symptom="Chest pain",
        location="chest",
        severity="severe",
        severity_score=7,
        duration="since this morning",
        evidence="tight feeling in my chest",
        evidence_message_id=said[1].pk,
    )
    SymptomFactory(
        conversation=case,
        patient=patient,
        symptom="Breathlessness",
        evidence="a bit short of breath",
        evidence_message_id=said[3].pk,
    )
    MedicalInfoFactory(patient=patient, sex="female")
    AllergyFactory(patient=patient, allergen="Penicillin", severity="moderate")
    MedicationFactory(patient=patient, medication_name="Ramipril 5 mg", dosage="1 tablet", frequency="once a day")
    MedicalHistoryFactory(patient=patient, condition="Hypertension", icd10_code="I10")
    with system():
        case.complaint = TALK[1][1]
        case.summary = (
            "Chief complaint\nTight feeling in the chest since this morning.\n\n"
            "History of present illness\nGoes into the left arm. 7 out of 10.\n\n"
            "Medications and allergies\nPenicillin: rash."
        )
        case.submitted_at = timezone.now() - timedelta(minutes=12)
        case.save(update_fields=["complaint", "summary", "submitted_at"])
    return case


def test_the_queue_with_cases(open_as: OpenAs, stranger_doctor: User, full_case: Conversation) -> None:
    for place, urgency in enumerate((Urgency.URGENT, Urgency.ROUTINE, Urgency.SELF_CARE)):
        other = ConversationFactory(awaiting=True, urgency=urgency, patient=UserFactory(last_name=f"Berg{place}"))
        with system():
            other.complaint = "a sore throat and a runny nose for three days"
            other.submitted_at = timezone.now() - timedelta(hours=3 * place + 1)
            other.save(update_fields=["complaint", "submitted_at"])

    page = look_at(open_as, stranger_doctor, "/queue/", "queue")

    assert page.locator("tbody tr").count() == 4


def test_the_queue_without_cases(open_as: OpenAs, stranger_doctor: User) -> None:
    page = look_at(open_as, stranger_doctor, "/queue/", "queue-empty")

    assert page.get_by_text("No case is waiting.").is_visible()


def test_the_case(open_as: OpenAs, stranger_doctor: User, full_case: Conversation) -> None:
    page = look_at(open_as, stranger_doctor, f"/cases/{full_case.pk}/", "case")

    assert page.get_by_role("button", name="Send answer to Ana").is_visible()


def test_prescribing_what_the_patient_is_allergic_to(
    open_as: OpenAs, stranger_doctor: User, full_case: Conversation
) -> None:
    def prescribe(page: Page) -> None:
        if not page.get_by_label("Medicine and strength").count():  # the second look finds the first one's draft
            page.get_by_role("button", name="Add a prescription").click()
        page.get_by_label("Medicine and strength").fill("Amoxicillin 500 mg")
        page.get_by_label("Dose").fill("1 capsule")
        page.get_by_label("Frequency").fill("TDS")
        page.get_by_label("Duration").fill("7 days")
        page.get_by_text("Quantity as read").wait_for()  # the last field's check has come back

    page = look_at(open_as, stranger_doctor, f"/cases/{full_case.pk}/", "prescribing", act=prescribe)

    assert page.get_by_text("Contraindicated").is_visible()
    assert page.get_by_label("Reason for prescribing all the same").is_visible()
