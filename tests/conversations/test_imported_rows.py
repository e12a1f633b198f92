"""Rows from the previous system on the pages: what was never said is called so, and old things show their day."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from conversations.models import Conversation
from tests.cast import ClientOf, system
from tests.factories import ConversationFactory, MessageFactory

pytestmark = pytest.mark.django_db


def test_a_case_that_nobody_assessed_is_counted_and_does_not_seem_harmless(
    client_of: ClientOf, stranger_doctor: User
) -> None:
    case = ConversationFactory(awaiting=True)
    with system():
        Conversation.objects.filter(pk=case.pk).update(legacy_id="old", urgency=None)
    page = client_of(stranger_doctor).get("/queue/")
    assert page.context["counts"]["not_assessed"] == 1
    shown = page.content.decode()
    assert '<td data-label="Red flags"><span class="muted">not assessed</span></td>' in shown


def test_an_assessed_case_without_red_flags_has_none(client_of: ClientOf, stranger_doctor: User) -> None:
    ConversationFactory(awaiting=True)
    page = client_of(stranger_doctor).get("/queue/")
    assert page.context["counts"]["not_assessed"] == 0
    assert '<td data-label="Red flags"><span class="muted">none</span></td>' in page.content.decode()


def test_a_transcript_names_the_day_when_it_begins_and_when_it_changes(
    client_of: ClientOf, patient: User, her_doctor: User
) -> None:
    case = ConversationFactory(patient=patient, answered=True, doctor=her_doctor)
    for position, moment in enumerate([(5, 9), (5, 10), (6, 9)]):
        sent = datetime(2021, 3, moment[0], moment[1], tzinfo=UTC)
        MessageFactory(conversation=case, position=position, sent_at=sent)
    page = client_of(her_doctor).get(f"/cases/{case.pk}/").content.decode()
    assert page.count(">05-Mar-2021 ") == 1
    assert page.count(">06-Mar-2021 ") == 1


def test_a_case_of_unknown_state_says_so(client_of: ClientOf, patient: User, her_doctor: User) -> None:
    case = ConversationFactory(patient=patient, answered=True, doctor=her_doctor)
    with system():
        Conversation.objects.filter(pk=case.pk).update(legacy_id="old", status=None)
    assert "State not recorded" in client_of(her_doctor).get(f"/cases/{case.pk}/").content.decode()


def test_of_many_unread_answers_the_latest_stands_out_and_all_are_there(
    client_of: ClientOf, patient: User, her_doctor: User
) -> None:
    cases = [ConversationFactory(patient=patient, answered=True, doctor=her_doctor) for _ in range(3)]
    with system():
        for back, case in enumerate(reversed(cases)):
            moment = timezone.now() - timedelta(days=back)
            Conversation.objects.filter(pk=case.pk).update(responded_at=moment)
    page = client_of(patient).get("/home/", follow=True).content.decode()
    assert page.count("card--link") == 1
    assert "More answers you have not read" in page
    assert all(f"/consultations/{case.pk}/" in page for case in cases)
    assert page.index(f"/consultations/{cases[-1].pk}/") < page.index(f"/consultations/{cases[0].pk}/")


@pytest.mark.parametrize("nothing_of", ["responded_at", "status"])
def test_an_answer_without_a_time_or_a_state_is_in_its_doctors_list_behind_the_later_ones(
    client_of: ClientOf, patient: User, her_doctor: User, nothing_of: str
) -> None:
    old, new = (ConversationFactory(patient=patient, answered=True, doctor=her_doctor) for _ in range(2))
    long_ago = datetime(2021, 3, 5, 9, tzinfo=UTC)
    with system():
        Conversation.objects.filter(pk=old.pk).update(
            **{"legacy_id": "old", "submitted_at": long_ago, "responded_at": long_ago, nothing_of: None}
        )
    page = client_of(her_doctor).get("/queue/?tab=answered")
    assert [row.pk for row in page.context["page"].rows] == [new.pk, old.pk]
    assert ("time not recorded" in page.content.decode()) is (nothing_of == "responded_at")


def test_pages_of_answers_without_a_time_leave_none_out(
    client_of: ClientOf, patient: User, her_doctor: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("medichat.paging.page_of.__defaults__", (2,))
    cases = [ConversationFactory(patient=patient, answered=True, doctor=her_doctor) for _ in range(5)]
    with system():
        for number, case in enumerate(cases[:3]):
            Conversation.objects.filter(pk=case.pk).update(legacy_id=f"old{number}", responded_at=None)
    seen: list[object] = []
    address: str | None = "/queue/?tab=answered"
    while address:
        page = client_of(her_doctor).get(address).context["page"]
        seen += [row.pk for row in page.rows]
        address = page.next_url and f"/queue/{page.next_url}"
    assert sorted(map(str, seen)) == sorted(str(case.pk) for case in cases)
