"""What administrators do with accounts, relations and entries of charts."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.core.mail import EmailMessage
from django.test import Client
from django.utils import timezone

from accounts import signals
from accounts.models import Role, Session, User
from conversations.models import Conversation
from records.models import Allergy, CareRelation
from tests import factories
from tests.cast import as_person, system
from tests.factories import PASSWORD

ClientOf = Callable[[User], Client]
PEOPLE = "/admin/accounts/user/"


def act(client: Client, page: str, action: str, *rows: Any, **more: str) -> Any:
    typed = {"action": action, "_selected_action": [row.pk for row in rows], **more}
    return client.post(page, typed, follow=True)


def stored(row: Any) -> Any:
    with system():
        return type(row).objects.get(pk=row.pk)


def heard_of(signal: Any) -> list[dict[str, Any]]:
    """What the signal tells from now on; weakly connected, so it ends with the test."""
    heard: list[dict[str, Any]] = []

    def hear(**facts: Any) -> None:
        heard.append(facts)

    signal.connect(hear, weak=False, dispatch_uid=f"heard {id(heard)}")
    return heard


@pytest.fixture(autouse=True)
def _quiet_signals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever listens in a test stops listening afterwards."""
    for signal in (signals.approved, signals.deactivated, signals.reactivated, signals.approval_withdrawn):
        monkeypatch.setattr(signal, "receivers", list(signal.receivers))
        signal.sender_receivers_cache.clear()


def test_an_approved_doctor_sees_the_queue_and_is_told(
    client_of: ClientOf, mailbox: list[EmailMessage], administrator: User, unapproved_doctor: User
) -> None:
    case = factories.ConversationFactory(awaiting=True)
    doctors = client_of(unapproved_doctor)
    heard = heard_of(signals.approved)
    page = act(client_of(administrator), PEOPLE, "approve", unapproved_doctor)
    assert "1 approved." in page.content.decode()
    doctor = stored(unapproved_doctor)
    assert doctor.is_approved
    assert doctor.approved_by_id == administrator.pk
    assert [(facts["user"], facts["by"]) for facts in heard] == [(doctor, administrator)]
    assert [message.to for message in mailbox] == [[doctor.email]]
    assert doctors.get("/queue/").status_code == 200
    with as_person(doctor):
        assert Conversation.objects.filter(pk=case.pk).exists()
    with system():
        assert LogEntry.objects.filter(object_id=str(doctor.pk), user=administrator).exists()


@pytest.mark.parametrize("who", ["patient", "her_doctor", "administrator"])
def test_only_doctors_who_wait_are_approved(
    request: pytest.FixtureRequest, client_of: ClientOf, administrator: User, who: str
) -> None:
    user = request.getfixturevalue(who)
    before = stored(user).approved_at
    page = act(client_of(administrator), PEOPLE, "approve", user)
    assert "1 left as they were" in page.content.decode()
    assert stored(user).approved_at == before


def test_a_doctor_whose_approval_is_withdrawn_sees_no_patients_at_the_next_click(
    client_of: ClientOf, administrator: User, her_doctor: User, patient: User
) -> None:
    doctors = client_of(her_doctor)
    assert doctors.get("/queue/").status_code == 200
    heard = heard_of(signals.approval_withdrawn)
    act(client_of(administrator), PEOPLE, "withdraw_approval", her_doctor, patient)
    assert doctors.get("/queue/")["Location"] == "/account/waiting/"
    assert [facts["user"] for facts in heard] == [her_doctor]
    with as_person(stored(her_doctor)):
        assert not User.objects.filter(pk=patient.pk).exists()


def test_deactivating_signs_out_everywhere_and_keeps_everything(
    client_of: ClientOf, client: Client, administrator: User, patient: User
) -> None:
    conversation = factories.ConversationFactory(patient=patient)
    hers = client_of(patient)
    heard = heard_of(signals.deactivated)
    act(client_of(administrator), PEOPLE, "deactivate", patient)
    assert hers.get("/account/profile/").status_code == 302
    assert client.post("/account/sign-in/", {"email": patient.email, "password": PASSWORD}).status_code == 422
    assert [(facts["user"], facts["by"]) for facts in heard] == [(patient, administrator)]
    with system():
        assert Session.objects.filter(user=patient).running().count() == 0
        assert Conversation.objects.filter(pk=conversation.pk).exists()
    act(client_of(administrator), PEOPLE, "reactivate", patient)
    assert client.post("/account/sign-in/", {"email": patient.email, "password": PASSWORD}).status_code == 302


def test_administrators_do_not_shut_themselves_out(client_of: ClientOf, administrator: User) -> None:
    client = client_of(administrator)
    page = act(client, PEOPLE, "deactivate", administrator)
    assert "1 left as they were" in page.content.decode()
    assert stored(administrator).is_active
    typed = {"email": administrator.email, "role": "patient", "first_name": "F", "last_name": "O"}
    client.post(f"{PEOPLE}{administrator.pk}/change/", typed)
    assert stored(administrator).role == Role.ADMIN


def test_a_new_person_chooses_the_password_with_a_link(
    client_of: ClientOf, mailbox: list[EmailMessage], administrator: User
) -> None:
    typed = {"email": "Ines@Example.org", "role": "patient", "first_name": "Ines", "last_name": "Petit"}
    response = client_of(administrator).post(f"{PEOPLE}add/", typed)
    assert response.status_code == 302, response.context["errors"]
    with system():
        user = User.objects.get(email="ines@example.org")
    assert not user.has_usable_password()
    assert [message.to for message in mailbox] == [["ines@example.org"]]


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"email": "ANA@example.org", "role": "patient"}, "There is already an account with this e-mail address."),
        ({"email": "n@example.org", "role": "doctor"}, "A doctor needs a specialization and a licence number."),
        ({"email": "n@example.org", "role": "king"}, "Select a valid choice."),
        ({"email": "n@example.org", "role": "patient", "date_of_birth": "1600-01-01"}, "users_born_after_1880"),
    ],
)
def test_an_account_that_cannot_be_is_refused_on_the_page(
    client_of: ClientOf, administrator: User, patient: User, typed: dict[str, str], sentence: str
) -> None:
    response = client_of(administrator).post(f"{PEOPLE}add/", {"first_name": "N", "last_name": "N", **typed})
    assert response.status_code == 200
    assert sentence in response.content.decode()
    with system():
        assert not User.objects.filter(email="n@example.org").exists()


def test_an_approval_does_not_survive_another_licence(
    client_of: ClientOf, administrator: User, her_doctor: User
) -> None:
    typed = {
        "email": her_doctor.email,
        "role": "doctor",
        "first_name": "Clara",
        "last_name": "Lindqvist",
        "specialization": "Dermatology",
        "licence_number": "LIC-OTHER",
    }
    response = client_of(administrator).post(f"{PEOPLE}{her_doctor.pk}/change/", typed)
    assert response.status_code == 302
    assert stored(her_doctor).licence_number == "LIC-OTHER"
    assert stored(her_doctor).approved_at is None


def test_a_link_for_a_new_password_can_be_sent(
    client_of: ClientOf, mailbox: list[EmailMessage], administrator: User, patient: User
) -> None:
    act(client_of(administrator), PEOPLE, "send_password_link", patient)
    assert "/account/reset/" in str(mailbox[0].body)


def test_sessions_can_be_ended(client_of: ClientOf, administrator: User, patient: User) -> None:
    hers = client_of(patient)
    with system():
        session = Session.objects.get(user=patient)
    act(client_of(administrator), "/admin/accounts/session/", "end", session)
    assert hers.get("/account/profile/").status_code == 302


def test_a_relation_can_be_ended(client_of: ClientOf, administrator: User, patient: User, her_doctor: User) -> None:
    with system():
        relation = CareRelation.objects.get(doctor=her_doctor)
    act(client_of(administrator), "/admin/records/carerelation/", "end", relation)
    assert stored(relation).valid_until <= timezone.now()
    with system():
        assert not CareRelation.objects.of_doctor(her_doctor).in_force().exists()


def test_an_entry_is_marked_as_entered_in_error_with_a_reason(
    client_of: ClientOf, administrator: User, patient: User
) -> None:
    allergy = factories.AllergyFactory(patient=patient)
    client = client_of(administrator)
    page = act(client, "/admin/records/allergy/", "mark_entered_in_error", allergy)
    assert "say why" in page.content.decode()
    assert stored(allergy).entered_in_error_at is None
    act(client, "/admin/records/allergy/", "mark_entered_in_error", allergy, reason="Another person's")
    assert stored(allergy).entered_in_error_reason == "Another person's"
    assert stored(allergy).entered_in_error_by_id == administrator.pk


def test_a_chart_is_corrected_and_the_database_still_refuses_a_duplicate(
    client_of: ClientOf, administrator: User, patient: User
) -> None:
    allergy = factories.AllergyFactory(patient=patient, allergen="Penicilin")
    client = client_of(administrator)
    page = f"/admin/records/allergy/{allergy.pk}/change/"
    typed = {"patient": patient.pk, "allergen": "Penicillin", "source": "doctor", "reaction": "Hives", "notes": ""}
    assert client.post(page, typed).status_code == 302
    assert (stored(allergy).allergen, stored(allergy).reaction, stored(allergy).notes) == ("Penicillin", "Hives", None)
    response = client.post("/admin/records/allergy/add/", {**typed, "allergen": " PENICILLIN "})
    assert response.status_code == 200
    assert "This allergy is on the chart already." in response.content.decode()
    with system():
        assert Allergy.objects.filter(patient=patient).count() == 1


@pytest.mark.parametrize(
    "path", ["conversations/message", "conversations/conversation", "prescriptions/prescription", "accounts/session"]
)
def test_what_the_clinic_writes_is_not_changed_here(client_of: ClientOf, administrator: User, path: str) -> None:
    rows = {
        "conversations/message": factories.MessageFactory,
        "conversations/conversation": factories.ConversationFactory,
        "prescriptions/prescription": factories.PrescriptionFactory,
        "accounts/session": factories.SessionFactory,
    }
    row = rows[path]()
    client = client_of(administrator)
    assert client.post(f"/admin/{path}/{row.pk}/change/", {"text": "changed"}).status_code == 403
    assert client.get(f"/admin/{path}/add/").status_code == 403


@pytest.mark.parametrize("who", ["patient", "her_doctor"])
def test_nobody_else_acts(
    request: pytest.FixtureRequest, client_of: ClientOf, unapproved_doctor: User, who: str
) -> None:
    response = act(client_of(request.getfixturevalue(who)), PEOPLE, "approve", unapproved_doctor)
    assert response.status_code == 403
    assert not stored(unapproved_doctor).is_approved
