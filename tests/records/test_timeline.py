"""The timeline: everything of a chart in the order of time, whoever wrote it down."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from tests.cast import as_person
from tests.factories import (
    AllergyFactory,
    ConversationFactory,
    EarlierStatementFactory,
    FamilyHistoryFactory,
    ImmunizationFactory,
    MedicalHistoryFactory,
    MedicationFactory,
    PrescriptionFactory,
    SocialHistoryFactory,
    SurgicalHistoryFactory,
    VitalSignsFactory,
)

NOON = datetime(2020, 3, 1, 12, tzinfo=UTC)


def titles(client: Client, patient: User, query: str = "") -> list[str]:
    page = client.get(f"/patients/{patient.pk}/?tab=timeline{query}")
    assert page.status_code == 200
    return [f"{event.what}: {event.title}" for event in page.context["events"]]


@pytest.fixture
def full_chart(patient: User, her_doctor: User) -> User:
    """Something of every kind."""
    AllergyFactory(patient=patient, diagnosed_on=date(2010, 5, 1))
    MedicationFactory(patient=patient, started_on=date(2011, 5, 1), ended_on=date(2012, 5, 1), is_active=False)
    MedicalHistoryFactory(patient=patient, diagnosed_on=date(2013, 5, 1), resolved_on=date(2014, 5, 1), is_active=False)
    SurgicalHistoryFactory(patient=patient, performed_on=date(2015, 5, 1))
    ImmunizationFactory(patient=patient, given_on=date(2016, 5, 1))
    VitalSignsFactory(patient=patient, measured_at=NOON)
    FamilyHistoryFactory(patient=patient)
    SocialHistoryFactory(patient=patient)
    EarlierStatementFactory(patient=patient)
    case = ConversationFactory(patient=patient, answered=True, doctor=her_doctor, complaint="A cough.")
    PrescriptionFactory(conversation=case)
    return patient


def test_everything_stands_in_the_order_of_time(
    client_of: Callable[[User], Client], full_chart: User, her_doctor: User
) -> None:
    listed = titles(client_of(her_doctor), full_chart)
    assert listed[-8:] == [
        "Set of measurements: Measurements",
        "Vaccination: Tetanus",
        "Operation: Appendectomy",
        "Condition resolved: Asthma",
        "Condition: Asthma",
        "Medicine stopped: Enalapril 10\u202fmg daily",
        "Medicine: Enalapril 10\u202fmg daily",
        "Allergy: Penicillin",
    ]
    assert {line.split(":")[0] for line in listed[:-8]} == {
        "Illness in the family",
        "Part of the social history",
        "Changed",
        "Consultation",
        "Prescription",
    }


def test_patients_see_their_own(client_of: Callable[[User], Client], full_chart: User) -> None:
    page = client_of(full_chart).get("/record/timeline/").content.decode()
    for shown in ("Appendectomy", "A cough.", "Ibuprofen", "01-May-2010", "BP (mmHg) 128/82, Pulse (/min) 72"):
        assert shown in page


def test_it_says_from_whom_it_comes(client_of: Callable[[User], Client], full_chart: User, her_doctor: User) -> None:
    AllergyFactory(patient=full_chart, allergen="Latex", recorded_by=her_doctor)
    AllergyFactory(
        patient=full_chart, allergen="Dust", source="import", legacy_id="a", created_at=None, updated_at=None
    )
    page = client_of(her_doctor).get(f"/patients/{full_chart.pk}/?tab=timeline").content.decode()
    assert "Recorded by a doctor (you)" in page
    assert "Day not known" in page
    assert "From the previous system" in page


def test_what_was_entered_in_error_is_not_there(
    client_of: Callable[[User], Client], patient: User, her_doctor: User
) -> None:
    wrong = AllergyFactory(patient=patient)
    with as_person(her_doctor):
        wrong.mark_entered_in_error(by=her_doctor, reason="Not hers")
    page = client_of(her_doctor).get(f"/patients/{patient.pk}/?tab=timeline").content.decode()
    assert "Nothing has happened yet." in page


def test_pages_leave_nothing_out_and_show_nothing_twice(
    client_of: Callable[[User], Client], patient: User, her_doctor: User
) -> None:
    for number in range(30):
        # At the very same time: the place must name more than the time.
        VitalSignsFactory(patient=patient, measured_at=NOON)
        AllergyFactory(
            patient=patient, allergen=f"Pollen {number}", diagnosed_on=(NOON - timedelta(days=number)).date()
        )
    client = client_of(her_doctor)
    seen: list[object] = []
    address = f"/patients/{patient.pk}/?tab=timeline"
    place = ""
    for _page in range(3):
        page = client.get(address, {"tab": "timeline"} | ({"before_event": place} if place else {}))
        seen += [event.id for event in page.context["events"]]
        place = page.context["next_place"]
        if not place:
            break
    assert len(seen) == len(set(seen)) == 60


@pytest.mark.parametrize("place", ["x", "2020-01-01_x", "_", "2020-01-01T00:00:00+00:00_", "99999-01-01_a"])
def test_a_damaged_place_is_a_bad_address(
    client_of: Callable[[User], Client], patient: User, her_doctor: User, place: str
) -> None:
    page = client_of(her_doctor).get(f"/patients/{patient.pk}/", {"tab": "timeline", "before_event": place})
    assert page.status_code == 400


def test_an_unfinished_consultation_is_the_patient_s_alone(
    client_of: Callable[[User], Client], patient: User, her_doctor: User
) -> None:
    ConversationFactory(patient=patient, complaint="Not sent yet")
    assert titles(client_of(her_doctor), patient) == []
    assert "Not sent yet" in client_of(patient).get("/record/timeline/").content.decode()


def test_strangers_see_none_of_it(client_of: Callable[[User], Client], patient: User, stranger_doctor: User) -> None:
    assert client_of(stranger_doctor).get(f"/patients/{patient.pk}/?tab=timeline").status_code == 404
    assert client_of(stranger_doctor).get("/record/timeline/").status_code == 403


def test_the_number_of_statements_does_not_grow(
    client_of: Callable[[User], Client], full_chart: User, her_doctor: User, stranger_doctor: User
) -> None:
    client = client_of(her_doctor)

    def cost() -> int:
        with CaptureQueriesContext(connection) as statements:
            titles(client, full_chart)
        return len(statements)

    few = cost()
    for number in range(6):
        AllergyFactory(patient=full_chart, allergen=f"Pollen {number}", recorded_by=stranger_doctor)
        VitalSignsFactory(patient=full_chart, recorded_by=stranger_doctor)
        case = ConversationFactory(patient=full_chart, answered=True, doctor=her_doctor)
        PrescriptionFactory(conversation=case)
    assert cost() == few
    assert few <= 30
