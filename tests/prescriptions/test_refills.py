"""A patient asks for more of a medicine, and a doctor decides."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from audit.models import ActivityLog
from prescriptions.models import Prescription, PrescriptionAlert, RefillRequest
from tests.cast import ClientOf, system
from tests.factories import (
    AllergyFactory,
    ConversationFactory,
    MedicalInfoFactory,
    MedicationFactory,
    PrescriptionFactory,
    RefillRequestFactory,
)


@pytest.fixture
def prescription(patient: User, her_doctor: User) -> Prescription:
    """An active prescription of Ana's, whose allergies were asked about."""
    MedicalInfoFactory(patient=patient, no_known_allergies_on=timezone.localdate())
    case = ConversationFactory(answered=True, patient=patient, doctor=her_doctor)
    made: Prescription = PrescriptionFactory(
        conversation=case, patient=patient, doctor=her_doctor, medication_name="Ibuprofen 400 mg", dose="1 tablet"
    )
    return made


@pytest.fixture
def asked(prescription: Prescription) -> RefillRequest:
    """Ana has asked for more."""
    made: RefillRequest = RefillRequestFactory(prescription=prescription)
    return made


def form(step: str, **values: str) -> dict[str, str]:
    """What the browser sends to decide."""
    typed = {
        "medication_name": "Ibuprofen 400 mg",
        "dose": "1 tablet",
        "route": "PO",
        "frequency": "TDS",
        "duration": "5 days",
        "quantity": "",
        "quantity_unit": "",
        "refills": "1",
        "expires_on": (timezone.localdate() + timedelta(days=30)).isoformat(),
        "instructions": "With food.",
    }
    return {**typed, **values, "step": step}


def now_of(row: Any) -> Any:
    """The row as it is now."""
    with system():
        return type(row).objects.get(pk=row.pk)


def logged(action: str) -> int:
    """How often this stands in the log."""
    with system():
        return ActivityLog.objects.filter(action=action).count()


def test_the_patient_asks_and_the_prescriber_gets_a_letter_without_anything_clinical(
    client_of: ClientOf, patient: User, her_doctor: User, prescription: Prescription, mailbox: list[EmailMessage]
) -> None:
    response = client_of(patient).post(f"/prescriptions/{prescription.pk}/refill/", {"message": "Two tablets left."})

    assert response.status_code == 302
    with system():
        (asked,) = RefillRequest.objects.all()
    assert (asked.status, asked.message, asked.patient_id) == ("waiting", "Two tablets left.", patient.pk)
    (letter,) = mailbox
    assert letter.to == [her_doctor.email]
    assert "/refills/" in str(letter.body)
    assert "Ibuprofen" not in str(letter.body)
    assert "Horvat" not in str(letter.body)
    assert logged("refill.requested") == 1
    assert "You asked for more" in client_of(patient).get("/prescriptions/").content.decode()


def test_one_asks_once(client_of: ClientOf, patient: User, asked: RefillRequest) -> None:
    assert client_of(patient).post(f"/prescriptions/{asked.prescription_id}/refill/").status_code == 409


def test_of_what_was_cancelled_there_is_no_more(
    client_of: ClientOf, patient: User, her_doctor: User, prescription: Prescription
) -> None:
    with system():
        prescription.cancel(by=her_doctor, reason="Allergy found")
    client = client_of(patient)

    assert client.post(f"/prescriptions/{prescription.pk}/refill/", {"message": ""}).status_code == 409
    assert "Ask for more" not in client.get("/prescriptions/").content.decode()


def test_the_patient_takes_it_back(client_of: ClientOf, patient: User, asked: RefillRequest) -> None:
    assert client_of(patient).post(f"/refills/{asked.pk}/take-back/").status_code == 302
    assert now_of(asked).status == "withdrawn"
    assert logged("refill.withdrawn") == 1
    assert client_of(patient).post(f"/refills/{asked.pk}/take-back/").status_code == 409


def test_the_doctor_sees_the_request_with_the_alerts_of_today(
    client_of: ClientOf, her_doctor: User, asked: RefillRequest
) -> None:
    MedicationFactory(patient=asked.patient, medication_name="Warfarin 3 mg")

    client = client_of(her_doctor)
    listed = client.get("/refills/").content.decode()
    page = client.get(f"/refills/{asked.pk}/").content.decode()

    assert "Ibuprofen 400 mg" in listed
    assert "It helps. I have two tablets left." in page
    assert "warfarin" in page.lower()
    assert "Ibuprofen twice" not in page, "what it continues is not taken beside it"


def test_approving_prescribes_once_more_and_ends_the_earlier_one(
    client_of: ClientOf, patient: User, her_doctor: User, asked: RefillRequest, mailbox: list[EmailMessage]
) -> None:
    response = client_of(her_doctor).post(f"/refills/{asked.pk}/", form("approve", acknowledged="on"))

    assert response.status_code == 302
    decided, earlier = now_of(asked), now_of(asked.prescription)
    with system():
        renewal = Prescription.objects.get(renews=earlier)
    assert (decided.status, decided.decided_by_id, decided.renewal_id) == ("approved", her_doctor.pk, renewal.pk)
    assert (earlier.status, renewal.status) == ("completed", "active")
    assert renewal.refills == 1
    assert renewal.quantity == 15
    assert renewal.quantity_unit == "tablets"
    assert renewal.sheet_id is not None
    assert [letter.to for letter in mailbox] == [[patient.email]]
    assert "Ibuprofen" not in str(mailbox[0].body)
    assert logged("refill.approved") == logged("prescription.created") == logged("prescription.completed") == 1
    page = client_of(patient).get("/prescriptions/").content.decode()
    assert "Use the newer prescription" in page
    pdf = client_of(patient).get(f"/cases/{earlier.conversation_id}/prescriptions.pdf?renewal={renewal.pk}")
    assert pdf.status_code == 200


def test_an_allergy_that_was_found_meanwhile_stops_it_until_the_doctor_says_why(
    client_of: ClientOf, her_doctor: User, asked: RefillRequest
) -> None:
    AllergyFactory(patient=asked.patient, allergen="Ibuprofen")
    client = client_of(her_doctor)

    refused = client.post(f"/refills/{asked.pk}/", form("approve", acknowledged="on"))
    assert refused.status_code == 422
    assert "please decide about the alerts" in refused.content.decode()
    assert now_of(asked).status == "waiting"

    accepted = client.post(
        f"/refills/{asked.pk}/", form("approve", acknowledged="on", override_reason="The allergist has ruled it out.")
    )
    assert accepted.status_code == 302
    with system():
        kept = PrescriptionAlert.objects.get(severity="contraindicated")
    assert kept.override_reason == "The allergist has ruled it out."


def test_declining_needs_words_which_the_patient_reads(
    client_of: ClientOf, patient: User, her_doctor: User, asked: RefillRequest
) -> None:
    client = client_of(her_doctor)
    silent = client.post(f"/refills/{asked.pk}/", form("decline"))
    assert silent.status_code == 422
    assert now_of(asked).status == "waiting"

    assert client.post(f"/refills/{asked.pk}/", form("decline", answer="Please come in first.")).status_code == 302

    assert now_of(asked).status == "declined"
    assert now_of(asked.prescription).status == "active"
    assert logged("refill.declined") == 1
    assert "Please come in first." in client_of(patient).get("/prescriptions/").content.decode()


def test_what_was_typed_is_kept_when_something_is_missing(
    client_of: ClientOf, her_doctor: User, asked: RefillRequest
) -> None:
    response = client_of(her_doctor).post(
        f"/refills/{asked.pk}/", form("approve", dose="", instructions="After supper.", answer="Take care.")
    )

    assert response.status_code == 422
    page = response.content.decode()
    assert "Say how much at a time." in page
    assert "After supper." in page
    assert "Take care." in page


def test_it_is_decided_once(client_of: ClientOf, her_doctor: User, asked: RefillRequest) -> None:
    client = client_of(her_doctor)
    client.post(f"/refills/{asked.pk}/", form("decline", answer="No."))

    for step in ("approve", "decline"):
        again = client.post(f"/refills/{asked.pk}/", form(step, acknowledged="on", answer="Yes."))
        assert again.status_code == 409
    with system():
        assert Prescription.objects.filter(renews=asked.prescription).count() == 0


@pytest.mark.parametrize(("person", "status"), [("stranger_doctor", 404), ("patient", 403), ("administrator", 403)])
def test_others_do_not_decide(
    client_of: ClientOf, asked: RefillRequest, person: str, status: int, request: pytest.FixtureRequest
) -> None:
    client = client_of(request.getfixturevalue(person))

    assert client.post(f"/refills/{asked.pk}/", form("approve", acknowledged="on")).status_code == status
    assert now_of(asked).status == "waiting"


def test_another_patient_neither_asks_nor_takes_back(
    client_of: ClientOf, another_patient: User, asked: RefillRequest
) -> None:
    client = client_of(another_patient)

    assert client.post(f"/prescriptions/{asked.prescription_id}/refill/").status_code == 404
    assert client.post(f"/refills/{asked.pk}/take-back/").status_code == 404


def test_the_list_is_of_the_doctor_s_own_prescriptions_or_of_all_their_patients(
    client_of: ClientOf, her_doctor: User, stranger_doctor: User, patient: User, asked: RefillRequest
) -> None:
    case = ConversationFactory(answered=True, patient=patient, doctor=stranger_doctor)
    other = PrescriptionFactory(
        conversation=case, patient=patient, doctor=stranger_doctor, medication_name="Omeprazole 20 mg"
    )
    RefillRequestFactory(prescription=other)
    client = client_of(her_doctor)

    assert "Omeprazole" not in client.get("/refills/").content.decode()
    assert "Omeprazole" in client.get("/refills/?show=all").content.decode()


def test_the_statements_of_the_list_do_not_grow(
    client_of: ClientOf, patient: User, her_doctor: User, asked: RefillRequest,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:  # fmt: skip
    client = client_of(her_doctor)
    client.get("/refills/")
    with django_assert_max_num_queries(15) as few:
        client.get("/refills/")
    for _ in range(5):
        RefillRequestFactory(
            prescription=PrescriptionFactory(
                conversation=asked.prescription.conversation, patient=patient, doctor=her_doctor
            )
        )
    with django_assert_max_num_queries(15) as many:
        client.get("/refills/")

    assert len(few) == len(many)
