"""What becomes of unsent words when a session ends, with and without script; emergency access; who looked at what."""

from datetime import timedelta

from django.utils import timezone

from accounts.models import Session, User
from conversations.models import Conversation, Draft
from tests.browser.looking import OpenAs, keep_screenshot, look_at
from tests.cast import system
from tests.factories import AllergyFactory, ConversationFactory, EmergencyAccessFactory, MedicalInfoFactory


def run_out(user: User) -> None:
    with system():
        Session.objects.filter(user=user).update(last_active_at=timezone.now() - timedelta(minutes=16))


def test_a_message_is_found_again_after_signing_in(open_as: OpenAs, patient: User) -> None:
    case: Conversation = ConversationFactory(patient=patient)
    page = open_as(patient, f"/consultations/{case.pk}/")
    page.locator("textarea[name=text]").press_sequentially("It began on Monday")
    page.get_by_text("It is not sent yet.").wait_for()
    keep_screenshot(page, "draft-kept")
    run_out(patient)
    again = open_as(patient, f"/consultations/{case.pk}/")
    assert again.locator("textarea[name=text]").input_value() == "It began on Monday"
    keep_screenshot(again, "draft-found")
    again.get_by_role("button", name="Throw it away").click()
    again.locator("[data-draft-note]").wait_for(state="hidden")
    assert again.locator("textarea[name=text]").input_value() == ""
    with system():
        assert not Draft.objects.exists()


def test_without_script_the_words_wait_for_their_owner(open_as: OpenAs, patient: User) -> None:
    case: Conversation = ConversationFactory(patient=patient)
    page = open_as(patient, f"/consultations/{case.pk}/", scripts=False)
    page.fill("textarea[name=text]", "It began on Monday")
    run_out(patient)
    page.get_by_role("button", name="Send", exact=True).click()
    assert page.get_by_text("What you typed is kept.").is_visible()
    assert "Monday" not in page.content()
    keep_screenshot(page, "signed-out-kept")
    again = open_as(patient, f"/consultations/{case.pk}/", scripts=False)
    assert again.locator("textarea[name=text]").input_value() == "It began on Monday"


def test_an_answer_is_found_again_with_its_prescriptions(open_as: OpenAs, patient: User, her_doctor: User) -> None:
    case: Conversation = ConversationFactory(patient=patient, claimed=True, doctor=her_doctor)
    page = open_as(her_doctor, f"/cases/{case.pk}/")
    page.get_by_label("Diagnosis").fill("Tension headache")
    page.get_by_role("button", name="Add a prescription").click()
    page.get_by_label("Medicine and strength").press_sequentially("Ibuprofen 400 mg")
    page.get_by_text("It is not sent yet.").wait_for()
    again = open_as(her_doctor, f"/cases/{case.pk}/")
    assert again.get_by_label("Diagnosis").input_value() == "Tension headache"
    assert again.get_by_label("Medicine and strength").input_value() == "Ibuprofen 400 mg"
    keep_screenshot(again, "answer-draft-found")


def test_emergency_access_and_the_chart_it_opens(open_as: OpenAs, patient: User, stranger_doctor: User) -> None:
    MedicalInfoFactory(patient=patient)
    AllergyFactory(patient=patient)
    look_at(open_as, stranger_doctor, "/emergency-access/", "emergency-access")
    page = open_as(stranger_doctor, "/emergency-access/", scripts=False)
    page.get_by_label("Record number").fill(str(patient.record_number))
    page.get_by_label("Date of birth").fill(str(patient.date_of_birth))
    page.get_by_label("The patient cannot speak for themselves").check()
    page.get_by_label("What has happened?").fill("Found unconscious in the waiting room")
    page.get_by_role("button", name="Open the chart, on record").click()
    assert page.get_by_text("60 min left").is_visible()
    look_at(open_as, stranger_doctor, f"/patients/{patient.pk}/", "emergency-chart")
    look_at(open_as, stranger_doctor, "/my-access/", "my-access")
    look_at(open_as, patient, "/who-viewed/", "who-viewed-emergency")


def test_an_administrator_reviews_it(
    open_as: OpenAs, patient: User, stranger_doctor: User, administrator: User
) -> None:
    access = EmergencyAccessFactory(patient=patient, doctor=stranger_doctor)
    page = open_as(administrator, f"/admin/records/emergencyaccess/{access.pk}/change/")
    page.locator("#id_review-0-verdict").select_option("justified")
    page.locator("#id_review-0-note").fill("The ambulance's report confirms it.")
    keep_screenshot(page, "emergency-review")
    page.locator("input[name=_save]").first.click()
    page.locator(".success").wait_for()  # the list has come back
