"""The details of a symptom in a sentence: how long, how bad, what kind, where, what makes it worse or better.

Each detail is kept in the patient's words; only the severity is also a figure (0 to 10).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from conversations.intake.data import load
from conversations.intake.model import Severity
from conversations.intake.text import Sentence, Token, sentences

_LONGEST_PHRASE = 12
_DETAIL_WORDS = 10
_SCALE = 10
_SMALL_WORDS = 3
_EVENT_WORDS = 6
_EVENT_STARTS = frozenset({"i", "my", "we", "the", "last", "a", "our", "having", "starting"})
_WORTH_KEEPING = 2
_MODERATE_FROM = 4
_SEVERE_FROM = 7


@dataclass(frozen=True, slots=True)
class Detail:
    """One detail: its kind, the patient's words, and where in the sentence they stand."""

    kind: str
    text: str
    position: int
    score: int | None = None
    level: Severity | None = None
    hours: float | None = None
    word: str = ""


@cache
def _table() -> dict[str, Any]:
    return load("lexicon/attributes.toml")


@cache
def _phrases(table: str, key: str) -> dict[str, tuple[tuple[str, ...], ...]]:
    found: dict[str, list[tuple[str, ...]]] = {}
    for phrase in _table()[table][key]:
        row = tuple(phrase.split())
        found.setdefault(row[0], []).append(row)
    return {first: tuple(sorted(rows, key=len, reverse=True)) for first, rows in found.items()}


def _phrase_at(words: Sequence[str], position: int, table: str, key: str) -> int:
    for row in _phrases(table, key).get(words[position], ()):
        if tuple(words[position : position + len(row)]) == row:
            return len(row)
    return 0


@cache
def _characters() -> frozenset[str]:
    return frozenset(word for words in _table()["character"].values() for word in words)


def takes(code: str, detail: Detail) -> bool:
    """Whether a symptom can have such a detail: a cough has no place, and a headache is not watery."""
    located = code in _table()["located"]["symptoms"]
    if detail.kind == "location":
        # The head of a headache says nothing new; the left side of it does.
        return located and (" " in detail.text or code in _table()["located"]["anywhere"])
    if detail.kind == "radiation":
        return located
    if detail.kind == "character":
        group = _table()["describes"].get(code, "pain" if located else "")
        return bool(group) and detail.word in _table()["character"][group]
    return True


@cache
def site_parts() -> frozenset[str]:
    """The words for parts of the body."""
    return frozenset(_table()["sites"]["parts"])


def raw(text: str, tokens: Sequence[Token], first: int, last: int) -> str:
    """The original text from one word to another."""
    return " ".join(text[tokens[first].start : tokens[last].end].split())


def severity_level(score: int) -> Severity | None:
    """What a score from 0 to 10 means in words: 1 to 3 mild, 4 to 6 moderate, 7 to 10 severe."""
    if score <= 0:
        return None
    if score < _MODERATE_FROM:
        return "mild"
    return "moderate" if score < _SEVERE_FROM else "severe"


def number(word: str) -> float | None:
    """The figure a word stands for, or None."""
    value = _table()["numbers"].get(word)
    if value is not None:
        return float(value)
    if word[:1].isdecimal():
        try:
            return float(word.replace(",", "."))
        except ValueError:
            return None
    return None


def details(text: str, sentence: Sentence, topic: str | None) -> list[Detail]:
    """Every detail of one sentence, in order. `topic` is what was asked, so that '7' can be a severity."""
    tokens = sentence.tokens
    words = sentence.words()
    found: list[Detail] = [
        *_durations(text, tokens, words, topic),
        *_scores(text, tokens, words, topic),
        *_listed(text, tokens, words),
        *_changes(text, tokens, words),
    ]
    location = _location(text, tokens, words)
    if location is not None:
        found.append(location)
    found.sort(key=lambda detail: detail.position)
    return found


def _durations(text: str, tokens: Sequence[Token], words: Sequence[str], topic: str | None) -> list[Detail]:
    found: list[Detail] = []
    units = _table()["units"]
    table = _table()["duration"]
    for position, word in enumerate(words):
        if word not in units or position == 0:
            continue
        first = position - 1
        if words[first] in {"of", "last", "past", "long"} and first > 0:
            first -= 1
        amount = number(words[first])
        if amount is None and words[position - 1] in {"last", "past", "all"}:
            amount, first = 1, position - 1
        if amount is None or (words[first] in {"a", "an"} and not _is_span(words, first, position)):
            continue
        while first > 0 and number(words[first - 1]) is not None and words[first - 1] not in {"a", "an"}:
            first -= 1
            if first > 1 and words[first - 1] in {"to", "or"} and number(words[first - 2]) is not None:
                first -= 2
        if first > 1 and words[first - 1] in {"to", "or"} and number(words[first - 2]) is not None:
            first -= 2
        before = words[first - 1] if first else ""
        after = words[position + 1] if position + 1 < len(words) else ""
        if after in table["other_uses"] or before in {"every", "times"}:
            continue
        last = position + 1 if after == "ago" else position
        if before in {"a", "an"} and words[first] in {"few", "couple"}:
            first -= 1
        kind = "episode" if before in table["lasting"] and topic != "onset" and before != "last" else "duration"
        hours = amount * units[word]
        found.append(Detail(kind, raw(text, tokens, first, last), first, hours=hours))
    if not found:
        found.extend(_since(text, tokens, words, topic))
    return found


def _is_span(words: Sequence[str], first: int, last: int) -> bool:
    """'for a day', 'a week ago' are spans of time; 'three times a day' is none."""
    before = words[first - 1] if first else ""
    after = words[last + 1] if last + 1 < len(words) else ""
    return after == "ago" or before in {"for", "about", "over", "nearly", "almost", "around", "than", "half", "only"}


def _since(text: str, tokens: Sequence[Token], words: Sequence[str], topic: str | None) -> list[Detail]:
    """'since Monday', 'this morning': counts when the sentence says that something began, or was asked when."""
    started = topic in {"onset", "duration", "opening"} or any(
        word in {"started", "began", "since", "woke", "noticed", "start", "came", "begun"} for word in words
    )
    if not started:
        return []
    times: dict[str, float] = _table()["times"]
    only_after: dict[str, float] = _table()["since"]
    for position in range(len(words)):
        led = position > 0 and words[position - 1] in {"since", "on", "from"}
        for length in (2, 1):
            phrase = " ".join(words[position : position + length])
            hours = times.get(phrase, only_after.get(phrase) if led else None)
            if hours is not None:
                first = position - 1 if led and words[position - 1] != "from" else position
                last = min(position + length, len(words)) - 1
                return [Detail("duration", raw(text, tokens, first, last), first, hours=hours)]
    return _since_event(text, tokens, words)


def _since_event(text: str, tokens: Sequence[Token], words: Sequence[str]) -> list[Detail]:
    """'since my mum died in March': an event says since when, though not how long."""
    for position, word in enumerate(words[:-1]):
        if word == "since" and words[position + 1] in {
            "i",
            "my",
            "we",
            "the",
            "last",
            "a",
            "our",
            "having",
            "starting",
        }:
            last = position + 1
            while last + 1 < len(words) and last - position < _EVENT_WORDS and not tokens[last + 1].comma:
                last += 1
            return [Detail("duration", raw(text, tokens, position, last), position)]
    return []


def _scores(text: str, tokens: Sequence[Token], words: Sequence[str], topic: str | None) -> list[Detail]:
    """'7 out of 10', '8/10', or a bare '7' when the severity was asked."""
    found: list[Detail] = []
    for position, word in enumerate(words):
        top, _, scale = word.partition("/")
        value = number(top)
        if value is None or word in {"a", "an", "few", "couple", "several", "half"} or not 0 <= value <= _SCALE:
            continue
        following = tuple(words[position + 1 : position + 4])
        out_of = following[:3] in {("out", "of", "10"), ("out", "of", "ten")} or following[:2] in {
            ("of", "10"),
            ("of", "ten"),
        }
        asked = topic == "severity" and not scale and (not following or following[0] not in _table()["units"])
        if scale == "10" or out_of or (asked and not found):
            score = int(value + 0.5)
            last = min(position + (3 if out_of and following[0] == "out" else 2 if out_of else 0), len(words) - 1)
            found.append(Detail("severity", raw(text, tokens, position, last), position, score, severity_level(score)))
    return found[-1:] if topic != "severity" else found[:1]


def _listed(text: str, tokens: Sequence[Token], words: Sequence[str]) -> list[Detail]:
    """Details that are words of a list: severity in words, onset, character, timing."""
    found: list[Detail] = []
    levels: tuple[Severity, ...] = ("mild", "severe", "moderate")
    characters = _characters()
    for position, word in enumerate(words):
        negated = position > 0 and words[position - 1] in {"not", "no", "never"}
        for level in levels:
            length = _phrase_at(words, position, "severity", level)
            if length and not (negated and level != "mild"):
                shown = raw(text, tokens, position, position + length - 1)
                found.append(Detail("severity", shown, position, level=level))
                break
        for onset in ("sudden", "gradual"):
            length = _phrase_at(words, position, "onset", onset)
            if length and not negated:
                found.append(Detail("onset", onset, position))
        length = _phrase_at(words, position, "timing", "phrases")
        if length and not negated:
            found.append(Detail("timing", raw(text, tokens, position, position + length - 1), position))
        if word in characters and not negated:
            found.append(Detail("character", raw(text, tokens, position, position), position, word=word))
        if word in {"times", "time"} and position + 2 < len(words) and words[position + 1] in {"a", "per", "today"}:
            first = position - 1 if position else position
            found.append(Detail("timing", raw(text, tokens, first, position + 2), first))
        if word == "every" and position + 2 < len(words) and words[position + 2] in _table()["units"]:
            found.append(Detail("timing", raw(text, tokens, position, position + 2), position))
    return found


def _changes(text: str, tokens: Sequence[Token], words: Sequence[str]) -> list[Detail]:
    """What makes it worse or better, and where it spreads: from the words that say so to the end of the clause."""
    found: list[Detail] = []
    for position, word in enumerate(words):
        negated = any(
            earlier in {"not", "no", "nothing", "never"} for earlier in words[max(0, position - 2) : position]
        )
        for kind in ("aggravating", "relieving"):
            length = _phrase_at(words, position, kind, "leads")
            if length and not negated:
                found.append(Detail(kind, _to_clause_end(text, tokens, position), position))
        following = words[position + 1] if position + 1 < len(words) else ""
        if word in _table()["radiation"]["verbs"] and following in _table()["radiation"]["directions"]:
            rest = words[position + 1 : position + 1 + _DETAIL_WORDS]
            if not negated and any(part in _table()["sites"]["parts"] for part in rest):
                found.append(Detail("radiation", _to_clause_end(text, tokens, position), position))
    return found


def _to_clause_end(text: str, tokens: Sequence[Token], first: int) -> str:
    last = first
    for position in range(first + 1, min(first + _DETAIL_WORDS, len(tokens))):
        token = tokens[position]
        # 'worse when I lie down': the first 'I' after the lead still belongs to it.
        if token.comma or (token.clause != tokens[first].clause and position > first + 2 and token.word != "i"):
            break
        last = position
    return raw(text, tokens, first, last)


def _location(text: str, tokens: Sequence[Token], words: Sequence[str]) -> Detail | None:
    """The longest run of words that says where: 'left side of my lower tummy'. A lone part with no side counts too."""
    sides = _table()["sites"]["sides"]
    parts = _table()["sites"]["parts"]
    between = _table()["sites"]["between"]
    best: tuple[int, int, int] | None = None
    position = 0
    while position < len(words):
        if words[position] not in sides and words[position] not in parts:
            position += 1
            continue
        last = position
        scan = position + 1
        known = {*sides, *parts, *between}
        while scan < len(words) and scan - last <= _SMALL_WORDS and words[scan] in known and not tokens[scan].comma:
            if words[scan] in sides or words[scan] in parts:
                last = scan
            scan += 1
        run = words[position : last + 1]
        sided = sum(word in {"left", "right", "both", "lower", "upper", "middle", "central", "centre"} for word in run)
        has_part = any(word in parts for word in run)
        worth = sided * 2 + has_part * 2 + (len(run) > 1)
        if words[max(0, position - 1)] == "all" and words[position] == "right":
            sided = 0
        if run == ("right",) or set(run) <= {"skin"}:
            worth = 0
        if (has_part or sided) and worth >= _WORTH_KEEPING and (best is None or worth > best[0]):
            best = (worth, position, last)
        position = last + 1
    if best is None:
        return None
    return Detail("location", raw(text, tokens, best[1], best[2]), best[1])


def hours_in(text: str) -> float | None:
    """How long a stated duration is, in hours, or None when it cannot be told."""
    found = [
        detail.hours
        for sentence in sentences(text)
        for detail in details(text, sentence, "onset")
        if detail.kind == "duration" and detail.hours is not None
    ]
    return max(found) if found else None


def corrects(words: Sequence[str]) -> bool:
    """Whether the sentence takes something back ('actually', 'I meant')."""
    return any(_phrase_at(words, position, "corrections", "phrases") for position in range(len(words)))
