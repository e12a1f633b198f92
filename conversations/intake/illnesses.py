"""Long-term illnesses and operations: which are named, and whether the patient says to have or have had them.

Naming one is not having it: 'I thought I was dying of cancer', 'a sign of a stroke', 'she has diabetes'.
"""

from collections.abc import Iterator
from functools import cache

from conversations.intake.context import phrase_in
from conversations.intake.data import load
from conversations.intake.findings import Reading, ReadTurn
from conversations.intake.substances import Span, about_patient
from conversations.intake.text import Sentence

_FRAGMENT = 3
_OF_REACH = 3
_OWN = frozenset({"i", "my", "me"})
_THIRD_PERSONS = frozenset({"he", "she"})
_GOING_ON = frozenset({"he", "she", "they", "his", "her", "has", "had", "was", "is", "died"})
_SMALL_TALK = frozenset({"yes", "yeah", "no", "and", "so", "but", "well", "also", "then", "just", "actually", "think"})


@cache
def _conditions() -> dict[str, tuple[tuple[tuple[str, ...], str], ...]]:
    found: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for label, phrases in load("lexicon/conditions.toml")["conditions"].items():
        for phrase in phrases:
            row = tuple(phrase.split())
            found.setdefault(row[0], []).append((row, label))
    return {first: tuple(sorted(rows, key=lambda entry: len(entry[0]), reverse=True)) for first, rows in found.items()}


@cache
def _unclaimed(key: str) -> tuple[str, ...]:
    return tuple(load("lexicon/conditions.toml")["unclaimed"][key])


@cache
def _values() -> frozenset[tuple[str, ...]]:
    return frozenset((value,) for value in _unclaimed("values"))


def spans(sentence: Sentence) -> Iterator[Span]:
    """The illnesses named in a sentence, in order."""
    words = sentence.words()
    position = 0
    while position < len(words):
        for row, label in _conditions().get(words[position], ()):
            if tuple(words[position : position + len(row)]) == row:
                yield Span(label, position, position + len(row) - 1)
                position += len(row) - 1
                break
        position += 1


def whose(read: ReadTurn, number: int, span: Span, reading: Reading, before: ReadTurn | None) -> str | None:
    """'' when the patient has or had it, the relative ('mother') who has, None when nobody is said to.

    `before` is the patient's message that this one goes on from, when nothing was asked in between.
    """
    sentence, scope = read.sentences[number], read.scopes[number]
    affirmed, person = about_patient(scope, span, reading.about)
    if not affirmed:
        return person if person and not scope.of(span.as_match()).negated else None
    words = sentence.words()
    if read.about_family and not any(word in {"i", "my"} for word in words):
        return "family"
    return _somebody_elses(read, number, span, reading, before) or (
        "" if _is_claimed(read, sentence, span, before if number == 0 else None) else None
    )


def _somebody_elses(read: ReadTurn, number: int, span: Span, reading: Reading, before: ReadTurn | None) -> str:
    """Of whom the words tell when the clause itself does not name them; '' when it is the patient."""
    sentence = read.sentences[number]
    words = sentence.words()
    if _in_the_family(words[: span.first]):
        return "family"
    own = any(_OWN & set(told.words()) for told in read.sentences[: number + 1])
    if before is not None and not own:
        opening = [word for word in words if word not in _SMALL_TALK][:1]
        spoken_of = [name for scope in before.scopes[-1:] for _, name in scope.people if name not in reading.about]
        if spoken_of and (len(words) <= _FRAGMENT or set(opening) & _GOING_ON):
            return spoken_of[-1]
    clause = sentence.tokens[span.first].clause
    inside = {token.word for token in sentence.tokens[: span.first] if token.clause == clause}
    if inside & _THIRD_PERSONS and not inside & {"i"} and not reading.about and _writes_of_self(reading):
        return "somebody else"
    return ""


def _in_the_family(words: tuple[str, ...]) -> bool:
    """Whether the words end under 'in my family ...', which holds until the patient says 'I'."""
    rows = [tuple(phrase.split()) for phrase in _unclaimed("family")]
    ends = [
        position + len(row) for row in rows for position in range(len(words)) if words[position:][: len(row)] == row
    ]
    return bool(ends) and "i" not in words[max(ends) :]


def _writes_of_self(reading: Reading) -> bool:
    """Whether the patient began by speaking of themselves, so that a 'she' is somebody else."""
    return any(_OWN & set(sentence.words()) for read in reading.read[:2] for sentence in read.sentences)


def _is_claimed(read: ReadTurn, sentence: Sentence, span: Span, before: ReadTurn | None) -> bool:
    """Whether the words say that the illness is or was there, and do not only talk of it."""
    words = sentence.words()
    clause = sentence.tokens[span.first].clause
    near = [token.word for token in sentence.tokens[: span.first] if token.clause in {clause, clause - 1}]
    if phrase_in(near, _unclaimed("phrases")):
        return False
    for position in range(max(1, len(near) - _OF_REACH), len(near)):
        if near[position] == "of" and near[position - 1] in _unclaimed("of"):
            return False
    if words[span.first : span.last + 1] in _values() and set(near) & set(_unclaimed("measured")):
        return False
    if sentence.asks and read.topic != "history" and not _OWN & set(near):
        return False
    # 'It could be a sign of ...' and then, sent by itself: 'cancer.'
    fears = before is not None and any(scope.fears or scope.hypotheses for scope in before.scopes[-1:])
    return not (fears and len(words) <= _FRAGMENT)
