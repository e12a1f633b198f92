"""No text makes the engine fail or hang; a conversation is read in a moment."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conversations.intake import Turn, assess, next_step, summarise

TOPICS = st.sampled_from(
    [
        None,
        "opening",
        "severity",
        "onset",
        "allergies",
        "medications",
        "history",
        "concerns",
        "ask:fever",
        "ask:nonsense+fever",
        "which:fever",
        "x",
    ]
)


@given(
    st.lists(st.tuples(st.sampled_from(["patient", "assistant"]), st.text(max_size=200), TOPICS), max_size=6),
    st.none() | st.integers(0, 120),
    st.none() | st.text(max_size=6),
)
@settings(max_examples=80, deadline=None)
def test_no_text_makes_it_fail(said: list[tuple[str, str, str | None]], age: int | None, sex: str | None) -> None:
    turns = [
        Turn("patient" if speaker == "patient" else "assistant", text, topic, str(number))
        for number, (speaker, text, topic) in enumerate(said)
    ]
    found = assess(turns, age=age, sex=sex)
    next_step(turns, age=age, sex=sex, questions_asked=1)
    summarise(found, turns, files=["a.pdf"]).as_text()
    assert assess(turns, age=age, sex=sex) == found


LONG = {
    "letters": "a" * 100_000,
    "symptoms": "chest pain " * 9_000,
    "sentences": "I have a headache. " * 5_000,
    "negations": "can not " * 12_000,
    "people": "my father " * 10_000,
    "zero bytes": "\x00\x01\ufffd" * 33_000,
    "apostrophes": "'" * 100_000,
    "allergies": "allergic to " * 8_000,
}


@pytest.mark.parametrize("text", LONG.values(), ids=LONG.keys())
def test_a_very_long_message_takes_linear_time(text: str) -> None:
    def seconds(message: str) -> float:
        began = time.process_time()
        assess([Turn("patient", message)])
        return time.process_time() - began

    seconds("warm")
    quarter, whole = seconds(text[: len(text) // 4]), seconds(text)
    assert whole < 8 * quarter + 0.5


def test_a_conversation_of_forty_turns_takes_a_moment() -> None:
    turns = []
    for number in range(20):
        turns.append(Turn("assistant", "Is there also a fever, a rash or an earache?", "ask:fever+rash+ear_pain"))
        turns.append(
            Turn("patient", f"No, but my head hurts on the left side since {number + 2} days, it's worse at night.")
        )
    assess(turns)
    began = time.process_time()
    assess(turns)
    # The aim is 30 ms; the allowance is for a busy machine.
    assert time.process_time() - began < 0.2
