"""Writing down what the intake found: red flags, symptoms, the summary with its sources, the words to search by.

What the patient states about allergies, medicines and earlier illnesses goes into the summary and nowhere else: it
reaches the chart when a doctor accepts it.
"""

import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from conversations import intake
from conversations.models import Conversation, ConversationWord, Message, RedFlag, Symptom
from medichat.db import blind_index

_LONGEST = 200  # characters of the columns that can be queried


def record(
    conversation: Conversation,
    assessment: intake.Assessment,
    summary: intake.Summary,
    fresh_flags: Iterable[intake.RedFlag],
) -> None:
    """Write the findings of the whole conversation. The caller has locked it and saves the fields set on it here."""
    conversation.complaint = assessment.complaint or None
    write_summary(conversation, summary)
    _replace_symptoms(conversation, assessment.symptoms)
    _add_red_flags(conversation, fresh_flags)


def write_summary(conversation: Conversation, summary: intake.Summary) -> None:
    """Set ``summary`` and ``summary_sources``; the caller saves them."""
    conversation.summary = summary.as_text()
    conversation.summary_sources = [
        list(statement.references) for section in summary.sections for statement in section.statements
    ]


def index_words(conversation: Conversation, message: Message) -> None:
    """Make the conversation findable by the words of this message."""
    ConversationWord.objects.bulk_create(
        [
            ConversationWord(token=token, conversation=conversation, patient_id=conversation.patient_id)
            for token in sorted(blind_index.tokens(message.text))
        ],
        ignore_conflicts=True,
    )


def _replace_symptoms(conversation: Conversation, found: Iterable[intake.Symptom]) -> None:
    """The intake's own rows are written anew; those of a doctor or of the previous system name no message and stay."""
    Symptom.objects.filter(conversation=conversation, evidence_message_id__isnull=False).delete()
    Symptom.objects.bulk_create(
        Symptom(
            conversation=conversation,
            patient_id=conversation.patient_id,
            position=position,
            symptom=_fitting(symptom.name) or "",
            location=_fitting(symptom.location),
            severity=symptom.severity,
            severity_score=symptom.severity_score,
            duration=_fitting(symptom.duration),
            onset=_fitting(symptom.onset),
            character=_fitting(symptom.character),
            is_denied=symptom.denied,
            evidence=symptom.evidence,
            evidence_message_id=_message_id(symptom.reference),
            notes=_further_details(symptom) or None,
        )
        for position, symptom in enumerate(found)
    )


def _further_details(symptom: intake.Symptom) -> str:
    details = {
        "Worse with": symptom.aggravating,
        "Better with": symptom.relieving,
        "Spreads": symptom.radiation,
        "When": symptom.timing,
    }
    lines = [f"{name}: {words}" for name, words in details.items() if words]
    if symptom.resolved:
        lines.append("Has gone.")
    if symptom.uncertain:
        lines.append("The patient was not sure.")
    return "\n".join(lines)


def unknown_flags(conversation: Conversation, found: Iterable[intake.RedFlag]) -> list[intake.RedFlag]:
    """Those that this conversation does not have yet."""
    known = set(RedFlag.objects.filter(conversation=conversation).values_list("code", flat=True))
    return [flag for flag in found if flag.code not in known]


def _add_red_flags(conversation: Conversation, flags: Iterable[intake.RedFlag]) -> None:
    """Once raised, a flag stays with the words that raised it, whatever is said later."""
    RedFlag.objects.bulk_create(
        RedFlag(
            conversation=conversation,
            patient_id=conversation.patient_id,
            code=flag.code,
            label=_fitting(flag.label) or flag.code,
            is_emergency=flag.urgency == "emergency",
            rule_source=f"{flag.source} ({flag.version})"[:300],
            evidence=flag.evidence,
            evidence_message_id=_message_id(flag.reference),
        )
        for flag in flags
    )


def _fitting(words: str | None) -> str | None:
    if words is None or len(words) <= _LONGEST:
        return words
    return f"{words[: _LONGEST - 1]}…"


def _message_id(reference: str | None) -> uuid.UUID | None:
    return uuid.UUID(reference) if reference else None


@dataclass(frozen=True)
class SummaryStatement:
    """One sentence of a stored summary and the ids of the messages that it rests on."""

    text: str
    message_ids: list[str]


@dataclass(frozen=True)
class SummarySection:
    """One section of a stored summary; without statements ``empty`` says why. Imported ones may have no title."""

    title: str
    statements: list[SummaryStatement]
    empty: str


def summary_sections(conversation: Conversation) -> list[SummarySection]:
    """The stored summary by sections, each statement with its sources (in the order in which they were stored).

    A summary that was not made here (imported) has the headings that can be recognised, and no sources.
    """
    text = conversation.summary or ""
    sources = iter(conversation.summary_sources)
    if not text.strip():
        return []
    if conversation.legacy_id is not None and not conversation.summary_sources:
        return [_imported_section(block) for block in re.split(r"\n\s*\n", text.replace("\r\n", "\n")) if block.strip()]
    sections = []
    for part in text.split("\n\n"):
        title, _, body = part.partition("\n")
        lines = body.split("\n")
        statements = [SummaryStatement(line[2:], next(sources, [])) for line in lines if line.startswith("- ")]
        sections.append(SummarySection(title, statements, "" if statements else body))
    return sections


def _imported_section(block: str) -> SummarySection:
    """A paragraph: what stands in ``**`` at its beginning, or a first line that is followed by others, is the title."""
    lines = [line.strip() for line in block.splitlines() if line.strip()]
    title = ""
    if lines[0].startswith("**") and "**" in lines[0][2:]:
        title, rest = lines[0][2:].split("**", 1)
        lines = [rest.strip(), *lines[1:]] if rest.strip() else lines[1:]
    elif len(lines) > 1:
        title, lines = lines[0], lines[1:]
    statements = [SummaryStatement(line.removeprefix("- "), []) for line in lines]
    return SummarySection(title.rstrip(":"), statements, "")
