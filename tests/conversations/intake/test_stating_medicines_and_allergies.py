"""Medicines, allergies and history as stated: None when not mentioned, empty when there are none."""

import pytest

from conversations.intake import Assessment, Turn, assess


def asked(topic: str, answer: str) -> Assessment:
    return assess(
        [
            Turn("patient", "I have a cough", reference="m1"),
            Turn("assistant", "?", topic, "m2"),
            Turn("patient", answer, reference="m3"),
        ]
    )


def test_what_was_not_mentioned_is_none() -> None:
    found = assess([Turn("patient", "I have a cough")])
    assert (found.medications, found.allergies, found.history) == (None, None, None)


@pytest.mark.parametrize(
    "answer",
    ["No", "None", "no allergies", "None that I know of", "nope", "Not that I know of", "I'm not allergic to anything"],
)
def test_a_no_to_allergies_is_an_explicit_none(answer: str) -> None:
    found = asked("allergies", answer)
    assert found.allergies == ()
    assert [(topic, quote.reference) for topic, quote in found.none_stated] == [("allergies", "m3")]


@pytest.mark.parametrize("answer", ["None", "no", "I don't take anything", "nothing", "No regular medicines"])
def test_a_no_to_medicines_is_an_explicit_none(answer: str) -> None:
    assert asked("medications", answer).medications == ()


@pytest.mark.parametrize("answer", ["None", "No", "I'm fit and well", "nothing really"])
def test_a_no_to_history_is_an_explicit_none(answer: str) -> None:
    assert asked("history", answer).history == ()


@pytest.mark.parametrize(
    ("answer", "names"),
    [
        ("I'm allergic to penicillin", ["penicillin"]),
        ("Penicillin", ["Penicillin"]),
        ("penicillin and nuts", ["penicillin", "nuts"]),
        ("Yes, I am allergic to penicillin, latex and eggs.", ["penicillin", "latex", "eggs"]),
        ("No, only penicillin", ["penicillin"]),
        ("I have a nut allergy", ["nut"]),
        ("sticking plaster glue", ["sticking plaster glue"]),
    ],
)
def test_allergies_are_named(answer: str, names: list[str]) -> None:
    found = asked("allergies", answer)
    assert [item.name for item in found.allergies or ()] == names
    assert all(item.reference == "m3" for item in found.allergies or ())


def test_the_reaction_is_kept_with_the_allergy() -> None:
    (item,) = asked("allergies", "I'm allergic to penicillin, it brings me out in a rash").allergies or ()
    assert "rash" in item.detail


def test_an_allergy_is_no_medicine_taken() -> None:
    found = assess([Turn("patient", "I'm allergic to penicillin and I take ramipril 5mg once a day")])
    assert [item.name for item in found.allergies or ()] == ["penicillin"]
    assert [(item.name, item.detail) for item in found.medications or ()] == [("ramipril", "5mg, once a day")]


@pytest.mark.parametrize(
    ("answer", "names"),
    [
        ("metformin 500 mg twice a day and the pill", ["metformin", "pill"]),
        ("just my blue inhaler", ["blue inhaler"]),
        ("No, just paracetamol", ["paracetamol"]),
        ("zorbutrol, fantanex", ["zorbutrol", "fantanex"]),
    ],
)
def test_medicines_are_named(answer: str, names: list[str]) -> None:
    assert [item.name for item in asked("medications", answer).medications or ()] == names


@pytest.mark.parametrize(
    "text", ["I stopped taking sertraline", "I don't take aspirin", "should I take ibuprofen?", "my dad takes warfarin"]
)
def test_what_is_not_taken_is_no_medicine(text: str) -> None:
    assert assess([Turn("patient", text)]).medications is None


def test_conditions_are_history_and_those_of_relatives_are_family() -> None:
    found = assess(
        [Turn("patient", "I have asthma and high blood pressure. My father had a stroke. I don't have diabetes.")]
    )
    assert [item.name for item in found.history or ()] == ["asthma", "high blood pressure"]
    assert [item.name for item in found.family] == ["father: stroke"]


def test_an_illness_of_years_ago_is_history() -> None:
    found = assess([Turn("patient", "I had a heart attack ten years ago")])
    assert [item.name for item in found.history or ()] == ["heart attack"]


def test_what_is_feared_is_a_concern_and_no_history() -> None:
    found = assess([Turn("patient", "I have a mole. I'm worried that it could be cancer.", reference="m1")])
    assert found.history is None
    assert [(quote.text, quote.reference) for quote in found.concerns] == [
        ("I'm worried that it could be cancer", "m1")
    ]


def test_i_do_not_know_is_neither_none_nor_a_name() -> None:
    for topic in ("medications", "allergies", "history"):
        found = asked(topic, "I'm not sure")
        assert getattr(found, topic) is None


def test_a_bare_name_without_its_question_is_no_medicine_taken() -> None:
    assert assess([Turn("patient", "I have a cough"), Turn("patient", "Penicillin.")]).medications is None
