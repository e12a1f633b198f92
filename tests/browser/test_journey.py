"""The clinic's main job, in a real browser: from the first message to the prescription in the patient's hands."""

import io
import re
from pathlib import Path
from typing import cast

import pytest
from playwright.sync_api import Page
from pypdf import PdfReader
from pypdf.generic import DictionaryObject

from accounts.models import User
from conversations.models import Conversation, Message
from tests.browser.looking import OpenAs, assert_accessible, keep_screenshot
from tests.cast import system
from tests.conversations.samples import jpeg
from tests.factories import PASSWORD

COMPLAINT = "I have had a burning feeling when I pass water since Monday and I need to go all the time"
ANSWERS = {
    "allerg": "Yes, penicillin gives me a rash",
    "medicine": "I take metformin 500 mg twice a day",
    "illness": "I have diabetes",
}


def answer_all_questions(page: Page) -> int:
    """Answer what is asked until nothing more is asked; returns how many answers it took."""
    for count in range(1, 12):
        question = page.locator(".turn--question, .turn--assistant").last.inner_text().lower()
        text = next((answer for word, answer in ANSWERS.items() if word in question), "No")
        before = page.locator(".turn--patient").count()
        page.locator("textarea[name=text]").fill(text)
        page.get_by_role("button", name="Send", exact=True).click()
        page.wait_for_function("count => document.querySelectorAll('.turn--patient').length > count", arg=before)
        if page.get_by_text("Add something for the doctor").count():
            return count
    raise AssertionError("The assistant went on asking.")


def chat_to_the_end(page: Page) -> None:
    """Start a consultation on the patient's home page and see it through."""
    page.get_by_role("button", name="Start a consultation").click()
    page.locator("textarea[name=text]").fill(COMPLAINT)
    page.get_by_role("button", name="Send", exact=True).click()
    page.locator(".turn--patient").first.wait_for()
    assert answer_all_questions(page) + 1 <= 10


def prescribe(page: Page, row: int, medicine: str, dose: str, frequency: str, duration: str) -> None:
    """Add a prescription row and fill it in."""
    page.get_by_role("button", name="Add a prescription").click()
    for name, value in (
        ("medication_name", medicine),
        ("dose", dose),
        ("frequency", frequency),
        ("duration", duration),
    ):
        page.locator(f"[name=items-{row}-{name}]").fill(value)


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_from_the_first_message_to_the_prescription(
    open_as: OpenAs, patient: User, stranger_doctor: User, tmp_path: Path, scripts: bool
) -> None:
    hers = open_as(patient, "/home/", scripts=scripts)
    if scripts:
        chat_to_the_end(hers)
        picture = tmp_path / "rash.jpg"
        picture.write_bytes(jpeg())
        hers.get_by_text("Add a picture or document").first.click()
        hers.locator("input[type=file]").set_input_files(picture)
        hers.get_by_role("button", name="Attach file").click()
        hers.get_by_role("link", name=re.compile("rash.jpg")).first.wait_for()
    else:
        chat_to_the_end_without_scripts(hers)
    with system():
        case = Conversation.objects.get(patient=patient)
        assert case.status == "awaiting_doctor"
        assert Message.objects.filter(conversation=case, sender="assistant").count() <= 11

    his = open_as(stranger_doctor, "/queue/", scripts=scripts)
    his.get_by_role("link", name="HORVAT, Ana").click()
    assert "burning feeling when I pass water" in his.locator(".transcript").inner_text()
    his.get_by_label("Diagnosis").fill("Cystitis")
    his.get_by_label("ICD-10-CM code").fill("n30.0")
    his.get_by_label("Recommendations").fill("Drink enough. Come back if you get a fever.")
    prescribe(his, 0, "Nitrofurantoin 100 mg", "1 capsule", "BD", "3 days")
    prescribe(his, 1, "Paracetamol 500 mg", "2 tablets", "q6h PRN", "3 days")
    his.get_by_role("button", name="Preview").last.click()
    preview = his.get_by_role("status").filter(has_text="not sent yet")
    assert "1 capsule twice a day for 3 days" in preview.inner_text()
    his.get_by_role("button", name="Send answer to Ana").click()
    settle_alerts(his)
    his.get_by_text("Sent to Ana Horvat.").wait_for()
    assert "N30.0" in his.locator("main").inner_text()

    hers.goto(hers.url.split("/consultations")[0] + "/home/")
    hers.get_by_role("link", name="Darius Moreau has answered you").click()
    answer = hers.locator("main").inner_text()
    assert "Cystitis" in answer
    assert "Come back if you get a fever." in answer
    hers.goto(hers.url.split("/consultations")[0] + "/prescriptions/")
    pdf = hers.request.get(
        hers.get_by_role("link", name=re.compile("Prescription as PDF")).first.evaluate("link => link.href")
    )
    check_sheet(pdf.body())
    with system():
        assert not Conversation.objects.get(patient=patient).unread_by_patient


def chat_to_the_end_without_scripts(page: Page) -> None:
    """The same by plain forms: every answer is a new page."""
    page.get_by_role("button", name="Start a consultation").click()
    page.locator("textarea[name=text]").fill(COMPLAINT)
    page.get_by_role("button", name="Send", exact=True).click()
    for _ in range(11):
        if page.get_by_text("Add something for the doctor").count():
            return
        question = page.locator(".turn--question, .turn--assistant").last.inner_text().lower()
        text = next((answer for word, answer in ANSWERS.items() if word in question), "No")
        page.locator("textarea[name=text]").fill(text)
        page.get_by_role("button", name="Send", exact=True).click()
    raise AssertionError("The assistant went on asking.")


def settle_alerts(page: Page) -> None:
    """Decide about alerts that need it, then send again; harmless when there are none."""
    if not page.get_by_text("Not sent yet: please decide").count():
        return
    for box in page.get_by_label("I have seen this and prescribe all the same").all():
        box.check()
    for reason in page.get_by_label("Reason for prescribing all the same").all():
        reason.fill("Discussed with the patient.")
    page.get_by_role("button", name="Send answer to Ana").click()


def check_sheet(pdf: bytes) -> None:
    """The PDF says what was prescribed, for whom and by whom, on numbered pages, and is tagged."""
    reader = PdfReader(io.BytesIO(pdf))
    text = re.sub(r"\s+", "", "".join(page.extract_text() for page in reader.pages))
    for expected in (
        "HORVAT, Ana",
        "15-Jun-1990",
        "Nitrofurantoin",
        "Paracetamol",
        "twice a day",
        "every 6 hours when needed",
        "Darius Moreau",
        "LIC-DARIUS",
        "Page 1 of 1",
    ):
        assert re.sub(r"\s+", "", expected) in text
    assert len(reader.pages) == 1
    catalog = cast(DictionaryObject, reader.trailer["/Root"])
    assert cast(DictionaryObject, catalog["/MarkInfo"])["/Marked"]
    assert catalog["/Lang"]


def test_signing_in_with_the_password_and_out_again(open_as: OpenAs, patient: User) -> None:
    page = open_as(None, "/")
    assert_accessible(page)
    page.get_by_role("link", name="Sign in").first.click()
    page.get_by_label("E-mail").fill("ana@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Hello Ana").wait_for()

    page.locator("details.menu summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(lambda url: "/home/" not in url)
    page.go_back()

    assert page.get_by_text("Hello Ana").count() == 0


def test_an_emergency_cannot_be_missed(open_as: OpenAs, patient: User, stranger_doctor: User) -> None:
    page = open_as(patient, "/home/", width=390)
    page.get_by_role("button", name="Start a consultation").click()
    page.locator("textarea[name=text]").fill("I have crushing chest pain going into my left arm and I am sweating")
    page.get_by_role("button", name="Send", exact=True).click()
    card = page.locator("[data-emergency]")
    card.wait_for()

    assert "112" in card.inner_text()
    assert card.get_by_role("link", name=re.compile("Call 112")).is_visible()
    assert_accessible(page)
    keep_screenshot(page, "chat-emergency-390-light")

    queue = open_as(stranger_doctor, "/queue/")
    assert "Emergency" in queue.locator("tbody tr").first.inner_text()
