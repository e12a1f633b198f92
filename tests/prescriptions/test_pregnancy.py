"""Pregnancy reaches the safety check from the chart or the consultation, with the day on which it was said."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from prescriptions.check import chart_of, check_items
from prescriptions.safety import ProposedItem
from tests.cast import ClientOf, system
from tests.factories import ConversationFactory, MedicalHistoryFactory, MedicalInfoFactory, MessageFactory
from tests.prescriptions.test_respond import ITEM, form


def today() -> str:
    """The day of today as alerts write it."""
    return f"{timezone.localdate():%d-%b-%Y}"


@pytest.fixture
def woman(patient: User) -> User:
    """Ana, of whose sex the chart knows."""
    MedicalInfoFactory(patient=patient, sex="female", no_known_allergies_on=timezone.localdate())
    return patient


def told(patient: User, words: str, *, days_ago: int = 0) -> None:
    """A consultation in which the patient said this."""
    case = ConversationFactory(awaiting=True, patient=patient)
    MessageFactory(conversation=case, text=words)
    with system():
        type(case).objects.filter(pk=case.pk).update(submitted_at=timezone.now() - timedelta(days=days_ago))


def alerts(patient: User, doctor: User, medicine: str) -> list[tuple[str, str, str]]:
    """Severity, title and evidence of what is said about pregnancy."""
    with system():
        chart = chart_of(patient, by=doctor)
        found = check_items([ProposedItem(medicine)], chart)
    return [(alert.severity, alert.title, alert.evidence) for alert in found if "regnan" in alert.title]


def test_what_the_patient_told_counts_with_her_words_and_the_day(woman: User, administrator: User) -> None:
    told(woman, "I am 9 weeks pregnant and it burns when I pee.")

    ((severity, title, evidence),) = alerts(woman, administrator, "ramipril 5 mg")

    assert (severity, title) == ("contraindicated", "Pregnancy: ramipril")
    assert today() in evidence
    assert "9 weeks pregnant" in evidence


@pytest.mark.parametrize(
    ("words", "days_ago", "expected"),
    [
        ("My wife is pregnant and I have a cough.", 0, "Pregnancy not asked: ramipril"),
        ("I am not pregnant. It burns when I pee.", 0, ""),
        ("I am not pregnant. It burns when I pee.", 30, "Pregnancy not asked: ramipril"),
        ("I am 9 weeks pregnant.", 100, "Pregnancy: ramipril"),
        ("I am 9 weeks pregnant.", 400, "Pregnancy not asked: ramipril"),
        ("It burns when I pee.", 0, "Pregnancy not asked: ramipril"),
    ],
)
def test_whose_it_is_and_how_long_ago_it_was_said_decide(
    woman: User, administrator: User, words: str, days_ago: int, expected: str
) -> None:
    told(woman, words, days_ago=days_ago)

    assert [title for _, title, _ in alerts(woman, administrator, "ramipril 5 mg")] == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("condition", "code", "is_pregnant"),
    [
        ("Pregnant state", "Z33.1", True),
        ("Supervision of normal pregnancy", "Z34.90", True),
        ("Gestational hypertension", "O13.1", True),
        ("Pregnancy, 12 weeks", None, True),
        ("Postpartum mastitis", "O91.22", False),
        ("Previous ectopic pregnancy", None, False),
        ("Asthma", "J45.9", False),
    ],
)
def test_conditions_of_the_chart_count(
    woman: User, administrator: User, condition: str, code: str | None, is_pregnant: bool
) -> None:
    MedicalHistoryFactory(patient=woman, condition=condition, icd10_code=code, diagnosed_on=timezone.localdate())

    found = [severity for severity, _, _ in alerts(woman, administrator, "ramipril 5 mg")]

    assert found == (["contraindicated"] if is_pregnant else ["caution"])


def test_a_pregnancy_of_last_year_is_over(woman: User, administrator: User) -> None:
    MedicalHistoryFactory(
        patient=woman, condition="Pregnant state", icd10_code="Z33.1",
        diagnosed_on=timezone.localdate() - timedelta(days=400),
    )  # fmt: skip

    assert [severity for severity, _, _ in alerts(woman, administrator, "ramipril 5 mg")] == ["caution"]


def test_nothing_is_asked_of_men_of_children_and_about_what_is_safe(patient: User, administrator: User) -> None:
    MedicalInfoFactory(patient=patient, sex="male", no_known_allergies_on=timezone.localdate())
    assert alerts(patient, administrator, "ramipril 5 mg") == []
    with system():
        User.objects.filter(pk=patient.pk).update(date_of_birth=date(2020, 1, 1))
        patient.refresh_from_db()
        type(patient.medical_info).objects.filter(patient=patient).update(sex="female")
    assert alerts(patient, administrator, "ramipril 5 mg") == []
    with system():
        User.objects.filter(pk=patient.pk).update(date_of_birth=date(1990, 1, 1))
        patient.refresh_from_db()
    assert alerts(patient, administrator, "paracetamol 500 mg") == []


def test_the_doctor_sees_it_beside_the_prescription_and_cannot_overlook_it(
    client_of: ClientOf, stranger_doctor: User, woman: User
) -> None:
    told(woman, "I am 9 weeks pregnant and it burns when I pee.")
    with system():
        case = woman.conversations.get()

    response = client_of(stranger_doctor).post(
        f"/cases/{case.pk}/", form(ITEM | {"medication_name": "Ramipril 5 mg", "frequency": "OD"})
    )

    assert response.status_code == 422
    page = response.content.decode()
    assert "Pregnancy: ramipril" in page
    assert today() in page
