"""The doctors' queue."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from conversations.models import Conversation, Urgency
from tests.cast import ClientOf, system
from tests.factories import ConversationFactory, MedicalInfoFactory, RedFlagFactory, UserFactory

QUEUE = "/queue/"


def waiting(urgency: Urgency, *, minutes: int, **fields: object) -> Conversation:
    """A case that has waited for some minutes."""
    case: Conversation = ConversationFactory(awaiting=True, urgency=urgency, **fields)
    with system():
        case.submitted_at = timezone.now() - timedelta(minutes=minutes)
        case.save(update_fields=["submitted_at"])
    return case


def test_the_most_urgent_comes_first_and_then_who_waits_longest(client_of: ClientOf, stranger_doctor: User) -> None:
    routine = waiting(Urgency.ROUTINE, minutes=300)
    urgent_late = waiting(Urgency.URGENT, minutes=5)
    urgent_early = waiting(Urgency.URGENT, minutes=50)
    emergency = waiting(Urgency.EMERGENCY, minutes=1)

    page = client_of(stranger_doctor).get(QUEUE)

    assert [case.pk for case in page.context["page"].rows] == [
        emergency.pk,
        urgent_early.pk,
        urgent_late.pk,
        routine.pk,
    ]


def test_a_row_says_who_why_and_how_long(client_of: ClientOf, stranger_doctor: User) -> None:
    ana = UserFactory(first_name="Ana", last_name="Horvat")
    MedicalInfoFactory(patient=ana, sex="female")
    case = waiting(Urgency.EMERGENCY, minutes=130, patient=ana)
    RedFlagFactory(conversation=case, patient=ana, label="Possible heart attack")
    with system():
        case.complaint = "my chest feels tight"
        case.save(update_fields=["complaint"])

    text = client_of(stranger_doctor).get(QUEUE).content.decode()

    for expected in (
        "HORVAT, Ana",
        "Emergency",
        "2 h 10 min",
        "my chest feels tight",
        "Possible heart attack",
        "female",
    ):
        assert expected in text


def test_a_claimed_case_moves_to_mine_and_leaves_the_others_lists(
    client_of: ClientOf, her_doctor: User, stranger_doctor: User
) -> None:
    case = ConversationFactory(claimed=True, doctor=her_doctor)

    assert [row.pk for row in client_of(her_doctor).get(QUEUE, {"tab": "mine"}).context["page"].rows] == [case.pk]
    assert client_of(stranger_doctor).get(QUEUE).context["page"].rows == []


def test_a_conversation_that_still_goes_on_is_not_in_the_queue(client_of: ClientOf, stranger_doctor: User) -> None:
    ConversationFactory()

    page = client_of(stranger_doctor).get(QUEUE)

    assert page.context["page"].rows == []
    assert "No case is waiting." in page.content.decode()


def test_it_is_found_by_the_name_even_when_misspelt(client_of: ClientOf, stranger_doctor: User) -> None:
    wanted = waiting(Urgency.ROUTINE, minutes=1, patient=UserFactory(first_name="Zoë", last_name="Novotná"))
    waiting(Urgency.ROUTINE, minutes=1)

    for phrase in ("novotna", "Novotná Zoe", "novotma"):
        rows = client_of(stranger_doctor).get(QUEUE, {"q": phrase}).context["page"].rows
        assert [row.pk for row in rows] == [wanted.pk], phrase


def test_the_list_can_be_narrowed_to_a_level(client_of: ClientOf, stranger_doctor: User) -> None:
    waiting(Urgency.ROUTINE, minutes=1)
    urgent = waiting(Urgency.URGENT, minutes=1)

    rows = client_of(stranger_doctor).get(QUEUE, {"urgency": "urgent"}).context["page"].rows

    assert [row.pk for row in rows] == [urgent.pk]


def test_pages_follow_each_other_without_gaps(client_of: ClientOf, stranger_doctor: User) -> None:
    cases = {waiting(Urgency.ROUTINE, minutes=number).pk for number in range(1, 31)}
    client = client_of(stranger_doctor)

    first = client.get(QUEUE).context["page"]
    second = client.get(QUEUE + first.next_url).context["page"]
    back = client.get(QUEUE + second.previous_url).context["page"]

    assert {row.pk for row in first.rows} | {row.pk for row in second.rows} == cases
    assert len(first.rows) + len(second.rows) == 30
    assert [row.pk for row in back.rows] == [row.pk for row in first.rows]
    assert second.next_url is None


def test_a_damaged_page_address_is_a_bad_request(client_of: ClientOf, stranger_doctor: User) -> None:
    client = client_of(stranger_doctor)

    assert client.get(QUEUE, {"after": "nonsense"}).status_code == 400
    assert client.get(QUEUE, {"tab": "nonsense"}).status_code == 400


def test_the_help_for_the_keyboard_names_taking_only_where_cases_can_be_taken(
    client_of: ClientOf, stranger_doctor: User
) -> None:
    client = client_of(stranger_doctor)
    assert "data-shortcuts-help" not in client.get(QUEUE).content.decode(), "there is no row to move to"
    ConversationFactory(claimed=True, doctor=stranger_doctor)
    ConversationFactory(awaiting=True)

    assert "take the case of the row" in client.get(QUEUE).content.decode()
    mine = client.get(f"{QUEUE}?tab=mine").content.decode()
    assert "data-shortcuts-help" in mine
    assert "take the case of the row" not in mine


def test_the_number_of_statements_does_not_grow_with_the_queue(
    client_of: ClientOf, stranger_doctor: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = client_of(stranger_doctor)
    for number in range(3):
        waiting(Urgency.ROUTINE, minutes=number)
    with django_assert_max_num_queries(16) as few:
        client.get(QUEUE)
    for number in range(20):
        waiting(Urgency.ROUTINE, minutes=number)
    with django_assert_max_num_queries(16) as many:
        client.get(QUEUE)

    assert len(few) == len(many)


@pytest.mark.parametrize("person", ["patient", "administrator"])
def test_other_roles_are_refused(client_of: ClientOf, person: str, request: pytest.FixtureRequest) -> None:
    assert client_of(request.getfixturevalue(person)).get(QUEUE).status_code == 403


def test_a_doctor_who_waits_for_approval_sees_no_case(client_of: ClientOf, unapproved_doctor: User) -> None:
    waiting(Urgency.EMERGENCY, minutes=1)

    response = client_of(unapproved_doctor).get(QUEUE)

    assert response.status_code == 302
    assert response["Location"] == "/account/waiting/"


@pytest.mark.django_db
def test_a_visitor_is_asked_to_sign_in(client: Client) -> None:
    response = client.get(QUEUE)

    assert response.status_code == 302
    assert response["Location"].startswith("/account/sign-in/")


def test_new_cases_are_announced_without_moving_the_list(client_of: ClientOf, stranger_doctor: User) -> None:
    client = client_of(stranger_doctor)
    since = timezone.now().isoformat()
    waiting(Urgency.EMERGENCY, minutes=0)
    with system():
        Conversation.objects.update(submitted_at=timezone.now() + timedelta(seconds=1))

    text = client.get("/queue/news/", {"since": since}).content.decode()

    assert "1 new case" in text
    assert "1 of them emergency" in text
