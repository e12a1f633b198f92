"""The pages of accounts as they look, and signing in the way people do."""

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from tests.browser.looking import LOOKS, OpenAs, assert_accessible, assert_fits, keep_screenshot
from tests.factories import PASSWORD, SessionFactory

VISITORS = ["sign-in", "register", "register/doctor", "registered/doctor", "reset", "reset/sent", "reset/AAAA/x-y"]
OWN = ["profile", "password", "e-mail", "sessions"]


def look_at(page: Page, name: str) -> None:
    assert_accessible(page)
    assert_fits(page)
    keep_screenshot(page, f"account-{name.replace('/', '-')}")


def test_pages_for_visitors(open_as: OpenAs, db: None) -> None:
    for width, scheme in LOOKS:
        for path in VISITORS:
            page = open_as(None, f"/account/{path}/", width=width, scheme=scheme)
            look_at(page, f"{path}-{width}-{scheme}")
            page.context.close()
        page = open_as(None, "/account/register/", width=width, scheme=scheme)
        page.get_by_label("First name").fill("Ana")
        page.get_by_role("button", name="Register").click()
        expect(page.get_by_label("First name")).to_have_value("Ana")
        expect(page.locator(".field__error")).to_have_count(4)
        look_at(page, f"register-wrong-{width}-{scheme}")


def test_pages_of_ones_own(open_as: OpenAs, her_doctor: User) -> None:
    SessionFactory(user=her_doctor)
    for width, scheme in LOOKS:
        for path in OWN:
            look_at(open_as(her_doctor, f"/account/{path}/", width=width, scheme=scheme), f"{path}-{width}-{scheme}")


@pytest.mark.parametrize("scripts", [True, False])
def test_signing_in_and_out(open_as: OpenAs, patient: User, scripts: bool) -> None:
    page = open_as(None, "/account/sign-in/?next=/account/profile/", scripts=scripts)
    page.get_by_label("E-mail address").fill(patient.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="My account")).to_be_visible()
    page.locator("details.menu summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign in").first).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="My account")).to_have_count(0)
