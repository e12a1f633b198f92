"""One spelling for each word: American to British, common misspellings, and slips of the finger in long key words."""

import re
from collections.abc import Iterator
from functools import cache

from conversations.intake.data import load, load_all

_SHORTEST = 5
"""Words shorter than this are never corrected: 'leg' is not a slip for 'ear'."""
_LONG = 8
"""A word of the lexicon is worth correcting towards from this length on."""
_WORD = re.compile(r"(?<![a-z<])[a-z]+(?![a-z>*])")


@cache
def _variants() -> dict[str, str]:
    spelling: dict[str, str] = load("lexicon/spelling.toml")["variants"]
    return spelling


@cache
def _key_words() -> frozenset[str]:
    """The words worth correcting towards: those listed, and every long word of the lexicon."""
    return _listed() | frozenset(word for word in _lexicon_words() if len(word) >= _LONG)


@cache
def _listed() -> frozenset[str]:
    return frozenset(load("lexicon/spelling.toml")["key_words"])


@cache
def _lexicon_words() -> frozenset[str]:
    """Every word that stands in a phrase of the lexicon: none of them is a slip for another."""
    phrases = [
        phrase
        for entries in load_all("lexicon/concepts").values()
        for entry in entries.values()
        for phrase in (*entry["phrases"], entry.get("screening", ""))
    ]
    phrases.extend(word for words in load("lexicon/classes.toml").values() for word in words)
    return frozenset(word for phrase in phrases for word in _WORD.findall(phrase))


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
def _known() -> frozenset[str]:
    return _key_words() | _lexicon_words() | _protected()


@cache
def _protected() -> frozenset[str]:
    """Ordinary words that look like a slip and are none: 'threat' for 'throat'."""
    return frozenset(load("lexicon/spelling.toml")["protected"])


def corrected(word: str) -> str:
    """The word as the lexicon spells it. A slip is one letter more, less, swapped or wrong; the first letter stands."""
    known = _variants().get(word)
    if known is not None:
        return known
    if len(word) < _SHORTEST or word in _known() or not word.isascii():
        return word
    neighbours = _neighbours()
    candidates = {
        candidate
        for form in (word, *_shortened(word))
        for candidate in neighbours.get(form, ())
        if candidate[0] == word[0]
        and _one_slip(word, candidate)
        and (candidate in _listed() or _is_clear(word, candidate))
    }
    return candidates.pop() if len(candidates) == 1 else word


def _is_clear(typed: str, meant: str) -> bool:
    """Whether it is a slip of the finger inside the word: another letter or ending may make another word of it."""
    return (
        typed[:-2] != meant[:-2]
        and typed[-2:] == meant[-2:]
        and sorted(typed) != sorted(meant[:-1])
        and (len(typed) != len(meant) or sorted(typed) == sorted(meant))
    )


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
