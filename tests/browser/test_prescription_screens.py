"""Pages about prescriptions as they look: a patient's own, the doctor's decision, the pharmacist's page."""

import pytest
from django.utils import timezone
from playwright.sync_api import Page

from accounts.models import User
from prescriptions.models import IssuedSheet, PrescriptionAlert, PrescriptionFill, RefillRequest
from tests.browser.looking import OpenAs, look_at
from tests.cast import system
from tests.factories import (
    AllergyFactory,
    ConversationFactory,
    IssuedSheetFactory,
    MedicalInfoFactory,
    MedicationFactory,
    PrescriptionAlertFactory,
    PrescriptionFactory,
    RefillRequestFactory,
)


@pytest.fixture
def sheet(patient: User, her_doctor: User) -> IssuedSheet:
    """Three medicines: dispensed once of three times, cancelled with words to the patient, and declined a refill."""
    MedicalInfoFactory(patient=patient, sex="female")
    case = ConversationFactory(answered=True, patient=patient, doctor=her_doctor)
    made: IssuedSheet = IssuedSheetFactory(conversation=case, patient=patient, doctor=her_doctor)
    of_sheet = {"conversation": case, "patient": patient, "doctor": her_doctor, "sheet": made}
    given = PrescriptionFactory(
        **of_sheet, medication_name="Ibuprofen 400 mg", dose="1 tablet", quantity_unit="tablets", refills=2
    )
    cancelled = PrescriptionFactory(**of_sheet, medication_name="Doxycycline 100 mg", dose="1 capsule", position=1)
    declined = PrescriptionFactory(**of_sheet, medication_name="Cetirizine 10 mg", dose="1 tablet", position=2)
    RefillRequestFactory(prescription=given)
    with system():
        PrescriptionFill.record(given, by=her_doctor, on=timezone.localdate(), pharmacy="Corner Pharmacy")
        cancelled.cancel(by=her_doctor, reason="Interaction", notice="Stop taking it today. We will call you.")
        RefillRequestFactory(prescription=declined).decline(by=her_doctor, answer="Please come in for a check first.")
    return made


@pytest.fixture
def asked(sheet: IssuedSheet) -> RefillRequest:
    """The request that waits, of a patient whose chart speaks against it."""
    AllergyFactory(patient=sheet.patient, allergen="Ibuprofen", severity="severe", reaction="Hives")
    MedicationFactory(patient=sheet.patient, medication_name="Warfarin 3 mg")
    with system():
        return RefillRequest.objects.waiting().select_related("prescription").get()


def test_a_patient_s_own(open_as: OpenAs, patient: User, sheet: IssuedSheet) -> None:
    page = look_at(open_as, patient, "/prescriptions/", "prescriptions-with-requests")

    assert page.get_by_text("Stop taking it today.").is_visible()
    assert page.get_by_text("You asked for more").is_visible()


def test_asking_for_more(open_as: OpenAs, patient: User, sheet: IssuedSheet) -> None:
    with system():
        prescription = sheet.prescriptions.get(medication_name="Cetirizine 10 mg")

    look_at(open_as, patient, f"/prescriptions/{prescription.pk}/refill/", "refill-ask")


def test_the_doctor_s_list(open_as: OpenAs, her_doctor: User, asked: RefillRequest) -> None:
    look_at(open_as, her_doctor, "/refills/", "refills")


def test_the_list_empty(open_as: OpenAs, her_doctor: User) -> None:
    look_at(open_as, her_doctor, "/refills/", "refills-empty")


def test_the_decision_with_alerts(open_as: OpenAs, her_doctor: User, asked: RefillRequest) -> None:
    def try_without_reason(page: Page) -> None:
        page.get_by_role("button", name="Prescribe it again for Ana").click()
        page.get_by_text("Not prescribed yet").wait_for()

    page = look_at(open_as, her_doctor, f"/refills/{asked.pk}/", "refill-decide", act=try_without_reason)

    assert page.get_by_label("Reason for prescribing all the same").is_visible()


def test_dispensed_and_cancel(open_as: OpenAs, her_doctor: User, sheet: IssuedSheet) -> None:
    with system():
        prescription = sheet.prescriptions.get(medication_name="Ibuprofen 400 mg")

    look_at(open_as, her_doctor, f"/prescriptions/{prescription.pk}/fill/", "prescription-dispensed")
    look_at(open_as, her_doctor, f"/prescriptions/{prescription.pk}/cancel/", "prescription-cancel")


def test_the_answered_case(open_as: OpenAs, her_doctor: User, sheet: IssuedSheet) -> None:
    look_at(open_as, her_doctor, f"/cases/{sheet.conversation_id}/", "case-with-prescriptions")


def test_the_pharmacist_s_page(open_as: OpenAs, sheet: IssuedSheet) -> None:
    page = look_at(open_as, None, f"/verify/{sheet.code}/", "verify")

    assert page.get_by_text("2 of 3 medicines may be dispensed").is_visible()


def test_typing_the_code(open_as: OpenAs, db: None) -> None:
    look_at(open_as, None, "/verify/", "verify-enter")
    look_at(open_as, None, "/verify/0000-0000-0000-0000/", "verify-unknown")


def test_a_day_s_prescriptions(open_as: OpenAs, her_doctor: User, sheet: IssuedSheet) -> None:
    look_at(open_as, her_doctor, "/prescriptions/day/", "prescriptions-of-day")


def test_the_report_on_overridden_alerts(
    open_as: OpenAs, administrator: User, her_doctor: User, sheet: IssuedSheet
) -> None:
    with system():
        prescription = sheet.prescriptions.select_related("patient").get(medication_name="Ibuprofen 400 mg")
    for severity, reason in (("contraindicated", "The allergist has ruled it out."), ("serious", None)):
        PrescriptionAlertFactory(
            prescription=prescription, severity=severity, override_reason=reason, overridden_by=her_doctor,
            source="unreviewed", title=f"Ibuprofen with warfarin ({PrescriptionAlert.Severity(severity).label})",
        )  # fmt: skip

    look_at(open_as, administrator, "/prescriptions/overrides/", "overrides")
