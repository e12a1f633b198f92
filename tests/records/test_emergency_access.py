"""Breaking the glass: a doctor opens a chart without a relation, for a reason, for a while, and never unnoticed."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from audit.models import ActivityLog
from medichat.periodic import JobFailed
from records.models import CareRelation, EmergencyAccess, EmergencyReview
from records.periodic import tell_administrators
from tests.cast import ClientOf, as_person, system
from tests.factories import (
    AllergyFactory,
    ConversationFactory,
    EmergencyAccessFactory,
    MessageFactory,
)

pytestmark = pytest.mark.django_db

PAGE = "/emergency-access/"
REASON = "Found unconscious in the waiting room"


def chart(patient: User) -> str:
    return reverse("records:chart", args=[patient.pk])


def ask(client: Client, patient: User, **other: Any) -> HttpResponse:
    """Fill the form in, rightly but for ``other``, and send it."""
    typed = {
        "record_number": str(patient.record_number),
        "date_of_birth": str(patient.date_of_birth),
        "kind_of_reason": "unable",
        "reason": REASON,
    }
    return client.post(PAGE, typed | other)  # type: ignore[return-value]  # the test client's answer is one


def accesses() -> list[EmergencyAccess]:
    with system():
        return list(EmergencyAccess.objects.all())


def actions(of: User) -> list[str]:
    with system():
        return list(ActivityLog.objects.filter(actor_id=of.pk).order_by("sequence").values_list("action", flat=True))


def test_a_stranger_opens_the_chart_with_a_reason(
    client_of: ClientOf, patient: User, stranger_doctor: User, settings: Any
) -> None:
    settings.BREAK_GLASS_MINUTES = 30
    AllergyFactory(patient=patient, allergen="Penicillin")
    client = client_of(stranger_doctor)
    assert client.get(chart(patient)).status_code == 404
    assert ask(client, patient)["Location"] == chart(patient)
    page = client.get(chart(patient)).content.decode()
    for words in ("Penicillin", "<strong>Emergency access</strong>", "30 min left", REASON, "cannot speak for"):
        assert words in page
    (access,) = accesses()
    assert access.valid_until is not None
    assert access.valid_until - access.valid_from == timedelta(minutes=30)
    assert actions(stranger_doctor)[-2:] == ["break_glass.opened", "patient.viewed"]
    with system():
        why = ActivityLog.objects.filter(actor_id=stranger_doctor.pk, action="patient.viewed").values_list("purpose")
        assert set(why) == {("break_glass",)}


def test_the_case_page_says_so_as_well_and_what_is_done_there_is_no_care(
    client_of: ClientOf, patient: User, her_doctor: User, stranger_doctor: User
) -> None:
    case = ConversationFactory(patient=patient, answered=True, doctor=her_doctor)
    EmergencyAccessFactory(patient=patient, doctor=stranger_doctor)
    page = client_of(stranger_doctor).get(reverse("case", args=[case.pk])).content.decode()
    assert "<strong>Emergency access</strong>" in page
    assert "<strong>Emergency access</strong>" not in (
        client_of(her_doctor).get(reverse("case", args=[case.pk])).content.decode()
    )
    with system():
        looks = ActivityLog.objects.filter(action="conversation.viewed").values_list("actor_id", "purpose")
        assert dict(looks) == {stranger_doctor.pk: "break_glass", her_doctor.pk: "care"}


@pytest.mark.parametrize(
    "wrong",
    [{"record_number": "999999999"}, {"date_of_birth": "1951-01-02"}, {"record_number": "999999999999999"}],
    ids=["no such number", "another date of birth", "a number beyond all"],
)
def test_whatever_does_not_fit_is_answered_alike(
    client_of: ClientOf, patient: User, stranger_doctor: User, wrong: dict[str, str]
) -> None:
    response = ask(client_of(stranger_doctor), patient, **wrong)
    assert response.status_code == 422
    page = response.content.decode()
    assert "There is no patient with this record number and this date of birth." in page
    assert REASON in page, "nothing typed is lost"
    assert accesses() == []
    assert actions(stranger_doctor) == ["break_glass.refused"]
    with system():
        (row,) = ActivityLog.objects.filter(action="break_glass.refused")
        assert (row.patient_id, row.metadata, row.status) == (None, None, "failure")


def test_a_doctor_s_number_is_nobody_s(client_of: ClientOf, her_doctor: User, stranger_doctor: User) -> None:
    assert ask(client_of(stranger_doctor), her_doctor).status_code == 422


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"reason": "  Emergency  "}, "Say a little more"),
        ({"reason": ""}, "Say what has happened."),
        ({"kind_of_reason": ""}, "Choose why you need it."),
        ({"kind_of_reason": "curiosity"}, "Select a valid choice"),
        ({"record_number": "12a"}, "A record number is a whole number."),
        ({"date_of_birth": "yesterday"}, "Enter a valid date."),
    ],
)
def test_what_is_missing_is_said_beside_its_field(
    client_of: ClientOf, patient: User, stranger_doctor: User, wrong: dict[str, str], words: str
) -> None:
    response = ask(client_of(stranger_doctor), patient, **wrong)
    assert response.status_code == 422
    assert words in response.content.decode()
    assert accesses() == []


def test_after_five_misses_a_doctor_waits_whatever_the_browser(
    client_of: ClientOf, patient: User, stranger_doctor: User
) -> None:
    for guess in range(5):
        assert ask(client_of(stranger_doctor), patient, record_number=str(900_000 + guess)).status_code == 422
    response = ask(client_of(stranger_doctor), patient)
    assert response.status_code == 429
    assert int(response["Retry-After"]) > 0
    assert REASON in response.content.decode()
    assert accesses() == []


def test_after_ten_misses_a_doctor_waits_wherever_they_are(
    client_of: ClientOf, patient: User, stranger_doctor: User
) -> None:
    client = client_of(stranger_doctor)
    for guess in range(10):
        client.defaults["REMOTE_ADDR"] = f"192.0.2.{guess}"
        assert ask(client, patient, record_number=str(900_000 + guess)).status_code == 422
    client.defaults["REMOTE_ADDR"] = "192.0.2.99"
    response = ask(client, patient)
    assert response.status_code == 429
    assert 0 < int(response["Retry-After"]) <= 300
    assert accesses() == []


def test_naming_a_patient_of_one_s_own_between_the_guesses_does_not_help(
    client_of: ClientOf, patient: User, her_doctor: User
) -> None:
    """Whoever guesses at strangers knows somebody: that one is right says nothing about the others."""
    client = client_of(her_doctor)
    answers = []
    for guess in range(6):
        answers.append(ask(client, patient, record_number=str(900_000 + guess)).status_code)
        if guess < 4:
            assert ask(client, patient)["Location"] == chart(patient)
    assert answers == [422] * 5 + [429]


def test_who_cares_for_the_patient_needs_no_emergency(client_of: ClientOf, patient: User, her_doctor: User) -> None:
    response = ask(client_of(her_doctor), patient)
    assert response["Location"] == chart(patient)
    assert accesses() == []


def test_more_time_is_another_access_with_a_reason_of_its_own(
    client_of: ClientOf, patient: User, stranger_doctor: User
) -> None:
    client = client_of(stranger_doctor)
    ask(client, patient)
    page = client.get(f"{PAGE}?number={patient.record_number}").content.decode()
    assert f'value="{patient.record_number}"' in page
    ask(client, patient, reason="The ambulance is not here yet")
    assert len(accesses()) == 2
    assert "The ambulance is not here yet" in client.get(chart(patient)).content.decode()


def test_it_ends_by_itself(client_of: ClientOf, patient: User, stranger_doctor: User) -> None:
    AllergyFactory(patient=patient)
    past = timezone.now() - timedelta(hours=2)
    EmergencyAccessFactory(patient=patient, doctor=stranger_doctor, valid_from=past)
    assert client_of(stranger_doctor).get(chart(patient)).status_code == 404


def test_the_doctor_ends_it_early(client_of: ClientOf, patient: User, stranger_doctor: User) -> None:
    client = client_of(stranger_doctor)
    ask(client, patient)
    assert client.post(f"{chart(patient)}emergency-access/end/")["Location"] == "/queue/"
    assert client.get(chart(patient)).status_code == 404
    assert client.post(f"{chart(patient)}emergency-access/end/").status_code == 404
    assert actions(stranger_doctor).count("break_glass.ended") == 1


def test_another_doctor_s_access_is_not_ended(
    client_of: ClientOf, patient: User, her_doctor: User, stranger_doctor: User
) -> None:
    EmergencyAccessFactory(patient=patient, doctor=stranger_doctor)
    client_of(her_doctor).post(f"{chart(patient)}emergency-access/end/")
    assert client_of(stranger_doctor).get(chart(patient)).status_code == 200


@pytest.mark.parametrize(("who", "status"), [("patient", 403), ("administrator", 403), ("unapproved_doctor", 302)])
def test_nobody_else_opens_a_chart_so(
    request: pytest.FixtureRequest, client_of: ClientOf, patient: User, who: str, status: int
) -> None:
    client = client_of(request.getfixturevalue(who))
    assert client.get(PAGE).status_code == status
    assert ask(client, patient).status_code == status
    assert accesses() == []


def test_it_claims_no_case_and_answers_none(client_of: ClientOf, patient: User, stranger_doctor: User) -> None:
    case = ConversationFactory(patient=patient, claimed=True)
    MessageFactory(conversation=case)
    EmergencyAccessFactory(patient=patient, doctor=stranger_doctor)
    client = client_of(stranger_doctor)
    assert client.get(reverse("case", args=[case.pk])).status_code == 200
    assert client.post(reverse("conversations:claim", args=[case.pk])).status_code == 409
    with system():
        kinds = CareRelation.objects.filter(doctor=stranger_doctor).values_list("kind", flat=True)
        assert set(kinds) == {"break_glass"}


@pytest.mark.parametrize("act", ["withdraw_approval", "deactivate"])
def test_it_is_over_when_the_doctor_is_none_any_more(
    client_of: ClientOf, patient: User, stranger_doctor: User, administrator: User, act: str
) -> None:
    client = client_of(stranger_doctor)
    ask(client, patient)
    with as_person(administrator):
        getattr(stranger_doctor, act)(by=administrator)
    assert client.get(chart(patient)).status_code == 302


# Administrators


def test_administrators_are_told_once_and_not_about_whom(
    patient: User, stranger_doctor: User, administrator: User, mailoutbox: list[EmailMessage]
) -> None:
    EmergencyAccessFactory(patient=patient, doctor=stranger_doctor)
    assert tell_administrators() == "1 told to 1 administrator(s)"
    (letter,) = mailoutbox
    assert letter.to == [administrator.email]
    assert "/admin/records/emergencyaccess/?review=waiting" in letter.body
    for named in (patient.last_name, stranger_doctor.last_name, REASON):
        assert named not in f"{letter.subject} {letter.body}"
    assert tell_administrators() == "none"


def test_that_there_is_nobody_to_tell_is_told_to_the_operator(patient: User) -> None:
    EmergencyAccessFactory(patient=patient)
    with pytest.raises(JobFailed, match="no active administrator"):
        tell_administrators()


def test_a_letter_that_does_not_go_out_is_written_again(
    patient: User, administrator: User, monkeypatch: pytest.MonkeyPatch, mailoutbox: list[EmailMessage]
) -> None:
    EmergencyAccessFactory(patient=patient)

    class Unreachable:
        def send_messages(self, letters: list[EmailMessage]) -> int:
            raise ConnectionRefusedError

    with monkeypatch.context() as patch:
        patch.setattr("records.periodic.get_connection", Unreachable)
        with pytest.raises(JobFailed, match="EMAIL_HOST"):
            tell_administrators()
    assert tell_administrators() == "1 told to 1 administrator(s)"
    assert len(mailoutbox) == 1


def review(client: Client, access: EmergencyAccess, verdict: str = "questioned") -> HttpResponse:
    sent = {
        "review-TOTAL_FORMS": "1",
        "review-INITIAL_FORMS": "0",
        "review-0-relation": str(access.pk),
        "review-0-verdict": verdict,
        "review-0-note": "I shall ask.",
    }
    address = reverse("admin:records_emergencyaccess_change", args=[access.pk])
    return client.post(address, sent)  # type: ignore[return-value]  # the test client's answer is one


def test_an_administrator_reviews_it_once(
    client_of: ClientOf, patient: User, stranger_doctor: User, administrator: User
) -> None:
    access = EmergencyAccessFactory(patient=patient, doctor=stranger_doctor)
    client = client_of(administrator)
    waiting = reverse("admin:records_emergencyaccess_changelist") + "?review=waiting"
    assert REASON in client.get(waiting).content.decode()
    assert review(client, access).status_code == 302
    with system():
        judged = EmergencyReview.objects.get()
    assert (judged.relation_id, judged.patient_id) == (access.pk, patient.pk)
    assert (judged.reviewed_by_id, judged.verdict, judged.note) == (administrator.pk, "questioned", "I shall ask.")
    assert REASON not in client.get(waiting).content.decode()
    page = client.get(reverse("admin:records_emergencyaccess_change", args=[access.pk])).content.decode()
    assert "I shall ask." in page
    review(client, access, "justified")
    with system():
        assert EmergencyReview.objects.get().verdict == "questioned"


def test_the_doctor_and_the_patient_do_not_read_the_review(
    client_of: ClientOf, patient: User, stranger_doctor: User, administrator: User
) -> None:
    access = EmergencyAccessFactory(patient=patient, doctor=stranger_doctor)
    review(client_of(administrator), access)
    for person in (patient, stranger_doctor):
        with as_person(person):
            assert not EmergencyReview.objects.exists()


def test_the_case_takes_one_statement_more_than_for_who_cares(
    client_of: ClientOf, patient: User, her_doctor: User, stranger_doctor: User
) -> None:
    case = ConversationFactory(patient=patient, answered=True)
    EmergencyAccessFactory(patient=patient, doctor=stranger_doctor)

    def statements(doctor: User) -> int:
        client = client_of(doctor)
        client.get(reverse("case", args=[case.pk]))
        with CaptureQueriesContext(connection) as asked:
            assert client.get(reverse("case", args=[case.pk])).status_code == 200
        return len(asked)

    assert statements(stranger_doctor) == statements(her_doctor) + 1
