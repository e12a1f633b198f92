"""Adding a medicine, and noting that it was stopped."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from records.models import MedicalInfo, Medication
from tests.cast import as_person
from tests.factories import MedicalInfoFactory, MedicationFactory

MINE = "/record/medicines/new/"
TODAY = timezone.localdate


def of(patient: User) -> str:
    return f"/patients/{patient.pk}/medicines/new/"


def test_a_patient_adds_what_they_take(client_of: Callable[[User], Client], patient: User) -> None:
    MedicalInfoFactory(patient=patient, no_medications_on=TODAY())
    sent = {"medication_name": "Ramipril", "dosage": "5 mg", "frequency": "in the morning"}
    assert client_of(patient).post(MINE, sent).status_code == 302
    with as_person(patient):
        medicine = Medication.objects.get()
        assert MedicalInfo.objects.get().no_medications_on is None, "the statement is withdrawn"
    assert (medicine.source, medicine.is_active, medicine.dosage) == ("patient", True, "5 mg")


def test_the_dose_is_shown_as_it_is_safe_to_read(client_of: Callable[[User], Client], patient: User) -> None:
    client = client_of(patient)
    page = client.post(MINE, {"medication_name": "Thyroxine", "dosage": "50mcg"}, follow=True).content.decode()
    assert "50\u202fmicrogram" in page


@pytest.mark.parametrize(
    ("last_day", "active"), [(None, True), (timedelta(0), True), (timedelta(days=5), True), (timedelta(days=-1), False)]
)
def test_whether_it_is_active_follows_from_its_last_day(
    client_of: Callable[[User], Client], patient: User, her_doctor: User, last_day: timedelta | None, active: bool
) -> None:
    ended = "" if last_day is None else (TODAY() + last_day).isoformat()
    sent = {"medication_name": "Ibuprofen", "started_on": "2020-01-01", "ended_on": ended}
    assert client_of(her_doctor).post(of(patient), sent).status_code == 302
    with as_person(her_doctor):
        medicine = Medication.objects.get()
    assert (medicine.is_active, medicine.is_current) == (active, active)


@pytest.mark.parametrize("dosage", ["", "5 mg"])
def test_the_same_medicine_at_the_same_dose_for_the_same_days_is_refused(
    client_of: Callable[[User], Client], patient: User, dosage: str
) -> None:
    MedicationFactory(patient=patient, medication_name="Ramipril", dosage=dosage or None, started_on=None)
    sent = {"medication_name": " RAMIPRIL", "dosage": dosage, "frequency": "at noon, with water"}
    response = client_of(patient).post(MINE, sent)
    page = response.content.decode()
    assert response.status_code == 422
    assert "This medicine at this dose is on the chart for these days already." in page
    assert 'id="id_medication_name_error"' in page
    assert "at noon, with water" in page


def test_another_dose_or_other_days_are_another_entry(
    client_of: Callable[[User], Client], patient: User, her_doctor: User
) -> None:
    MedicationFactory(
        patient=patient, medication_name="Ramipril", dosage="5 mg", started_on=date(2025, 1, 1), ended_on=TODAY()
    )
    client = client_of(her_doctor)
    for sent in (
        {"medication_name": "Ramipril", "dosage": "10 mg"},
        {"medication_name": "Ramipril", "dosage": "5 mg", "started_on": (TODAY() + timedelta(days=1)).isoformat()},
    ):
        assert client.post(of(patient), sent).status_code == 302


def test_the_end_is_not_before_the_start(client_of: Callable[[User], Client], patient: User, her_doctor: User) -> None:
    sent = {"medication_name": "Ramipril", "started_on": "2026-02-01", "ended_on": "2026-01-31", "notes": "keep me"}
    response = client_of(her_doctor).post(of(patient), sent)
    page = response.content.decode()
    assert response.status_code == 422
    assert "The end is before the start." in page
    assert 'id="id_ended_on_error"' in page
    assert 'value="2026-02-01"' in page
    assert "keep me" in page


def test_a_patient_cannot_have_begun_tomorrow(client_of: Callable[[User], Client], patient: User) -> None:
    tomorrow = (TODAY() + timedelta(days=1)).isoformat()
    response = client_of(patient).post(MINE, {"medication_name": "Ramipril", "started_on": tomorrow})
    assert response.status_code == 422
    assert "This day is in the future." in response.content.decode()


def test_a_doctor_notes_that_it_was_stopped(
    client_of: Callable[[User], Client], patient: User, her_doctor: User
) -> None:
    medicine = MedicationFactory(patient=patient, started_on=date(2025, 1, 1))
    url = f"/patients/{patient.pk}/medicines/{medicine.pk}/end/"
    client = client_of(her_doctor)
    assert f'value="{TODAY().isoformat()}"' in client.get(url).content.decode(), "today is proposed"
    for day, sentence in (("2024-12-31", "This is before it began."), ("2999-01-01", "in the future"), ("", "Give")):
        response = client.post(url, {"on": day})
        assert response.status_code == 422
        assert sentence in response.content.decode()
    assert client.post(url, {"on": "2026-03-01"}).status_code == 302
    with as_person(her_doctor):
        medicine.refresh_from_db(fields=["is_active", "ended_on"])
    assert (medicine.is_active, medicine.ended_on) == (False, date(2026, 3, 1))
    assert client.get(url).status_code == 404, "it is over already"


def test_a_patient_stops_what_they_recorded_themselves_and_nothing_else(
    client_of: Callable[[User], Client], patient: User, her_doctor: User
) -> None:
    with as_person(patient):
        own = Medication(patient=patient, medication_name="Vitamin D")
        own.record(by=patient)
    prescribed = MedicationFactory(patient=patient, recorded_by=her_doctor)
    client = client_of(patient)
    assert client.post(f"/record/medicines/{own.pk}/end/", {"on": TODAY().isoformat()}).status_code == 302
    assert client.post(f"/record/medicines/{prescribed.pk}/end/", {"on": TODAY().isoformat()}).status_code == 403
    with as_person(patient):
        assert not Medication.objects.get(pk=own.pk).is_active
        assert Medication.objects.get(pk=prescribed.pk).is_active
