"""The summary of a visit, and all prescriptions of a day in one file."""

import io

import pytest
from django.utils import timezone
from pypdf import PdfReader

from accounts.models import User
from audit.models import ActivityLog
from conversations.models import Conversation
from tests.cast import ClientOf, system
from tests.factories import ConversationFactory, IssuedSheetFactory, PrescriptionFactory


@pytest.fixture
def answered(patient: User, her_doctor: User) -> Conversation:
    """An answered case of Ana's with a private note and one prescription."""
    case: Conversation = ConversationFactory(
        answered=True, patient=patient, doctor=her_doctor, private_note="Worried about the ligament."
    )
    sheet = IssuedSheetFactory(conversation=case, patient=patient, doctor=her_doctor)
    PrescriptionFactory(
        conversation=case, patient=patient, doctor=her_doctor, sheet=sheet, medication_name="Ibuprofen 400 mg"
    )
    return case


def words_of(content: bytes) -> str:
    """The words of a PDF without blanks."""
    return "".join("".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages).split())


def looks(action: str) -> list[ActivityLog]:
    """The rows of the log with this action."""
    with system():
        return list(ActivityLog.objects.filter(action=action))


@pytest.mark.parametrize("person", ["patient", "her_doctor"])
def test_patient_and_doctor_get_the_same_summary_without_the_private_note(
    client_of: ClientOf, answered: Conversation, person: str, request: pytest.FixtureRequest
) -> None:
    response = client_of(request.getfixturevalue(person)).get(f"/cases/{answered.pk}/summary.pdf")

    assert (response.status_code, response["Content-Type"]) == (200, "application/pdf")
    text = words_of(response.content)
    for expected in ("HORVAT,Ana", "Contusionoftheknee", "Restandcoolit.", "Ibuprofen", "threetimesaday", "Thisisno"):
        assert expected in text
    assert "ligament" not in text
    assert len(looks("conversation.viewed")) == 1


@pytest.mark.parametrize("person", ["another_patient", "stranger_doctor"])
def test_strangers_do_not_find_the_summary(
    client_of: ClientOf, answered: Conversation, person: str, request: pytest.FixtureRequest
) -> None:
    assert client_of(request.getfixturevalue(person)).get(f"/cases/{answered.pk}/summary.pdf").status_code == 404


def test_a_visit_that_is_not_answered_has_no_summary(client_of: ClientOf, patient: User, her_doctor: User) -> None:
    waiting = ConversationFactory(awaiting=True, patient=patient)

    for person in (patient, her_doctor):
        assert client_of(person).get(f"/cases/{waiting.pk}/summary.pdf").status_code == 404


def test_a_doctor_gets_the_sheets_that_they_issued_on_the_day_each_on_record(
    client_of: ClientOf, answered: Conversation, another_patient: User, her_doctor: User, stranger_doctor: User
) -> None:
    second = ConversationFactory(answered=True, patient=another_patient, doctor=her_doctor)
    PrescriptionFactory(conversation=second, patient=another_patient, doctor=her_doctor, medication_name="Omeprazole")
    of_another = ConversationFactory(answered=True, patient=another_patient, doctor=stranger_doctor)
    PrescriptionFactory(
        conversation=of_another, patient=another_patient, doctor=stranger_doctor, medication_name="Cetirizine"
    )
    client, today = client_of(her_doctor), timezone.localdate().isoformat()

    page = client.get("/prescriptions/day/").content.decode()
    response = client.get(f"/prescriptions/day.pdf?on={today}")

    assert "2 cases with prescriptions" in page
    assert response.status_code == 200
    assert len(PdfReader(io.BytesIO(response.content)).pages) == 2
    text = words_of(response.content)
    assert text.index("HORVAT,Ana") < text.index("KRAL,Boris")
    assert "Cetirizine" not in text
    logged = looks("prescription.downloaded")
    assert {row.patient_id for row in logged} == {answered.patient_id, another_patient.pk}
    assert {row.actor_id for row in logged} == {her_doctor.pk}


def test_an_administrator_gets_the_whole_clinic_s(
    client_of: ClientOf, answered: Conversation, another_patient: User, stranger_doctor: User, administrator: User
) -> None:
    other = ConversationFactory(answered=True, patient=another_patient, doctor=stranger_doctor)
    PrescriptionFactory(
        conversation=other, patient=another_patient, doctor=stranger_doctor, medication_name="Cetirizine"
    )

    response = client_of(administrator).get(f"/prescriptions/day.pdf?on={timezone.localdate().isoformat()}")

    text = words_of(response.content)
    assert "Cetirizine" in text
    assert "Ibuprofen" in text
    assert {row.purpose for row in looks("prescription.downloaded")} == {"administration"}


@pytest.mark.parametrize(
    "query", ["", "?on=", "?on=yesterday", "?on=2001-01-01", "?on=2001-01-01&part=0", "?on=2001-01-01&part=x"]
)
def test_without_a_day_or_with_nothing_on_it_there_is_no_file(
    client_of: ClientOf, her_doctor: User, query: str
) -> None:
    assert client_of(her_doctor).get(f"/prescriptions/day.pdf{query}").status_code == 404


def test_a_day_that_is_none_is_said_beside_the_field(client_of: ClientOf, her_doctor: User) -> None:
    response = client_of(her_doctor).get("/prescriptions/day/?on=soon")

    assert response.status_code == 422
    assert "Choose a day." in response.content.decode()


def test_patients_have_no_such_page(client_of: ClientOf, patient: User) -> None:
    client = client_of(patient)

    assert client.get("/prescriptions/day/").status_code == 403
    assert client.get("/prescriptions/day.pdf?on=2026-11-23").status_code == 403
