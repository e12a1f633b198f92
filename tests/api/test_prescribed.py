"""Prescriptions through the API: a patient's list, the printed sheet, and cancelling one."""

from accounts.models import User
from audit.models import ActivityLog
from prescriptions.models import Prescription
from tests.api.asking import is_error, posted
from tests.cast import ClientOf, as_person, system
from tests.factories import ConversationFactory, PrescriptionFactory


def prescribed(patient: User, doctor: User) -> Prescription:
    case = ConversationFactory(patient=patient, answered=True, doctor=doctor)
    row: Prescription = PrescriptionFactory(conversation=case, doctor=doctor)
    return row


def test_a_patient_s_own_are_listed_with_who_wrote_them(
    api_of: ClientOf, patient: User, her_doctor: User, another_patient: User
) -> None:
    row = prescribed(patient, her_doctor)
    (listed,) = api_of(patient).get("/api/patients/prescriptions").json()["prescriptions"]
    assert (listed["id"], listed["status"], listed["doctor"]["lastName"]) == (str(row.pk), "active", "Lindqvist")
    assert api_of(another_patient).get("/api/patients/prescriptions").json()["prescriptions"] == []


def test_the_sheet_is_a_pdf_for_the_patient_and_her_doctor_and_on_record(
    api_of: ClientOf, patient: User, her_doctor: User, stranger_doctor: User, another_patient: User
) -> None:
    path = f"/api/conversations/{prescribed(patient, her_doctor).conversation_id}/prescriptions.pdf"
    response = api_of(patient).get(path)
    assert (response.status_code, response["Content-Type"]) == (200, "application/pdf")
    assert response.content.startswith(b"%PDF-")
    for other in (stranger_doctor, another_patient):
        assert is_error(api_of(other).get(path), 404)
    assert is_error(api_of(patient).get(f"{path}?paper=A0"), 400)
    with system():
        assert ActivityLog.objects.filter(action="prescription.downloaded", actor_id=patient.pk).count() == 1


def test_a_case_without_a_prescription_has_no_sheet(api_of: ClientOf, patient: User) -> None:
    case = ConversationFactory(patient=patient)
    assert is_error(api_of(patient).get(f"/api/conversations/{case.pk}/prescriptions.pdf"), 404)


def test_a_prescription_is_cancelled_once_with_a_reason(
    api_of: ClientOf, patient: User, her_doctor: User, stranger_doctor: User
) -> None:
    row, clara = prescribed(patient, her_doctor), api_of(her_doctor)
    path = f"/doctors/prescription/{row.pk}/cancel"
    assert is_error(posted(clara, path, {}), 400)
    assert is_error(posted(api_of(stranger_doctor), path, {"reason": "x"}), 404)
    response = posted(clara, path, {"reason": "It made her dizzy."})
    assert response.json()["prescription"]["status"] == "cancelled"
    assert is_error(posted(clara, path, {"reason": "Again."}), 409)
    with as_person(her_doctor):
        assert Prescription.objects.get().status == "cancelled"
