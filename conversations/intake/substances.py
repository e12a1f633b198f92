"""Finding medicines and their doses in a sentence, and the lists of words that this takes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from conversations.intake.attributes import raw
from conversations.intake.concepts import Match
from conversations.intake.context import Scope
from conversations.intake.data import load
from conversations.intake.model import Turn
from conversations.intake.text import Sentence

_DOSE_REACH = 6
_LONG_NAME = 8


@cache
def phrases(table: str, key: str) -> dict[str, tuple[tuple[str, ...], ...]]:
    """Phrases of a list of `lexicon/medicines.toml` by their first word, the longest first."""
    content = load("lexicon/medicines.toml")
    found: dict[str, list[tuple[str, ...]]] = {}
    for phrase in (content[table] if table else content)[key]:
        row = tuple(phrase.split())
        found.setdefault(row[0], []).append(row)
    return {first: tuple(sorted(rows, key=len, reverse=True)) for first, rows in found.items()}


def phrase_length(rows: dict[str, tuple[tuple[str, ...], ...]], words: Sequence[str], position: int) -> int:
    """How many words of one of the phrases stand at the position; 0 when none does."""
    for row in rows.get(words[position], ()):
        if tuple(words[position : position + len(row)]) == row:
            return len(row)
    return 0


def anywhere(rows: dict[str, tuple[tuple[str, ...], ...]], words: Sequence[str]) -> bool:
    """Whether one of the phrases stands anywhere in the words."""
    return any(phrase_length(rows, words, position) for position in range(len(words)))


@cache
def words_of(table: str, key: str) -> frozenset[str]:
    """A list of single words of `lexicon/medicines.toml`."""
    content = load("lexicon/medicines.toml")
    return frozenset((content[table] if table else content)[key])


def medicine_names() -> frozenset[str]:
    """Every name of a medicine that is one word."""
    return words_of("", "names")


@cache
def _endings() -> tuple[str, ...]:
    return tuple(load("lexicon/medicines.toml")["endings"])


def is_medicine(word: str) -> bool:
    """Whether a word is the name of a medicine: a listed one, or a long one that ends as the names of its class do."""
    return word in medicine_names() or (len(word) >= _LONG_NAME and word.endswith(_endings()))


@dataclass(frozen=True, slots=True)
class Span:
    """A run of words found in a sentence, and the name that it stands for."""

    name: str
    first: int
    last: int

    def as_match(self) -> Match:
        """The words as a match, so that a scope can tell how they are meant."""
        return Match(self.name, tuple(range(self.first, self.last + 1)))


def medicine_spans(turn: Turn, sentence: Sentence) -> Iterator[Span]:
    """The medicines of a sentence, in order."""
    words = sentence.words()
    everyday = phrases("", "everyday")
    position = 0
    while position < len(words):
        length = phrase_length(everyday, words, position)
        joined = f"{words[position]}-{words[position + 1]}" if position + 1 < len(words) else ""
        if joined in medicine_names():
            length = 2
        if not length and is_medicine(words[position]):
            length = 1
        if length:
            first = position + 1 if words[position] == "the" and length > 1 else position
            yield Span(raw(turn.text, sentence.tokens, first, position + length - 1), position, position + length - 1)
            position += length
        else:
            position += 1


def dose(turn: Turn, sentence: Sentence, span: Span) -> str:
    """The amount and the times a day that stand beside a medicine."""
    words = sentence.words()
    units = words_of("", "units")
    frequencies = phrases("", "frequencies")
    parts: list[str] = []
    after = range(span.last + 1, min(span.last + 1 + _DOSE_REACH, len(words)))
    for position in (*after, *range(max(0, span.first - 3), span.first)):
        if position in after and is_medicine(words[position]):
            break
        if words[position] in units and position and words[position - 1][:1].isdecimal():
            parts.append(raw(turn.text, sentence.tokens, position - 1, position))
            break
    for position in range(span.last + 1, min(span.last + 1 + _DOSE_REACH + 2, len(words))):
        if is_medicine(words[position]):
            break
        length = phrase_length(frequencies, words, position)
        if length:
            parts.append(raw(turn.text, sentence.tokens, position, position + length - 1))
            break
    return ", ".join(parts)


def about_patient(scope: Scope, span: Span, about: frozenset[str]) -> tuple[bool, str]:
    """Whether a span is affirmed of the patient; the second value names the relative it is about instead."""
    context = scope.of(span.as_match())
    person = "" if context.other_person in about else context.other_person
    return not (context.negated or context.hypothetical or context.feared or person), person
