"""Breaking the glass through the API."""

from typing import Any

from accounts.models import User
from audit.models import ActivityLog
from records.models import EmergencyAccess
from tests.api.asking import is_error, posted
from tests.cast import ClientOf, system


def facts(patient: User, **more: Any) -> dict[str, Any]:
    return {
        "recordNumber": patient.record_number,
        "dateOfBirth": "1990-06-15",
        "kindOfReason": "danger",
        "reason": "Found unconscious in the waiting room.",
        **more,
    }


def test_a_chart_is_opened_for_a_while_and_closed_again(api_of: ClientOf, stranger_doctor: User, patient: User) -> None:
    darius, chart = api_of(stranger_doctor), f"/api/doctors/patient/{patient.pk}/chart"
    assert is_error(darius.get(chart), 404)
    opened = posted(darius, "/doctors/emergency-access", facts(patient))
    assert opened.status_code == 201, opened.content
    assert (opened.json()["patientId"], opened.json()["until"] is not None) == (str(patient.pk), True)
    assert darius.get(chart).json()["chart"]["why"] == "break_glass"
    end = f"/api/doctors/patient/{patient.pk}/emergency-access"
    assert darius.delete(end).status_code == 200
    assert is_error(darius.get(chart), 404)
    assert is_error(darius.delete(end), 404)
    with system():
        assert ActivityLog.objects.filter(action="break_glass.opened", patient_id=patient.pk).count() == 1


def test_who_cares_for_the_patient_needs_none(api_of: ClientOf, her_doctor: User, patient: User) -> None:
    opened = posted(api_of(her_doctor), "/doctors/emergency-access", facts(patient))
    assert (opened.status_code, opened.json()["until"]) == (201, None)
    with system():
        assert not EmergencyAccess.objects.exists()


def test_whatever_is_wrong_with_the_facts_is_answered_alike_and_on_record(
    api_of: ClientOf, stranger_doctor: User, patient: User
) -> None:
    darius = api_of(stranger_doctor)
    wrong = [facts(patient, dateOfBirth="1991-01-01"), facts(patient, recordNumber=patient.record_number + 10_000)]
    answers = [posted(darius, "/doctors/emergency-access", body) for body in wrong]
    assert all(is_error(answer, 422) for answer in answers)
    assert len({answer.json()["error"] for answer in answers}) == 1
    with system():
        assert ActivityLog.objects.filter(action="break_glass.refused", actor_id=stranger_doctor.pk).count() == 2


def test_guessing_has_to_wait(api_of: ClientOf, stranger_doctor: User, patient: User) -> None:
    darius = api_of(stranger_doctor)
    for day in range(1, 6):
        posted(darius, "/doctors/emergency-access", facts(patient, dateOfBirth=f"1991-01-0{day}"))
    response = posted(darius, "/doctors/emergency-access", facts(patient))
    assert is_error(response, 429)
    assert int(response["Retry-After"]) > 0


def test_a_reason_is_needed(api_of: ClientOf, stranger_doctor: User, patient: User) -> None:
    for body in (facts(patient, reason="help"), facts(patient, kindOfReason="curious"), {}):
        assert is_error(posted(api_of(stranger_doctor), "/doctors/emergency-access", body), 400)
