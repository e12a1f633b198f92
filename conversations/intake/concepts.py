"""Finding the concepts of the lexicon ('chest_pain') in the words of a sentence.

A phrase in the lexicon is a row of words. Between two of them small words ('my', 'very', 'is') may stand.
    (a|b|c d)   one of these            word?    may be missing
    pain*       any ending              <chest>  any word of that class
    a .. b      up to four words between, in one clause
    a ... b     up to ten words between, in one sentence
    a + b       next to each other, though a clause may end between them
    a ~ b       either order, up to four words between
"""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

from conversations.intake.data import load, load_all
from conversations.intake.text import Sentence, Token, sentences

_NEAR = 4
_FAR = 10
_LIGHT_SKIPS = 3
_PREFIX_KEY = 3
_SENTENCES_KEPT = 64
"""One message is gone through several times; no more is kept than a conversation has, because it is patients' words."""
_NEGATIONS = frozenset({"no", "not", "without", "never", "nor"})
_ITEM = re.compile(r"\([^)]*\)\??|\.\.\.|\.\.|~|\S+")


@dataclass(frozen=True, slots=True)
class Concept:
    """One entry of the lexicon. `kind`: symptom, sign (used by rules, not listed), event, condition,
    background (what makes others worse: age, pregnancy, medicines), remark (qualifies what else is said), or ignore
    (means something else)."""

    code: str
    label: str
    kind: str
    implies: tuple[str, ...]
    group: str
    variant: bool
    """A form of what it implies (crushing chest pain), listed under that."""
    screening: str
    """How a question asks for it ('pain in your chest'); empty when it is never asked for by name."""
    overrules: tuple[str, ...] = ()
    """What the same words do not mean besides: no breath through the nose is no breathlessness."""
    only: str = ""
    """The sex that alone can have it; empty for both."""


@dataclass(frozen=True, slots=True)
class _Item:
    """One place of a phrase: the words or beginnings that fit, and how much may stand before it."""

    words: frozenset[str]
    beginnings: tuple[str, ...]
    gap: int
    crosses: bool

    def fits(self, word: str) -> bool:
        return word in self.words or (bool(self.beginnings) and word.startswith(self.beginnings))


@dataclass(frozen=True, slots=True)
class Match:
    """A concept found in a sentence: the positions of its own words."""

    code: str
    positions: tuple[int, ...]

    @property
    def start(self) -> int:
        """Position of the first word."""
        return self.positions[0]

    @property
    def end(self) -> int:
        """Position of the last word."""
        return self.positions[-1]


@cache
def concepts() -> dict[str, Concept]:
    """Every concept of the lexicon by its code."""
    found: dict[str, Concept] = {}
    for group, entries in load_all("lexicon/concepts").items():
        for code, entry in entries.items():
            if code in found:
                raise ValueError(f"Concept {code!r} stands twice in the lexicon.")
            found[code] = Concept(
                code=code,
                label=entry.get("label", code.replace("_", " ")),
                kind=entry.get("kind", "symptom"),
                implies=tuple(entry.get("implies", ())),
                group=group,
                variant=entry.get("variant", False),
                screening=entry.get("screening", ""),
                overrules=tuple(entry.get("overrules", ())),
                only=entry.get("only", ""),
            )
    return found


def _alternatives(piece: str) -> list[list[str]]:
    """The rows of words that one piece of a phrase stands for."""
    optional = piece.endswith("?")
    bare = piece.rstrip("?")
    rows: list[list[str]] = []
    for choice in bare[1:-1].split("|") if bare.startswith("(") else [bare]:
        if choice.startswith("<"):
            rows.extend(row.split() for row in load("lexicon/classes.toml")[choice[1:-1]])
        else:
            rows.append(choice.split())
    return [*rows, []] if optional else rows


def _phrases(phrase: str) -> Iterator[tuple[_Item, ...]]:
    """Every row of items that a phrase of the lexicon stands for."""
    pieces = _ITEM.findall(phrase)
    if "~" in pieces:
        cut = pieces.index("~")
        left, right = " ".join(pieces[:cut]), " ".join(pieces[cut + 1 :])
        yield from _phrases(f"{left} .. {right}")
        yield from _phrases(f"{right} .. {left}")
        return
    choices: list[list[tuple[tuple[str, ...], ...]]] = []
    for piece in pieces:
        if piece in {"..", "...", "+"}:
            choices.append([((piece,),)])
            continue
        rows = _alternatives(piece)
        singles = tuple(sorted(row[0] for row in rows if len(row) == 1))
        longer = [tuple((word,) for word in row) for row in rows if len(row) != 1]
        choices.append([*([(singles,)] if singles else []), *longer])
    for combination in itertools.product(*choices):
        row = tuple(itertools.chain.from_iterable(combination))
        if row:
            yield _items(row)


def _items(row: tuple[tuple[str, ...], ...]) -> tuple[_Item, ...]:
    items: list[_Item] = []
    gap, crosses = 0, False
    for words in row:
        if words == ("..",):
            gap = _NEAR
            continue
        if words == ("...",):
            gap, crosses = _FAR, True
            continue
        if words == ("+",):
            gap, crosses = 0, True
            continue
        exact = frozenset(word for word in words if not word.endswith("*"))
        beginnings = tuple(word[:-1] for word in words if word.endswith("*"))
        items.append(_Item(exact, beginnings, gap, crosses))
        gap, crosses = 0, False
    return tuple(items)


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of items that means a concept. `needed`: words of which one of each set must be in the sentence."""

    code: str
    items: tuple[_Item, ...]
    needed: tuple[frozenset[str], ...]
    special: bool
    """A special form of something else: it does not reach over a negation ('diarrhoea without blood')."""


@cache
def _index() -> dict[str, tuple[_Row, ...]]:
    """Phrases by the word they begin with; those with an open ending by their first letters and a star."""
    index: dict[str, list[_Row]] = {}
    for entries in load_all("lexicon/concepts").values():
        for code, entry in entries.items():
            rows = [items for phrase in entry["phrases"] for items in _phrases(phrase)]
            rows.extend(_own_words(entry.get("screening", "")))
            for items in rows:
                first = items[0]
                needed = tuple(item.words for item in items[1:] if not item.beginnings)
                row = _Row(code, items, needed, bool(entry.get("implies")))
                for key in (*first.words, *{start[:_PREFIX_KEY] + "*" for start in first.beginnings}):
                    index.setdefault(key, []).append(row)
    return {key: tuple(rows) for key, rows in index.items()}


def _own_words(screening: str) -> Iterator[tuple[_Item, ...]]:
    """The words in which a question asks for a concept mean it too: they come back as a quick answer."""
    for sentence in sentences(screening):
        words = sentence.words()
        words = words[1:] if words[0] in {"a", "an", "the"} else words
        yield tuple(_Item(frozenset({word}), (), 0, crosses=True) for word in words)


@cache
def _light() -> frozenset[str]:
    return frozenset(load("lexicon/classes.toml")["light"])


def _match(row: _Row, tokens: tuple[Token, ...], start: int) -> tuple[int, ...] | None:
    """The positions at which the items stand from `start` on, each as near as it can be, or None."""
    positions = [start]
    for item in row.items[1:]:
        here = positions[-1]
        skipped = light = 0
        position = here + 1
        while True:
            if position >= len(tokens):
                return None
            token = tokens[position]
            if not item.crosses and token.clause != tokens[here].clause:
                return None
            if item.fits(token.word):
                break
            if row.special and token.word in _NEGATIONS:
                return None
            if token.word in _light() and light < _LIGHT_SKIPS:
                light += 1
            else:
                skipped += 1
                if skipped > item.gap:
                    return None
            position += 1
        positions.append(position)
    return tuple(positions)


def _found(sentence: Sentence) -> tuple[Match, ...]:
    tokens = sentence.tokens
    present = frozenset(token.word for token in tokens)
    # Each different word is looked up once: somebody may paste the same word a thousand times.
    rows = {word: _possible(word, present) for word in present}
    matches: dict[tuple[str, tuple[int, ...]], Match] = {}
    for start, token in enumerate(tokens):
        for row in rows[token.word]:
            positions = _match(row, tokens, start)
            if positions is not None:
                matches.setdefault((row.code, positions), Match(row.code, positions))
    return _longest(_not_overruled(list(matches.values())))


def _possible(word: str, present: frozenset[str]) -> list[_Row]:
    """The rows that begin with a word and whose other words are all in the sentence."""
    index = _index()
    starting = index.get(word, ())
    open_ended = [row for row in index.get(word[:_PREFIX_KEY] + "*", ()) if row.items[0].fits(word)]
    return [row for row in (*starting, *open_ended) if not any(words.isdisjoint(present) for words in row.needed)]


def _not_overruled(matches: list[Match]) -> list[Match]:
    """Without the matches that share a word with an expression that means something else: 'blood pressure'.

    One that has all words of the expression knows better: 'taking blood thinners'.
    """
    others = [set(match.positions) for match in matches if concepts()[match.code].kind == "ignore"]
    if not others:
        return matches
    return [
        match
        for match in matches
        if concepts()[match.code].kind != "ignore"
        and all(other.isdisjoint(match.positions) or other <= set(match.positions) for other in others)
    ]


def _longest(matches: list[Match]) -> tuple[Match, ...]:
    """Without the matches whose words are all part of a longer match that begins nearby."""
    owners: dict[int, list[Match]] = {}
    for match in matches:
        for position in match.positions:
            owners.setdefault(position, []).append(match)
    kept: list[Match] = []
    for match in matches:
        own = set(match.positions)
        if not any(_takes_up(other, match, own) for other in owners[match.start]):
            kept.append(match)
    kept.sort(key=lambda match: (match.start, match.end, match.code))
    return tuple(kept)


def _takes_up(longer: Match, match: Match, own: set[int]) -> bool:
    """Whether a longer expression has the words of a shorter one: 'hay fever' those of 'fever'.

    An expression of several words that means something else stands beside the longer one: both are told.
    """
    if len(longer.positions) <= len(own) or not own < set(longer.positions):
        return False
    concept = concepts()[longer.code]
    return len(own) == 1 or match.code in {longer.code, *concept.implies, *concept.overrules}


@lru_cache(maxsize=_SENTENCES_KEPT)
def find(sentence: Sentence) -> tuple[Match, ...]:
    """The concepts of a sentence in order. A phrase inside a longer one is left to the longer one."""
    return _found(sentence)


def with_implied(code: str) -> tuple[str, ...]:
    """The concept and everything it implies: crushing chest pain is chest pain."""
    found: dict[str, None] = {code: None}
    queue = [code]
    while queue:
        for parent in concepts()[queue.pop()].implies:
            if parent not in found:
                found[parent] = None
                queue.append(parent)
    return tuple(found)
