"""A yes to several signs at once: which one is asked at once, and meanwhile the case is urgent, no emergency."""

import pytest

from conversations.intake import Finished, Turn, assess, next_step, summarise
from conversations.intake.assessment import understand
from conversations.intake.data import load
from conversations.intake.dialogue import FIRST_VISIT_LIMIT

SEVERE = "ask:breathless_severe+blue_lips"
BLOOD = "ask:vomiting_blood+black_stool"
HARMLESS = "ask:sneezing+runny_nose"


def answered(topic: str, *answers: str) -> list[Turn]:
    turns = [
        Turn("assistant", "What is the problem?", "opening", "q0"),
        Turn("patient", "my tummy aches a bit since yesterday", None, "p0"),
        Turn("assistant", "Is there also any of these?", topic, "q1"),
    ]
    for number, answer in enumerate(answers):
        if number:
            turns.append(Turn("assistant", "Which of these is it?", topic.replace("ask:", "which:"), f"q{number + 1}"))
        turns.append(Turn("patient", answer, None, f"p{number + 1}"))
    return turns


@pytest.mark.parametrize("topic", [SEVERE, BLOOD])
@pytest.mark.parametrize("answer", ["Yes", "yeah", "Yep, a bit", "Yes, and I also feel cold"])
def test_an_unclear_yes_is_urgent_and_which_one_is_asked_at_once(topic: str, answer: str) -> None:
    turns = answered(topic, answer)
    found = assess(turns, age=30)
    assert found.urgency == "urgent"
    assert [(reason.code, reason.reference) for reason in found.reasons] == [("unclear_yes", "p1")]
    question = next_step(turns, age=30, questions_asked=2)
    assert not isinstance(question, Finished)
    assert question.topic == topic.replace("ask:", "which:")


def test_which_one_comes_before_the_background_when_few_questions_are_left() -> None:
    turns = answered(SEVERE, "Yes")
    question = next_step(turns, age=30, questions_asked=FIRST_VISIT_LIMIT - 2)
    assert not isinstance(question, Finished)
    assert question.topic.startswith("which:")


def test_a_yes_to_harmless_signs_is_not_urgent() -> None:
    assert assess(answered(HARMLESS, "Yes"), age=30).urgency in {"routine", "self_care"}


def test_a_yes_about_another_matter_is_not_urgent() -> None:
    assert assess(answered(BLOOD, "Yeah, so my knee hurts"), age=30).urgency == "routine"


@pytest.mark.parametrize("answer", ["Yes, vomiting blood or something like coffee grounds", "I vomited blood"])
def test_naming_the_sign_decides(answer: str) -> None:
    assert assess(answered(BLOOD, "Yes", answer), age=30).urgency == "emergency"


@pytest.mark.parametrize("answer", ["None of these", "No"])
def test_taking_the_yes_back_ends_the_urgency(answer: str) -> None:
    assert assess(answered(BLOOD, "Yes", answer), age=30).urgency == "routine"


@pytest.mark.parametrize("answer", ["I don't know", "Yes", "it started on monday"])
def test_a_yes_that_stays_unclear_stays_urgent_and_in_the_summary(answer: str) -> None:
    turns = answered(BLOOD, "Yes", answer)
    found = assess(turns, age=30)
    assert found.urgency == "urgent"
    assert "Unclear answer: yes to" in summarise(found, turns).as_text()


def test_a_yes_to_one_sign_is_that_sign() -> None:
    assert assess(answered("ask:vomiting_blood", "Yes"), age=30).urgency == "emergency"


@pytest.mark.parametrize("code", sorted(load("plans/questions.toml")["ask_wording"]))
def test_a_yes_to_one_sign_is_not_lost_however_it_is_asked_for(code: str) -> None:
    asked = load("plans/questions.toml")["ask_wording"][code]
    turns = [
        Turn("patient", "I feel unwell since yesterday"),
        Turn("assistant", asked, f"ask:{code}"),
        Turn("patient", "Yes"),
    ]
    assert understand(turns, age=30).reading.has(code)
