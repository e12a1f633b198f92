"""Medicines, allergies and past illnesses as the patient stated them; None when not mentioned, () when none."""

from collections.abc import Sequence
from dataclasses import dataclass

from conversations.intake import allergies, illnesses
from conversations.intake.attributes import raw, site_parts
from conversations.intake.findings import Reading, ReadTurn
from conversations.intake.model import Quote, Stated
from conversations.intake.substances import (
    Span,
    about_patient,
    anywhere,
    dose,
    medicine_names,
    medicine_spans,
    phrases,
    words_of,
)
from conversations.intake.text import Sentence

_LONGEST_ITEM = 60
_SHORT_LIST = 8


@dataclass(frozen=True, slots=True)
class StatedFacts:
    """What the patient said about medicines, allergies and history, theirs and the family's."""

    medications: tuple[Stated, ...] | None
    allergies: tuple[Stated, ...] | None
    history: tuple[Stated, ...] | None
    family: tuple[Stated, ...]
    none_stated: tuple[tuple[str, Quote], ...]


def stated_facts(reading: Reading) -> StatedFacts:
    """Collect them over the whole conversation; what is repeated is kept once, with the fuller detail."""
    collected: dict[str, dict[str, Stated]] = {"medications": {}, "allergies": {}, "history": {}, "family": {}}
    nothing: dict[str, Quote] = {}
    before: ReadTurn | None = None
    for read in reading.read:
        goes_on_from = before if read.question is None else None
        for number in range(len(read.sentences)):
            _from_sentence(read, number, reading, collected, nothing)
            _illnesses(read, number, reading, collected, goes_on_from)
        _from_answer(read, reading, collected, nothing)
        before = read
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
        if anywhere(phrases("none", topic), words):
            nothing.setdefault(topic, quote)
    allergens = _allergens(read, number, reading, collected, quote)
    instead = allergies.taken_instead(read) if read.topic == "allergies" else frozenset()
    for span in medicine_spans(turn, sentence):
        affirmed, _ = about_patient(scope, span, reading.about)
        told = read.topic != "allergies" or (number, span.first) in instead
        if affirmed and told and span.first not in allergens and not _not_taken(sentence, span):
            amount = dose(turn, sentence, span)
            # A bare name may answer a question about allergies that we did not see; it must be said to be taken.
            taking = bool(words_of("lists", "taking") & set(words))
            care = span.name.casefold() in words_of("", "skin_care")
            if read.topic == "medications" or ((amount or taking) and not care):
                _keep(collected["medications"], Stated(span.name, amount, quote.text, turn.reference))


def _allergens(
    read: ReadTurn, number: int, reading: Reading, collected: dict[str, dict[str, Stated]], quote: Quote
) -> set[int]:
    """Keep the allergies a sentence states as such; the positions of the allergens' words."""
    positions: set[int] = set()
    for span, stated in allergies.named(read, number, reading, quote):
        positions.update(range(span.first, span.last + 1))
        if stated is not None:
            _keep(collected["allergies"], stated)
    return positions


def _illnesses(
    read: ReadTurn,
    number: int,
    reading: Reading,
    collected: dict[str, dict[str, Stated]],
    before: ReadTurn | None,
) -> None:
    """Keep the illnesses of a sentence, the patient's own and the family's."""
    sentence = read.sentences[number]
    words = raw(read.turn.text, sentence.tokens, 0, len(sentence.tokens) - 1)
    for span in illnesses.spans(sentence):
        person = illnesses.whose(read, number, span, reading, before)
        if person == "":
            _keep(collected["history"], Stated(span.name, "", words, read.turn.reference))
        elif person is not None:
            _keep(collected["family"], Stated(f"{person}: {span.name}", "", words, read.turn.reference))


def _not_taken(sentence: Sentence, span: Span) -> bool:
    """Whether the clause says that the medicine is not taken: 'stopped', 'should I take'."""
    clause = sentence.tokens[span.first].clause
    words = [token.word for token in sentence.tokens if token.clause == clause]
    return anywhere(phrases("", "not_taken"), words)


def names_medicine(sentence: Sentence) -> bool:
    """Whether a sentence names a medicine, so that its 'once a day' is a dose and no symptom's."""
    return any(word in medicine_names() for word in sentence.words())


def _from_answer(
    read: ReadTurn, reading: Reading, collected: dict[str, dict[str, Stated]], nothing: dict[str, Quote]
) -> None:
    """The answer to a question about medicines, allergies or history, when it names things the lists do not know."""
    topic = read.topic
    if topic not in {"medications", "allergies", "history"}:
        return
    reference = read.turn.reference
    words = [word for sentence in read.sentences for word in sentence.words()]
    if topic == "allergies":
        for item in allergies.answered(read, reading):
            _keep(collected[topic], item)
    before = any(item.reference == reference and item.evidence in read.turn.text for item in collected[topic].values())
    whole = " ".join(read.turn.text.split())
    if topic in nothing and nothing[topic].reference == reference:
        return
    qualified = topic == "allergies" and allergies.speaks_of_substances(read)
    if read.answer == "no" and not before and not qualified and _is_plain_no(words, read):
        nothing.setdefault(topic, Quote(whole[:_LONGEST_ITEM], reference))
        return
    if before or read.answer in {"no", "unknown"} or read.says_only_answer or read.question is None:
        return
    if _is_bare_list(read, words):
        for name in _split(whole):
            _keep(collected[topic], Stated(name, "", whole, reference))


def _is_bare_list(read: ReadTurn, words: Sequence[str]) -> bool:
    """Whether a short answer to a question of our own is a list of names, known or not: 'sticking plaster glue'."""
    if not read.marked or not any(word.isalpha() for word in words) or len(words) > _SHORT_LIST:
        return False
    if read.mentions or set(words) & (words_of("lists", "talk") | site_parts()):
        return False
    if read.topic != "allergies":
        return True
    elsewhere = words_of("lists", "consuming") | words_of("lists", "where_and_when") | words_of("allergy", "too_wide")
    return not (set(words) & elsewhere or any(read.details))


def _is_plain_no(words: Sequence[str], read: ReadTurn) -> bool:
    """Whether a 'no' stays one: 'No, but I am allergic to nuts' and 'No, just the pill' do not."""
    return read.says_only_answer or not any(word in {"but", "just", "only", "except", "apart"} for word in words)


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
