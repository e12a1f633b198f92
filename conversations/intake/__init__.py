"""The intake engine: deterministic, explainable, offline; no database and no Django."""

from conversations.intake.advice import emergency_advice
from conversations.intake.assessment import assess
from conversations.intake.dialogue import next_step, opening, remaining_estimate
from conversations.intake.model import (
    Assessment,
    ChartFacts,
    ChartSection,
    Finished,
    LastVisit,
    Question,
    QuickAnswer,
    Quote,
    Reason,
    RedFlag,
    Section,
    Stated,
    Statement,
    Summary,
    Symptom,
    Turn,
)
from conversations.intake.red_flags import reason_of
from conversations.intake.summary import summarise

__all__ = [
    "Assessment",
    "ChartFacts",
    "ChartSection",
    "Finished",
    "LastVisit",
    "Question",
    "QuickAnswer",
    "Quote",
    "Reason",
    "RedFlag",
    "Section",
    "Stated",
    "Statement",
    "Summary",
    "Symptom",
    "Turn",
    "assess",
    "emergency_advice",
    "next_step",
    "opening",
    "reason_of",
    "remaining_estimate",
    "summarise",
]
