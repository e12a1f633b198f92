"""The patients' pages as they look: full and empty, wide and narrow, light and dark."""

import uuid

import pytest

from accounts.models import User
from conversations import chat
from conversations.models import Answer, Conversation, Urgency
from prescriptions.issue import Proposal
from prescriptions.respond import respond
from records.models import CareRelation
from tests.browser.looking import OpenAs, look_at
from tests.cast import as_person, system
from tests.factories import AllergyFactory, MedicalHistoryFactory, MedicalInfoFactory, MedicationFactory

LINES = ["I have had a sore throat and a cough since Friday", "No", "It hurts when I swallow"]


@pytest.fixture
def full_record(patient: User, stranger_doctor: User) -> Conversation:
    """An answered and unread visit with two prescriptions, a running one, and a chart."""
    MedicalInfoFactory(patient=patient, sex="female")
    AllergyFactory(patient=patient, allergen="Penicillin", severity="severe", reaction="Hives")
    MedicationFactory(patient=patient, medication_name="Ramipril 5 mg", dosage="1 tablet", frequency="once a day")
    MedicalHistoryFactory(patient=patient, condition="Hypertension", icd10_code="I10")
    with as_person(patient):
        answered = chat.open_consultation(patient)
        for line in LINES:
            chat.say(answered, line, client_token=uuid.uuid4(), by=patient)
        answered.submit(urgency=Urgency.ROUTINE)
    with as_person(stranger_doctor):
        case = Conversation.objects.visible_to(stranger_doctor).select_related("patient").get(pk=answered.pk)
        respond(
            case,
            Answer(
                diagnosis="A viral sore throat",
                recommendations="Rest, drink enough, take paracetamol. Come back if it is not better in a week.",
                call_to_office=True,
            ),
            [
                Proposal("Paracetamol 500 mg", dose="2 tablets", frequency="q6h PRN", duration="5 days"),
                Proposal("Lidocaine lozenges", dose="1 lozenge", frequency="TDS", duration="3 days"),
            ],
            by=stranger_doctor,
        )
    with as_person(patient):
        running = chat.open_consultation(patient)
        chat.say(running, "My left knee hurts when I walk down stairs", client_token=uuid.uuid4(), by=patient)
    return running


def test_home_full(open_as: OpenAs, patient: User, full_record: Conversation) -> None:
    page = look_at(open_as, patient, "/home/", "home")

    assert page.get_by_role("link", name="Darius Moreau has answered you").is_visible()


def test_home_on_the_first_visit(open_as: OpenAs, patient: User) -> None:
    page = look_at(open_as, patient, "/home/", "home-empty")

    assert page.get_by_role("button", name="Start a consultation").is_visible()


def test_the_chat(open_as: OpenAs, patient: User, full_record: Conversation) -> None:
    page = look_at(open_as, patient, f"/consultations/{full_record.pk}/", "chat")

    assert "My left knee hurts" in page.locator(".transcript").inner_text()


def test_the_answer(open_as: OpenAs, patient: User, full_record: Conversation) -> None:
    with system():
        answered = Conversation.objects.get(patient=patient, status="doctor_responded")
        assert CareRelation.objects.filter(patient=patient, kind="answered").count() == 1

    page = look_at(open_as, patient, f"/consultations/{answered.pk}/", "answer")

    assert "A viral sore throat" in page.locator("main").inner_text()


def test_lists(open_as: OpenAs, patient: User, full_record: Conversation) -> None:
    for path, name in (
        ("/prescriptions/", "prescriptions"),
        ("/consultations/", "history"),
        ("/who-viewed/", "who-viewed"),
    ):
        look_at(open_as, patient, path, name)


def test_before_signing_in(open_as: OpenAs) -> None:
    for path, name in (
        ("/", "landing"),
        ("/no/such/page/", "not-found"),
    ):
        look_at(open_as, None, path, name)
