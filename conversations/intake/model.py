"""What goes into the intake engine and what comes out: plain frozen values, no database.

Every finding carries the patient's very words (`evidence`) and the `reference` of the turn they came from, so that a
clinician can trace each statement back to a message.
"""

import datetime
from dataclasses import dataclass, field
from typing import Literal

Speaker = Literal["patient", "assistant"]
Urgency = Literal["emergency", "urgent", "routine", "self_care"]
Severity = Literal["mild", "moderate", "severe"]
QuestionKind = Literal["open", "yes_no", "choice", "scale", "duration"]
EndReason = Literal["enough", "limit", "emergency"]

URGENCIES: tuple[Urgency, ...] = ("emergency", "urgent", "routine", "self_care")
"""Most urgent first."""

UNCLEAR_YES = "unclear_yes"
"""The code of the reason that a 'yes' to several warning signs gives until it is said which was meant."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One message. `topic`: what the assistant's question asked; `reference`: the caller's own id of the message."""

    speaker: Speaker
    text: str
    topic: str | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Quote:
    """Words of the patient and the reference of the turn in which they were said."""

    text: str
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class RedFlag:
    """A warning sign. `evidence` is what the patient wrote; `quotes` keeps the pieces apart when there are several."""

    code: str
    label: str
    urgency: Urgency
    evidence: str
    reference: str | None
    quotes: tuple[Quote, ...]
    version: str
    source: str
    """Where the rule comes from; 'unreviewed' when it rests on general knowledge."""
    crisis: bool = False
    """True for danger to oneself: the advice is then crisis advice."""
    why: str = ""
    """The rule in plain words, for the clinician."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why the urgency is what it is, in plain words, with the rule that decided and the words it rests on."""

    code: str
    text: str
    evidence: str
    reference: str | None


@dataclass(frozen=True, slots=True)
class Symptom:
    """A symptom stated or denied by the patient. `severity_score` is 0 to 10; other details are the patient's words.

    `resolved` means that it was part of this illness and has gone; `uncertain` that the patient was not sure.
    """

    code: str
    name: str
    denied: bool
    evidence: str
    reference: str | None
    location: str | None = None
    severity: Severity | None = None
    severity_score: int | None = None
    duration: str | None = None
    onset: str | None = None
    character: str | None = None
    aggravating: str | None = None
    relieving: str | None = None
    radiation: str | None = None
    timing: str | None = None
    resolved: bool = False
    uncertain: bool = False
    quotes: tuple[Quote, ...] = ()
    """Every place the symptom and its details were said, in order."""


@dataclass(frozen=True, slots=True)
class Stated:
    """A medicine, allergy or condition as the patient stated it; `detail` is a dose, a reaction, a year."""

    name: str
    detail: str
    evidence: str
    reference: str | None


@dataclass(frozen=True, slots=True)
class Assessment:
    """What the engine understood. `medications`, `allergies` and `history`: None when not mentioned, () when none."""

    urgency: Urgency
    reasons: tuple[Reason, ...]
    red_flags: tuple[RedFlag, ...]
    symptoms: tuple[Symptom, ...]
    medications: tuple[Stated, ...] | None
    allergies: tuple[Stated, ...] | None
    history: tuple[Stated, ...] | None
    concerns: tuple[Quote, ...]
    complaint: str
    complaint_reference: str | None
    presentation: str
    presentation_label: str
    none_stated: tuple[tuple[str, Quote], ...] = ()
    """For each of 'medications', 'allergies', 'history' answered with none: the words that say so."""
    family: tuple[Stated, ...] = ()
    """Illnesses of relatives, as stated."""
    not_known: tuple[tuple[str, Quote], ...] = ()
    """Topics that the patient answered with 'I don't know'."""


@dataclass(frozen=True, slots=True)
class ChartSection:
    """What the chart says: `known` with no items means 'none, as stated'; not `known` means that nobody asked."""

    known: bool = False
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChartFacts:
    """What need not be asked because the chart has it."""

    medications: ChartSection = field(default_factory=ChartSection)
    allergies: ChartSection = field(default_factory=ChartSection)
    history: ChartSection = field(default_factory=ChartSection)


@dataclass(frozen=True, slots=True)
class LastVisit:
    """The visit before: the complaint in the patient's own words, what was given or advised, and the day."""

    complaint: str
    treatment: str
    date: datetime.date | None = None


@dataclass(frozen=True, slots=True)
class QuickAnswer:
    """A button: `label` is shown, `value` is sent as the patient's text. Free text is always possible besides."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Question:
    """The next thing to ask. Store `topic` with the message: the engine needs it to understand the answer."""

    topic: str
    text: str
    quick_answers: tuple[QuickAnswer, ...]
    kind: QuestionKind


@dataclass(frozen=True, slots=True)
class Finished:
    """Nothing more to ask: `text` is the closing message for the patient."""

    reason: EndReason
    text: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence of the summary; `references` are the turns it rests on."""

    text: str
    references: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the summary. Without statements, `empty` says why: 'Not asked' is not 'None stated by the patient'."""

    title: str
    statements: tuple[Statement, ...]
    empty: str


@dataclass(frozen=True, slots=True)
class Summary:
    """The structured summary for the clinician."""

    sections: tuple[Section, ...]

    def as_text(self) -> str:
        """The summary with headings, one statement a line."""
        parts = []
        for section in self.sections:
            lines = [f"- {statement.text}" for statement in section.statements] or [section.empty]
            parts.append("\n".join([section.title, *lines]))
        return "\n\n".join(parts)
