"""Reports: what they count and list, for whom, in which file, and what goes on record."""

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from accounts.signals import list_viewed
from audit.actions import Action
from audit.models import ActivityLog
from records.csv_file import as_csv, harmless
from records.models import Icd10Code
from records.reporting import all_reports
from tests.cast import as_person, system
from tests.factories import (
    AllergyFactory,
    CareRelationFactory,
    ConversationFactory,
    MedicalHistoryFactory,
    MedicationFactory,
    PrescriptionFactory,
    SymptomFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
SLUGS = ["allergies", "medicines", "conditions", "symptoms", "response-times", "prescriptions"]


@pytest.fixture
def both(patient: User, another_patient: User, her_doctor: User) -> tuple[User, User]:
    """Ana and Boris, both Clara's patients."""
    CareRelationFactory(patient=another_patient, doctor=her_doctor)
    return patient, another_patient


def named(client: Client, slug: str, **asked: str) -> list[str]:
    page = client.get(f"/reports/{slug}/", asked)
    assert page.status_code == 200, page.content.decode()
    return [row["patient"].first_name for row in page.context.get("rows", [])]


def figures(client: Client, slug: str, **asked: str) -> dict[str, list[str]]:
    page = client.get(f"/reports/{slug}/", asked)
    assert page.status_code == 200
    return {first: list(rest) for first, *rest in page.context["answer"].rows}


def downloaded(client: Client, slug: str, **asked: str) -> list[list[str]]:
    answer = client.get(f"/reports/{slug}/csv/", asked)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))


@contextmanager
def heard() -> Iterator[list[Any]]:
    """Whom a list that was shown held."""
    lists: list[Any] = []

    def hear(sender: Any, **what: Any) -> None:
        lists.append((what["resource_type"], set(what["patient_ids"]), what["why"]))

    list_viewed.connect(hear)
    try:
        yield lists
    finally:
        list_viewed.disconnect(hear)


def test_every_app_offers_its_reports_and_the_page_leads_to_each(
    client_of: Callable[[User], Client], her_doctor: User
) -> None:
    assert list(all_reports()) == SLUGS
    page = client_of(her_doctor).get("/reports/").content.decode()
    for slug in SLUGS:
        assert f'href="/reports/{slug}/"' in page


def test_by_allergy_and_by_medicine(
    client_of: Callable[[User], Client], both: tuple[User, User], her_doctor: User
) -> None:
    AllergyFactory(patient=both[0])
    MedicationFactory(patient=both[1], medication_name="Valsartan")
    MedicationFactory(patient=both[0], medication_name="Valsartan", is_active=False)
    client = client_of(her_doctor)
    assert named(client, "allergies", name=" PENICILLIN ") == ["Ana"]
    assert named(client, "medicines", name="valsartan") == ["Boris"]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("J45", ["Ana", "Boris"]),
        ("j45.9", ["Ana", "Boris"]),
        ("J45.90", ["Boris"]),
        ("J40-J47", ["Ana", "Boris"]),
        ("E08 to E13", []),
        ("asthma", ["Ana"]),
        ("I10", []),
    ],
)
def test_by_condition_with_a_code_a_group_or_a_name(
    client_of: Callable[[User], Client], both: tuple[User, User], her_doctor: User, asked: str, expected: list[str]
) -> None:
    MedicalHistoryFactory(patient=both[0], condition="Asthma", icd10_code="J45.9")
    MedicalHistoryFactory(patient=both[1], condition="Wheezing", icd10_code="J45.909")
    if asked == "J40-J47":
        for code in ("J40", "J45", "J47"):
            Icd10Code.objects.create(code=code, title=code, is_complete=True, release="x")
    assert named(client_of(her_doctor), "conditions", name=asked) == expected


def test_by_severity_of_a_symptom(
    client_of: Callable[[User], Client], both: tuple[User, User], her_doctor: User
) -> None:
    for person, severity, name in ((both[0], "severe", "headache"), (both[1], "mild", "headache")):
        case = ConversationFactory(patient=person, claimed=True, doctor=her_doctor)
        SymptomFactory(conversation=case, symptom=name, severity=severity, severity_score=8)
        SymptomFactory(conversation=case, symptom="fever", severity="severe", is_denied=True)
    client = client_of(her_doctor)
    assert named(client, "symptoms", severity="severe") == ["Ana"]
    assert named(client, "symptoms", severity="mild", symptom="Headache") == ["Ana", "Boris"]
    assert named(client, "symptoms", severity="mild", symptom="cough") == []
    long_ago = {"since": "2001-01-01", "until": "2001-12-31"}
    assert named(client, "symptoms", severity="mild", **long_ago) == []


def test_response_times_are_counted_by_urgency_doctor_and_month(
    client_of: Callable[[User], Client], both: tuple[User, User], her_doctor: User, administrator: User
) -> None:
    for minutes, person in ((30, both[0]), (90, both[1])):
        case = ConversationFactory(patient=person, answered=True, doctor=her_doctor)
        now = timezone.now()
        with system():
            type(case).objects.filter(pk=case.pk).update(
                submitted_at=now - timedelta(minutes=minutes), claimed_at=now - timedelta(minutes=10), responded_at=now
            )
    by_urgency = figures(client_of(her_doctor), "response-times", by="urgency")
    (numbers,) = by_urgency.values()
    assert numbers[:4] == ["2", "50 min", "1 h", "1 h 24 min"]
    by_doctor = figures(client_of(administrator), "response-times", by="doctor")
    assert list(by_doctor) == ["Lindqvist, Clara"]
    assert list(figures(client_of(administrator), "response-times", by="month")) == [f"{timezone.localtime():%b-%Y}"]


def test_a_doctor_s_response_times_are_their_own(
    client_of: Callable[[User], Client], patient: User, her_doctor: User, stranger_doctor: User
) -> None:
    ConversationFactory(patient=patient, answered=True, doctor=stranger_doctor)
    assert figures(client_of(her_doctor), "response-times", by="urgency") == {}
    assert figures(client_of(stranger_doctor), "response-times", by="urgency") != {}


def test_prescriptions_are_counted_by_medicine_and_listed_for_one(
    client_of: Callable[[User], Client], both: tuple[User, User], her_doctor: User
) -> None:
    for person, name in ((both[0], "Ibuprofen"), (both[1], " ibuprofen"), (both[1], "Enalapril")):
        case = ConversationFactory(patient=person, answered=True, doctor=her_doctor)
        PrescriptionFactory(conversation=case, medication_name=name)
    client = client_of(her_doctor)
    counted = figures(client, "prescriptions", medicine="")
    assert {name.strip().lower(): numbers[:2] for name, numbers in counted.items()} == {
        "ibuprofen": ["2", "2"],
        "enalapril": ["1", "1"],
    }
    assert named(client, "prescriptions", medicine="IBUPROFEN") == ["Ana", "Boris"]
    assert figures(client, "prescriptions", medicine="", since="2001-01-01", until="2001-01-31") == {}


@pytest.mark.parametrize("who", ["her_doctor", "stranger_doctor", "administrator"])
def test_it_covers_whom_one_may_see_and_nobody_else(
    request: pytest.FixtureRequest,
    client_of: Callable[[User], Client],
    patient: User,
    another_patient: User,
    her_doctor: User,
    stranger_doctor: User,
    administrator: User,
    who: str,
) -> None:
    expected = {"her_doctor": ["Ana"], "stranger_doctor": [], "administrator": ["Ana", "Boris"]}[who]
    for person in (patient, another_patient):
        AllergyFactory(patient=person)
    client = client_of(request.getfixturevalue(who))
    assert named(client, "allergies", name="penicillin") == expected
    assert [row[1] for row in downloaded(client, "allergies", name="penicillin")[1:]] == expected


@pytest.mark.parametrize("path", ["/reports/", "/reports/allergies/?name=x", "/reports/allergies/csv/?name=x"])
def test_patients_make_no_reports(client_of: Callable[[User], Client], patient: User, path: str) -> None:
    assert client_of(patient).get(path).status_code == 403


def test_a_report_that_there_is_not(client_of: Callable[[User], Client], her_doctor: User) -> None:
    client = client_of(her_doctor)
    assert client.get("/reports/dreams/").status_code == 404
    assert client.get("/reports/dreams/csv/").status_code == 404


def test_what_is_missing_is_said_beside_the_field(client_of: Callable[[User], Client], her_doctor: User) -> None:
    client = client_of(her_doctor)
    assert client.get("/reports/allergies/").status_code == 200, "nothing was asked yet"
    for path in ("/reports/allergies/", "/reports/allergies/csv/"):
        page = client.get(path, {"name": ""})
        assert page.status_code == 422
        assert "This field is required." in page.content.decode()
    period = {"medicine": "", "since": "2026-02-01", "until": "2026-01-01"}
    assert "The end is before the beginning." in client.get("/reports/prescriptions/", period).content.decode()


# The file


def test_the_file_holds_everything_with_how_to_reach_them(
    client_of: Callable[[User], Client], her_doctor: User
) -> None:
    for number in range(27):
        person = UserFactory(last_name=f"Person{number:02}", phone="+44 1632 960001", date_of_birth=date(1990, 6, 15))
        CareRelationFactory(patient=person, doctor=her_doctor)
        AllergyFactory(patient=person, reaction="=cmd|' /C calc'!A0")
    rows = downloaded(client_of(her_doctor), "allergies", name="penicillin")
    assert rows[0][:7] == ["Surname", "First name", "Born", "Record", "Telephone", "E-mail", "Allergy to"]
    assert len(rows) == 28
    assert rows[1][2] == "15-Jun-1990"
    assert rows[1][4] == "'+44 1632 960001", "a telephone number is no formula"
    assert rows[1][7] == "'=cmd|' /C calc'!A0"


def test_an_endless_file_is_refused_with_the_remedy(
    client_of: Callable[[User], Client], patient: User, her_doctor: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("records.views.reports.MOST_ROWS", 1)
    for name in ("headache", "cough"):
        case = ConversationFactory(patient=patient, claimed=True, doctor=her_doctor)
        SymptomFactory(conversation=case, symptom=name, severity="severe")
    answer = client_of(her_doctor).get("/reports/symptoms/csv/", {"severity": "severe"})
    assert answer.status_code == 422
    assert "more than 1 rows" in answer.content.decode()


@given(
    st.lists(
        st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=2, max_size=2)
    )
)
def test_no_cell_is_a_formula_and_nothing_is_lost(rows: list[tuple[str, str]]) -> None:
    read = list(csv.reader(io.StringIO(as_csv(["a", "b"], rows).decode("utf-8-sig"), newline="")))[1:]
    assert [[harmless(cell) for cell in row] for row in rows] == read
    for cell in (cell for row in read for cell in row):
        assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r"))


# On record


def test_that_it_was_made_and_who_was_in_it_goes_on_record(
    client_of: Callable[[User], Client], both: tuple[User, User], her_doctor: User, administrator: User
) -> None:
    for person in both:
        AllergyFactory(patient=person)
    client = client_of(her_doctor)
    ids = {person.pk for person in both}
    with heard() as lists:
        named(client, "allergies", name="penicillin")
        downloaded(client, "allergies", name="penicillin")
        figures(client, "response-times", by="urgency")
    assert lists == [("report", ids, "care"), ("report", ids, "care")]
    with as_person(administrator):
        reports = ActivityLog.objects.filter(action=Action.REPORT_GENERATED).order_by("occurred_at")
        made = [str(row.metadata) for row in reports]
    assert ['"form": "page"' in text for text in made] == [True, False, True]
    assert all("penicillin" not in text.lower() for text in made), "what was asked is never on the record"


def test_the_number_of_statements_does_not_grow(
    client_of: Callable[[User], Client], patient: User, her_doctor: User
) -> None:
    client = client_of(her_doctor)

    def cost(path: str) -> int:
        with CaptureQueriesContext(connection) as statements:
            assert client.get(path).status_code == 200
        return len(statements)

    paths = [
        "/reports/allergies/?name=penicillin",
        "/reports/allergies/csv/?name=penicillin",
        "/reports/symptoms/?severity=severe",
        "/reports/prescriptions/?medicine=ibuprofen",
        "/reports/prescriptions/?medicine=",
        "/reports/response-times/?by=doctor",
    ]

    def one_more() -> None:
        person = UserFactory()
        CareRelationFactory(patient=person, doctor=her_doctor)
        AllergyFactory(patient=person)
        case = ConversationFactory(patient=person, answered=True, doctor=her_doctor)
        SymptomFactory(conversation=case, severity="severe")
        PrescriptionFactory(conversation=case)

    one_more()
    for path in paths:  # the first look of a patient in a list is one row more
        cost(path)
    few = [cost(path) for path in paths]
    for _number in range(5):
        one_more()
    for path in paths:
        cost(path)
    assert [cost(path) for path in paths] == few
