"""Talking to the assistant in a real browser: with script, without script, and in an emergency."""

from playwright.sync_api import Page

from accounts.models import User
from conversations.models import Conversation, Message
from tests.browser.looking import OpenAs, assert_accessible, keep_screenshot
from tests.cast import system

HEART = "I have crushing chest pain going into my left arm and I am sweating."


def started(open_as: OpenAs, patient: User) -> Page:
    page = open_as(patient, "/home/", width=390)
    page.get_by_role("button", name="Start a consultation").click()
    page.wait_for_url("**/consultations/*/")
    return page


def said(patient: User) -> list[str]:
    with system():
        return [message.text for message in Message.objects.filter(patient=patient, sender="patient")]


def test_a_quick_answer_brings_the_next_question_into_focus(open_as: OpenAs, patient: User) -> None:
    page = started(open_as, patient)
    page.get_by_label("Your answer").fill("I have had a cough for three days")
    page.get_by_role("button", name="Send", exact=True).click()
    page.wait_for_selector(".turn >> nth=2")
    assert page.evaluate("document.activeElement.classList.contains('turn--question')")
    before = page.locator(".turn").count()
    page.get_by_role("group", name="Quick answers").get_by_role("button").first.click()
    page.wait_for_selector(f".turn >> nth={before + 1}")
    assert len(said(patient)) == 2


def test_typed_words_outlive_a_refused_file(open_as: OpenAs, patient: User) -> None:
    page = started(open_as, patient)
    page.get_by_label("Your answer").fill("It looks like this")
    page.locator("summary", has_text="Add a picture or document").click()
    page.locator("input[type=file]").set_input_files(
        {"name": "rash.jpg", "mimeType": "image/jpeg", "buffer": b"just words"}
    )
    page.get_by_role("button", name="Attach file").click()
    page.wait_for_selector("[data-error-summary]")
    assert page.get_by_label("Your answer").input_value() == "It looks like this"
    assert "cannot be read here" in page.locator("[data-error-summary]").inner_text()
    assert_accessible(page)


def test_an_emergency_cannot_be_missed(open_as: OpenAs, patient: User) -> None:
    page = started(open_as, patient)
    page.get_by_label("Your answer").fill(HEART)
    page.get_by_role("button", name="Send", exact=True).click()
    card = page.locator("[data-emergency]")
    card.wait_for()
    assert card.get_by_role("link").inner_text().startswith("Call ")
    box = card.bounding_box()
    assert box is not None
    assert 0 <= box["y"] < 600
    assert_accessible(page)
    keep_screenshot(page, "emergency-390-light")


def test_it_works_without_script(open_as: OpenAs, patient: User) -> None:
    page = open_as(patient, "/home/", width=390, scripts=False)
    page.get_by_role("button", name="Start a consultation").click()
    page.get_by_label("Your answer").fill("I have had a cough for three days")
    page.get_by_role("button", name="Send", exact=True).click()
    page.get_by_role("group", name="Quick answers").get_by_role("button").first.click()
    page.locator("summary", has_text="What was understood").click()
    page.get_by_role("link", name="This is wrong").first.click()
    assert page.get_by_label("Or in your own words").input_value().startswith("I do not have")
    assert len(said(patient)) == 2
    with system():
        assert Conversation.objects.filter(patient=patient).count() == 1
