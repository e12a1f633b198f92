"""With a large clinic, no page that doctors open often reads a large table from beginning to end."""

from collections.abc import Callable

import psycopg
import pytest

from tests.bench.clinic import Size, doctor_id, patient_id, visits_of
from tests.bench.load import Server
from tests.bench.measuring import ask
from tests.bench.pages import Application, Request, sign_in
from tests.plans import Statement, explained, scans_of, tables_of

pytestmark = pytest.mark.bench
Opened = Callable[[str], list[Statement]]


@pytest.fixture(scope="module")
def opened(clinic: Server, application: Application) -> Opened:
    """Opens a page as a doctor with many patients; gives what the page asked, with plans."""
    cookie = sign_in(doctor_id(4))

    def open_page(path: str) -> list[Statement]:
        with explained() as statements:
            ask(application, Request(path, cookie))
        return statements

    return open_page


def refuse_sequential_scans(statements: list[Statement], *tables: str) -> None:
    """Fail with what would read a whole table, or when the page did not touch one of these tables at all."""
    touched: set[str] = set().union(*map(tables_of, statements))
    assert set(tables) <= touched
    found = {f"{scan}\n{statement.sql}" for statement in statements for scan in scans_of(statement.plan)}
    assert not found, "\n\n".join(found)


@pytest.mark.parametrize("tab", ["waiting", "mine", "answered", "archived"])
def test_the_queue(opened: Opened, tab: str) -> None:
    refuse_sequential_scans(opened(f"/queue/?tab={tab}"), "conversations")


@pytest.mark.parametrize("standing", ["waiting", "answered"])
def test_a_case(clinic: Server, opened: Opened, standing: str) -> None:
    visits = (visit for number in range(Size.wanted().patients) for visit in visits_of(number, clinic.loaded_at))
    own = {standing} - {"waiting"}  # one that waits is any doctor's
    case = next(visit.id for visit in visits if visit.standing == standing and (visit.doctor == 4 or not own))
    refuse_sequential_scans(
        opened(f"/cases/{case}/"), "conversations", "messages", "symptoms", "red_flags", "allergies", "medications"
    )


def test_a_chart(opened: Opened) -> None:
    # Patient 3 waits, so that any doctor may look.
    refuse_sequential_scans(opened(f"/patients/{patient_id(3)}/"), "users", "allergies", "medications")


@pytest.mark.parametrize(
    ("kind", "name", "table"),
    [("allergies", "penicillin", "allergies"), ("medicines", "Metformin", "medications"),
     ("conditions", "gout", "medical_history")],
)  # fmt: skip
def test_recall(opened: Opened, kind: str, name: str, table: str) -> None:
    refuse_sequential_scans(opened(f"/patients/recall/?kind={kind}&name={name}"), table)


@pytest.mark.parametrize("phrase", ["harbour", "greenhouse+tuesday", "headache"])
def test_words_of_messages(opened: Opened, phrase: str) -> None:
    refuse_sequential_scans(opened(f"/queue/?tab=answered&q={phrase}"), "conversation_words")


@pytest.mark.parametrize("phrase", ["bel", "arberman", "penicilin", "asthma+gout"])
def test_names_and_words_of_charts(opened: Opened, phrase: str) -> None:
    refuse_sequential_scans(opened(f"/patients/?q={phrase}"), "search_words")


def test_all_patients_of_a_doctor(opened: Opened) -> None:
    refuse_sequential_scans(opened("/patients/"), "users")


def test_the_clinic_is_large_enough_to_tell(clinic: Server) -> None:
    """With few rows PostgreSQL rightly reads the whole table; then these tests would say nothing."""
    with psycopg.connect(clinic.superuser_url) as admin:
        row = admin.execute("SELECT relpages FROM pg_class WHERE relname = 'allergies'").fetchone()
    assert row is not None
    assert row[0] > 20
