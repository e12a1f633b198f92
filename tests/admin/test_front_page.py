"""The front page of the administration: what needs attention, and figures of the last days."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from audit.actions import Action
from audit.models import ActivityLog
from conversations.models import Conversation, Urgency
from medichat.front_page import DailyChart, FrontPage, MeasuredTime, Notice, Period, Series, Weight, gather
from tests.cast import ClientOf, as_person, system
from tests.factories import (
    ConversationFactory,
    DoctorFactory,
    EmergencyAccessFactory,
    EmergencyReviewFactory,
    MessageFactory,
)
from tests.plans import explained, nodes_of
from tests.sealing import seal_settled_log

FRONT_PAGE = "/admin/"
NOON = timezone.make_aware(datetime(2026, 3, 15, 12))  # noqa: DTZ001  # made aware of the clinic's zone right here


@pytest.fixture
def page(client_of: ClientOf, administrator: User) -> Callable[[], FrontPage]:
    """Opens the page as an administrator and gives what it shows."""
    client = client_of(administrator)

    def opened() -> FrontPage:
        shown = client.get(FRONT_PAGE).context["front_page"]
        assert isinstance(shown, FrontPage)
        return shown

    return opened


def waiting(urgency: Urgency, *, minutes: int, claimed: bool = False) -> Conversation:
    """A case that has waited for some minutes."""
    case: Conversation = ConversationFactory(awaiting=not claimed, claimed=claimed, urgency=urgency)
    with system():
        Conversation.objects.filter(pk=case.pk).update(submitted_at=timezone.now() - timedelta(minutes=minutes))
    return case


def answered(urgency: Urgency, *, days_ago: int, after: timedelta) -> None:
    """A case that was answered some days ago, so long after it was sent."""
    case = ConversationFactory(answered=True, urgency=urgency)
    moment = timezone.now() - timedelta(days=days_ago)
    with system():
        Conversation.objects.filter(pk=case.pk).update(responded_at=moment, submitted_at=moment - after)


def logged(action: Action, *, hours_ago: float = 1, address: str = "192.0.2.7") -> None:
    """A row of the log from some hours ago."""
    with system():
        ActivityLog.objects.create(
            action=action,
            occurred_at=timezone.now() - timedelta(hours=hours_ago),
            actor_role="anonymous",
            status="failure",
            severity="warning",
            resource_type="user",
            address=address,
        )


def notice(page: FrontPage, words: str) -> Notice:
    """The one notice with these words."""
    (found,) = [notice for notice in page.notices if words in notice.what]
    return found


def chart(page: FrontPage, title: str) -> dict[str, tuple[int, int]]:
    """The series of a chart: how many in 7 and in 30 days."""
    (found,) = [chart for chart in page.charts if chart.title == title]
    return {strip.label: (strip.week, strip.month) for strip in found.strips}


def listed(client: Client, notice: Notice) -> set[object]:
    """The keys of the rows in the list to which a notice leads."""
    response = client.get(notice.address)
    assert response.status_code == 200
    return {row.pk for row in response.context["cl"].result_list}


def test_nothing_needs_attention(client_of: ClientOf, administrator: User, her_doctor: User) -> None:
    response = client_of(administrator).get(FRONT_PAGE)
    assert response.context["front_page"].notices == []
    assert "Nothing needs attention." in response.content.decode()
    assert "/admin/records/allergy/" in response.content.decode(), "the list of all tables stays"


def test_doctors_to_approve(
    client_of: ClientOf, administrator: User, unapproved_doctor: User, her_doctor: User, page: Callable[[], FrontPage]
) -> None:
    DoctorFactory(approved_at=None, is_active=False)
    found = notice(page(), "1 doctor waits for approval")
    assert found.weight == Weight.TASK
    assert listed(client_of(administrator), found) == {unapproved_doctor.pk}


def test_that_nobody_can_answer(page: Callable[[], FrontPage], unapproved_doctor: User) -> None:
    assert notice(page(), "No doctor is approved").weight == Weight.TROUBLE
    DoctorFactory()
    assert "No doctor is approved" not in {notice.what for notice in page().notices}


def test_emergencies_that_nobody_has_taken_come_first(
    client_of: ClientOf, administrator: User, unapproved_doctor: User, page: Callable[[], FrontPage]
) -> None:
    emergency = waiting(Urgency.EMERGENCY, minutes=1)
    waiting(Urgency.EMERGENCY, minutes=1, claimed=True)
    waiting(Urgency.URGENT, minutes=1)
    first = page().notices[0]
    assert (first.weight, first.what) == (Weight.DANGER, "1 emergency that nobody has taken")
    assert listed(client_of(administrator), first) == {emergency.pk}


def test_cases_past_the_target_of_their_level_taken_or_not(
    client_of: ClientOf, administrator: User, page: Callable[[], FrontPage]
) -> None:
    late = [
        waiting(Urgency.EMERGENCY, minutes=6, claimed=True),
        waiting(Urgency.URGENT, minutes=4 * 60 + 1),
        waiting(Urgency.ROUTINE, minutes=26 * 60),
    ]
    waiting(Urgency.URGENT, minutes=4 * 60 - 1)
    waiting(Urgency.SELF_CARE, minutes=71 * 60)
    answered(Urgency.URGENT, days_ago=0, after=timedelta(days=2))
    found = notice(page(), "3 cases wait past their target")
    assert found.more == "1 emergency, 1 urgent, 1 routine; the longest wait is 1 d 2 h."
    assert listed(client_of(administrator), found) == {case.pk for case in late}


def test_failed_sign_ins_of_the_last_24_hours(
    client_of: ClientOf, administrator: User, page: Callable[[], FrontPage]
) -> None:
    logged(Action.SIGN_IN_FAILED, address="192.0.2.7")
    logged(Action.SIGN_IN_FAILED, address="192.0.2.7", hours_ago=23)
    logged(Action.SIGN_IN_FAILED, address="2001:db8::1")
    logged(Action.SIGN_IN_FAILED, hours_ago=25)
    logged(Action.SIGNED_IN)
    found = notice(page(), "3 sign-ins failed in the last 24 hours")
    assert (found.weight, found.more) == (Weight.NOTE, "From 2 network addresses.")
    with system():
        expected = ActivityLog.objects.filter(
            action=Action.SIGN_IN_FAILED, occurred_at__gt=timezone.now() - timedelta(hours=24)
        )
        assert listed(client_of(administrator), found) == set(expected.values_list("pk", flat=True))


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (Action.REQUEST_FAILED, "1 page failed in the last 24 hours"),
        (Action.BREAK_GLASS_REFUSED, "1 emergency access named nobody in the last 24 hours"),
    ],
)
def test_what_else_the_log_of_the_last_day_tells(
    client_of: ClientOf, administrator: User, page: Callable[[], FrontPage], action: Action, words: str
) -> None:
    logged(action)
    logged(action, hours_ago=30)
    assert len(listed(client_of(administrator), notice(page(), words))) == 1


def test_emergency_accesses_until_somebody_has_judged_them(
    client_of: ClientOf, administrator: User, page: Callable[[], FrontPage]
) -> None:
    waiting_for_review = EmergencyAccessFactory()
    EmergencyReviewFactory()
    found = notice(page(), "1 emergency access to review")
    assert found.weight == Weight.TASK
    assert listed(client_of(administrator), found) == {waiting_for_review.pk}


def test_rows_that_should_have_been_sealed(page: Callable[[], FrontPage]) -> None:
    logged(Action.SIGNED_IN, hours_ago=0.1)
    assert "The record is not sealed" not in {notice.what for notice in page().notices}, "it is not due yet"
    logged(Action.SIGNED_IN, hours_ago=1)
    found = notice(page(), "The record is not sealed")
    assert found.more.startswith("No seal yet")


@pytest.mark.django_db(transaction=True)
def test_a_sealed_record_needs_no_attention(administrator: User) -> None:
    logged(Action.SIGNED_IN, hours_ago=1)

    def said(now: datetime) -> list[str]:
        with as_person(administrator):
            return [notice.more for notice in gather(administrator, now=now).notices if "sealed" in notice.what]

    assert len(said(timezone.now())) == 1
    seal_settled_log()
    assert said(timezone.now()) == []
    logged(Action.SIGNED_IN, hours_ago=0)
    assert said(timezone.now()) == []
    later = timezone.now() + timedelta(minutes=16)
    assert [more.startswith("The last seal is of ") for more in said(later)] == [True]


def test_consultations_and_messages_by_day(page: Callable[[], FrontPage]) -> None:
    for days_ago in (0, 6, 7, 29, 30):
        answered(Urgency.ROUTINE, days_ago=days_ago, after=timedelta())
    waiting(Urgency.ROUTINE, minutes=0)
    case = ConversationFactory()
    for days_ago in (0, 6, 7, 29, 30):
        MessageFactory(conversation=case, sent_at=timezone.now() - timedelta(days=days_ago))
    MessageFactory(conversation=case, sender="assistant")
    shown = page()
    assert chart(shown, "Consultations") == {"Sent to the doctors": (3, 5), "Answered": (2, 4)}
    assert chart(shown, "Messages") == {"From patients": (2, 4)}


def test_sign_ins_by_day(page: Callable[[], FrontPage]) -> None:
    for days_ago in (0, 6, 7, 29, 30):
        logged(Action.SIGNED_IN, hours_ago=24 * days_ago)
    logged(Action.SIGN_IN_FAILED, hours_ago=0)
    assert chart(page(), "Sign-ins") == {"Signed in": (2, 4), "Failed": (1, 1)}


def test_the_median_time_to_the_answer_by_urgency(page: Callable[[], FrontPage]) -> None:
    for days_ago, hours in ((0, 1), (1, 2), (2, 9), (20, 20), (21, 21), (40, 500)):
        answered(Urgency.URGENT, days_ago=days_ago, after=timedelta(hours=hours))
    answered(Urgency.ROUTINE, days_ago=10, after=timedelta(hours=3))
    (table,) = page().tables
    times = {time.label: (time.week, time.month) for time in table.times}
    assert times["Urgent"] == (timedelta(hours=2), timedelta(hours=9))
    assert times["Routine"] == (None, timedelta(hours=3))
    assert times["Emergency"] == (None, None)
    assert [time.is_late for time in table.times] == [False, True, False, False]


def test_the_page_needs_as_many_statements_for_much_as_for_little(
    client_of: ClientOf, administrator: User, her_doctor: User
) -> None:
    client = client_of(administrator)

    def statements() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert client.get(FRONT_PAGE).status_code == 200
        return len(asked)

    statements()
    little = statements()
    for _ in range(3):
        waiting(Urgency.EMERGENCY, minutes=10)
        answered(Urgency.URGENT, days_ago=1, after=timedelta(hours=1))
        MessageFactory()
        logged(Action.SIGN_IN_FAILED)
        DoctorFactory(approved_at=None)
    assert statements() == little
    # 14 of its panels; the rest is the request's own (context, session, person) and the admin's.
    assert little <= 24


def test_no_table_is_read_beyond_the_period(client_of: ClientOf, administrator: User) -> None:
    """With so few rows PostgreSQL would read whole tables; told not to, it shows which indexes it can use."""
    client = client_of(administrator)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    with explained() as statements:
        client.get(FRONT_PAGE)
    months, counted = set(), 0
    for statement in statements:
        found = re.search(r'FROM "(conversations|messages|activity_logs)"', statement.sql)
        if not found:
            continue
        counted += 1
        nodes = list(nodes_of(statement.plan))
        assert not [node for node in nodes if node["Node Type"] == "Seq Scan"], statement.sql
        # Within times, or among the cases that wait.
        by_time = [
            node for node in nodes if re.search(r"(submitted|responded|sent|occurred)_at >", node.get("Index Cond", ""))
        ]
        waiting_only = [node for node in nodes if node.get("Index Name") == "conversations_queue"]
        assert by_time or waiting_only, statement.sql
        months |= {node["Relation Name"] for node in nodes if node.get("Relation Name", "").startswith("activity_logs")}
    assert counted == 9
    # Thirty days lie in three months at most, and there is what has no month: not the two years that are made ahead.
    assert 0 < len(months) <= 4


@pytest.mark.parametrize("who", ["patient", "her_doctor", "unapproved_doctor"])
def test_nobody_else_sees_it(request: pytest.FixtureRequest, client_of: ClientOf, who: str) -> None:
    response = client_of(request.getfixturevalue(who)).get(FRONT_PAGE, follow=True)
    assert response.status_code == 403
    assert "Needs attention" not in response.content.decode()


def test_visitors_do_not_see_it(client: Client, db: None) -> None:
    assert client.get(FRONT_PAGE).status_code == 302


def test_it_names_no_patient(client_of: ClientOf, administrator: User, patient: User) -> None:
    ConversationFactory(patient=patient, awaiting=True, urgency=Urgency.EMERGENCY)
    said = client_of(administrator).get(FRONT_PAGE).content.decode()
    assert "1 emergency that nobody has taken" in said
    assert "Horvat" not in said


def test_a_picture_is_told_in_words_and_styled_without_style_attributes(
    client_of: ClientOf, administrator: User
) -> None:
    answered(Urgency.ROUTINE, days_ago=0, after=timedelta(hours=1))
    said = client_of(administrator).get(FRONT_PAGE).content.decode()
    assert "1 in the last 7 days, 1 in 30. The busiest day was" in said
    pictures = re.findall(r"<svg.*?</svg>", said, re.DOTALL)
    assert len([picture for picture in pictures if "<desc" in picture]) == 7
    assert not [picture for picture in pictures if "style=" in picture]


def test_a_period_ends_with_today() -> None:
    period = Period(NOON)
    assert (len(period.days), period.days[-1]) == (30, NOON.date())
    assert timezone.localtime(period.begins).date() == period.days[0]
    assert period.ends - period.week_begins == timedelta(days=7)


def test_strips_of_a_chart_have_one_scale_and_a_single_one_is_seen() -> None:
    days = Period(NOON).days
    many, few = DailyChart("", days, [Series("", {days[0]: 500}), Series("", {days[-1]: 1})]).strips
    assert (many.bars[0].height, few.bars[-1].height) == (DailyChart.HEIGHT, 2)
    assert few.bars[0].height == 0
    assert [bar.is_of_week for bar in few.bars].count(True) == 7
    assert few.busiest.day == days[-1]


def test_a_time_is_drawn_beside_its_target() -> None:
    target = timedelta(hours=4)

    def drawn(month: timedelta | None) -> tuple[int, bool]:
        time = MeasuredTime("", None, month, target)
        return time.length, time.is_late

    assert drawn(None) == (0, False)
    assert drawn(target) == (50, False)
    assert drawn(target * 2) == (100, True)
    assert drawn(target * 40) == (100, True)
    assert drawn(timedelta(seconds=1)) == (1, False)
