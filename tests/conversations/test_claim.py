"""Claiming a case: one doctor gets it, the others are told who was faster."""

import pytest
from django.urls import reverse

from accounts.models import User
from conversations.models import Conversation, Status
from conversations.models.conversation import refuse_if_taken
from medichat.refusals import ConflictError
from tests.cast import ClientOf, as_person, system
from tests.conversations.test_start_race import AT_ONCE, all_at_once
from tests.factories import ConversationFactory, DoctorFactory


@pytest.fixture
def case(patient: User) -> Conversation:
    """A case of Ana's that waits."""
    waiting: Conversation = ConversationFactory(patient=patient, awaiting=True)
    return waiting


def test_the_doctor_has_the_case(case: Conversation, stranger_doctor: User) -> None:
    with as_person(stranger_doctor):
        case.claim(by=stranger_doctor)
    with system():
        case.refresh_from_db()
    assert case.doctor_id == stranger_doctor.pk
    assert case.claimed_at is not None
    assert case.status == Status.AWAITING_DOCTOR


def test_claiming_again_is_harmless(case: Conversation, stranger_doctor: User) -> None:
    with as_person(stranger_doctor):
        case.claim(by=stranger_doctor)
        first = case.claimed_at
        case.claim(by=stranger_doctor)
    assert case.claimed_at == first


def test_the_second_doctor_is_told_who_was_faster(
    case: Conversation, stranger_doctor: User, her_doctor: User, client_of: ClientOf
) -> None:
    with as_person(stranger_doctor):
        case.claim(by=stranger_doctor)
    response = client_of(her_doctor).post(reverse("conversations:claim", args=[case.pk]))
    assert response.status_code == 409
    assert "Darius Moreau" in response.content.decode()


def test_a_stranger_to_the_patient_is_told_as_well(
    case: Conversation, stranger_doctor: User, client_of: ClientOf
) -> None:
    with as_person(stranger_doctor):
        case.claim(by=stranger_doctor)
    response = client_of(DoctorFactory()).post(reverse("conversations:claim", args=[case.pk]))
    assert response.status_code == 409
    assert "Taken by Darius Moreau" in response.content.decode()


def test_a_doctor_who_saw_it_before_it_was_taken_gets_a_conflict(case: Conversation, stranger_doctor: User) -> None:
    late = DoctorFactory()
    with as_person(late):
        seen = Conversation.objects.visible_to(late).get(pk=case.pk)
    with as_person(stranger_doctor):
        case.claim(by=stranger_doctor)
    with as_person(late), pytest.raises(ConflictError, match=r"(?i)taken by Darius Moreau"):
        seen.claim(by=late)


def test_a_case_that_never_waited_does_not_exist_for_a_stranger(patient: User, client_of: ClientOf) -> None:
    unfinished = ConversationFactory(patient=patient)
    response = client_of(DoctorFactory()).post(reverse("conversations:claim", args=[unfinished.pk]))
    assert response.status_code == 404


def test_once_claimed_a_stranger_does_not_see_the_case(case: Conversation, stranger_doctor: User) -> None:
    with as_person(stranger_doctor):
        case.claim(by=stranger_doctor)
    late = DoctorFactory()
    with as_person(late):
        assert not Conversation.objects.visible_to(late).filter(pk=case.pk).exists()


def test_what_does_not_wait_is_not_claimed(patient: User, stranger_doctor: User) -> None:
    unfinished = ConversationFactory(patient=patient)
    with system(), pytest.raises(ConflictError):
        unfinished.claim(by=stranger_doctor)


@pytest.mark.parametrize("who", ["patient", "another_patient", "administrator"])
def test_only_doctors_claim(case: Conversation, who: str, request: pytest.FixtureRequest, client_of: ClientOf) -> None:
    response = client_of(request.getfixturevalue(who)).post(reverse("conversations:claim", args=[case.pk]))
    assert response.status_code == 403


@pytest.mark.django_db(transaction=True)
def test_of_twenty_doctors_at_once_exactly_one_gets_it(case: Conversation) -> None:
    doctors = [DoctorFactory() for _ in range(AT_ONCE)]
    waiting, told = iter(doctors), list[str]()

    def claim() -> int:
        doctor = next(waiting)
        with as_person(doctor):
            try:
                mine = Conversation.objects.visible_to(doctor).filter(pk=case.pk).first()
                if mine is None:
                    refuse_if_taken(case.pk)  # as the page does for a doctor to whom it is not shown any more
                    raise AssertionError("neither shown nor taken")
                mine.claim(by=doctor)
            except ConflictError as conflict:
                told.append(str(conflict))
                return 0
        return 1

    assert sum(all_at_once(claim)) == 1
    with system():
        case.refresh_from_db()
    (winner,) = (doctor for doctor in doctors if doctor.pk == case.doctor_id)
    assert len(told) == AT_ONCE - 1
    assert all(winner.get_full_name() in words for words in told)
