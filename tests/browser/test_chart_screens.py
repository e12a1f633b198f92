"""The chart as it looks: a patient's own record, a doctor's chart, search and recall; full and empty."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.utils import timezone

from accounts.models import User
from records.models import Allergy
from tests.browser.looking import NARROW, WIDE, OpenAs, assert_accessible, assert_fits, keep_screenshot, look_at
from tests.cast import as_person
from tests.factories import (
    AllergyFactory,
    CareRelationFactory,
    EmergencyContactFactory,
    FamilyHistoryFactory,
    ImmunizationFactory,
    MedicalHistoryFactory,
    MedicalInfoFactory,
    MedicationFactory,
    SocialHistoryFactory,
    SurgicalHistoryFactory,
    UserFactory,
    VitalSignsFactory,
)
from tests.records.classification import load_small_release


@pytest.fixture
def charted(patient: User, her_doctor: User) -> User:
    """Ana with a full chart."""
    MedicalInfoFactory(
        patient=patient,
        height_cm=Decimal("172"),
        weight_kg=Decimal("68.5"),
        blood_type="A+",
        smoking="former",
        pharmacy_name="Corner Pharmacy",
        pharmacy_phone="01632 960003",
        insurance_provider="Example Health",
        insurance_policy_number="EX-20417",
    )
    AllergyFactory(patient=patient, recorded_by=her_doctor, certainty="confirmed")
    AllergyFactory(patient=patient, allergen="Latex", severity="mild", reaction="Itching hands", kind="other")
    MedicationFactory(patient=patient, recorded_by=her_doctor, started_on=date(2024, 3, 1))
    MedicationFactory(patient=patient, medication_name="Thyroxine", dosage="50 mcg", frequency="in the morning")
    MedicationFactory(
        patient=patient, medication_name="Ibuprofen", dosage="400mg", is_active=False, ended_on=date(2025, 5, 4)
    )
    MedicalHistoryFactory(patient=patient, diagnosed_on=date(2015, 5, 1), recorded_by=her_doctor)
    MedicalHistoryFactory(patient=patient, condition="Hypertension", icd10_code="I10", diagnosed_text="about 2020")
    MedicalHistoryFactory(
        patient=patient, condition="Pneumonia", icd10_code="J18.9", is_active=False, resolved_on=date(2019, 2, 1)
    )
    SurgicalHistoryFactory(patient=patient, date_text="2009")
    FamilyHistoryFactory(patient=patient)
    ImmunizationFactory(patient=patient, given_on=date(2022, 3, 4))
    EmergencyContactFactory(patient=patient, relationship="brother")
    SocialHistoryFactory(patient=patient, recorded_by=her_doctor)
    for number in range(8):
        moment = timezone.now() - timedelta(days=30 * number)
        VitalSignsFactory(
            patient=patient,
            recorded_by=her_doctor,
            measured_at=moment,
            systolic=118 + number * 5,
            pulse=64 + number * 4,
            weight_kg=Decimal("68.5") + number,
            temperature_c=Decimal("37.1") if number % 2 else None,
        )
    with as_person(patient):
        Allergy(patient=patient, allergen="Bee sting", reaction="My arm swells up").record(by=patient)
        wrong = Allergy(patient=patient, allergen="Cats")
        wrong.record(by=patient)
        wrong.mark_entered_in_error(by=patient, reason="It was the dust")
    return patient


def test_a_patients_own_record(open_as: OpenAs, charted: User) -> None:
    look_at(open_as, charted, "/record/?errors=1", "my-record")


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_an_empty_record_and_the_first_statement(open_as: OpenAs, patient: User, width: int) -> None:
    page = open_as(patient, "/record/", width=width)
    keep_screenshot(page, f"my-record-empty-{width}")
    assert_accessible(page)
    page.get_by_role("button", name="I have no allergies that I know of").click()
    assert page.get_by_text("Stated today: no known allergies.").is_visible()
    page.get_by_role("link", name="Add an allergy").click()
    page.get_by_label("What happens when you have it?").fill("My lips swell")
    page.get_by_role("button", name="Add this allergy").click()
    assert page.get_by_text("Say what the allergy is to.").first.is_visible()
    keep_screenshot(page, f"my-allergy-refused-{width}")
    assert_fits(page)
    assert_accessible(page)
    page.get_by_label("What are you allergic to?").fill("Peanut")
    page.get_by_role("button", name="Add this allergy").click()
    assert page.get_by_text("My lips swell").is_visible(), "nothing that was typed is lost"
    assert not page.get_by_text("as stated on").is_visible(), "the statement is withdrawn"


@pytest.mark.parametrize("tab", ["overview", "problems", "medicines", "vitals", "history", "person", "timeline"])
def test_a_doctors_chart(open_as: OpenAs, charted: User, her_doctor: User, tab: str) -> None:
    look_at(open_as, her_doctor, f"/patients/{charted.pk}/?tab={tab}", f"chart-{tab}")


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("scripts", [True, False])
def test_correcting_in_place(open_as: OpenAs, charted: User, her_doctor: User, width: int, scripts: bool) -> None:
    page = open_as(her_doctor, f"/patients/{charted.pk}/?tab=allergies&errors=1", width=width, scripts=scripts)
    if scripts:
        keep_screenshot(page, f"chart-allergies-{width}")
        assert_accessible(page)
    page.get_by_role("link", name="Correct Latex").click()
    page.get_by_label("Allergy to").fill("penicillin")
    page.get_by_label("What is wrong about it?").fill("Mixed up")
    page.get_by_role("button", name="Correct it").click()
    assert page.get_by_text("This allergy is on the chart already.").first.is_visible()
    if scripts:
        keep_screenshot(page, f"chart-correct-refused-{width}")
        assert_fits(page)
        assert_accessible(page)
    page.get_by_label("Allergy to").fill("Natural rubber latex")
    page.get_by_role("button", name="Correct it").click()
    assert page.get_by_text("Corrected: Natural rubber latex.").is_visible()


def test_an_empty_chart(open_as: OpenAs, patient: User, her_doctor: User) -> None:
    look_at(open_as, her_doctor, f"/patients/{patient.pk}/", "chart-empty")


def test_patients_and_recall(open_as: OpenAs, charted: User, her_doctor: User) -> None:
    for name in ("Berg", "Castel", "Dunn"):
        other = UserFactory(last_name=name)
        CareRelationFactory(patient=other, doctor=her_doctor)
        AllergyFactory(patient=other, severity=None)
    page = look_at(open_as, her_doctor, "/patients/", "patients")
    page.get_by_label("Name, record number").fill("penicilin berg")
    page.get_by_role("button", name="Search").click()
    assert page.get_by_role("link", name="BERG").is_visible()
    assert not page.get_by_role("link", name="DUNN").is_visible()
    look_at(open_as, her_doctor, "/patients/recall/?kind=allergies&name=penicillin", "recall")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("", "reports"),
        ("allergies/?name=penicillin", "report-allergies"),
        ("response-times/?by=urgency", "report-response-times"),
        ("symptoms/?severity=severe&since=2026-02-01&until=2026-01-01", "report-refused"),
    ],
)
def test_reports(open_as: OpenAs, charted: User, her_doctor: User, path: str, name: str) -> None:
    look_at(open_as, her_doctor, f"/reports/{path}", name)


@pytest.mark.parametrize("scripts", [True, False])
def test_a_code_is_looked_for_by_words_and_chosen(
    open_as: OpenAs, charted: User, her_doctor: User, scripts: bool, tmp_path: Path
) -> None:
    load_small_release(tmp_path)
    page = open_as(her_doctor, f"/patients/{charted.pk}/conditions/new/", scripts=scripts)
    page.get_by_label("ICD-10-CM code").press_sequentially("heart atack")
    if not scripts:
        page.get_by_role("button", name="Add this condition").click()
    page.get_by_role("radio", name="I21.9").check()
    if scripts:
        keep_screenshot(page, "chart-code-found")
        assert_accessible(page)
    page.get_by_role("button", name="Add this condition").click()
    assert page.get_by_text("Added to the record: Acute myocardial infarction, unspecified.").is_visible()
