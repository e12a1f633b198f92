"""The second step as it looks, and a doctor's way from registering to a lost telephone, with and without scripts."""

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts import second_factor
from accounts.models import MfaToken, User
from tests.authenticator import Clock, code_at
from tests.browser.looking import OpenAs, assert_accessible, keep_screenshot, look_at
from tests.cast import as_person, authenticator_of, system
from tests.factories import PASSWORD

TYPED = {
    "First name": "Hugo",
    "Last name": "Jansen",
    "Specialization": "Cardiology",
    "Licence number": "NL-778",
    "E-mail address": "hugo@example.org",
    "Password": "nine slow barges upriver",
}


def with_password(page: Page, email: str, password: str) -> None:
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()


def sign_out(page: Page) -> None:
    page.locator("details.menu summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("link", name="Sign in").first.click()


def set_up(page: Page, moment: datetime) -> list[str]:
    """Type the key over as a person would, then its code; returns the backup codes that are shown."""
    key = page.locator("code.key").inner_text().replace(" ", "")
    page.get_by_label("Code that the app shows now").fill(code_at(key, moment))
    page.get_by_role("button", name="Switch the second step on").click()
    expect(page.get_by_role("heading", name="Keep your backup codes")).to_be_visible()
    codes = page.locator(".codes code").all_inner_texts()
    assert len(set(codes)) == 10
    return codes


def assert_whole_picture(page: Page) -> None:
    """All of the code lies within the picture, with its quiet zone around it."""
    outer = page.locator(".qr svg").bounding_box()
    inner = page.locator(".qr svg .qrline").bounding_box()
    assert outer
    assert inner
    margin = outer["width"] * 0.03
    assert inner["x"] - outer["x"] > margin
    assert outer["x"] + outer["width"] - inner["x"] - inner["width"] > margin
    assert outer["y"] + outer["height"] - inner["y"] - inner["height"] > margin
    assert abs(inner["width"] - inner["height"]) < outer["width"] * 0.05


def secret_of(email: str) -> str:
    with system():
        return MfaToken.objects.confirmed().get(user__email=email).secret or ""


@pytest.mark.parametrize("scripts", [True, False])
def test_from_registering_to_a_lost_telephone(
    open_as: OpenAs, administrator: User, clock: Clock, tmp_path: Path, scripts: bool
) -> None:
    page = open_as(None, "/account/register/doctor/", scripts=scripts)
    page.set_default_timeout(60_000)  # ten backup codes are hashed on the way
    for label, text in TYPED.items():
        page.get_by_label(label).fill(text)
    page.get_by_role("button", name="Register").click()
    page.get_by_role("main").get_by_role("link", name=re.compile("Sign in", re.IGNORECASE)).first.click()
    email, password = TYPED["E-mail address"], TYPED["Password"]

    with_password(page, email, password)
    expect(page.get_by_role("heading", name="Set up the second step")).to_be_visible()
    assert_whole_picture(page)
    codes = set_up(page, clock.now())
    with page.expect_download() as download:
        page.get_by_role("button", name="Store as a file").click()
    download.value.save_as(tmp_path / "codes.txt")
    assert codes[9] in (tmp_path / "codes.txt").read_text()
    page.get_by_role("link", name="I have kept them. Go on").click()
    expect(page.get_by_role("heading", name="Your account waits for approval")).to_be_visible()

    with system():
        doctor = User.objects.get(email=email)
    with as_person(administrator):
        doctor.approve(by=administrator)
    page.reload()
    expect(page).to_have_url(re.compile("/queue/$"))

    sign_out(page)
    with_password(page, email, password)
    clock.move(timedelta(seconds=30))
    page.get_by_label("Code", exact=True).fill(clock.code(secret_of(email)))
    page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
    expect(page).to_have_url(re.compile("/queue/$"))

    sign_out(page)
    with_password(page, email, password)
    page.get_by_text("I do not have the app here").click()
    page.get_by_label("Backup code").fill(codes[4])
    page.get_by_role("button", name="Sign in with a backup code").click()
    expect(page.get_by_text("9 backup codes are left.")).to_be_visible()
    sign_out(page)

    office = open_as(administrator, f"/admin/accounts/user/{doctor.pk}/change/", scripts=scripts)
    office.get_by_role("link", name="Clear a lost one").click()
    office.get_by_label("What happened").select_option("lost")
    office.get_by_label("How did you make sure").fill("Came to the clinic and showed the passport.")
    office.get_by_role("button", name="Clear the second step").click()
    expect(office.get_by_text("is cleared, and all sessions have ended")).to_be_visible()

    with_password(page, email, password)
    expect(page.get_by_role("heading", name="Set up the second step")).to_be_visible()
    fresh = set_up(page, clock.now())
    assert set(fresh).isdisjoint(codes)
    page.get_by_role("link", name="I have kept them. Go on").click()
    expect(page).to_have_url(re.compile("/queue/$"))


def test_the_step_and_what_is_wrong_with_a_code(open_as: OpenAs, her_doctor: User) -> None:
    authenticator_of(her_doctor)

    def first_step(page: Page) -> None:
        with_password(page, her_doctor.email, PASSWORD)
        expect(page.get_by_role("heading", name="Enter your code")).to_be_visible()

    page = look_at(open_as, None, "/account/sign-in/", "second-step", act=first_step)
    page.get_by_label("Code", exact=True).fill("12 34")
    page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_text("This code is not right").first).to_be_visible()
    page.get_by_text("I do not have the app here").click()
    page.get_by_label("Backup code").fill("3-aaaa-aaaa")
    page.get_by_role("button", name="Sign in with a backup code").click()
    expect(page.get_by_text("none of your unused backup codes").first).to_be_visible()
    assert_accessible(page)
    keep_screenshot(page, "second-step-wrong")
    with system():
        MfaToken.objects.update(failures=9, last_failure_at=timezone.now())
    page.get_by_label("Backup code").fill("3-aaaa-aaaa")
    page.get_by_role("button", name="Sign in with a backup code").click()
    expect(page.get_by_text("Too many attempts.")).to_be_visible()
    assert_accessible(page)
    keep_screenshot(page, "second-step-wait")


def test_setting_it_up_on_the_own_page(open_as: OpenAs, patient: User, her_doctor: User) -> None:
    look_at(open_as, patient, "/account/second-step/", "second-factor-none")
    look_at(open_as, patient, "/account/second-step/set-up/", "second-factor-set-up")
    look_at(open_as, her_doctor, "/account/second-step/", "second-factor")
    look_at(open_as, her_doctor, "/account/second-step/set-up/", "second-factor-replace")
    look_at(open_as, her_doctor, "/account/second-step/backup-codes/", "backup-codes-new")
    authenticator_of(patient)
    look_at(open_as, patient, "/account/second-step/off/", "second-factor-off")


def test_the_backup_codes(open_as: OpenAs, her_doctor: User) -> None:
    authenticator_of(her_doctor)

    def make(page: Page) -> None:
        with as_person(her_doctor):
            code = second_factor.new_backup_codes(her_doctor)[0]
        page.get_by_label("Your present password").fill(PASSWORD)
        page.get_by_label("Code of your present app").fill(code)
        page.get_by_role("button", name="Make new codes").click()
        expect(page.get_by_role("heading", name="Keep your backup codes")).to_be_visible()

    page = look_at(open_as, her_doctor, "/account/second-step/backup-codes/", "backup-codes", act=make)
    page.emulate_media(media="print")
    keep_screenshot(page, "backup-codes-print")


def test_clearing_a_lost_one(open_as: OpenAs, administrator: User, her_doctor: User) -> None:
    authenticator_of(her_doctor)
    for width in (1280, 390):
        page = open_as(administrator, f"/admin/accounts/user/{her_doctor.pk}/second-step/", width=width)
        page.get_by_role("button", name="Clear the second step").click()
        expect(page.get_by_text("Choose what happened.")).to_be_visible()
        assert_accessible(page)
        keep_screenshot(page, f"second-factor-clear-{width}")


def test_the_demonstration_says_that_nobody_is_asked(open_as: OpenAs, administrator: User, settings: object) -> None:
    settings.DEMO_CLINIC = True  # type: ignore[attr-defined]  # pytest-django's settings
    for path, name in [("/", "landing"), ("/account/profile/", "profile"), ("/admin/", "admin")]:
        page = open_as(None if path == "/" else administrator, path)
        expect(page.get_by_text("second step").first).to_be_visible()
        assert_accessible(page)
        keep_screenshot(page, f"demo-{name}")
