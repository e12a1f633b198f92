"""The admin in a real browser: its lists, forms and scripts work under the content policy."""

import re
from datetime import timedelta

from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import User
from audit.actions import Action
from audit.models import ActivityLog
from conversations.models import Conversation, Urgency
from records.models import Allergy
from tests.browser.looking import (
    LOOKS,
    OpenAs,
    assert_accessible,
    assert_fits,
    keep_screenshot,
    look_at,
)
from tests.cast import system
from tests.factories import AllergyFactory, ConversationFactory, MessageFactory, PrescriptionFactory

PEOPLE = "/admin/accounts/user/"


def test_a_doctor_is_approved(open_as: OpenAs, administrator: User, patient: User, unapproved_doctor: User) -> None:
    for width, scheme in LOOKS:
        page = open_as(administrator, f"{PEOPLE}?q=example", width=width, scheme=scheme)
        expect(page.locator("#result_list")).to_contain_text("ana@example.org")
        assert_accessible(page)
        keep_screenshot(page, f"admin-people-{width}-{scheme}")
    page = open_as(administrator, PEOPLE)
    page.get_by_role("link", name="Waits for approval").click()
    rows = page.locator("#result_list tbody tr")
    expect(rows).to_have_count(1)
    page.locator("#action-toggle").check()
    expect(page.locator(".action-counter")).to_contain_text("1 of 1 selected")
    page.get_by_label("Action:").select_option("approve")
    page.get_by_role("button", name=re.compile("Run|Go")).click()
    expect(page.locator(".messagelist")).to_contain_text("1 approved.")
    with system():
        assert User.objects.get(pk=unapproved_doctor.pk).is_approved


def test_an_allergy_is_added_with_names_offered_while_typing(
    open_as: OpenAs, administrator: User, patient: User, another_patient: User
) -> None:
    page = open_as(administrator, "/admin/records/allergy/add/")
    page.locator(".field-patient .select2-selection").click()
    page.locator(".select2-search__field").fill("horv")
    page.locator(".select2-results__option", has_text="Ana Horvat").click()
    page.get_by_label("Allergen:").fill("Latex")
    # The calendar of the date field.
    page.locator(".field-diagnosed_on .datetimeshortcuts a").first.click()
    page.get_by_role("button", name="Save", exact=True).first.click()
    expect(page.locator(".messagelist")).to_contain_text("was added successfully")
    with system():
        allergy = Allergy.objects.get()
    assert (allergy.patient_id, allergy.allergen) == (patient.pk, "Latex")
    assert allergy.diagnosed_on is not None
    assert allergy.recorded_by_id == administrator.pk


def test_a_persons_page_leads_to_what_belongs_to_them(open_as: OpenAs, administrator: User, patient: User) -> None:
    conversation = ConversationFactory(patient=patient, answered=True)
    MessageFactory(conversation=conversation, text="It hurts most on the stairs.")
    PrescriptionFactory(conversation=conversation)
    AllergyFactory(patient=patient)
    for width, scheme in LOOKS:
        page = open_as(administrator, f"{PEOPLE}{patient.pk}/change/", width=width, scheme=scheme)
        assert_accessible(page)
        keep_screenshot(page, f"admin-person-{width}-{scheme}")
        page.locator(".field-related_rows").get_by_role("link", name="conversations", exact=True).click()
        page.locator("#result_list").get_by_role("link", name="Visit 1").click()
        expect(page.get_by_role("heading", name="Visit 1")).to_be_visible()
        assert_accessible(page)
        keep_screenshot(page, f"admin-conversation-{width}-{scheme}")
        page.locator(".field-related_rows").get_by_role("link", name="messages").click()
        expect(page.locator("#result_list")).to_contain_text("It hurts most on the stairs.")
        assert_accessible(page)
        keep_screenshot(page, f"admin-messages-{width}-{scheme}")


def a_month(administrator: User, doctor: User) -> None:
    """Thirty days with more and less to do, of which the last ended badly."""
    now = timezone.now()
    for back in range(30):
        for hour in range((back * 7) % 5 + 1):
            urgency = list(Urgency)[hour % 4]
            case = ConversationFactory(answered=True, urgency=urgency, doctor=doctor)
            MessageFactory(conversation=case, sent_at=now - timedelta(days=back, minutes=90))
            with system():
                Conversation.objects.filter(pk=case.pk).update(
                    submitted_at=now - timedelta(days=back, minutes=50), responded_at=now - timedelta(days=back)
                )
    with system():
        ActivityLog.objects.bulk_create(
            ActivityLog(
                action=Action.SIGN_IN_FAILED if number % 6 == 0 else Action.SIGNED_IN,
                occurred_at=now - timedelta(hours=5 * number),
                actor_role="anonymous",
                status="success",
                severity="info",
                resource_type="user",
                address="192.0.2.7",
            )
            for number in range(140)
        )
    for minutes, urgency in ((2, Urgency.EMERGENCY), (300, Urgency.URGENT), (60 * 26, Urgency.ROUTINE)):
        case = ConversationFactory(awaiting=True, urgency=urgency)
        with system():
            Conversation.objects.filter(pk=case.pk).update(submitted_at=now - timedelta(minutes=minutes))


def test_the_front_page_of_a_busy_clinic(
    open_as: OpenAs, administrator: User, her_doctor: User, unapproved_doctor: User
) -> None:
    a_month(administrator, her_doctor)
    page = look_at(open_as, administrator, "/admin/", "admin-front-page")
    page.get_by_text("Day by day: Consultations").click()
    assert page.get_by_role("table", name="Consultations of each day").is_visible()
    assert_accessible(page)
    assert_fits(page)
    page.get_by_role("link", name="1 emergency that nobody has taken").click()
    expect(page.locator("#result_list tbody tr")).to_have_count(1)
    assert_accessible(page)


def test_the_front_page_when_nothing_happened_yet(open_as: OpenAs, administrator: User, her_doctor: User) -> None:
    page = look_at(open_as, administrator, "/admin/", "admin-front-page-empty")
    expect(page.get_by_text("Nothing needs attention.")).to_be_visible()
