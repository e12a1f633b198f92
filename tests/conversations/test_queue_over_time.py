"""The queue while time passes: who waits too long rises, and an emergency calls until somebody comes."""

from datetime import datetime, timedelta

import pytest
from django.core import mail
from django.utils import timezone

from accounts.models import User
from audit.models import ActivityLog
from conversations.models import Conversation, Urgency
from conversations.models.queue import raise_overdue, rank_after
from conversations.periodic import announce_emergencies
from medichat.db.context import acting_as, system
from medichat.periodic import JobFailed
from tests.factories import ConversationFactory, DoctorFactory

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("urgency", "hours", "rank"),
    [
        (Urgency.SELF_CARE, 71, 3),
        (Urgency.SELF_CARE, 73, 2),
        (Urgency.SELF_CARE, 95, 2),
        (Urgency.SELF_CARE, 97, 1),
        (Urgency.ROUTINE, 23, 2),
        (Urgency.ROUTINE, 25, 1),
        (Urgency.URGENT, 1000, 1),
        (Urgency.EMERGENCY, 1000, 0),
    ],
)
def test_a_case_rises_one_level_for_each_target_and_never_into_emergency(
    urgency: Urgency, hours: int, rank: int
) -> None:
    assert rank_after(urgency, hours * HOUR) == rank


def waiting(urgency: Urgency, since: timedelta) -> Conversation:
    conversation: Conversation = ConversationFactory(awaiting=True, urgency=urgency)
    with system():
        Conversation.objects.filter(pk=conversation.pk).update(submitted_at=timezone.now() - since)
    return conversation


def raised(now: datetime | None = None) -> int:
    with system():
        return raise_overdue(now=now)


@pytest.mark.django_db
def test_an_overdue_case_rises_and_keeps_its_urgency() -> None:
    conversation = waiting(Urgency.ROUTINE, 25 * HOUR)
    assert raised() == 1
    assert raised() == 0
    with system():
        conversation.refresh_from_db()
        assert (conversation.queue_rank, conversation.urgency) == (1, "routine")
        row = ActivityLog.objects.get(action="conversation.overdue")
        assert (row.resource_id, row.actor_role) == (str(conversation.pk), "system")


@pytest.mark.django_db
def test_who_waits_within_the_target_or_has_an_answer_stays() -> None:
    waiting(Urgency.ROUTINE, 23 * HOUR)
    waiting(Urgency.URGENT, 100 * HOUR)
    answered = ConversationFactory(answered=True)
    with system():
        Conversation.objects.filter(pk=answered.pk).update(submitted_at=timezone.now() - 100 * HOUR)
    assert raised() == 0


@pytest.mark.django_db
def test_a_risen_case_comes_before_a_younger_one_of_that_level() -> None:
    old = waiting(Urgency.ROUTINE, 25 * HOUR)
    young = waiting(Urgency.URGENT, HOUR)
    raised()
    with system():
        assert list(Conversation.objects.waiting().most_urgent_first()) == [old, young]


@pytest.mark.django_db
class TestEmergencies:
    """Told to the doctors on duty, every five minutes, until somebody takes the case."""

    @pytest.fixture
    def on_duty(self) -> User:
        DoctorFactory(email="off@example.org")
        DoctorFactory(email="unapproved@example.org", on_duty=True, approved_at=None)
        doctor: User = DoctorFactory(email="on@example.org", on_duty=True)
        return doctor

    def later(self, conversation: Conversation, minutes: int) -> None:
        """As if the last announcement had been so long ago."""
        with system():
            earlier = timezone.now() - timedelta(minutes=minutes)
            Conversation.objects.filter(pk=conversation.pk).update(announced_at=earlier)

    def test_doctors_on_duty_get_a_link_and_nothing_about_the_patient(self, on_duty: User) -> None:
        conversation = waiting(Urgency.EMERGENCY, timedelta())
        assert announce_emergencies() == "1 announced to 1 doctor(s)"
        (message,) = mail.outbox
        assert message.to == ["on@example.org"]
        assert f"/cases/{conversation.pk}/" in message.body
        said = f"{message.subject} {message.body}"
        for private in (conversation.patient.first_name, conversation.patient.last_name, "knee"):
            assert private not in said
        with system():
            assert ActivityLog.objects.filter(action="emergency.announced", resource_id=conversation.pk).count() == 1

    def test_once_in_five_minutes(self, on_duty: User) -> None:
        conversation = waiting(Urgency.EMERGENCY, timedelta())
        announce_emergencies()
        self.later(conversation, 4)
        assert announce_emergencies() == "none"
        self.later(conversation, 5)
        announce_emergencies()
        assert len(mail.outbox) == 2

    def test_until_somebody_takes_it(self, on_duty: User) -> None:
        conversation = waiting(Urgency.EMERGENCY, timedelta())
        announce_emergencies()
        with acting_as(on_duty):
            conversation.claim(by=on_duty)
        self.later(conversation, 10)
        assert announce_emergencies() == "none"

    def test_what_is_no_emergency_is_not_announced(self, on_duty: User) -> None:
        waiting(Urgency.URGENT, 100 * HOUR)
        assert announce_emergencies() == "none"
        assert mail.outbox == []

    def test_when_nobody_is_on_duty_every_approved_doctor_is_told(self) -> None:
        DoctorFactory(email="one@example.org")
        DoctorFactory(email="two@example.org")
        DoctorFactory(email="unapproved@example.org", approved_at=None)
        waiting(Urgency.EMERGENCY, timedelta())
        announce_emergencies()
        assert sorted(to for message in mail.outbox for to in message.to) == ["one@example.org", "two@example.org"]

    def test_when_there_is_no_doctor_at_all_the_operator_is_told(self) -> None:
        waiting(Urgency.EMERGENCY, timedelta())
        with pytest.raises(JobFailed, match="no approved doctor"):
            announce_emergencies()

    def test_when_the_mail_cannot_be_sent_it_is_tried_again_at_once(
        self, on_duty: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        waiting(Urgency.EMERGENCY, timedelta())

        def unreachable(*_: object) -> int:
            raise ConnectionRefusedError

        with monkeypatch.context() as broken:
            broken.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", unreachable)
            with pytest.raises(JobFailed, match="EMAIL_HOST"):
                announce_emergencies()
        assert announce_emergencies() == "1 announced to 1 doctor(s)"
