"""Putting a consultation away: for this person only, and back."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from conversations.models import Archive, Conversation
from tests.cast import ClientOf, as_person, system
from tests.factories import ConversationFactory


def archive(client_of: ClientOf, who: User, case: Conversation) -> int:
    return client_of(who).post(reverse("conversations:archive", args=[case.pk])).status_code


def listed(client_of: ClientOf, patient: User, query: str = "") -> list[Conversation]:
    page = client_of(patient).get(reverse("conversations:history") + query)
    rows: list[Conversation] = page.context["page"].rows
    return rows


def test_it_moves_to_the_other_list_and_back(patient: User, client_of: ClientOf) -> None:
    case = ConversationFactory(patient=patient, answered=True)
    assert listed(client_of, patient) == [case]
    assert archive(client_of, patient, case) == 302
    assert listed(client_of, patient) == []
    assert listed(client_of, patient, "?show=archived") == [case]
    client_of(patient).post(reverse("conversations:unarchive", args=[case.pk]))
    assert listed(client_of, patient) == [case]


def test_the_doctor_keeps_the_case(patient: User, her_doctor: User, client_of: ClientOf) -> None:
    case = ConversationFactory(patient=patient, answered=True, doctor=her_doctor)
    archive(client_of, patient, case)
    with as_person(her_doctor):
        assert case in Conversation.objects.visible_to(her_doctor).not_archived_by(her_doctor)


def test_twice_is_harmless(patient: User, client_of: ClientOf) -> None:
    case = ConversationFactory(patient=patient, answered=True)
    archive(client_of, patient, case)
    assert archive(client_of, patient, case) == 302
    with system():
        assert Archive.objects.count() == 1


def test_a_running_consultation_is_not_put_away(consultation: Conversation, client_of: ClientOf) -> None:
    archive(client_of, consultation.patient, consultation)
    assert listed(client_of, consultation.patient) == [consultation]


def test_a_stranger_puts_nothing_away(patient: User, another_patient: User, client_of: ClientOf) -> None:
    case = ConversationFactory(patient=patient, answered=True)
    assert archive(client_of, another_patient, case) == 404
    with system():
        assert not Archive.objects.exists()


def test_the_list_is_paged_by_visit_number(patient: User, client_of: ClientOf) -> None:
    for _ in range(27):
        ConversationFactory(patient=patient, awaiting=True)
    client = client_of(patient)
    first = client.get(reverse("conversations:history")).context["page"]
    assert [case.visit_number for case in first.rows] == list(range(27, 2, -1))
    second = client.get(reverse("conversations:history") + first.next_url).context["page"]
    assert [case.visit_number for case in second.rows] == [2, 1]
    assert second.next_url is None


def test_a_damaged_page_address_is_a_bad_request(patient: User, client_of: ClientOf) -> None:
    assert client_of(patient).get(reverse("conversations:history") + "?after=nonsense").status_code == 400


@pytest.mark.parametrize("page", ["history", "home"])
def test_the_number_of_statements_does_not_grow_with_the_consultations(
    patient: User, client_of: ClientOf, page: str
) -> None:
    client, url = client_of(patient), reverse(f"conversations:{page}")
    for state in ({"awaiting": True}, {"answered": True}):
        ConversationFactory(patient=patient, **state)
    client.get(url)
    with CaptureQueriesContext(connection) as few:
        client.get(url)
    for _ in range(4):
        ConversationFactory(patient=patient, awaiting=True)
        ConversationFactory(patient=patient, answered=True)
    with CaptureQueriesContext(connection) as many:
        client.get(url)
    assert len(many) == len(few)
    assert len(many) <= 20
