"""The demonstration clinic: for an empty database, through the domain, with a believable past."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from conversations.models import Attachment, Conversation, Message, Status, Urgency
from medichat import demo
from medichat.db import encrypted_files
from medichat.management.commands.load_demo import Command
from prescriptions.models import Prescription
from tests.cast import as_person, system
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def test_the_clinic_is_complete_and_has_a_believable_past() -> None:
    """One load for all that is asked of it, because it takes a while."""
    out = StringIO()
    call_command("load_demo", stdout=out)
    assert out.getvalue().splitlines() == list(Command.sign_ins)
    assert demo.PASSWORD in out.getvalue()
    everybody_is_there_and_can_sign_in()
    every_state_and_level_occurs()
    the_times_tell_a_story()
    the_database_keeps_the_times_itself_again()
    the_picture_can_be_opened()
    patients_see_their_own_consultations_only()


def everybody_is_there_and_can_sign_in() -> None:
    with system():
        assert User.objects.count() == 1 + len(demo.DOCTORS) + len(demo.PATIENTS)
        for account in demo.ACCOUNTS:
            assert User.objects.get(email=account.email).check_password(account.password)
        assert User.objects.waiting_for_approval().count() == 1
        assert User.objects.filter(on_duty=True).count() == 1


def every_state_and_level_occurs() -> None:
    with system():
        visits = list(Conversation.objects.all())
        assert len(visits) == len(demo.VISITS)
        assert {visit.status for visit in visits} == set(Status)
        assert {visit.urgency for visit in visits} >= {Urgency.EMERGENCY, Urgency.URGENT, Urgency.ROUTINE}
        assert any(visit.doctor_id and visit.status == Status.AWAITING_DOCTOR for visit in visits)
        assert any(visit.unread_by_patient for visit in visits)
        assert Prescription.objects.count() >= 5


def the_times_tell_a_story() -> None:
    with system():
        for visit in Conversation.objects.all():
            moments = [visit.created_at, visit.submitted_at, visit.responded_at, visit.closed_at]
            known = [moment for moment in moments if moment is not None]
            assert known == sorted(known)
            assert known[-1] <= timezone.now()
        first = Conversation.objects.order_by("created_at")[0]
        assert first.created_at is not None
        assert first.created_at < timezone.now() - timedelta(days=30)
        for prescription in Prescription.objects.select_related("conversation"):
            assert prescription.issued_at is not None
            assert prescription.conversation.responded_at is not None
            assert abs(prescription.issued_at - prescription.conversation.responded_at) < timedelta(minutes=1)


def the_database_keeps_the_times_itself_again() -> None:
    with system():
        assert UserFactory(email="new@example.org").created_at is not None
        person = User.objects.get(email="new@example.org")
        User.objects.filter(pk=person.pk).update(created_at=timezone.now() - timedelta(days=9))
        person.refresh_from_db()
    assert person.created_at is not None
    assert timezone.now() - person.created_at < timedelta(hours=1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('pgtrigger.ignore', true)")
        assert cursor.fetchone()[0] in {"", "{}"}


def the_picture_can_be_opened() -> None:
    with system():
        attachment = Attachment.objects.get()
    assert encrypted_files.open_verified(attachment.pk, attachment.sha256).startswith(b"\xff\xd8")


def patients_see_their_own_consultations_only() -> None:
    with system():
        ana = User.objects.get(email="ana@example.org")
    with as_person(ana):
        assert set(Message.objects.values_list("patient_id", flat=True)) == {ana.pk}


def test_a_database_with_people_is_refused() -> None:
    UserFactory()
    with pytest.raises(CommandError, match="needs an empty one"):
        call_command("load_demo", verbosity=0)


def test_production_is_refused(settings: Settings) -> None:
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="not for production"):
        call_command("load_demo", verbosity=0)
    with system():
        assert not User.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_scanner_that_does_not_answer_is_said(settings: Settings) -> None:
    settings.CLAMAV_SOCKET = "/nowhere/clamd.ctl"
    with pytest.raises(CommandError, match="unset CLAMAV_SOCKET"):
        call_command("load_demo", verbosity=0)
    with system():
        assert not User.objects.exists()
