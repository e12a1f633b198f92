"""The table of prescribing situations, written before the rules: what must be said is said.

``NOT_MET`` is where the check and the table differ; what agrees must leave the list (the tests fail otherwise).
"""

import pytest

from tests.prescriptions.safety import Situation, situations

NOT_MET = {
    "moxifloxacin / ciprofloxacin: rash /",  # said as serious: not every quinolone follows the other
    "atorvastatin / / pregnant",  # said as serious: usually stopped, no longer forbidden everywhere
    "metoclopramide / / aged 15",  # said as caution
    "paracetamol / / warfarin",  # said as caution: regular use may raise the INR
}


def name_of(situation: Situation) -> str:
    """The situation in one line."""
    patient = situation.taking
    if situation.pregnant:
        patient = "pregnant"
    elif situation.age is not None and not patient:
        patient = f"aged {situation.age}"
    parts = (situation.prescribe, situation.allergic, patient)
    return " / ".join(parts).replace("/  /", "/ /").strip()


ALL = [
    pytest.param(
        situation,
        id=name_of(situation),
        marks=[pytest.mark.xfail(strict=True)] if name_of(situation) in NOT_MET else [],
    )
    for situation in situations()
]


@pytest.mark.parametrize("situation", ALL)
def test_the_doctor_is_told(situation: Situation) -> None:
    assert situation.is_met(), situation.alerts()


def test_the_list_of_what_is_missing_names_situations_of_the_table() -> None:
    names = [name_of(situation) for situation in situations()]
    assert sorted(NOT_MET - set(names)) == []
    assert len(names) == len(set(names)) >= 200
