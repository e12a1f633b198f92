"""What a browser still shows when somebody has signed out, and whom it asks while it shows anything."""

import pytest
from playwright.sync_api import Page

from accounts.models import Session, User
from records.models import Allergy
from tests.browser import conftest
from tests.browser.looking import OpenAs
from tests.cast import system
from tests.factories import AllergyFactory, ConversationFactory

CANARY = "Zirconfloxacin"


@pytest.fixture
def allergy(patient: User) -> Allergy:
    """A word that stands on her record and nowhere else."""
    made: Allergy = AllergyFactory(patient=patient, allergen=CANARY)
    return made


def sign_out(page: Page) -> None:
    """With the button at the top of the page."""
    page.evaluate("document.querySelector(\"form[action='/account/sign-out/']\").requestSubmit()")
    page.wait_for_url(lambda url: url.count("/") == 3)
    page.wait_for_load_state("networkidle")


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_the_back_button_shows_nothing_after_signing_out(
    open_as: OpenAs, patient: User, allergy: Allergy, scripts: bool
) -> None:
    page = open_as(patient, "/record/", scripts=scripts)
    assert CANARY in page.content()
    if scripts:
        sign_out(page)
    else:
        with system():
            Session.objects.filter(user=patient).end(reason="test")
        page.goto(page.url.replace("/record/", "/"))
    page.go_back()
    page.wait_for_load_state()
    assert CANARY not in page.content()
    assert "sign-in" in page.url


def test_nothing_of_the_record_is_in_the_browser_s_storage(open_as: OpenAs, patient: User, allergy: Allergy) -> None:
    page = open_as(patient, "/record/")
    sign_out(page)
    kept = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
    assert CANARY not in kept
    assert patient.last_name not in kept
    assert page.evaluate("caches.keys()") == []


def test_no_page_asks_another_host(open_as: OpenAs, patient: User, her_doctor: User, administrator: User) -> None:
    """``open_as`` complains about every request that leaves; here it opens what has most on it."""
    case = ConversationFactory(patient=patient, answered=True, doctor=her_doctor)
    asked: list[str] = []
    for person, path in (
        (None, "/"),
        (patient, f"/consultations/{case.pk}/"),
        (her_doctor, f"/cases/{case.pk}/"),
        (administrator, "/admin/"),
    ):
        page = open_as(person, path)
        page.wait_for_load_state("networkidle")
        asked += page.evaluate("performance.getEntriesByType('resource').map(entry => new URL(entry.name).host)")
        assert set(asked) == {page.evaluate("location.host")}


def test_a_request_to_another_host_would_be_noticed() -> None:
    complaints: list[str] = []
    for url in (
        "http://127.0.0.1:1/queue/",
        "https://evil.example/x.js",
        "http://127.0.0.1:1.evil.example/",
        "data:,x",
    ):
        conftest._stay_here(url, "http://127.0.0.1:1", complaints)
    assert len(complaints) == 2
