"""The structured summary: every statement with the messages it rests on; nothing in it that nobody said."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from conversations.intake.model import (
    UNCLEAR_YES,
    Assessment,
    ChartFacts,
    ChartSection,
    Quote,
    Section,
    Stated,
    Statement,
    Summary,
    Symptom,
    Turn,
)

NOT_ASKED = "Not asked."
NONE_STATED = "None stated by the patient."
_COMPLAINT_LENGTH = 300


def summarise(
    assessment: Assessment,
    turns: Sequence[Turn],
    *,
    files: Sequence[str] = (),
    on_chart: ChartFacts | None = None,
) -> Summary:
    """The sections in the order a clinician reads them. What the chart has is not asked, and is said to be from it."""
    chart = on_chart or ChartFacts()
    return Summary(
        (
            _complaint(assessment),
            _present_illness(assessment, turns),
            _associated(assessment),
            _history(assessment, turns, chart.history),
            _medications_and_allergies(assessment, turns, chart),
            _concerns(assessment, turns),
            Section("Files", tuple(Statement(name, ()) for name in files), "None attached."),
        )
    )


def _references(*quotes: Quote) -> tuple[str, ...]:
    """The references of the quotes, each once, in order."""
    return tuple(dict.fromkeys(quote.reference for quote in quotes if quote.reference is not None))


def _complaint(assessment: Assessment) -> Section:
    statements: tuple[Statement, ...] = ()
    if assessment.complaint:
        quote = Quote(assessment.complaint, assessment.complaint_reference)
        statements = (Statement(f"“{assessment.complaint}”", _references(quote)),)
    return Section("Chief complaint", statements, "Nothing was said.")


def _described(symptom: Symptom) -> str:
    """A symptom with its details in one sentence."""
    scored = symptom.severity_score is not None
    severity = f"severity {symptom.severity_score}/10" if scored else symptom.severity
    details = (
        ("", severity),
        ("location: ", symptom.location),
        ("since: ", symptom.duration),
        ("onset: ", symptom.onset),
        ("character: ", symptom.character),
        ("spreads: ", symptom.radiation),
        ("timing: ", symptom.timing),
        ("worse: ", symptom.aggravating),
        ("better: ", symptom.relieving),
    )
    parts = [f"{label}{value}" for label, value in details if value]
    name = symptom.name[:1].upper() + symptom.name[1:]
    if symptom.resolved:
        name += " (gone now)"
    if symptom.uncertain:
        name += " (not certain)"
    return f"{name}: {'; '.join(parts)}." if parts else f"{name}."


def _present_illness(assessment: Assessment, turns: Sequence[Turn]) -> Section:
    """The main symptom with its details, and what was answered to the plan's open questions."""
    statements: list[Statement] = []
    stated = [symptom for symptom in assessment.symptoms if not symptom.denied]
    if stated:
        statements.append(Statement(_described(stated[0]), _references(*stated[0].quotes)))
    statements.extend(_answers(turns, _OPEN_TOPICS))
    return Section("History of present illness", tuple(statements), NOT_ASKED)


_OPEN_TOPICS = {
    "clarify": "More about it",
    "appearance": "Looks",
    "how_it_happened": "How it happened",
    "effect_on_life": "Effect on daily life",
    "support": "Somebody to talk to",
    "which_medicine": "Medicine asked for",
    "medicine_left": "Supply left",
    "tried": "Tried so far",
    "contacts": "Contacts, travel, food",
    "treatment_effect": "Effect of the last treatment",
    "side_effects": "Side effects",
    "new_symptoms": "New since the last visit",
    "changes": "What changes it",
    "safe_now": "Safe at the moment",
    "injured_where": "Injury",
    "what_and_how_much": "Taken",
    "substances": "Alcohol, drugs, new medicines",
    "sugar_figures": "Sugar and ketones",
    "how_much_weight": "Weight lost",
    "bleeding_time": "Time of bleeding",
    "size_and_place": "Size and place",
    "weeks_pregnant": "Weeks of pregnancy",
    "last_period": "Last period",
    "temperature": "Highest temperature",
}


def _answers(turns: Sequence[Turn], topics: dict[str, str]) -> Iterable[Statement]:
    """The answers to questions that are best kept in the patient's words."""
    for question, answer in pairwise(turns):
        if question.speaker == "assistant" and question.topic in topics and answer.speaker == "patient":
            text = " ".join(answer.text.split())
            if text:
                shown = text if len(text) <= _COMPLAINT_LENGTH else text[:_COMPLAINT_LENGTH].rsplit(" ", 1)[0] + " …"
                yield Statement(f"{topics[question.topic]}: “{shown}”", _references(Quote(text, answer.reference)))


def _associated(assessment: Assessment) -> Section:
    stated = [symptom for symptom in assessment.symptoms if not symptom.denied][1:]
    denied = [symptom for symptom in assessment.symptoms if symptom.denied]
    statements = [Statement(_described(symptom), _references(*symptom.quotes)) for symptom in stated]
    statements.extend(Statement(f"Denies {symptom.name}.", _references(*symptom.quotes)) for symptom in denied)
    unclear = [reason for reason in assessment.reasons if reason.code == UNCLEAR_YES]
    statements.extend(
        Statement(f"{reason.text} “{reason.evidence}”", _references(Quote(reason.evidence, reason.reference)))
        for reason in unclear
    )
    return Section("Associated symptoms", tuple(statements), NOT_ASKED)


def _item(item: Stated) -> str:
    return f"{item.name} ({item.detail})" if item.detail else item.name


def _stated(
    topic: str, label: str, items: tuple[Stated, ...] | None, assessment: Assessment, turns: Sequence[Turn]
) -> list[Statement]:
    """What was stated on a topic; what was asked without an answer that helps is said, not left out."""
    if items:
        stated = [
            Statement(f"{label}{_item(item)}", _references(Quote(item.evidence, item.reference))) for item in items
        ]
        known = {item.reference for item in items}
        # An allergy told elsewhere does not make an unclear answer to the question worthless.
        return [*stated, *_unclear(topic, label, turns, known)] if topic == "allergies" else stated
    if items is not None:
        quotes = [quote for name, quote in assessment.none_stated if name == topic]
        return [Statement(f"{label}{NONE_STATED}", _references(*quotes))]
    unknown = [quote for name, quote in assessment.not_known if name == topic]
    if unknown:
        return [Statement(f"{label}The patient does not know.", _references(*unknown))]
    return list(_unclear(topic, label, turns, set()))


def _unclear(topic: str, label: str, turns: Sequence[Turn], known: set[str | None]) -> Iterable[Statement]:
    """The answers to the question that say nothing the engine understands, in the patient's words."""
    for question, answer in pairwise(turns):
        asked = question.speaker == "assistant" and question.topic == topic and answer.speaker == "patient"
        text = " ".join(answer.text.split())
        if asked and text and answer.reference not in known:
            quote = Quote(answer.text, answer.reference)
            yield Statement(f"{label}Answered “{text[:_COMPLAINT_LENGTH]}”", _references(quote))


def _charted(section: ChartSection, label: str, none: str) -> list[Statement]:
    """What the chart has, without a message to rest on; nothing when nobody asked."""
    if not section.known:
        return []
    return [
        Statement(f"{label}On the chart: {'; '.join(' '.join(item.split()) for item in section.items) or none}.", ())
    ]


def _history(assessment: Assessment, turns: Sequence[Turn], chart: ChartSection) -> Section:
    statements = _charted(chart, "", "no long-term illness")
    statements.extend(_stated("history", "", assessment.history, assessment, turns))
    statements.extend(
        Statement(f"Family: {item.name}.", _references(Quote(item.evidence, item.reference)))
        for item in assessment.family
    )
    return Section("Past medical history", tuple(statements), NOT_ASKED)


def _medications_and_allergies(assessment: Assessment, turns: Sequence[Turn], chart: ChartFacts) -> Section:
    statements: list[Statement] = []
    for topic, label, items, charted in (
        (
            "medications",
            "Medicine: ",
            assessment.medications,
            _charted(chart.medications, "Medicine: ", "no medicines"),
        ),
        ("allergies", "Allergy: ", assessment.allergies, _charted(chart.allergies, "Allergy: ", "no known allergies")),
    ):
        found = [*charted, *_stated(topic, label, items, assessment, turns)]
        statements.extend(found or [Statement(f"{label}{NOT_ASKED}", ())])
    return Section("Medications and allergies", tuple(statements), NOT_ASKED)


def _concerns(assessment: Assessment, turns: Sequence[Turn]) -> Section:
    statements = tuple(Statement(f"“{quote.text}”", _references(quote)) for quote in assessment.concerns)
    asked = any(turn.speaker == "assistant" and turn.topic == "concerns" for turn in turns)
    return Section("Patient's concerns", statements, NONE_STATED if asked else NOT_ASKED)
