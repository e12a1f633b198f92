"""The summary: its sections in order, every statement traceable, 'none' distinguished from 'not asked'."""

from hypothesis import given, settings
from hypothesis import strategies as st

from conversations.intake import ChartFacts, ChartSection, Summary, Turn, assess, summarise

TITLES = [
    "Chief complaint",
    "History of present illness",
    "Associated symptoms",
    "Past medical history",
    "Medications and allergies",
    "Patient's concerns",
    "Files",
]
TALK = [
    Turn("assistant", "What is the problem?", "opening", "m1"),
    Turn("patient", "Burning tummy pain for two weeks, and I feel sick. I'm worried it is an ulcer.", None, "m2"),
    Turn("assistant", "Is there also any of these: vomiting or a fever?", "ask:vomiting+fever", "m3"),
    Turn("patient", "None of these", None, "m4"),
    Turn("assistant", "How bad is it?", "severity", "m5"),
    Turn("patient", "6", None, "m6"),
    Turn("assistant", "Any allergies?", "allergies", "m7"),
    Turn("patient", "No allergies", None, "m8"),
    Turn("assistant", "Which medicines?", "medications", "m9"),
    Turn("patient", "omeprazole 20 mg once a day", None, "m10"),
]


def summary(turns: list[Turn], files: list[str] | None = None) -> Summary:
    return summarise(assess(turns, age=40), turns, files=files or [])


def section(found: Summary, title: str) -> str:
    part = next(part for part in found.sections if part.title == title)
    return " ".join(statement.text for statement in part.statements) or part.empty


def test_the_sections_stand_in_the_clinicians_order() -> None:
    assert [part.title for part in summary(TALK).sections] == TITLES
    text = summary(TALK).as_text()
    assert [text.index(title) for title in TITLES] == sorted(text.index(title) for title in TITLES)


def test_what_was_said_is_where_a_clinician_looks_for_it() -> None:
    found = summary(TALK, ["stomach.pdf"])
    assert "Burning tummy pain" in section(found, "Chief complaint")
    assert "severity 6/10" in section(found, "History of present illness")
    assert "two weeks" in section(found, "History of present illness")
    assert "Nausea" in section(found, "Associated symptoms")
    assert "Denies fever" in section(found, "Associated symptoms")
    assert "omeprazole (20 mg, once a day)" in section(found, "Medications and allergies")
    assert "worried it is an ulcer" in section(found, "Patient's concerns")
    assert "stomach.pdf" in section(found, "Files")


def test_none_stated_and_not_asked_differ() -> None:
    found = summary(TALK)
    assert "Allergy: None stated by the patient." in section(found, "Medications and allergies")
    assert section(found, "Past medical history") == "Not asked."
    bare = summary(TALK[:2])
    assert "Allergy: Not asked." in section(bare, "Medications and allergies")
    assert "Medicine: Not asked." in section(bare, "Medications and allergies")


def test_an_unknown_answer_is_said_to_be_one() -> None:
    turns = [
        *TALK[:2],
        Turn("assistant", "Any allergies?", "allergies", "q"),
        Turn("patient", "I don't know", None, "a"),
    ]
    assert "Allergy: The patient does not know." in section(summary(turns), "Medications and allergies")


def test_each_statement_names_messages_of_the_patient() -> None:
    of_patient = {turn.reference for turn in TALK if turn.speaker == "patient"}
    for part in summary(TALK).sections:
        for statement in part.statements:
            assert set(statement.references) <= of_patient
            assert statement.references or "Not asked" in statement.text


def test_the_detail_that_came_later_is_traced_to_its_own_message() -> None:
    illness = next(part for part in summary(TALK).sections if part.title == "History of present illness")
    assert illness.statements[0].references == ("m2", "m6")


WORDS = st.sampled_from(
    [
        "pain",
        "no",
        "fever",
        "my",
        "chest",
        "I",
        "have",
        "allergic",
        "to",
        "nuts",
        "yes",
        ".",
        "?",
        "3",
        "days",
        "worried",
        "not",
        "mum",
        "had",
        "a",
        "stroke",
        "took",
        "aspirin",
    ]
)
TOPICS = st.sampled_from(
    [
        None,
        "opening",
        "onset",
        "severity",
        "allergies",
        "medications",
        "history",
        "concerns",
        "changes",
        "ask:fever+cough",
    ]
)


@given(st.lists(st.tuples(TOPICS, st.lists(WORDS, max_size=12)), max_size=8))
@settings(max_examples=50, deadline=None)
def test_every_reference_exists_whatever_was_said(exchanges: list[tuple[str | None, list[str]]]) -> None:
    turns: list[Turn] = []
    for number, (topic, words) in enumerate(exchanges):
        turns.append(Turn("assistant", "Well?", topic, f"q{number}"))
        turns.append(Turn("patient", " ".join(words), None, f"a{number}"))
    known = {turn.reference for turn in turns if turn.speaker == "patient"}
    assessment = assess(turns)
    for part in summarise(assessment, turns, files=[]).sections:
        for statement in part.statements:
            assert set(statement.references) <= known
    said = {turn.reference: " ".join(turn.text.split()) for turn in turns}
    for flag in assessment.red_flags:
        for quote in flag.quotes:
            assert quote.text in said[quote.reference]


def charted(facts: ChartFacts) -> str:
    turns = TALK[:2]
    return section(summarise(assess(turns, age=40), turns, on_chart=facts), "Medications and allergies")


def test_what_the_chart_has_is_not_said_to_be_unasked() -> None:
    text = charted(ChartFacts(allergies=ChartSection(True, ("latex (hives)", "kiwi"))))
    assert "Allergy: On the chart: latex (hives); kiwi." in text
    assert "Allergy: Not asked." not in text
    assert "Medicine: Not asked." in text


def test_none_on_the_chart_is_said_as_such() -> None:
    facts = ChartFacts(ChartSection(True), ChartSection(True), ChartSection(True))
    text = charted(facts)
    assert "Medicine: On the chart: no medicines." in text
    assert "Allergy: On the chart: no known allergies." in text
    turns = TALK[:2]
    found = summarise(assess(turns, age=40), turns, on_chart=facts)
    assert section(found, "Past medical history") == "On the chart: no long-term illness."


def test_what_the_patient_says_stands_beside_the_chart() -> None:
    turns = [*TALK[:2], Turn("patient", "I'm allergic to latex", None, "m3")]
    found = summarise(assess(turns), turns, on_chart=ChartFacts(allergies=ChartSection(True)))
    text = section(found, "Medications and allergies")
    assert "Allergy: On the chart: no known allergies. Allergy: latex" in text
