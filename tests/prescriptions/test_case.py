"""The case page."""

import pytest
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import User
from conversations.models import Conversation
from tests.cast import ClientOf, system
from tests.factories import (
    AllergyFactory,
    AttachmentFactory,
    ConversationFactory,
    MedicationFactory,
    MessageFactory,
    PrescriptionFactory,
    PrivateNoteFactory,
    RedFlagFactory,
    SymptomFactory,
)

# A page may use 18. Inside a test the request is a savepoint with a context of its own, which takes four more.
MOST_STATEMENTS = 18 + 4


def address(case: Conversation) -> str:
    return f"/cases/{case.pk}/"


@pytest.fixture
def waiting_case(patient: User) -> Conversation:
    """A case of Ana's that waits, with something of everything."""
    case: Conversation = ConversationFactory(awaiting=True, patient=patient)
    said = MessageFactory(conversation=case, patient=patient, text="My throat hurts and I can hardly swallow water")
    RedFlagFactory(
        conversation=case,
        patient=patient,
        label="Cannot swallow",
        evidence="can hardly swallow water",
        evidence_message_id=said.pk,
    )
    SymptomFactory(
        conversation=case, patient=patient, symptom="Sore throat", evidence="throat hurts", evidence_message_id=said.pk
    )
    AttachmentFactory(conversation=case, patient=patient)
    AllergyFactory(patient=patient, allergen="Penicillin")
    MedicationFactory(patient=patient, medication_name="Ramipril")
    return case


def test_it_shows_what_a_doctor_needs_to_decide(
    client_of: ClientOf, stranger_doctor: User, waiting_case: Conversation
) -> None:
    text = client_of(stranger_doctor).get(address(waiting_case)).content.decode()

    for expected in ("HORVAT, Ana", "15-Jun-1990", "Penicillin", "Ramipril", "Cannot swallow", "Sore throat"):
        assert expected in text


def test_the_banner_lists_allergies_and_leaves_out_what_was_refuted(
    client_of: ClientOf, stranger_doctor: User, waiting_case: Conversation, patient: User
) -> None:
    AllergyFactory(patient=patient, allergen="Strawberry", certainty="refuted")

    page = client_of(stranger_doctor).get(address(waiting_case))

    assert [allergy.allergen for allergy in page.context["banner"].allergies] == ["Penicillin"]
    text = page.content.decode()
    assert "Strawberry" not in text[text.index("data-banner") : text.index("</section>")]
    assert f'<a href="/patients/{patient.pk}/">HORVAT, Ana</a>' in text


def test_the_banner_knows_refuted_from_never_asked(client_of: ClientOf, stranger_doctor: User, patient: User) -> None:
    case = ConversationFactory(awaiting=True, patient=patient)
    client = client_of(stranger_doctor)

    assert "Allergies not asked" in client.get(address(case)).content.decode()
    AllergyFactory(patient=patient, allergen="Strawberry", certainty="refuted")
    assert "Allergies asked, answer unclear" in client.get(address(case)).content.decode()


def test_the_words_that_raised_a_flag_are_marked_in_the_transcript(
    client_of: ClientOf, stranger_doctor: User, waiting_case: Conversation
) -> None:
    text = client_of(stranger_doctor).get(address(waiting_case)).content.decode()

    assert '<mark class="evidence--flag">can hardly swallow water</mark>' in text
    assert "<mark>throat hurts</mark>" in text


def test_text_of_the_patient_cannot_become_markup(
    client_of: ClientOf, stranger_doctor: User, waiting_case: Conversation, patient: User
) -> None:
    MessageFactory(conversation=waiting_case, patient=patient, text="<script>alert(1)</script>")

    text = client_of(stranger_doctor).get(address(waiting_case)).content.decode()

    assert "<script>alert(1)" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_the_statements_do_not_grow_with_the_messages(
    client_of: ClientOf,
    her_doctor: User,
    waiting_case: Conversation,
    patient: User,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    with system():
        waiting_case.claim(by=her_doctor)
    client = client_of(her_doctor)
    client.get(address(waiting_case))
    with django_assert_max_num_queries(MOST_STATEMENTS) as few:
        client.get(address(waiting_case))
    for _ in range(40):
        MessageFactory(conversation=waiting_case, patient=patient)
    for _ in range(5):
        earlier = ConversationFactory(answered=True, patient=patient, doctor=her_doctor)
        PrescriptionFactory(conversation=earlier, patient=patient, doctor=her_doctor)
        PrivateNoteFactory(conversation=earlier, patient=patient, author=her_doctor)
        SymptomFactory(conversation=waiting_case, patient=patient)
    with django_assert_max_num_queries(MOST_STATEMENTS) as many:
        client.get(address(waiting_case))

    assert len(few) == len(many)


def test_a_doctor_without_a_relation_does_not_find_a_claimed_case(
    client_of: ClientOf, her_doctor: User, stranger_doctor: User, patient: User
) -> None:
    case = ConversationFactory(claimed=True, patient=patient, doctor=her_doctor)

    assert client_of(stranger_doctor).get(address(case)).status_code == 404
    assert client_of(her_doctor).get(address(case)).status_code == 200


def test_earlier_visits_and_private_notes_stay_with_those_who_care(
    client_of: ClientOf, her_doctor: User, stranger_doctor: User, patient: User, waiting_case: Conversation
) -> None:
    earlier = ConversationFactory(answered=True, patient=patient, doctor=her_doctor)
    PrivateNoteFactory(conversation=earlier, patient=patient, author=her_doctor, text="thinks of changing jobs")

    assert "thinks of changing jobs" in client_of(her_doctor).get(address(waiting_case)).content.decode()
    seen = client_of(stranger_doctor).get(address(waiting_case)).content.decode()
    assert "thinks of changing jobs" not in seen
    assert "None that you may see." in seen


@pytest.mark.parametrize(("person", "status"), [("patient", 403), ("administrator", 403), ("unapproved_doctor", 302)])
def test_others_are_refused(
    client_of: ClientOf, waiting_case: Conversation, person: str, status: int, request: pytest.FixtureRequest
) -> None:
    assert client_of(request.getfixturevalue(person)).get(address(waiting_case)).status_code == status


def test_a_case_that_does_not_exist_looks_like_one_that_is_not_yours(
    client_of: ClientOf, stranger_doctor: User, her_doctor: User, patient: User
) -> None:
    foreign = ConversationFactory(claimed=True, patient=patient, doctor=her_doctor)
    client = client_of(stranger_doctor)

    absent = client.get("/cases/0190a000-0000-7000-8000-000000000000/")

    assert client.get(address(foreign)).status_code == absent.status_code == 404


def test_each_statement_of_the_summary_leads_to_the_words_it_rests_on(
    client_of: ClientOf, stranger_doctor: User, patient: User
) -> None:
    case = ConversationFactory(awaiting=True, patient=patient)
    said = MessageFactory(conversation=case, patient=patient)
    with system():
        case.summary = "Chief complaint\n- Cough <since Monday>.\n\nPast medical history\nNot asked."
        case.summary_sources = [[str(said.pk)]]
        case.save(update_fields=["summary", "summary_sources"])

    text = client_of(stranger_doctor).get(address(case)).content.decode()

    assert "<h3>Chief complaint</h3>" in text
    assert "Cough &lt;since Monday&gt;." in text
    assert f'href="#message-{said.pk}"' in text
    assert "<p>Not asked.</p>" in text


def test_an_imported_summary_loses_no_line(client_of: ClientOf, stranger_doctor: User, patient: User) -> None:
    case = ConversationFactory(awaiting=True, patient=patient, legacy_id="a1")
    with system():
        case.summary = "**Chief complaint:** Cough\r\n\r\nHistory\nSince Monday\n- Fever\n\nNo allergies"
        case.save(update_fields=["summary"])

    text = client_of(stranger_doctor).get(address(case)).content.decode()

    assert "<h3>Chief complaint</h3>" in text
    for line in ("Cough", "Since Monday", "Fever", "No allergies"):
        assert f"<li>{line}</li>" in text


def test_the_patient_is_told_how_to_reach_the_practice(
    client_of: ClientOf, her_doctor: User, patient: User, settings: Settings
) -> None:
    settings.CLINIC_PHONE = "01632 960 123"
    case = ConversationFactory(answered=True, patient=patient, doctor=her_doctor)
    with system():
        Conversation.objects.filter(pk=case.pk).update(call_to_office=True)

    text = client_of(her_doctor).get(address(case)).content.decode()

    assert "to the practice: call 01632 960 123." in text


def test_a_very_long_conversation_is_cut_with_a_way_to_see_all_of_it(
    client_of: ClientOf, stranger_doctor: User, patient: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("prescriptions.case_file.MESSAGES_SHOWN", 2)
    case = ConversationFactory(awaiting=True, patient=patient)
    for word in ("first words", "second words", "third words", "fourth words"):
        MessageFactory(conversation=case, patient=patient, text=word)
    client = client_of(stranger_doctor)

    cut = client.get(address(case))
    assert cut.context["file"].hidden_messages == 2
    assert "first words" not in cut.content.decode()
    assert "fourth words" in cut.content.decode()

    whole = client.get(address(case) + "?messages=all")
    assert whole.context["file"].hidden_messages == 0
    assert "first words" in whole.content.decode()
