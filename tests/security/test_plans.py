"""As the application role, in a doctor's context, no page reads a large table from its beginning to its end.

The plans are of the statements that the pages really run. The bench looks at the same pages in a far larger clinic.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psycopg
import pytest
from django.test import Client
from pytest_django import DjangoDbBlocker

from accounts.models import User
from conversations.models import Conversation, ConversationWord
from medichat.db.blind_index import tokens
from medichat.db.context import system
from medichat.db.roles import Names, url_for
from tests import database, factories
from tests.cast import signed_in
from tests.conftest import disconnect
from tests.plans import Statement, explained, scans_of, tables_of
from tests.security.crowd import Crowd

FILLED = frozenset(
    {"users", "care_relations", "conversations", "messages", "symptoms", "prescriptions", "allergies", "medications",
     "medical_history", "search_words", "conversation_words"}
)  # fmt: skip


@dataclass(frozen=True)
class Clinic:
    """A doctor with some patients among many, and one complete case of theirs."""

    doctor: User
    case: Conversation


@pytest.fixture(scope="module")
def clinic(
    django_db_setup: None, test_run: database.TestRun, clone_names: Names, django_db_blocker: DjangoDbBlocker
) -> Iterator[Clinic]:
    """Thousands of patients, once for this module; skipped where the tests have no superuser."""
    with django_db_blocker.unblock():
        with psycopg.connect(url_for(test_run.admin_url, clone_names.database)) as admin:
            row = admin.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
            if row != (True,):
                pytest.skip("DATABASE_TEST_ADMIN_URL is no superuser's")
            doctor = factories.DoctorFactory()
            case = factories.ConversationFactory(answered=True, doctor=doctor)
            for position in range(1, 20):
                factories.MessageFactory(conversation=case, position=position, text="A velociraptor bit me.")
            factories.AllergyFactory(patient=case.patient, allergen="Zirconfloxacin")
            factories.MedicationFactory(patient=case.patient, medication_name="Quellamidol")
            with system():
                ConversationWord.objects.bulk_create(
                    ConversationWord(conversation=case, patient_id=case.patient_id, token=token)
                    for token in tokens("velociraptor")
                )
            Crowd(admin, doctor).gather()
        yield Clinic(doctor, case)
        disconnect()
        test_run.clone(clone_names)


@pytest.fixture
def opened(clinic: Clinic, db: None) -> Callable[[str], list[Statement]]:
    """Opens a page as the doctor; gives the statements of the page with their plans."""
    client = signed_in(Client(), clinic.doctor)

    def open_page(path: str) -> list[Statement]:
        with explained() as statements:
            assert client.get(path).status_code == 200
        return statements

    return open_page


def refuse_sequential_scans(statements: list[Statement], *tables: str) -> None:
    """Fail with the statements that would read a whole table, or when the page did not look at these tables at all."""
    touched: set[str] = set().union(*map(tables_of, statements))
    assert set(tables) <= touched
    found = {f"{scan}\n{statement.sql}" for statement in statements for scan in scans_of(statement.plan, FILLED)}
    assert not found, "\n\n".join(found)


@pytest.mark.parametrize("tab", ["waiting", "mine", "answered", "archived"])
def test_the_queue(opened: Callable[[str], list[Statement]], tab: str) -> None:
    refuse_sequential_scans(opened(f"/queue/?tab={tab}"), "conversations")


def test_a_case(clinic: Clinic, opened: Callable[[str], list[Statement]]) -> None:
    refuse_sequential_scans(
        opened(f"/cases/{clinic.case.pk}/"), "conversations", "messages", "symptoms", "allergies", "medications"
    )


@pytest.mark.parametrize("tab", ["overview", "allergies", "medicines", "problems", "history"])
def test_a_chart(clinic: Clinic, opened: Callable[[str], list[Statement]], tab: str) -> None:
    refuse_sequential_scans(opened(f"/patients/{clinic.case.patient_id}/?tab={tab}"), "users", "allergies")


@pytest.mark.parametrize(
    ("kind", "name", "table"),
    [("allergies", "Zirconfloxacin", "allergies"), ("medicines", "Quellamidol", "medications")],
)
def test_recall(opened: Callable[[str], list[Statement]], kind: str, name: str, table: str) -> None:
    refuse_sequential_scans(opened(f"/patients/recall/?kind={kind}&name={name}"), table)


@pytest.mark.parametrize("tab", ["waiting", "answered"])
def test_words_of_messages(opened: Callable[[str], list[Statement]], tab: str) -> None:
    refuse_sequential_scans(opened(f"/queue/?tab={tab}&q=velociraptor"), "conversation_words")


@pytest.mark.parametrize("phrase", ["last17", "substanc"])
def test_names_and_words_of_charts(opened: Callable[[str], list[Statement]], phrase: str) -> None:
    refuse_sequential_scans(opened(f"/patients/?q={phrase}"), "search_words")


def test_a_sequential_scan_would_be_noticed(clinic: Clinic, opened: Callable[[str], list[Statement]]) -> None:
    with system(), explained() as statements:
        assert not Conversation.objects.filter(questions_asked=77).exists()
    with pytest.raises(AssertionError, match="Seq Scan"):
        refuse_sequential_scans(statements, "conversations")
