"""Medicines, allergies and past illnesses as the patient stated them; None when not mentioned, () when none."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from conversations.intake.attributes import raw
from conversations.intake.concepts import Match
from conversations.intake.context import Scope
from conversations.intake.data import load
from conversations.intake.findings import Reading, ReadTurn
from conversations.intake.model import Quote, Stated, Turn
from conversations.intake.text import Sentence

_ALLERGEN_WORDS = 4
_LONGEST_ITEM = 60
_DOSE_REACH = 6


@dataclass(frozen=True, slots=True)
class StatedFacts:
    """What the patient said about medicines, allergies and history, theirs and the family's."""

    medications: tuple[Stated, ...] | None
    allergies: tuple[Stated, ...] | None
    history: tuple[Stated, ...] | None
    family: tuple[Stated, ...]
    none_stated: tuple[tuple[str, Quote], ...]


@cache
def _rows(file: str, table: str, key: str) -> dict[str, tuple[tuple[str, ...], ...]]:
    """Phrases of a list by their first word, the longest first."""
    content = load(f"lexicon/{file}.toml")
    found: dict[str, list[tuple[str, ...]]] = {}
    for phrase in (content[table] if table else content)[key]:
        row = tuple(phrase.split())
        found.setdefault(row[0], []).append(row)
    return {first: tuple(sorted(rows, key=len, reverse=True)) for first, rows in found.items()}


def _at(rows: dict[str, tuple[tuple[str, ...], ...]], words: Sequence[str], position: int) -> int:
    for row in rows.get(words[position], ()):
        if tuple(words[position : position + len(row)]) == row:
            return len(row)
    return 0


def _anywhere(rows: dict[str, tuple[tuple[str, ...], ...]], words: Sequence[str]) -> bool:
    return any(_at(rows, words, position) for position in range(len(words)))


@cache
def _conditions() -> dict[str, tuple[tuple[tuple[str, ...], str], ...]]:
    found: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for label, phrases in load("lexicon/conditions.toml")["conditions"].items():
        for phrase in phrases:
            row = tuple(phrase.split())
            found.setdefault(row[0], []).append((row, label))
    return {first: tuple(sorted(rows, key=lambda entry: len(entry[0]), reverse=True)) for first, rows in found.items()}


@cache
def _words(table: str, key: str) -> frozenset[str]:
    content = load("lexicon/medicines.toml")
    return frozenset((content[table] if table else content)[key])


def _medicine_names() -> frozenset[str]:
    return _words("", "names")


@dataclass(frozen=True, slots=True)
class _Span:
    """A run of words found in a sentence, with how it is meant."""

    name: str
    first: int
    last: int

    def as_match(self) -> Match:
        return Match(self.name, tuple(range(self.first, self.last + 1)))


def _medicine_spans(turn: Turn, sentence: Sentence) -> Iterator[_Span]:
    words = sentence.words()
    everyday = _rows("medicines", "", "everyday")
    position = 0
    while position < len(words):
        length = _at(everyday, words, position)
        joined = f"{words[position]}-{words[position + 1]}" if position + 1 < len(words) else ""
        if joined in _medicine_names():
            length = 2
        if not length and words[position] in _medicine_names():
            length = 1
        if length:
            first = position + 1 if words[position] == "the" and length > 1 else position
            yield _Span(raw(turn.text, sentence.tokens, first, position + length - 1), position, position + length - 1)
            position += length
        else:
            position += 1


def _condition_spans(sentence: Sentence) -> Iterator[_Span]:
    words = sentence.words()
    position = 0
    while position < len(words):
        for row, label in _conditions().get(words[position], ()):
            if tuple(words[position : position + len(row)]) == row:
                yield _Span(label, position, position + len(row) - 1)
                position += len(row) - 1
                break
        position += 1


def _dose(turn: Turn, sentence: Sentence, span: _Span) -> str:
    """The amount and the times a day that stand beside a medicine."""
    words = sentence.words()
    units = _words("", "units")
    frequencies = _rows("medicines", "", "frequencies")
    parts: list[str] = []
    after = range(span.last + 1, min(span.last + 1 + _DOSE_REACH, len(words)))
    for position in (*after, *range(max(0, span.first - 3), span.first)):
        if position in after and words[position] in _medicine_names():
            break
        if words[position] in units and position and words[position - 1][:1].isdecimal():
            parts.append(raw(turn.text, sentence.tokens, position - 1, position))
            break
    for position in range(span.last + 1, min(span.last + 1 + _DOSE_REACH + 2, len(words))):
        if words[position] in _medicine_names():
            break
        length = _at(frequencies, words, position)
        if length:
            parts.append(raw(turn.text, sentence.tokens, position, position + length - 1))
            break
    return ", ".join(parts)


def _about_patient(scope: Scope, span: _Span, about: frozenset[str]) -> tuple[bool, str]:
    """Whether a span is affirmed of the patient; the second value names the relative it is about instead."""
    context = scope.of(span.as_match())
    person = "" if context.other_person in about else context.other_person
    return not (context.negated or context.hypothetical or context.feared or person), person


def stated_facts(reading: Reading) -> StatedFacts:
    """Collect them over the whole conversation; what is repeated is kept once, with the fuller detail."""
    collected: dict[str, dict[str, Stated]] = {"medications": {}, "allergies": {}, "history": {}, "family": {}}
    nothing: dict[str, Quote] = {}
    for read in reading.read:
        for number in range(len(read.sentences)):
            _from_sentence(read, number, reading, collected, nothing)
        _from_answer(read, collected, nothing)
    results: dict[str, tuple[Stated, ...] | None] = {}
    for topic in ("medications", "allergies", "history"):
        results[topic] = tuple(collected[topic].values()) or (() if topic in nothing else None)
    return StatedFacts(
        medications=results["medications"],
        allergies=results["allergies"],
        history=results["history"],
        family=tuple(collected["family"].values()),
        none_stated=tuple((topic, quote) for topic, quote in nothing.items() if not collected[topic]),
    )


def _keep(into: dict[str, Stated], item: Stated) -> None:
    key = item.name.casefold()
    if key not in into or (item.detail and not into[key].detail):
        into[key] = item


def _from_sentence(
    read: ReadTurn,
    number: int,
    reading: Reading,
    collected: dict[str, dict[str, Stated]],
    nothing: dict[str, Quote],
) -> None:
    turn, sentence, scope = read.turn, read.sentences[number], read.scopes[number]
    words = sentence.words()
    quote = Quote(raw(turn.text, sentence.tokens, 0, len(words) - 1), turn.reference)
    for topic in ("medications", "allergies", "history"):
        if _anywhere(_rows("medicines", "none", topic), words):
            nothing.setdefault(topic, quote)
    allergy_words = set(_allergies(read, number, reading, collected, quote))
    for span in _medicine_spans(turn, sentence):
        affirmed, _ = _about_patient(scope, span, reading.about)
        kept = affirmed and span.first not in allergy_words and read.topic != "allergies"
        if kept and not _not_taken(sentence, span):
            dose = _dose(turn, sentence, span)
            # A bare name may answer a question about allergies that we did not see; it must be said to be taken.
            if dose or read.topic == "medications" or _words("lists", "taking") & set(words):
                _keep(collected["medications"], Stated(span.name, dose, quote.text, turn.reference))
    for span in _condition_spans(sentence):
        affirmed, person = _about_patient(scope, span, reading.about)
        if affirmed and read.about_family and not any(word in {"i", "my"} for word in words):
            affirmed, person = False, "family"
        if affirmed and span.first not in allergy_words:
            _keep(collected["history"], Stated(span.name, "", quote.text, turn.reference))
        elif person and not scope.of(span.as_match()).negated:
            _keep(collected["family"], Stated(f"{person}: {span.name}", "", quote.text, turn.reference))


def _not_taken(sentence: Sentence, span: _Span) -> bool:
    """Whether the clause says that the medicine is not taken: 'stopped', 'should I take'."""
    clause = sentence.tokens[span.first].clause
    words = [token.word for token in sentence.tokens if token.clause == clause]
    return _anywhere(_rows("medicines", "", "not_taken"), words)


def names_medicine(sentence: Sentence) -> bool:
    """Whether a sentence names a medicine, so that its 'once a day' is a dose and no symptom's."""
    return any(word in _medicine_names() for word in sentence.words())


def _allergies(
    read: ReadTurn,
    number: int,
    reading: Reading,
    collected: dict[str, dict[str, Stated]],
    quote: Quote,
) -> Iterator[int]:
    """Find 'allergic to penicillin' and 'nut allergy'; yields the positions of the allergens' words."""
    sentence, scope = read.sentences[number], read.scopes[number]
    words = sentence.words()
    leads = _rows("medicines", "allergy", "leads")
    for position in range(len(words)):
        length = _at(leads, words, position)
        names: list[_Span] = []
        if length:
            names = list(_listed(read.turn, sentence, position + length))
        elif (
            words[position] in {"allergy", "allergies"}
            and position
            and words[position - 1] in _words("allergy", "objects")
        ):
            names = [_Span(raw(read.turn.text, sentence.tokens, position - 1, position - 1), position - 1, position)]
        for span in names:
            affirmed, _ = _about_patient(scope, span, reading.about)
            yield from range(span.first, span.last + 1)
            if affirmed and words[span.first] not in _words("allergy", "nothing"):
                _keep(collected["allergies"], Stated(span.name, _reaction(read, number), quote.text, quote.reference))


def _listed(turn: Turn, sentence: Sentence, first: int) -> Iterator[_Span]:
    """The names after 'allergic to': 'penicillin, nuts and cat hair'."""
    words = sentence.words()
    stops = _words("allergy", "stop_words")
    objects = _words("allergy", "objects") | _medicine_names()
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
        yield _Span(raw(turn.text, sentence.tokens, start, position - 1), start, position - 1)
        if position < len(words) and words[position] in {"and", "or"}:
            position += 1
            if position >= len(words) or (words[position] not in objects and words[position] in stops):
                return
        elif position >= len(words) or not sentence.tokens[position].comma or words[position] not in objects:
            return


def _reaction(read: ReadTurn, number: int) -> str:
    """How the allergy shows: words of this sentence, or of the next one, that name a reaction."""
    reactions = _words("allergy", "reactions")
    for candidate in read.sentences[number : number + 2]:
        words = candidate.words()
        hits = [index for index, word in enumerate(words) if word in reactions]
        if hits:
            clauses = {candidate.tokens[hit].clause for hit in hits}
            inside = [index for index, token in enumerate(candidate.tokens) if token.clause in clauses]
            first = max(inside[0], hits[0] - 5)
            return raw(read.turn.text, candidate.tokens, first, hits[-1])
    return ""


def _from_answer(read: ReadTurn, collected: dict[str, dict[str, Stated]], nothing: dict[str, Quote]) -> None:
    """The answer to a question about medicines, allergies or history, when it names things the lists do not know."""
    topic = read.topic
    if topic not in {"medications", "allergies", "history"}:
        return
    reference = read.turn.reference
    words = [word for sentence in read.sentences for word in sentence.words()]
    before = any(item.reference == reference and item.evidence in read.turn.text for item in collected[topic].values())
    whole = " ".join(read.turn.text.split())
    if topic in nothing and nothing[topic].reference == reference:
        return
    if read.answer == "no" and not before and _is_plain_no(words, read):
        nothing.setdefault(topic, Quote(whole[:_LONGEST_ITEM], reference))
        return
    if before or read.answer in {"no", "unknown"} or read.says_only_answer or read.question is None:
        if topic == "allergies" and not before:
            _named_medicines_as_allergies(read, collected)
        return
    if topic == "allergies" and _named_medicines_as_allergies(read, collected):
        return
    named = read.marked and any(word.isalpha() for word in words) and len(words) <= _SHORT_LIST
    if named and not set(words) & (_words("lists", "talk") | _body_parts()) and not read.mentions:
        for name in _split(whole):
            _keep(collected[topic], Stated(name, "", whole, reference))


_SHORT_LIST = 8


def _body_parts() -> frozenset[str]:
    return frozenset(load("lexicon/attributes.toml")["sites"]["parts"])


def _is_plain_no(words: Sequence[str], read: ReadTurn) -> bool:
    """Whether a 'no' stays one: 'No, but I am allergic to nuts' and 'No, just the pill' do not."""
    return read.says_only_answer or not any(word in {"but", "just", "only", "except", "apart"} for word in words)


def _named_medicines_as_allergies(read: ReadTurn, collected: dict[str, dict[str, Stated]]) -> bool:
    """'Penicillin' as the answer to the question about allergies."""
    found = False
    objects = _words("allergy", "objects")
    for number, (sentence, scope) in enumerate(zip(read.sentences, read.scopes, strict=True)):
        quote = Quote(raw(read.turn.text, sentence.tokens, 0, len(sentence.tokens) - 1), read.turn.reference)
        spans = list(_medicine_spans(read.turn, sentence))
        taken = {span.first for span in spans}
        spans += [
            _Span(raw(read.turn.text, sentence.tokens, position, position), position, position)
            for position, word in enumerate(sentence.words())
            if word in objects and position not in taken
        ]
        for span in spans:
            context = scope.of(span.as_match())
            if not (context.negated or context.other_person):
                _keep(
                    collected["allergies"],
                    Stated(span.name, _reaction(read, number), quote.text, quote.reference),
                )
                found = True
    return found


def _split(text: str) -> list[str]:
    """The things a short answer lists, without what introduces them."""
    pieces: list[str] = []
    for piece in text.replace(" and ", ",").replace("\n", ",").replace(";", ",").split(","):
        name = piece.strip(" .!?")
        words = name.split()
        while words and words[0].casefold() in {
            "i",
            "take",
            "just",
            "yes",
            "yeah",
            "only",
            "i'm",
            "have",
            "i've",
            "a",
            "my",
            "the",
            "some",
            "had",
            "on",
            "got",
            "to",
            "uh",
            "um",
        }:
            words = words[1:]
        if words and any(letter.isalpha() for letter in name):
            pieces.append(" ".join(words)[:_LONGEST_ITEM])
    return pieces
