"""Answering a case, with prescriptions."""

from datetime import date
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from conversations.models import Conversation, Message
from prescriptions.models import Prescription, PrescriptionAlert
from tests.cast import ClientOf, system
from tests.factories import AllergyFactory, ConversationFactory, PrescriptionFactory

ITEM = {
    "medication_name": "Ibuprofen 400 mg",
    "dose": "1 tablet",
    "route": "PO",
    "frequency": "TDS",
    "duration": "5 days",
    "quantity": "15",
    "quantity_unit": "tablets",
    "refills": "0",
    "expires_on": "",
    "instructions": "With food.",
}


def form(*items: dict[str, str], step: str = "send", **answer: str) -> dict[str, str]:
    """What the browser sends."""
    values = {"diagnosis": "Tension headache", "recommendations": "Rest and drink enough.", **answer}
    data = {f"answer-{name}": value for name, value in values.items()}
    data |= {"items-TOTAL_FORMS": str(len(items)), "items-INITIAL_FORMS": "0", "step": step}
    for row, item in enumerate(items):
        data |= {f"items-{row}-{name}": value for name, value in item.items()}
    return data


@pytest.fixture
def case(patient: User) -> Conversation:
    """A case of Ana's that waits."""
    waiting: Conversation = ConversationFactory(awaiting=True, patient=patient)
    return waiting


def state_of(case: Conversation) -> Conversation:
    """The case as it is now."""
    with system():
        return Conversation.objects.get(pk=case.pk)


def prescriptions_of(case: Conversation) -> list[Prescription]:
    """What was prescribed."""
    with system():
        return list(Prescription.objects.filter(conversation=case).order_by("position"))


def test_an_answer_with_two_prescriptions_claims_the_case_in_the_same_act(
    client_of: ClientOf, stranger_doctor: User, case: Conversation
) -> None:
    response = client_of(stranger_doctor).post(
        f"/cases/{case.pk}/",
        form(ITEM, ITEM | {"medication_name": "Paracetamol 500 mg"}, private_note="worried about work"),
    )

    assert response.status_code == 302
    answered = state_of(case)
    assert (answered.status, answered.doctor_id, answered.unread_by_patient) == (
        "doctor_responded",
        stranger_doctor.pk,
        True,
    )
    assert answered.diagnosis == "Tension headache"
    written = prescriptions_of(case)
    assert [item.medication_name for item in written] == ["Ibuprofen 400 mg", "Paracetamol 500 mg"]
    assert written[0].instructions == "With food."
    assert written[0].issued_on == timezone.localdate()


def test_an_empty_prescription_row_is_no_prescription(
    client_of: ClientOf, stranger_doctor: User, case: Conversation
) -> None:
    empty = {"refills": "0", "expires_on": "2030-01-01"}

    assert client_of(stranger_doctor).post(f"/cases/{case.pk}/", form(empty)).status_code == 302
    assert prescriptions_of(case) == []


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"medication_name": ""}, "Name the medicine."),
        ({"dose": ""}, "Say how much at a time."),
        ({"quantity": "-1"}, "A quantity cannot be negative."),
        ({"refills": "-1"}, "Refills cannot be negative."),
        ({"expires_on": "2001-01-01"}, "This day is over."),
    ],
)
def test_a_wrong_row_is_explained_and_nothing_is_written_or_lost(
    client_of: ClientOf, stranger_doctor: User, case: Conversation, wrong: dict[str, str], message: str
) -> None:
    response = client_of(stranger_doctor).post(f"/cases/{case.pk}/", form(ITEM | wrong))

    assert response.status_code == 422
    text = response.content.decode()
    assert message in text
    assert "Tension headache" in text
    assert "With food." in text
    assert state_of(case).status == "awaiting_doctor"
    assert prescriptions_of(case) == []


def test_an_answer_needs_a_diagnosis(client_of: ClientOf, stranger_doctor: User, case: Conversation) -> None:
    response = client_of(stranger_doctor).post(f"/cases/{case.pk}/", form(diagnosis="  "))

    assert response.status_code == 422
    assert "Write the diagnosis." in response.content.decode()
    assert state_of(case).doctor_id is None


def test_what_the_patient_is_allergic_to_needs_a_reason(
    client_of: ClientOf, stranger_doctor: User, case: Conversation, patient: User
) -> None:
    AllergyFactory(patient=patient, allergen="Penicillin", severity="severe")
    client, amoxicillin = client_of(stranger_doctor), ITEM | {"medication_name": "Amoxicillin 500 mg"}

    refused = client.post(f"/cases/{case.pk}/", form(amoxicillin))

    assert refused.status_code == 422
    assert "Contraindicated" in refused.content.decode()
    assert prescriptions_of(case) == []

    accepted = client.post(
        f"/cases/{case.pk}/", form(amoxicillin | {"override_reason": "Tolerated it last year, allergy doubtful."})
    )

    assert accepted.status_code == 302
    with system():
        alert = PrescriptionAlert.objects.get(severity="contraindicated")
        assert alert.override_reason == "Tolerated it last year, allergy doubtful."
        assert alert.overridden_by_id == stranger_doctor.pk


def test_the_reason_is_not_shown_to_the_patient(
    client_of: ClientOf, stranger_doctor: User, case: Conversation, patient: User
) -> None:
    AllergyFactory(patient=patient, allergen="Penicillin")
    item = ITEM | {"medication_name": "Amoxicillin 500 mg", "override_reason": "allergy doubtful"}
    client_of(stranger_doctor).post(f"/cases/{case.pk}/", form(item))

    text = client_of(patient).get("/prescriptions/").content.decode()

    assert "Amoxicillin 500 mg" in text
    assert "allergy doubtful" not in text


def test_somebody_faster_makes_it_a_conflict_that_names_them(
    client_of: ClientOf, her_doctor: User, stranger_doctor: User, case: Conversation
) -> None:
    client = client_of(stranger_doctor)
    with system():
        case.claim(by=her_doctor)

    response = client.post(f"/cases/{case.pk}/", form(ITEM), headers={"sec-fetch-site": "same-origin"})

    assert response.status_code == 409
    assert "Clara Lindqvist" in response.content.decode()
    assert "Tension headache" in response.content.decode()
    assert prescriptions_of(case) == []


def test_an_answered_case_cannot_be_answered_again(client_of: ClientOf, her_doctor: User, patient: User) -> None:
    case = ConversationFactory(answered=True, patient=patient, doctor=her_doctor)
    before = state_of(case).diagnosis

    response = client_of(her_doctor).post(f"/cases/{case.pk}/", form(ITEM, diagnosis="Something else"))

    assert response.status_code == 409
    assert state_of(case).diagnosis == before
    assert prescriptions_of(case) == []


def test_a_row_is_added_and_removed_without_losing_what_was_typed(
    client_of: ClientOf, stranger_doctor: User, case: Conversation
) -> None:
    client = client_of(stranger_doctor)

    added = client.post(f"/cases/{case.pk}/", form(ITEM, step="add")).content.decode()
    removed = client.post(
        f"/cases/{case.pk}/", form(ITEM, ITEM | {"medication_name": "Zinc"}, step="remove-0")
    ).content.decode()

    assert "Prescription 2" in added
    assert "Ibuprofen 400 mg" in added
    assert "Tension headache" in added
    assert "Zinc" in removed
    assert "Ibuprofen 400 mg" not in removed
    assert state_of(case).status == "awaiting_doctor"


def test_the_preview_reads_as_the_patient_will_read_it_and_sends_nothing(
    client_of: ClientOf, stranger_doctor: User, case: Conversation
) -> None:
    text = client_of(stranger_doctor).post(f"/cases/{case.pk}/", form(ITEM, step="preview")).content.decode()

    assert "1 tablet by mouth three times a day for 5 days" in text
    assert state_of(case).status == "awaiting_doctor"


def test_alerts_come_while_the_row_is_typed(
    client_of: ClientOf, stranger_doctor: User, case: Conversation, patient: User
) -> None:
    AllergyFactory(patient=patient, allergen="Penicillin")

    response = client_of(stranger_doctor).post(
        f"/cases/{case.pk}/check/0/", form({"medication_name": "amoxicillin"}, diagnosis="")
    )

    assert response.status_code == 200
    assert "Contraindicated" in response.content.decode()


def test_a_failure_half_way_leaves_nothing(
    client_of: ClientOf, stranger_doctor: User, case: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: Any, **_named: Any) -> None:
        raise RuntimeError("the second one fails")

    monkeypatch.setattr("prescriptions.respond.issue", fail)
    client = client_of(stranger_doctor)
    client.raise_request_exception = False

    assert client.post(f"/cases/{case.pk}/", form(ITEM)).status_code == 500
    assert state_of(case).status == "awaiting_doctor"
    assert state_of(case).doctor_id is None


def test_a_patient_cannot_answer(client_of: ClientOf, patient: User, case: Conversation) -> None:
    assert client_of(patient).post(f"/cases/{case.pk}/", form(ITEM)).status_code == 403
    with system():
        assert not Message.objects.filter(conversation=case, sender="system").exists()
    assert state_of(case).status == "awaiting_doctor"


def test_what_was_prescribed_at_an_earlier_visit_is_checked_like_the_chart(
    client_of: ClientOf, her_doctor: User, case: Conversation, patient: User
) -> None:
    earlier = ConversationFactory(answered=True, patient=patient, doctor=her_doctor)
    PrescriptionFactory(conversation=earlier, patient=patient, doctor=her_doctor, medication_name="Warfarin 5 mg")

    refused = client_of(her_doctor).post(f"/cases/{case.pk}/", form(ITEM))

    assert refused.status_code == 422
    assert "Warfarin" in refused.content.decode()
    assert prescriptions_of(case) == []


@pytest.mark.parametrize(
    ("over", "counts"),
    [
        ({}, True),
        ({"status": "completed"}, False),
        ({"expires_on": date(2026, 1, 1), "issued_on": date(2025, 12, 1)}, False),
        ({"duration": "5 days", "issued_on": date(2025, 12, 1)}, False),
        ({"duration": "5 days", "issued_on": date(2025, 12, 1), "refills": 99}, True),
        ({"duration": "until further notice", "issued_on": date(2025, 12, 1)}, True),
    ],
)
def test_a_course_that_is_over_is_not_taken_any_more(over: dict[str, Any], counts: bool) -> None:
    fields = {"duration": "", "status": "active", "refills": 0, "issued_on": timezone.localdate()} | over

    assert Prescription(medication_name="Warfarin", **fields).may_be_taken is counts


def test_a_row_of_blanks_is_no_prescription(client_of: ClientOf, stranger_doctor: User, case: Conversation) -> None:
    response = client_of(stranger_doctor).post(f"/cases/{case.pk}/", form({"medication_name": "   ", "refills": "0"}))

    assert response.status_code == 302
    assert prescriptions_of(case) == []


def test_covid_has_an_icd_10_code(client_of: ClientOf, stranger_doctor: User, case: Conversation) -> None:
    client_of(stranger_doctor).post(f"/cases/{case.pk}/", form(icd10_code="u071"))

    assert state_of(case).icd10_code == "U07.1"
