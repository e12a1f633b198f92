"""The page on which a pharmacist asks, with the code on the paper, whether a prescription is valid."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from psycopg import sql
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from audit.models import ActivityLog
from medichat.db.context import acting
from prescriptions.models import IssuedSheet, Prescription, PrescriptionFill
from prescriptions.models.sheet import hash_of, initials_of, new_code
from tests.cast import ClientOf, system
from tests.factories import ConversationFactory, IssuedSheetFactory, PrescriptionFactory
from tests.prescriptions.test_respond import ITEM, form

pytestmark = pytest.mark.django_db

OPEN = ("prescription_sheets", "prescriptions")
SHUT = (
    "users", "conversations", "prescription_fills", "prescription_alerts", "refill_requests", "patient_medical_info",
    "activity_logs",
)  # fmt: skip


@pytest.fixture
def sheet(patient: User, her_doctor: User) -> IssuedSheet:
    """The sheet of an answer to Ana with one prescription."""
    case = ConversationFactory(answered=True, patient=patient, doctor=her_doctor)
    made: IssuedSheet = IssuedSheetFactory(conversation=case, patient=patient, doctor=her_doctor)
    PrescriptionFactory(
        conversation=case, patient=patient, doctor=her_doctor, sheet=made, medication_name="Ibuprofen 400 mg"
    )
    return made


def page(client: Client, sheet: IssuedSheet) -> str:
    """What the page says, its blanks as one."""
    response = client.get(f"/verify/{sheet.code}/")
    assert response.status_code == 200
    return re.sub(r"\s+", " ", response.content.decode())


def item_of(sheet: IssuedSheet) -> Prescription:
    """The only prescription on it."""
    return Prescription.objects.get(sheet=sheet)


def test_an_answer_with_prescriptions_gets_a_sheet_with_a_code(
    client_of: ClientOf, stranger_doctor: User, patient: User
) -> None:
    case = ConversationFactory(awaiting=True, patient=patient)
    client_of(stranger_doctor).post(f"/cases/{case.pk}/", form(ITEM, ITEM | {"medication_name": "Paracetamol 500 mg"}))

    with system():
        sheet = IssuedSheet.objects.get(conversation=case)
        assert {item.sheet_id for item in Prescription.objects.filter(conversation=case)} == {sheet.code_hash}
        code = sheet.code
    assert re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}", code)
    assert (sheet.patient_initials, sheet.prescriber_name) == ("A. H.", "Darius Moreau")


def test_it_says_valid_with_items_and_prescriber_and_of_the_patient_initials_and_year_only(
    client: Client, sheet: IssuedSheet, patient: User
) -> None:
    said = page(client, sheet)

    for shown in ("This prescription is valid", "A. H.", "1990", "Clara Lindqvist", "Ibuprofen 400 mg", "three times"):
        assert shown in said
    for hidden in ("Horvat", "Ana", "ana@example.org", str(patient.record_number), "With food.", str(patient.pk)):
        assert hidden not in said


def test_cancelling_is_seen_at_once(client: Client, sheet: IssuedSheet, her_doctor: User) -> None:
    with system():
        item_of(sheet).cancel(by=her_doctor, reason="Kidney values", notice="Stop it.")

    said = page(client, sheet)

    assert "Do not dispense" in said
    assert "No: cancelled" in said
    assert "Kidney" not in said
    assert "Stop it." not in said


def test_a_dispensed_one_is_not_dispensed_again(client: Client, sheet: IssuedSheet, her_doctor: User) -> None:
    with system():
        PrescriptionFill.record(item_of(sheet), by=her_doctor, on=timezone.localdate(), pharmacy="Corner Pharmacy")

    said = page(client, sheet)

    assert "No: dispensed" in said
    assert "Corner Pharmacy" not in said


def test_past_its_last_day_it_is_expired_even_before_the_nightly_work(client: Client, sheet: IssuedSheet) -> None:
    yesterday = timezone.localdate() - timedelta(days=1)
    with system():
        Prescription.objects.filter(sheet=sheet).update(issued_on=yesterday, expires_on=yesterday)

    assert "No: expired" in page(client, sheet)


def test_of_several_it_says_how_many_are_valid(client: Client, sheet: IssuedSheet, her_doctor: User) -> None:
    PrescriptionFactory(conversation=sheet.conversation, patient=sheet.patient, doctor=her_doctor, sheet=sheet)
    with system():
        Prescription.objects.filter(sheet=sheet, medication_name="Ibuprofen").get().cancel(
            by=her_doctor, reason="Twice"
        )

    assert "1 of 2 medicines may be dispensed" in page(client, sheet)


def test_small_letters_blanks_and_an_o_for_a_zero_make_no_difference(client: Client, patient: User) -> None:
    code = "0K1M-QX4T-9RBW-0VHD"
    case = ConversationFactory(answered=True, patient=patient)
    IssuedSheetFactory(conversation=case, patient=patient, code=code)

    for typed in ("okim qx4t 9rbw ovhd", "0K1MQX4T9RBW0VHD"):
        response = client.post("/verify/", {"code": typed}, follow=True)
        assert response.status_code == 200, typed


def test_unknown_and_malformed_codes_look_the_same(client: Client, sheet: IssuedSheet) -> None:
    answers = {
        (response.status_code, re.sub(r"[0-9a-f-]{36}|\b\w{64}\b", "", response.content.decode()))
        for response in (client.get(f"/verify/{code}/") for code in (new_code(), "nonsense", "a/b", "ü" * 50, "0" * 16))
    }

    assert len(answers) == 1
    assert next(iter(answers))[0] == 404


@given(st.text(max_size=300))
def test_every_text_has_a_hash(typed: str) -> None:
    assert re.fullmatch("[0-9a-f]{64}", hash_of(typed))


def test_codes_are_never_the_same() -> None:
    assert len({new_code() for _ in range(1000)}) == 1000


@pytest.mark.parametrize(
    ("first", "last", "initials"),
    [
        ("Ana", "Horvat", "A. H."), ("Anna-Lena", "von der Au", "A. L. v. d. A."), ("", "", ""),
        ("ßara", "O'Neil", "S. O."), ("李", "小龙", "李. 小."), ("1", "x", "x."),
    ],
)  # fmt: skip
def test_initials(first: str, last: str, initials: str) -> None:
    assert initials_of(first, last).lower() == initials.lower()


def test_each_look_is_on_record_and_the_patient_sees_it(
    client: Client, client_of: ClientOf, sheet: IssuedSheet, patient: User
) -> None:
    page(client, sheet)

    with system():
        (row,) = ActivityLog.objects.filter(action="prescription.verified")
    assert (row.actor_id, row.actor_role, row.patient_id) == (None, "anonymous", patient.pk)
    assert sheet.code not in (row.endpoint or "")
    seen = client_of(patient).get("/who-viewed/")
    assert "Whether a prescription is valid" in seen.content.decode()


def test_misses_make_an_address_wait_and_hits_do_not(client: Client, sheet: IssuedSheet, patient: User) -> None:
    never_asked_about = IssuedSheetFactory(conversation=sheet.conversation, patient=patient)
    for _ in range(25):
        assert client.get(f"/verify/{sheet.code}/").status_code == 200
    statuses = [client.get(f"/verify/{new_code()}/").status_code for _ in range(21)]

    assert statuses[:20] == [404] * 20
    assert statuses[20] == 429
    waiting = client.get(f"/verify/{never_asked_about.code}/")
    assert waiting.status_code == 429, "whether a code exists cannot be found out while one has to wait"
    assert int(waiting["Retry-After"]) > 0


def test_nothing_of_it_is_kept_by_browsers_and_it_needs_few_statements(
    client: Client, sheet: IssuedSheet, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(18):
        response = client.get(f"/verify/{sheet.code}/")
    assert "no-store" in response["Cache-Control"]


def test_the_code_opens_one_sheet_and_its_items_in_the_database_and_nothing_else(
    sheet: IssuedSheet, patient: User
) -> None:
    other = IssuedSheetFactory(conversation=ConversationFactory(answered=True, patient=patient), patient=patient)
    PrescriptionFactory(conversation=other.conversation, patient=patient, sheet=other)
    with acting(role="verify", sign_in_key=sheet.code_hash), connection.cursor() as cursor:
        seen = {}
        for table in (*OPEN, *SHUT):
            cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table)).as_string(None))
            seen[table] = cursor.fetchone()[0]
        cursor.execute("UPDATE prescriptions SET dose = '10 kg'")
        changed = cursor.rowcount
    assert seen == dict.fromkeys(SHUT, 0) | dict.fromkeys(OPEN, 1)
    assert changed == 0
    with acting(role="verify", sign_in_key=hash_of("a guess")):
        assert IssuedSheet.objects.count() == Prescription.objects.count() == 0
    with acting(role="", sign_in_key=sheet.code_hash):
        assert IssuedSheet.objects.count() == 0
