"""Every signal of the other apps becomes a row that says who, whose and what, and never a value."""

import json
import uuid
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest
from django.dispatch import Signal

from accounts import signals as accounts
from accounts.models import User
from audit.models import ActivityLog
from conversations import signals as conversations
from conversations.models import Answer, Conversation, Urgency
from medichat.db.context import acting_as, system
from prescriptions import signals as prescriptions
from records import signals as records
from records.models import CareRelation, EmergencyReason
from records.models.emergency import break_glass
from tests.factories import (
    AllergyFactory,
    AttachmentFactory,
    ConversationFactory,
    MessageFactory,
    PrescriptionAlertFactory,
    PrescriptionFactory,
    SessionFactory,
)

pytestmark = pytest.mark.django_db

FIELDS = [field.name for field in ActivityLog._meta.get_fields()]


@pytest.fixture(autouse=True)
def in_a_context(db: None) -> Iterator[None]:
    """Signals are sent where something happens, and there is always a context (nobody may write as somebody else)."""
    with system():
        yield


class Since:
    """The rows that were written since it was made."""

    def __init__(self) -> None:
        with system():
            self.known = set(ActivityLog.objects.values_list("pk", flat=True))

    def rows(self) -> list[ActivityLog]:
        with system():
            return list(ActivityLog.objects.exclude(pk__in=self.known).order_by("sequence"))


def in_words(row: ActivityLog) -> str:
    """Everything a row says, decrypted."""
    with system():
        return json.dumps([str(getattr(row, name)) for name in FIELDS])


@pytest.mark.parametrize("module", [accounts, records, conversations, prescriptions])
def test_every_signal_is_listened_to(module: ModuleType) -> None:
    unheard = [name for name, signal in vars(module).items() if isinstance(signal, Signal) and not signal.receivers]
    assert unheard == []


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("registered", "user.register"),
        ("signed_out", "user.logout"),
        ("password_changed", "user.password.changed"),
    ],
)
def test_what_people_do_with_their_account(patient: User, name: str, action: str) -> None:
    since = Since()
    getattr(accounts, name).send(User, user=patient, stated={})
    (row,) = since.rows()
    assert (row.action, row.actor_id, row.patient_id, row.actor_role) == (action, patient.pk, patient.pk, "patient")


def test_signing_in_names_the_session(patient: User) -> None:
    session = SessionFactory(user=patient)
    since = Since()
    accounts.signed_in.send(User, user=patient, session=session)
    (row,) = since.rows()
    assert (row.action, json.loads(row.metadata or "")) == ("user.login", {"session": str(session.pk)})


def test_ending_a_session_names_it(patient: User) -> None:
    session = SessionFactory(user=patient)
    since = Since()
    accounts.session_ended.send(User, user=patient, session=session, reason="idle")
    (row,) = since.rows()
    assert (row.action, row.resource_id, row.actor_role) == ("session.ended", str(patient.pk), "system")


@pytest.mark.parametrize("name", ["sign_in_failed", "password_reset_requested"])
def test_who_has_proved_nothing_is_not_the_actor(patient: User, name: str) -> None:
    since = Since()
    getattr(accounts, name).send(User, user=patient)
    getattr(accounts, name).send(User, user=None)
    known, unknown = since.rows()
    assert (known.actor_id, known.actor_role, known.resource_id) == (None, "anonymous", str(patient.pk))
    assert (unknown.actor_id, unknown.actor_role, unknown.resource_id) == (None, "anonymous", None)


def test_a_profile_s_changed_fields_are_named_without_their_values(patient: User) -> None:
    since = Since()
    accounts.profile_updated.send(User, user=patient, fields=["phone", "email"])
    (row,) = since.rows()
    assert json.loads(row.metadata or "") == {"fields": ["email", "phone"]}
    assert patient.email not in in_words(row)


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("approved", "doctor.approved"),
        ("approval_withdrawn", "doctor.approval_withdrawn"),
        ("deactivated", "user.deactivated"),
        ("reactivated", "user.activated"),
    ],
)
def test_what_administrators_do_to_accounts(her_doctor: User, administrator: User, name: str, action: str) -> None:
    since = Since()
    getattr(accounts, name).send(User, user=her_doctor, by=administrator)
    (row,) = since.rows()
    assert (row.action, row.actor_id, row.resource_id) == (action, administrator.pk, str(her_doctor.pk))
    assert row.purpose == "administration"


@pytest.mark.parametrize(
    ("kind", "action"),
    [
        ("chart", "patient.viewed"),
        ("conversation", "conversation.viewed"),
        ("prescription", "prescription.viewed"),
        ("queue", "data.viewed"),
    ],
)
@pytest.mark.parametrize("why", ["own", "care", "break_glass", "administration"])
def test_a_view_says_what_and_why(patient: User, her_doctor: User, kind: str, action: str, why: str) -> None:
    since, seen = Since(), uuid.uuid4()
    with acting_as(her_doctor):
        accounts.viewed.send(
            Conversation, by=her_doctor, patient_id=patient.pk, resource_type=kind, resource_id=seen, why=why
        )
    (row,) = since.rows()
    assert (row.action, row.purpose, row.patient_id, row.actor_id) == (action, why, patient.pk, her_doctor.pk)
    assert (row.resource_type, row.resource_id) == (kind, str(seen))


def test_a_view_without_a_reason_is_refused(patient: User, her_doctor: User) -> None:
    with pytest.raises(ValueError, match="curiosity"):
        accounts.viewed.send(Conversation, by=her_doctor, patient_id=patient.pk, resource_type="chart", why="curiosity")


def test_a_whole_case_leaves_its_steps_and_none_of_its_words(patient: User, her_doctor: User) -> None:
    since = Since()
    with acting_as(patient):
        conversation = Conversation.start(patient=patient)
        conversation.complaint = "SECRET complaint"
        conversation.save(update_fields=["complaint"])
        conversation.submit(urgency=Urgency.ROUTINE)
        conversation.set_urgency(Urgency.URGENT)
    with acting_as(her_doctor):
        conversation.claim(by=her_doctor)
        conversation.release(by=her_doctor, reason="SECRET reason")
        conversation.answer(
            Answer(diagnosis="SECRET diagnosis", referrals="SECRET referral", private_note="SECRET note"), by=her_doctor
        )
        conversation.archive(by=her_doctor)
        conversation.unarchive(by=her_doctor)
    with acting_as(patient):
        conversation.mark_read(by=patient)
        conversation.close(by=patient)
    rows = since.rows()
    assert [row.action for row in rows] == [
        "conversation.created",
        "conversation.submitted",
        "conversation.urgency_raised",
        "conversation.claimed",
        "note.written",  # why it is given back
        "conversation.released",
        "conversation.claimed",
        "note.written",
        "diagnosis.created",
        "referral.created",
        "conversation.archived",
        "conversation.unarchived",
        "message.read",
        "conversation.closed",
    ]
    assert {row.patient_id for row in rows} == {patient.pk}
    assert {row.resource_id for row in rows} == {str(conversation.pk)}
    assert all("SECRET" not in in_words(row) and patient.email not in in_words(row) for row in rows)
    assert [row.purpose for row in rows if row.actor_id == her_doctor.pk] == ["care"] * 9


@pytest.mark.parametrize(
    ("signal", "make", "word", "action"),
    [
        (conversations.message_sent, MessageFactory, "message", "message.sent"),
        (conversations.file_attached, AttachmentFactory, "attachment", "file.uploaded"),
        (conversations.file_downloaded, AttachmentFactory, "attachment", "file.downloaded"),
    ],
)
def test_parts_of_a_case_are_named_with_their_case(
    patient: User, signal: Signal, make: Callable[..., Any], word: str, action: str
) -> None:
    part = make(conversation=ConversationFactory(patient=patient))
    since = Since()
    signal.send(type(part), conversation=part.conversation, by=patient, **{word: part})
    (row,) = since.rows()
    assert (row.action, row.resource_id, row.purpose) == (action, str(part.pk), "own")
    assert json.loads(row.metadata or "") == {"conversation": str(part.conversation.pk)}


def test_prescriptions_from_the_first_day_to_the_last(patient: User, her_doctor: User) -> None:
    prescription = PrescriptionFactory(
        conversation=ConversationFactory(patient=patient, doctor=her_doctor, answered=True), medication_name="SECRET"
    )
    alert = PrescriptionAlertFactory(prescription=prescription, title="SECRET")
    since = Since()
    prescriptions.prescribed.send(type(prescription), prescription=prescription, by=her_doctor)
    prescriptions.alert_overridden.send(type(alert), prescription=prescription, by=her_doctor, alert=alert)
    prescriptions.downloaded.send(
        type(prescription), conversation=prescription.conversation, prescriptions=[prescription], by=patient
    )
    with acting_as(her_doctor):
        prescription.cancel(by=her_doctor, reason="SECRET")
    prescriptions.completed.send(type(prescription), prescription=prescription, by=her_doctor)
    prescriptions.expired.send(type(prescription), prescription=prescription)
    rows = since.rows()
    assert [row.action for row in rows] == [
        "prescription.created",
        "prescription.alert_overridden",
        "prescription.downloaded",
        "prescription.cancelled",
        "prescription.completed",
        "prescription.expired",
    ]
    assert rows[-1].actor_role == "system"
    assert all("SECRET" not in in_words(row) for row in rows)


def test_a_chart_change_is_on_the_record_with_the_names_of_its_fields(her_doctor: User, patient: User) -> None:
    allergy = AllergyFactory(patient=patient, reaction="SECRET")
    since = Since()
    with acting_as(her_doctor):
        allergy.mark_entered_in_error(by=her_doctor, reason="SECRET")
    (row,) = since.rows()
    assert (row.action, row.resource_type, row.resource_id) == ("chart.changed", "allergy", str(allergy.pk))
    assert (row.actor_id, row.patient_id, row.purpose) == (her_doctor.pk, patient.pk, "care")
    assert json.loads(row.metadata or "")["fields"] == ["entered_in_error_reason"]
    assert "SECRET" not in in_words(row)


def test_breaking_the_glass_is_recorded_whoever_does_it(patient: User, stranger_doctor: User) -> None:
    since = Since()
    with acting_as(stranger_doctor):
        relation = break_glass(
            patient_id=patient.pk,
            doctor=stranger_doctor,
            kind_of_reason=EmergencyReason.UNABLE,
            reason="SECRET circumstances",
        )
    (row,) = since.rows()
    assert (row.action, row.purpose, row.resource_id) == ("break_glass.opened", "break_glass", str(relation.pk))
    assert json.loads(row.metadata or "") == {"reason": "unable"}
    assert "SECRET" not in in_words(row)
    with system():
        CareRelation.objects.create(patient=patient, doctor=stranger_doctor, kind=CareRelation.Kind.ASSIGNED)
    assert len(since.rows()) == 1


def test_what_cannot_be_recorded_does_not_happen(her_doctor: User, monkeypatch: pytest.MonkeyPatch) -> None:
    conversation = ConversationFactory(awaiting=True)

    def full_disk(rows: list[ActivityLog]) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("audit.record.write", full_disk)
    with acting_as(her_doctor), pytest.raises(OSError, match="no space"):
        conversation.claim(by=her_doctor)
    with system():
        assert Conversation.objects.get(pk=conversation.pk).doctor_id is None
