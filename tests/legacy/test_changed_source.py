"""The old system keeps running: what is new or changed is taken over, and what was edited here is left and reported."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import bson
import pytest
from bson import ObjectId
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.utils import timezone

from accounts.models import User
from conversations.models import Conversation
from medichat.legacy.models import ImportItem
from medichat.legacy.parse.identity import row_id
from records.models import Allergy, CareRelation, EmergencyContact, Medication
from tests import factories
from tests.cast import system
from tests.legacy.clinics import write_dump
from tests.legacy.generator import SMALL, OldClinic
from tests.legacy.importing import Outcome, import_mongo
from tests.legacy.loading import around, expected, load_dump, snapshot

pytestmark = pytest.mark.django_db(transaction=True)

ANA, BEN, CARLA, DORA = (ObjectId(f"61000000000000000000000{digit}") for digit in "1234")
VISIT, SECOND = ObjectId("620000000000000000000001"), ObjectId("620000000000000000000002")
THEN = datetime(2024, 5, 6, 7, 8, 9)  # noqa: DTZ001  # BSON's dates are UTC and have no zone
HASH = "$2b$04$abcdefghijklmnopqrstuuN5GEH9zR6Y5mCZ1yFh4gPb1cT8z3f4y"
Documents = dict[str, list[dict[str, Any]]]


def user(identity: ObjectId, name: str, role: str = "patient", **fields: Any) -> dict[str, Any]:
    return {
        "_id": identity, "email": f"{name.lower()}@old.example", "password": HASH, "role": role, "firstName": name,
        "lastName": "Old", "createdAt": THEN, "updatedAt": THEN, "__v": 0, **fields,
    }  # fmt: skip


def visit(identity: ObjectId, number: int, **fields: Any) -> dict[str, Any]:
    return {
        "_id": identity, "patient": ANA, "visitNumber": number, "status": "awaiting_doctor", "createdAt": THEN,
        "updatedAt": THEN, "__v": 0, "conversationEndedAt": THEN,
        "messages": [{"_id": ObjectId(), "role": "user", "content": "Itching elbow", "timestamp": THEN}], **fields,
    }  # fmt: skip


@pytest.fixture
def documents() -> Documents:
    """Ana with a chart and a visit that waits; Ben; two doctors."""
    ana = user(
        ANA, "Ana", assignedDoctor=CARLA, allergies=["Latex", "Nickel"], currentMedications=["Aspirin"],
        emergencyContacts=[{"_id": ObjectId(), "name": "Otto", "phone": "1"}],
    )  # fmt: skip
    doctors = [
        user(identity, name, "doctor", licenseNumber=name, specialization="General")
        for identity, name in ((CARLA, "Carla"), (DORA, "Dora"))
    ]
    return {"users": [ana, user(BEN, "Ben"), *doctors], "conversations": [visit(VISIT, 1)], "activity_logs": []}


@pytest.fixture
def run(documents: Documents, tmp_path: Path) -> Callable[[], Outcome]:
    """Import the documents as they are now."""
    times = iter(range(100))

    def imported() -> Outcome:
        raws = {name: [bson.encode(one) for one in ones] for name, ones in documents.items()}
        number = next(times)
        return import_mongo("--dump", write_dump(tmp_path / str(number), raws), report=tmp_path / f"{number}.json")

    imported()
    return imported


def changes(outcome: Outcome, entity: str) -> dict[str, int]:
    """What happened to the entity's rows, without zeros."""
    names = ("inserted", "updated", "unchanged", "removed", "edited_here")
    return {
        name: outcome.report["entities"][entity][name] for name in names if outcome.report["entities"][entity][name]
    }


def test_a_month_later_the_clinic_is_as_if_it_had_come_over_only_now(tmp_path: Path) -> None:
    load_dump(OldClinic(SMALL).write_dump(tmp_path / "before"))
    later = OldClinic(SMALL, is_later=True)

    outcome = import_mongo("--dump", later.write_dump(tmp_path / "after"), report=tmp_path / "report.json")

    assert outcome.code == 0
    assert snapshot() == expected(later.as_dict())
    figures = outcome.report["entities"]
    assert figures["users"]["updated"]
    assert figures["users"]["inserted"] == len(later.new_numbers("users"))
    assert figures["conversations"]["inserted"]
    assert figures["messages"]["inserted"]
    assert figures["activity_logs"]["inserted"] == len(later.new_numbers("activity_logs"))
    assert figures["activity_logs"]["unchanged"] == len(later.numbers("activity_logs"))
    assert sum(figure["edited_here"] for figure in figures.values()) == 0
    relations = {relation[1:5] for relation in around()["relations"] if relation[5]}

    assert relations == _relations_of_a_fresh_load(later, tmp_path)


def _relations_of_a_fresh_load(clinic: OldClinic, folder: Path) -> set[Any]:
    """In a database of its own nothing was ever assigned otherwise: what the charts and cases say is all there is."""
    found = set()
    rows = expected(clinic.as_dict())
    for chart in rows["patient_medical_info"].values():
        if chart["assigned_doctor_id"]:
            found.add((chart["patient_id"], chart["assigned_doctor_id"], None, "assigned"))
    for case in rows["conversations"].values():
        who = (case["patient_id"], case["doctor_id"], case["id"])
        answered = case["status"] in {"doctor_responded", "closed"} or (
            case["status"] is None and (case["diagnosis"] is not None or case["responded_at"] is not None)
        )
        if case["status"] == "awaiting_doctor":
            found.add((*who, "claimed" if case["doctor_id"] else "waiting"))
        elif case["doctor_id"] and answered:
            found.add((*who, "answered"))
    return found


def test_what_the_source_took_back_goes_and_what_it_added_comes(
    run: Callable[[], Outcome], documents: Documents
) -> None:
    documents["users"][0] |= {"allergies": ["Latex", "Pollen"], "currentMedications": []}

    outcome = run()

    with system():
        assert set(Allergy.objects.values_list("allergen", flat=True)) == {"Latex", "Pollen"}
        assert not Medication.objects.exists()
    assert changes(outcome, "allergies") == {"inserted": 1, "unchanged": 1, "removed": 1}
    assert changes(outcome, "medications") == {"removed": 1}
    assert outcome.code == 0


def test_a_row_that_was_edited_here_stays_and_is_reported(run: Callable[[], Outcome], documents: Documents) -> None:
    with system():
        ana = User.objects.get(legacy_id=str(ANA))
        ana.last_name = "New"
        ana.save(update_fields=["last_name"])
    documents["users"][0]["lastName"] = "Newer"

    outcome = run()

    with system():
        assert User.objects.get(legacy_id=str(ANA)).last_name == "New"
        item = ImportItem.objects.get(rule="edited_here")
        assert item.entity == "users"
        assert item.raw is not None
        assert '"last_name": "Newer"' in item.raw
        assert "$2b$" not in item.raw
    assert changes(outcome, "users") == {"edited_here": 1, "unchanged": 3}
    assert "edited here" in outcome.console


def test_a_row_that_was_edited_here_stays_when_the_source_drops_it(
    run: Callable[[], Outcome], documents: Documents
) -> None:
    with system():
        latex = Allergy.objects.get(allergen="Latex")
        latex.reaction = "Hives, seen here"
        latex.save(update_fields=["reaction"])
    documents["users"][0]["allergies"] = []

    run()

    with system():
        assert list(Allergy.objects.values_list("allergen", flat=True)) == ["Latex"]


def test_a_row_that_does_not_open_is_named_with_the_likely_reason(
    run: Callable[[], Outcome], documents: Documents
) -> None:
    with system(), connection.cursor() as cursor:
        cursor.execute("UPDATE emergency_contacts SET name = decode('00', 'hex') || name WHERE legacy_id IS NOT NULL")
        assert cursor.rowcount == 1
    documents["users"][0]["emergencyContacts"][0]["phone"] = "2"
    outcome = run()
    assert outcome.code == 2
    assert "emergency_contacts.name" in outcome.console
    assert "ENCRYPTION_KEY" in outcome.console


def test_what_was_removed_here_does_not_come_back(run: Callable[[], Outcome], documents: Documents) -> None:
    with system():
        EmergencyContact.objects.all().delete()
    documents["users"][0]["emergencyContacts"][0]["phone"] = "2"

    outcome = run()

    with system():
        assert not EmergencyContact.objects.exists()
    assert changes(outcome, "emergency_contacts") == {"edited_here": 1}


def test_signing_in_is_no_edit_and_the_hash_of_this_system_stays(
    run: Callable[[], Outcome], documents: Documents
) -> None:
    here = make_password("something longer than before")
    with system():
        ana = User.objects.get(legacy_id=str(ANA))
        ana.password, ana.last_login = here, timezone.now()
        ana.save(update_fields=["password", "last_login"])
    documents["users"][0] |= {"lastName": "Newer", "password": HASH.replace("abc", "cba")}
    documents["users"][1]["password"] = HASH.replace("abc", "cba")

    outcome = run()

    with system():
        ana, ben = (User.objects.get(legacy_id=str(one)) for one in (ANA, BEN))
    assert (ana.last_name, ana.password) == ("Newer", here)
    assert ben.password.endswith(HASH.replace("abc", "cba")), "who has not signed in here has the old system's hash"
    assert changes(outcome, "users") == {"updated": 2, "unchanged": 2}


def test_the_times_of_the_source_stay_comparable(run: Callable[[], Outcome], documents: Documents) -> None:
    documents["users"][0] |= {"lastName": "Newer", "updatedAt": THEN.replace(year=2025)}
    run()
    with system():
        ana = User.objects.get(legacy_id=str(ANA))
        assert ana.created_at is not None
        assert ana.updated_at is not None
        assert (ana.created_at.year, ana.updated_at.year) == (2024, 2025)


def test_a_case_that_was_answered_over_there_waits_no_more(run: Callable[[], Outcome], documents: Documents) -> None:
    documents["conversations"][0] |= {
        "status": "doctor_responded", "doctor": CARLA, "patientNotified": True,
        "doctorResponse": {"diagnosis": "Eczema", "respondedAt": THEN, "prescriptions": []},
    }  # fmt: skip

    run()

    with system():
        case = Conversation.objects.get(legacy_id=str(VISIT))
        relations = set(CareRelation.objects.in_force().filter(case_id=case.pk).values_list("kind", "doctor_id"))
        assert (case.status, case.unread_by_patient, case.diagnosis) == ("doctor_responded", True, "Eczema")
        assert relations == {("answered", row_id("users", str(CARLA)))}


def test_another_assigned_doctor_ends_the_relation_of_the_first(
    run: Callable[[], Outcome], documents: Documents
) -> None:
    documents["users"][0]["assignedDoctor"] = DORA
    run()
    with system():
        found = CareRelation.objects.in_force().filter(kind="assigned").values_list("doctor_id", flat=True)
        assert list(found) == [row_id("users", str(DORA))]
    documents["users"][0]["assignedDoctor"] = CARLA
    run()
    with system():
        found = CareRelation.objects.in_force().filter(kind="assigned").values_list("doctor_id", flat=True)
        assert list(found) == [row_id("users", str(CARLA))]


def test_accounts_that_swap_their_addresses_both_get_them(run: Callable[[], Outcome], documents: Documents) -> None:
    ana, ben = documents["users"][:2]
    ana["email"], ben["email"] = ben["email"], ana["email"]

    outcome = run()

    with system():
        found = dict(User.objects.patients().values_list("legacy_id", "email"))
    assert found == {str(ANA): "ben@old.example", str(BEN): "ana@old.example"}
    assert outcome.code == 0


def test_an_address_that_somebody_has_here_becomes_a_placeholder(
    run: Callable[[], Outcome], documents: Documents
) -> None:
    factories.UserFactory(email="emil@old.example")
    documents["users"].append(user(ObjectId("610000000000000000000009"), "Emil"))

    first = run()
    again = run()

    with system():
        emil = User.objects.get(legacy_id="610000000000000000000009")
    assert emil.email.endswith("@no-address.invalid")
    assert not emil.has_usable_password()
    assert first.code == again.code == 0
    assert changes(again, "users") == {"unchanged": 5}


def test_visits_that_trade_their_numbers_all_have_the_right_ones(
    run: Callable[[], Outcome], documents: Documents
) -> None:
    documents["conversations"].append(visit(SECOND, 2, createdAt=THEN.replace(year=2025)))
    run()
    documents["conversations"][0]["visitNumber"], documents["conversations"][1]["visitNumber"] = 2, 1

    outcome = run()

    with system():
        found = dict(Conversation.objects.values_list("legacy_id", "visit_number"))
    assert found == {str(VISIT): 2, str(SECOND): 1}
    assert outcome.code == 0


def test_a_visit_whose_number_was_given_away_here_gets_the_next(
    run: Callable[[], Outcome], documents: Documents
) -> None:
    with system():
        ana = User.objects.get(legacy_id=str(ANA))
        here = Conversation.start(patient=ana)
    assert here.visit_number == 2
    documents["conversations"].append(visit(SECOND, 2))

    first = run()
    again = run()

    with system():
        assert Conversation.objects.get(legacy_id=str(SECOND)).visit_number == 3
    assert first.code == again.code == 0
    assert changes(again, "conversations") == {"unchanged": 2}


def test_somebody_who_was_deleted_over_there_keeps_everything_here(
    run: Callable[[], Outcome], documents: Documents
) -> None:
    documents["users"] = documents["users"][1:]
    documents["conversations"].append(visit(SECOND, 2))

    outcome = run()

    with system():
        assert Allergy.objects.filter(patient__legacy_id=str(ANA)).count() == 2
        assert Conversation.objects.filter(patient__legacy_id=str(ANA)).count() == 2
    assert outcome.report["entities"]["conversations"]["set_aside"] == 0


def test_a_conversation_whose_patient_comes_later_is_loaded_then(
    run: Callable[[], Outcome], documents: Documents
) -> None:
    late = ObjectId("610000000000000000000008")
    documents["conversations"].append(visit(SECOND, 1, patient=late))
    first = run()
    assert first.report["entities"]["conversations"]["set_aside"] == 1
    documents["users"].append(user(late, "Late"))

    second = run()

    with system():
        assert Conversation.objects.get(legacy_id=str(SECOND)).messages.count() == 1
        assert not ImportItem.objects.filter(rule="patient_unknown").exists()
    assert second.report["entities"]["conversations"]["set_aside"] == 0
    assert changes(second, "conversations") == {"inserted": 1, "unchanged": 1}


def test_an_item_that_somebody_worked_on_stays(run: Callable[[], Outcome], documents: Documents) -> None:
    documents["users"][0]["petName"] = "Bello"
    run()
    administrator = factories.AdministratorFactory()
    with system():
        ImportItem.objects.get(rule="unknown_field").resolve(by=administrator, note="A dog.")
    documents["users"][0]["lastName"] = "Newer"

    run()

    with system():
        assert list(ImportItem.objects.filter(rule="unknown_field").values_list("state", flat=True)) == ["resolved"]
        assert User.objects.get(legacy_id=str(ANA)).last_name == "Newer"

    documents["users"][0]["petName"] = "Rex"
    run()

    with system():
        states = sorted(ImportItem.objects.filter(rule="unknown_field").values_list("state", flat=True))
    assert states == ["open", "resolved"], "another value is another thing to look at"
