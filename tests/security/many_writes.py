"""Two hundred acts that wait to be done, for tests/security/test_killed_database.py.

Run as a module, with the environment of a database of its own, it makes the people, the cases and the sessions there
and prints the requests that do the acts, as JSON.
"""

import json
import sys
import uuid
from dataclasses import asdict, dataclass
from typing import Literal

KINDS: dict[str, int] = {"message": 70, "claim": 65, "answer": 65}
DOCTORS = 6
ITEM = {
    "medication_name": "Ibuprofen 400 mg", "dose": "1 tablet", "route": "PO", "frequency": "TDS", "duration": "5 days",
    "quantity": "15", "quantity_unit": "tablets", "refills": "0", "expires_on": "", "instructions": "With food.",
}  # fmt: skip
ANSWER = {"diagnosis": "Tension headache", "recommendations": "Rest and drink enough."}


@dataclass(frozen=True)
class Act:
    """One request: what it does, to which conversation, as whom."""

    kind: Literal["message", "claim", "answer"]
    conversation: str
    path: str
    body: dict[str, str]
    session: str


def sow() -> list[Act]:
    """Everything that the acts need; mixed, so that all three kinds are under way at any time."""
    from tests import factories
    from tests.cast import signed_in_cookie

    doctors = [signed_in_cookie(factories.DoctorFactory()) for _ in range(DOCTORS)]
    acts: list[tuple[float, Act]] = []
    for kind, count in KINDS.items():
        for number in range(count):
            patient = factories.UserFactory()
            case = factories.ConversationFactory(patient=patient, awaiting=kind != "message")
            doctor = doctors[number % DOCTORS]
            if kind == "message":
                body = {"text": "I have had a cough for three days.", "client_token": str(uuid.uuid4())}
                path = f"/consultations/{case.pk}/message/"
                act = Act("message", str(case.pk), path, body, signed_in_cookie(patient))
            elif kind == "claim":
                act = Act("claim", str(case.pk), f"/cases/{case.pk}/claim/", {}, doctor)
            else:
                act = Act("answer", str(case.pk), f"/cases/{case.pk}/", answer_form(), doctor)
            acts.append((number / count, act))
    return [act for _, act in sorted(acts, key=lambda entry: entry[0])]


def answer_form() -> dict[str, str]:
    """An answer with one prescription, as the browser sends it."""
    form = {f"answer-{name}": value for name, value in ANSWER.items()}
    form |= {"items-TOTAL_FORMS": "1", "items-INITIAL_FORMS": "0", "step": "send"}
    return form | {f"items-0-{name}": value for name, value in ITEM.items()}


if __name__ == "__main__":
    import django

    django.setup()
    json.dump([asdict(act) for act in sow()], sys.stdout)
