"""Danger: advice at once, the top of the queue at once, and the words that raised it."""

from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse

from accounts.models import User
from conversations import chat, signals
from conversations.models import Conversation, RedFlag, Status, Urgency
from tests.cast import ClientOf, as_person, system
from tests.conversations.talk import answer_everything, say, send

HEART = "I have crushing chest pain going into my left arm, I am sweating and I cannot get my breath."


def flags(conversation: Conversation) -> list[RedFlag]:
    with system():
        return list(RedFlag.objects.filter(conversation=conversation))


def test_the_patient_is_advised_at_once(consultation: Conversation) -> None:
    advice, *_ = say(consultation, HEART).replies
    assert advice.topic == chat.EMERGENCY_ADVICE
    assert settings.EMERGENCY_NUMBER in advice.text


def test_the_case_is_before_the_doctors_at_once(consultation: Conversation, stranger_doctor: User) -> None:
    heard: list[bool] = []

    def listen(emergency: bool, **_rest: Any) -> None:
        heard.append(emergency)

    signals.submitted.connect(listen)
    say(consultation, HEART)
    signals.submitted.disconnect(listen)
    assert (consultation.status, consultation.urgency) == (Status.AWAITING_DOCTOR, Urgency.EMERGENCY)
    assert consultation.queue_rank == 0
    assert heard == [True]
    with as_person(stranger_doctor):
        assert Conversation.objects.visible_to(stranger_doctor).waiting().most_urgent_first().first() == consultation


def test_the_flag_keeps_the_words_and_their_message(consultation: Conversation) -> None:
    message = say(consultation, HEART).message
    emergency = next(flag for flag in flags(consultation) if flag.is_emergency)
    assert emergency.evidence_message_id == message.pk
    assert "chest pain" in emergency.evidence


def test_a_flag_is_raised_once(consultation: Conversation) -> None:
    say(consultation, HEART)
    codes = [flag.code for flag in flags(consultation)]
    say(consultation, HEART)
    assert [flag.code for flag in flags(consultation)] == codes
    with system():
        assert consultation.messages.filter(topic=chat.EMERGENCY_ADVICE).count() == 1


def test_taking_it_back_does_not_take_the_case_out_of_the_queue(consultation: Conversation) -> None:
    say(consultation, HEART)
    say(consultation, "I have no chest pain any more, it was nothing.")
    assert consultation.urgency == Urgency.EMERGENCY
    assert flags(consultation)


def test_danger_said_after_the_end_raises_the_urgency(consultation: Conversation, stranger_doctor: User) -> None:
    answer_everything(consultation)
    assert consultation.urgency != Urgency.EMERGENCY
    exchange = say(consultation, HEART)
    assert [reply.topic for reply in exchange.replies] == [chat.EMERGENCY_ADVICE]
    assert (consultation.urgency, consultation.queue_rank) == (Urgency.EMERGENCY, 0)


def test_nobody_is_told_to_wait_in_an_emergency(consultation: Conversation, client_of: ClientOf) -> None:
    say(consultation, HEART)
    client = client_of(consultation.patient)
    for address in (reverse("conversations:chat", args=[consultation.pk]), reverse("conversations:home")):
        page = client.get(address).content.decode()
        assert "aim to answer within" not in page
        assert f'href="tel:{settings.EMERGENCY_NUMBER}"' in page.partition("</main>")[0]


def test_what_is_denied_is_no_danger(consultation: Conversation) -> None:
    exchange = say(consultation, "I have a cough. No chest pain, and my father had a heart attack years ago.")
    assert exchange.replies[0].topic != chat.EMERGENCY_ADVICE
    assert not any(flag.is_emergency for flag in flags(consultation))
    assert consultation.status == Status.IN_PROGRESS


def test_thoughts_of_suicide_get_crisis_advice(consultation: Conversation, client_of: ClientOf) -> None:
    advice, *_ = say(consultation, "I do not want to live any more. I am thinking of killing myself.").replies
    assert advice.topic == chat.CRISIS_ADVICE
    assert settings.EMERGENCY_NUMBER in advice.text
    page = client_of(consultation.patient).get(reverse("conversations:chat", args=[consultation.pk])).content.decode()
    assert "You do not have to be alone with this" in page


def test_the_page_shows_a_card_that_cannot_be_missed(consultation: Conversation, client_of: ClientOf) -> None:
    client = client_of(consultation.patient)
    response: Any = send(client, consultation, HEART)
    assert response["Location"] == reverse("conversations:chat", args=[consultation.pk])
    page = client.get(reverse("conversations:chat", args=[consultation.pk])).content.decode()
    assert "data-emergency" in page
    assert f'href="tel:{settings.EMERGENCY_NUMBER}"' in page
    assert page.index("data-emergency") < page.index('class="transcript"')


def test_a_doctor_who_has_taken_the_case_is_told_when_it_becomes_an_emergency(
    consultation: Conversation, stranger_doctor: User, mailbox: list[EmailMessage]
) -> None:
    say(consultation, "My knee hurts a little since I fell.")
    with as_person(consultation.patient):
        chat.send_now(consultation, by=consultation.patient)
    with as_person(stranger_doctor):
        Conversation.objects.get(pk=consultation.pk).claim(by=stranger_doctor)

    say(consultation, HEART)
    say(consultation, "It is still there.")

    (message,) = mailbox
    assert message.to == [stranger_doctor.email]
    assert f"/cases/{consultation.pk}/" in message.body
    assert "chest" not in message.body


def test_nobody_in_particular_is_told_while_nobody_has_taken_it(
    consultation: Conversation, mailbox: list[EmailMessage]
) -> None:
    say(consultation, HEART)

    assert mailbox == []
