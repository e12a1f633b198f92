"""A document that an administrator has corrected is loaded again: rows appear, nothing else of it changes."""

import json
from datetime import datetime
from pathlib import Path

import bcrypt
import bson
import psycopg
import pytest
from bson import ObjectId
from django.contrib.auth.hashers import check_password
from django.core.management import call_command

from accounts.models import User
from conversations.models import Conversation, Message
from medichat.legacy.load import connection_settings
from medichat.legacy.models import ImportedDocument, ImportItem, ItemState
from medichat.legacy.retry import load_corrected
from medichat.legacy.worker import LOCK
from records.models import MedicalInfo, Medication
from tests.cast import ClientOf, as_person, system
from tests.factories import AdministratorFactory
from tests.legacy.clinics import write_dump
from tests.legacy.importing import Outcome, import_mongo

pytestmark = pytest.mark.django_db(transaction=True)
PATIENT, VISIT = ObjectId("600000000000000000000001"), ObjectId("600000000000000000000002")
WHEN = datetime(2024, 5, 6, 7, 8, 9)  # noqa: DTZ001  # BSON's dates are UTC and have no zone


def run(place: Path, *more: object) -> Outcome:
    outcome = import_mongo("--dump", place, *more, report=place / "report.json")
    assert outcome.code == 0, outcome.console
    return outcome


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A patient of a gender that nobody knows, and a visit of somebody who does not exist; both imported."""
    documents = {
        "users": [
            {
                "_id": PATIENT, "email": "pat@example.org", "role": "patient", "firstName": "Pat", "lastName": "Kos",
                "password": bcrypt.hashpw(b"a heron at dusk", bcrypt.gensalt(4)).decode(), "gender": "yes",
                "allergies": ["Latex"], "createdAt": WHEN, "updatedAt": WHEN, "__v": 0,
            }
        ],
        "conversations": [
            {
                "_id": VISIT, "patient": ObjectId("600000000000000000000009"), "visitNumber": 1, "status": "closed",
                "messages": [{"_id": ObjectId(), "role": "user", "content": "It hurts.", "timestamp": WHEN}],
                "createdAt": WHEN, "updatedAt": WHEN, "__v": 0,
            }
        ],
        "activity_logs": [],
    }  # fmt: skip
    write_dump(tmp_path, {name: [bson.encode(one) for one in ones] for name, ones in documents.items()})
    run(tmp_path)
    return tmp_path


def item(rule: str) -> ImportItem:
    with system():
        found: ImportItem = ImportItem.objects.select_related("document").get(rule=rule)
        return found


def correct(client_of: ClientOf, rule: str, field: str, value: object) -> ImportItem:
    """As an administrator does it on the page."""
    chosen = item(rule)
    client = client_of(AdministratorFactory())
    typed = {"correct": "1", "at": json.dumps([field]), "value": json.dumps(value)}
    assert client.post(f"/admin/legacy/importitem/{chosen.pk}/raw/", typed).status_code == 302
    return chosen


def test_a_corrected_value_reaches_the_chart(place: Path, client_of: ClientOf) -> None:
    correct(client_of, "choice_unknown", "gender", "female")
    call_command("run_periodic")
    with system():
        assert MedicalInfo.objects.get().sex == "female"
        assert ImportItem.objects.get(rule="choice_unknown").state == ItemState.RETRIED
        user = User.objects.get(legacy_id=str(PATIENT))
        assert user.updated_at is not None
        assert user.updated_at.replace(tzinfo=None) == WHEN


def test_the_owner_of_a_corrected_account_can_still_sign_in(place: Path, client_of: ClientOf) -> None:
    correct(client_of, "choice_unknown", "gender", "female")
    assert load_corrected() == (1, 0)
    with system():
        assert check_password("a heron at dusk", User.objects.get(legacy_id=str(PATIENT)).password)
        assert not ImportItem.objects.filter(rule__startswith="password").exists()


def test_a_visit_gets_its_patient_with_everything_in_it(place: Path, client_of: ClientOf) -> None:
    correct(client_of, "patient_unknown", "patient", {"$oid": str(PATIENT)})
    assert load_corrected() == (1, 0)
    with system():
        visit = Conversation.objects.get(legacy_id=str(VISIT))
        assert Message.objects.get(conversation=visit).text == "It hurts."
        patient = User.objects.get(legacy_id=str(PATIENT))
    with as_person(patient):
        assert Conversation.objects.filter(pk=visit.pk).exists()


def test_a_correction_that_cannot_be_loaded_either_is_set_aside_again(place: Path, client_of: ClientOf) -> None:
    correct(client_of, "choice_unknown", "gender", "perhaps")
    assert load_corrected() == (1, 0)
    with system():
        states = set(ImportItem.objects.filter(rule="choice_unknown").values_list("state", flat=True))
        assert MedicalInfo.objects.get().sex is None
    assert states == {ItemState.RETRIED, ItemState.OPEN}


def test_a_later_run_keeps_the_correction(place: Path, client_of: ClientOf) -> None:
    correct(client_of, "choice_unknown", "gender", "female")
    correct(client_of, "patient_unknown", "patient", {"$oid": str(PATIENT)})
    load_corrected()
    run(place)
    with system():
        assert MedicalInfo.objects.get().sex == "female"
        assert Conversation.objects.filter(legacy_id=str(VISIT)).exists()


def test_a_place_that_is_not_there_any_more_needs_another_look(place: Path, client_of: ClientOf) -> None:
    chosen = correct(client_of, "choice_unknown", "gender", "female")
    with system():
        document = ImportedDocument.objects.get(items=chosen)
        document.raw = None
        document.save(update_fields=["raw"])
    assert load_corrected() == (0, 1)
    after = item("choice_unknown")
    assert after.state == ItemState.OPEN
    assert "was not kept" in (after.note or "")


def test_corrections_wait_for_the_end_of_a_running_import(place: Path, client_of: ClientOf) -> None:
    correct(client_of, "choice_unknown", "gender", "female")
    with psycopg.connect(**connection_settings(), autocommit=True) as importing:
        importing.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        assert load_corrected() is None
        assert item("choice_unknown").state == ItemState.CORRECTED
    assert load_corrected() == (1, 0)


def test_another_entry_in_the_place_of_a_corrected_one_stays_as_the_source_has_it(
    place: Path, client_of: ClientOf
) -> None:
    def write(*medications: dict[str, object]) -> None:
        user = {
            "_id": PATIENT, "email": "pat@example.org", "role": "patient", "firstName": "Pat", "lastName": "Kos",
            "currentMedications": list(medications), "createdAt": WHEN, "updatedAt": WHEN, "__v": 0,
        }  # fmt: skip
        write_dump(place, {"users": [bson.encode(user)], "conversations": [], "activity_logs": []})

    write({"name": "Warfarin", "dosage": 5.0, "inColour": "pink"}, {"name": "Digoxin", "dosage": "62.5"})
    run(place)
    with system():
        chosen = ImportItem.objects.get(rule="unknown_field")
    client = client_of(AdministratorFactory())
    typed = {"correct": "1", "at": '["currentMedications", 0, "dosage"]', "value": '"5 mg"'}
    assert client.post(f"/admin/legacy/importitem/{chosen.pk}/raw/", typed).status_code == 302
    assert load_corrected() == (1, 0)
    with system():
        assert Medication.objects.get(medication_name="Warfarin").dosage == "5 mg"

    write({"name": "Digoxin", "dosage": "62.5"})  # the first was taken out over there
    run(place)

    with system():
        assert Medication.objects.get(medication_name="Digoxin").dosage == "62.5"
