"""From what somebody typed to sentences of normalised words that still know where they stood in the original.

Everything here is linear in the length of the text: a message of 100,000 characters is read like any other.
"""

import re
from dataclasses import dataclass
from functools import cache

from conversations.intake.data import load
from conversations.intake.spelling import corrected

_PIECE = re.compile(r"[^\W\d_]+(?:['’‘`´][^\W\d_]+)*|\d+(?:[.,/:]\d+)*|\n|[.!?;:,()]|[-–—]+")
_SENTENCE_ENDS = frozenset(".!?;\n")
_WORD_LIMIT = 40
_SENTENCE_LIMIT = 80
"""Longer runs without a full stop are cut, so that the work stays linear whatever somebody pastes in."""
_APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "`": "'", "´": "'"})


@dataclass(frozen=True, slots=True)
class Token:
    """A normalised word, where it stood in the original text, and the break in front of it ('' or ',')."""

    word: str
    start: int
    end: int
    comma: bool
    clause: int


@dataclass(frozen=True, slots=True)
class Sentence:
    """The words of one sentence; `asks` when it ended with a question mark."""

    tokens: tuple[Token, ...]
    asks: bool

    def words(self) -> tuple[str, ...]:
        """The normalised words alone."""
        return tuple(token.word for token in self.tokens)


@dataclass(frozen=True, slots=True)
class _WordTables:
    contractions: dict[str, tuple[str, ...]]
    fillers: frozenset[str]
    boundaries: frozenset[str]
    subjects: frozenset[str]
    links: frozenset[str]
    rewrites: dict[str, list[tuple[tuple[str, ...], tuple[str, ...]]]]
    verbs: frozenset[str]
    subordinators: frozenset[str]


@cache
def _tables() -> _WordTables:
    data = load("lexicon/language.toml")
    rewrites: dict[str, list[tuple[tuple[str, ...], tuple[str, ...]]]] = {}
    for old, new in data["rewrites"]:
        rewrites.setdefault(old.split()[0], []).append((tuple(old.split()), tuple(new.split())))
    return _WordTables(
        contractions={short: tuple(long.split()) for short, long in data["contractions"].items()},
        fillers=frozenset(data["fillers"]),
        boundaries=frozenset(data["clauses"]["boundaries"]),
        subjects=frozenset(data["clauses"]["subjects"]),
        links=frozenset(data["clauses"]["links"]),
        rewrites=rewrites,
        verbs=frozenset(data["clauses"]["verbs"]),
        subordinators=frozenset(data["clauses"]["subordinators"]),
    )


def _expanded(piece: str) -> tuple[str, ...]:
    """The normal words behind one typed word: "haven't" becomes have + not, "dizzyness" becomes dizziness."""
    word = piece.translate(_APOSTROPHES).casefold()
    if len(word) > _WORD_LIMIT:
        return (word[:_WORD_LIMIT],)
    tables = _tables()
    if word in tables.contractions:
        return tables.contractions[word]
    stem, apostrophe, ending = word.partition("'")
    if not apostrophe:
        return (corrected(word),)
    if word.endswith("n't"):
        return (word[:-3], "not")
    long = {"m": "am", "ve": "have", "re": "are", "ll": "will", "d": "would", "s": "'s"}.get(ending)
    return (corrected(stem), long) if long else (corrected(stem), *(part for part in ending.split("'") if part))


def sentences(text: str) -> tuple[Sentence, ...]:
    """Split a message into sentences of normalised words, fillers and stammered repetitions left out."""
    found: list[Sentence] = []
    words: list[tuple[str, int, int, bool]] = []
    comma = False

    def close(asks: bool) -> None:
        tokens = _with_clauses(_rewritten(words))
        words.clear()
        if tokens:
            found.append(Sentence(tokens, asks))

    for match in _PIECE.finditer(text):
        piece = match.group()
        if piece in _SENTENCE_ENDS:
            close(piece == "?")
            comma = False
        elif piece in ",:()" or piece[0] in "-–—":
            comma = comma or piece in ",:()" or _spaced(text, match.start(), match.end())
        else:
            for word in _expanded(piece):
                if word in _tables().fillers or _is_filler_like(word, comma, text, match.end()):
                    continue
                if words and word == words[-1][0] and word.isalpha():
                    comma = False
                    continue
                if len(words) >= _SENTENCE_LIMIT:
                    close(asks=False)
                words.append((word, match.start(), match.end(), comma))
                comma = False
    close(asks=False)
    return tuple(found)


def _rewritten(words: list[tuple[str, int, int, bool]]) -> list[tuple[str, int, int, bool]]:
    """Rows of words that mean the same get one form: 'not able to' and 'could not' become 'can not'."""
    result: list[tuple[str, int, int, bool]] = []
    position = 0
    while position < len(words):
        for old, new in _tables().rewrites.get(words[position][0], ()):
            piece = words[position : position + len(old)]
            if tuple(word[0] for word in piece) == old:
                if not new:
                    position += len(old)
                    break
                # The first new words stand where the first old ones stood, the last where the last one stood.
                spans = [*piece[: len(new) - 1], piece[-1]]
                starts = [(word, *span[1:]) for word, span in zip(new, spans, strict=True)]
                result.extend(starts)
                position += len(old)
                break
        else:
            result.append(words[position])
            position += 1
    return result


def _spaced(text: str, start: int, end: int) -> bool:
    """A dash with blanks around it separates; one inside a word or a range joins."""
    return start == 0 or end >= len(text) or text[start - 1].isspace() or text[end].isspace() or end - start > 1


def _is_filler_like(word: str, after_comma: bool, text: str, end: int) -> bool:
    """'like' between commas is a filler: 'my, like, lower stomach'."""
    return word == "like" and (after_comma or text[end : end + 1] == ",")


def _with_clauses(words: list[tuple[str, int, int, bool]]) -> tuple[Token, ...]:
    """Number the clauses: a negation or a 'my father' reaches no further than its own."""
    tables = _tables()
    tokens: list[Token] = []
    clause = 0
    for position, (word, start, end, comma) in enumerate(words):
        before = words[position - 1][0] if position else ""
        after = words[position + 1][0] if position + 1 < len(words) else ""
        if position and _starts_clause(word, before, after, comma, tables):
            clause += 1
        tokens.append(Token(word, start, end, comma, clause))
    return tuple(tokens)


def _starts_clause(word: str, before: str, after: str, comma: bool, tables: _WordTables) -> bool:
    if word in tables.boundaries:
        return True
    if comma and word in tables.subjects:
        return True
    if word in tables.links and after in tables.subjects:
        return True
    # People forget full stops: 'no fever i have a cough'. After 'when', 'think', 'that' and the like it goes on.
    runs_on = word == "i" and after in tables.verbs
    return runs_on and before not in tables.subordinators and before not in tables.links
