"""Approving a doctor: who may, and what changes (by which page: tests/admin/test_actions.py)."""

import pytest
from django.db import DatabaseError, transaction

from accounts.models import User
from tests.cast import as_person, system


def test_an_approved_doctor_has_the_role_of_doctors_in_the_database(
    administrator: User, unapproved_doctor: User
) -> None:
    assert unapproved_doctor.database_role == ""
    with as_person(administrator):
        unapproved_doctor.approve(by=administrator)
        doctor = User.objects.get(pk=unapproved_doctor.pk)
    assert doctor.database_role == "doctor"
    assert doctor.approved_by_id == administrator.pk


def test_a_deactivated_doctor_has_no_role_however_approved(her_doctor: User) -> None:
    with system():
        her_doctor.deactivate(by=None)
    assert her_doctor.database_role == ""


@pytest.mark.parametrize("who", ["patient", "administrator"])
def test_nobody_but_doctors_is_approved(request: pytest.FixtureRequest, administrator: User, who: str) -> None:
    user = request.getfixturevalue(who)
    with as_person(administrator), pytest.raises(ValueError, match="Only doctors"):
        user.approve(by=administrator)


def test_a_doctor_cannot_approve_a_colleague(her_doctor: User, unapproved_doctor: User) -> None:
    with as_person(her_doctor), pytest.raises(DatabaseError), transaction.atomic():
        unapproved_doctor.approve(by=her_doctor)
    with system():
        assert not User.objects.get(pk=unapproved_doctor.pk).is_approved


def test_a_patient_cannot_reactivate_their_account(patient: User) -> None:
    with system():
        patient.deactivate(by=None)
    with as_person(patient), pytest.raises(DatabaseError, match="reactivate"), transaction.atomic():
        patient.reactivate(by=patient)
