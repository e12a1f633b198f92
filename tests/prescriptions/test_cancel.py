"""Withdrawing a prescription."""

import pytest
from django.core.mail import EmailMessage

from accounts.models import User
from prescriptions.models import Prescription
from tests.cast import ClientOf, system
from tests.factories import ConversationFactory, PrescriptionFactory


@pytest.fixture
def prescription(patient: User, her_doctor: User) -> Prescription:
    """An active prescription of Ana's."""
    case = ConversationFactory(answered=True, patient=patient, doctor=her_doctor)
    made: Prescription = PrescriptionFactory(conversation=case, patient=patient, doctor=her_doctor)
    return made


def state(prescription: Prescription) -> str:
    """Its state now."""
    with system():
        return Prescription.objects.get(pk=prescription.pk).state


def test_the_doctor_cancels_with_a_reason_and_the_patient_sees_it_at_once(
    client_of: ClientOf, her_doctor: User, patient: User, prescription: Prescription
) -> None:
    response = client_of(her_doctor).post(
        f"/prescriptions/{prescription.pk}/cancel/", {"reason": "Wrong strength written"}
    )

    assert response.status_code == 302
    assert state(prescription) == "cancelled"
    seen = client_of(patient).get("/prescriptions/").content.decode()
    assert "Cancelled" in seen
    assert "Wrong strength written" not in seen


def test_without_a_reason_it_stays(client_of: ClientOf, her_doctor: User, prescription: Prescription) -> None:
    response = client_of(her_doctor).post(f"/prescriptions/{prescription.pk}/cancel/", {"reason": " "})

    assert response.status_code == 422
    assert state(prescription) == "active"


def test_it_is_cancelled_once(client_of: ClientOf, her_doctor: User, prescription: Prescription) -> None:
    client = client_of(her_doctor)
    client.post(f"/prescriptions/{prescription.pk}/cancel/", {"reason": "Wrong strength"})

    assert client.post(f"/prescriptions/{prescription.pk}/cancel/", {"reason": "Again"}).status_code == 409


@pytest.mark.parametrize(("person", "status"), [("stranger_doctor", 404), ("patient", 403), ("another_patient", 403)])
def test_others_cannot(
    client_of: ClientOf, prescription: Prescription, person: str, status: int, request: pytest.FixtureRequest
) -> None:
    response = client_of(request.getfixturevalue(person)).post(
        f"/prescriptions/{prescription.pk}/cancel/", {"reason": "Because"}
    )

    assert response.status_code == status
    assert state(prescription) == "active"


def test_a_doctor_who_only_sees_a_waiting_case_takes_it_first(
    client_of: ClientOf, stranger_doctor: User, patient: User, prescription: Prescription
) -> None:
    waiting = ConversationFactory(awaiting=True, patient=patient)
    client = client_of(stranger_doctor)

    assert client.post(f"/prescriptions/{prescription.pk}/cancel/", {"reason": "Wrong"}).status_code == 404
    assert state(prescription) == "active"

    client.post(f"/cases/{waiting.pk}/claim/")
    assert client.post(f"/prescriptions/{prescription.pk}/cancel/", {"reason": "Wrong"}).status_code == 302
    assert state(prescription) == "cancelled"


def test_the_patient_gets_a_letter_without_anything_clinical_and_reads_what_to_do(
    client_of: ClientOf, her_doctor: User, patient: User, prescription: Prescription, mailbox: list[EmailMessage]
) -> None:
    client_of(her_doctor).post(
        f"/prescriptions/{prescription.pk}/cancel/",
        {"reason": "Kidney values", "notice": "Stop taking it today. We will call you."},
    )

    (letter,) = mailbox
    assert letter.to == [patient.email]
    assert "Ibuprofen" not in str(letter.body)
    assert "Kidney" not in str(letter.body)
    page = client_of(patient).get("/prescriptions/").content.decode()
    assert "Stop taking it today. We will call you." in page
    assert "Kidney values" not in page
