"""What several documents say together: shared addresses, references to nobody, visit numbers."""

from datetime import UTC, datetime, timedelta

import bson
from bson import ObjectId

from medichat.legacy.document import Document
from medichat.legacy.parse import PARSERS
from medichat.legacy.parse.parsing import Parsed
from medichat.legacy.parse.rows import ConversationRow, MedicalInfoRow, MessageRow, UserRow
from medichat.legacy.relations import AccountKey, Directory, VisitKey, number_visits, placeholder_address

PATIENT, TWIN, DOCTOR, OTHER_DOCTOR, NOBODY = (ObjectId(f"{number:024x}") for number in range(1, 6))
START = datetime(2024, 1, 1, tzinfo=UTC)


def user(own: ObjectId, **fields: object) -> Parsed:
    values = {"role": "patient", "email": f"{own}@example.org", "password": "$2b$10$" + "a" * 53, "__v": 0}
    return PARSERS["users"](Document(bson.encode({"_id": own, **values, **fields})))


def visit(**fields: object) -> tuple[Parsed, Document]:
    values = {"_id": NOBODY, "patient": PATIENT, "messages": [{"role": "user", "content": "Hi"}], "__v": 0}
    document = Document(bson.encode({**values, **fields}))
    return PARSERS["conversations"](document), document


def directory(*users: Parsed) -> Directory:
    return Directory(AccountKey.of(parsed) for parsed in users)


def codes(parsed: Parsed) -> set[str]:
    return {finding.rule.code for finding in parsed.findings}


def test_a_shared_address_stays_with_whoever_could_sign_in_with_it() -> None:
    first, second = user(PATIENT, email="Same@Example.org"), user(TWIN, email="same@example.org")
    accounts = directory(first, second)
    (loser,) = accounts.settle_user(first).rows_of(UserRow)
    (keeper,) = accounts.settle_user(second).rows_of(UserRow)
    assert (loser.email, loser.password) == (None, None)
    assert keeper.email == "same@example.org"
    assert keeper.password is not None
    assert "email_duplicate" in codes(first)
    assert "email_duplicate" not in codes(second)


def test_an_active_account_keeps_the_address_before_an_inactive_one() -> None:
    closed, active = user(PATIENT, email="a@example.org", isActive=False), user(TWIN, email="a@example.org")
    accounts = directory(closed, active)
    assert accounts.settle_user(active).rows_of(UserRow)[0].email == "a@example.org"
    assert accounts.settle_user(closed).rows_of(UserRow)[0].email is None


def test_an_account_without_an_address_cannot_sign_in() -> None:
    parsed = user(PATIENT, email=None)
    assert directory(parsed).settle_user(parsed).rows_of(UserRow)[0].password is None
    assert placeholder_address(str(PATIENT)) == f"{PATIENT}@no-address.invalid"


def test_doctors_with_the_same_licence_both_come_over_and_are_listed() -> None:
    both = [user(own, role="doctor", specialization="GP", licenseNumber="MD-1") for own in (DOCTOR, OTHER_DOCTOR)]
    accounts = directory(*both)
    for parsed in both:
        assert accounts.settle_user(parsed).rows_of(UserRow)[0].licence_number == "MD-1"
        assert "licence_duplicate" in codes(parsed)


def test_a_named_doctor_who_is_none_or_does_not_exist_stays_unknown() -> None:
    for named, code in ((NOBODY, "reference_to_nobody"), (TWIN, "reference_of_wrong_role")):
        patient = user(PATIENT, assignedDoctor=named)
        parsed = directory(patient, user(TWIN)).settle_user(patient)
        assert parsed.rows_of(MedicalInfoRow)[0].assigned_doctor_legacy_id is None
        assert code in codes(parsed)


def test_a_conversation_of_nobody_is_set_aside_whole_with_its_children_counted() -> None:
    parsed, document = visit(patient=NOBODY)
    settled = directory(user(PATIENT)).settle_conversation(parsed, document.values)
    assert settled.rows == []
    assert codes(settled) == {"patient_unknown"}
    assert {(tally.entity, tally.fate) for tally in settled.tally} == {
        ("conversations", "set_aside"),
        ("messages", "set_aside"),
    }


def test_a_conversation_of_a_lost_doctor_keeps_its_messages() -> None:
    parsed, document = visit(doctor=NOBODY, archivedByDoctor=True, doctorResponse={"diagnosis": "Flu"})
    settled = directory(user(PATIENT)).settle_conversation(parsed, document.values)
    (row,) = settled.rows_of(ConversationRow)
    assert (row.doctor_legacy_id, row.archived_by_doctor) == (None, False)
    assert len(settled.rows_of(MessageRow)) == 1
    assert {"reference_to_nobody", "archived_by_nobody", "answer_without_doctor"} <= codes(settled)


def key(own: str, number: int | None, day: int | None) -> VisitKey:
    return VisitKey("patient", number, None if day is None else START + timedelta(days=day), own)


def test_visit_numbers_that_differ_stay_with_their_gaps() -> None:
    assert list(number_visits([key("a", 4, 1), key("b", 2, 2)])) == [("a", 4, False), ("b", 2, False)]


def test_visits_with_the_same_or_no_number_are_numbered_by_creation_time() -> None:
    visits = [key("late", 1, 9), key("never", None, None), key("early", 1, 1)]
    assert list(number_visits(visits)) == [("early", 1, False), ("late", 2, True), ("never", 3, True)]
