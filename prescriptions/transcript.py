"""The transcript with the words marked in which a red flag or a symptom was found."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from conversations.models import Message, RedFlag, Symptom

Mark = Literal["", "fact", "flag"]


@dataclass(frozen=True)
class Piece:
    """A run of a message's text, and whether a finding rests on it."""

    text: str
    mark: Mark = ""


@dataclass(frozen=True)
class Line:
    """A message and its text in pieces."""

    message: Message
    pieces: Sequence[Piece]


def marked_lines(messages: Sequence[Message], red_flags: Iterable[RedFlag], symptoms: Iterable[Symptom]) -> list[Line]:
    """The messages in order, with the evidence of red flags and symptoms marked; a flag outranks a symptom."""
    evidence: dict[uuid.UUID, list[tuple[str, Mark]]] = defaultdict(list)
    for flag in red_flags:
        if flag.evidence_message_id and flag.evidence:
            evidence[flag.evidence_message_id].append((flag.evidence, "flag"))
    for symptom in symptoms:
        if symptom.evidence_message_id and symptom.evidence:
            evidence[symptom.evidence_message_id].append((symptom.evidence, "fact"))
    return [Line(message, _pieces(message.text, evidence.get(message.pk, []))) for message in messages]


def _pieces(text: str, evidence: Sequence[tuple[str, Mark]]) -> list[Piece]:
    marks: list[Mark] = [""] * len(text)
    folded = text.lower()
    # Lower-casing may change the length of a few letters; then positions would be wrong and only exact words count.
    source = folded if len(folded) == len(text) else text
    for words, mark in evidence:
        sought = words.lower() if source is folded else words
        begin = source.find(sought)
        if begin < 0 or not sought:
            continue
        for place in range(begin, begin + len(sought)):
            if marks[place] != "flag":
                marks[place] = mark
    pieces: list[Piece] = []
    begin = 0
    for place in range(1, len(text) + 1):
        if place == len(text) or marks[place] != marks[begin]:
            pieces.append(Piece(text[begin:place], marks[begin]))
            begin = place
    return pieces
