"""No text makes the engine fail or hang; a conversation is read in a moment."""

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
def test_a_very_long_message_is_read_to_its_end(text: str) -> None:
    """What is not linear in the length would not come back within the patience of whoever runs the tests."""
    assessment = assess([Turn("patient", text), Turn("patient", "I have crushing chest pain and I am sweating")])

    assert assessment.urgency == "emergency"
