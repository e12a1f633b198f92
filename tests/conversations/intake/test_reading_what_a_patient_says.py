"""Everyday English: negation, other people, answers to questions, corrections, typos, details of a symptom."""

import pytest

from conversations.intake import Assessment, Symptom, Turn, assess


def said(*lines: str) -> Assessment:
    """Patient and assistant in turn, the patient first."""
    speakers = ("patient", "assistant")
    turns = [Turn("assistant" if index % 2 else "patient", text) for index, text in enumerate(lines)]
    assert {turn.speaker for turn in turns} <= set(speakers)
    return assess(turns, age=40)


def stated(found: Assessment) -> set[str]:
    return {symptom.code for symptom in found.symptoms if not symptom.denied}


def denied(found: Assessment) -> set[str]:
    return {symptom.code for symptom in found.symptoms if symptom.denied}


def the(found: Assessment, code: str) -> Symptom:
    return next(symptom for symptom in found.symptoms if symptom.code == code)


@pytest.mark.parametrize(
    ("text", "there", "not_there"),
    [
        ("No fever, cough or rash, but my throat is sore", {"sore_throat"}, {"fever", "cough", "rash"}),
        ("I haven't vomited", set(), {"vomiting"}),
        ("I havent vomited but I feel sick", {"nausea"}, {"vomiting"}),
        ("I don’t have a fever", set(), {"fever"}),
        ("no fever i have a cough", {"cough"}, {"fever"}),
        ("I can't sleep because of the headache", {"headache", "poor_sleep"}, set()),
        ("the cough is not going away", {"cough"}, set()),
        ("never had a headache like this", {"headache"}, set()),
        ("diarrhoea without any blood in my stool", {"diarrhoea"}, {"blood_in_stool"}),
        ("I deny nothing: I have a rash", {"rash"}, set()),
        ("not only a cough, also a fever", {"cough", "fever"}, set()),
        ("headache: none. Earache: yes", {"ear_pain"}, {"headache"}),
        ("I've no appetite", {"poor_appetite"}, set()),
        ("no problems with my breathing", set(), {"breathless"}),
    ],
)
def test_negation_reaches_as_far_as_it_is_meant(text: str, there: set[str], not_there: set[str]) -> None:
    found = said(text)
    assert there <= stated(found)
    assert not_there <= denied(found)
    assert not not_there & stated(found)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("terrible diarrea since monday", "diarrhoea"),
        ("diarrhea", "diarrhoea"),
        ("bad hedache", "headache"),
        ("I feel dizzy and nautious", "nausea"),
        ("my stomache hurts", "abdominal_pain"),
        ("vomitting all night", "vomiting"),
        ("my thraot is sore", "sore_throat"),
        ("headahce since noon", "headache"),
        ("my, like, um, lower tummy, you know, hurts", "abdominal_pain"),
        ("im so tired", "tired"),
        ("ive got a feaver", "fever"),
    ],
)
def test_typos_fillers_and_spellings_are_understood(text: str, code: str) -> None:
    assert code in stated(said(text))


@pytest.mark.parametrize(
    "text", ["a threat at work", "spelling is hard for me", "the pressured cabin", "my injections are due"]
)
def test_ordinary_words_are_not_taken_for_slips(text: str) -> None:
    assert stated(said(text)) <= {"unnamed"}


@pytest.mark.parametrize(
    "answer", ["No", "no.", "Nope", "Not really", "not that I know of", "No, nothing like that", "None of these"]
)
def test_a_short_no_denies_what_was_asked(answer: str) -> None:
    found = said("I have a cough", "Do you have a fever or a rash?", answer)
    assert {"fever", "rash"} <= denied(found)


@pytest.mark.parametrize("answer", ["Yes", "yeah", "Yep, I do", "yes a bit"])
def test_a_short_yes_states_what_was_asked(answer: str) -> None:
    assert "fever" in stated(said("I have a cough", "Do you have a fever?", answer))


def test_a_yes_to_many_things_does_not_say_which() -> None:
    found = said("I have a cough", "Do you have a fever, a rash, chest pain or an earache?", "Yes")
    assert stated(found) == {"cough"}


def test_a_yes_with_a_name_states_only_what_is_named() -> None:
    found = said("I have a cough", "Do you have a fever, a rash or an earache?", "Yes, a rash")
    assert stated(found) == {"cough", "rash"}


def test_a_yes_without_a_question_says_nothing() -> None:
    assert stated(said("I have a cough", "That may be a chest infection with a fever.", "Yes")) == {"cough"}


def test_only_the_message_after_a_question_answers_it() -> None:
    turns = [
        Turn("patient", "I have a cough"),
        Turn("assistant", "Is there also a fever?", "ask:fever"),
        Turn("patient", "hang on"),
        Turn("patient", "no"),
    ]
    assert denied(assess(turns)) == set()


def test_i_do_not_know_is_kept_as_an_answer() -> None:
    turns = [
        Turn("patient", "I have a cough"),
        Turn("assistant", "Are there any allergies?", "allergies", "q"),
        Turn("patient", "I don't know", reference="a"),
    ]
    found = assess(turns)
    assert found.allergies is None
    assert [(topic, quote.reference) for topic, quote in found.not_known] == [("allergies", "a")]


def test_somebody_who_writes_for_another_is_understood() -> None:
    assert {"cough", "fever"} <= stated(said("My son has a cough. He also has a fever."))
    assert {"abdominal_pain", "diarrhoea"} <= stated(said("my 4 year old son has had a tummy ache and diarrhoea"))
    assert stated(said("My wife says I look pale and I have a cough")) >= {"cough"}
    assert "fever" not in stated(said("I have a cough. My son has a fever."))


def test_what_has_gone_is_kept_as_gone() -> None:
    fever = the(said("I had a fever but the fever went away"), "fever")
    assert not fever.denied
    assert fever.resolved


def test_uncertainty_is_kept() -> None:
    assert the(said("maybe a slight fever"), "fever").uncertain
    assert not the(said("a fever of 38.5 degrees"), "fever").uncertain


def test_a_correction_replaces_what_was_said() -> None:
    turns = [
        Turn("patient", "pain on the right side of my back for three days"),
        Turn("patient", "sorry it is the left side of my back"),
    ]
    assert "left side" in (the(assess(turns), "back_pain").location or "")


def test_the_details_of_a_pain_are_found() -> None:
    pain = the(
        said(
            "I've had a throbbing pain on the left side of my head for three days, it came on suddenly. "
            "It is 7 out of 10, worse when I move and it comes and goes. Paracetamol helps a bit."
        ),
        "headache",
    )
    assert pain.character == "throbbing"
    assert pain.location == "left side of my head"
    assert pain.duration == "three days"
    assert pain.onset == "sudden"
    assert (pain.severity_score, pain.severity) == (7, "severe")
    assert pain.aggravating == "worse when I move"
    assert pain.timing == "comes and goes"
    assert pain.relieving is not None


@pytest.mark.parametrize(
    ("answer", "score", "level"),
    [
        ("8", 8, "severe"),
        ("about a 5", 5, "moderate"),
        ("2/10", 2, "mild"),
        ("seven", 7, "severe"),
        ("0", 0, None),
        ("it is mild", None, "mild"),
    ],
)
def test_a_severity_is_read_as_a_figure_and_a_word(answer: str, score: int | None, level: str | None) -> None:
    turns = [
        Turn("patient", "back pain"),
        Turn("assistant", "How bad is it, 0 to 10?", "severity"),
        Turn("patient", answer),
    ]
    pain = the(assess(turns), "back_pain")
    assert (pain.severity_score, pain.severity) == (score, level)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("2 to 3 days ago", "2 to 3 days ago"),
        ("since Monday", "since Monday"),
        ("yesterday", "yesterday"),
        ("since my dog died", "since my dog died"),
        ("a couple of weeks", "couple of weeks"),
        ("after I moved the sofa", "after I moved the sofa"),
    ],
)
def test_when_it_started_is_read_from_the_answer(answer: str, expected: str) -> None:
    turns = [Turn("patient", "back pain"), Turn("assistant", "When did it start?", "onset"), Turn("patient", answer)]
    assert expected in (the(assess(turns), "back_pain").duration or "")


def test_three_times_a_day_is_no_duration() -> None:
    diarrhoea = the(said("diarrhoea six times a day since yesterday"), "diarrhoea")
    assert diarrhoea.duration == "since yesterday"
    assert diarrhoea.timing == "six times a day"


def test_a_complaint_without_a_known_word_keeps_the_patients_words() -> None:
    found = said("My left nostril whistles a jolly tune")
    assert found.complaint == "My left nostril whistles a jolly tune"
    assert the(found, "unnamed").name == "My left nostril whistles a jolly tune"


def test_the_complaint_is_what_comes_after_the_greeting() -> None:
    turns = [Turn("patient", "Hello there"), Turn("assistant", "How can I help?"), Turn("patient", "I have earache")]
    assert assess(turns).complaint == "I have earache"


def test_nothing_said_is_routine_and_empty() -> None:
    found = assess([])
    assert (found.urgency, found.symptoms, found.complaint) == ("routine", (), "")


def test_a_minor_short_complaint_may_stay_at_home() -> None:
    assert said("runny nose and a mild cough for two days").urgency == "self_care"


@pytest.mark.parametrize(
    "text",
    [
        "runny nose and a cough for five weeks",
        "runny nose and a cough for two days, and I have diabetes",
        "runny nose and a cough for two days and I lost my hearing",
        "severe cough for two days",
    ],
)
def test_what_lasts_or_comes_with_something_else_is_for_the_doctor(text: str) -> None:
    assert said(text).urgency != "self_care"


def test_a_sentence_of_nothing_but_fillers_says_nothing() -> None:
    assert stated(said("You know. Um. I have a cough. You know?")) == {"cough"}


def test_a_relative_in_one_part_of_a_sentence_does_not_take_over_the_rest() -> None:
    assert {"low_mood", "poor_sleep"} <= stated(said("ive been feeling really low since my mum died, cant sleep"))
