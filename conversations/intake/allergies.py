"""Allergies as the patient states them: 'allergic to penicillin' anywhere, and the answer to the question about them.

An answer is an allergy when it says so ('nuts make my throat swell') or is nothing but the name of a substance ('only
penicillin, I believe'). 'I have tried ibuprofen' tells of a medicine. What is neither stays an answer in the patient's
words: a false allergy withholds a medicine, a lost one can kill.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from conversations.intake.attributes import raw, site_parts
from conversations.intake.findings import Reading, ReadTurn
from conversations.intake.model import Quote, Stated, Turn
from conversations.intake.substances import (
    Span,
    about_patient,
    anywhere,
    dose,
    medicine_names,
    medicine_spans,
    phrase_length,
    phrases,
    words_of,
)
from conversations.intake.text import Sentence

_ALLERGEN_WORDS = 4
_REACTION_LEAD = 5

Role = Literal["allergy", "taken", "unclear"]


def named(read: ReadTurn, number: int, reading: Reading, quote: Quote) -> Iterator[tuple[Span, Stated | None]]:
    """'Allergic to penicillin' and 'nut allergy' in one sentence; None beside what is denied or somebody else's."""
    sentence, scope = read.sentences[number], read.scopes[number]
    words = sentence.words()
    for position in range(len(words)):
        for span in _led(read.turn, sentence, position):
            affirmed, _ = about_patient(scope, span, reading.about)
            stands = affirmed and words[span.first] not in words_of("allergy", "nothing")
            yield span, Stated(span.name, _reaction(read, number), quote.text, quote.reference) if stands else None


def _led(turn: Turn, sentence: Sentence, position: int) -> Iterator[Span]:
    """The allergens that the words at a position lead to."""
    words = sentence.words()
    length = phrase_length(phrases("allergy", "leads"), words, position)
    if length:
        yield from _listed(turn, sentence, position + length)
    elif words[position] in {"allergy", "allergies"} and position and words[position - 1] in _substances():
        yield Span(raw(turn.text, sentence.tokens, position - 1, position - 1), position - 1, position)


def _substances() -> frozenset[str]:
    return words_of("allergy", "objects") | medicine_names()


def _listed(turn: Turn, sentence: Sentence, first: int) -> Iterator[Span]:
    """The names after 'allergic to': 'penicillin, nuts and cat hair'."""
    words = sentence.words()
    stops = words_of("allergy", "stop_words")
    objects = _substances()
    position = first
    while position < len(words):
        start = position
        while (
            position < len(words)
            and words[position] not in stops
            and position - start < _ALLERGEN_WORDS
            and not (position > start and sentence.tokens[position].comma)
        ):
            position += 1
        if position == start:
            return
        yield Span(raw(turn.text, sentence.tokens, start, position - 1), start, position - 1)
        if position < len(words) and words[position] in {"and", "or"}:
            position += 1
            if position >= len(words) or (words[position] not in objects and words[position] in stops):
                return
        elif position >= len(words) or not sentence.tokens[position].comma or words[position] not in objects:
            return


def _reaction(read: ReadTurn, number: int) -> str:
    """How the allergy shows: words of this sentence, or of the next one, that name a reaction."""
    reactions = words_of("allergy", "reactions")
    for candidate in read.sentences[number : number + 2]:
        words = candidate.words()
        hits = [index for index, word in enumerate(words) if word in reactions]
        if hits:
            clauses = {candidate.tokens[hit].clause for hit in hits}
            inside = [index for index, token in enumerate(candidate.tokens) if token.clause in clauses]
            first = max(inside[0], hits[0] - _REACTION_LEAD)
            return raw(read.turn.text, candidate.tokens, first, hits[-1])
    return ""


@dataclass(frozen=True, slots=True)
class _Clause:
    """A clause of an answer, with the substances in it."""

    number: int
    index: int
    words: tuple[str, ...]
    rest: tuple[str, ...]
    """Its words without the substances."""
    spans: tuple[Span, ...]


def _clauses(read: ReadTurn) -> list[_Clause]:
    found: list[_Clause] = []
    for number, sentence in enumerate(read.sentences):
        spans = _spans(read.turn, sentence)
        taken = {position for span in spans for position in range(span.first, span.last + 1)}
        for index in dict.fromkeys(token.clause for token in sentence.tokens):
            inside = [position for position, token in enumerate(sentence.tokens) if token.clause == index]
            words = sentence.words()
            found.append(
                _Clause(
                    number=number,
                    index=index,
                    words=tuple(words[position] for position in inside),
                    rest=tuple(words[position] for position in inside if position not in taken),
                    spans=tuple(span for span in spans if sentence.tokens[span.first].clause == index),
                )
            )
    return found


def _spans(turn: Turn, sentence: Sentence) -> list[Span]:
    """Medicines and other allergens of a sentence; 'an antibiotic called ...' counts only by its name."""
    spans = list(medicine_spans(turn, sentence))
    inside = {position for span in spans for position in range(span.first, span.last + 1)}
    objects = words_of("allergy", "objects") - words_of("allergy", "too_wide")
    spans += [
        Span(raw(turn.text, sentence.tokens, position, position), position, position)
        for position, word in enumerate(sentence.words())
        if word in objects and position not in inside
    ]
    groups = words_of("allergy", "groups")
    exact = [span for span in spans if sentence.words()[span.first] not in groups]
    return sorted(exact or spans, key=lambda span: span.first)


def _tells_of_allergy(words: Sequence[str]) -> bool:
    """Whether the words say that something is not tolerated, and how it shows."""
    if anywhere(phrases("none", "allergies"), words):
        return False
    shows = bool(set(words) & words_of("allergy", "reactions"))
    return anywhere(phrases("allergy", "wording"), words) or (shows and anywhere(phrases("allergy", "causing"), words))


def _role(clause: _Clause, following: _Clause | None, read: ReadTurn) -> Role:
    """What a clause that names a substance says of it, as an answer to the question about allergies."""
    words = set(clause.words)
    goes_on = following is not None and not following.spans and _tells_of_allergy(following.words)
    if _tells_of_allergy(clause.words) or goes_on:
        return "allergy"
    sentence = read.sentences[clause.number]
    if words & words_of("lists", "consuming") or any(dose(read.turn, sentence, span) for span in clause.spans):
        # 'I had codeine and was sick' may be an allergy: the doctor reads the words. 'For the rash' is why it is taken.
        reacts = words & words_of("allergy", "reactions") and "for" not in words
        return "unclear" if reacts else "taken"
    others = _others(clause)
    said = words_of("lists", "talk") | words_of("lists", "where_and_when") | site_parts()
    return "allergy" if len(others) <= 1 and not set(others) & said else "unclear"


def _others(clause: _Clause) -> list[str]:
    """The words that neither name a substance nor merely stand beside one."""
    return [word for word in clause.rest if word not in words_of("allergy", "beside")]


def _roles(read: ReadTurn) -> Iterator[tuple[_Clause, Role]]:
    clauses = _clauses(read)
    for place, clause in enumerate(clauses):
        if clause.spans:
            yield clause, _role(clause, clauses[place + 1] if place + 1 < len(clauses) else None, read)


def taken_instead(read: ReadTurn) -> frozenset[tuple[int, int]]:
    """Sentence and position of the medicines that an answer about allergies says are taken."""
    return frozenset(
        (clause.number, span.first) for clause, role in _roles(read) if role == "taken" for span in clause.spans
    )


def speaks_of_substances(read: ReadTurn) -> bool:
    """Whether an answer names a substance that it does not say to be taken, so that its 'no' is no plain 'none'."""
    return any(role != "taken" for _, role in _roles(read))


def answered(read: ReadTurn, reading: Reading) -> Iterator[Stated]:
    """The allergies that an answer to the question names without 'allergic to'."""
    led = {
        (number, position)
        for number in range(len(read.sentences))
        for span, _ in named(read, number, reading, Quote(""))
        for position in range(span.first, span.last + 1)
    }
    for clause, role in _roles(read):
        if role != "allergy" or led & _positions(clause):
            continue
        sentence = read.sentences[clause.number]
        refused = anywhere(phrases("allergy", "refused"), clause.words)
        for span in _with_neighbours(read, clause):
            context = read.scopes[clause.number].of(span.as_match())
            person = "" if context.other_person in reading.about else context.other_person
            if person or (context.negated and not refused):
                continue
            evidence = raw(read.turn.text, sentence.tokens, 0, len(sentence.tokens) - 1)
            yield Stated(span.name, _reaction(read, clause.number), evidence, read.turn.reference)


def _with_neighbours(read: ReadTurn, clause: _Clause) -> Iterator[Span]:
    """The substances with an unknown word beside them: 'bee stings', 'shrimp and peanuts'."""
    others = _others(clause)
    if len(others) != 1 or _tells_of_allergy(clause.words) or set(clause.words) & words_of("lists", "consuming"):
        yield from clause.spans
        return
    tokens = read.sentences[clause.number].tokens
    other = next(
        position for position, token in enumerate(tokens) if token.clause == clause.index and token.word == others[0]
    )
    joined = False
    for span in clause.spans:
        first, last = span.first, span.last
        if other == last + 1 and not tokens[other].comma:
            last, joined = other, True
        elif other == first - 1 and not tokens[first].comma:
            first, joined = other, True
        yield Span(raw(read.turn.text, tokens, first, last), first, last)
    if not joined:
        yield Span(raw(read.turn.text, tokens, other, other), other, other)


def _positions(clause: _Clause) -> set[tuple[int, int]]:
    return {(clause.number, position) for span in clause.spans for position in range(span.first, span.last + 1)}
