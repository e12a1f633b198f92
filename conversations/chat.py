"""The consultation as the patient has it: starting, saying something, and what is asked next.

``say`` is the one way for a message into a conversation, for the page, the API and ``manage.py consult`` alike.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from accounts.models import User
from conversations import findings, intake, signals
from conversations.interview import Interview
from conversations.models import Conversation, Message, Status, Urgency
from conversations.models.messages import MessageSender
from conversations.understood import Understood, understood
from medichat.refusals import ConflictError

# Topics of what the assistant says without asking; those of its questions are the engine's.
EMERGENCY_ADVICE = "emergency_advice"
CRISIS_ADVICE = "crisis_advice"
CLOSING = "closing"
ADVICE = {EMERGENCY_ADVICE, CRISIS_ADVICE}
NOT_QUESTIONS = {"", CLOSING, *ADVICE}


@dataclass(frozen=True)
class Exchange:
    """One message of the patient and what the assistant said to it. ``is_repeated``: it had been stored before."""

    message: Message
    replies: list[Message] = field(default_factory=list)
    is_repeated: bool = False

    @property
    def has_advice(self) -> bool:
        """Whether the assistant gave advice for an emergency."""
        return any(reply.topic in ADVICE for reply in self.replies)


@dataclass(frozen=True)
class Asking:
    """The question that waits for an answer; ``asked`` counts it, ``left`` is about how many there are, it included."""

    question: intake.Question
    asked: int
    left: int

    @property
    def answered(self) -> int:
        """How many questions have been answered."""
        return self.asked - 1

    @property
    def total(self) -> int:
        """About how many questions there will have been."""
        return self.answered + self.left

    @property
    def progress(self) -> str:
        """The progress in words."""
        return "The last question" if self.left == 1 else f"About {self.left} questions left"


@dataclass(frozen=True)
class Standing:
    """A conversation as the patient's page shows it: what was said, asked, and understood."""

    messages: list[Message]
    asking: Asking | None = None
    understood: list[Understood] = field(default_factory=list)

    @property
    def advice(self) -> list[Message]:
        """The emergency and crisis advice that was given, latest first."""
        return [message for message in reversed(self.messages) if message.topic in ADVICE]


@transaction.atomic
def open_consultation(patient: User, *, about_something_new: bool = False) -> Conversation:
    """Begin a consultation with the assistant's opening, or continue the one whose questions are not finished.

    With ``about_something_new`` only one in which nothing was said yet is continued.
    """
    # The lock makes two clicks on 'Start' one consultation.
    User.objects.select_for_update(no_key=True).only("pk").get(pk=patient.pk)
    own = Conversation.objects.visible_to(patient).filter(patient=patient).unfinished()
    if about_something_new:
        own = own.exclude(Exists(Message.objects.filter(conversation=OuterRef("pk"), sender=MessageSender.PATIENT)))
    unfinished = own.order_by("-visit_number").first()
    if unfinished is not None:
        return unfinished
    conversation = Conversation.start(patient=patient)
    interview = Interview(conversation, patient, [])
    question = intake.opening(first_visit=interview.is_first_visit, last_visit=interview.last_visit)
    _add(interview, MessageSender.ASSISTANT, question.text, topic=question.topic).save(force_insert=True)
    conversation.questions_asked = 1
    conversation.save(update_fields=["questions_asked"])
    return conversation


@transaction.atomic
def say(conversation: Conversation, text: str, *, client_token: uuid.UUID, by: User) -> Exchange:
    """Store what the patient says, screen it for danger, and answer with the next question or the closing.

    The same token with the same words again returns the earlier exchange and stores nothing. Raises ConflictError once
    a doctor has answered, PermissionDenied for anybody but the patient. ``text`` has passed ``forms.MessageForm``.
    """
    interview = _lock(conversation, by)
    client_token = _token_of(interview, client_token, text)
    earlier = _exchange_with(interview, client_token)
    if earlier is not None:
        return earlier
    if not conversation.accepts_messages:
        raise ConflictError("A doctor has answered this consultation. Start a new one to write about something else.")
    message = _add(interview, MessageSender.PATIENT, text, client_token=client_token)
    assessment = intake.assess(interview.turns, age=interview.age, sex=interview.sex)
    fresh = findings.unknown_flags(conversation, assessment.red_flags)
    replies = [*_advice(interview, fresh), *_next(interview)]
    Message.objects.bulk_create([message, *replies])
    findings.index_words(conversation, message)
    findings.record(conversation, assessment, interview.summary(assessment), fresh)
    conversation.save(update_fields=["complaint", "summary", "summary_sources", "questions_asked", "intake_ended_at"])
    _place_in_queue(conversation, Urgency(assessment.urgency))
    signals.message_sent.send(Message, conversation=conversation, by=by, message=message)
    return Exchange(message, replies)


@transaction.atomic
def send_now(conversation: Conversation, *, by: User) -> None:
    """End the questions at the patient's wish and put the case into the queue. Harmless once it is there.

    Raises ConflictError while nothing was said, PermissionDenied for anybody but the patient.
    """
    interview = _lock(conversation, by)
    if conversation.status != Status.IN_PROGRESS:
        return
    if conversation.urgency is None:
        raise ConflictError("Write what the problem is before you send it.")
    conversation.intake_ended_at = timezone.now()
    closing = _add(interview, MessageSender.ASSISTANT, _SENT_EARLY, topic=CLOSING)
    closing.save(force_insert=True)
    conversation.save(update_fields=["intake_ended_at"])
    conversation.submit(urgency=Urgency(conversation.urgency))


_SENT_EARLY = (
    "Thank you. A doctor will read what you wrote and answer you here. If anything changes or gets worse, write it "
    "here at any time."
)


def _lock(conversation: Conversation, patient: User) -> Interview:
    """The conversation as it is now, locked until the transaction ends, for its patient only."""
    if patient.pk != conversation.patient_id:
        raise PermissionDenied("Only the patient writes in a consultation.")
    conversation.refresh_from_db(from_queryset=Conversation.objects.select_for_update(of=("self",), no_key=True))
    conversation.patient = patient  # refreshing forgot it
    return Interview.of(conversation, patient)


def standing(conversation: Conversation, patient: User) -> Standing:
    """What the patient's page shows of the conversation as it stands."""
    interview = Interview.of(conversation, patient)
    if not conversation.accepts_messages:
        return Standing(interview.messages)
    assessment = intake.assess(interview.turns, age=interview.age, sex=interview.sex)
    return Standing(interview.messages, _asking(interview), understood(assessment))


def _asking(interview: Interview) -> Asking | None:
    """The question that was asked last, with its quick answers; None when the assistant is done."""
    messages = interview.messages
    asked = [index for index, message in enumerate(messages) if message.topic not in NOT_QUESTIONS]
    if interview.conversation.intake_ended_at is not None or not asked:
        return None
    count = interview.conversation.questions_asked
    message = messages[asked[-1]]
    # The engine is deterministic: told what it was told then, it asks the same with the same quick answers.
    before = interview.up_to(asked[-1])
    question, left = before.next_step(count - 1), before.remaining(count - 1)
    if isinstance(question, intake.Finished) or question.text != message.text:
        # The chart or the engine changed meanwhile: what was asked stands.
        question = intake.Question(message.topic, message.text, (), "open")
    return Asking(question, count, max(left, 1))


def file_attached(conversation: Conversation, patient: User) -> None:
    """Name a new file in the summary that there is already. The caller has locked the conversation."""
    if conversation.summary is None:
        return
    interview = Interview.of(conversation, patient)
    assessment = intake.assess(interview.turns, age=interview.age, sex=interview.sex)
    findings.write_summary(conversation, interview.summary(assessment))
    conversation.save(update_fields=["summary", "summary_sources"])


def _place_in_queue(conversation: Conversation, urgency: Urgency) -> None:
    """An emergency goes into the queue at once, everything else when the questions are finished."""
    if urgency == Urgency.EMERGENCY or conversation.intake_ended_at is not None:
        conversation.submit(urgency=urgency)
    elif conversation.urgency != urgency:
        conversation.set_urgency(urgency)


def _advice(interview: Interview, fresh: Sequence[intake.RedFlag]) -> list[Message]:
    """Emergency or crisis advice for the red flags of this message, unless the same was given before."""
    text = intake.emergency_advice(fresh, settings.EMERGENCY_NUMBER)
    if not text or any(message.topic in ADVICE and message.text == text for message in interview.messages):
        return []
    topic = CRISIS_ADVICE if any(flag.crisis for flag in fresh) else EMERGENCY_ADVICE
    return [_add(interview, MessageSender.ASSISTANT, text, topic=topic)]


def _next(interview: Interview) -> list[Message]:
    """The next question or the closing; nothing when the assistant is done."""
    conversation = interview.conversation
    if conversation.intake_ended_at is not None:
        return []
    step = interview.next_step(conversation.questions_asked)
    if isinstance(step, intake.Finished):
        conversation.intake_ended_at = timezone.now()
        return [_add(interview, MessageSender.ASSISTANT, step.text, topic=CLOSING)]
    conversation.questions_asked += 1
    return [_add(interview, MessageSender.ASSISTANT, step.text, topic=step.topic)]


def _add(
    interview: Interview, sender: MessageSender, text: str, *, topic: str = "", client_token: uuid.UUID | None = None
) -> Message:
    """The next message of the conversation, not yet stored. Its position is safe: the conversation is locked."""
    message = Message(
        conversation=interview.conversation,
        patient_id=interview.conversation.patient_id,
        position=interview.messages[-1].position + 1 if interview.messages else 0,
        sender=sender,
        text=text,
        topic=topic,
        client_token=client_token,
        sent_at=timezone.now(),
    )
    interview.messages.append(message)
    return message


def _token_of(interview: Interview, client_token: uuid.UUID, text: str) -> uuid.UUID:
    """The token to store: another one when this form was sent before with other words (back button): none is lost."""
    used = any(message.client_token == client_token and message.text != text for message in interview.messages)
    return uuid.uuid5(client_token, text) if used else client_token


def _exchange_with(interview: Interview, client_token: uuid.UUID) -> Exchange | None:
    """The stored message with this token and what followed it until the patient's next."""
    messages = interview.messages
    for index, message in enumerate(messages):
        if message.client_token == client_token:
            replies = []
            for following in messages[index + 1 :]:
                if following.sender == MessageSender.PATIENT:
                    break
                replies.append(following)
            return Exchange(message, replies, is_repeated=True)
    return None
