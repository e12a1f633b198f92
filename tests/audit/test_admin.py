"""The record in the admin: found by reference, person or case, read by administrators, changed by nobody."""

from collections.abc import Callable

import pytest
from auditlog.models import LogEntry
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.signals import viewed
from audit.models import ActivityLog, AuditSeal
from conversations.models import Conversation
from medichat.db.base import new_id
from medichat.db.context import acting_as, system
from tests.factories import AllergyFactory, ConversationFactory

pytestmark = pytest.mark.django_db

ClientOf = Callable[[User], Client]
LOG = "admin:audit_activitylog_changelist"


@pytest.fixture
def client(client_of: ClientOf, administrator: User) -> Client:
    return client_of(administrator)


def rows(client: Client, query: str) -> set[str]:
    """The actions on the page."""
    response = client.get(reverse(LOG) + query)
    assert response.status_code == 200
    return {row.action for row in response.context["cl"].result_list}


def test_a_row_leads_to_its_people_and_its_case(client: Client, patient: User, her_doctor: User) -> None:
    case = ConversationFactory(claimed=True, patient=patient, doctor=her_doctor)
    said = client.get(reverse(LOG)).content.decode()
    for model, row in (("accounts_user", patient), ("accounts_user", her_doctor), ("conversations_conversation", case)):
        assert reverse(f"admin:{model}_change", args=[row.pk]) in said
    assert "Clara Lindqvist" in said


@pytest.mark.parametrize("who", ["patient", "her_doctor"])
def test_rows_are_found_by_person(client: Client, patient: User, her_doctor: User, who: str) -> None:
    ConversationFactory(claimed=True, patient=patient, doctor=her_doctor)
    ConversationFactory(answered=True)
    person = {"patient": patient, "her_doctor": her_doctor}[who]
    expected = {"conversation.claimed"} if who == "her_doctor" else None
    for term in (str(person.pk), person.email.upper()):
        found = rows(client, f"?q={term}")
        assert "conversation.claimed" in found
        assert "diagnosis.created" not in found
        assert expected is None or found == expected


def test_rows_are_found_by_the_reference_of_an_error_page(client: Client, client_of: ClientOf, patient: User) -> None:
    refused = client_of(patient).get(reverse("conversations:chat", args=[new_id()]))
    assert rows(client, f"?q={refused['X-Request-ID']}") == {"request.refused"}


def test_rows_are_found_by_case(client: Client) -> None:
    case = ConversationFactory(awaiting=True)
    ConversationFactory(answered=True)
    assert rows(client, f"?q={case.pk}") == {"conversation.created", "conversation.submitted"}


def test_other_words_find_nothing(client: Client) -> None:
    ConversationFactory()
    assert rows(client, "?q=knee") == set()


def test_rows_are_filtered(client: Client) -> None:
    ConversationFactory(awaiting=True)
    assert rows(client, "?action__exact=conversation.submitted") == {"conversation.submitted"}


def test_a_list_takes_the_same_number_of_statements_however_long(
    client: Client, patient: User, her_doctor: User, django_assert_max_num_queries: Callable[[int], object]
) -> None:
    for _ in range(30):
        with acting_as(her_doctor):
            viewed.send(Conversation, by=her_doctor, patient_id=patient.pk, resource_type="chart", why="care")
    with django_assert_max_num_queries(20):  # type: ignore[attr-defined]  # a context manager, which has no type there
        client.get(reverse(LOG))


def test_a_row_s_page_shows_its_codes_and_offers_no_change(client: Client, patient: User, her_doctor: User) -> None:
    allergy = AllergyFactory(patient=patient)
    with system():
        allergy.mark_entered_in_error(by=her_doctor, reason="x")
        row = ActivityLog.objects.get(action="chart.changed")
    page = reverse("admin:audit_activitylog_change", args=[row.pk])
    response = client.get(page)
    assert response.status_code == 200
    said = response.content.decode()
    assert "entered_in_error_reason" in said
    assert 'name="_save"' not in said
    assert client.post(page, {"action": "x"}).status_code == 403
    assert client.post(reverse("admin:audit_activitylog_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
    assert client.get(reverse("admin:audit_activitylog_add")).status_code == 403


def test_imported_rows_that_were_silent_are_readable(client: Client) -> None:
    with system():
        silent = ActivityLog(action="something.else", legacy_id="65f0", metadata="[1, 2]", resource_id="x" * 300)
        ActivityLog.objects.bulk_create([silent])
    assert client.get(reverse("admin:audit_activitylog_change", args=[silent.pk])).status_code == 200
    assert rows(client, "?q=65f0") == {"something.else"}


def test_looking_at_the_record_is_on_the_record(client: Client, administrator: User) -> None:
    response = client.get(reverse(LOG))
    with system():
        row = ActivityLog.objects.get(request_id=response["X-Request-ID"])
        assert (row.actor_id, row.resource_type, row.purpose) == (
            administrator.pk,
            "activitylog_list",
            "administration",
        )


def test_diffs_and_seals_have_pages(client: Client) -> None:
    allergy = AllergyFactory(reaction="SECRET")
    with system():
        AuditSeal.objects.bulk_create(
            [
                AuditSeal(
                    number=1, floor_sequence=0, after_transaction=0, after_sequence=0, to_transaction=1, to_sequence=1,
                    highest_sequence=1, row_count=0, rows=b"", previous_hash=b"", hash=b"\x1f\x2e\x3d\x4c",
                    signature=b"", sealed_at="2026-11-22T12:00Z",
                )
            ]
        )  # fmt: skip
        diff = LogEntry.objects.get(object_pk=str(allergy.pk))
    found = client.get(reverse("admin:auditlog_logentry_changelist") + f"?q={allergy.pk}")
    assert [entry.pk for entry in found.context["cl"].result_list] == [diff.pk]
    said = client.get(reverse("admin:auditlog_logentry_change", args=[diff.pk])).content.decode()
    assert "Penicillin" in said
    assert "SECRET" not in said
    assert client.get(reverse("admin:audit_auditseal_changelist")).status_code == 200
    assert "1f2e3d4c" in client.get(reverse("admin:audit_auditseal_change", args=[1])).content.decode()
    assert client.get(reverse("admin:admin_logentry_changelist")).status_code == 200


def test_others_are_refused(client_of: ClientOf, patient: User, her_doctor: User) -> None:
    for other in (patient, her_doctor):
        assert client_of(other).get(reverse(LOG), follow=True).status_code == 403
