"""Answers to the question about allergies: an allergy, a medicine that is taken, none, or kept as they are."""

import pytest

from conversations.intake import Assessment, Turn, assess, summarise


def conversation(answer: str) -> list[Turn]:
    return [
        Turn("patient", "I have had a runny nose for two days", None, "m1"),
        Turn("assistant", "Are there any allergies?", "allergies", "m2"),
        Turn("patient", answer, None, "m3"),
    ]


def names(found: Assessment) -> list[str] | None:
    return None if found.allergies is None else [item.name for item in found.allergies]


def medicines(found: Assessment) -> list[str]:
    return [item.name for item in found.medications or ()]


def summary_of(answer: str) -> str:
    turns = conversation(answer)
    return summarise(assess(turns), turns).as_text()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("Only amoxicillin, I think", ["amoxicillin"]),
        ("Just trimethoprim as far as I know", ["trimethoprim"]),
        ("Yes, a painkiller called naproxen", ["naproxen"]),
        ("um it was one of the antibiotics, called doxycycline", ["doxycycline"]),
        ("Antibiotics", ["Antibiotics"]),
        ("not sure, maybe erythromycin", ["erythromycin"]),
        ("wasp stings", ["wasp stings"]),
        ("hazelnuts and milk", ["milk", "hazelnuts"]),
        ("Iodine - hives", ["Iodine"]),
        ("I can't take naproxen", ["naproxen"]),
        ("I was told to avoid codeine", ["codeine"]),
        ("No, aspirin gives me hives", ["aspirin"]),
        ("None known. Codeine upsets my stomach", ["Codeine"]),
        ("No allergies except latex", ["latex"]),
        ("eggs make my lips swell", ["eggs"]),
        ("I had cefalexin last spring and it gave me a rash", ["cefalexin"]),
        ("Latex, and I'm also allergic to kiwi", ["kiwi", "Latex"]),
        ("trimethoprim allergy", ["trimethoprim"]),
    ],
)
def test_a_substance_with_its_reaction_or_alone_is_an_allergy(answer: str, expected: list[str]) -> None:
    found = assess(conversation(answer))
    assert names(found) == expected
    assert medicines(found) == []


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("I have been trying naproxen and some codeine", ["naproxen", "codeine"]),
        ("I've had some aspirin, but it does not help much", ["aspirin"]),
        ("I'm on bisoprolol", ["bisoprolol"]),
        ("Loratadine 10 mg once a day", ["Loratadine"]),
        ("I use cetirizine for the itching", ["cetirizine"]),
        ("taking amoxicillin for my throat", ["amoxicillin"]),
    ],
)
def test_a_medicine_that_is_taken_is_no_allergy(answer: str, expected: list[str]) -> None:
    found = assess(conversation(answer))
    assert names(found) is None
    assert medicines(found) == expected
    assert f"Allergy: Answered “{answer}”" in summary_of(answer)


@pytest.mark.parametrize(
    "answer",
    [
        "on the back of my knee",
        "food",
        "it comes after some sorts of food",
        "I bought a prawn sandwich",
        "worse in the evening",
        "since tuesday",
        "I had codeine once and was sick",
        "aspirin is fine",
        "I can take aspirin",
        "not latex",
        "No latex allergy",
        "Yes",
    ],
)
def test_what_is_neither_is_kept_in_the_patients_words(answer: str) -> None:
    found = assess(conversation(answer))
    assert names(found) is None
    assert medicines(found) == []
    assert f"Allergy: Answered “{answer}”" in summary_of(answer)


def test_somebody_elses_allergy_is_not_the_patients() -> None:
    assert names(assess(conversation("my sister is allergic to latex"))) is None


def test_none_with_a_medicine_taken_stays_none() -> None:
    found = assess(conversation("No allergies, I take naproxen"))
    assert names(found) == []
    assert medicines(found) == ["naproxen"]


def test_an_allergy_beside_a_medicine_that_is_taken() -> None:
    found = assess(conversation("I take bisoprolol and I'm allergic to latex"))
    assert names(found) == ["latex"]
    assert medicines(found) == ["bisoprolol"]


def test_an_unclear_answer_stands_beside_an_allergy_told_later() -> None:
    turns = [*conversation("it comes and goes"), Turn("patient", "I am allergic to latex", None, "m4")]
    text = summarise(assess(turns), turns).as_text()
    assert "Allergy: latex" in text
    assert "Allergy: Answered “it comes and goes”" in text
