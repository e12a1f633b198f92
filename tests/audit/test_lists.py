"""Looks at lists: every patient whose data was in an answer is told of it, once for a few minutes of looking."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.signals import list_viewed
from audit.actions import Purpose
from audit.models import ActivityLog
from medichat.db.base import new_id
from medichat.db.context import acting_as, system
from records.models import EmergencyReason
from records.models.emergency import break_glass
from tests.cast import ClientOf, api_client
from tests.factories import AllergyFactory, ConversationFactory

pytestmark = pytest.mark.django_db

LISTS = {
    "/queue/": "queue",
    "/queue/?tab=answered": "queue",
    "/patients/": "patients",
    "/patients/recall/?kind=allergies&name=Penicillin": "recall",
    "/api/doctors/pending-conversations": "queue",
    "/api/doctors/my-conversations": "queue",
    "/api/admin/users": "user_list",
    "/api/admin/conversations": "conversation_list",
    "/admin/accounts/user/": "user_list",
    "/admin/records/allergy/": "allergy_list",
    "/admin/autocomplete/?app_label=records&model_name=allergy&field_name=patient&term=": "user_names",
}


def looks_at(patient: User, by: User) -> list[tuple[str | None, str]]:
    """In which lists the record says that this person saw the patient, and why."""
    with system():
        found = ActivityLog.objects.of_patient(patient.pk).looks().filter(actor_id=by.pk).order_by("sequence")
        return [(row.resource_type, row.purpose) for row in found]


@pytest.mark.parametrize("address", LISTS)
def test_each_patient_in_a_list_is_on_record(
    client_of: ClientOf, patient: User, another_patient: User, her_doctor: User, administrator: User, address: str
) -> None:
    by = administrator if "/admin/" in address else her_doctor
    for person in (patient, another_patient):
        ConversationFactory(patient=person, awaiting=True)
        ConversationFactory(patient=person, answered=True, doctor=her_doctor)
        AllergyFactory(patient=person, allergen="Penicillin")
    client = api_client(by) if address.startswith("/api/") else client_of(by)
    assert client.get(address).status_code == 200
    why = Purpose.ADMINISTRATION if by == administrator else Purpose.CARE
    for person in (patient, another_patient):
        assert looks_at(person, by) == [(LISTS[address], why)]


def test_who_is_not_in_the_list_is_not_named(
    client_of: ClientOf, patient: User, another_patient: User, stranger_doctor: User
) -> None:
    ConversationFactory(patient=patient, awaiting=True)
    assert client_of(stranger_doctor).get("/queue/").status_code == 200
    assert looks_at(another_patient, stranger_doctor) == []
    assert client_of(stranger_doctor).get("/queue/?tab=answered").status_code == 200
    assert looks_at(patient, stranger_doctor) == [("queue", Purpose.CARE)]


def test_asking_again_and_again_is_one_look_for_ten_minutes(
    client_of: ClientOf, patient: User, stranger_doctor: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    ConversationFactory(patient=patient, awaiting=True)
    client = client_of(stranger_doctor)
    for _ in range(3):
        client.get("/queue/")
    assert looks_at(patient, stranger_doctor) == [("queue", Purpose.CARE)]
    with system():
        of_the_list = ActivityLog.objects.filter(actor_id=stranger_doctor.pk, resource_type="queue", patient_id=None)
        assert [row.metadata for row in of_the_list] == ['{"patients": 1}'] * 3

    later = timezone.now() + timedelta(minutes=11)
    monkeypatch.setattr("audit.lists.timezone", SimpleNamespace(now=lambda: later))
    client.get("/queue/")
    assert len(looks_at(patient, stranger_doctor)) == 2


def test_a_patient_seen_by_emergency_access_only_is_told_so(
    client_of: ClientOf, patient: User, stranger_doctor: User
) -> None:
    with system():
        break_glass(
            patient_id=patient.pk, doctor=stranger_doctor, kind_of_reason=EmergencyReason.UNABLE, reason="Unconscious"
        )
    client_of(stranger_doctor).get("/patients/")
    assert ("patients", Purpose.BREAK_GLASS) in looks_at(patient, stranger_doctor)


def test_the_patient_reads_it_in_plain_words(client_of: ClientOf, patient: User, stranger_doctor: User) -> None:
    ConversationFactory(patient=patient, awaiting=True)
    api_client(stranger_doctor).get("/api/doctors/pending-conversations")
    said = client_of(patient).get("/who-viewed/").content.decode()
    assert "Your consultation, in a list of cases" in said
    assert "Darius Moreau" in said


def test_a_list_as_long_as_clients_may_ask_for_is_recorded_whole(patient: User, stranger_doctor: User) -> None:
    many = {new_id() for _ in range(2_000)}
    with acting_as(stranger_doctor):
        list_viewed.send(User, by=stranger_doctor, patient_ids=many, resource_type="queue", why="care")
        assert ActivityLog.objects.filter(patient_id__in=many).count() == 2_000


def test_whoever_reads_the_log_does_not_fill_it(client_of: ClientOf, patient: User, administrator: User) -> None:
    client: Client = client_of(administrator)
    client.get("/admin/accounts/user/")
    before = len(looks_at(patient, administrator))
    assert client.get("/admin/audit/activitylog/").status_code == 200
    assert len(looks_at(patient, administrator)) == before
