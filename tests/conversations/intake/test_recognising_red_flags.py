"""Every warning sign is recognised in a first message; denied, past, feared or somebody else's it is not."""

import pytest

from conversations.intake import Assessment, Turn, assess
from conversations.intake.red_flags import rules
from tests.conversations.intake import sentences
from tests.conversations.intake.sentences import Case


def assessed(text: str, age: int | None = 40, sex: str | None = None) -> Assessment:
    return assess([Turn("patient", text, reference="m1")], age=age, sex=sex)


@pytest.mark.parametrize("case", sentences.POSITIVE, ids=lambda case: f"{case.rule}: {case.text[:40]}")
def test_a_warning_sign_is_recognised_in_the_first_message(case: Case) -> None:
    found = assessed(case.text, case.age, case.sex)
    assert case.rule in [flag.code for flag in found.red_flags]
    assert found.urgency == case.urgency


def test_every_rule_has_a_sentence_that_raises_it() -> None:
    assert {rule.code for rule in rules()} == {case.rule for case in sentences.POSITIVE}


@pytest.mark.parametrize("case", sentences.TYPED_BADLY, ids=lambda case: case.text[:40])
def test_an_emergency_is_recognised_however_it_is_typed(case: Case) -> None:
    assert assessed(case.text, case.age, case.sex).urgency == "emergency"


@pytest.mark.parametrize("text", sentences.NOT_AN_EMERGENCY)
def test_an_everyday_complaint_is_no_emergency(text: str) -> None:
    assert assessed(text, 35).urgency in {"routine", "self_care"}


@pytest.mark.parametrize("text", sentences.DENIED)
def test_a_denied_warning_sign_raises_nothing(text: str) -> None:
    assert assessed(text, 35).red_flags == ()


@pytest.mark.parametrize("text", sentences.LONG_AGO)
def test_what_happened_long_ago_raises_nothing(text: str) -> None:
    assert assessed(text, 45).red_flags == ()


@pytest.mark.parametrize("text", sentences.ABOUT_OTHERS)
def test_what_somebody_else_has_raises_nothing(text: str) -> None:
    assert assessed(text, 45).red_flags == ()


@pytest.mark.parametrize("text", sentences.ONLY_FEARED)
def test_what_is_only_feared_raises_nothing(text: str) -> None:
    assert assessed(text, 45).red_flags == ()


def test_the_evidence_is_the_patients_very_words_with_the_message() -> None:
    turns = [
        Turn("patient", "I've had a headache since lunch.", reference="a"),
        Turn("assistant", "Is there also a fever?", "ask:fever", "b"),
        Turn("patient", "Yes. And my neck is so stiff I can’t bend it!", reference="c"),
    ]
    flag = next(flag for flag in assess(turns, age=25).red_flags if flag.code == "meningitis")
    for quote in flag.quotes:
        said = next(turn.text for turn in turns if turn.reference == quote.reference)
        assert quote.text in said
    assert "neck is so stiff" in flag.evidence
    assert flag.reference == "c"


def test_a_warning_sign_in_a_later_message_raises_the_urgency() -> None:
    first = [Turn("patient", "I have had a cough for a week")]
    assert assess(first, age=60).urgency != "emergency"
    later = [*first, Turn("patient", "and now I have crushing chest pain down my left arm")]
    assert assess(later, age=60).urgency == "emergency"


def test_a_no_to_a_question_does_not_undo_what_the_patient_said() -> None:
    turns = [
        Turn("patient", "crushing chest pain, sweating"),
        Turn("assistant", "Is there also chest pain?", "ask:chest_pain"),
        Turn("patient", "no"),
    ]
    assert assess(turns, age=60).urgency == "emergency"


def test_the_patient_can_take_back_what_they_wrote() -> None:
    turns = [
        Turn("patient", "I have chest pain and I'm sweating"),
        Turn("patient", "Sorry no chest pain, I meant my knee hurts"),
    ]
    found = assess(turns, age=50)
    assert "acute_coronary_syndrome" not in [flag.code for flag in found.red_flags]
    assert "chest_pain" in [symptom.code for symptom in found.symptoms if symptom.denied]


def test_danger_to_oneself_is_not_cleared_by_a_later_denial() -> None:
    turns = [
        Turn("patient", "I want to kill myself"),
        Turn("patient", "sorry no i do not want to kill myself, i was wrong"),
    ]
    assert "suicidal_thoughts" in [flag.code for flag in assess(turns).red_flags]


def test_an_unknown_age_is_read_as_that_of_an_adult() -> None:
    assert assessed("chest pain since this morning", None).urgency == "urgent"


def test_the_age_of_a_child_told_by_a_parent_counts_instead_of_the_writers() -> None:
    assert assessed("my 8 week old son has a temperature of 38.2", 34).urgency == "emergency"
    assert assessed("my 8 year old son has a slight fever", 34).urgency != "emergency"


def test_every_reason_names_its_rule_and_its_words() -> None:
    found = assessed("I can't breathe")
    assert [reason.code for reason in found.reasons] == [flag.code for flag in found.red_flags]
    assert all(reason.text and reason.evidence and reason.reference == "m1" for reason in found.reasons)


@pytest.mark.parametrize(
    "text",
    [
        "I've got a cold, and when I cough I can't breathe",
        "whenever I start coughing I can hardly breathe, my nose runs too",
        "runny nose, and I can't breathe while I am coughing",
    ],
)
def test_no_breath_in_a_fit_of_coughing_is_urgent(text: str) -> None:
    assert assessed(text).urgency == "urgent"


@pytest.mark.parametrize(
    "text",
    [
        "I'm coughing and I can't breathe",
        "I have a cough. I can't breathe",
        "when I cough my ribs hurt and I can't breathe",
        "coughing so hard that I can't breathe",
        "when I cough I can't breathe and my lips are blue",
        "when I cough I can't breathe and I can't finish a sentence",
        "I can't breathe, and when I cough I can't breathe either",
        "when I cough I can't breathe and I'm confused",
    ],
)
def test_no_breath_besides_the_coughing_is_an_emergency(text: str) -> None:
    assert assessed(text).urgency == "emergency"


def test_a_small_child_without_breath_when_coughing_is_an_emergency() -> None:
    assert assessed("my 3 year old can't breathe when she coughs", None).urgency == "emergency"
