"""When the log cannot be written, the act it records does not happen and nothing of a patient is shown.

The log of this worker's clone refuses every row, as a full disk or a broken partition would: each kind of act is tried
through the real middleware.
"""

import uuid
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import reverse

from medichat.db.context import system
from tests.cast import signed_in
from tests.factories import PASSWORD
from tests.security.many_writes import answer_form
from tests.security.seed import SECRETS, Seed, sow

pytestmark = pytest.mark.django_db(transaction=True)

REFUSE = """
CREATE FUNCTION refuse_every_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the disk is full' USING ERRCODE = 'disk_full'; END $$;
CREATE TRIGGER a_refuse BEFORE INSERT ON activity_logs FOR EACH ROW EXECUTE FUNCTION refuse_every_row();
"""
# Every table but those in which attempts are counted before anything else, and which hold nothing of an act.
STATE = """
SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
AND NOT relispartition AND relname NOT IN ('attempt_counts', 'request_counts') ORDER BY 1
"""

Act = tuple[str, Callable[[Seed], tuple[str, Any]]]


def page(name: str, *attributes: str) -> Callable[[Seed], tuple[str, None]]:
    """Opening a page of these rows of the seed."""
    return lambda seed: (reverse(name, args=[getattr(seed, attribute).pk for attribute in attributes]), None)


def sent(name: str, form: dict[str, Any], *attributes: str) -> Callable[[Seed], tuple[str, dict[str, Any]]]:
    """Sending a form about these rows of the seed."""
    return lambda seed: (reverse(name, args=[getattr(seed, attribute).pk for attribute in attributes]), form)


def signing_in(seed: Seed, password: str) -> tuple[str, dict[str, Any]]:
    """The patient's account with a password."""
    return reverse("accounts:sign_in"), {"email": seed.patient.email, "password": password}


MESSAGE = {"text": "I have had a cough for three days.", "client_token": str(uuid.uuid4())}
ADMIN_EDIT = {
    "email": "secretive@example.org", "role": "patient", "first_name": "Changed", "last_name": "Brzovoljec",
    "date_of_birth": "1990-06-15", "phone": "", "specialization": "", "licence_number": "",
}  # fmt: skip
ACTS: dict[str, Act] = {
    "sign in": ("visitor", lambda seed: signing_in(seed, PASSWORD)),
    "a wrong password": ("visitor", lambda seed: signing_in(seed, "x")),
    "register": ("visitor", lambda seed: (reverse("accounts:register"), {
        "first_name": "New", "last_name": "Person", "email": "new@example.org", "date_of_birth": "1990-01-01",
        "password": "seven quiet herons at dawn", "password1": "seven quiet herons at dawn",
        "password2": "seven quiet herons at dawn", "consent": "on",
    })),
    "look at the own record": ("patient", page("records:mine")),
    "read a consultation": ("patient", page("conversations:chat", "answered")),
    "say something": ("patient", sent("conversations:message", MESSAGE, "unfinished")),
    "download a file": ("patient", page("conversations:attachment", "unfinished", "attachment")),
    "download a prescription": ("patient", page("prescriptions:sheet", "answered")),
    "see who has looked": ("patient", page("audit:who_viewed")),
    "take a copy of everything": ("patient", sent("audit:copy", {})),
    "look at a chart": ("her_doctor", page("records:chart", "patient")),
    "open a case": ("her_doctor", page("case", "claimed")),
    "claim a case": ("her_doctor", sent("conversations:claim", {}, "waiting")),
    "answer a case": ("her_doctor", sent("case", answer_form(), "claimed")),
    "cancel a prescription": ("her_doctor", sent("prescriptions:cancel", {"reason": "a mistake"}, "prescription")),
    "look at the queue": ("her_doctor", page("conversations:queue")),
    "look at a person in the admin": ("administrator", page("admin:accounts_user_change", "patient")),
    "look at a list in the admin": ("administrator", page("admin:records_allergy_changelist")),
    "change a person in the admin": ("administrator", sent("admin:accounts_user_change", ADMIN_EDIT, "patient")),
    "take a copy for a patient": ("administrator", sent(
        "audit:copy_for_patient", {"reason": "patient_asked", "note": ""}, "patient"
    )),
}  # fmt: skip


@pytest.fixture
def seed() -> Seed:
    return sow(with_waiting_case=True)


def state(superuser: psycopg.Connection) -> dict[str, list[Any]]:
    """Every row of every table, read by somebody to whom no policy applies."""
    names = [name for (name,) in superuser.execute(STATE).fetchall()]
    found = {name: superuser.execute(f"SELECT t::text FROM {name} t ORDER BY 1").fetchall() for name in names}  # noqa: S608 -- names of the catalogue
    superuser.rollback()
    return found


def test_without_the_log_nothing_happens_and_nothing_is_shown(
    seed: Seed, superuser_connection: psycopg.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    clients = {"visitor": Client()}
    clients |= {who: signed_in(Client(), getattr(seed, who)) for who in ("patient", "her_doctor", "administrator")}
    superuser_connection.execute(REFUSE)
    superuser_connection.commit()
    before = state(superuser_connection)
    wrong: list[tuple[str, int, object]] = []
    for act, (who, request_of) in ACTS.items():
        path, form = request_of(seed)
        client = clients[who]
        client.raise_request_exception = False
        response = client.get(path) if form is None else client.post(path, form)
        text = response.getvalue().decode(errors="replace")
        shown = [word for word in SECRETS if word in text]
        if response.status_code not in {500, 503} or shown or "Traceback" in text:
            wrong.append((act, response.status_code, shown))
        elif "went wrong" not in text and "again" not in text:
            wrong.append((act, response.status_code, "not a calm page"))
        if who == "visitor":
            assert settings.SESSION_COOKIE_NAME not in client.cookies, act
    assert wrong == []
    after = state(superuser_connection)
    assert {name: rows for name, rows in after.items() if rows != before[name]} == {}
    assert "Not in the activity log" in caplog.text  # where it can still be said, it is


def test_each_of_these_acts_is_possible_and_recorded_with_the_log(seed: Seed) -> None:
    """Otherwise an act that fails for another reason would pass the test above."""
    failed = {}
    for act, (who, request_of) in ACTS.items():
        path, form = request_of(seed)
        client = Client() if who == "visitor" else signed_in(Client(), getattr(seed, who))
        response = client.get(path) if form is None else client.post(path, form)
        response.getvalue()
        with system(), connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM activity_logs WHERE request_id = %s", [response["X-Request-ID"]])
            recorded = cursor.fetchone()[0]
        if response.status_code not in ({422} if act == "a wrong password" else {200, 302}) or not recorded:
            failed[act] = (response.status_code, recorded)
    assert failed == {}
