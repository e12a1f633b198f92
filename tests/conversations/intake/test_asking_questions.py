"""The dialogue: one thing at a time, never what was said, an end, and the start of a return visit."""

import datetime
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conversations.intake import (
    ChartFacts,
    ChartSection,
    Finished,
    LastVisit,
    Question,
    Turn,
    assess,
    next_step,
    opening,
    remaining_estimate,
)
from conversations.intake.concepts import concepts, find
from conversations.intake.plans import plans
from conversations.intake.text import sentences

LAST = LastVisit("My knee hurts on the stairs", "Ibuprofen 400 mg three times a day", datetime.date(2026, 11, 2))
KNOWN = ChartFacts(ChartSection(True, ("ramipril",)), ChartSection(True), ChartSection(True, ("asthma",)))


def answered(first: str, *pairs: tuple[Question, str]) -> list[Turn]:
    turns = [Turn("assistant", "What is the problem?", "opening"), Turn("patient", first)]
    for question, answer in pairs:
        turns += [Turn("assistant", question.text, question.topic), Turn("patient", answer)]
    return turns


def play(
    answers: list[str], *, first_visit: bool = True, on_chart: ChartFacts | None = None
) -> tuple[list[Turn], Finished]:
    """Answer each question with the next answer, the last one over and over."""
    turns: list[Turn] = []
    asked = 0
    while True:
        step = next_step(
            turns,
            age=40,
            sex="female",
            first_visit=first_visit,
            on_chart=on_chart,
            last_visit=None if first_visit else LAST,
            questions_asked=asked,
        )
        if isinstance(step, Finished):
            return turns, step
        asked += 1
        assert asked <= (10 if first_visit else 7)
        turns += [Turn("assistant", step.text, step.topic), Turn("patient", answers[min(asked, len(answers)) - 1])]


def topics(turns: list[Turn]) -> list[str]:
    return [turn.topic or "" for turn in turns if turn.speaker == "assistant"]


@given(st.lists(st.text(max_size=60), min_size=1, max_size=12), st.booleans())
@settings(max_examples=25, deadline=None)
def test_never_more_questions_than_allowed_whatever_is_answered(answers: list[str], first_visit: bool) -> None:
    turns, _ = play(answers, first_visit=first_visit)
    assert len(topics(turns)) == len(set(topics(turns)))


REPLIES = [
    "yes",
    "no",
    "I don't know",
    "3 days",
    "7",
    "None of these",
    "on the left",
    "chest is sore",
    "no allergies",
    "a rash",
    "asthma",
]


@given(
    st.lists(st.sampled_from(REPLIES), min_size=1, max_size=12),
    st.sampled_from([plan.label for plan in plans().values()]),
)
@settings(max_examples=25, deadline=None)
def test_no_question_comes_twice(answers: list[str], first: str) -> None:
    turns, _ = play([first, *answers])
    codes = [code for topic in topics(turns) if topic.startswith("ask:") for code in topic[4:].split("+")]
    assert len(codes) == len(set(codes))
    assert len(topics(turns)) == len(set(topics(turns)))


def test_the_first_question_is_open() -> None:
    step = next_step([], questions_asked=0)
    assert isinstance(step, Question)
    assert (step.topic, step.kind) == ("opening", "open")
    assert step == opening(first_visit=True)


def test_nothing_that_was_said_is_asked() -> None:
    turns, end = play(
        [
            "Throbbing headache on the left side of my head for three days, came on slowly, 6 out of 10, "
            "comes and goes, worse when I bend, better when I lie down. No fever, no stiff neck, no vomiting. "
            "I take ramipril. I'm allergic to penicillin. I have asthma.",
            "no",
        ]
    )
    asked = topics(turns)
    known = {"onset", "location", "character", "severity", "changes", "timing", "medications", "allergies", "history"}
    assert not known & set(asked)
    assert not {"fever", "neck_stiffness", "vomiting"} & {
        code for topic in asked for code in topic.removeprefix("ask:").split("+")
    }
    assert isinstance(end, Finished)
    assert end.reason == "enough"
    assert len(asked) < 8


def test_what_the_chart_knows_is_not_asked() -> None:
    turns, _ = play(["I have a cough", "no"], on_chart=KNOWN)
    assert not {"medications", "allergies", "history"} & set(topics(turns))


def test_allergies_medicines_and_history_are_asked_when_nobody_knows_them() -> None:
    turns, _ = play(["I have back pain", "I'd rather tell you about my dog"])
    assert {"medications", "allergies", "history"} <= set(topics(turns))


def test_i_do_not_know_is_an_answer_and_not_asked_again() -> None:
    turns, _ = play(["I have a rash", "I don't know"])
    assert len(topics(turns)) == len(set(topics(turns)))


@pytest.mark.parametrize(
    ("first", "presentation"),
    [
        ("I have a headache", "headache"),
        ("a dull ache in my chest", "chest_pain"),
        ("I get out of breath", "breathlessness"),
        ("cough and a runny nose", "cough_and_cold"),
        ("sore throat", "sore_throat"),
        ("I feel feverish", "fever"),
        ("tummy ache", "abdominal_pain"),
        ("diarrhoea since yesterday", "diarrhoea_and_vomiting"),
        ("it stings when I wee", "urinary"),
        ("my back hurts", "back_pain"),
        ("I twisted my ankle and it is swollen", "limb_or_joint"),
        ("itchy rash on my arms", "skin"),
        ("I feel dizzy", "dizziness"),
        ("earache", "ear"),
        ("my eye is red and sticky", "eye"),
        ("I feel so low and tearful", "mental_health"),
        ("I'm tired all the time", "tiredness"),
        ("I need a repeat prescription", "medication_request"),
        ("I would like to talk about something", "general"),
    ],
)
def test_the_questions_fit_the_complaint(first: str, presentation: str) -> None:
    assert assess([Turn("patient", first)]).presentation == presentation
    step = next_step(answered(first), age=40, questions_asked=1)
    assert isinstance(step, Question)


def test_an_emergency_ends_the_questions() -> None:
    step = next_step(answered("crushing chest pain and sweating"), age=60, questions_asked=1)
    assert isinstance(step, Finished)
    assert step.reason == "emergency"


def test_a_bare_yes_to_several_things_is_asked_back_once() -> None:
    turns = answered("I have a sore throat")
    several = next_step(turns, age=30, questions_asked=1)
    assert isinstance(several, Question)
    assert "+" in several.topic
    turns = answered("I have a sore throat", (several, "yes"))
    which = next_step(turns, age=30, questions_asked=2)
    assert isinstance(which, Question)
    assert which.topic.startswith("which:")
    after = next_step(answered("I have a sore throat", (several, "yes"), (which, "yes")), age=30, questions_asked=3)
    assert isinstance(after, Question)
    assert not after.topic.startswith("which:")


def test_choosing_a_quick_answer_states_that_and_nothing_else() -> None:
    several = next_step(answered("I have a headache"), age=30, questions_asked=1)
    assert isinstance(several, Question)
    codes = several.topic.removeprefix("ask:").split("+")
    for code, option in zip(codes, several.quick_answers, strict=False):
        found = assess(answered("I have a headache", (several, option.value)), age=30)
        stated = {symptom.code for symptom in found.symptoms if not symptom.denied}
        assert code in stated
        assert not stated & (set(codes) - {code})


def test_none_of_these_denies_them_all() -> None:
    several = next_step(answered("I have a headache"), age=30, questions_asked=1)
    assert isinstance(several, Question)
    none = next(option for option in several.quick_answers if option.label == "None of these")
    found = assess(answered("I have a headache", (several, none.value)), age=30)
    assert set(several.topic.removeprefix("ask:").split("+")) <= {s.code for s in found.symptoms if s.denied}


@pytest.mark.parametrize("code", [code for code, concept in concepts().items() if concept.screening])
def test_what_a_question_offers_is_understood_as_what_it_means(code: str) -> None:
    read = sentences("Yes, " + concepts()[code].screening)
    assert code in {match.code for sentence in read for match in find(sentence)}


@pytest.mark.parametrize(("sex", "age", "asked"), [("female", 30, True), ("male", 30, False), ("female", 75, False)])
def test_pregnancy_is_asked_only_where_it_can_be(sex: str, age: int, asked: bool) -> None:
    turns = answered("I have a headache")
    seen = set()
    for count in range(1, 9):
        step = next_step(turns, age=age, sex=sex, on_chart=KNOWN, questions_asked=count)
        if isinstance(step, Finished):
            break
        seen.add(step.topic)
        turns += [Turn("assistant", step.text, step.topic), Turn("patient", "no")]
    assert ("ask:pregnant" in seen) is asked


def test_low_mood_is_asked_about_thoughts_of_suicide_first() -> None:
    step = next_step(answered("I feel depressed and hopeless"), age=30, questions_asked=1)
    assert isinstance(step, Question)
    assert step.topic == "ask:suicidal_thoughts"
    end = next_step(answered("I feel depressed and hopeless", (step, "yes sometimes")), age=30, questions_asked=2)
    assert isinstance(end, Finished)
    assert end.reason == "emergency"


def test_a_return_visit_opens_with_the_last_complaint_in_the_patients_words_and_its_treatment() -> None:
    question = opening(first_visit=False, last_visit=LAST)
    assert "My knee hurts on the stairs" in question.text
    assert "Ibuprofen 400 mg three times a day" in question.text
    assert "02-Nov-2026" in question.text


def test_a_return_visit_asks_whether_it_helped_about_side_effects_and_new_symptoms() -> None:
    turns, _ = play(["My knee still hurts", "I don't know"], first_visit=False)
    assert {"treatment_effect", "side_effects"} <= set(topics(turns))
    turns, _ = play(["hello", "I don't know"], first_visit=False)
    assert "new_symptoms" in topics(turns)


def test_a_return_visit_goes_on_about_the_last_complaint() -> None:
    turns, _ = play(
        ["a bit better but not quite", "my stomach is upset from the tablets", "no"], first_visit=False, on_chart=KNOWN
    )
    assert "ask:cannot_bear_weight" in topics(turns)
    assert assess(turns, age=40).complaint == "a bit better but not quite"


def test_a_return_visit_does_not_ask_for_the_effect_that_was_told() -> None:
    turns, _ = play(["The tablets helped, my knee is much better", "no"], first_visit=False, on_chart=KNOWN)
    assert "treatment_effect" not in topics(turns)


def test_a_new_problem_at_a_return_visit_gets_its_own_questions() -> None:
    turns, _ = play(["I have a new problem, a sore throat", "no"], first_visit=False, on_chart=KNOWN)
    assert "treatment_effect" not in topics(turns)
    assert any("breathless" in topic for topic in topics(turns))


def test_a_return_visit_without_a_last_complaint_starts_like_a_first_one() -> None:
    assert opening(first_visit=False, last_visit=LastVisit(" ", "")) == opening(first_visit=True)


def test_the_estimate_counts_down_to_nothing() -> None:
    turns: list[Turn] = []
    estimates = []
    for asked in range(11):
        estimates.append(remaining_estimate(turns, age=40, on_chart=KNOWN, questions_asked=asked))
        step = next_step(turns, age=40, on_chart=KNOWN, questions_asked=asked)
        if isinstance(step, Finished):
            break
        turns += [
            Turn("assistant", step.text, step.topic),
            Turn("patient", "my back hurts" if not asked else "I don't know"),
        ]
    assert estimates[-1] == 0
    assert all(later < earlier for earlier, later in pairwise(estimates))


def test_a_question_shows_no_diagnosis_and_stays_short() -> None:
    for plan in plans().values():
        turns = answered(plan.label)
        step = next_step(turns, age=40, questions_asked=1)
        if isinstance(step, Question):
            assert len(step.text) < 260


def test_a_mother_who_writes_for_her_son_is_not_asked_about_her_own_periods() -> None:
    turns, _ = play(["my 4 year old son has a tummy ache since this morning", "I don't know"], on_chart=KNOWN)
    assert not [topic for topic in topics(turns) if "missed_period" in topic or "pregnant" in topic]


@pytest.mark.parametrize(
    "text",
    [
        "Itchy red rash on my arm for a week",
        "a rash, itching on both arms for three days",
        "my arm is itching for a week, there is a rash",
    ],
)
def test_place_and_time_of_a_rash_that_itches_are_not_asked_again(text: str) -> None:
    turns = [Turn("assistant", "?", "opening"), Turn("patient", text)]
    assert assess(turns, age=30).symptoms[0].code == "rash"
    topics = asked_topics(turns)
    assert "location" not in topics
    assert "onset" not in topics


def test_place_and_time_of_a_rash_are_asked_when_not_told() -> None:
    topics = asked_topics([Turn("assistant", "?", "opening"), Turn("patient", "a rash that itches")])
    assert {"location", "onset"} <= set(topics)


@pytest.mark.parametrize("answer", ["a moisturiser", "I used some moisturiser", "I tried naproxen and a moisturiser"])
def test_what_was_tried_is_no_list_of_medicines(answer: str) -> None:
    turns = [
        Turn("assistant", "?", "opening", "q0"),
        Turn("patient", "a rash on my arm for a week", None, "p0"),
        Turn("assistant", "What have you tried?", "tried", "q1"),
        Turn("patient", answer, None, "p1"),
    ]
    names = [item.name for item in assess(turns, age=30).medications or ()]
    assert "moisturiser" not in names
    assert "medications" in asked_topics(turns)


def test_a_moisturiser_named_as_a_medicine_is_one() -> None:
    turns = [
        Turn("patient", "a rash on my arm for a week"),
        Turn("assistant", "Which medicines?", "medications"),
        Turn("patient", "just a moisturiser"),
    ]
    assert [item.name for item in assess(turns).medications or ()] == ["moisturiser"]


def asked_topics(turns: list[Turn]) -> list[str]:
    """Every question that follows when nothing more is known."""
    talk, topics = list(turns), []
    for number in range(1, 10):
        step = next_step(talk, age=30, questions_asked=number)
        if isinstance(step, Finished):
            break
        topics.append(step.topic)
        talk += [
            Turn("assistant", step.text, step.topic, f"q{number + 9}"),
            Turn("patient", "I don't know", None, f"p{number + 9}"),
        ]
    return topics
