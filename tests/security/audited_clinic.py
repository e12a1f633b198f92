"""A clinic at work, for tests/security/test_pgaudit.py: run as a module, with the environment of its own server."""

import uuid

from django.db import Error, connection, transaction
from django.test import Client
from django.urls import reverse


def work() -> None:
    """Fill every table, open pages, write, and make mistakes whose messages would quote a patient."""
    from medichat.db.context import system
    from tests.cast import signed_in
    from tests.security.many_writes import answer_form
    from tests.security.seed import sow

    seed = sow(with_waiting_case=True)
    patient, doctor = signed_in(Client(), seed.patient), signed_in(Client(), seed.her_doctor)
    answers = [
        patient.get(reverse("records:mine")),
        patient.post(
            reverse("conversations:message", args=[seed.unfinished.pk]),
            {"text": "The velociraptor of my dreams is back.", "client_token": str(uuid.uuid4())},
        ),
        doctor.get(reverse("records:chart", args=[seed.patient.pk])),
        doctor.get(reverse("records:patients"), {"q": "Brzovoljec"}),
        doctor.post(reverse("case", args=[seed.claimed.pk]), answer_form()),
    ]
    assert {answer.status_code for answer in answers} <= {200, 302}, [answer.status_code for answer in answers]
    for mistake in (
        "INSERT INTO users (id, email, password, role, first_name, last_name, is_active, on_duty, email_verified)"
        " SELECT gen_random_uuid(), email, '', 'patient', first_name, last_name, true, false, false FROM users"
        " WHERE email = %s",  # there is one with this address
        "SELECT %s::uuid",  # its message quotes what is no id
        "SELECT 1 / (SELECT 0 FROM users WHERE email = %s)",
    ):
        try:
            with transaction.atomic(), system(), connection.cursor() as cursor:
                cursor.execute(mistake, ["secretive@example.org"])
        except Error:
            continue
        raise AssertionError(f"This was to fail: {mistake}")


if __name__ == "__main__":
    import django

    django.setup()
    work()
