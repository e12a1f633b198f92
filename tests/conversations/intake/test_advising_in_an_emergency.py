"""Emergency advice names the number and what to do; crisis advice for danger to oneself; no diagnosis."""

import pytest

from conversations.intake import Turn, assess, emergency_advice
from conversations.intake.data import load
from conversations.intake.red_flags import rules


def advice(text: str, number: str = "112", age: int = 60) -> str:
    return emergency_advice(assess([Turn("patient", text)], age=age).red_flags, number)


def test_it_names_the_number_and_what_to_do_while_waiting() -> None:
    text = advice("crushing chest pain going down my left arm", "999")
    assert "999" in text
    assert "Sit down and rest" in text


def test_it_names_no_diagnosis() -> None:
    for words in ("heart attack", "stroke", "meningitis"):
        assert words not in advice("crushing chest pain, sweating, my face is drooping")


def test_thoughts_of_suicide_get_crisis_advice() -> None:
    text = advice("I want to end my life", "112")
    assert "You are not alone" in text
    assert "112" in text
    assert "unlock the door" not in text


def test_an_overdose_to_die_gets_both() -> None:
    text = advice("I took 40 paracetamol tablets because I want to die")
    assert "You are not alone" in text
    assert "Keep the packets" in text


def test_without_an_emergency_there_is_no_advice() -> None:
    assert advice("I have a cold") == ""
    assert emergency_advice((), "112") == ""


@pytest.mark.parametrize("code", [rule.code for rule in rules() if rule.urgency == "emergency" and not rule.crisis])
def test_every_emergency_says_what_to_do_while_waiting(code: str) -> None:
    assert load("plans/advice.toml")["while_waiting"][code]
