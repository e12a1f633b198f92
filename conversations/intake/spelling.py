"""One spelling for each word: American to British, common misspellings, and slips of the finger in long key words."""

from collections.abc import Iterator
from functools import cache

from conversations.intake.data import load

_SHORTEST = 5
"""Words shorter than this are never corrected: 'leg' is not a slip for 'ear'."""


@cache
def _variants() -> dict[str, str]:
    spelling: dict[str, str] = load("lexicon/spelling.toml")["variants"]
    return spelling


@cache
def _key_words() -> frozenset[str]:
    """The words worth correcting towards."""
    return frozenset(load("lexicon/spelling.toml")["key_words"])


def _shortened(word: str) -> Iterator[str]:
    """The word with one letter left out, each in turn."""
    for position in range(len(word)):
        yield word[:position] + word[position + 1 :]


@cache
def _neighbours() -> dict[str, tuple[str, ...]]:
    """Which key words are left when one letter is dropped: two words one slip apart share such a form."""
    forms: dict[str, set[str]] = {}
    for word in _key_words():
        for form in (word, *_shortened(word)):
            forms.setdefault(form, set()).add(word)
    return {form: tuple(sorted(words)) for form, words in forms.items()}


@cache
def _protected() -> frozenset[str]:
    """Ordinary words that look like a slip and are none: 'threat' for 'throat'."""
    return frozenset(load("lexicon/spelling.toml")["protected"])


def corrected(word: str) -> str:
    """The word as the lexicon spells it. A slip is one letter more, less, swapped or wrong; the first letter stands."""
    known = _variants().get(word)
    if known is not None:
        return known
    if len(word) < _SHORTEST or word in _key_words() or word in _protected() or not word.isascii():
        return word
    neighbours = _neighbours()
    candidates = {
        candidate
        for form in (word, *_shortened(word))
        for candidate in neighbours.get(form, ())
        if candidate[0] == word[0] and _one_slip(word, candidate)
    }
    return candidates.pop() if len(candidates) == 1 else word


def _one_slip(typed: str, meant: str) -> bool:
    """Whether one insertion, deletion, swap of neighbours or wrong letter turns one word into the other."""
    if len(typed) != len(meant):
        longer, shorter = (typed, meant) if len(typed) > len(meant) else (meant, typed)
        # A plural or another form of the same word is no slip; the lexicon lists the forms it means.
        return shorter in _shortened(longer) and longer not in {shorter + "s", shorter + "d", shorter + "r"}
    different = [position for position in range(len(typed)) if typed[position] != meant[position]]
    if len(different) == 1:
        return len(typed) > _SHORTEST
    return (
        len(different) == 2
        and different[1] == different[0] + 1
        and typed[different[0]] == meant[different[1]]
        and typed[different[1]] == meant[different[0]]
    )
