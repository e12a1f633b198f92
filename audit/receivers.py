"""What the other apps say has happened, each as one row of the activity log."""

import uuid
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.db.models import Model
from django.db.models.signals import post_save
from django.dispatch import Signal

from accounts import signals as accounts
from accounts.models import Session, User
from audit.actions import Action, ActorRole, Purpose, Severity, Status
from audit.record import Code, purpose_of, record
from audit.request import current_actor, in_admin
from conversations import signals as conversations
from conversations.models import Attachment, Conversation, Message
from medichat.file_checks import viruses
from records import signals as records
from records.models import CareRelation, EmergencyAccess

VIEWED = {
    "patient": Action.PATIENT_VIEWED,
    "chart": Action.PATIENT_VIEWED,
    "conversation": Action.CONVERSATION_VIEWED,
    "prescription": Action.PRESCRIPTION_VIEWED,
}


Receiver = TypeVar("Receiver", bound=Callable[..., None])


def on(signal: Signal, *, sender: type[Model] | None = None) -> Callable[[Receiver], Receiver]:
    """Connect the function to the signal for as long as the program runs."""

    def connect(receiver: Receiver) -> Receiver:
        signal.connect(receiver, sender=sender, weak=False)
        return receiver

    return connect


def about_account(action: Action, user: User, *, actor: User | None, **more: Any) -> None:
    """A row about somebody's account."""
    record(
        action,
        actor=actor,
        patient_id=user.pk if user.is_patient else None,
        resource_type="user",
        resource_id=user.pk,
        **more,
    )


def about_case(action: Action, conversation: Conversation, by: User | None, **codes: Code) -> None:
    """A row about a conversation."""
    record(
        action,
        actor=by,
        patient_id=conversation.patient_id,
        resource_type="conversation",
        resource_id=conversation.pk,
        purpose=purpose_of(by, conversation.patient_id),
        codes=codes,
    )


def about_part(
    action: Action, kind: str, part: uuid.UUID, conversation: Conversation, by: User | None, **codes: Code
) -> None:
    """A row about something that belongs to a conversation; the conversation's id stands in the codes."""
    record(
        action,
        actor=by,
        patient_id=conversation.patient_id,
        resource_type=kind,
        resource_id=part,
        purpose=purpose_of(by, conversation.patient_id),
        codes={"conversation": str(conversation.pk), **codes},
    )


# Accounts


@on(accounts.registered)
def registered(sender: Any, *, user: User, **_: Any) -> None:
    about_account(Action.REGISTERED, user, actor=user)


@on(accounts.registration_refused)
def registration_refused(sender: Any, **_: Any) -> None:
    """Whose account it is cannot even be seen by who registers."""
    record(
        Action.REGISTERED,
        actor=None,
        actor_role=ActorRole.ANONYMOUS,
        resource_type="user",
        status=Status.FAILURE,
        severity=Severity.WARNING,
        codes={"reason": "the address has an account"},
    )


@on(accounts.signed_in)
def signed_in(sender: Any, *, user: User, session: Session | None = None, **_: Any) -> None:
    about_account(Action.SIGNED_IN, user, actor=user, codes={"session": str(session.pk)} if session else None)


@on(accounts.signed_out)
def signed_out(sender: Any, *, user: User, **_: Any) -> None:
    about_account(Action.SIGNED_OUT, user, actor=user)


@on(accounts.sign_in_failed)
def sign_in_failed(sender: Any, *, user: User | None, reason: str = "", **_: Any) -> None:
    """Nobody has proved to be this person: they are what it was about, not who acted."""
    record(
        Action.SIGN_IN_FAILED,
        actor=None,
        actor_role=ActorRole.ANONYMOUS,
        patient_id=user.pk if user and user.is_patient else None,
        resource_type="user",
        resource_id=user.pk if user else None,
        status=Status.FAILURE,
        severity=Severity.WARNING,
        codes={"reason": reason},
    )


@on(accounts.second_factor_used)
def second_factor_used(sender: Any, *, user: User, kind: str, **_: Any) -> None:
    about_account(Action.SECOND_FACTOR_USED, user, actor=user, codes={"kind": kind})


@on(accounts.second_factor_changed)
def second_factor_changed(sender: Any, *, user: User, by: User | None, change: str, reason: str, **_: Any) -> None:
    """What an administrator cleared is worth a look; how they made sure who asked stands in the admin's own log."""
    about_account(
        Action.SECOND_FACTOR_CHANGED,
        user,
        actor=by,
        purpose=Purpose.ADMINISTRATION if by is not None and by.pk != user.pk else "",
        severity=Severity.WARNING if change == "cleared" else Severity.INFO,
        codes={"change": change, "reason": reason},
    )


@on(accounts.password_changed)
def password_changed(sender: Any, *, user: User, **_: Any) -> None:
    about_account(Action.PASSWORD_CHANGED, user, actor=current_actor() or user)


@on(accounts.password_reset_requested)
def password_reset_requested(sender: Any, *, user: User | None, **_: Any) -> None:
    record(
        Action.PASSWORD_RESET_REQUESTED,
        actor=None,
        actor_role=ActorRole.ANONYMOUS,
        patient_id=user.pk if user and user.is_patient else None,
        resource_type="user",
        resource_id=user.pk if user else None,
    )


@on(accounts.profile_updated)
def profile_updated(sender: Any, *, user: User, fields: Sequence[str] = (), **_: Any) -> None:
    about_account(Action.PROFILE_UPDATED, user, actor=user, codes={"fields": sorted(fields)})


@on(accounts.approved)
def approved(sender: Any, *, user: User, by: User | None, **_: Any) -> None:
    about_account(Action.DOCTOR_APPROVED, user, actor=by, purpose=Purpose.ADMINISTRATION)


@on(accounts.approval_withdrawn)
def approval_withdrawn(sender: Any, *, user: User, by: User | None, **_: Any) -> None:
    about_account(Action.DOCTOR_APPROVAL_WITHDRAWN, user, actor=by, purpose=Purpose.ADMINISTRATION)


@on(accounts.deactivated)
def deactivated(sender: Any, *, user: User, by: User | None, **_: Any) -> None:
    about_account(Action.USER_DEACTIVATED, user, actor=by, purpose=Purpose.ADMINISTRATION)


@on(accounts.reactivated)
def reactivated(sender: Any, *, user: User, by: User | None, **_: Any) -> None:
    about_account(Action.USER_ACTIVATED, user, actor=by, purpose=Purpose.ADMINISTRATION)


@on(accounts.deleted)
def account_deleted(sender: Any, *, user: User, by: User, **_: Any) -> None:
    about_account(Action.USER_DELETED, user, actor=by, purpose=Purpose.ADMINISTRATION, severity=Severity.WARNING)


@on(accounts.session_ended)
def session_ended(sender: Any, *, user: User, session: Session | None = None, reason: str = "", **_: Any) -> None:
    codes = {"reason": reason, "session": str(session.pk) if session else None}
    about_account(Action.SESSION_ENDED, user, actor=current_actor(), codes=codes)


@on(accounts.viewed)
def viewed(
    sender: Any,
    *,
    by: User,
    patient_id: uuid.UUID | None,
    resource_type: str,
    resource_id: uuid.UUID | str | None = None,
    why: str,
    **_: Any,
) -> None:
    """Somebody looked at patient data."""
    record(
        VIEWED.get(resource_type, Action.DATA_VIEWED),
        actor=by,
        patient_id=patient_id,
        resource_type=resource_type,
        resource_id=resource_id,
        purpose=Purpose(why),
    )


# The chart


@on(records.chart_changed)
def chart_changed(
    sender: Any,
    *,
    by: User,
    patient_id: uuid.UUID,
    resource_type: str,
    resource_id: uuid.UUID,
    action: str,
    fields: Sequence[str],
    **_: Any,
) -> None:
    """An entry was added, corrected or struck out; what the admin does to a chart is seen by ``audit.diffs``."""
    if not in_admin():
        record(
            Action.CHART_CHANGED,
            actor=by,
            patient_id=patient_id,
            resource_type=resource_type,
            resource_id=resource_id,
            purpose=purpose_of(by, patient_id),
            codes={"change": action, "fields": sorted(fields)},
        )


@on(post_save, sender=CareRelation)
@on(post_save, sender=EmergencyAccess)
def break_glass_opened(sender: Any, *, instance: CareRelation, created: bool, **_: Any) -> None:
    """A doctor opened a chart without a relation; the words of the reason stay with the relation, its kind is told."""
    if created and instance.kind == CareRelation.Kind.BREAK_GLASS:
        record(
            Action.BREAK_GLASS_OPENED,
            actor=instance.doctor,
            patient_id=instance.patient_id,
            resource_type="care_relation",
            resource_id=instance.pk,
            purpose=Purpose.BREAK_GLASS,
            severity=Severity.WARNING,
            codes={"reason": str(instance.emergency_reason)},
        )


@on(records.emergency_access_ended)
def emergency_access_ended(sender: Any, *, access: EmergencyAccess, by: User, **_: Any) -> None:
    """The doctor ended it before its time; that it ends by itself is noted by the periodic work."""
    record(
        Action.BREAK_GLASS_ENDED,
        actor=by,
        patient_id=access.patient_id,
        resource_type="care_relation",
        resource_id=access.pk,
        purpose=Purpose.BREAK_GLASS,
    )


@on(records.emergency_access_refused)
def emergency_access_refused(sender: Any, *, by: User, **_: Any) -> None:
    """A doctor named nobody whom there is: many of these are a search for people."""
    record(
        Action.BREAK_GLASS_REFUSED,
        actor=by,
        resource_type="care_relation",
        purpose=Purpose.BREAK_GLASS,
        status=Status.FAILURE,
        severity=Severity.WARNING,
    )


@on(records.report_made)
def report_made(sender: Any, *, by: User, report: str, form: str, rows: int, **_: Any) -> None:
    """Somebody asked a question about many patients; who was named has rows of their own."""
    record(
        Action.REPORT_GENERATED,
        actor=by,
        resource_type="report",
        purpose=Purpose.ADMINISTRATION if by.is_administrator else Purpose.CARE,
        codes={"report": report, "form": form, "rows": rows},
    )


# Conversations


@on(conversations.started)
def started(sender: Any, *, conversation: Conversation, by: User | None, **_: Any) -> None:
    about_case(Action.CONVERSATION_CREATED, conversation, by)


@on(conversations.message_sent)
def message_sent(sender: Any, *, conversation: Conversation, message: Message, by: User | None, **_: Any) -> None:
    about_part(Action.MESSAGE_SENT, "message", message.pk, conversation, by)


@on(conversations.submitted)
def submitted(sender: Any, *, conversation: Conversation, by: User | None, **_: Any) -> None:
    about_case(Action.CONVERSATION_SUBMITTED, conversation, by)


@on(conversations.urgency_raised)
def urgency_raised(sender: Any, *, conversation: Conversation, by: User | None, **_: Any) -> None:
    about_case(Action.URGENCY_RAISED, conversation, by)


@on(conversations.rose_in_queue)
def rose_in_queue(sender: Any, *, conversation: Conversation, by: User | None, **_: Any) -> None:
    about_case(Action.CASE_OVERDUE, conversation, by)


@on(conversations.emergency_announced)
def emergency_announced(sender: Any, *, conversation: Conversation, by: User | None, **_: Any) -> None:
    about_case(Action.EMERGENCY_ANNOUNCED, conversation, by)


@on(conversations.claimed)
def claimed(sender: Any, *, conversation: Conversation, by: User | None, **_: Any) -> None:
    about_case(Action.CONVERSATION_CLAIMED, conversation, by)


@on(conversations.released)
def released(sender: Any, *, conversation: Conversation, by: User | None, **_: Any) -> None:
    about_case(Action.CONVERSATION_RELEASED, conversation, by)


@on(conversations.answered)
def answered(sender: Any, *, conversation: Conversation, by: User | None, **_: Any) -> None:
    """An answer with a referral is two acts."""
    about_case(Action.DIAGNOSIS_CREATED, conversation, by)
    if conversation.referrals:
        about_case(Action.REFERRAL_CREATED, conversation, by)


@on(conversations.closed)
def closed(sender: Any, *, conversation: Conversation, by: User | None, **_: Any) -> None:
    about_case(Action.CONVERSATION_CLOSED, conversation, by)


@on(conversations.answer_read)
def answer_read(sender: Any, *, conversation: Conversation, by: User | None, **_: Any) -> None:
    about_case(Action.MESSAGE_READ, conversation, by)


@on(conversations.archived)
def archived(sender: Any, *, conversation: Conversation, by: User | None, **_: Any) -> None:
    about_case(Action.CONVERSATION_ARCHIVED, conversation, by)


@on(conversations.unarchived)
def unarchived(sender: Any, *, conversation: Conversation, by: User | None, **_: Any) -> None:
    about_case(Action.CONVERSATION_UNARCHIVED, conversation, by)


@on(conversations.deleted)
def consultation_deleted(sender: Any, *, conversation: Conversation, by: User | None, **_: Any) -> None:
    about_case(Action.CONVERSATION_DELETED, conversation, by)


@on(conversations.note_written)
def note_written(sender: Any, *, conversation: Conversation, by: User | None, **_: Any) -> None:
    about_case(Action.NOTE_WRITTEN, conversation, by)


@on(conversations.draft_kept)
def draft_kept(sender: Any, *, conversation: Conversation, by: User | None, **_: Any) -> None:
    about_case(Action.DRAFT_KEPT, conversation, by)


@on(conversations.file_attached)
def file_attached(
    sender: Any, *, conversation: Conversation, attachment: Attachment, by: User | None, **_: Any
) -> None:
    about_part(Action.FILE_UPLOADED, "file", attachment.pk, conversation, by)


@on(conversations.file_downloaded)
def file_downloaded(
    sender: Any, *, conversation: Conversation, attachment: Attachment, by: User | None, **_: Any
) -> None:
    about_part(Action.FILE_DOWNLOADED, "file", attachment.pk, conversation, by)


LONGEST_NAME_OF_A_VIRUS = 100


@on(viruses.virus_found)
def virus_found(sender: Any, *, found: str, where: str, file_id: uuid.UUID | None, **_: Any) -> None:
    """Nothing was kept. The name is the scanner's, and who sent the file may know nothing of it."""
    record(
        Action.VIRUS_FOUND,
        actor=current_actor(),
        resource_type="file",
        resource_id=file_id,
        status=Status.FAILURE,
        severity=Severity.WARNING,
        codes={"found": found[:LONGEST_NAME_OF_A_VIRUS], "where": where},
    )
