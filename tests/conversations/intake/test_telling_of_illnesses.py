"""Which illnesses are the patient's history: not those feared, talked of, or a relative's."""

import pytest

from conversations.intake import Assessment, Turn, assess


def assessed(*texts: str) -> Assessment:
    return assess([Turn("patient", text, None, f"m{number}") for number, text in enumerate(texts)])


def history(found: Assessment) -> list[str]:
    return [item.name for item in found.history or ()]


def family(found: Assessment) -> list[str]:
    return [item.name for item in found.family]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I have asthma and my knee hurts", ["asthma"]),
        ("diabetic, sore foot for a week", ["diabetes"]),
        ("I was treated for breast cancer three years ago", ["cancer"]),
        ("My knee hurts. I take tablets for epilepsy", ["epilepsy"]),
        ("Could the cough be because of my asthma?", ["asthma"]),
        ("the cholesterol was found in spring, and my knee hurts", ["high cholesterol"]),
        ("I have got Parkinson's and my hand shakes", ["Parkinson's disease"]),
        ("My knee hurts, I had a stroke in 2019", ["stroke"]),
    ],
)
def test_an_illness_that_the_patient_has_is_history(text: str, expected: list[str]) -> None:
    assert history(assessed(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "I'm so worried it is leukaemia, my glands are up",
        "my glands are up and I was scared I am dying of lymphoma",
        "I looked it up and swollen glands can be a sign of a lymphoma",
        "The thing I fear most would be, um, a stroke",
        "I don't want it to be a migraine, my head hurts",
        "I thought I had angina but it was the muscle",
        "I have a cough, they tested my cholesterol and all was fine",
        "My name is Ann Parkinson and I have a cough",
        "I have a cough. Asthma or what?",
        "I have a cough. I cannot join in if you have epilepsy",
        "I don't know the stages of cancer, I have a cough",
    ],
)
def test_what_is_feared_or_only_talked_of_is_no_history(text: str) -> None:
    assert assessed(text).history is None


def test_a_fear_goes_on_in_the_next_message() -> None:
    assert assessed("I read that my headache could be a sign of brain", "cancer.").history is None


def test_a_word_sent_afterwards_is_history_when_nothing_was_feared() -> None:
    assert history(assessed("I have a cough", "asthma")) == ["asthma"]


@pytest.mark.parametrize(
    ("texts", "of_family"),
    [
        (("I have a cough, and in my family there is gout and epilepsy",), ["family: gout", "family: epilepsy"]),
        (("I have a cough. My mother died of leukaemia",), ["mother: cancer"]),
        (("I have a cough", "my uncle had gout", "Has gout. Had it for years. Yeah he died of a stroke"),
         ["uncle: gout", "uncle: stroke"]),
        (("I have a cough", "worth saying, she has epilepsy"), ["somebody else: epilepsy"]),
    ],
)  # fmt: skip
def test_an_illness_of_a_relative_is_the_familys(texts: tuple[str, ...], of_family: list[str]) -> None:
    found = assessed(*texts)
    assert history(found) == []
    assert family(found) == of_family


def test_the_patients_own_illness_after_the_familys() -> None:
    found = assessed("I have a cough. In my family there is gout and I have asthma")
    assert history(found) == ["asthma"]
    assert family(found) == ["family: gout"]


def test_he_is_the_patient_when_somebody_writes_for_him() -> None:
    assert history(assessed("My son is coughing a lot, he has asthma")) == ["asthma"]
    assert history(assessed("He keeps coughing and he has asthma")) == ["asthma"]


@pytest.mark.parametrize("sound", ["Mh-mm", "Mm-hmm.", "hm"])
def test_a_sound_is_no_illness(sound: str) -> None:
    turns = [
        Turn("patient", "I have a cough"),
        Turn("assistant", "Any illnesses?", "history"),
        Turn("patient", sound),
    ]
    assert assess(turns).history is None
