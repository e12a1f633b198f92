"""Saying something: stored once, answered with a question, written up, refused where it must be."""

import uuid
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from conversations import chat, signals
from conversations.findings import summary_sections
from conversations.models import Answer, Conversation, ConversationWord, Message, Status, Symptom, Urgency
from medichat.db import blind_index
from medichat.refusals import ConflictError
from records.models import Allergy, MedicalHistory, Medication
from tests.cast import ClientOf, system
from tests.conversations.talk import ANSWERS, answer_everything, said, say, send, words_of_the_patient
from tests.factories import AllergyFactory, ConversationFactory


def test_the_assistant_answers_with_a_question(consultation: Conversation) -> None:
    exchange = say(consultation, "I have had a bad cough for three days.")
    assert [reply.sender for reply in exchange.replies] == ["assistant"]
    assert exchange.replies[0].topic
    assert [sender for sender, _ in said(consultation)] == ["assistant", "patient", "assistant"]
    assert consultation.questions_asked == 2


def test_the_findings_are_written_up_with_their_sources(consultation: Conversation) -> None:
    message = say(consultation, "I have had a bad cough for three days.").message
    with system():
        symptom = Symptom.objects.get(conversation=consultation, is_denied=False)
    assert (symptom.symptom, symptom.duration, symptom.evidence_message_id) == ("cough", "three days", message.pk)
    assert consultation.complaint == "I have had a bad cough for three days."
    complaint, illness, *_ = summary_sections(consultation)
    assert complaint.title == "Chief complaint"
    assert complaint.statements[0].message_ids == [str(message.pk)]
    assert "three days" in illness.statements[0].text


def test_symptoms_are_written_anew_and_not_doubled(consultation: Conversation) -> None:
    say(consultation, "I have a cough.")
    say(consultation, "I also have a headache.")
    with system():
        names = [symptom.symptom for symptom in Symptom.objects.filter(conversation=consultation, is_denied=False)]
    assert sorted(names) == ["cough", "headache"]


def test_a_doctors_symptom_outlives_the_next_message(consultation: Conversation) -> None:
    with system():
        Symptom.objects.create(conversation=consultation, patient=consultation.patient, symptom="crackles")
    say(consultation, "I have a cough.")
    with system():
        assert Symptom.objects.filter(conversation=consultation, symptom="crackles").exists()


def test_the_words_can_be_searched(consultation: Conversation) -> None:
    say(consultation, "The pain woke me at midnight.")
    with system():
        tokens = set(ConversationWord.objects.filter(conversation=consultation).values_list("token", flat=True))
    assert blind_index.query_tokens("midnight pain") <= tokens


def test_statements_of_the_patient_do_not_reach_the_chart(consultation: Conversation) -> None:
    answer_everything(consultation)
    with system():
        for entries in (Allergy, Medication, MedicalHistory):
            assert not entries.objects.filter(patient=consultation.patient).exists()
    assert "penicillin" in (consultation.summary or "").lower()


def test_at_the_end_the_case_waits_for_a_doctor(consultation: Conversation) -> None:
    answer_everything(consultation)
    assert consultation.status == Status.AWAITING_DOCTOR
    assert consultation.submitted_at is not None
    assert consultation.intake_ended_at is not None
    assert said(consultation)[-1][0] == "assistant"
    assert consultation.questions_asked <= 10


def test_what_the_chart_has_is_not_asked(consultation: Conversation) -> None:
    AllergyFactory(patient=consultation.patient)
    answer_everything(consultation)
    with system():
        topics = set(Message.objects.filter(conversation=consultation).values_list("topic", flat=True))
    assert "allergies" not in topics
    assert "medications" in topics


def test_lines_after_the_end_are_appended_and_not_answered(consultation: Conversation) -> None:
    answer_everything(consultation)
    exchange = say(consultation, "I forgot: I also have a runny nose.")
    assert exchange.replies == []
    assert words_of_the_patient(consultation)[-1] == "I forgot: I also have a runny nose."
    assert "nose" in (consultation.summary or "").lower()


def test_the_same_token_stores_one_message(consultation: Conversation) -> None:
    token = uuid.uuid4()
    first = say(consultation, "I have a cough.", token)
    again = say(consultation, "I have a cough.", token)
    assert again.is_repeated
    assert again.message.pk == first.message.pk
    assert [reply.pk for reply in again.replies] == [reply.pk for reply in first.replies]
    assert words_of_the_patient(consultation) == ["I have a cough."]


def test_a_repeat_gets_its_answer_even_when_a_doctor_has_answered_meanwhile(
    consultation: Conversation, her_doctor: User
) -> None:
    token = uuid.uuid4()
    say(consultation, "I have a cough.", token)
    with system():
        consultation.submit(urgency=Urgency.ROUTINE)
        consultation.answer(Answer(diagnosis="Cough"), by=her_doctor)
    assert say(consultation, "I have a cough.", token).is_repeated


def test_other_words_from_a_form_that_was_sent_before_are_not_lost(consultation: Conversation) -> None:
    token = uuid.uuid4()
    say(consultation, "I have a cough.", token)
    say(consultation, "And I feel hot.", token)
    say(consultation, "And I feel hot.", token)
    assert words_of_the_patient(consultation) == ["I have a cough.", "And I feel hot."]


def test_after_the_answer_it_is_refused(consultation: Conversation, her_doctor: User) -> None:
    with system():
        consultation.submit(urgency=Urgency.ROUTINE)
        consultation.answer(Answer(diagnosis="Cough"), by=her_doctor)
    with pytest.raises(ConflictError):
        say(consultation, "One more thing.")
    assert words_of_the_patient(consultation) == []


def test_nobody_but_the_patient_writes(consultation: Conversation, her_doctor: User) -> None:
    with system(), pytest.raises(PermissionDenied):
        chat.say(consultation, "I am the doctor.", client_token=uuid.uuid4(), by=her_doctor)


def test_the_message_is_signalled_without_being_repeated(consultation: Conversation) -> None:
    heard: list[Message] = []

    def listen(message: Message, **_rest: Any) -> None:
        heard.append(message)

    signals.message_sent.connect(listen)
    token = uuid.uuid4()
    say(consultation, "I have a cough.", token)
    say(consultation, "I have a cough.", token)
    signals.message_sent.disconnect(listen)
    assert [message.text for message in heard] == ["I have a cough."]


def test_the_number_of_statements_does_not_grow_with_the_conversation(consultation: Conversation) -> None:
    say(consultation, "I have a cough.")
    with CaptureQueriesContext(connection) as early:
        say(consultation, "It started on Monday.")
    say(consultation, "It is a dry cough.")
    with CaptureQueriesContext(connection) as later:
        say(consultation, "There is no phlegm.")
    assert len(later) <= len(early)
    answer_everything(consultation)
    with CaptureQueriesContext(connection) as ended:
        say(consultation, "Something else.")
    for number in range(10):
        say(consultation, f"Something else, number {number}.")
    with CaptureQueriesContext(connection) as late:
        say(consultation, "It is a dry cough.")
    assert len(late) <= len(ended)
    assert len(early) <= 35


# Through the page


def test_the_page_stores_the_message_and_redirects(consultation: Conversation, client_of: ClientOf) -> None:
    response: Any = send(client_of(consultation.patient), consultation, "I have a cough.")
    address = reverse("conversations:chat", args=[consultation.pk])
    assert (response.status_code, response["Location"]) == (302, f"{address}#composer")
    assert words_of_the_patient(consultation) == ["I have a cough."]


def test_htmx_gets_the_changed_part_only(consultation: Conversation, client_of: ClientOf) -> None:
    url = reverse("conversations:message", args=[consultation.pk])
    data = {"text": "I have a cough.", "client_token": str(uuid.uuid4())}
    response = client_of(consultation.patient).post(url, data, headers={"HX-Request": "true"})
    page = response.content.decode()
    assert response.status_code == 200
    assert "I have a cough." in page
    assert "<html" not in page


def test_a_quick_answer_is_a_message(consultation: Conversation, client_of: ClientOf) -> None:
    send(client_of(consultation.patient), consultation, "", answer="Yes")
    assert words_of_the_patient(consultation) == ["Yes"]


def test_a_quick_answer_keeps_what_was_typed_beside_it(consultation: Conversation, client_of: ClientOf) -> None:
    send(client_of(consultation.patient), consultation, "but only at night", answer="Yes")
    assert words_of_the_patient(consultation) == ["Yes. but only at night"]


def test_a_strangers_consultation_does_not_exist(
    consultation: Conversation, another_patient: User, client_of: ClientOf
) -> None:
    response: Any = send(client_of(another_patient), consultation, "Hello")
    assert response.status_code == 404
    assert words_of_the_patient(consultation) == []


def test_a_doctor_does_not_write_in_it(consultation: Conversation, her_doctor: User, client_of: ClientOf) -> None:
    response: Any = send(client_of(her_doctor), consultation, "Hello")
    assert response.status_code == 403
    assert words_of_the_patient(consultation) == []


def test_a_visitor_is_asked_to_sign_in(consultation: Conversation, client: Client) -> None:
    response: Any = send(client, consultation, "Hello")
    assert response.status_code == 401
    assert reverse("accounts:sign_in") in response.content.decode()


def test_after_the_answer_the_page_says_409(patient: User, client_of: ClientOf) -> None:
    answered = ConversationFactory(patient=patient, answered=True)
    response: Any = send(client_of(patient), answered, "One more thing.")
    assert response.status_code == 409
    assert "A doctor has answered" in response.content.decode()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Write your answer first."),
        ("   \r\n ", "Write your answer first."),
        ("a" * 5_001, "This message has 5,001 characters, and 5,000 fit into one."),
        ("a" * 100_000, "This message has 100,000 characters"),
        ("cough\x00", "a character that cannot be shown"),
        ("cough\x1b[31m", "a character that cannot be shown"),
    ],
    ids=["empty", "blank", "too-long", "far-too-long", "nul", "escape"],
)
def test_what_cannot_be_stored_is_explained_and_not_lost(
    consultation: Conversation, client_of: ClientOf, text: str, sentence: str
) -> None:
    response: Any = send(client_of(consultation.patient), consultation, text)
    page = response.content.decode()
    assert response.status_code == 422
    assert sentence in page
    assert text.strip().replace("\x00", "") in page.replace("\x00", "")
    assert words_of_the_patient(consultation) == []


def test_line_ends_are_stored_in_one_form(consultation: Conversation, client_of: ClientOf) -> None:
    send(client_of(consultation.patient), consultation, "one\r\ntwo\rthree")
    assert words_of_the_patient(consultation) == ["one\ntwo\nthree"]


def test_markup_is_shown_as_it_was_typed(consultation: Conversation, client_of: ClientOf) -> None:
    client = client_of(consultation.patient)
    send(client, consultation, "<script>alert(1)</script>")
    page = client.get(reverse("conversations:chat", args=[consultation.pk])).content.decode()
    assert "<script>alert(1)</script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_the_page_offers_quick_answers_and_progress(consultation: Conversation, client_of: ClientOf) -> None:
    client = client_of(consultation.patient)
    send(client, consultation, ANSWERS[0])
    page = client.get(reverse("conversations:chat", args=[consultation.pk])).content.decode()
    assert 'class="quick-answer"' in page
    assert "questions left" in page


def test_a_wrong_fact_is_corrected_with_words_to_begin_with(consultation: Conversation, client_of: ClientOf) -> None:
    client = client_of(consultation.patient)
    send(client, consultation, "I have had a cough for three days.")
    page = client.get(reverse("conversations:chat", args=[consultation.pk]) + "?wrong=0").content.decode()
    assert "I do not have cough. </textarea>" in page
    for nonsense in ("99", "-1", "x"):
        url = reverse("conversations:chat", args=[consultation.pk]) + f"?wrong={nonsense}"
        assert client.get(url).status_code == 200
