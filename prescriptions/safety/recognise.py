"""From what somebody typed ('Augmentin 625', 'amox/clav', 'penicilin (rash)') to substances of the knowledge base.

Nothing is substituted silently: a name that was only nearly right is reported as a correction, a word that could not be
read as unread.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from prescriptions.safety.knowledge import Name, Substance, Words, knowledge, words

_SHORTEST_CORRECTED: Final = 5
_TWO_MISTAKES_FROM: Final = 8
_SHORTEST_UNREAD: Final = 3


@dataclass(frozen=True, slots=True)
class Correction:
    """`written` is not a known name; the nearest known name was taken instead."""

    written: str
    read_as: str


@dataclass(frozen=True, slots=True)
class Reading:
    """How a text was understood.

    `unread` holds the words that could be a medicine and are not known, `candidates` the names that one of them is
    equally near to, so that none was chosen.
    """

    text: str
    substances: tuple[Substance, ...] = ()
    names: tuple[str, ...] = ()
    corrections: tuple[Correction, ...] = ()
    unread: tuple[str, ...] = ()
    candidates: tuple[str, ...] = ()
    says_none: bool = False
    not_a_medicine: bool = False

    def explained(self) -> str:
        """The text as written and, where they differ, what it was read as: `'Augmentin 625' (co-amoxiclav)`."""
        read = ", ".join(dict.fromkeys(self.names))
        return f"'{self.text}'" if not read or words(read) == words(self.text) else f"'{self.text}' ({read})"


def read_medicine(text: str) -> Reading:
    """Read the name of a medicine, with or without strength, form and directions around it."""
    base = knowledge()
    return _read(text, base.filling_words, allergen=False)


def read_allergen(text: str) -> Reading:
    """Read an allergen: a medicine, a group of medicines, something that is no medicine, or 'none known'."""
    base = knowledge()
    tokens = words(text)
    if tokens in base.none_known:
        return Reading(text, says_none=True)
    return _read(text, base.filling_words | base.allergy_words, allergen=True)


def _read(text: str, filling: frozenset[str], *, allergen: bool) -> Reading:
    found: list[Name] = []
    corrections: list[Correction] = []
    unread: list[str] = []
    candidates: list[str] = []
    harmless = after_name = False
    for piece, name in _pieces(words(text), allergen=allergen):
        was_after_name, after_name = after_name, name is not None
        word = piece[0]
        if name is not None:
            found.append(name)
        elif allergen and piece in knowledge().not_medicines:
            harmless = True
        elif was_after_name and word in knowledge().minerals:
            after_name = True
        elif word.isdecimal() or word in filling:
            continue
        else:
            near = _nearest(word)
            if len({name.substances for _, name in near}) == 1:
                read_as, name = near[0]
                found.append(name)
                corrections.append(Correction(word, read_as))
                after_name = True
            elif near or len(word) >= _SHORTEST_UNREAD:
                unread.append(word)
                candidates.extend(known for known, _ in near)
    substances = dict.fromkeys(substance for name in found for substance in name.substances)
    nothing_read = not substances and not unread and not harmless
    return Reading(
        text=text,
        substances=tuple(substances),
        names=tuple(name.label for name in found),
        corrections=tuple(corrections),
        unread=(text.strip(),) if nothing_read else tuple(unread),
        candidates=tuple(dict.fromkeys(candidates)),
        not_a_medicine=harmless and not substances and not unread,
    )


def _pieces(tokens: Words, *, allergen: bool) -> Iterator[tuple[Words, Name | None]]:
    """Cut the words into the longest known names; a word that begins no name stands alone."""
    base = knowledge()
    position = 0
    while position < len(tokens):
        for length in range(min(_longest_name(), len(tokens) - position), 0, -1):
            piece = tokens[position : position + length]
            name = base.names.get(piece) or base.allergy_groups.get(piece)
            if name is not None or (allergen and piece in base.not_medicines):
                break
        yield piece, name
        position += length


@cache
def _longest_name() -> int:
    base = knowledge()
    return max(len(key) for key in (*base.names, *base.allergy_groups, *base.not_medicines))


@cache
def _single_words() -> tuple[tuple[str, int, Name], ...]:
    """Names of one word that are long enough to be corrected, each with the set of its letters as bits."""
    base = knowledge()
    return tuple(
        (key[0], _letters(key[0]), name)
        for key, name in (base.names | base.allergy_groups).items()
        if len(key) == 1 and len(key[0]) >= _SHORTEST_CORRECTED
    )


def _letters(word: str) -> int:
    bits = 0
    for letter in word:
        bits |= 1 << (ord(letter) % 61)
    return bits


def _nearest(word: str) -> list[tuple[str, Name]]:
    """The known names with the fewest mistakes between them and the word: at most one, two in long words."""
    if len(word) < _SHORTEST_CORRECTED:
        return []
    allowed = 2 if len(word) >= _TWO_MISTAKES_FROM else 1
    letters = _letters(word)
    near: list[tuple[int, str, Name]] = []
    for known, known_letters, name in _single_words():
        # One mistake changes at most two letters of the set: cheap to rule out nearly every name.
        if abs(len(known) - len(word)) > allowed or (letters ^ known_letters).bit_count() > 2 * allowed:
            continue
        mistakes = _mistakes(word, known, allowed)
        if mistakes <= allowed:
            near.append((mistakes, known, name))
    fewest = min((mistakes for mistakes, _, _ in near), default=0)
    return [(known, name) for mistakes, known, name in near if mistakes == fewest]


def _mistakes(one: str, other: str, allowed: int) -> int:
    """Letters to add, drop, change or swap with a neighbour; more than `allowed` as soon as that is certain."""
    before: list[int] = []
    previous = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        current = [row]
        for column, known in enumerate(other, 1):
            cost = min(previous[column] + 1, current[-1] + 1, previous[column - 1] + (letter != known))
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == known:
                cost = min(cost, before[column - 2] + 1)
            current.append(cost)
        if min(current) > allowed:
            return allowed + 1
        before, previous = previous, current
    return previous[-1]
