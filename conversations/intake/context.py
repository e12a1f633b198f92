"""Whether a mention is denied, about somebody else, long past, only feared, or uncertain.

The idea is that of ConText: words that trigger a reading, and a scope that ends with the clause. The words are in
`lexicon/language.toml`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from conversations.intake.attributes import number
from conversations.intake.concepts import Match, concepts
from conversations.intake.data import load
from conversations.intake.text import Sentence, Token

_NEGATION_REACH = 14
_RESOLVED_REACH = 5
_HYPOTHESIS_REACH = 9
_FRAGMENT = 4
_UNCERTAIN_REACH = 5
_PREDICATES = frozenset(
    {"have", "has", "got", "get", "am", "is", "are", "feel", "keep", "keeps", "need", "now", "today"}
)
_PRONOUNS = frozenset({"he", "she", "they", "his", "her"})


@dataclass(frozen=True, slots=True)
class Context:
    """How a mention is meant. `feared` is a worry that it might be this; `hypothetical` an 'if'."""

    negated: bool = False
    other_person: str = ""
    past: bool = False
    hypothetical: bool = False
    feared: bool = False
    uncertain: bool = False
    resolved: bool = False


@cache
def _words(table: str, key: str) -> frozenset[str]:
    return frozenset(load("lexicon/language.toml")[table][key])


@cache
def _rows(table: str, key: str) -> dict[str, tuple[tuple[str, ...], ...]]:
    """Phrases by their first word."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for phrase in load("lexicon/language.toml")[table][key]:
        words = tuple(phrase.split())
        found.setdefault(words[0], []).append(words)
    return {first: tuple(sorted(rows, key=len, reverse=True)) for first, rows in found.items()}


def phrase_at(words: Sequence[str], position: int, table: str, key: str) -> int:
    """How many words of a phrase of that table stand at the position; 0 when none does."""
    for row in _rows(table, key).get(words[position], ()):
        if tuple(words[position : position + len(row)]) == row:
            return len(row)
    return 0


def phrase_anywhere(words: Sequence[str], table: str, key: str) -> bool:
    """Whether a phrase of that table stands anywhere in the words."""
    return any(phrase_at(words, position, table, key) for position in range(len(words)))


@dataclass(frozen=True, slots=True)
class Scope:
    """One sentence prepared: which of its words trigger what. Made once for all matches of the sentence."""

    tokens: tuple[Token, ...]
    words: tuple[str, ...]
    negations: tuple[int, ...]
    people: tuple[tuple[int, str], ...]
    hypotheses: tuple[int, ...]
    fears: tuple[int, ...]
    past: frozenset[int]
    symptom_words: frozenset[int]

    def of(self, match: Match) -> Context:
        """The context of one match."""
        clause = self.tokens[match.start].clause
        return Context(
            negated=self._negated(match),
            other_person=self._other(match),
            past=match.start in self.past,
            hypothetical=self._led_by(self.hypotheses, match),
            feared=self._led_by(self.fears, match),
            uncertain=any(
                self.words[position] in _words("hypothetical", "uncertain") and self.tokens[position].clause == clause
                for position in range(max(0, match.start - _UNCERTAIN_REACH), match.start)
            ),
            resolved=self._gone(match),
        )

    def _led_by(self, triggers: tuple[int, ...], match: Match) -> bool:
        clause = self.tokens[match.start].clause
        return any(
            position < match.start <= position + _HYPOTHESIS_REACH
            and self.tokens[position].clause in (clause, clause - 1)
            for position in triggers
        )

    def _negated(self, match: Match) -> bool:
        own = set(match.positions)
        for trigger in self.negations:
            if (
                trigger in own
                or trigger in self.symptom_words
                or self.tokens[trigger].clause != self.tokens[match.start].clause
            ):
                continue
            if match.start < trigger < match.end:
                return True
            if trigger < match.start and self._reaches(trigger, match.start):
                return True
        return self._denied_after(match)

    def _reaches(self, trigger: int, target: int) -> bool:
        """Whether a negation word reaches a later word."""
        if target - trigger > _NEGATION_REACH:
            return False
        between = range(trigger + 1, target)
        if self.words[trigger] in _words("negation", "strong"):
            return True
        if any(self.words[position] in _words("negation", "strengthen") for position in between):
            return True
        carried = _words("negation", "carried")
        return all(self.words[position] in carried or position in self.symptom_words for position in between)

    def _gone(self, match: Match) -> bool:
        """Whether it is said soon after that it has gone: 'the fever went away', not 'has not gone away'."""
        last = len(self.words)
        for position in range(match.end + 1, min(match.end + 1 + _RESOLVED_REACH, last)):
            ends = position + 1 == last or self.tokens[position + 1].clause != self.tokens[position].clause
            gone = phrase_at(self.words, position, "negation", "resolved") or (self.words[position] == "gone" and ends)
            if gone and self.tokens[position].clause == self.tokens[match.end].clause:
                return not any(word in {"not", "never"} for word in self.words[match.end + 1 : position])
        return False

    def _denied_after(self, match: Match) -> bool:
        """'Fever: none', 'chest pain no': only at the end of the sentence; 'chest pain, no fever' denies the fever."""
        last = match.end + 1
        return last == len(self.tokens) - 1 and self.words[last] in _words("negation", "after")

    def _other(self, match: Match) -> str:
        """The person the clause is about, if it is not the patient."""
        clause = self.tokens[match.start].clause
        for position, relation in self.people:
            if position in match.positions:
                # 'The baby has not moved', 'my husband hits me': the person is part of what is told.
                return ""
            # 'Kids at school bully me, I took tablets': after an 'I' it is about the writer again.
            own = any(self.words[at] in {"i", "myself"} for at in range(position + 1, match.end + 1))
            if self.tokens[position].clause == clause and position < match.end and not own:
                return relation
        return ""


def prepare(sentence: Sentence, matches: Sequence[Match], spoken_of: str = "") -> Scope:
    """Find the triggers of a sentence. `spoken_of` is the person the sentence before was about: 'He had ...'."""
    words = sentence.words()
    mothers = {at for match in matches if concepts()[match.code].only == "female" for at in match.positions}
    # 'I had my baby last week, now I have a fever' tells of the mother.
    people = tuple(person for person in _people(words, sentence.tokens) if person[0] not in mothers)
    if spoken_of and words[0] in _PRONOUNS:
        people = (*people, *_pronouns(words, 0, spoken_of))
    return Scope(
        tokens=sentence.tokens,
        words=words,
        negations=_negations(words, sentence.tokens),
        people=people,
        hypotheses=_positions(words, "hypothetical", "phrases"),
        fears=_positions(words, "hypothetical", "worry"),
        past=_past(words, sentence.tokens),
        symptom_words=frozenset(position for match in matches for position in match.positions),
    )


def _positions(words: Sequence[str], table: str, key: str) -> tuple[int, ...]:
    return tuple(position for position in range(len(words)) if phrase_at(words, position, table, key))


def _negations(words: Sequence[str], tokens: Sequence[Token]) -> tuple[int, ...]:
    triggers: list[int] = []
    skip_until = 0
    for position, word in enumerate(words):
        length = phrase_at(words, position, "negation", "pseudo")
        if length:
            skip_until = max(skip_until, position + length)
        if position < skip_until:
            continue
        if word in _words("negation", "strong") or word in _words("negation", "weak"):
            if _is_answer(words, tokens, position):
                continue
            triggers.append(position)
    return tuple(triggers)


def _is_answer(words: Sequence[str], tokens: Sequence[Token], position: int) -> bool:
    """'No, I have a cough' answers and negates nothing that follows; 'No pain' does."""
    if words[position] not in {"no", "none", "never"} or position + 1 >= len(words):
        return False
    following = tokens[position + 1]
    return (position == 0 or tokens[position].comma) and (
        following.comma or following.clause != tokens[position].clause or following.word in {"i", "it", "my", "just"}
    )


def _past(words: Sequence[str], tokens: Sequence[Token]) -> frozenset[int]:
    """The words set in the past: those between the commas around a 'years ago', or after a 'history of'.

    A time that stands alone covers its neighbours: 'Ten years ago, I had ...', '..., but years ago'.
    """
    parts = _parts(tokens)
    past: set[int] = set()
    for position in range(len(words)):
        if not phrase_at(words, position, "past", "phrases"):
            continue
        here = next(number for number, part in enumerate(parts) if position in part)
        inside = parts[here]
        if any(words[at] in _words("past", "ongoing") for at in inside):
            continue
        past.update(inside)
        if phrase_at(words, position, "past", "lists"):
            past.update(at for at in range(position, len(words)) if tokens[at].clause == tokens[position].clause)
            continue
        if len(parts) > 1 and _names_only_a_time(words, inside, position):
            past.update(parts[1] if here == 0 else parts[here - 1])
        # What is merely listed after it is of the same time: 'Ten years ago I had a stroke, seizures and a bypass'.
        for part in parts[here + 1 :]:
            if tokens[part[0]].clause != tokens[inside[0]].clause or _PREDICATES & {words[at] for at in part}:
                break
            past.update(part)
    return frozenset(past)


def _names_only_a_time(words: Sequence[str], part: range, position: int) -> bool:
    """Whether a part says when and nothing else: 'ten years ago', 'but that was years ago'."""
    length = phrase_at(words, position, "past", "phrases")
    others = [words[at] for at in part if not position <= at < position + length]
    return len(others) <= _FRAGMENT and all(word in _words("past", "around") or number(word) for word in others)


def _parts(tokens: Sequence[Token]) -> list[range]:
    """The runs of words between commas and ends of clauses."""
    starts = [
        position
        for position, token in enumerate(tokens)
        if position == 0 or token.comma or token.clause != tokens[position - 1].clause
    ]
    return [range(start, end) for start, end in zip(starts, [*starts[1:], len(tokens)], strict=True)]


def _people(words: Sequence[str], tokens: Sequence[Token]) -> tuple[tuple[int, str], ...]:
    """Where somebody else is the one who has it. 'My wife says I ...' is still about the patient."""
    found: list[tuple[int, str]] = []
    relations = _words("people", "relations")
    for position, word in enumerate(words):
        if word not in relations:
            continue
        following = words[position + 1] if position + 1 < len(words) else ""
        if following in _words("people", "tellers"):
            continue
        before = words[position - 1] if position else ""
        if tuple(words[max(0, position - 2) : position]) == ("as", "a"):
            # 'As a kid I had ...' is about the writer.
            continue
        if before in {"with", "to", "see", "for", "by"} or following in {"planning", "doctor", "gp", "pressure"}:
            # 'I was at home with my wife' tells who was there.
            continue
        found.append((position, word))
        # 'He had ...' goes on about the same person.
        found.extend(_pronouns(words, position + 1, word))
    return tuple(found)


def _pronouns(words: Sequence[str], start: int, person: str) -> Iterator[tuple[int, str]]:
    """The 'he' and 'she' that go on about a person."""
    for position in range(start, len(words)):
        if words[position] in _PRONOUNS:
            yield position, person


def phrase_in(words: Sequence[str], phrases: Sequence[str]) -> bool:
    """Whether one of the phrases stands anywhere in the words."""
    rows = [tuple(phrase.split()) for phrase in phrases]
    return any(tuple(words[position : position + len(row)]) == row for row in rows for position in range(len(words)))


def people(key: str) -> frozenset[str]:
    """A list of words for people from the language file: 'relations', 'young', 'blood_relatives'."""
    return _words("people", key)
