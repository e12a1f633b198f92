"""Writing down that a pharmacy has dispensed a prescription."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from audit.models import ActivityLog
from medichat.refusals import ConflictError
from prescriptions.models import Prescription, PrescriptionFill
from tests.cast import ClientOf, system
from tests.factories import ConversationFactory, PrescriptionFactory


@pytest.fixture
def prescription(patient: User, her_doctor: User) -> Prescription:
    """An active prescription of Ana's with one refill."""
    case = ConversationFactory(answered=True, patient=patient, doctor=her_doctor)
    made: Prescription = PrescriptionFactory(conversation=case, patient=patient, doctor=her_doctor, refills=1)
    return made


def now_of(prescription: Prescription) -> Prescription:
    """The row as it is now."""
    with system():
        return Prescription.objects.get(pk=prescription.pk)


def test_the_doctor_notes_it_with_day_and_pharmacy_and_it_is_on_record(
    client_of: ClientOf, her_doctor: User, prescription: Prescription
) -> None:
    response = client_of(her_doctor).post(
        f"/prescriptions/{prescription.pk}/fill/", {"on": timezone.localdate().isoformat(), "pharmacy": "Corner"}
    )

    assert response.status_code == 302
    with system():
        (fill,) = PrescriptionFill.objects.filter(prescription=prescription)
        assert (fill.number, fill.filled_on, fill.pharmacy, fill.recorded_by_id) == (
            1,
            timezone.localdate(),
            "Corner",
            her_doctor.pk,
        )
        logged = ActivityLog.objects.get(action="prescription.filled")
    assert (logged.actor_id, logged.patient_id) == (her_doctor.pk, prescription.patient_id)
    assert "Corner" not in (logged.metadata or "")


def test_every_supply_counts_until_nothing_is_left(prescription: Prescription, her_doctor: User) -> None:
    with system():
        assert prescription.supplies_left == 2
        PrescriptionFill.record(prescription, by=her_doctor, on=timezone.localdate())
        assert (prescription.supplies_left, prescription.standing) == (1, "active")
        PrescriptionFill.record(prescription, by=her_doctor, on=timezone.localdate())
        assert (prescription.supplies_left, prescription.standing) == (0, "dispensed")
        with pytest.raises(ConflictError, match="every refill has been given"):
            PrescriptionFill.record(prescription, by=her_doctor, on=timezone.localdate())


def test_what_was_dispensed_is_still_taken(prescription: Prescription, her_doctor: User) -> None:
    """The safety check goes on counting it: the patient has it at home."""
    with system():
        for _ in range(2):
            PrescriptionFill.record(prescription, by=her_doctor, on=timezone.localdate())

    assert now_of(prescription).may_be_taken


def test_a_prescription_of_the_previous_system_that_was_filled_has_one_supply_less(patient: User) -> None:
    made = PrescriptionFactory(patient=patient, refills=1, filled_at=timezone.now(), legacy_id="old-1",
                               conversation=ConversationFactory(answered=True, patient=patient))  # fmt: skip

    assert made.supplies_left == 1


@pytest.mark.parametrize("days", [-40, 1])
def test_a_day_before_the_issue_or_yet_to_come_is_refused_beside_the_field(
    client_of: ClientOf, her_doctor: User, prescription: Prescription, days: int
) -> None:
    day = timezone.localdate() + timedelta(days=days)
    response = client_of(her_doctor).post(f"/prescriptions/{prescription.pk}/fill/", {"on": day.isoformat()})

    assert response.status_code == 422
    assert ("yet to come" if days > 0 else "written after this day") in response.content.decode()
    assert now_of(prescription).supplies_given == 0


def test_a_cancelled_or_expired_one_is_not_dispensed(
    client_of: ClientOf, her_doctor: User, patient: User, prescription: Prescription
) -> None:
    yesterday = timezone.localdate() - timedelta(days=1)
    expired = PrescriptionFactory(
        conversation=prescription.conversation, patient=patient, doctor=her_doctor,
        issued_on=yesterday, expires_on=yesterday,
    )  # fmt: skip
    with system():
        prescription.cancel(by=her_doctor, reason="Wrong strength")
    client, today = client_of(her_doctor), {"on": timezone.localdate().isoformat()}

    for row in (prescription, expired):
        assert client.post(f"/prescriptions/{row.pk}/fill/", today).status_code == 409


@pytest.mark.parametrize(("person", "status"), [("stranger_doctor", 404), ("patient", 403), ("administrator", 403)])
def test_others_cannot(
    client_of: ClientOf, prescription: Prescription, person: str, status: int, request: pytest.FixtureRequest
) -> None:
    client = client_of(request.getfixturevalue(person))
    response = client.post(f"/prescriptions/{prescription.pk}/fill/", {"on": timezone.localdate().isoformat()})

    assert response.status_code == status
    assert now_of(prescription).supplies_given == 0
