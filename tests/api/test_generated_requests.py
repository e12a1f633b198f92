"""What the schema allows, and what it does not, asked as everybody: no failure, no answer beyond the schema, no word
of somebody else's record.

A few requests for each operation, always the same, belong to every run. ``make fuzz`` asks 5,000 or as many as
``CASES`` says, other ones each time.
"""

import math
import os
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests import factories
from tests.api import generated
from tests.cast import api_client
from tests.security.seed import SECRETS, Seed, sow
from tests.security.walk import taken_back

CASES = int(os.environ.get("GENERATED_CASES", "0"))
# How many times as much as others.
MOST = 6
# Words in the rows of a second patient, whom another doctor treats.
HIS = ("Kralovitch", "Tetrafluoromagnesin", "Plumbago fever", "His left antler itches")
HERS = SECRETS


@dataclass(frozen=True)
class Asker:
    """A client, and the words that it must not be told."""

    client: Client
    never: tuple[str, ...]


@pytest.fixture
def seed(db: None) -> Seed:
    """Two patients with records, each with a doctor of their own."""
    return sow()


@pytest.fixture
def askers(seed: Seed) -> dict[str, Asker]:
    """Everybody; ids of both patients' rows are what is generated as an id."""
    him = factories.UserFactory(email="kralovitch@example.org", first_name="Boris", last_name="Kralovitch")
    his_doctor = factories.DoctorFactory()
    factories.MedicalInfoFactory(patient=him)
    rows = [
        factories.AllergyFactory(patient=him, allergen="Tetrafluoromagnesin"),
        factories.MedicalHistoryFactory(patient=him, condition="Plumbago fever"),
        factories.ConversationFactory(patient=him),
        answered := factories.ConversationFactory(patient=him, answered=True, doctor=his_doctor),
        factories.MessageFactory(conversation=answered, text="His left antler itches."),
        factories.PrescriptionFactory(conversation=answered, doctor=his_doctor),
        factories.AttachmentFactory(conversation=answered),
        him,
        his_doctor,
    ]
    generated.IDS[1:] = [*sorted(seed.ids), str(seed.administrator.pk), *(str(row.pk) for row in rows)]
    never = {
        "nobody": (None, (*HERS, *HIS)),
        "she": (seed.patient, HIS),
        "he": (him, HERS),
        "her doctor": (seed.her_doctor, HIS),
        "his doctor": (his_doctor, HERS),
        "unapproved doctor": (seed.unapproved_doctor, (*HERS, *HIS)),
        "administrator": (seed.administrator, ()),
    }
    return {
        who: Asker(
            api_client(person, raise_request_exception=False) if person else Client(raise_request_exception=False),
            words,
        )
        for who, (person, words) in never.items()
    }


def fitting(path: str) -> list[str]:
    """Who has business with this part of the API, other than to hear that it is not for them."""
    parts = {"doctors": ["her doctor", "his doctor"], "admin": ["administrator"], "auth": ["nobody", "she"]}
    return parts.get(f"{path}//".split("/")[2], ["she", "he"])


def try_many(asker: Asker, cases: st.SearchStrategy[Any], many: int) -> Counter[int]:
    """How often each status was answered; whatever is done is taken back."""
    statuses: Counter[int] = Counter()

    @settings(
        max_examples=many,
        deadline=None,
        database=None,
        derandomize=not CASES,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases)
    def ask(case: Any) -> None:
        with taken_back():
            response = generated.ask(asker.client, case)
        said = (response.content + repr(response.headers).encode()).lower()
        assert [word for word in asker.never if word.lower().encode() in said] == []
        statuses[response.status_code] += 1

    ask()
    return statuses


def told(fault: BaseException) -> str:
    """Everything in it, without the request as a command, which holds a token."""
    parts = fault.exceptions if isinstance(fault, BaseExceptionGroup) else [fault]
    return "\n".join(f"{type(part).__name__} {part}"[:1500] for part in parts)


def test_no_request_fails_or_is_told_what_is_another_s(askers: dict[str, Asker]) -> None:
    found, people = list(generated.operations()), sorted(askers)
    asked: Counter[str] = Counter()
    statuses: Counter[int] = Counter()
    wrong: list[str] = []
    # Who has business there asks most: others hear little more than that it is not for them. What takes nothing can be
    # asked in one way only, and an id in so many.
    share = 1.2 * CASES / (sum(map(generated.takes_something, found)) * (len(people) + 2 * MOST - 2))
    for place, operation in enumerate(found):
        cases = generated.cases(operation)
        fit = fitting(operation.path)
        # In every run one who has business there and one of the others; in the large one everybody.
        for who in people if CASES else sorted({fit[0], people[place % len(people)]}):
            many = math.ceil(share * (MOST if who in fit else 1)) if CASES else 2 if who in fit else 1
            try:
                answered = try_many(askers[who], cases, many)
            except (AssertionError, BaseExceptionGroup) as fault:  # all that is wrong is told at once
                wrong.append(f"{operation.label} as {who}: {told(fault)}")
                continue
            asked[who] += answered.total()
            statuses += answered
    print(f"{asked.total()} requests: {dict(asked)}; answers: {dict(sorted(statuses.items()))}")  # noqa: T201  # for -s
    assert wrong == []
    assert asked.keys() == askers.keys()
    assert asked.total() >= CASES
    assert {200, 400, 401, 403, 404} <= statuses.keys()


def test_the_same_ids_lead_to_the_rows_for_who_may(seed: Seed, askers: dict[str, Asker]) -> None:
    """Otherwise ids that lead nowhere would prove nothing."""
    for who, word in (("she", "Quellamidol"), ("her doctor", "purple itching"), ("administrator", "Brzovoljec")):
        client = askers[who].client
        paths = {
            "she": "/api/patients/profile",
            "her doctor": f"/api/doctors/conversation/{seed.answered.pk}",
            "administrator": "/api/admin/users",
        }
        assert word in client.get(paths[who]).content.decode()
