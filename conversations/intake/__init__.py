"""The intake engine: deterministic, explainable, offline; no database and no Django."""

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
]
