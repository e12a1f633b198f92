"""How much of a medicine somebody takes in a day, at the most, as far as a prescription says so for certain.

For a limit the upper end of what is written counts: '1-2 tablets every 4 to 6 hours' is 2 tablets every 4 hours. What
cannot be read for certain is not guessed: then there is no amount, and no alert about it.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final

from prescriptions.safety.types import ProposedItem
from prescriptions.wording import frequency_in_words

_IN_MILLIGRAMS: Final = {
    "g": Decimal(1000),
    "gram": Decimal(1000),
    "grams": Decimal(1000),
    "mg": Decimal(1),
    "milligram": Decimal(1),
    "milligrams": Decimal(1),
    **dict.fromkeys(("mcg", "microgram", "micrograms", "µg", "μg"), Decimal("0.001")),
}
_UNITS: Final = "|".join(sorted(_IN_MILLIGRAMS, key=len, reverse=True))
_MASS: Final = re.compile(rf"(?<![\w.,/])(?P<figure>\d+(?:\.\d+)?)\s*(?P<unit>{_UNITS})\b", re.IGNORECASE)
# '5 mg/mL', '250 mg in 5 mL' or '30/500' are not the amount of one dose; '1,000 mg' may be one gram or one milligram.
_UNCERTAIN: Final = re.compile(r"/\s*\d|\d\s*/|/\s*kg|/\s*m[lL]|\bper (?:kg|ml)\b|\bin \d+ ?ml\b|\d,\d", re.IGNORECASE)

_WORDS: Final = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_FIGURES: Final = {word: Decimal(number) for number, word in enumerate(_WORDS)}
_COUNT: Final = r"\d{1,2}(?:\.\d)?|one|two|three|four|five|six|seven|eight|nine|ten|half|½"
_PIECES: Final = re.compile(
    rf"\b(?:(?P<from>{_COUNT})\s*(?:-|–|to|or)\s*)?(?P<count>{_COUNT})\s*(?:x\s*)?(?:a\s+)?"
    r"(?:tablets?|tabs?|capsules?|caps?)\b",
    re.IGNORECASE,
)

_TIMES: Final = "one|two|three|four|five|six|seven|eight|\\d{1,2}"
_TIMES_A_DAY: Final = re.compile(
    rf"\b(?:(?P<word>once|twice)|(?P<times>{_TIMES})\s+times)(?:\s+(?P<long>a|per|each|every))?\s+"
    r"(?P<span>day|daily|week|weekly)\b"
)
_EVERY_HOURS: Final = re.compile(r"\bevery\s+(?P<hours>\d{1,2})(?:\s*(?:-|–|to)\s*\d{1,2})?\s+hours?\b")
_DAY_PARTS: Final = re.compile(
    r"\b(morning|noon|midday|afternoon|evening|night|nightly|bedtime|breakfast|lunch|dinner)\b"
)
_WEEKLY: Final = re.compile(r"\b(?:weekly|(?:every|a|per|each)\s+week)\b")
_OTHER_DAY: Final = re.compile(r"\bevery other day\b|\balternate days\b")
_DAILY: Final = re.compile(r"\b(?:daily|every day|each day|a day|per day)\b")


@dataclass(frozen=True, slots=True)
class DailyAmount:
    """``milligrams`` in a day at the most; ``times`` how often a day (below 1: not every day)."""

    milligrams: Decimal
    times: Fraction


def daily_amount(item: ProposedItem) -> DailyAmount | None:
    """What the item comes to in a day at the most; None where dose or frequency are not certain."""
    times = times_a_day(item.frequency or f"{item.medication} {item.dose}")
    amount = _one_dose(item)
    if times is None or amount is None:
        return None
    return DailyAmount(amount * times.numerator / times.denominator, times)


def times_a_day(text: str) -> Fraction | None:
    """How often a day at the most: `TDS` and `three times a day` -> 3, `every 4 to 6 hours` -> 6, `weekly` -> 1/7."""
    said = re.sub(r"\s+", " ", f"{frequency_in_words(text)} {_last_words(text)}".lower())
    if _OTHER_DAY.search(said):
        return Fraction(1, 2)
    for match in _TIMES_A_DAY.finditer(said):
        count = {"once": 1, "twice": 2}.get(match["word"] or "") or _whole(match["times"] or "")
        return Fraction(count, 7 if match["span"].startswith("week") else 1) if count else None
    hours = _EVERY_HOURS.search(said)
    if hours:
        return Fraction(24, int(hours["hours"])) if 0 < int(hours["hours"]) <= 24 else None
    if _WEEKLY.search(said):
        return Fraction(1, 7)
    parts = {part.replace("nightly", "night") for part in _DAY_PARTS.findall(said)}
    if parts:
        return Fraction(len(parts - {"bedtime"} if "night" in parts else parts))
    return Fraction(1) if _DAILY.search(said) else None


def _last_words(text: str) -> str:
    """The abbreviation at the end of a whole prescription in one text: `paracetamol 1 g QDS` -> four times a day."""
    last = text.split()[-1] if text.split() else ""
    words = frequency_in_words(last)
    return "" if words == last else words


def _whole(text: str) -> int:
    if text.isdecimal():
        return int(text)
    return int(_FIGURES.get(text, Decimal(0)))


def _one_dose(item: ProposedItem) -> Decimal | None:
    """The milligrams of one dose at the most."""
    for text in (item.dose, f"{item.medication} {item.strength}"):
        if _UNCERTAIN.search(text):
            return None
    in_dose = _masses(item.dose)
    if in_dose:
        return max(in_dose)
    strengths = _masses(f"{item.medication} {item.strength}")
    if len(set(strengths)) != 1:
        return None
    pieces = _PIECES.search(item.dose) or (None if item.dose else _PIECES.search(item.medication))
    if pieces is None:
        return strengths[0] if not item.dose.strip() else None
    return strengths[0] * _figure(pieces["count"])


def _figure(text: str) -> Decimal:
    plain = text.lower()
    if plain in {"half", "½"}:
        return Decimal("0.5")
    return _FIGURES[plain] if plain in _FIGURES else Decimal(plain)


def _masses(text: str) -> list[Decimal]:
    return [Decimal(match["figure"]) * _IN_MILLIGRAMS[match["unit"].lower()] for match in _MASS.finditer(text)]
