"""The prescription as a PDF, for those who may have it."""

import io
from typing import cast

import pytest
from pypdf import PdfReader
from pypdf.generic import DictionaryObject

from accounts.models import User
from conversations.models import Conversation
from tests.cast import ClientOf, system
from tests.factories import ConversationFactory, PrescriptionFactory


@pytest.fixture
def answered(patient: User, her_doctor: User) -> Conversation:
    """An answered case of Ana's with two prescriptions."""
    case: Conversation = ConversationFactory(answered=True, patient=patient, doctor=her_doctor)
    for name in ("Ibuprofen 400 mg", "Omeprazole 20 mg"):
        PrescriptionFactory(conversation=case, patient=patient, doctor=her_doctor, medication_name=name)
    return case


@pytest.mark.parametrize("person", ["patient", "her_doctor"])
def test_patient_and_doctor_get_it(
    client_of: ClientOf, answered: Conversation, person: str, request: pytest.FixtureRequest
) -> None:
    response = client_of(request.getfixturevalue(person)).get(f"/cases/{answered.pk}/prescriptions.pdf")

    assert response.status_code == 200
    assert response["Content-Type"] == "application/pdf"
    assert "no-store" in response["Cache-Control"]
    reader = PdfReader(io.BytesIO(response.content))
    text = " ".join("".join(page.extract_text() for page in reader.pages).split())
    for expected in ("HORVAT, Ana", "Ibuprofen 400", "Omeprazole 20", "Clara Lindqvist", "LIC-CLARA", "Page 1 of 1"):
        assert expected.replace(" ", "") in text.replace(" ", "").replace("\u202f", "")
    catalog = cast(DictionaryObject, reader.trailer["/Root"])
    assert cast(DictionaryObject, catalog["/MarkInfo"])["/Marked"]


@pytest.mark.parametrize("person", ["another_patient", "stranger_doctor"])
def test_strangers_do_not_find_it(
    client_of: ClientOf, answered: Conversation, person: str, request: pytest.FixtureRequest
) -> None:
    assert client_of(request.getfixturevalue(person)).get(f"/cases/{answered.pk}/prescriptions.pdf").status_code == 404


def test_a_case_without_prescriptions_has_none(client_of: ClientOf, patient: User, her_doctor: User) -> None:
    case = ConversationFactory(answered=True, patient=patient, doctor=her_doctor)

    assert client_of(patient).get(f"/cases/{case.pk}/prescriptions.pdf").status_code == 404


def test_a_failure_while_rendering_is_an_honest_error_page(
    client_of: ClientOf, patient: User, answered: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_sheet: object) -> bytes:
        raise RuntimeError("no ink")

    monkeypatch.setattr("prescriptions.views.papers.signed_pdf", broken)
    client = client_of(patient)
    client.raise_request_exception = False

    response = client.get(f"/cases/{answered.pk}/prescriptions.pdf")

    assert response.status_code == 500
    assert response["Content-Type"].startswith("text/html")


def text_of(content: bytes) -> str:
    """The words of a PDF without their blanks."""
    return "".join("".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages).split())


def test_the_prescriber_is_who_wrote_it_and_not_who_answered_the_case(
    client_of: ClientOf, patient: User, her_doctor: User, stranger_doctor: User
) -> None:
    case = ConversationFactory(answered=True, patient=patient, doctor=her_doctor)
    PrescriptionFactory(conversation=case, patient=patient, doctor=stranger_doctor)

    text = text_of(client_of(her_doctor).get(f"/cases/{case.pk}/prescriptions.pdf").content)

    assert "LIC-DARIUS" in text
    assert "LIC-CLARA" not in text


def test_somebody_without_a_name_is_named_by_the_address(
    client_of: ClientOf, patient: User, answered: Conversation
) -> None:
    with system():
        User.objects.filter(pk=patient.pk).update(first_name="", last_name="")

    assert "ana@example.org" in text_of(client_of(patient).get(f"/cases/{answered.pk}/prescriptions.pdf").content)
