"""What is typed and not sent: kept for one person and one case, found again, and gone when it is sent."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Session, User
from audit.models import ActivityLog
from conversations.models import Conversation, Draft, Message
from conversations.periodic import remove_old_drafts
from tests.cast import ClientOf, as_person, system
from tests.factories import ConversationFactory, DraftFactory

pytestmark = pytest.mark.django_db

WORDS = "It began on Monday & hurts <here>"
TOKEN = "0d5a4f0e-3f0b-4b7e-9f6f-000000000001"
ANSWER = {
    "answer-diagnosis": "Tension headache",
    "answer-recommendations": "Rest and water",
    "answer-call_to_office": "on",
    "items-TOTAL_FORMS": "1",
    "items-INITIAL_FORMS": "0",
    "items-0-medication_name": "Ibuprofen 400 mg",
    "items-0-dose": "1 tablet",
    "items-0-refills": "0",
    "seen_token": "3/0",
    "csrfmiddlewaretoken": "secret",
    "step": "send",
}


@pytest.fixture
def case(patient: User) -> Conversation:
    """A consultation in which she still writes."""
    made: Conversation = ConversationFactory(patient=patient)
    return made


@pytest.fixture
def claimed(patient: User, her_doctor: User) -> Conversation:
    """A case that her doctor is answering."""
    made: Conversation = ConversationFactory(patient=patient, claimed=True, doctor=her_doctor)
    return made


def keep(client: Client, case: Conversation, **typed: str) -> int:
    return client.post(f"/drafts/{case.pk}/", typed).status_code


def drafts() -> list[Draft]:
    with system():
        return list(Draft.objects.all())


def test_a_message_is_found_where_it_was(client_of: ClientOf, case: Conversation, patient: User) -> None:
    assert keep(client_of(patient), case, text="It began") == 204
    assert keep(client_of(patient), case, text=WORDS, client_token=TOKEN) == 204
    page = client_of(patient).get(f"/consultations/{case.pk}/").content.decode()
    assert "It began on Monday &amp; hurts &lt;here&gt;</textarea>" in page
    assert "What you had typed is here again" in page
    assert len(drafts()) == 1


def test_it_is_encrypted(client_of: ClientOf, case: Conversation, patient: User) -> None:
    keep(client_of(patient), case, text="Unmistakable")
    with system(), connection.cursor() as cursor:
        cursor.execute("SELECT content FROM drafts")
        (stored,) = cursor.fetchone()
    assert b"Unmistakable" not in bytes(stored)


def test_an_answer_is_found_with_all_its_fields(client_of: ClientOf, claimed: Conversation, her_doctor: User) -> None:
    assert keep(client_of(her_doctor), claimed, **ANSWER) == 204
    (draft,) = drafts()
    assert not {"csrfmiddlewaretoken", "step"} & set(draft.fields)
    response = client_of(her_doctor).get(f"/cases/{claimed.pk}/")
    page = response.content.decode()
    for words in (
        "Tension headache</textarea>",
        "Rest and water</textarea>",
        'value="Ibuprofen 400 mg"',
        'value="3/0"',
    ):
        assert words in page
    assert response.context["draft"].answer["call_to_office"].value() == "on"


def test_each_step_of_an_answer_keeps_it_without_script(
    client_of: ClientOf, claimed: Conversation, her_doctor: User
) -> None:
    client_of(her_doctor).post(f"/cases/{claimed.pk}/", ANSWER | {"step": "add"})
    assert "Tension headache</textarea>" in client_of(her_doctor).get(f"/cases/{claimed.pk}/").content.decode()


def test_nobody_else_finds_it(
    client_of: ClientOf, claimed: Conversation, patient: User, her_doctor: User, administrator: User
) -> None:
    keep(client_of(her_doctor), claimed, **ANSWER)
    assert "Tension headache" not in client_of(patient).get(f"/consultations/{claimed.pk}/").content.decode()
    for other in (patient, administrator):
        with as_person(other):
            assert not Draft.objects.visible_to(patient).exists()
    page = client_of(administrator).get("/admin/conversations/draft/").content.decode()
    assert "Tension headache" not in page
    (draft,) = drafts()
    page = client_of(administrator).get(f"/admin/conversations/draft/{draft.pk}/change/").content.decode()
    assert "Tension headache" not in page


@pytest.mark.parametrize(
    ("who", "status"), [("another_patient", 404), ("stranger_doctor", 404), ("administrator", 403)]
)
def test_strangers_keep_nothing_there(
    request: pytest.FixtureRequest, client_of: ClientOf, case: Conversation, who: str, status: int
) -> None:
    assert keep(client_of(request.getfixturevalue(who)), case, text="Hello") == status
    assert drafts() == []


def test_a_doctor_who_may_not_see_the_case_any_more_does_not_see_the_draft(
    client_of: ClientOf, claimed: Conversation, her_doctor: User
) -> None:
    keep(client_of(her_doctor), claimed, **ANSWER)
    now = timezone.now()
    with system():
        her_doctor.patients_cared_for.update(valid_from=now - timedelta(hours=2), valid_until=now - timedelta(hours=1))
    with as_person(her_doctor):
        assert not Draft.objects.exists()


def test_sending_the_message_ends_it_and_a_slow_copy_does_not_bring_it_back(
    client_of: ClientOf, case: Conversation, patient: User
) -> None:
    client = client_of(patient)
    keep(client, case, text=WORDS, client_token=TOKEN)
    client.post(f"/consultations/{case.pk}/message/", {"text": WORDS, "client_token": TOKEN})
    assert drafts() == []
    keep(client, case, text=WORDS, client_token=TOKEN)
    assert drafts() == []
    keep(client, case, text="And something else", client_token=TOKEN)
    assert len(drafts()) == 1


def test_sending_the_answer_ends_it(client_of: ClientOf, claimed: Conversation, her_doctor: User) -> None:
    client = client_of(her_doctor)
    typed = {**ANSWER, "items-TOTAL_FORMS": "0", "seen_token": ""}
    keep(client, claimed, **typed)
    assert client.post(f"/cases/{claimed.pk}/", typed).status_code == 302
    assert drafts() == []
    keep(client, claimed, **typed)
    assert drafts() == []


def test_an_emptied_form_is_no_draft(client_of: ClientOf, claimed: Conversation, her_doctor: User) -> None:
    client = client_of(her_doctor)
    keep(client, claimed, **ANSWER)
    empty = {"items-TOTAL_FORMS": "1", "items-0-refills": "0", "items-0-expires_on": "2027-01-01", "seen_token": "3/0"}
    keep(client, claimed, **empty)
    assert drafts() == []


def test_it_can_be_thrown_away(client_of: ClientOf, case: Conversation, patient: User) -> None:
    client = client_of(patient)
    keep(client, case, text=WORDS)
    response = client.post(f"/drafts/{case.pk}/", {"text": WORDS, "discard": "1"})
    assert response["Location"] == f"/consultations/{case.pk}/"
    assert drafts() == []


def test_a_form_longer_than_any_is_refused(client_of: ClientOf, case: Conversation, patient: User) -> None:
    assert keep(client_of(patient), case, text="x" * 400_001) == 413


def test_old_ones_go(patient: User) -> None:
    old, young = DraftFactory(), DraftFactory()
    with system(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL pgtrigger.ignore = '{}'")
        cursor.execute("SELECT tgname FROM pg_trigger WHERE tgrelid = 'drafts'::regclass AND tgname LIKE '%stamp%'")
        (trigger,) = cursor.fetchone()
        cursor.execute("SELECT set_config('pgtrigger.ignore', %s, true)", [f"{{{trigger}}}"])
        cursor.execute("UPDATE drafts SET updated_at = %s WHERE id = %s", [timezone.now() - timedelta(days=8), old.pk])
        assert remove_old_drafts() == "1 removed"
        assert list(Draft.objects.values_list("pk", flat=True)) == [young.pk]


def test_that_one_begins_is_on_record_and_not_every_key(client_of: ClientOf, case: Conversation, patient: User) -> None:
    for text in ("It", "It began", WORDS):
        keep(client_of(patient), case, text=text)
    with system():
        (row,) = ActivityLog.objects.filter(action="draft.kept")
    assert (row.actor_id, row.patient_id, row.purpose, row.resource_id) == (patient.pk, patient.pk, "own", str(case.pk))


def test_a_case_without_a_draft_takes_no_statement_more(
    client_of: ClientOf, claimed: Conversation, her_doctor: User
) -> None:
    client = client_of(her_doctor)

    def statements() -> int:
        with CaptureQueriesContext(connection) as asked:
            client.get(f"/cases/{claimed.pk}/")
        return len(asked)

    statements()
    without = statements()
    keep(client, claimed, **ANSWER)
    assert statements() == without + 1


# A form that is sent when the session has run out, without script

OUR_PAGE = {"sec-fetch-site": "same-origin", "host": "testserver"}


def ran_out(user: User, **end: Any) -> None:
    end = end or {"last_active_at": timezone.now() - timedelta(minutes=16)}
    with system():
        Session.objects.filter(user=user).update(**end)


def send(client: Client, case: Conversation, text: str = WORDS) -> Any:
    return client.post(
        f"/consultations/{case.pk}/message/",
        {"text": text, "client_token": TOKEN},
        headers=OUR_PAGE | {"referer": f"http://testserver/consultations/{case.pk}/"},
    )


@pytest.mark.parametrize("end", ["idle", "absolute"])
def test_a_message_that_comes_too_late_waits_for_its_owner(
    client_of: ClientOf, case: Conversation, patient: User, another_patient: User, end: str
) -> None:
    client = client_of(patient)
    ran_out(patient, **({} if end == "idle" else {"expires_at": timezone.now() - timedelta(seconds=1)}))
    response = send(client, case)
    page = response.content.decode()
    assert response.status_code == 401
    assert "What you typed is kept." in page
    assert "Monday" not in page
    assert f"/account/sign-in/?next=/consultations/{case.pk}/" in page
    assert client_of(another_patient).get(f"/consultations/{case.pk}/").status_code == 404
    again = client_of(patient).get(f"/consultations/{case.pk}/").content.decode()
    assert "It began on Monday" in again
    with system():
        assert not Message.objects.filter(conversation=case).exists()


def test_an_answer_that_comes_too_late_waits_for_its_doctor(
    client_of: ClientOf, claimed: Conversation, her_doctor: User
) -> None:
    client = client_of(her_doctor)
    ran_out(her_doctor)
    assert client.post(f"/cases/{claimed.pk}/", ANSWER, headers=OUR_PAGE).status_code == 401
    page = client_of(her_doctor).get(f"/cases/{claimed.pk}/").content.decode()
    assert "Tension headache</textarea>" in page
    assert 'value="Ibuprofen 400 mg"' in page


def test_a_session_that_somebody_ended_keeps_nothing(client_of: ClientOf, case: Conversation, patient: User) -> None:
    client = client_of(patient)
    ran_out(patient, revoked_at=timezone.now())
    page = send(client, case).content.decode()
    assert "It began on Monday" in page, "given back to be copied"
    assert drafts() == []


def test_a_draft_that_there_is_is_not_replaced_by_who_is_not_signed_in(
    client_of: ClientOf, case: Conversation, patient: User
) -> None:
    client = client_of(patient)
    keep(client, case, text="Mine")
    ran_out(patient)
    page = send(client, case, "Somebody else's").content.decode()
    assert "Somebody else&#x27;s" in page
    (draft,) = drafts()
    assert draft.fields["text"] == "Mine"


def test_nobody_s_case_but_ones_own(client_of: ClientOf, case: Conversation, another_patient: User) -> None:
    client = client_of(another_patient)
    ran_out(another_patient)
    assert send(client, case).status_code == 401
    assert drafts() == []


def test_another_site_puts_no_words_into_a_draft(client_of: ClientOf, case: Conversation, patient: User) -> None:
    client = client_of(patient)
    ran_out(patient)
    client.post(f"/consultations/{case.pk}/message/", {"text": "Call 555"}, headers={"sec-fetch-site": "cross-site"})
    assert drafts() == []
