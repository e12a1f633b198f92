"""The chart through the API: everything that its pages do, on one's own chart and on those of one's patients."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from audit.models import ActivityLog
from records.models import Allergy, EmergencyContact, MedicalHistory, MedicalInfo, Medication
from tests.api.asking import is_error, posted, sent
from tests.cast import ClientOf, as_person, system
from tests.factories import (
    AllergyFactory,
    EmergencyContactFactory,
    FamilyHistoryFactory,
    ImmunizationFactory,
    MedicalHistoryFactory,
    MedicalInfoFactory,
    MedicationFactory,
    SurgicalHistoryFactory,
)

OWN = "/patients/chart"


@pytest.fixture
def ana(api_of: ClientOf, patient: User) -> Client:
    return api_of(patient)


@pytest.fixture
def clara(api_of: ClientOf, her_doctor: User) -> Client:
    return api_of(her_doctor)


@pytest.fixture
def hers(patient: User) -> str:
    """The address of Ana's chart for a doctor."""
    return f"/doctors/patient/{patient.pk}/chart"


def got(client: Client, path: str) -> Any:
    response = client.get(f"/api{path}")
    assert response.status_code == 200, response.content
    return response.json()


def changed(client: Client, method: str, path: str, version: str, body: Any = None) -> Any:
    call = getattr(client, method)
    return call(f"/api{path}", body or {}, content_type="application/json", headers={"If-Match": f'"{version}"'})


def the_allergy(client: Client, chart: str) -> Any:
    (entry,) = got(client, f"{chart}/allergies")["entries"]
    return entry


def test_the_whole_chart_with_every_kind(ana: Client, patient: User, clara: Client, hers: str) -> None:
    MedicalInfoFactory(patient=patient, blood_type="O+", height_cm=172, no_medications_on=date(2026, 1, 2))
    for make in (
        AllergyFactory, MedicalHistoryFactory, SurgicalHistoryFactory, FamilyHistoryFactory, ImmunizationFactory,
        EmergencyContactFactory,
    ):  # fmt: skip
        make(patient=patient)
    for client, path, why in ((ana, OWN, "own"), (clara, hers, "care")):
        chart = got(client, path)["chart"]
        assert (chart["why"], chart["patient"]["recordNumber"]) == (why, patient.record_number)
        assert {slug: len(entries) for slug, entries in chart["entries"].items()} == {
            "allergies": 1, "medicines": 0, "conditions": 1, "vitals": 0, "operations": 1, "family": 1, "social": 0,
            "vaccinations": 1,
        }  # fmt: skip
        assert chart["noneStated"] == {"allergies": None, "medicines": "2026-01-02", "conditions": None}
        assert (chart["about"]["bloodType"], chart["about"]["heightCm"]) == ("O+", "172")
        assert len(chart["contacts"]) == 1


def test_every_look_is_on_record(clara: Client, hers: str, patient: User, her_doctor: User) -> None:
    AllergyFactory(patient=patient)
    entry = the_allergy(clara, hers)
    got(clara, hers), got(clara, f"{hers}/about"), got(clara, f"{hers}/allergies/{entry['id']}")
    with system():
        looks = ActivityLog.objects.filter(actor_id=her_doctor.pk, action="patient.viewed")
        assert [(look.patient_id, look.purpose) for look in looks] == [(patient.pk, "care")] * 4


def test_an_empty_chart(ana: Client) -> None:
    chart = got(ana, OWN)["chart"]
    assert chart["about"]["sex"] is None
    assert chart["contacts"] == chart["entries"]["allergies"] == []


@pytest.mark.parametrize(
    ("kind", "body", "name"),
    [
        ("allergies", {"allergen": "Latex", "severity": "severe", "reaction": "Hives"}, "Latex"),
        ("medicines", {"medicationName": "Metformin", "dosage": "500 mg", "startDate": "2026-01-02"}, "Metformin"),
        ("conditions", {"condition": "Gout", "isActive": True, "diagnosedText": "2015"}, "Gout"),
        ("operations", {"procedure": "Appendix removed", "dateText": "2009"}, "Appendix removed"),
        ("family", {"condition": "Stroke", "relation": "Mother"}, "Stroke"),
        ("vaccinations", {"vaccine": "Tetanus", "givenDate": "2020-05-01"}, "Tetanus"),
        ("social", {"topic": "occupation", "statement": "Night shifts.", "since": "2019"}, "Work"),
    ],
)
def test_an_entry_of_every_kind_is_added_by_patient_and_doctor(
    ana: Client, clara: Client, hers: str, kind: str, body: dict[str, Any], name: str
) -> None:
    response = posted(ana, f"{OWN}/{kind}", body)
    assert response.status_code == 201, response.content
    entry = response.json()["entry"]
    assert (entry["name"], entry["kind"], entry["source"], entry["mayBeChanged"]) == (name, kind, "patient", True)
    (seen,) = got(clara, f"{hers}/{kind}")["entries"]
    assert seen["id"] == entry["id"]
    again = posted(clara, f"{hers}/{kind}", {**body, **dict.fromkeys({"allergen", "vaccine"} & set(body), "Other")})
    assert again.status_code in {201, 400}  # the very same allergy or condition stands on the chart already


@pytest.mark.parametrize(
    ("kind", "body", "field"),
    [
        ("allergies", {}, "allergen"),
        ("allergies", {"allergen": "Penicillin"}, "allergen"),
        ("allergies", {"allergen": "Dust", "severity": "awful"}, "severity"),
        ("allergies", {"allergen": "Dust", "vaccine": "Tetanus"}, "vaccine"),
        ("allergies", {"allergen": "Dust", "notes": "From the clinic."}, "notes"),
        ("medicines", {"medicationName": "Aspirin", "startDate": "2990-01-01"}, "startDate"),
        ("medicines", {"medicationName": "Aspirin", "startDate": "soon"}, "startDate"),
        ("family", {"condition": "Stroke"}, "relation"),
        ("allergies", {"allergen": "x" * 201}, "allergen"),
    ],
    ids=repr,
)
def test_what_is_wrong_is_named_by_its_field_and_nothing_is_stored(
    ana: Client, patient: User, kind: str, body: dict[str, Any], field: str
) -> None:
    AllergyFactory(patient=patient)
    response = posted(ana, f"{OWN}/{kind}", body)
    assert is_error(response, 400)
    assert [fault["field"] for fault in response.json()["errors"]] == [field]
    with as_person(patient):
        assert (Allergy.objects.count(), Medication.objects.count()) == (1, 0)


def test_measurements_are_added_with_units_and_corrected(clara: Client, hers: str) -> None:
    body = {"bloodPressure": "128/82", "pulse": 72, "temperatureC": "99 F", "measuredAt": "2026-01-31T10:15:00Z"}
    response = posted(clara, f"{hers}/vitals", body)
    assert response.status_code == 201, response.content
    entry = response.json()["entry"]
    seen = entry["details"]
    assert (seen["systolic"], seen["diastolic"], seen["pulse"], seen["temperatureC"]) == (128, 82, 72, "37.2")
    assert seen["measuredAt"] == "2026-01-31T10:15:00.000Z"
    path = f"{hers}/vitals/{entry['id']}/correct"
    now = changed(clara, "post", path, entry["etag"], {"pulse": "76", "reason": "Counted again."}).json()["entry"]
    assert (now["details"]["pulse"], now["details"]["systolic"]) == (76, 128)
    assert is_error(posted(clara, f"{hers}/vitals", {"bloodPressure": "120"}), 400)


def test_a_correction_keeps_what_is_not_sent_and_strikes_the_earlier_entry_out(
    clara: Client, hers: str, patient: User
) -> None:
    AllergyFactory(patient=patient, allergen="Penicilin", severity="severe", reaction="Hives")
    entry = the_allergy(clara, hers)
    path = f"{hers}/allergies/{entry['id']}"
    response = changed(clara, "post", f"{path}/correct", entry["etag"], {"allergen": "Penicillin", "reason": "Typo"})
    assert response.status_code == 200, response.content
    now = the_allergy(clara, hers)
    assert now == response.json()["entry"]
    assert (now["details"]["allergen"], now["details"]["severity"]) == ("Penicillin", "severe")
    assert now["details"]["reaction"] == "Hives"
    everything = got(clara, f"{hers}/allergies?includeErrors=true")["entries"]
    (struck,) = [row for row in everything if row["enteredInError"]]
    assert (struck["enteredInError"]["reason"], struck["mayBeChanged"]) == ("Typo", False)


def test_two_editors_do_not_overwrite_each_other(ana: Client, clara: Client, hers: str, patient: User) -> None:
    AllergyFactory(patient=patient, recorded_by=patient, source="patient")
    seen = the_allergy(clara, hers)
    path = f"/allergies/{seen['id']}"
    assert got(ana, f"{OWN}{path}")["entry"]["etag"] == seen["etag"]
    first = changed(ana, "post", f"{OWN}{path}/wrong", seen["etag"], {"reason": "It was my sister's."})
    assert first.status_code == 200
    second = changed(clara, "post", f"{hers}{path}/correct", seen["etag"], {"severity": "mild", "reason": "Milder"})
    assert is_error(second, 412)
    assert second.json()["code"] == "precondition_failed"
    with as_person(patient):
        assert Allergy.objects.count() == 1


def test_a_change_without_the_version_is_refused(clara: Client, hers: str, patient: User) -> None:
    AllergyFactory(patient=patient)
    EmergencyContactFactory(patient=patient)
    entry = the_allergy(clara, hers)
    contact = got(clara, hers)["chart"]["contacts"][0]
    for method, path, body in (
        ("POST", f"/allergies/{entry['id']}/wrong", {"reason": "x"}),
        ("POST", f"/allergies/{entry['id']}/correct", {"reason": "x"}),
        ("PATCH", "/about", {"bloodType": "O+"}),
        ("PATCH", f"/contacts/{contact['id']}", {"name": "Eva"}),
        ("DELETE", f"/contacts/{contact['id']}", {}),
    ):
        assert is_error(sent(clara, method, f"{hers}{path}", body), 428), path
    with as_person(patient):
        assert EmergencyContact.objects.count() == 1


def test_the_version_stands_in_the_header_too(clara: Client, hers: str, patient: User) -> None:
    AllergyFactory(patient=patient)
    entry = the_allergy(clara, hers)
    assert clara.get(f"/api{hers}/allergies/{entry['id']}")["ETag"] == f'"{entry["etag"]}"'


def test_a_weak_version_does_not_match_and_any_does(clara: Client, hers: str, patient: User) -> None:
    AllergyFactory(patient=patient)
    entry = the_allergy(clara, hers)
    path = f"/api{hers}/allergies/{entry['id']}/wrong"
    body = {"reason": "Never had it."}
    weak = clara.post(path, body, content_type="application/json", headers={"If-Match": f'W/"{entry["etag"]}"'})
    assert is_error(weak, 412)
    assert clara.post(path, body, content_type="application/json", headers={"If-Match": "*"}).status_code == 200


def test_medicines_and_conditions_end(clara: Client, hers: str, patient: User) -> None:
    MedicationFactory(patient=patient, started_on=date(2026, 1, 1))
    MedicalHistoryFactory(patient=patient)
    today = timezone.localdate()
    for kind, on in (("medicines", today - timedelta(days=1)), ("conditions", None)):
        (entry,) = got(clara, f"{hers}/{kind}")["entries"]
        path = f"{hers}/{kind}/{entry['id']}/end"
        assert is_error(changed(clara, "post", path, entry["etag"], {"on": "1800-01-01"}), 400)
        response = changed(clara, "post", path, entry["etag"], {"on": on.isoformat()} if on else {})
        assert response.json()["entry"]["isPast"] is True
        assert is_error(changed(clara, "post", path, response.json()["entry"]["etag"]), 404)
    with as_person(patient):
        assert Medication.objects.get().ended_on == today - timedelta(days=1)
        assert MedicalHistory.objects.get().resolved_on == today


def test_an_allergy_does_not_end(clara: Client, hers: str, patient: User) -> None:
    AllergyFactory(patient=patient)
    entry = the_allergy(clara, hers)
    assert is_error(changed(clara, "post", f"{hers}/allergies/{entry['id']}/end", entry["etag"]), 404)


def test_a_patient_changes_only_what_they_recorded(ana: Client, patient: User, her_doctor: User) -> None:
    AllergyFactory(patient=patient, recorded_by=her_doctor, source="doctor")
    entry = the_allergy(ana, OWN)
    assert (entry["mayBeChanged"], entry["recordedBy"]) == (False, str(her_doctor))
    path = f"{OWN}/allergies/{entry['id']}/wrong"
    assert is_error(changed(ana, "post", path, entry["etag"], {"reason": "I never had it."}), 403)


def test_that_there_is_nothing_is_stated_and_withdrawn_by_an_entry(ana: Client, patient: User) -> None:
    assert posted(ana, f"{OWN}/allergies/none").status_code == 200
    today = timezone.localdate().isoformat()
    assert got(ana, OWN)["chart"]["noneStated"]["allergies"] == today
    posted(ana, f"{OWN}/allergies", {"allergen": "Latex"})
    assert got(ana, OWN)["chart"]["noneStated"]["allergies"] is None
    assert is_error(posted(ana, f"{OWN}/allergies/none"), 409)
    assert is_error(posted(ana, f"{OWN}/operations/none"), 404)
    assert is_error(posted(ana, f"{OWN}/teeth/none"), 404)


def test_the_person_is_changed_field_by_field(ana: Client, patient: User) -> None:
    MedicalInfoFactory(patient=patient, blood_type="O+", pharmacy_name="At the Market")
    about = got(ana, f"{OWN}/about")["about"]
    body = {"heightCm": "5'10\"", "smokingStatus": "former", "pharmacyName": None}
    response = changed(ana, "patch", f"{OWN}/about", about["etag"], body)
    now = response.json()["about"]
    assert (now["heightCm"], now["smokingStatus"], now["pharmacyName"]) == ("177.8", "former", None)
    assert (now["bloodType"], response["ETag"]) == ("O+", f'"{now["etag"]}"')
    # What was loaded before that is old.
    assert is_error(changed(ana, "patch", f"{OWN}/about", about["etag"], {"bloodType": "A+"}), 412)
    wrong = changed(ana, "patch", f"{OWN}/about", now["etag"], {"weightKg": "heavy", "pharmacyPhone": "call me"})
    assert is_error(wrong, 400)
    assert {fault["field"] for fault in wrong.json()["errors"]} == {"weightKg", "pharmacyPhone"}
    with as_person(patient):
        assert MedicalInfo.objects.get().blood_type == "O+"


def test_contacts_are_added_changed_and_removed(ana: Client, patient: User) -> None:
    assert is_error(posted(ana, f"{OWN}/contacts", {"name": "Ivo"}), 400)
    added = posted(ana, f"{OWN}/contacts", {"name": "Ivo", "phone": "01632 960001", "relationship": "Brother"})
    assert added.status_code == 201
    contact = added.json()["contact"]
    path = f"{OWN}/contacts/{contact['id']}"
    response = changed(ana, "patch", path, contact["etag"], {"phone": "01632 960002"})
    now = response.json()["contact"]
    assert (now["name"], now["phone"], now["relationship"]) == ("Ivo", "01632 960002", "Brother")
    assert is_error(changed(ana, "delete", path, contact["etag"]), 412)
    assert changed(ana, "delete", path, now["etag"]).status_code == 200
    with as_person(patient):
        assert not EmergencyContact.objects.exists()


def test_strangers_find_no_chart(
    api_of: ClientOf, stranger_doctor: User, unapproved_doctor: User, another_patient: User, administrator: User,
    hers: str, patient: User,
) -> None:  # fmt: skip
    AllergyFactory(patient=patient)
    for who, status in ((stranger_doctor, 404), (unapproved_doctor, 403), (another_patient, 403), (administrator, 403)):
        client = api_of(who)
        assert is_error(client.get(f"/api{hers}"), status)
        assert is_error(posted(client, f"{hers}/allergies", {"allergen": "Dust"}), status)


def test_statements_do_not_grow_with_the_chart(
    clara: Client, hers: str, patient: User, django_assert_max_num_queries: Any
) -> None:
    for number in range(8):
        AllergyFactory(patient=patient, allergen=f"Pollen {number}")
        MedicationFactory(patient=patient, medication_name=f"Drug {number}")
    with django_assert_max_num_queries(20):
        got(clara, hers)
